//! Operators of a crowd.

use super::arena::{Lanes, Side};
use super::operands::{Cell, Field, Part, Shape};
use super::{Bulk, Crowd, Parted};
use crate::eval::{FREE_WEIGHT, comparison_weight, operate};
use crate::natives::Native;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::value::{Value, compare_elements};
use crate::vm::code::Reg;
use crate::vm::columns::is_plain;

/// A native that takes doubles and gives one.
#[derive(Clone, Copy)]
pub(super) enum Numeric {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
}

/// What a native does with doubles, if it is one of the frequent ones.
pub(super) fn numeric(native: &Native) -> Option<Numeric> {
    match (native.class, native.name) {
        (crate::natives::BUILTINS, "min") => Some(Numeric::Two(|a, b| {
            if compare_elements(&Value::Number(a), &Value::Number(b)).is_lt() { a } else { b }
        })),
        (crate::natives::BUILTINS, "max") => Some(Numeric::Two(|a, b| {
            if compare_elements(&Value::Number(a), &Value::Number(b)).is_gt() { a } else { b }
        })),
        (crate::natives::MATH, "sqrt") => Some(Numeric::One(f64::sqrt)),
        (crate::natives::MATH, "floor") => Some(Numeric::One(f64::floor)),
        (crate::natives::MATH, "ceil") => Some(Numeric::One(f64::ceil)),
        (crate::natives::MATH, "pow") => Some(Numeric::Two(crate::natives::math::pow)),
        _ => None,
    }
}

impl Bulk {
    /// Applies `f` once to what devices hold, or to their links and then to the devices themselves.
    pub(super) fn lifted(
        &mut self,
        to: Reg,
        regs: &[Reg],
        crowd: &Crowd<'_>,
        mut f: impl FnMut(&mut Self, Shape) -> Result<Lanes, Parted>,
    ) -> Result<(), Parted> {
        let cell = if regs.iter().any(|reg| self.is_field(*reg)) {
            let mask = self.common_mask(regs, crowd)?;
            Cell::Field(Field {
                links: f(self, Shape::Links)?,
                own: f(self, Shape::Devices)?,
                mask,
            })
        } else {
            Cell::Local(f(self, Shape::Devices)?)
        };
        self.put(to, cell);
        Ok(())
    }

    pub(super) fn unary(
        &mut self,
        op: UnaryOp,
        to: Reg,
        a: Reg,
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        self.lifted(to, &[a], crowd, |bulk, shape| {
            let (part, len) = (bulk.part(a, shape, crowd)?, crowd.count(shape));
            match op {
                UnaryOp::Minus => {
                    let side = bulk.number_side(&part, shape, crowd)?;
                    let numbers = &mut bulk.arena.numbers;
                    Ok(Lanes::Numbers(numbers.combined((side, Side::Same(0.0)), len, |x, _| -x)))
                }
                UnaryOp::Not => {
                    let side = bool_side(&part)?;
                    let bools = &mut bulk.arena.bools;
                    Ok(Lanes::Bools(bools.combined((side, Side::Same(false)), len, |b, _| !b)))
                }
            }
        })
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        to: Reg,
        (a, b): (Reg, Reg),
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        if let (Cell::Same(x), Cell::Same(y)) = (self.cell(a), self.cell(b)) {
            if comparison_weight(op, x, y) > FREE_WEIGHT {
                return Err(Parted);
            }
            let value = operate(op, x, y).ok().filter(is_plain).ok_or(Parted)?;
            self.put(to, Cell::Same(value));
            return Ok(());
        }
        self.lifted(to, &[a, b], crowd, |bulk, shape| {
            let sides = (bulk.part(a, shape, crowd)?, bulk.part(b, shape, crowd)?);
            bulk.operated(op, shape, &sides, crowd)
        })
    }

