//! The loop over the instructions.

use super::arena::{Lanes, Remote};
use super::cells::SPLIT_LEN;
use super::hoods::{Hood, ranges};
use super::operands::{Cell, Field, Part, Shape, gather};
use super::{Bulk, Cells, Crowd, CrowdLeft, Frame, Parted};
use crate::eval::FREE_WEIGHT;
use crate::program::Program;
use crate::value::Value;
use crate::vm::code::{CallSite, Called, Code, Op, Own, Reg, Sensor};
use std::ops::Range;
use std::sync::Arc;

/// What an instruction may reach besides the registers.
struct Reach<'r, 'a> {
    code: &'a Code,
    crowd: &'a Crowd<'a>,
    left: &'r mut CrowdLeft,
}

impl Bulk {
    /// Runs a round of each device of a crowd; what they leave is complete if that succeeds.
    ///
    /// # Errors
    /// They cannot run together.
    pub fn round(
        &mut self,
        program: &Program,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        let code = program.code.as_ref().ok_or(Parted)?;
        if code.deepest >= crowd.limits.depth || crowd.words(program) != left.words {
            return Err(Parted);
        }
        if !self.loaded.as_ref().is_some_and(|loaded| Arc::ptr_eq(loaded, code)) {
            self.load_code(code);
        }
        self.run += 1;
        self.arena.clear();
        self.frames.clear();
        self.active = None;
        self.masks.clear();
        self.masks.resize(program.layout.regions().len(), None);
        let degrees = crowd.starts.windows(2).map(|pair| match pair {
            [start, end] => (end - start) as usize,
            _ => 0,
        });
        self.degree = degrees.max().unwrap_or(0);
        self.words = left.words;
        left.begin(crowd);
        let result = self.steps(&mut Reach { code, crowd, left })?;
        if left.steps.iter().take(crowd.len()).any(|steps| *steps > crowd.limits.fuel) {
            return Err(Parted);
        }
        let mut value = std::mem::take(&mut left.value);
        let stored = self.store(self.cell(result), &mut value, left.capacity, crowd);
        left.value = value;
        stored
    }

    fn load_code(&mut self, code: &Arc<Code>) {
        self.cells.clear();
        self.cells.resize(code.registers, (Cell::Same(Value::Null), 0));
        for (reg, value) in &code.constants {
            if let Some(cell) = self.cells.get_mut(usize::from(*reg)) {
                *cell = (Cell::Same(value.clone()), 0);
            }
        }
        self.loaded = Some(code.clone());
    }

