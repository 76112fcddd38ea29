//! The loop over the instructions.

use super::bridge::Bridge;
use super::{Cell, Left, Registers, Stuck};
use crate::eval::{Effects, FREE_WEIGHT, RoundInput};
use crate::layout::{Exports, State};
use crate::neighbors::NeighborSource;
use crate::program::Program;
use crate::syntax::ast::BinaryOp;
use crate::value::Value;
use crate::vm::code::{Code, Op, Own, Reg};
use crate::vm::columns::Column;

/// What an instruction may reach besides the registers.
pub(super) struct Reach<'r, 'a, S> {
    pub(super) code: &'a Code,
    pub(super) input: &'a RoundInput<'a>,
    pub(super) source: &'a S,
    pub(super) effects: &'r mut Effects,
    pub(super) bridge: &'r mut Bridge<'a>,
    pub(super) exports: &'r mut Exports,
    pub(super) state: &'r mut State,
}

impl Registers {
    /// Runs the code and gives the register of its value; exports and state are complete if it
    /// succeeds.
    pub(super) fn run<'a, S: NeighborSource>(
        &mut self,
        program: &'a Program,
        code: &'a Code,
        input: &'a RoundInput<'a>,
        source: &'a S,
        (next, effects): (&mut Left, &mut Effects),
    ) -> Result<Reg, Stuck> {
        self.begin(source.len());
        let Left { exports, state } = next;
        exports.forget_regions();
        state.forget_extra();
        let mut bridge = Bridge::new(program, input);
        let bridge_ref = &mut bridge;
        let mut reach = Reach { code, input, source, effects, bridge: bridge_ref, exports, state };
        let result = self.steps(&mut reach);
        self.clear_unvisited(&mut reach);
        if let Some(mut left) = bridge.left() {
            exports.add_extra(&mut left.exported);
            state.add_extra(&mut left.kept);
            state.texts = left.texts;
        }
        result
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
                Op::Move { to, from } => self.copy(to, from),
                Op::Unary { op, to, a } => self.unary(op, to, a)?,
                Op::Binary { op, to, a, b } => match (self.cell(a), self.cell(b)) {
                    (Cell::Value(Value::Number(x)), Cell::Value(Value::Number(y))) => {
                        let (x, y) = (*x, *y);
                        self.numbers(op, to, x, y)?;
                    }
                    _ => self.binary(op, to, a, b, reach)?,
                },
                Op::Mux { to, condition, then, otherwise } => {
                    self.mux(to, condition, then, otherwise)?;
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
                    let slot = reach.state.slot_mut(u32::from(state)).ok_or(Stuck)?;
                    self.settle(from, slot, reach.effects)?;
                }
                Op::Export { slot, from } => {
                    let slot = reach.code.slots.get(usize::from(slot)).ok_or(Stuck)?;
                    let held = reach.exports.value_mut(slot.carried).ok_or(Stuck)?;
                    self.settle(from, held, reach.effects)?;
                }
                Op::Gather { to, slot, own } => {
                    let column = self.gather(slot, own, reach)?;
                    self.put_column(to, column);
                }
                Op::Sense { sensor, to, slot } => self.sense(sensor, to, slot, reach)?,
                Op::Restrict { to, from, region } => self.restrict(to, from, region, reach)?,
                Op::Read { to, from, path } => self.read(to, from, path, reach)?,
                Op::Hood { op, plus_self, to, from } => {
                    self.hood(op, plus_self, to, from, reach)?
                }
                Op::HoodBinary { hood, plus_self, op, to, a, b } => {
                    self.hood_binary((hood, plus_self), op, to, (a, b), reach)?;
                }
                Op::HoodChoice { hood, plus_self, test, to, first } => {
                    self.hood_choice((hood, plus_self), test, to, first, reach)?;
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
        // With many neighbours the reference evaluator pays for each lane of a field; this is never less,
        // and where it is too much that evaluator decides.
        let lanes = self.columns.lanes() as u64 + 1;
        let price = if lanes > FREE_WEIGHT as u64 / 2 { known.fuel * lanes } else { known.fuel };
        reach.effects.fuel = reach.effects.fuel.checked_sub(price).ok_or(Stuck)?;
        if let Some(ran) = self.ran.get_mut(usize::from(region)) {
            *ran = self.round;
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

    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    #[inline]
    pub(super) fn put_number(&mut self, reg: Reg, x: f64) {
        // Mostly it holds a number already: then nothing is dropped and no tag is written.
        match &mut self.cells[usize::from(reg)] {
            Cell::Value(Value::Number(slot)) => *slot = x,
            _ => self.put(reg, Cell::Value(Value::Number(x))),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    #[inline]
    pub(super) fn put_bool(&mut self, reg: Reg, b: bool) {
        match &mut self.cells[usize::from(reg)] {
            Cell::Value(Value::Bool(slot)) => *slot = b,
            _ => self.put(reg, Cell::Value(Value::Bool(b))),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    #[inline]
    pub(super) fn put_column(&mut self, reg: Reg, column: Column) {
        match &mut self.cells[usize::from(reg)] {
            Cell::Column(slot) => *slot = column,
            _ => self.put(reg, Cell::Column(column)),
        }
    }

    #[inline]
    pub(super) fn copy(&mut self, to: Reg, from: Reg) {
        match self.cell(from) {
            Cell::Value(Value::Number(x)) => {
                let x = *x;
                self.put_number(to, x);
            }
            Cell::Column(column) => {
                let column = *column;
                self.put_column(to, column);
            }
            cell => {
                let cell = cell.clone();
                self.put(to, cell);
            }
        }
    }

    /// An operator on two numbers.
    #[inline]
    fn numbers(&mut self, op: BinaryOp, to: Reg, x: f64, y: f64) -> Result<(), Stuck> {
        match op {
            BinaryOp::Plus => self.put_number(to, x + y),
            BinaryOp::Minus => self.put_number(to, x - y),
            BinaryOp::Times => self.put_number(to, x * y),
            BinaryOp::Divide => self.put_number(to, x / y),
            BinaryOp::Modulo => self.put_number(to, x % y),
            BinaryOp::Power => self.put_number(to, crate::natives::math::pow(x, y)),
            BinaryOp::Eq => self.put_bool(to, x == y),
            BinaryOp::NotEq => self.put_bool(to, x != y),
            BinaryOp::Less => self.put_bool(to, x < y),
            BinaryOp::LessEq => self.put_bool(to, x <= y),
            BinaryOp::Greater => self.put_bool(to, x > y),
            BinaryOp::GreaterEq => self.put_bool(to, x >= y),
            BinaryOp::Or | BinaryOp::And => return Err(Stuck),
        }
        Ok(())
    }

    /// Puts a value where it is kept or sent from.
    fn settle(&mut self, from: Reg, held: &mut Value, effects: &mut Effects) -> Result<(), Stuck> {
        match (self.cell(from), &mut *held) {
            (Cell::Value(Value::Number(x)), Value::Number(slot)) => *slot = *x,
            (Cell::Value(Value::Bool(b)), Value::Bool(slot)) => *slot = *b,
            _ => {
                let value = self.settled(from)?;
                effects.pay(value.weight(usize::MAX)).ok_or(Stuck)?;
                let old = std::mem::replace(held, value);
                self.reclaim(old);
            }
        }
        Ok(())
    }

    fn own<S>(&mut self, what: Own, to: Reg, reach: &mut Reach<'_, '_, S>) -> Result<(), Stuck> {
        let input = reach.input;
        let value = match what {
            Own::Time => {
                self.put_number(to, input.now);
                return Ok(());
            }
            Own::DeltaTime => {
                self.put_number(to, input.delta);
                return Ok(());
            }
            Own::Device => Value::Device(input.id.clone()),
            Own::Uid => Value::Uid(input.id.clone()),
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
        match kept {
            Some(Value::Number(x)) => self.put_number(to, *x),
            None | Some(Value::Null) => {
                if matches!(self.cell(init), Cell::Column(_)) {
                    return Err(Stuck);
                }
                self.copy(to, init);
            }
            Some(Value::Field(_)) => return Err(Stuck),
            Some(value) => self.put(to, Cell::Value(value.unshared())),
        }
        Ok(())
    }

    /// Exports and states of branches that did not run are gone.
    fn clear_unvisited<S>(&mut self, reach: &mut Reach<'_, '_, S>) {
        for (index, region) in reach.code.regions.iter().enumerate() {
            if self.ran.get(index) == Some(&self.round) {
                continue;
            }
            for carried in &region.carried {
                let old = reach.exports.value_mut(*carried).map(std::mem::take);
                self.reclaim(old.unwrap_or_default());
            }
            for state in &region.states {
                let old = reach.state.slot_mut(*state).map(std::mem::take);
                self.reclaim(old.unwrap_or_default());
            }
        }
    }
}
