//! Changes against rounds that the neighbours hold: what makes large frames small.
//!
//! Where changes to the last round would have been worth it, a sender *offers* a round. A neighbour
//! that gets the offer keeps it and notes in its own frames that it *holds* it, until it sees it
//! used. Once every neighbour holds it, the sender sends changes to it. What is lost, late, doubled
//! or restarted never leads to a wrong value; it costs bytes, and a newcomer one exchange:
//!
//! * frames say which round they change, and a receiver that does not hold it takes nothing from
//!   them; it notes that it *lacks* it;
//! * a note is said again in every frame as long as it is true, so none of them need arrive;
//! * a neighbour that is new, restarted or was forgotten holds nothing until it says so, and while
//!   one does not, whole frames go to all: there is one encoding a round.
//!
//! Small frames are always whole, and nobody notes anything about them.

use crate::saved::{Pool, Shared};
use crate::wire::{
    self, Body, Changes, Content, DecodeError, Frame, Head, Note, Reader, write_varint,
};
use fieldrun_lang::{Exports, Layout, NodeId};
use std::sync::Arc;

/// Bytes that changes must save in a frame: below, they are not worth the notes, of four bytes each
/// to and from every neighbour.
const WORTH: usize = 32;

/// Frames below this have nothing to save.
const SMALL: usize = 2 * WORTH;

/// An offer that not everyone took within so many rounds is made anew.
const PATIENCE: u64 = 4;

/// A round and what it exported.
#[derive(Clone, Debug)]
struct Base {
    round: u64,
    exports: Arc<Exports>,
}

/// What a device sent and may send changes to.
///
/// A whole frame makes an offer only while no base is in use: its receivers forget all others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// All neighbours hold it.
    used: Option<Base>,
    offered: Option<Base>,
    /// The last round, if it was large: tells whether changes would have been worth it.
    last: Option<Base>,
}

impl Sent {
    /// The frame of a round. `holders` has the rounds that each neighbour of the program holds.
    ///
    /// # Errors
    /// The whole frame, which a new neighbour would get, is longer than the limit: says how long.
    pub(crate) fn encode(
        &mut self,
        head: &mut Head,
        exports: &Exports,
        layout: &Arc<Layout>,
        holders: &[&[u64]],
        limit: usize,
    ) -> Result<Vec<u8>, usize> {
        let whole = wire::encode(head, Content::Whole(exports), layout);
        if whole.len() > limit {
            return Err(whole.len());
        }
        if whole.len() < SMALL || holders.is_empty() {
            *self = Self::default();
            return Ok(whole);
        }
        self.promote(holders);
        let shorter = |base: &Option<Base>, most: usize| {
            let base = base.as_ref()?;
            let changes = Changes::between(base.round, &base.exports, exports)?;
            let bytes = wire::encode(head, Content::Changes(&changes), layout);
            (bytes.len() + WORTH <= most).then_some((changes, bytes))
        };
        let changes = shorter(&self.used, whole.len());
        if changes.is_none() {
            self.used = None;
        }
        let len = changes.as_ref().map_or(whole.len(), |(_, bytes)| bytes.len());
        let offers = !self.waits(head.round) && shorter(&self.last, len).is_some();
        let now = Base { round: head.round, exports: Arc::new(exports.clone()) };
        self.last = Some(now.clone());
        if !offers {
            return Ok(changes.map_or(whole, |(_, bytes)| bytes));
        }
        self.offered = Some(now);
        head.offer = true;
        let content = match &changes {
            Some((changes, _)) => Content::Changes(changes),
            None => Content::Whole(exports),
        };
        Ok(wire::encode(head, content, layout))
    }

    /// Uses the offer once all neighbours hold it, and nothing that one of them does not hold.
    fn promote(&mut self, holders: &[&[u64]]) {
        let held = |base: &Base| holders.iter().all(|rounds| rounds.contains(&base.round));
        if let Some(offer) = self.offered.take_if(|offer| held(offer)) {
            self.used = Some(offer);
        }
        self.used.take_if(|base| !held(base));
    }

    /// Whether an offer was made that may still be taken.
    fn waits(&self, round: u64) -> bool {
        let made = self.offered.as_ref().map(|offer| offer.round);
        made.is_some_and(|made| round.saturating_sub(made) < PATIENCE)
    }

    /// Takes from a neighbour's notes which rounds of this device, `own` in its incarnation, it
    /// holds.
    pub(crate) fn learn(&self, own: (&NodeId, u64), notes: &[u32], holds: &mut Vec<u64>) {
        let rounds = || self.used.iter().chain(&self.offered).map(|base| base.round);
        holds.retain(|held| rounds().any(|round| round == *held));
        if notes.is_empty() {
            return;
        }
        for round in rounds() {
            let said = |note: Note| notes.binary_search(&note.about(own.0, own.1, round)).is_ok();
            if said(Note::Lacks) {
                holds.retain(|held| *held != round);
            } else if said(Note::Holds) && !holds.contains(&round) {
                holds.push(round);
            }
        }
    }
}

impl Base {
    fn save(&self, out: &mut Vec<u8>, pool: &mut Pool) {
        write_varint(out, self.round);
        write_varint(out, pool.number(&self.exports));
    }

    fn restore(reader: &mut Reader<'_>, shared: &Shared) -> Result<Self, DecodeError> {
        Ok(Self { round: reader.varint()?, exports: shared.read(reader)? })
    }
}

/// What may be absent: nought, or one and what it is.
fn save_option<T>(out: &mut Vec<u8>, value: Option<&T>, save: impl FnOnce(&T, &mut Vec<u8>)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        save(value, out);
    }
}