    /// The register of the result.
    fn steps(&mut self, reach: &mut Reach<'_, '_>) -> Result<Reg, Parted> {
        let (code, crowd) = (reach.code, reach.crowd);
        let operands = |first: u32, len: usize| {
            let first = first as usize;
            code.operands.get(first..first + len).ok_or(Parted)
        };
        let call = |site: u16| {
            let site = code.calls.get(usize::from(site)).ok_or(Parted)?;
            Ok((site, operands(site.first, usize::from(site.len))?))
        };
        let mut next = 0;
        loop {
            self.leave(next);
            let op = code.ops.get(next).ok_or(Parted)?;
            next += 1;
            match *op {
                Op::Enter(region) => self.enter(region, reach)?,
                Op::Jump(to) => next = self.jump(next, to as usize),
                Op::JumpUnless { condition, to } => {
                    if self.branch(condition, to as usize, crowd)? {
                        next = to as usize;
                    }
                }
                Op::Move { to, from } => self.assign(to, from, crowd)?,
                Op::Unary { op, to, a } => self.unary(op, to, a, crowd)?,
                Op::Binary { op, to, a, b } => self.binary(op, to, (a, b), crowd)?,
                Op::Mux { to, condition, then, otherwise } => {
                    self.mux(to, [condition, then, otherwise], crowd)?;
                }
                Op::Tuple { to, first, len } => {
                    self.tuple(to, operands(first, usize::from(len))?, crowd)?;
                    if self.is_field(to) {
                        self.pay_lanes(usize::from(len) + 1, crowd, reach.left)?;
                    }
                }
                Op::Get { to, tuple, index, .. } => self.get(to, tuple, index)?,
                Op::Native { to, site } => {
                    let (CallSite { what: Called::Native(native), .. }, operands) = call(site)?
                    else {
                        return Err(Parted);
                    };
                    self.native(to, native, operands, crowd)?;
                    self.pay_call(to, operands.len() as u64, crowd, reach.left)?;
                }
                Op::Method { to, site } => {
                    let (CallSite { what: Called::Method(name), .. }, [target]) = call(site)?
                    else {
                        return Err(Parted);
                    };
                    let cell = match (&**name, self.cell(*target)) {
                        ("getDeviceUID", Cell::Local(Lanes::Devices)) => Cell::Local(Lanes::Uids),
                        ("getId" | "getUID" | "getUid", Cell::Local(Lanes::Devices | Lanes::Uids)) => {
                            Cell::Local(self.ids(crowd)?)
                        }
                        _ => return Err(Parted),
                    };
                    self.put(to, cell);
                    self.pay_call(to, 1, crowd, reach.left)?;
                }
                Op::Environment { to, site } => {
                    let (CallSite { what: Called::Method(name), .. }, [key, default @ ..]) =
                        call(site)?
                    else {
                        return Err(Parted);
                    };
                    let default = match default {
                        [] => None,
                        [default] => Some(*default),
                        _ => return Err(Parted),
                    };
                    self.environment(to, name, *key, default, crowd)?;
                }
                Op::EnvOrAtom { to, name } => self.environment(to, "get", name, Some(name), crowd)?,
                Op::Own { what, to } => self.own(what, to, reach)?,
                Op::Recall { to, state, init } => self.recall(to, state, init, crowd)?,
                Op::Keep { state, from } => self.keep(state, from, reach)?,
                Op::Export { slot, from } => self.export(slot, from, reach)?,
                Op::Gather { to, slot, own } => self.gather(to, slot, own, reach)?,
                Op::Sense { sensor, to, slot } => self.sense(sensor, to, slot, reach)?,
                Op::Restrict { to, from, region } => {
                    let Cell::Field(field) = *self.cell(from) else { return Err(Parted) };
                    let here = self.region_mask(u32::from(region), crowd)?;
                    let mask = self.both(field.mask, here, crowd);
                    self.put(to, Cell::Field(Field { mask, ..field }));
                }
                Op::Hood { op, plus_self, to, from } => {
                    self.hood(Hood { op, plus_self }, to, from, crowd, reach.left)?;
                }
                Op::HoodBinary { hood, plus_self, op, to, a, b } => {
                    let hood = Hood { op: hood, plus_self };
                    self.hood_binary(hood, op, to, (a, b), crowd, reach.left)?;
                }
                Op::HoodChoice { hood, plus_self, test, to, first } => {
                    let hood = Hood { op: hood, plus_self };
                    self.hood_choice(hood, test, to, operands(first, 5)?, crowd, reach.left)?;
                }
                Op::NotNull(reg) => {
                    if matches!(self.cell(reg), Cell::Same(Value::Null)) {
                        return Err(Parted);
                    }
                }
                Op::NoField(reg) => {
                    if self.is_field(reg) {
                        return Err(Parted);
                    }
                }
                Op::End(reg) => return Ok(reg),
                Op::Fail
                | Op::Act { .. }
                | Op::Read { .. }
                | Op::FoldWith { .. }
                | Op::Close { .. }
                | Op::Walk { .. } => return Err(Parted),
            }
        }
    }

    /// Ends the branches that are over here.
    fn leave(&mut self, next: usize) {
        while let Some(Frame { outer, other: None, end }) = self.frames.last()
            && *end == next
        {
            self.active = *outer;
            self.frames.pop();
        }
    }

    /// A branch is over: where those go on that took it, or those that took the other one begin.
    fn jump(&mut self, next: usize, to: usize) -> usize {
        if let Some(frame) = self.frames.last_mut()
            && let Some((others, start)) = frame.other
            && start == next
        {
            self.active = Some(others);
            frame.other = None;
            frame.end = to;
            return next;
        }
        to
    }

    /// Whether everybody goes to the other branch; those who do so alone begin it later.
    fn branch(&mut self, condition: Reg, to: usize, crowd: &Crowd<'_>) -> Result<bool, Parted> {
        let len = crowd.len();
        let condition = match self.cell(condition) {
            Cell::Same(Value::Bool(b)) => return Ok(!b),
            Cell::Local(Lanes::Bools(at)) => *at,
            _ => return Err(Parted),
        };
        let bools = &mut self.arena.bools;
        let all = bools.filled(true, len);
        let active = self.active.unwrap_or(all);
        use super::arena::Side::Each;
        let then = bools.combined((Each(active), Each(condition)), len, |a, c| a && c);
        let others = bools.combined((Each(active), Each(condition)), len, |a, c| a && !c);
        if !bools.at(others, len).contains(&true) {
            return Ok(false);
        }
        if !bools.at(then, len).contains(&true) {
            return Ok(true);
        }
        let frame = Frame { outer: self.active, other: Some((others, to)), end: usize::MAX };
        self.frames.push(frame);
        self.active = Some(then);
        Ok(false)
    }

    /// Where only some run, the others keep what they have.
    fn assign(&mut self, to: Reg, from: Reg, crowd: &Crowd<'_>) -> Result<(), Parted> {
        let cell = match self.active {
            Some(active) if self.is_written(to) => {
                let new = Part::Lanes(self.local(from, crowd)?);
                let old = Part::Lanes(self.local(to, crowd)?);
                Cell::Local(self.choose(active, Shape::Devices, &(new, old), crowd)?)
            }
            _ => self.cell(from).clone(),
        };
        self.put(to, cell);
        Ok(())
    }

