//! Who was a neighbour and is none any more, and why.

use crate::wire::{DecodeError, Reader, write_id, write_text, write_varint};
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

impl Absent {
    pub(crate) fn save(&self, out: &mut Vec<u8>) {
        write_varint(out, self.devices.len() as u64);
        for (id, (since, absence)) in &self.devices {
            write_id(out, id);
            write_varint(out, since.0);
            match absence {
                Absence::Left => out.push(0),
                Absence::Expired { heard, period } => {
                    out.push(1);
                    write_varint(out, heard.0);
                    write_varint(out, period.0);
                }
                Absence::Refused { error, count } => {
                    out.push(2);
                    write_text(out, error);
                    write_varint(out, *count);
                }
            }
        }
    }

    pub(crate) fn restore(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut devices = BTreeMap::new();
        for _ in 0..reader.count(3)? {
            let (id, since) = (reader.id()?, Micros(reader.varint()?));
            let absence = match reader.byte()? {
                0 => Absence::Left,
                1 => {
                    let (heard, period) = (Micros(reader.varint()?), Micros(reader.varint()?));
                    Absence::Expired { heard, period }
                }
                2 => Absence::Refused { error: reader.text()?.to_owned(), count: reader.varint()? },
                _ => return Err(reader.damaged("unknown kind of absence")),
            };
            devices.insert(id, (since, absence));
        }
        Ok(Self { devices })
    }
}