fn restore_option<'a, T>(
    reader: &mut Reader<'a>,
    restore: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    match reader.byte()? {
        0 => Ok(None),
        1 => restore(reader).map(Some),
        _ => Err(reader.damaged("neither there nor absent")),
    }
}

impl Sent {
    pub(crate) fn save(&self, out: &mut Vec<u8>, pool: &mut Pool) {
        for base in [&self.used, &self.offered, &self.last] {
            save_option(out, base.as_ref(), |base, out| base.save(out, pool));
        }
    }

    pub(crate) fn restore(reader: &mut Reader<'_>, shared: &Shared) -> Result<Self, DecodeError> {
        let mut base = || restore_option(reader, |reader| Base::restore(reader, shared));
        Ok(Self { used: base()?, offered: base()?, last: base()? })
    }
}

impl Held {
    pub(crate) fn save(&self, out: &mut Vec<u8>, pool: &mut Pool) {
        write_varint(out, self.bases.len() as u64);
        for (base, known) in &self.bases {
            base.save(out, pool);
            out.push(u8::from(*known == Use::Known));
        }
        save_option(out, self.lacks.as_ref(), |round, out| write_varint(out, *round));
    }

    pub(crate) fn restore(reader: &mut Reader<'_>, shared: &Shared) -> Result<Self, DecodeError> {
        let mut bases = Vec::new();
        for _ in 0..reader.count(3)? {
            let base = Base::restore(reader, shared)?;
            let known = if reader.byte()? == 0 { Use::Offered } else { Use::Known };
            bases.push((base, known));
        }
        Ok(Self { bases, lacks: restore_option(reader, Reader::varint)? })
    }
}

/// Rounds of a neighbour that it may send changes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// At most two: the one in use, and a newer one that was offered.
    bases: Vec<(Base, Use)>,
    /// The round that the last frame changes and that is not here.
    lacks: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// The neighbour need be told that it is held.
    Offered,
    /// It knows.
    Known,
}

impl Held {
    /// What a frame of the neighbour exports: nothing if it is of another program, or changes a
    /// round that is not here. No base is kept that would be longer than the limit as a frame, so
    /// that changes to changes do not pile up.
    pub(crate) fn take(&mut self, frame: &Frame, limit: usize) -> Option<Arc<Exports>> {
        let exports = match &frame.body {
            Body::Foreign => {
                *self = Self::default();
                return None;
            }
            Body::Whole(exports) => {
                if frame.head.offer {
                    self.bases.clear();
                }
                exports.clone()
            }
            Body::Changes(changes) => {
                let made = self.used(changes.base()).and_then(|base| changes.apply(&base.exports));
                let Some(made) = made else {
                    self.lacks = Some(changes.base());
                    return None;
                };
                if frame.head.offer {
                    self.bases.truncate(1);
                }
                Arc::new(made)
            }
        };
        self.lacks = None;
        if frame.head.offer && wire::size(&exports) <= limit {
            let base = Base { round: frame.head.round, exports: exports.clone() };
            self.bases.push((base, Use::Offered));
        }
        Some(exports)
    }

    /// A base that the neighbour uses: it will use no older one.
    fn used(&mut self, round: u64) -> Option<&Base> {
        self.bases.retain(|(base, _)| base.round >= round);
        let (base, known) = self.bases.first_mut().filter(|(base, _)| base.round == round)?;
        *known = Use::Known;
        Some(base)
    }

    /// What the neighbour, in its incarnation, should be told.
    pub(crate) fn notes(&self, neighbor: &NodeId, incarnation: u64) -> impl Iterator<Item = u32> {
        let unknown = self.bases.iter().filter(|(_, known)| *known == Use::Offered);
        let holds = unknown.map(|(base, _)| (Note::Holds, base.round));
        let lacks = self.lacks.map(|round| (Note::Lacks, round));
        holds.chain(lacks).map(move |(note, round)| note.about(neighbor, incarnation, round))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::shape;
    use fieldrun_lang::{Micros, Value};

    /// A neighbour cannot make a device hold ever more by offering changes to changes.
    #[test]
    fn no_base_is_kept_beyond_the_limit_of_a_frame() {
        let program = fieldrun_stdlib::load_text("test.pt", "nbr(1) nbr(2) 3", &[]);
        let program = program.expect("it loads").program;
        let exports = |letters: usize| {
            let values = vec![Value::text(&"a".repeat(200)), Value::text(&"b".repeat(letters))];
            let parts = Exports::from_parts(program.layout(), vec![1], values, Vec::new());
            Arc::new(parts.expect("two slots"))
        };
        let id = NodeId::Int(1);
        let frame = |round, body| {
            let head = Head {
                from: id.clone(),
                incarnation: 1,
                round,
                period: Micros(1),
                shape: shape(&program),
                status: Vec::new(),
                offer: true,
                notes: Vec::new(),
            };
            Frame { head, body }
        };
        let (small, large) = (exports(10), exports(300));
        let changes = Changes::between(1, &small, &large).expect("the same paths");
        for (limit, kept) in [(600, 1), (400, 0)] {
            let mut held = Held::default();
            held.take(&frame(1, Body::Whole(small.clone())), limit).expect("a whole frame");
            assert_eq!(held.notes(&id, 1).count(), 1, "an offer is noted");
            let taken = held.take(&frame(2, Body::Changes(changes.clone())), limit);
            assert_eq!(taken.as_ref(), Some(&large), "the values are good");
            assert_eq!(held.notes(&id, 1).count(), kept);
        }
    }
}
