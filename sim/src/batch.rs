//! Rounds that may run at the same time.
//!
//! Rounds that follow each other in the plan are independent of each other as long as no two of
//! their devices are linked: no message of one can reach another one. Such a batch runs on all
//! threads, and what follows from it is then carried out one by one in the order of the plan. So
//! a run has the same result for any number of threads.

use crate::neighbors::Neighbors;
use fieldrun_device::Micros;

/// Keeps the waste small when a run ends within a batch.
const MAX_BATCH: usize = 64;

/// Consecutive rounds of devices that are not linked to each other.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// In the order of the plan.
    pub(crate) rounds: Vec<(u32, Micros)>,
    /// For each device, the number of the last batch that it could not join any more.
    closed: Vec<u64>,
    number: u64,
    limit: usize,
}

impl Batch {
    /// Batches for a network. One thread needs none. Where messages bring rounds forward, the next
    /// round is not known before the one before it is over: these run one by one.
    pub(crate) fn new(devices: usize, reactive: bool) -> Self {
        let limit = if rayon::current_num_threads() > 1 && !reactive { MAX_BATCH } else { 1 };
        Self { rounds: Vec::with_capacity(limit), closed: vec![0; devices], number: 0, limit }
    }

    /// Begins a new batch.
    pub(crate) fn clear(&mut self) {
        self.number += 1;
        self.rounds.clear();
    }

    /// Adds a round, unless the batch is full or the device depends on one that is in it.
    pub(crate) fn join(&mut self, device: u32, at: Micros, neighbors: &Neighbors) -> bool {
        let closed = self.closed.get(device as usize).is_none_or(|last| *last == self.number);
        if closed || self.rounds.len() >= self.limit {
            return false;
        }
        self.rounds.push((device, at));
        for linked in neighbors.of(device as usize).iter().chain(&[device]) {
            if let Some(last) = self.closed.get_mut(*linked as usize) {
                *last = self.number;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_devices_and_repeated_ones_do_not_join() {
        let line: Vec<_> = (0..5).map(|x| [f64::from(x), 0.0, 0.0]).collect();
        let neighbors = Neighbors::within(&line, 1.0).expect("few links");
        let mut batch = Batch::new(5, false);
        batch.limit = 3;
        batch.clear();
        let at = Micros(1);
        let joined = [0, 1, 0, 2, 3, 4].map(|device| batch.join(device, at, &neighbors));
        assert_eq!(joined, [true, false, false, true, false, true]);
        assert!(!batch.join(9, at, &neighbors), "no such device");
        batch.clear();
        assert!(batch.join(1, at, &neighbors));
    }
}
