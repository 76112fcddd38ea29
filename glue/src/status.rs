//! What is known of a service: its status, the attributes beside it, snapshots and events.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The five values of `managedServiceStatus` (requirement P10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No process, and none wanted at the moment.
    Stop,
    /// A process exists or is about to; it has not been ready yet.
    Starting,
    /// The process is up and was found ready.
    Run,
    /// The stop ladder is at work.
    Stopping,
    /// The service died or does not answer; something or somebody has to act.
    Hung,
}

impl Status {
    /// The word that programs and people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Starting => "starting",
            Self::Run => "run",
            Self::Stopping => "stopping",
            Self::Hung => "hung",
        }
    }

    /// The three-valued domain of dependency-directed recovery (requirements R3, F2): what does
    /// not run yet, or no longer, is `stop`.
    pub fn three_valued(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Hung => "hung",
            Self::Stop | Self::Starting | Self::Stopping => "stop",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a service is not well (requirement H15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// Nothing known to be wrong.
    #[default]
    None,
    /// The process ended although nobody asked for it.
    Crashed,
    /// The process exists but does not answer, did not become ready in time, or does not die.
    Faulty,
}

/// Where the repair of a fault stands (requirements H15, H18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repair {
    /// Nothing was done.
    #[default]
    None,
    /// A restart after a fault is under way.
    Repairing,
    /// The last restart after a fault succeeded.
    Repaired,
    /// The restart budget is used up. Programs may not start the service before a `reset`.
    Unrecoverable,
}

/// What the operator wants; programs read it as `desired`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Desired {
    /// The service should run; the program decides when.
    #[default]
    Up,
    /// The service should not run; programs may not start it.
    Down,
}

impl Desired {
    /// The word that programs and people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// Status and attributes at one instant, as the state machine publishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// One of the five values.
    pub status: Status,
    /// The service runs and its last readiness verdict was positive.
    pub ready: bool,
    /// What the operator wants.
    pub desired: Desired,
    /// What is wrong.
    pub fault: Fault,
    /// Where the repair stands.
    pub repair: Repair,
}

/// All that is known of one service at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceSnapshot {
    /// The id of the service.
    pub id: String,
    /// One of the five values.
    pub status: Status,
    /// The service runs and its last readiness verdict was positive.
    pub ready: bool,
    /// What the operator wants.
    pub desired: Desired,
    /// What is wrong.
    pub fault: Fault,
    /// Where the repair stands.
    pub repair: Repair,
    /// Who may act on the service: `restart`, `manual` or `observe`.
    pub policy: crate::Policy,
    /// The main process, while there is one.
    pub pid: Option<u32>,
    /// When the present status began: microseconds of this host's monotonic clock.
    pub since_us: u64,
    /// For how long the present status has lasted, in milliseconds, when the snapshot was taken.
    pub age_ms: u64,
    /// How often the service was started again after its first start.
    pub restarts: u64,
    /// How long the last start took until the service was ready, in milliseconds.
    pub start_duration_ms: Option<u64>,
    /// The last thing that went wrong, in words.
    pub last_error: Option<String>,
    /// The ids of the services without which this one must not run.
    pub dependencies: Vec<String>,
}

/// One change of a service: of its status or of an attribute (requirement P13).
///
/// Every change is one event, also those that pass within one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// The id of the service.
    pub service: String,
    /// Counts the events of this service since its daemon started, from 1, without gaps.
    pub seq: u64,
    /// When it happened: microseconds of this host's monotonic clock, which all processes of the
    /// host share.
    pub at_us: u64,
    /// The status before.
    pub from: Status,
    /// The status now; equal to `from` when only an attribute changed.
    pub to: Status,
    /// Whether the service is ready now.
    pub ready: bool,
    /// What the operator wants now.
    pub desired: Desired,
    /// What is wrong now.
    pub fault: Fault,
    /// Where the repair stands now.
    pub repair: Repair,
    /// The main process, while there is one.
    pub pid: Option<u32>,
    /// Why, in words.
    pub cause: String,
}

/// Microseconds of a duration, saturating.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Milliseconds of a duration, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
