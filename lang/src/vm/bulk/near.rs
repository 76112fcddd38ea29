//! What devices of a crowd hear and sense of their neighbours.

use super::arena::Side::Each;
use super::arena::{Lanes, Remote};
use super::cells::SPLIT_LEN;
use super::operands::{Cell, Field, Shape, gather};
use super::run::Reach;
use super::{Bulk, Cells, Crowd, Parted};
use crate::vm::code::{Reg, Sensor};

impl Bulk {
    /// The links to neighbours that ran a region of the layout.
    pub(super) fn region_mask(
        &mut self,
        region: u32,
        crowd: &Crowd<'_>,
    ) -> Result<Option<usize>, Parted> {
        // Everybody ran the whole program.
        if region == 0 {
            return Ok(None);
        }
        let known = self.masks.get_mut(region as usize).ok_or(Parted)?;
        if known.is_none() {
            let words = self.words;
            let (word, bit) = (region as usize / 64, region % 64);
            let start = self.arena.bools.make(crowd.links());
            let to = self.arena.bools.at_mut(start, crowd.links());
            for (to, other) in to.iter_mut().zip(crowd.others) {
                let held = crowd.regions.get(*other as usize * words + word);
                *to = held.is_some_and(|held| held >> bit & 1 == 1);
            }
            *known = Some(start);
        }
        Ok(*known)
    }

    pub(super) fn both(
        &mut self,
        a: Option<usize>,
        b: Option<usize>,
        crowd: &Crowd<'_>,
    ) -> Option<usize> {
        match (a, b) {
            (None, mask) | (mask, None) => mask,
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(a), Some(b)) => {
                let bools = &mut self.arena.bools;
                Some(bools.combined((Each(a), Each(b)), crowd.links(), |a, b| a && b))
            }
        }
    }

    /// The neighbours' values in a slot, with one's own.
    pub(super) fn gather(
        &mut self,
        to: Reg,
        slot: u16,
        own: Reg,
        reach: &mut Reach<'_, '_>,
    ) -> Result<(), Parted> {
        let (crowd, slot) = (reach.crowd, *reach.code.slots.get(usize::from(slot)).ok_or(Parted)?);
        let mask = self.region_mask(slot.region, crowd)?;
        let own = self.local(own, crowd)?;
        let carried = slot.carried as usize;
        let links = match (own, crowd.exports.get(carried).ok_or(Parted)?) {
            (Lanes::Tuple { first, len }, Cells::Tuples(elements)) if len == elements.len() => self
                .each_element((first, len), |bulk, index, own| {
                    let remote = Remote { slot: carried, element: Some((index, len)) };
                    bulk.remote(own, elements.get(index).ok_or(Parted)?, remote, crowd)
                })?,
            (own, cells) => {
                self.remote(own, cells, Remote { slot: carried, element: None }, crowd)?
            }
        };
        self.put(to, Cell::Field(Field { links, own, mask }));
        Ok(())
    }

    fn remote(
        &mut self,
        own: Lanes,
        cells: &Cells,
        remote: Remote,
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let (arena, links) = (&mut self.arena, crowd.links());
        Ok(match (own, cells) {
            (Lanes::Numbers(_), Cells::Numbers(_)) => Lanes::Remote(remote),
            (Lanes::Ints(_), Cells::Ints(ints)) => {
                let start = arena.ints.make(links);
                gather(ints, crowd.others, arena.ints.at_mut(start, links));
                Lanes::Ints(start)
            }
            (Lanes::Bools(_), Cells::Bools(bools)) => {
                let start = arena.bools.make(links);
                gather(bools, crowd.others, arena.bools.at_mut(start, links));
                Lanes::Bools(start)
            }
            // Nobody has ever exported here: whatever stands in the lanes does not count.
            (Lanes::Numbers(_), Cells::Empty) => Lanes::Numbers(arena.numbers.filled(0.0, links)),
            (Lanes::Ints(_), Cells::Empty) => Lanes::Ints(arena.ints.filled(0, links)),
            (Lanes::Bools(_), Cells::Empty) => Lanes::Bools(arena.bools.filled(false, links)),
            (Lanes::Tuple { first, len }, Cells::Empty) => self
                .each_element((first, len), |bulk, _, own| {
                    bulk.remote(own, &Cells::Empty, remote, crowd)
                })?,
            _ => return Err(Parted),
        })
    }

    pub(super) fn sense(
        &mut self,
        sensor: Sensor,
        to: Reg,
        slot: u16,
        reach: &mut Reach<'_, '_>,
    ) -> Result<(), Parted> {
        let (crowd, len) = (reach.crowd, reach.crowd.len());
        if let Sensor::Lag | Sensor::Delay = sensor {
            let mask = self.region_mask(u32::from(slot), crowd)?;
            let start = self.arena.numbers.filled(crowd.period, crowd.links());
            if sensor == Sensor::Lag {
                let ages = self.arena.numbers.at_mut(start, crowd.links());
                lags(crowd, ages);
            }
            let own = Lanes::Numbers(self.arena.numbers.copied(crowd.delta));
            self.put(to, Cell::Field(Field { links: Lanes::Numbers(start), own, mask }));
            return Ok(());
        }
        let slot = *reach.code.slots.get(usize::from(slot)).ok_or(Parted)?;
        let carried = slot.carried as usize;
        reach.left.export_places(carried, crowd)?;
        let mask = self.region_mask(slot.region, crowd)?;
        let zeros = Lanes::Numbers(self.arena.numbers.filled(0.0, len));
        let field = match sensor {
            Sensor::Range => Field { links: Lanes::Lengths, own: zeros, mask },
            _ => {
                let dimension = crowd.dimension;
                let mut parts = [Lanes::Lengths; SPLIT_LEN];
                let parts = parts.get_mut(..dimension).ok_or(Parted)?;
                for (axis, part) in parts.iter_mut().enumerate() {
                    *part = self.difference(carried, axis, crowd)?;
                }
                let links = self.tuple_of(parts);
                let zeros = [zeros; 3];
                let own = self.tuple_of(zeros.get(..dimension).ok_or(Parted)?);
                Field { links, own, mask }
            }
        };
        self.put(to, Cell::Field(field));
        Ok(())
    }

    /// How far along an axis the neighbours are.
    fn difference(
        &mut self,
        carried: usize,
        axis: usize,
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let links = crowd.links();
        let own = self.axis(axis, crowd);
        let own = self.arena.numbers.spread(own, crowd.starts, links);
        if links == 0 {
            return Ok(Lanes::Numbers(own));
        }
        let remote = Remote { slot: carried, element: Some((axis, crowd.dimension)) };
        let there = self.doubles(Lanes::Remote(remote), Shape::Links, crowd)?;
        let sides = (Each(there), Each(own));
        Ok(Lanes::Numbers(self.arena.numbers.combined(sides, links, |there, own| there - own)))
    }
}

/// How long ago each neighbour sent.
fn lags(crowd: &Crowd<'_>, ages: &mut [f64]) {
    let sent = |other: u32| crowd.sent.get(other as usize).copied().unwrap_or_default();
    let first = crowd.first();
    for (pair, now) in crowd.starts.windows(2).zip(crowd.clock) {
        let [start, end] = pair else { break };
        let range = *start as usize - first..*end as usize - first;
        let others = crowd.others.get(range.clone()).unwrap_or_default();
        for (age, other) in ages.get_mut(range).unwrap_or_default().iter_mut().zip(others) {
            *age = crate::Micros(*now).since(crate::Micros(sent(*other))).seconds();
        }
    }
}
