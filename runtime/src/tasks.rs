//! Work that must go on: a panic in it is contained, counted, said and, for a task that has no end of
//! its own, followed by a new start.
//!
//! Nothing here is meant to panic. Should it, then the damage is the one frame, client or link at
//! hand; rounds, services and all other links go on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Shortest and longest pause before a task is started anew.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Panics of this process by the kind of work.
static PANICS: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// How often work of this process panicked, by kind.
pub fn panics() -> BTreeMap<String, u64> {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    panics.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

/// Sends the report of a panic to the log, instead of a trace to standard error.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "internal error: {what}");
    }));
}

fn count(kind: &'static str, detail: &(dyn Display + Sync)) {
    *PANICS.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    tracing::error!(
        "an internal error in {kind} {detail} is contained; please report the line before"
    );
}

/// Does something; `None` when it panicked. What it was changing may be half changed: the caller
/// decides what is to be thrown away.
pub(crate) fn contain<T>(
    kind: &'static str,
    detail: &(dyn Display + Sync),
    work: impl FnOnce() -> T,
) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).inspect_err(|_| count(kind, detail)).ok()
}

/// Runs something asynchronous; `None` when it panicked.
pub(crate) async fn contained<T>(
    kind: &'static str,
    detail: &(dyn Display + Sync),
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = Box::pin(work);
    let caught =
        poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => std::task::Poll::Ready(None),
        });
    let result = caught.await;
    if result.is_none() {
        count(kind, detail);
    }
    result
}

/// The same for one of many, which has no name.
pub(crate) async fn contained_by<T>(kind: &'static str, work: impl Future<Output = T>) {
    contained(kind, &"", work).await;
}

/// Runs a task until it returns; started anew after a panic, with growing pauses.
pub(crate) async fn keep<F: Future<Output = ()>>(
    kind: &'static str,
    detail: impl Display + Sync,
    mut start: impl FnMut() -> F,
) {
    let mut pause = PAUSE.0;
    while contained(kind, &detail, start()).await.is_none() {
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSE.1);
    }
}

/// A place where tests make work of this kind panic; nothing outside of them.
#[cfg(not(test))]
pub(crate) fn trip(_: &'static str, _: &str) {}

#[cfg(test)]
pub(crate) use lab::{arm, trip};

#[cfg(test)]
mod lab {
    use super::*;

    static ARMED: Mutex<Vec<(&'static str, String)>> = Mutex::new(Vec::new());

    /// The next work of this kind and name panics, once.
    pub(crate) fn arm(kind: &'static str, name: &str) {
        ARMED.lock().unwrap_or_else(PoisonError::into_inner).push((kind, name.to_owned()));
    }

    pub(crate) fn trip(kind: &'static str, name: &str) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        let found = armed.iter().position(|(k, n)| *k == kind && n == name);
        let found = found.map(|at| armed.swap_remove(at));
        drop(armed);
        assert!(found.is_none(), "armed by a test");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_counted_and_started_anew() {
        let mut starts = 0;
        keep("a test's task", "x", || {
            starts += 1;
            let number = starts;
            async move {
                tokio::task::yield_now().await;
                assert!(number > 2, "not yet");
            }
        })
        .await;
        assert_eq!(starts, 3);
        assert_eq!(panics()["a test's task"], 2);
    }

    #[test]
    fn a_step_that_panics_gives_nothing() {
        assert_eq!(contain("a test's step", &"x", || 7), Some(7));
        let nothing: Option<u8> = contain("a test's step", &"x", || panic!("now"));
        assert_eq!(nothing, None);
        assert_eq!(panics()["a test's step"], 1);
    }
}
