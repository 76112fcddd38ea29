//! The loop over the instructions.

use super::bridge::Bridge;
use super::{Cell, Machine, Stuck};
use crate::eval::{Effects, RoundInput};
use crate::layout::{Exports, State};
use crate::neighbors::NeighborSource;
use crate::program::Program;
use crate::syntax::ast::BinaryOp;
use crate::value::Value;
use crate::vm::code::{Code, Op, Own, Reg};

/// What an instruction may reach besides the registers.
pub(super) struct Reach<'r, 'a, S> {
    pub(super) code: &'a Code,
    pub(super) input: &'a RoundInput<'a>,
    pub(super) source: &'a S,
    pub(super) effects: &'r mut Effects,
    pub(super) bridge: Bridge<'a>,
    pub(super) exports: &'r mut Exports,
    pub(super) state: &'r mut State,
}

impl Machine {
    /// Runs the code; exports and state are complete if it succeeds.
    pub(super) fn run<'a, S: NeighborSource>(
        &mut self,
        program: &'a Program,
        code: &'a Code,
        input: &'a RoundInput<'a>,
        source: &'a S,
        (exports, state): (&mut Exports, &mut State),
        effects: &mut Effects,
    ) -> Result<Value, Stuck> {
        self.columns.reset(source.len());
        self.regions.clear();
        self.regions.resize(program.layout.regions().len(), None);
        self.ran.clear();
        self.ran.resize(code.regions.len(), false);
        exports.forget_regions();
        state.forget_extra();
        let bridge = Bridge::new(program, input);
        let mut reach = Reach { code, input, source, effects, bridge, exports, state };
        let result = self.steps(&mut reach)?;
        let value = self.result(result, &reach)?;
        self.clear_unvisited(&mut reach);
        let Reach { bridge, exports, state, .. } = reach;
        if let Some(mut left) = bridge.left() {
            exports.add_extra(&mut left.exported);
            state.add_extra(&mut left.kept);
            state.texts = left.texts;
        }
        Ok(value)
    }

    /// The register of the result.
    fn steps<S: NeighborSource>(&mut self, reach: &mut Reach<'_, '_, S>) -> Result<Reg, Stuck> {
        let code = reach.code;
        let mut next = 0;
        loop {
            let Some(op) = code.ops.get(next) else { return Err(Stuck) };
            next += 1;
            match *op {
                Op::Enter(region) => self.enter(region, reach)?,
                Op::Jump(to) => next = to as usize,
                Op::JumpUnless { condition, to } => match self.cell(condition) {
                    Cell::Value(Value::Bool(true)) => {}
                    Cell::Value(Value::Bool(false)) => next = to as usize,
                    _ => return Err(Stuck),
                },
                Op::Fail => return Err(Stuck),
                Op::Move { to, from } => {
                    let cell = self.cell(from).clone();
                    self.put(to, cell);
                }
                Op::Unary { op, to, a } => self.unary(op, to, a, reach)?,
                Op::Binary { op, to, a, b } => match (op, self.cell(a), self.cell(b)) {
                    (
                        BinaryOp::Plus,
                        Cell::Value(Value::Number(x)),
                        Cell::Value(Value::Number(y)),
                    ) => {
                        let sum = x + y;
                        self.put(to, Cell::Value(Value::Number(sum)));
                    }
                    _ => self.binary(op, to, a, b, reach)?,
                },
                Op::Mux { to, condition, then, otherwise } => {
                    self.mux(to, condition, then, otherwise, reach)?;
                }
                Op::Tuple { to, first, len } => self.tuple(to, first, len, reach)?,
                Op::Get { to, tuple, index, site } => self.get(to, tuple, index, site, reach)?,
                Op::Native { to, site } => self.native(to, site, reach)?,
                Op::Method { to, site } => self.method(to, site, reach)?,
                Op::Environment { to, site } => self.environment(to, site, reach)?,
                Op::EnvOrAtom { to, name } => self.env_or_atom(to, name, reach)?,
                Op::Act { to, site } => self.act(to, site, reach)?,
                Op::Own { what, to } => self.own(what, to, reach)?,
                Op::Recall { to, state, init } => self.recall(to, state, init, reach)?,
                Op::Keep { state, from } => {
                    let value = self.settled(from)?;
                    let slot = reach.state.slot_mut(u32::from(state)).ok_or(Stuck)?;
                    let old = std::mem::replace(slot, value);
                    self.reclaim(old);
                }
                Op::Export { slot, from } => {
                    let value = self.settled(from)?;
                    self.export(slot, value, reach)?;
                }
                Op::Gather { to, slot, own } => {
                    let column = self.gather(slot, own, reach)?;
                    self.put(to, Cell::Column(column));
                }
                Op::Sense { sensor, to, slot } => self.sense(sensor, to, slot, reach)?,
                Op::Restrict { to, from, region } => self.restrict(to, from, region, reach)?,
                Op::Read { to, from, path } => self.read(to, from, path, reach)?,
                Op::Hood { op, plus_self, to, from } => {
                    self.hood(op, plus_self, to, from, reach)?
                }
                Op::FoldWith { to, site } => self.fold_with(to, site, reach)?,
                Op::NotNull(reg) => {
                    if matches!(self.cell(reg), Cell::Value(Value::Null)) {
                        return Err(Stuck);
                    }
                }
                Op::NoField(reg) => match self.cell(reg) {
                    Cell::Value(value) if !value.hides_field() => {}
                    _ => return Err(Stuck),
                },
                Op::Close { to, site } => self.close(to, site, reach)?,
                Op::Walk { to, site } => self.walk(to, site, reach)?,
                Op::End(reg) => return Ok(reg),
            }
        }
    }

    fn enter<S>(&mut self, region: u16, reach: &mut Reach<'_, '_, S>) -> Result<(), Stuck> {
        let known = reach.code.regions.get(usize::from(region)).ok_or(Stuck)?;
        reach.effects.fuel = reach.effects.fuel.checked_sub(known.fuel).ok_or(Stuck)?;
        if let Some(ran) = self.ran.get_mut(usize::from(region)) {
            *ran = true;
        }
        if let Some(region) = known.in_layout {
            reach.exports.mark_ran(region);
        }
        Ok(())
    }

    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    #[inline]
    pub(super) fn cell(&self, reg: Reg) -> &Cell {
        &self.cells[usize::from(reg)]
    }

    /// Fills a register. A tuple that nobody else holds is kept for the next one.
    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    #[inline]
    pub(super) fn put(&mut self, reg: Reg, cell: Cell) {
        let old = std::mem::replace(&mut self.cells[usize::from(reg)], cell);
        if let Cell::Value(value @ Value::Tuple(_)) = old {
            self.reclaim(value);
        }
    }

    fn own<S>(&mut self, what: Own, to: Reg, reach: &mut Reach<'_, '_, S>) -> Result<(), Stuck> {
        let input = reach.input;
        let value = match what {
            Own::Device => Value::Device(input.id.clone()),
            Own::Uid => Value::Uid(input.id.clone()),
            Own::Time => Value::Number(input.now),
            Own::DeltaTime => Value::Number(input.delta),
            Own::Random => Value::Number(reach.effects.next_random()),
            Own::Coordinates => {
                let position = input.position.ok_or(Stuck)?;
                self.numbers_tuple(position)
            }
        };
        self.put(to, Cell::Value(value));
        Ok(())
    }

    /// What the round before kept, or the initial value; it may not be a field.
    fn recall<S>(
        &mut self,
        to: Reg,
        state: u16,
        init: Reg,
        reach: &Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let kept = reach.input.state.slots().get(usize::from(state));
        let cell = match kept {
            None | Some(Value::Null) => self.cell(init).clone(),
            Some(Value::Number(x)) => Cell::Value(Value::Number(*x)),
            Some(value) => Cell::Value(value.unshared()),
        };
        if matches!(cell, Cell::Column(_) | Cell::Value(Value::Field(_))) {
            return Err(Stuck);
        }
        self.put(to, cell);
        Ok(())
    }

    /// Exports and states of branches that did not run are gone.
    fn clear_unvisited<S>(&mut self, reach: &mut Reach<'_, '_, S>) {
        for (region, ran) in reach.code.regions.iter().zip(&self.ran) {
            if *ran {
                continue;
            }
            for carried in &region.carried {
                if let Some(value) = reach.exports.value_mut(*carried) {
                    *value = Value::Null;
                }
            }
            for state in &region.states {
                if let Some(value) = reach.state.slot_mut(*state) {
                    *value = Value::Null;
                }
            }
        }
    }
}
