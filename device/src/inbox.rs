//! The newest frame of each neighbour.

use crate::wire::Frame;
use fieldrun_lang::{Micros, NodeId};
use std::collections::BTreeMap;

/// How long a neighbour's last frame counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Retention {
    /// Until the next one, or until the neighbour is gone.
    Forever,
    /// For this many of the sender's own announced periods.
    Periods(f64),
}

/// What is known of a neighbour.
#[derive(Clone, Debug)]
pub struct NeighborInfo {
    /// The device.
    pub id: NodeId,
    /// Its incarnation.
    pub incarnation: u64,
    /// Its last round that arrived.
    pub round: u64,
    /// When it arrived, on this device's clock.
    pub last_heard: Micros,
    /// Whether it runs another program: then its values are not used.
    pub other_program: bool,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) frame: Frame,
    pub(crate) received: Micros,
}

/// The last frame of each neighbour, by ascending id.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    entries: BTreeMap<NodeId, Entry>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It says something else than the last one.
    News,
    /// It says the same.
    Same,
    /// Not newer than what is here: duplicates and late frames change nothing.
    Stale,
    /// There are as many neighbours as may be.
    Full,
}

impl Inbox {
    /// Takes a frame if its (incarnation, round) is newer than that of the last one.
    pub(crate) fn accept(&mut self, frame: Frame, received: Micros, max: usize) -> Accepted {
        let newest = self.entries.get(&frame.from).map(|e| (e.frame.incarnation, e.frame.round));
        if newest.is_some_and(|newest| newest >= (frame.incarnation, frame.round)) {
            return Accepted::Stale;
        }
        if newest.is_none() && self.entries.len() >= max {
            return Accepted::Full;
        }
        let exports = frame.exports.clone();
        let old = self.entries.insert(frame.from.clone(), Entry { frame, received });
        if old.is_some_and(|old| old.frame.exports == exports) {
            Accepted::Same
        } else {
            Accepted::News
        }
    }

    pub(crate) fn remove(&mut self, id: &NodeId) {
        self.entries.remove(id);
    }

    /// Drops neighbours that were not heard for too long, and tells of each.
    pub(crate) fn retire(
        &mut self,
        now: Micros,
        retention: Retention,
        mut expired: impl FnMut(&NodeId, &Entry),
    ) {
        let Retention::Periods(periods) = retention else { return };
        self.entries.retain(|id, entry| {
            let age = now.since(entry.received).0 as f64;
            let counts = age <= periods * entry.frame.period.0 as f64;
            if !counts {
                expired(id, entry);
            }
            counts
        });
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}
