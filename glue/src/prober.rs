//! The rhythm of a probe: one check at a time, for as long as the supervisor wants it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::check::check;
use crate::machine::ProbeKind;
use crate::spec::{Check, Probe};

/// While a service starts it is asked at least this often, so that what waits for it does not
/// wait for the rest of an interval.
const EAGER: Duration = Duration::from_millis(50);
/// The same for checks that start a process.
const EAGER_EXEC: Duration = Duration::from_millis(250);
/// A check that exceeds its timeout by more says nothing: this daemon itself stood still.
pub(crate) const STOOD_STILL: Duration = Duration::from_secs(1);

/// A result, with the number of the rhythm that it comes from.
pub(crate) type Probed = (u64, ProbeKind, Result<(), String>);

/// Ends a task when it is no longer held.
#[derive(Debug)]
pub(crate) struct Abort(pub(crate) JoinHandle<()>);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Probes until dropped.
#[derive(Debug)]
pub(crate) struct Prober {
    pub(crate) number: u64,
    pub(crate) eager: bool,
    _task: Abort,
}

impl Prober {
    pub(crate) fn start(
        number: u64,
        kind: ProbeKind,
        probe: Probe,
        eager: bool,
        results: mpsc::Sender<Probed>,
    ) -> Self {
        let interval = match (&probe.check, eager) {
            (_, false) => probe.interval,
            (Check::Exec(_), true) => probe.interval.min(EAGER_EXEC),
            (_, true) => probe.interval.min(EAGER),
        };
        let task = tokio::spawn(async move {
            loop {
                let begun = Instant::now();
                let result = check(&probe.check, probe.timeout).await;
                let meaningful = begun.elapsed() < probe.timeout + STOOD_STILL;
                if meaningful && results.send((number, kind, result)).await.is_err() {
                    return;
                }
                sleep_until(begun + interval).await;
            }
        });
        Self { number, eager, _task: Abort(task) }
    }
}
