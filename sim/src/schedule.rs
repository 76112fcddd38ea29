//! When devices fire.

use crate::random::{Purpose, Stream};
use crate::scenario::Schedule;
use fieldrun_device::Micros;

/// The firing times of all devices that fire one by one.
#[derive(Clone, Debug)]
pub(crate) struct Firing {
    schedule: Schedule,
    devices: u64,
    /// One stream a device, for those that fire at random.
    random: Vec<Stream>,
    /// By how much the clock of each device is off, if clocks are.
    drifts: Vec<f64>,
}

impl Firing {
    pub(crate) fn new(schedule: Schedule, devices: usize, seed: u64) -> Self {
        let streams = match schedule {
            Schedule::RoundRobin { .. } | Schedule::LockStep { .. } => 0,
            _ => devices as u64,
        };
        let stream = |device| Stream::new(seed, device, Purpose::Schedule);
        let drifts = match schedule {
            Schedule::Periodic { drift, .. } if drift > 0.0 => {
                let own = |device| Stream::new(seed, device, Purpose::Drift).between(-drift, drift);
                (0..streams).map(own).collect()
            }
            _ => Vec::new(),
        };
        let random = (0..streams).map(stream).collect();
        Self { schedule, devices: devices as u64, random, drifts }
    }

    /// What changes in a run.
    pub(crate) fn streams(&self) -> &[Stream] {
        &self.random
    }

    /// Goes on with these streams; says whether they are as many as there should be.
    pub(crate) fn resume(&mut self, streams: Vec<Stream>) -> bool {
        let fit = streams.len() == self.random.len();
        self.random = streams;
        fit
    }

    /// When `device` fires after `rounds` rounds, the last of them at `now`.
    pub(crate) fn next(&mut self, device: usize, rounds: u64, now: Micros) -> Micros {
        match self.schedule {
            Schedule::LockStep { period } => Micros(now.0.saturating_add(period.0)),
            Schedule::RoundRobin { period } => {
                // Event k at k/n periods, rounded once: no error adds up over the rounds.
                let event = u128::from(rounds) * u128::from(self.devices) + device as u128 + 1;
                let at = event * u128::from(period.0) / u128::from(self.devices.max(1));
                Micros(u64::try_from(at).unwrap_or(u64::MAX))
            }
            Schedule::Periodic { period, jitter, .. } => {
                let own = 1.0 + self.drifts.get(device).copied().unwrap_or(0.0);
                let unit = self.random.get_mut(device).map_or(0.5, Stream::unit);
                let periods = match rounds {
                    0 => 1.0 - unit,
                    _ => 1.0 + jitter * (2.0 * unit - 1.0),
                };
                later(now, period.0 as f64 * own * periods)
            }
            Schedule::Exponential { period } => {
                let unit = self.random.get_mut(device).map_or(0.5, Stream::unit);
                later(now, -libm::log(1.0 - unit) * period.0 as f64)
            }
            Schedule::Reactive { gap, heartbeat } => match rounds {
                0 => {
                    let unit = self.random.get_mut(device).map_or(0.5, Stream::unit);
                    later(now, (1.0 - unit) * gap.0 as f64)
                }
                _ => Micros(now.0.saturating_add(heartbeat.0)),
            },
        }
    }
}

/// So many microseconds later, at least one.
fn later(now: Micros, gap: f64) -> Micros {
    Micros(now.0.saturating_add((gap.round() as u64).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_robin_spreads_a_period_evenly_and_never_drifts() {
        let schedule = Schedule::RoundRobin { period: Micros::SECOND };
        let mut firing = Firing::new(schedule, 3, 1);
        let mut times = Vec::new();
        for rounds in 0..2 {
            times.extend((0..3).map(|device| firing.next(device, rounds, Micros(0)).0));
        }
        assert_eq!(times, [333_333, 666_666, 1_000_000, 1_333_333, 1_666_666, 2_000_000]);
        assert_eq!(firing.next(2, 999_999, Micros(0)), Micros(1_000_000 * 1_000_000));
    }

    #[test]
    fn periodic_gaps_lie_within_the_jitter() {
        let schedule = Schedule::Periodic { period: Micros::SECOND, jitter: 0.2, drift: 0.0 };
        let mut firing = Firing::new(schedule, 1, 7);
        let mut now = firing.next(0, 0, Micros(0));
        assert!(now.0 >= 1 && now <= Micros::SECOND);
        let mut gaps = Vec::new();
        for round in 1..2000 {
            let next = firing.next(0, round, now);
            gaps.push(next.since(now).0);
            now = next;
        }
        assert!(gaps.iter().all(|gap| (800_000..=1_200_000).contains(gap)));
        let mean = gaps.iter().sum::<u64>() / gaps.len() as u64;
        // Deviation of the mean: 0.2 s / sqrt(3 * 2000) = 2.6 ms.
        assert!((990_000..1_010_000).contains(&mean), "mean gap {mean}");
    }

    #[test]
    fn clocks_that_drift_keep_periods_of_their_own() {
        let schedule = Schedule::Periodic { period: Micros::SECOND, jitter: 0.0, drift: 0.3 };
        let mut firing = Firing::new(schedule, 20, 3);
        let gaps: Vec<u64> = (0..20).map(|device| firing.next(device, 1, Micros(0)).0).collect();
        assert!(gaps.iter().all(|gap| (700_000..=1_300_000).contains(gap)), "{gaps:?}");
        // Of 20 uniform draws one lies below and one above the middle, but for a chance of 2e-6.
        assert!(gaps.iter().any(|gap| *gap < 1_000_000) && gaps.iter().any(|gap| *gap > 1_000_000));
        let again: Vec<u64> = (0..20).map(|device| firing.next(device, 2, Micros(0)).0).collect();
        assert_eq!(gaps, again, "without jitter the gap of a device is always the same");
    }

    #[test]
    fn exponential_gaps_have_their_mean_and_no_memory() {
        let schedule = Schedule::Exponential { period: Micros::SECOND };
        let mut firing = Firing::new(schedule, 1, 5);
        let gap = |round| firing.next(0, round, Micros(0)).seconds();
        let gaps: Vec<f64> = (0..20_000).map(gap).collect();
        let mean = gaps.iter().sum::<f64>() / 20_000.0;
        // The deviation of a gap is its mean, 1 s: four deviations of the mean of 20,000.
        assert!((mean - 1.0).abs() < 4.0 / 20_000f64.sqrt(), "mean gap {mean}");
        for long in [0.1, 1.0, 3.0f64] {
            let expected = (-long).exp();
            let share = gaps.iter().filter(|gap| **gap > long).count() as f64 / 20_000.0;
            let sigma = (expected * (1.0 - expected) / 20_000.0).sqrt();
            assert!((share - expected).abs() < 4.0 * sigma, "{share} are longer than {long}");
        }
    }
}