    fn operated(
        &mut self,
        op: BinaryOp,
        shape: Shape,
        (a, b): &(Part, Part),
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let len = crowd.count(shape);
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let sides = (bool_side(a)?, bool_side(b)?);
            let bools = &mut self.arena.bools;
            return Ok(Lanes::Bools(match op {
                BinaryOp::And => bools.combined(sides, len, |a, b| a && b),
                _ => bools.combined(sides, len, |a, b| a || b),
            }));
        }
        let sides = (self.number_side(a, shape, crowd)?, self.number_side(b, shape, crowd)?);
        let numbers = &mut self.arena.numbers;
        let made = match op {
            BinaryOp::Plus => numbers.combined(sides, len, |x, y| x + y),
            BinaryOp::Minus => numbers.combined(sides, len, |x, y| x - y),
            BinaryOp::Times => numbers.combined(sides, len, |x, y| x * y),
            BinaryOp::Divide => numbers.combined(sides, len, |x, y| x / y),
            BinaryOp::Modulo => numbers.combined(sides, len, |x, y| x % y),
            BinaryOp::Power => numbers.combined(sides, len, crate::natives::math::pow),
            _ => return Ok(Lanes::Bools(self.compared(op, sides, len))),
        };
        Ok(Lanes::Numbers(made))
    }

    fn compared(&mut self, op: BinaryOp, sides: (Side<f64>, Side<f64>), len: usize) -> usize {
        let start = self.arena.bools.make(len);
        let (numbers, to) = (&self.arena.numbers, self.arena.bools.at_mut(start, len));
        match op {
            BinaryOp::Eq => numbers.combine_into(sides, to, |x, y| x == y),
            BinaryOp::NotEq => numbers.combine_into(sides, to, |x, y| x != y),
            BinaryOp::Less => numbers.combine_into(sides, to, |x, y| x < y),
            BinaryOp::LessEq => numbers.combine_into(sides, to, |x, y| x <= y),
            BinaryOp::Greater => numbers.combine_into(sides, to, |x, y| x > y),
            _ => numbers.combine_into(sides, to, |x, y| x >= y),
        }
        start
    }

    pub(super) fn native(
        &mut self,
        to: Reg,
        native: &Native,
        operands: &[Reg],
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        self.lifted(to, operands, crowd, |bulk, shape| {
            let len = crowd.count(shape);
            let mut side = |reg: Reg| {
                // Where integers stay integers is not for here.
                match bulk.part(reg, shape, crowd)? {
                    Part::Same(Value::Number(x)) => Ok(Side::Same(x)),
                    Part::Lanes(
                        lanes @ (Lanes::Numbers(_) | Lanes::Remote(_) | Lanes::Lengths),
                    ) => bulk.doubles(lanes, shape, crowd).map(Side::Each),
                    _ => Err(Parted),
                }
            };
            let made = match (numeric(native), operands) {
                (Some(Numeric::One(f)), [a]) => {
                    let sides = (side(*a)?, Side::Same(0.0));
                    bulk.arena.numbers.combined(sides, len, |x, _| f(x))
                }
                (Some(Numeric::Two(f)), [a, b]) => {
                    let sides = (side(*a)?, side(*b)?);
                    bulk.arena.numbers.combined(sides, len, f)
                }
                _ => return Err(Parted),
            };
            Ok(Lanes::Numbers(made))
        })
    }

    pub(super) fn mux(
        &mut self,
        to: Reg,
        [condition, then, otherwise]: [Reg; 3],
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        if let Cell::Same(value) = self.cell(condition) {
            // Whatever is not `false` counts as true [K5].
            let chosen = if matches!(value, Value::Bool(false)) { otherwise } else { then };
            if !self.is_field(then) && !self.is_field(otherwise) {
                let cell = self.cell(chosen).clone();
                self.put(to, cell);
                return Ok(());
            }
            let regs = [then, otherwise];
            return self.lifted(to, &regs, crowd, |bulk, shape| bulk.lanes(chosen, shape, crowd));
        }
        self.lifted(to, &[condition, then, otherwise], crowd, |bulk, shape| {
            let Part::Lanes(Lanes::Bools(pick)) = bulk.part(condition, shape, crowd)? else {
                return Err(Parted);
            };
            let sides = (bulk.part(then, shape, crowd)?, bulk.part(otherwise, shape, crowd)?);
            bulk.choose(pick, shape, &sides, crowd)
        })
    }

    /// Chooses between columns of one kind.
    pub(super) fn choose(
        &mut self,
        pick: usize,
        shape: Shape,
        (a, b): &(Part, Part),
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let len = crowd.count(shape);
        let (a, b) = (self.read_part(a, crowd)?, self.read_part(b, crowd)?);
        let tuple = |part: &Part| matches!(part, Part::Lanes(Lanes::Tuple { .. }));
        if tuple(&a) || tuple(&b) {
            return self.choose_tuples(pick, shape, (a, b), crowd);
        }
        if let (Some(a), Some(b)) = (double_side(&a), double_side(&b)) {
            let pick = self.arena.bools.at(pick, len);
            return Ok(Lanes::Numbers(self.arena.numbers.chosen(pick, (a, b))));
        }
        if let (Some(a), Some(b)) = (int_side(&a), int_side(&b)) {
            let pick = self.arena.bools.at(pick, len);
            return Ok(Lanes::Ints(self.arena.ints.chosen(pick, (a, b))));
        }
        let (a, b) = (bool_side(&a)?, bool_side(&b)?);
        // Both sides and the choice are in one pool.
        let when = self.arena.bools.combined((Side::Each(pick), a), len, |pick, a| pick && a);
        let unless = self.arena.bools.combined((Side::Each(pick), b), len, |pick, b| !pick && b);
        let sides = (Side::Each(when), Side::Each(unless));
        Ok(Lanes::Bools(self.arena.bools.combined(sides, len, |a, b| a || b)))
    }

    fn read_part(&mut self, part: &Part, crowd: &Crowd<'_>) -> Result<Part, Parted> {
        match part {
            Part::Same(value) => Ok(Part::Same(value.clone())),
            Part::Lanes(lanes) => self.read(*lanes, crowd).map(Part::Lanes),
        }
    }

    fn choose_tuples(
        &mut self,
        pick: usize,
        shape: Shape,
        (a, b): (Part, Part),
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let mut whole = |part: Part| match part {
            Part::Same(value) => self.repeated(&value, crowd.count(shape)),
            Part::Lanes(lanes) => Ok(lanes),
        };
        match (whole(a)?, whole(b)?) {
            (Lanes::Tuple { first, len }, Lanes::Tuple { first: other, len: same })
                if len == same =>
            {
                self.each_element((first, len), |bulk, index, element| {
                    let second = bulk.arena.element(other, index).ok_or(Parted)?;
                    let sides = (Part::Lanes(element), Part::Lanes(second));
                    bulk.choose(pick, shape, &sides, crowd)
                })
            }
            _ => Err(Parted),
        }
    }

    pub(super) fn tuple(
        &mut self,
        to: Reg,
        operands: &[Reg],
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        let first = |bulk: &mut Self, shape: Shape| {
            let mut parts = [Lanes::Lengths; super::cells::SPLIT_LEN];
            let parts = parts.get_mut(..operands.len()).ok_or(Parted)?;
            for (part, reg) in parts.iter_mut().zip(operands) {
                *part = match bulk.lanes(*reg, shape, crowd)? {
                    Lanes::Tuple { .. } | Lanes::Devices | Lanes::Uids => return Err(Parted),
                    lanes => lanes,
                };
            }
            Ok(bulk.tuple_of(parts))
        };
        if operands.is_empty() {
            return Err(Parted);
        }
        self.lifted(to, operands, crowd, first)
    }

    /// `tuple.get(index)`.
    pub(super) fn get(&mut self, to: Reg, tuple: Reg, index: Reg) -> Result<(), Parted> {
        let at = match self.cell(index) {
            Cell::Same(Value::Number(x)) => *x as i64,
            Cell::Same(Value::Int(int)) => *int,
            _ => return Err(Parted),
        };
        let at = usize::try_from(at).map_err(|_| Parted)?;
        let element = |lanes: Lanes| match lanes {
            Lanes::Tuple { first, len } if at < len => self.arena.element(first, at).ok_or(Parted),
            _ => Err(Parted),
        };
        let cell = match self.cell(tuple) {
            Cell::Same(Value::Tuple(items)) => {
                Cell::Same(items.get(at).filter(|item| is_plain(item)).ok_or(Parted)?.clone())
            }
            Cell::Same(_) => return Err(Parted),
            Cell::Local(lanes) => Cell::Local(element(*lanes)?),
            Cell::Field(Field { links, own, mask }) => {
                Cell::Field(Field { links: element(*links)?, own: element(*own)?, mask: *mask })
            }
        };
        self.put(to, cell);
        Ok(())
    }
}

pub(super) fn bool_side(part: &Part) -> Result<Side<bool>, Parted> {
    match part {
        Part::Same(Value::Bool(b)) => Ok(Side::Same(*b)),
        Part::Lanes(Lanes::Bools(at)) => Ok(Side::Each(*at)),
        _ => Err(Parted),
    }
}

fn double_side(part: &Part) -> Option<Side<f64>> {
    match part {
        Part::Same(Value::Number(x)) => Some(Side::Same(*x)),
        Part::Lanes(Lanes::Numbers(at)) => Some(Side::Each(*at)),
        _ => None,
    }
}

fn int_side(part: &Part) -> Option<Side<i64>> {
    match part {
        Part::Same(Value::Int(int)) => Some(Side::Same(*int)),
        Part::Lanes(Lanes::Ints(at)) => Some(Side::Each(*at)),
        _ => None,
    }
}
