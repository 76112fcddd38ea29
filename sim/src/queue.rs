//! What happens when.

use fieldrun_device::Micros;
use fieldrun_device::wire::Frame;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A fault of the scenario, by its number.
    Fault(u32),
    /// A device leaves, by a fault that has devices come and go.
    Leave { fault: u32, device: u32 },
    /// Walkers move and links change.
    Move,
    /// All devices run a round.
    Step,
    /// One device runs a round.
    Fire(u32),
    /// A message that was under way arrives.
    Arrive { from: u32, to: u32, frame: Arc<Frame> },
}

impl Happening {
    /// The order at one time. It depends on what happens, not on when it was planned: so it is
    /// the same for any number of threads. Messages that arrive at the time of a round are read
    /// by it.
    fn rank(&self) -> (u8, u32, u32) {
        match *self {
            Self::Move => (0, 0, 0),
            Self::Fault(number) => (1, number, 0),
            Self::Leave { fault, device } => (2, fault, device),
            Self::Arrive { from, to, .. } => (3, from, to),
            Self::Step => (4, 0, 0),
            Self::Fire(device) => (5, device, 0),
        }
    }
}

/// When devices fire, by time and number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar(BinaryHeap<Reverse<(Micros, u32)>>);

impl Calendar {
    pub(crate) fn push(&mut self, at: Micros, device: u32) {
        self.0.push(Reverse((at, device)));
    }

    /// The next one, if it is not later than a time.
    pub(crate) fn pop_until(&mut self, latest: Micros) -> Option<(Micros, u32)> {
        match self.0.peek() {
            Some(Reverse((at, _))) if *at <= latest => self.0.pop().map(|Reverse(next)| next),
            _ => None,
        }
    }
}

/// The plan, by time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: Micros, happening: Happening) {
        self.heap.push(Reverse(Entry { at, number: self.planned, happening }));
        self.planned += 1;
    }

    /// What comes next.
    pub(crate) fn peek(&self) -> Option<(Micros, &Happening)> {
        self.heap.peek().map(|Reverse(entry)| (entry.at, &entry.happening))
    }

    /// All that is planned, in no order, with the number that tells apart what is alike.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Micros, u64, &Happening)> {
        self.heap.iter().map(|Reverse(entry)| (entry.at, entry.number, &entry.happening))
    }

    /// How many things were ever planned.
    pub(crate) fn numbers(&self) -> u64 {
        self.planned
    }

    /// An empty plan in which so many things were planned before.
    pub(crate) fn resuming(planned: u64) -> Self {
        Self { heap: BinaryHeap::new(), planned }
    }

    /// Plans something under the number that it had.
    pub(crate) fn restore(&mut self, at: Micros, number: u64, happening: Happening) {
        self.heap.push(Reverse(Entry { at, number, happening }));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<(Micros, Happening)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.happening))
    }
}

#[derive(Clone, Debug)]
struct Entry {
    at: Micros,
    number: u64,
    happening: Happening,
}

impl Entry {
    /// The number decides between messages on one link that arrive together.
    fn key(&self) -> (Micros, (u8, u32, u32), u64) {
        (self.at, self.happening.rank(), self.number)
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
    fn by_time_then_by_what_it_is() {
        let mut queue = Queue::default();
        for (at, device) in [(5, 3), (3, 1), (5, 0), (3, 2), (4, 4)] {
            queue.push(Micros(at), Happening::Fire(device));
        }
        queue.push(Micros(5), Happening::Step);
        queue.push(Micros(5), Happening::Move);
        let mut order = Vec::new();
        while let Some((at, happening)) = queue.pop() {
            order.push(format!("{} {happening:?}", at.0));
        }
        let expected =
            ["3 Fire(1)", "3 Fire(2)", "4 Fire(4)", "5 Move", "5 Step", "5 Fire(0)", "5 Fire(3)"];
        assert_eq!(order, expected);
    }
}
