//! Between the columns of a crowd and the memory of a single device.

use super::arena::Lanes;
use super::{Bulk, Crowd, CrowdLeft, Kept, Parted};
use crate::eval::Environment;
use crate::layout::State;
use crate::program::Program;
use crate::value::Value;
use crate::vm::Memory;

impl CrowdLeft {
    /// Forgets the round before.
    pub(super) fn begin(&mut self, crowd: &Crowd<'_>) {
        self.clear();
        if crowd.draws {
            for (to, random) in self.random.iter_mut().zip(crowd.each(crowd.random)) {
                *to = *random;
            }
        }
    }

    /// Makes room for rounds that run one by one.
    pub fn forget(&mut self) {
        self.clear();
        self.placed.fill(false);
    }

    fn clear(&mut self) {
        self.steps.fill(0);
        self.regions.fill(0);
        self.resting.fill(false);
        self.states.iter_mut().for_each(|kept| kept.here.fill(false));
    }

    /// Exports where devices are. They do not move: what was written once still holds.
    pub(super) fn export_places(
        &mut self,
        carried: usize,
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        let capacity = self.capacity;
        let placed = self.placed.get_mut(carried).ok_or(Parted)?;
        if crowd.settled && std::mem::replace(placed, true) {
            *self.resting.get_mut(carried).ok_or(Parted)? = true;
            return Ok(());
        }
        let cells = self.exports.get_mut(carried).ok_or(Parted)?;
        for (axis, element) in cells.as_tuples(crowd.dimension).iter_mut().enumerate() {
            let places = crowd.each(crowd.places);
            for (to, place) in element.as_numbers(capacity).iter_mut().zip(places) {
                *to = place.get(axis).copied().unwrap_or_default();
            }
        }
        Ok(())
    }

    /// Takes over what a round of the device at a place left in its memory.
    pub fn save(&mut self, place: usize, memory: &Memory, value: &Value, steps: u64) {
        let capacity = self.capacity;
        for (kept, value) in self.states.iter_mut().zip(memory.state().slots()) {
            let here = !matches!(value, Value::Null);
            if let Some(held) = kept.here.get_mut(place) {
                *held = here;
            }
            if here {
                kept.cells.put(place, value, capacity);
            }
        }
        let exports = memory.exports();
        for (cells, value) in self.exports.iter_mut().zip(exports.values()) {
            if !matches!(value, Value::Null) {
                cells.put(place, value, capacity);
            }
        }
        let words = place * self.words..(place + 1) * self.words;
        if let Some(words) = self.regions.get_mut(words)
            && exports.regions().len() == self.words
        {
            words.copy_from_slice(exports.regions());
        }
        self.value.put(place, value, capacity);
        if let (Some(held), Some(random)) = (self.steps.get_mut(place), self.random.get_mut(place))
        {
            (*held, *random) = (steps, memory.random);
        }
    }

    /// Takes over the value of a device from a place of other rounds.
    pub fn take_value(&mut self, to: usize, from: &Self, place: usize) {
        self.value.copy_one(to, &from.value, place, self.capacity);
    }

    /// Leaves a device as it was: its round failed.
    pub fn keep_as_was(&mut self, place: usize, states: &[Kept], random: u64) {
        for (kept, before) in self.states.iter_mut().zip(states) {
            kept.copy_one(place, before, place);
        }
        if let Some(held) = self.random.get_mut(place) {
            *held = random;
        }
    }
}

impl Memory {
    /// The memory of the device at a place of a crowd; its environment stays as it is here.
    pub fn load(&mut self, program: &Program, states: &[Kept], place: usize, random: u64) {
        let layout = program.layout();
        if !self.last.state.follows(layout) {
            self.last.state = State::empty(layout);
        }
        self.last.state.forget_extra();
        self.random = random;
        for (slot, kept) in (0..).zip(states) {
            let Some(held) = self.last.state.slot_mut(slot) else { continue };
            *held = match kept.here.get(place) {
                Some(true) => kept.cells.value(place),
                _ => Value::Null,
            };
        }
    }

    /// Whether all that the last successful round left stands in slots of the program.
    pub fn is_plain(&self, program: &Program) -> bool {
        let layout = program.layout();
        let Self { last, .. } = self;
        last.state.follows(layout)
            && last.state.is_in_slots()
            && last.exports.follows(layout)
            && last.exports.extra().is_empty()
    }

    /// Takes the state out, to be kept elsewhere.
    pub fn take_state(&mut self) -> State {
        std::mem::take(&mut self.last.state)
    }

    /// Puts a state back.
    pub fn put_state(&mut self, state: State) {
        self.last.state = state;
    }
}

impl Bulk {
    /// Fills columns with what environments hold.
    pub(super) fn fill_by(
        &mut self,
        lanes: Lanes,
        crowd: &Crowd<'_>,
        look: impl Fn(&Environment) -> Value,
    ) -> Result<(), Parted> {
        for (device, environment) in crowd.each(crowd.environments).enumerate() {
            self.fill_one(lanes, device, &look(environment))?;
        }
        Ok(())
    }

    fn fill_one(&mut self, lanes: Lanes, device: usize, value: &Value) -> Result<(), Parted> {
        let arena = &mut self.arena;
        match (lanes, value) {
            (Lanes::Numbers(at), Value::Number(x)) => arena.numbers.at_mut(at + device, 1).fill(*x),
            (Lanes::Ints(at), Value::Int(int)) => arena.ints.at_mut(at + device, 1).fill(*int),
            (Lanes::Bools(at), Value::Bool(b)) => arena.bools.at_mut(at + device, 1).fill(*b),
            (Lanes::Tuple { first, len }, Value::Tuple(items)) if items.len() == len => {
                for (index, item) in items.iter().enumerate() {
                    let element = self.arena.element(first, index).ok_or(Parted)?;
                    self.fill_one(element, device, item)?;
                }
            }
            _ => return Err(Parted),
        }
        Ok(())
    }
}
