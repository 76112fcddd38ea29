//! Who fires next: a wheel of short lists.

use fieldrun_sim::workload::Firings;

/// Lists for a unit of time.
const PER_UNIT: f64 = 256.0;
/// Lists in the wheel: more than the longest time between two firings of a device, which is 1.1.
const LISTS: usize = 512;

/// All devices, in the order of the times at which they fire.
pub(super) struct Calendar {
    firings: Vec<Firings>,
    lists: Vec<Vec<(f64, u32)>>,
    /// The list whose time it is; its items are sorted, the next one last.
    current: usize,
}

impl Calendar {
    pub(super) fn new(devices: usize) -> Self {
        let mut calendar = Self {
            firings: (0..devices as u64).map(Firings::of).collect(),
            lists: vec![Vec::new(); LISTS],
            current: 0,
        };
        for device in 0..devices as u32 {
            calendar.schedule(device);
        }
        calendar.sort();
        calendar
    }

    fn schedule(&mut self, device: u32) {
        let at = self.firings.get_mut(device as usize).and_then(Iterator::next);
        let list = at.map(|at| (at * PER_UNIT) as usize % LISTS);
        if let (Some(at), Some(list)) = (at, list.and_then(|list| self.lists.get_mut(list))) {
            list.push((at, device));
        }
    }

    fn sort(&mut self) {
        if let Some(list) = self.lists.get_mut(self.current) {
            list.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        }
    }

    /// The next device and its time; it is on the calendar again.
    pub(super) fn next(&mut self) -> (f64, usize) {
        loop {
            match self.lists.get_mut(self.current).and_then(Vec::pop) {
                Some((at, device)) => {
                    self.schedule(device);
                    return (at, device as usize);
                }
                None => {
                    self.current = (self.current + 1) % LISTS;
                    self.sort();
                }
            }
        }
    }
}
