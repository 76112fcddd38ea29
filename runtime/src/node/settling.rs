//! Looking before acting: when a daemon starts and adopts running services, or wakes from a pause,
//! its view of the neighbourhood is empty or old. A program would take neighbours for dead that are
//! merely not heard yet, and stop what runs. So rounds go on, but actions wait until the neighbours
//! were heard.
//!
//! Pure: the time is a parameter.

use fieldrun_device::Micros;
use std::collections::BTreeSet;

/// Peers that are not configured here get this time to link by themselves.
const AT_LEAST: Micros = Micros(2_000_000);

/// After this time who was not heard counts as absent.
const AT_MOST: Micros = Micros(6_000_000);

/// A time of looking.
#[derive(Debug)]
pub(super) struct Settling {
    since: Micros,
    heard: BTreeSet<String>,
}

impl Settling {
    pub(super) fn new(now: Micros) -> Self {
        Self { since: now, heard: BTreeSet::new() }
    }

    /// A device of this node was heard.
    pub(super) fn heard(&mut self, node: &str) {
        if !self.heard.contains(node) {
            self.heard.insert(node.to_owned());
        }
    }

    /// Whether it is over: all configured peers are linked and every linked node was heard, or it
    /// took long enough.
    pub(super) fn is_over<'n>(
        &self,
        now: Micros,
        all_peers_linked: bool,
        mut linked: impl Iterator<Item = &'n str>,
    ) -> bool {
        let time = now.since(self.since);
        time >= AT_MOST
            || (time >= AT_LEAST
                && all_peers_linked
                && linked.all(|node| self.heard.contains(node)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_until_all_neighbours_were_heard_but_not_for_ever() {
        let mut settling = Settling::new(Micros(1_000_000));
        settling.heard("b");
        let over = |settling: &Settling, second: u64, all: bool| {
            settling.is_over(Micros(second * 1_000_000), all, ["b", "c"].into_iter())
        };
        assert!(!over(&settling, 4, true), "c is linked but was not heard");
        settling.heard("c");
        assert!(!over(&settling, 2, true), "others may still come");
        assert!(!over(&settling, 4, false), "a configured peer is not linked");
        assert!(over(&settling, 4, true));
        assert!(over(&settling, 7, false));
    }
}
