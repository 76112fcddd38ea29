//! What devices of a crowd know by themselves, keep and send.

use super::arena::Lanes;
use super::operands::{Cell, Part, Shape};
use super::run::Reach;
use super::{Bulk, Crowd, Parted};
use crate::eval::FREE_WEIGHT;
use crate::value::Value;
use crate::vm::code::{Own, Reg};
use std::sync::Arc;

impl Bulk {
    /// What the environment of each holds under a name that is the same for all.
    pub(super) fn environment(
        &mut self,
        to: Reg,
        name: &str,
        key: Reg,
        default: Option<Reg>,
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        let Cell::Same(Value::Text(key)) = self.cell(key).clone() else { return Err(Parted) };
        let default = match default.map(|default| self.cell(default)) {
            None => Value::Null,
            Some(Cell::Same(value)) => value.clone(),
            Some(_) => return Err(Parted),
        };
        let look = |environment: &crate::eval::Environment| match name {
            "has" => Value::Bool(environment.contains_key(&key)),
            _ => environment.get(&key).unwrap_or(&default).clone(),
        };
        let mut all = crowd.each(crowd.environments);
        let Some(first) = all.next() else { return Err(Parted) };
        let value = look(first);
        // What is large is paid for: not here.
        if value.weight(usize::MAX) > FREE_WEIGHT {
            return Err(Parted);
        }
        let others = || crowd.each(crowd.environments).filter(|other| !Arc::ptr_eq(first, other));
        // Most read the same; then no column is needed.
        let mut one = true;
        for other in others() {
            one &= same_simple(&look(other), &value);
        }
        let cell = match (one, &value) {
            (true, Value::List(_)) => return Err(Parted),
            (true, _) if others().next().is_none() || is_simple(&value) => Cell::Same(value),
            _ => {
                let lanes = self.repeated(&value, crowd.len())?;
                self.fill_by(lanes, crowd, look)?;
                Cell::Local(lanes)
            }
        };
        self.put(to, cell);
        Ok(())
    }

    pub(super) fn own(
        &mut self,
        what: Own,
        to: Reg,
        reach: &mut Reach<'_, '_>,
    ) -> Result<(), Parted> {
        let (crowd, len) = (reach.crowd, reach.crowd.len());
        let lanes = match what {
            Own::Device => Lanes::Devices,
            Own::Uid => Lanes::Uids,
            Own::Time => Lanes::Numbers(self.arena.numbers.copied(crowd.now)),
            Own::DeltaTime => Lanes::Numbers(self.arena.numbers.copied(crowd.delta)),
            Own::Random => {
                let start = self.arena.numbers.filled(0.0, len);
                let active = self.active.map(|active| self.arena.bools.at(active, len));
                let numbers = self.arena.numbers.at_mut(start, len).iter_mut();
                for (device, (x, state)) in numbers.zip(&mut reach.left.random).enumerate() {
                    if active.is_none_or(|active| active.get(device) == Some(&true)) {
                        *x = crate::eval::draw(state);
                    }
                }
                Lanes::Numbers(start)
            }
            Own::Coordinates => {
                let mut parts = [Lanes::Lengths; 3];
                let parts = parts.get_mut(..crowd.dimension).ok_or(Parted)?;
                for (axis, part) in parts.iter_mut().enumerate() {
                    *part = Lanes::Numbers(self.axis(axis, crowd));
                }
                self.tuple_of(parts)
            }
        };
        self.put(to, Cell::Local(lanes));
        Ok(())
    }

    pub(super) fn axis(&mut self, axis: usize, crowd: &Crowd<'_>) -> usize {
        let start = self.arena.numbers.make(crowd.len());
        let to = self.arena.numbers.at_mut(start, crowd.len());
        for (to, place) in to.iter_mut().zip(crowd.each(crowd.places)) {
            *to = place.get(axis).copied().unwrap_or_default();
        }
        start
    }

    /// What each kept, or the initial value.
    pub(super) fn recall(
        &mut self,
        to: Reg,
        state: u16,
        init: Reg,
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        let kept = crowd.states.get(usize::from(state)).ok_or(Parted)?;
        let len = crowd.len();
        let here = kept.here.get(..len).ok_or(Parted)?;
        let active = self.active.map(|active| self.arena.bools.at(active, len));
        let runs = |device: &usize| active.is_none_or(|active| active.get(*device) == Some(&true));
        let (mut all, mut none) = (true, true);
        match active {
            None => {
                all = !here.contains(&false);
                none = !all && !here.contains(&true);
            }
            Some(_) => {
                for device in (0..len).filter(runs) {
                    let here = here.get(device) == Some(&true);
                    (all, none) = (all && here, none && !here);
                }
            }
        }
        let cell = if all {
            Cell::Local(self.load(&kept.cells, len)?)
        } else if none {
            match self.cell(init) {
                Cell::Field(_) => return Err(Parted),
                cell => cell.clone(),
            }
        } else {
            let pick = self.arena.bools.copied(here);
            let held = self.load(&kept.cells, len)?;
            let sides = (Part::Lanes(held), Part::Lanes(self.local(init, crowd)?));
            Cell::Local(self.choose(pick, Shape::Devices, &sides, crowd)?)
        };
        self.put(to, cell);
        Ok(())
    }

    pub(super) fn keep(
        &mut self,
        state: u16,
        from: Reg,
        reach: &mut Reach<'_, '_>,
    ) -> Result<(), Parted> {
        let (crowd, capacity) = (reach.crowd, reach.left.capacity);
        let kept = reach.left.states.get_mut(usize::from(state)).ok_or(Parted)?;
        self.store(self.cell(from), &mut kept.cells, capacity, crowd)?;
        let here = kept.here.get_mut(..crowd.len()).ok_or(Parted)?;
        match self.active {
            None => here.fill(true),
            Some(active) => here.copy_from_slice(self.arena.bools.at(active, crowd.len())),
        }
        Ok(())
    }

    pub(super) fn export(
        &mut self,
        slot: u16,
        from: Reg,
        reach: &mut Reach<'_, '_>,
    ) -> Result<(), Parted> {
        let slot = reach.code.slots.get(usize::from(slot)).ok_or(Parted)?;
        let capacity = reach.left.capacity;
        let cells = reach.left.exports.get_mut(slot.carried as usize).ok_or(Parted)?;
        self.store(self.cell(from), cells, capacity, reach.crowd)
    }
}

fn is_simple(value: &Value) -> bool {
    !matches!(value, Value::List(_) | Value::Function(_) | Value::Field(_))
}

/// Whether two values are the same, as far as that is seen at a glance.
fn same_simple(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.to_bits() == b.to_bits(),
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}
