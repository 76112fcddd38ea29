//! What happened in a demonstration, as it was recorded.

use fieldrun_glue::Status;
use serde::Serialize;

/// A change of the status of a service.
///
/// Times are microseconds of the host's monotonic clock. All daemons of a demonstration run on one
/// host and stamp their own changes, so that times of different services can be compared: a cause
/// is always stamped before its effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The service.
    pub service: String,
    /// When.
    pub at_us: u64,
    /// The status before.
    pub from: Status,
    /// The status from now on.
    pub to: Status,
    /// Why, in the words of its daemon.
    pub cause: String,
}

/// What the demonstration itself did, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Marks {
    /// The service was made to hang.
    pub fault_us: u64,
    /// Its fault was taken away.
    pub restore_us: u64,
    /// The demonstration restarted it in the place of a human, because the program did not.
    pub operator_us: Option<u64>,
    /// All services ran again, or patience ended.
    pub end_us: u64,
}

/// A demonstration from the first start to the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The service that was made to hang.
    pub root: String,
    /// All changes of all services, in the order of time.
    pub changes: Vec<Change>,
    /// What the demonstration did.
    pub marks: Marks,
}

impl Story {
    /// The changes of a service between two times, the first included.
    pub fn of<'a>(
        &'a self,
        service: &'a str,
        from_us: u64,
        to_us: u64,
    ) -> impl Iterator<Item = &'a Change> {
        let within = move |change: &&Change| {
            change.service == service && (from_us..to_us).contains(&change.at_us)
        };
        self.changes.iter().filter(within)
    }

    /// When a service came to a status for the first time from then on.
    pub fn first(&self, service: &str, to: Status, from_us: u64) -> Option<u64> {
        self.of(service, from_us, u64::MAX).find(|change| change.to == to).map(|c| c.at_us)
    }
}
