//! Measuring short work on a shared machine.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Blocks of repetitions: the fastest one counts, because noise only ever adds time.
const BLOCKS: usize = 9;
/// Shortest block that a clock can tell.
const BLOCK: Duration = Duration::from_millis(15);

/// Nanoseconds that `work` takes.
pub(super) fn nanoseconds<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut block = |times: u32| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(work());
        }
        start.elapsed()
    };
    let mut times = 64;
    while block(times) < BLOCK {
        times *= 2;
    }
    let fastest = (0..BLOCKS).map(|_| block(times)).min().unwrap_or_default();
    fastest.as_nanos() as f64 / f64::from(times)
}
