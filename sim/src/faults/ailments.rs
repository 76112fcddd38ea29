//! What is wrong with one device.

use super::disturbances::Sending;
use crate::SimError;
use crate::checkpoint::plain::{micros, reading};
use crate::checkpoint::{self, Frames};
use crate::random::{Purpose, Stream};
use crate::scenario::SensorFault;
use fieldrun_device::host::Reading;
use fieldrun_device::wire::Frame;
use fieldrun_device::{Micros, SensorFrame};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name under which a broken sensor of the position is named.
const POSITION: &str = "position";

/// What is wrong with a device; most have none of this.
#[derive(Clone, Debug)]
pub(crate) struct Ailments {
    pub(crate) clock: Clock,
    pub(crate) paused_until: Micros,
    /// What a paused device finds when it goes on, by sender.
    pub(crate) waiting: BTreeMap<u32, Arc<Frame>>,
    pub(crate) pace: Pace,
    pub(crate) sensors: Vec<Broken>,
    pub(crate) noise: Stream,
    pub(crate) sending: Sending,
}

/// Whether a device that is due runs a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Runs,
    Skips,
}

impl Ailments {
    /// Nothing wrong yet with a device.
    pub(crate) fn new(seed: u64, device: u64) -> Self {
        Self {
            clock: Clock::default(),
            paused_until: Micros(0),
            waiting: BTreeMap::new(),
            pace: Pace { factor: 1.0, until: Micros(0), due: 0.0 },
            sensors: Vec::new(),
            noise: Stream::new(seed, device, Purpose::Noise),
            sending: Sending::new(Stream::new(seed, device, Purpose::Disturbance)),
        }
    }

    pub(crate) fn pause(&mut self, until: Micros) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Goes on after a pause.
    pub(crate) fn go_on(&mut self, now: Micros) {
        self.paused_until = self.paused_until.min(now);
    }

    pub(crate) fn slow(&mut self, factor: f64, until: Micros) {
        self.pace = Pace { factor, until, due: 0.0 };
    }

    pub(crate) fn drift(&mut self, rate: f64, now: Micros, until: Micros) {
        self.clock = Clock { rate, until, ..self.clock.at(now) };
    }

    pub(crate) fn jump(&mut self, by: i64, now: Micros) {
        // It showed this, whoever looked at it.
        self.clock.read(now);
        let clock = self.clock.at(now);
        self.clock = Clock { local: clock.local.saturating_add(by), ..clock };
    }

    /// A sensor reads another value for a while.
    pub(crate) fn set(&mut self, name: &str, value: Reading, until: Micros) {
        self.break_sensor(Broken { name: name.to_owned(), how: How::Reads(value), until });
    }

    pub(crate) fn break_sensor(&mut self, broken: Broken) {
        self.sensors.retain(|other| other.name != broken.name);
        self.sensors.push(broken);
    }

    /// Whether a device whose round is due runs it.
    pub(crate) fn turn(&mut self, now: Micros) -> Turn {
        if now < self.paused_until { Turn::Skips } else { self.pace.turn(now) }
    }

    /// What the device reads, which is not what there is.
    pub(crate) fn read<'a>(&mut self, now: Micros, truth: &'a SensorFrame) -> Cow<'a, SensorFrame> {
        self.sensors.retain(|broken| now < broken.until);
        if self.sensors.is_empty() {
            return Cow::Borrowed(truth);
        }
        let mut read = truth.clone();
        for Broken { name, how, .. } in &self.sensors {
            how.apply(name, &mut read, &mut self.noise);
        }
        Cow::Owned(read)
    }
}

/// All of it, to be saved.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedAilments {
    clock: Clock,
    #[serde(with = "micros")]
    paused_until: Micros,
    /// Senders, and their messages by number.
    waiting: Vec<(u32, u32)>,
    pace: Pace,
    sensors: Vec<Broken>,
    noise: Stream,
    sending: Sending,
}

impl Ailments {
    pub(crate) fn save(&self, frames: &mut Frames) -> SavedAilments {
        let waiting = self.waiting.iter();
        SavedAilments {
            clock: self.clock,
            paused_until: self.paused_until,
            waiting: waiting.map(|(from, frame)| (*from, frames.number(frame))).collect(),
            pace: self.pace,
            sensors: self.sensors.clone(),
            noise: self.noise.clone(),
            sending: self.sending.clone(),
        }
    }
}

impl SavedAilments {
    pub(crate) fn restored(self, frames: &[Arc<Frame>]) -> Result<Ailments, SimError> {
        let waiting = self.waiting.into_iter();
        let waiting = waiting.map(|(from, number)| Ok((from, checkpoint::frame(number, frames)?)));
        Ok(Ailments {
            clock: self.clock,
            paused_until: self.paused_until,
            waiting: waiting.collect::<Result<_, SimError>>()?,
            pace: self.pace,
            sensors: self.sensors,
            noise: self.noise,
            sending: self.sending,
        })
    }
}

