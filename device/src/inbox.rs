//! The newest frame of each neighbour.

use crate::Limits;
use crate::bases::Held;
use crate::saved::{Pool, Shared};
use crate::wire::{DecodeError, Frame, Head, Reader, write_id, write_varint};
use fieldrun_lang::{Exports, Layout, Micros, NodeId, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// What its host says of itself, see [`Input::Status`](crate::Input::Status).
    pub status: Vec<u8>,
}

/// A neighbour's last frame, and what it and this device told each other of their rounds.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) incarnation: u64,
    pub(crate) round: u64,
    pub(crate) period: Micros,
    /// What it runs, see [`shape`](crate::wire::shape).
    pub(crate) shape: u64,
    /// What its host says of itself.
    pub(crate) status: Vec<u8>,
    pub(crate) received: Micros,
    /// None if it runs another program, or could not be understood yet.
    pub(crate) exports: Option<Arc<Exports>>,
    /// Its rounds that this device holds.
    pub(crate) held: Held,
    /// Rounds of this device that it holds.
    pub(crate) holds: Vec<u64>,
}

impl Entry {
    /// Before anything was heard.
    fn new(head: &Head) -> Self {
        Self {
            incarnation: head.incarnation,
            round: 0,
            period: head.period,
            shape: head.shape,
            status: Vec::new(),
            received: Micros(0),
            exports: None,
            held: Held::default(),
            holds: Vec::new(),
        }
    }

    /// Takes a newer frame.
    fn hear(&mut self, frame: &Frame, received: Micros, limits: &Limits) -> Accepted {
        let head = &frame.head;
        let exports = self.held.take(frame, limits.frame_bytes);
        let understood = exports.is_some() || head.shape != self.shape;
        if !understood && self.exports.is_some() {
            // As if the frame were lost, but what is lacking is told soon.
            return Accepted::News;
        }
        let first = self.round == 0;
        (self.round, self.period, self.received) = (head.round, head.period, received);
        self.shape = head.shape;
        self.status.clone_from(&head.status);
        let same = self.exports == exports && !first;
        self.exports = exports;
        if same { Accepted::Same } else { Accepted::News }
    }
}

impl Entry {
    fn save(&self, out: &mut Vec<u8>, pool: &mut Pool) {
        for number in [self.incarnation, self.round, self.period.0, self.shape, self.received.0] {
            write_varint(out, number);
        }
        write_varint(out, self.status.len() as u64);
        out.extend_from_slice(&self.status);
        // Nought for nothing.
        write_varint(out, self.exports.as_ref().map_or(0, |exports| pool.number(exports) + 1));
        self.held.save(out, pool);
        write_varint(out, self.holds.len() as u64);
        self.holds.iter().for_each(|round| write_varint(out, *round));
    }

    fn restore(reader: &mut Reader<'_>, shared: &Shared) -> Result<Self, DecodeError> {
        let mut numbers = [0; 5];
        for number in &mut numbers {
            *number = reader.varint()?;
        }
        let [incarnation, round, period, shape, received] = numbers;
        let status = reader.count(1)?;
        let status = reader.take(status)?.to_vec();
        let exports = match reader.varint()?.checked_sub(1) {
            None => None,
            Some(number) => Some(shared.get(number, reader)?),
        };
        let held = Held::restore(reader, shared)?;
        let holds = reader.count(1)?;
        let holds = (0..holds).map(|_| reader.varint()).collect::<Result<_, _>>()?;
        let (period, received) = (Micros(period), Micros(received));
        Ok(Self { incarnation, round, period, shape, status, received, exports, held, holds })
    }
}

impl Inbox {
    pub(crate) fn save(&self, out: &mut Vec<u8>, pool: &mut Pool) {
        write_varint(out, self.entries.len() as u64);
        for (id, entry) in &self.entries {
            write_id(out, id);
            entry.save(out, pool);
        }
    }

    pub(crate) fn restore(reader: &mut Reader<'_>, shared: &Shared) -> Result<Self, DecodeError> {
        let mut entries = BTreeMap::new();
        for _ in 0..reader.count(11)? {
            let id = reader.id()?;
            entries.insert(id, Entry::restore(reader, shared)?);
        }
        Ok(Self { entries })
    }
}

/// The last frame of each neighbour, by ascending id.
#[derive(Clone, Debug, Default)]
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
    /// Replaces every value that is held of a neighbour. What was acknowledged to it stays, so that its
    /// next frame is understood.
    pub(crate) fn replace_exports(
        &mut self,
        layout: &Arc<Layout>,
        mut change: impl FnMut(&Value) -> Value,
    ) {
        for exports in self.entries.values_mut().filter_map(|entry| entry.exports.as_mut()) {
            let cells = exports.cells().into_iter();
            // A place that only tells of presence holds unit, and nothing else.
            let changed = cells.map(|(path, value)| match value {
                Value::Unit => (path, Value::Unit),
                value => (path, change(value)),
            });
            *exports = Arc::new(Exports::from_cells(layout, changed.collect()));
        }
    }

    /// Takes a frame if its (incarnation, round) is newer than that of the last one. `learn` takes
    /// from its notes which rounds of this device the neighbour holds.
    pub(crate) fn accept(
        &mut self,
        frame: &Frame,
        received: Micros,
        limits: &Limits,
        learn: impl FnOnce(&[u32], &mut Vec<u64>),
    ) -> Accepted {
        let head = &frame.head;
        let full = self.entries.len() >= limits.neighbors;
        let entry = match self.entries.get_mut(&head.from) {
            None if full => return Accepted::Full,
            None => self.entries.entry(head.from.clone()).or_insert_with(|| Entry::new(head)),
            Some(old) if (old.incarnation, old.round) >= (head.incarnation, head.round) => {
                return Accepted::Stale;
            }
            Some(old) => {
                if old.incarnation != head.incarnation {
                    *old = Entry::new(head);
                }
                old
            }
        };
        learn(&head.notes, &mut entry.holds);
        entry.hear(frame, received, limits)
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
            let counts = age <= periods * entry.period.0 as f64;
            if !counts {
                expired(id, entry);
            }
            counts
        });
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&NodeId, &Entry)> {
        self.entries.iter()
    }
}
