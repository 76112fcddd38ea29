//! When devices fire, and when a run ends.

use fieldrun_device::Micros;

/// When a run ends: at the first bound that is reached. Without any bound, after a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    /// After that many device rounds of the whole network.
    pub events: Option<u64>,
    /// When every device has run that many rounds.
    pub rounds: Option<u64>,
    /// After that much simulated time; rounds at that very time still run.
    pub time: Option<Micros>,
}

impl Stop {
    /// The simulated time without any bound in the scenario.
    pub const DEFAULT_TIME: Micros = Micros(60 * Micros::SECOND.0);

    /// The time at which a run ends at the latest; endless when only rounds or events bound it.
    pub fn latest(&self) -> Micros {
        match *self {
            Self { events: None, rounds: None, time: None } => Self::DEFAULT_TIME,
            Self { time, .. } => time.unwrap_or(Micros(u64::MAX)),
        }
    }
}

/// When devices fire. One round of one device is one *event*; events are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// One device after the other, in the order of the scenario, evenly spread over the period:
    /// of `n` devices, event `k` happens at `k / n` periods. With a period of one second devices
    /// have the logical clock, on which each round lasts one second from the first one on.
    RoundRobin {
        /// The time in which every device fires once.
        period: Micros,
    },
    /// All devices at once, each period; everyone reads what was sent in the period before.
    LockStep {
        /// The time between two steps.
        period: Micros,
    },
    /// Every device on its own: first within one period, then after each period, give or take
    /// the jitter.
    Periodic {
        /// The mean time between two rounds of one device.
        period: Micros,
        /// The largest deviation of one gap, as a share of the period, below 1.
        jitter: f64,
        /// The largest deviation of a device's own period from the mean, as a share of it, below 1;
        /// drawn once for each device, whose clock is off by that much.
        drift: f64,
    },
    /// Every device on its own, after gaps of exponential distribution: a Poisson process.
    Exponential {
        /// The mean time between two rounds of one device.
        period: Micros,
    },
    /// A device fires when what it hears or senses has changed.
    Reactive {
        /// The shortest time between two rounds; first rounds lie within one.
        gap: Micros,
        /// The longest time between two rounds: then it fires without any change.
        heartbeat: Micros,
    },
}

impl Schedule {
    /// The period of every device, as it is announced to neighbours; the longest time between two
    /// rounds of those that react.
    pub fn period(&self) -> Micros {
        match *self {
            Self::RoundRobin { period }
            | Self::LockStep { period }
            | Self::Periodic { period, .. }
            | Self::Exponential { period } => period,
            Self::Reactive { heartbeat, .. } => heartbeat,
        }
    }

    /// Whether messages bring rounds forward.
    pub(crate) fn reacts(&self) -> bool {
        matches!(self, Self::Reactive { .. })
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Periodic { period: Micros::SECOND, jitter: 0.1, drift: 0.0 }
    }
}
