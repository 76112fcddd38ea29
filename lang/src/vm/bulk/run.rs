//! The loop over the instructions.

use super::arena::Lanes;
use super::arena::Side::Each;
use super::hoods::Hood;
use super::operands::{Cell, Field, Part, Shape};
use super::{Bulk, Crowd, CrowdLeft, Frame, Parted};
use crate::eval::FREE_WEIGHT;
use crate::program::Program;
use crate::value::Value;
use crate::vm::code::{CallSite, Called, Code, Op, Reg};
use std::sync::Arc;

/// What an instruction may reach besides the registers.
pub(super) struct Reach<'r, 'a> {
    pub(super) code: &'a Code,
    pub(super) crowd: &'a Crowd<'a>,
    pub(super) left: &'r mut CrowdLeft,
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
                        (
                            "getId" | "getUID" | "getUid",
                            Cell::Local(Lanes::Devices | Lanes::Uids),
                        ) => Cell::Local(self.ids(crowd)?),
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
                Op::EnvOrAtom { to, name } => {
                    self.environment(to, "get", name, Some(name), crowd)?
                }
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
}
