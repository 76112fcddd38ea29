//! What happens when.

use fieldrun_device::Micros;
use fieldrun_device::wire::Frame;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Something that happens at a time.
#[derive(Debug)]
pub(crate) enum Happening {
    /// Walkers move and links change.
    Move,
    /// All devices run a round.
    Step,
    /// One device runs a round.
    Fire(u32),
    /// A message that was under way arrives.
    Arrive { from: u32, to: u32, frame: Arc<Frame> },
}

/// The plan, by time, and at one time in the order in which it was made.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: Micros, happening: Happening) {
        self.heap.push(Reverse(Entry { at, number: self.planned, happening }));
        self.planned += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<(Micros, Happening)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.happening))
    }
}

#[derive(Debug)]
struct Entry {
    at: Micros,
    number: u64,
    happening: Happening,
}

impl Entry {
    fn key(&self) -> (Micros, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_first_then_as_planned() {
        let mut queue = Queue::default();
        for (at, device) in [(5, 0), (3, 1), (5, 2), (3, 3), (4, 4)] {
            queue.push(Micros(at), Happening::Fire(device));
        }
        let mut order = Vec::new();
        while let Some((at, Happening::Fire(device))) = queue.pop() {
            order.push((at.0, device));
        }
        assert_eq!(order, [(3, 1), (3, 3), (4, 4), (5, 0), (5, 2)]);
    }
}