    /// A region begins: its fuel is spent.
    fn enter(&mut self, region: u16, reach: &mut Reach<'_, '_>) -> Result<(), Parted> {
        let Reach { code, crowd, left } = reach;
        let known = code.regions.get(usize::from(region)).ok_or(Parted)?;
        let len = crowd.len();
        // As in the machine: with many neighbours each lane is paid for.
        if self.degree + 2 > FREE_WEIGHT / 2 {
            self.spend(crowd, left, |links| match links.len() + 2 {
                lanes if lanes > FREE_WEIGHT / 2 => known.fuel * lanes as u64,
                _ => known.fuel,
            });
        } else {
            self.spend(crowd, left, |_| known.fuel);
        }
        let active = self.active.map(|active| self.arena.bools.at(active, len));
        let runs = |device: usize| active.is_none_or(|active| active.get(device) == Some(&true));
        if let (Some(region), true) = (known.in_layout, left.words > 0) {
            let (word, bit) = (region as usize / 64, 1u64 << (region % 64));
            let words = left.regions.chunks_mut(left.words).take(len);
            for (_, words) in words.enumerate().filter(|(device, _)| runs(*device)) {
                if let Some(word) = words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        Ok(())
    }

    /// What it costs to walk over the lanes of a field, so many values in each.
    pub(super) fn pay_lanes(
        &mut self,
        values: usize,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        if (self.degree + 1) * values >= crowd.limits.items {
            return Err(Parted);
        }
        if (self.degree + 1) * values >= FREE_WEIGHT {
            self.spend(crowd, left, |links| {
                let cells = (links.len() + 1) * values;
                if cells + 1 > FREE_WEIGHT { cells as u64 + 1 } else { 0 }
            });
        }
        Ok(())
    }

    /// What a call with so many arguments costs that gave what is in a register.
    fn pay_call(
        &mut self,
        to: Reg,
        args: u64,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        match *self.cell(to) {
            Cell::Field(Field { mask, .. }) => {
                let mask = mask.map(|mask| self.arena.bools.at(mask, crowd.links()));
                self.spend(crowd, left, |links| match mask {
                    None => (links.len() as u64 + 1) * args,
                    Some(mask) => {
                        let counted = mask.get(links).unwrap_or_default();
                        (counted.iter().filter(|counts| **counts).count() as u64 + 1) * args
                    }
                });
                self.pay_lanes(1, crowd, left)
            }
            _ => {
                self.spend(crowd, left, |_| args);
                Ok(())
            }
        }
    }

    /// Takes steps of those that run here, by their links.
    fn spend(
        &self,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
        price: impl Fn(Range<usize>) -> u64,
    ) {
        let active = self.active.map(|active| self.arena.bools.at(active, crowd.len()));
        let runs = |device: usize| active.is_none_or(|active| active.get(device) == Some(&true));
        for ((device, steps), links) in left.steps.iter_mut().enumerate().zip(ranges(crowd)) {
            if runs(device) {
                *steps += price(links);
            }
        }
    }

    /// What the environment of each holds under a name that is the same for all.
    fn environment(
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

    fn own(&mut self, what: Own, to: Reg, reach: &mut Reach<'_, '_>) -> Result<(), Parted> {
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

    fn axis(&mut self, axis: usize, crowd: &Crowd<'_>) -> usize {
        let start = self.arena.numbers.make(crowd.len());
        let to = self.arena.numbers.at_mut(start, crowd.len());
        for (to, place) in to.iter_mut().zip(crowd.each(crowd.places)) {
            *to = place.get(axis).copied().unwrap_or_default();
        }
        start
    }

    /// What each kept, or the initial value.
    fn recall(
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

    fn keep(&mut self, state: u16, from: Reg, reach: &mut Reach<'_, '_>) -> Result<(), Parted> {
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

    fn export(&mut self, slot: u16, from: Reg, reach: &mut Reach<'_, '_>) -> Result<(), Parted> {
        let slot = reach.code.slots.get(usize::from(slot)).ok_or(Parted)?;
        let capacity = reach.left.capacity;
        let cells = reach.left.exports.get_mut(slot.carried as usize).ok_or(Parted)?;
        self.store(self.cell(from), cells, capacity, reach.crowd)
    }

    /// The links to neighbours that ran a region of the layout.
    fn region_mask(&mut self, region: u32, crowd: &Crowd<'_>) -> Result<Option<usize>, Parted> {
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

    fn both(&mut self, a: Option<usize>, b: Option<usize>, crowd: &Crowd<'_>) -> Option<usize> {
        match (a, b) {
            (None, mask) | (mask, None) => mask,
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(a), Some(b)) => {
                use super::arena::Side::Each;
                let bools = &mut self.arena.bools;
                Some(bools.combined((Each(a), Each(b)), crowd.links(), |a, b| a && b))
            }
        }
    }

    /// The neighbours' values in a slot, with one's own.
    fn gather(
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
            (Lanes::Tuple { first, len }, Cells::Empty) => {
                self.each_element((first, len), |bulk, _, own| {
                    bulk.remote(own, &Cells::Empty, remote, crowd)
                })?
            }
            _ => return Err(Parted),
        })
    }

    fn sense(
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
        use super::arena::Side::Each;
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