/// A clock that is off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// It showed `local` at the time `since`.
    #[serde(with = "micros")]
    pub(crate) since: Micros,
    pub(crate) local: i64,
    /// By how much it gains on the time.
    pub(crate) rate: f64,
    /// It does so until then.
    #[serde(with = "micros")]
    pub(crate) until: Micros,
    /// What it showed last: it never goes back.
    #[serde(with = "micros")]
    pub(crate) shown: Micros,
}

impl Default for Clock {
    fn default() -> Self {
        let zero = Micros(0);
        Self { since: zero, local: 0, rate: 0.0, until: zero, shown: zero }
    }
}

impl Clock {
    /// What it shows at a time.
    pub(crate) fn read(&mut self, now: Micros) -> Micros {
        let local = u64::try_from(self.at(now).local).unwrap_or(0);
        self.shown = self.shown.max(Micros(local));
        self.shown
    }

    /// How much time passes for the device in one unit of time.
    pub(crate) fn speed(&self, now: Micros) -> f64 {
        if now < self.until { 1.0 + self.rate } else { 1.0 }
    }

    /// The same clock, with what it would show at a time.
    fn at(&self, now: Micros) -> Self {
        let passed = now.since(self.since).0;
        let gaining = now.min(self.until).since(self.since).0;
        let gained = (gaining as f64 * self.rate).round() as i64;
        let local = self.local.saturating_add_unsigned(passed).saturating_add(gained);
        Self { since: now, local, ..*self }
    }
}

/// One round in so many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pace {
    pub(crate) factor: f64,
    #[serde(with = "micros")]
    pub(crate) until: Micros,
    /// The part of a round that is due.
    pub(crate) due: f64,
}

impl Pace {
    fn turn(&mut self, now: Micros) -> Turn {
        if now >= self.until {
            return Turn::Runs;
        }
        self.due += 1.0 / self.factor;
        // What adds up to one may be rounded down.
        if self.due < 1.0 - 1e-9 {
            return Turn::Skips;
        }
        self.due -= 1.0;
        Turn::Runs
    }
}

/// A sensor that is broken until a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Broken {
    pub(crate) name: String,
    pub(crate) how: How,
    #[serde(with = "micros")]
    pub(crate) until: Micros,
}

/// What a broken sensor reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum How {
    /// This value.
    Reads(#[serde(with = "reading")] Reading),
    /// Nothing.
    Missing,
    /// Numbers with errors of this deviation.
    Noisy(f64),
}

impl Broken {
    /// A sensor that breaks now; none if it would be stuck at nothing.
    pub(crate) fn new(
        name: &str,
        fault: SensorFault,
        until: Micros,
        truth: &SensorFrame,
    ) -> Option<Self> {
        let how = match fault {
            SensorFault::Missing => How::Missing,
            SensorFault::Noise { deviation } => How::Noisy(deviation),
            SensorFault::Stuck => {
                let position = || {
                    let at = truth.position.as_ref().filter(|_| name == POSITION)?;
                    Some(Reading::List(at.iter().map(|x| Reading::Number(*x)).collect()))
                };
                let named = truth.env.iter().find(|(known, _)| known == name);
                How::Reads(named.map(|(_, value)| value.clone()).or_else(position)?)
            }
        };
        Some(Self { name: name.to_owned(), how, until })
    }
}

impl How {
    fn apply(&self, name: &str, read: &mut SensorFrame, noise: &mut Stream) {
        let named = read.env.iter().position(|(known, _)| known == name);
        if named.is_none() && name == POSITION {
            return self.misplace(read, noise);
        }
        match (self, named) {
            (Self::Reads(value), _) => {
                read.env.retain(|(known, _)| known != name);
                read.env.push((name.to_owned(), value.clone()));
            }
            (Self::Missing, _) => read.env.retain(|(known, _)| known != name),
            (Self::Noisy(deviation), Some(at)) => {
                if let Some((_, Reading::Number(number))) = read.env.get_mut(at) {
                    *number += deviation * noise.normal_pair()[0];
                }
            }
            (Self::Noisy(_), None) => {}
        }
    }

