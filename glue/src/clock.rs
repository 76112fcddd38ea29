//! The monotonic clock of the host, which all its processes share.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time since some fixed instant, the same for every process of this host; never set back.
pub fn now() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    // Both parts of a monotonic reading are non-negative, and nanoseconds are below a second.
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}
