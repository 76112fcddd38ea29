//! Who was a neighbour and is none any more, and why.

use fieldrun_lang::{Micros, NodeId};
use std::collections::BTreeMap;

/// Most devices that are remembered; who has been away longest is forgotten first.
const MAX_REMEMBERED: usize = 64;

/// Why a device does not count as a neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It was silent for too long.
    Expired {
        /// When it was heard last.
        heard: Micros,
        /// The time between its rounds, as it announced.
        period: Micros,
    },
    /// It said goodbye, or the link to it is gone.
    Left,
    /// Its last message could not be understood.
    Refused {
        /// What was wrong with it.
        error: String,
        /// So many were refused since one was taken.
        count: u64,
    },
}

/// Absences by device, with the time since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Absent {
    devices: BTreeMap<NodeId, (Micros, Absence)>,
}

impl Absent {
    pub(crate) fn note(&mut self, id: &NodeId, now: Micros, absence: Absence) {
        self.devices.insert(id.clone(), (now, absence));
        if self.devices.len() > MAX_REMEMBERED {
            let oldest = self.devices.iter().min_by_key(|(_, (since, _))| *since);
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                self.devices.remove(&id);
            }
        }
    }

    /// A message of a device was refused.
    pub(crate) fn refuse(&mut self, id: &NodeId, now: Micros, error: String) {
        let before = match self.devices.get(id) {
            Some((_, Absence::Refused { count, .. })) => *count,
            _ => 0,
        };
        self.note(id, now, Absence::Refused { error, count: before.saturating_add(1) });
    }

    /// A message of a device was taken.
    pub(crate) fn heard(&mut self, id: &NodeId) {
        if !self.devices.is_empty() {
            self.devices.remove(id);
        }
    }

    /// In ascending id.
    pub(crate) fn devices(&self) -> impl Iterator<Item = (&NodeId, &(Micros, Absence))> {
        self.devices.iter()
    }
}