    fn misplace(&self, read: &mut SensorFrame, noise: &mut Stream) {
        match self {
            Self::Missing => read.position = None,
            Self::Noisy(deviation) => {
                for coordinate in read.position.iter_mut().flatten() {
                    *coordinate += deviation * noise.normal_pair()[0];
                }
            }
            Self::Reads(Reading::List(items)) => {
                let number = |item: &Reading| match item {
                    Reading::Number(x) => Some(*x),
                    _ => None,
                };
                if let Some(at) = items.iter().map(number).collect() {
                    read.position = Some(at);
                }
            }
            Self::Reads(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = Micros::SECOND.0;

    #[test]
    fn a_clock_that_drifts_is_off_by_more_and_more_until_it_is_mended() {
        let mut ailments = Ailments::new(1, 0);
        let show = |ailments: &mut Ailments, at: u64| ailments.clock.read(Micros(at)).0;
        assert_eq!(show(&mut ailments, 7 * SECOND), 7 * SECOND);
        ailments.drift(0.01, Micros(10 * SECOND), Micros(110 * SECOND));
        assert_eq!(show(&mut ailments, 20 * SECOND), 20 * SECOND + SECOND / 10);
        assert_eq!(show(&mut ailments, 110 * SECOND), 111 * SECOND);
        assert_eq!(show(&mut ailments, 200 * SECOND), 201 * SECOND);
        assert_eq!(ailments.clock.speed(Micros(50 * SECOND)), 1.01);
        assert_eq!(ailments.clock.speed(Micros(110 * SECOND)), 1.0);
    }

    #[test]
    fn a_clock_that_jumps_back_stands_still_until_time_has_caught_up() {
        let mut ailments = Ailments::new(1, 0);
        let show = |ailments: &mut Ailments, at: u64| ailments.clock.read(Micros(at)).0;
        ailments.jump(3 * SECOND as i64, Micros(SECOND));
        assert_eq!(show(&mut ailments, SECOND), 4 * SECOND);
        ailments.jump(-2 * SECOND as i64, Micros(2 * SECOND));
        assert_eq!(show(&mut ailments, 2 * SECOND), 5 * SECOND);
        assert_eq!(show(&mut ailments, 3 * SECOND), 5 * SECOND);
        assert_eq!(show(&mut ailments, 4 * SECOND), 5 * SECOND);
        // A drift goes on through a jump.
        ailments.drift(1.0, Micros(4 * SECOND), Micros(9 * SECOND));
        ailments.jump(SECOND as i64, Micros(5 * SECOND));
        assert_eq!(show(&mut ailments, 6 * SECOND), 5 * SECOND + 2 * SECOND + SECOND + 2 * SECOND);
    }

    #[test]
    fn a_slow_device_runs_one_round_in_so_many() {
        let mut ailments = Ailments::new(1, 0);
        ailments.slow(3.0, Micros(100));
        let ran = |ailments: &mut Ailments, at: std::ops::Range<u64>| {
            at.filter(|at| ailments.turn(Micros(*at)) == Turn::Runs).count()
        };
        assert_eq!(ran(&mut ailments, 0..30), 10);
        ailments.slow(1.5, Micros(100));
        assert_eq!(ran(&mut ailments, 30..60), 20);
        assert_eq!(ran(&mut ailments, 100..110), 10, "it is over");
        ailments.pause(Micros(200));
        assert_eq!(ran(&mut ailments, 110..210), 10);
    }

    #[test]
    fn broken_sensors_read_what_is_not_there() {
        let truth = SensorFrame {
            env: vec![("level".to_owned(), Reading::Number(5.0))],
            position: Some(vec![1.0, 2.0]),
        };
        let mut ailments = Ailments::new(1, 0);
        let until = Micros(10);
        let mut broken = |name: &str, fault| {
            ailments.sensors.clear();
            ailments.sensors.extend(Broken::new(name, fault, until, &truth));
            let mut moved = truth.clone();
            moved.env[0].1 = Reading::Number(6.0);
            moved.position = Some(vec![3.0, 4.0]);
            let read = ailments.read(Micros(9), &moved).into_owned();
            let mended = ailments.read(until, &moved).into_owned();
            assert_eq!((mended.env, mended.position), (moved.env, moved.position));
            read
        };
        assert_eq!(broken("level", SensorFault::Stuck).env[0].1, Reading::Number(5.0));
        assert_eq!(broken("position", SensorFault::Stuck).position, Some(vec![1.0, 2.0]));
        assert_eq!(broken("level", SensorFault::Missing).env, []);
        assert_eq!(broken("position", SensorFault::Missing).position, None);
        assert_eq!(broken("nothing", SensorFault::Stuck).env.len(), 1);
        let noise = SensorFault::Noise { deviation: 0.1 };
        let level = |read: SensorFrame| match read.env[0].1 {
            Reading::Number(level) => level,
            _ => f64::NAN,
        };
        let drawn: Vec<f64> = (0..2_000).map(|_| level(broken("level", noise))).collect();
        let mean = drawn.iter().sum::<f64>() / 2_000.0;
        let square = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2_000.0;
        // The errors are 0.0022 and 0.0016: four of them.
        assert!((mean - 6.0).abs() < 0.009 && (square.sqrt() - 0.1).abs() < 0.0065, "{mean}");
    }
}
