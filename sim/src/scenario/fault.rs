//! What goes wrong in a run.

use super::Expression;
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId};
use fieldrun_netem::Conditions;

/// Something that goes wrong: what, when, for how long, and for whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What it is.
    pub kind: FaultKind,
    /// When it happens.
    pub when: When,
    /// How long it lasts; without this, to the end of the run.
    pub lasting: Option<Micros>,
    /// Whom it befalls.
    pub whom: Whom,
}

impl Fault {
    /// A fault that befalls these devices once; all if none are named.
    pub fn once(kind: FaultKind, at: Micros, ids: Vec<NodeId>) -> Self {
        let whom = Whom { members: Members::Named(ids), choice: Choice::All };
        Self { kind, when: When::At(at), lasting: None, whom }
    }
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once.
    At(Micros),
    /// Again and again, after times that are exponentially distributed.
    Every {
        /// The mean of these times.
        mean: Micros,
        /// The first one begins here.
        from: Micros,
        /// Nothing happens from here on.
        until: Micros,
    },
}

/// The devices that a fault befalls.
#[derive(Clone, Debug, PartialEq)]
pub struct Whom {
    /// Those that it may befall.
    pub members: Members,
    /// How many of them it does befall, drawn each time.
    pub choice: Choice,
}

/// A set of devices.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// Those that are named; all if none are.
    Named(Vec<NodeId>),
    /// Those for which an expression is true when the fault begins, where they are then.
    Where(Expression),
}

/// How many devices of a set are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// All of them.
    All,
    /// So many.
    Count(usize),
    /// This share of them, from 0 to 1, but one at least.
    Share(f64),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Something is wrong with each device.
    Device(DeviceFault),
    /// Links that have one of the devices at an end are worse than usual: a message that they carry
    /// has to pass these conditions as well.
    Links(Conditions),
    /// Messages do not get through. Nobody is told: neighbours notice as they would a cable that broke.
    Partition(Partition),
    /// Each device comes and goes on its own; it loses what it knows when it goes, and nobody is told.
    Churn {
        /// The mean of the times that it is there, which are exponentially distributed.
        up: Micros,
        /// The mean of the times that it is away, likewise.
        down: Micros,
    },
}

/// Which messages do not get through.
#[derive(Clone, Debug, PartialEq)]
pub enum Partition {
    /// Those from the first set to the second one; unless it is one-way, also those back.
    Between {
        /// One side.
        from: Members,
        /// The other one.
        to: Members,
        /// Whether only messages from the first to the second one are blocked.
        one_way: bool,
    },
}

/// What is wrong with a device.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceFault {
    /// Every value that it keeps, and every value that it holds of its neighbours, becomes a random
    /// one of the same kind.
    Corrupt,
    /// It loses all that it knows and says nothing for a time; its neighbours forget it at once.
    Restart {
        /// How long it is away.
        down: Micros,
    },
    /// It falls silent while the fault lasts, and starts anew after that. Nobody is told: its
    /// neighbours notice by its silence.
    Crash {
        /// Whether what it kept from round to round is there again when it starts; else that is lost.
        keeps: bool,
    },
    /// It does nothing while the fault lasts, and then goes on where it was. What it is sent meanwhile
    /// waits for it, the newest message of each neighbour.
    Pause,
    /// It runs only one round in so many.
    Slow {
        /// At least 1.
        factor: f64,
    },
    /// Its clock runs faster than time by this share, or slower if negative; above -1.
    Drift {
        /// The share.
        rate: f64,
    },
    /// Its clock jumps by so many microseconds. The clock of a device never goes back: after a jump
    /// backwards it stands still until time has caught up.
    Jump {
        /// By how much.
        by: i64,
    },
    /// A sensor is broken.
    Sensor {
        /// The name of the reading, or `position`.
        name: String,
        /// In which way.
        fault: SensorFault,
    },
    /// Its sensors read other values.
    Set {
        /// The values by name.
        env: Vec<(String, Reading)>,
    },
}

/// How a sensor is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SensorFault {
    /// It reads what it read when the fault began.
    Stuck,
    /// It reads nothing.
    Missing,
    /// Numbers are off by normally distributed errors, drawn anew in each round.
    Noise {
        /// Their standard deviation.
        deviation: f64,
    },
}
