//! Hood reductions of columns.

use super::run::Reach;
use super::{Cell, Registers, Stuck};
use crate::eval::{empty_hood, reduce_hood};
use crate::neighbors::NeighborSource;
use crate::syntax::ast::{BinaryOp, HoodOp};
use crate::value::{Value, compare_elements};
use crate::vm::code::Reg;
use crate::vm::columns::{Column, Columns, Data, Mask, Numeric};
use std::cmp::Ordering;

impl Registers {
    pub(super) fn hood<S: NeighborSource>(
        &mut self,
        op: HoodOp,
        plus_self: bool,
        to: Reg,
        from: Reg,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let Cell::Column(column) = *self.cell(from) else { return Err(Stuck) };
        let own = self.columns.neighbors();
        if op == HoodOp::Local {
            let value = self.columns.value(column.data, own);
            return self.put_local(to, value);
        }
        // Numbers leave hoods as doubles, integers too.
        if let Data::Numbers(_) | Data::Ints(_) = column.data
            && let Some(Numeric::Each(start)) = self.columns.as_numbers(column.data)
            && let Some(x) = self.of_numbers(op, plus_self, column.mask, start)
        {
            self.put_number(to, x);
            return Ok(());
        }
        // What is large is paid for here; numbers were, when the region began.
        if matches!(column.data, Data::Values(_) | Data::Same(_) | Data::Tuple { .. }) {
            self.checked(column, reach)?;
        }
        let typed = match column.data {
            Data::Bools(start) => self.of_bools(op, plus_self, column.mask, start as usize),
            Data::Tuple { first, len } if matches!(op, HoodOp::Min | HoodOp::Max) => {
                self.extreme_tuple(op == HoodOp::Min, plus_self, column.mask, first, len)
            }
            Data::Tuple { first, len } if matches!(op, HoodOp::Sum | HoodOp::Mean) => {
                self.tuple_of_numbers(op, plus_self, column.mask, first, len)
            }
            _ => None,
        };
        let value = match typed {
            Some(value) => value,
            None => self.of_values(op, plus_self, column)?,
        };
        self.check_value(&value, reach)?;
        self.put_local(to, value)
    }

    /// A reduction of the lanes that count, in order; the device itself is the last. Nothing if
    /// there are none, or numbers have no such reduction.
    fn of_numbers(&self, op: HoodOp, plus_self: bool, mask: Mask, start: usize) -> Option<f64> {
        let all = self.columns.numbers_at(start);
        let own = self.columns.neighbors();
        let lanes = own + usize::from(plus_self);
        if mask == Mask::ALL {
            let all = all.get(..lanes)?;
            return fold_slices(op, all, all, |x, _| x);
        }
        let counts = |(lane, _): &(usize, &f64)| *lane == own || self.columns.is_in(mask, *lane);
        fold(op, all.iter().enumerate().take(lanes).filter(counts).map(|(_, x)| *x))
    }

    /// A hood of `a op b` without a column in between, where all neighbours count and have numbers.
    pub(super) fn hood_binary<S: NeighborSource>(
        &mut self,
        (hood, plus_self): (HoodOp, bool),
        op: BinaryOp,
        to: Reg,
        (a, b): (Reg, Reg),
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        if let (Some(x), Some(y)) = (self.all_numbers(a), self.all_numbers(b)) {
            let lanes = self.columns.neighbors() + usize::from(plus_self);
            let columns = &self.columns;
            let folded = match op {
                BinaryOp::Plus => columns.fold_pairs(x, y, lanes, hood, |x, y| x + y),
                BinaryOp::Minus => columns.fold_pairs(x, y, lanes, hood, |x, y| x - y),
                BinaryOp::Times => columns.fold_pairs(x, y, lanes, hood, |x, y| x * y),
                _ => None,
            };
            if let Some(folded) = folded {
                self.put_number(to, folded);
                return Ok(());
            }
        }
        self.binary(op, to, a, b, reach)?;
        self.hood(hood, plus_self, to, to, reach)
    }

    /// A hood of a choice by a comparison, likewise.
    pub(super) fn hood_choice<S: NeighborSource>(
        &mut self,
        (hood, plus_self): (HoodOp, bool),
        test: BinaryOp,
        to: Reg,
        first: u32,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let first = first as usize;
        let operands = reach.code.operands.get(first..first + 5).ok_or(Stuck)?;
        let [a, b, then, otherwise, condition] = *operands else { return Err(Stuck) };
        let sides = (
            self.all_numbers(a),
            self.all_numbers(b),
            self.all_numbers(then),
            self.all_numbers(otherwise),
        );
        if let (
            Some(Numeric::Each(a)),
            Some(Numeric::Same(b)),
            Some(Numeric::Each(then)),
            Some(Numeric::Same(otherwise)),
        ) = sides
            && test == BinaryOp::Eq
        {
            let lanes = self.columns.neighbors() + usize::from(plus_self);
            let (a, then) = (self.columns.numbers_at(a), self.columns.numbers_at(then));
            let choose = |a, then| if a == b { then } else { otherwise };
            let folded = match a.get(..lanes) {
                Some(a) => fold_chosen(hood, a, then, choose),
                None => None,
            };
            if let Some(folded) = folded {
                self.put_number(to, folded);
                return Ok(());
            }
        }
        self.binary(test, condition, a, b, reach)?;
        self.mux(to, condition, then, otherwise)?;
        self.hood(hood, plus_self, to, to, reach)
    }

    /// Numbers that all neighbours count in, or one number.
    fn all_numbers(&self, reg: Reg) -> Option<Numeric> {
        match self.cell(reg) {
            Cell::Value(Value::Number(x)) => Some(Numeric::Same(*x)),
            Cell::Column(Column { data, mask: Mask::ALL }) => self.columns.numeric(*data),
            _ => None,
        }
    }

    fn of_bools(&self, op: HoodOp, plus_self: bool, mask: Mask, start: usize) -> Option<Value> {
        let all = self.columns.bools_at(start);
        let own = self.columns.neighbors();
        let mut counted = (0..own + usize::from(plus_self))
            .filter(|lane| *lane == own || self.columns.is_in(mask, *lane))
            .filter_map(|lane| all.get(lane));
        match op {
            HoodOp::Any => Some(Value::Bool(counted.any(|b| *b))),
            HoodOp::All => Some(Value::Bool(counted.all(|b| *b))),
            _ => None,
        }
    }

    /// The least or greatest tuple, element by element; on ties the first of the least and the last
    /// of the greatest [K14].
    fn extreme_tuple(
        &mut self,
        least: bool,
        plus_self: bool,
        mask: Mask,
        first: u32,
        len: u16,
    ) -> Option<Value> {
        let own = self.columns.neighbors();
        let mut best = None;
        for lane in 0..own + usize::from(plus_self) {
            if lane < own && !self.columns.is_in(mask, lane) {
                continue;
            }
            let better = best.is_none_or(|best| {
                let less = self.compare_lanes(first, len, lane, best).is_lt();
                less == least
            });
            if better {
                best = Some(lane);
            }
        }
        let lane = best?;
        let columns = &self.columns;
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        let elements = (0..usize::from(len)).filter_map(|i| columns.element(first, i));
        row.extend(elements.map(|element| columns.value(element.data, lane)));
        let value = self.new_tuple(row.drain(..));
        self.row = row;
        Some(value)
    }

    /// The sum or mean of tuples of doubles, element by element.
    fn tuple_of_numbers(
        &mut self,
        op: HoodOp,
        plus_self: bool,
        mask: Mask,
        first: u32,
        len: u16,
    ) -> Option<Value> {
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        for index in 0..usize::from(len) {
            let folded = match self.columns.element(first, index).map(|element| element.data) {
                Some(Data::Numbers(start)) => self.of_numbers(op, plus_self, mask, start as usize),
                _ => None,
            };
            row.extend(folded.map(Value::Number));
        }
        let value = (row.len() == usize::from(len)).then(|| self.new_tuple(row.drain(..)));
        self.row = row;
        value
    }

    fn compare_lanes(&self, first: u32, len: u16, a: usize, b: usize) -> Ordering {
        for index in 0..usize::from(len) {
            let Some(element) = self.columns.element(first, index) else { break };
            let order = match element.data {
                Data::Numbers(start) => {
                    let all = self.columns.numbers_at(start as usize);
                    match (all.get(a), all.get(b)) {
                        (Some(x), Some(y)) => total(*x, *y),
                        _ => Ordering::Equal,
                    }
                }
                Data::Ints(start) => {
                    let all = self.columns.ints_at(start as usize);
                    all.get(a).cmp(&all.get(b))
                }
                Data::Values(start) => {
                    let all = self.columns.values_at(start as usize);
                    match (all.get(a), all.get(b)) {
                        (Some(x), Some(y)) => compare_elements(x, y),
                        _ => Ordering::Equal,
                    }
                }
                data => {
                    compare_elements(&self.columns.value(data, a), &self.columns.value(data, b))
                }
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    /// Any values, as the reference evaluator reduces them.
    fn of_values(&self, op: HoodOp, plus_self: bool, column: Column) -> Result<Value, Stuck> {
        let own = self.columns.neighbors();
        let lanes = (0..own + usize::from(plus_self))
            .filter(|lane| *lane == own || self.columns.is_in(column.mask, *lane));
        let values: Vec<Value> = lanes.map(|lane| self.columns.value(column.data, lane)).collect();
        let refs: Vec<&Value> = values.iter().collect();
        let result = if refs.is_empty() {
            empty_hood(op, &self.columns.value(column.data, own))
        } else {
            reduce_hood(op, &refs)
        };
        result.map_err(|_| Stuck)
    }
}

/// The order of numbers inside tuples: all NaNs are one value above infinity.
pub(in crate::vm) fn total(x: f64, y: f64) -> Ordering {
    if x < y {
        Ordering::Less
    } else if x > y {
        Ordering::Greater
    } else {
        compare_elements(&Value::Number(x), &Value::Number(y))
    }
}

impl Columns {
    /// A reduction of `f` over lanes; nothing where both sides are the same for all lanes, and where
    /// the general way decides.
    fn fold_pairs(
        &self,
        x: Numeric,
        y: Numeric,
        lanes: usize,
        hood: HoodOp,
        f: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        match (x, y) {
            (Numeric::Each(x), Numeric::Each(y)) => {
                fold_slices(hood, self.numbers_at(x).get(..lanes)?, self.numbers_at(y), f)
            }
            (Numeric::Each(x), Numeric::Same(y)) => {
                let x = self.numbers_at(x).get(..lanes)?;
                fold_slices(hood, x, x, |x, _| f(x, y))
            }
            (Numeric::Same(x), Numeric::Each(y)) => {
                let y = self.numbers_at(y).get(..lanes)?;
                fold_slices(hood, y, y, |y, _| f(x, y))
            }
            (Numeric::Same(_), Numeric::Same(_)) => None,
        }
    }
}

fn fold_slices(hood: HoodOp, x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> Option<f64> {
    if hood == HoodOp::Min
        && let Some(least) = least(x, y, &f)
    {
        return Some(least);
    }
    fold(hood, x.iter().zip(y).map(|(x, y)| f(*x, *y)))
}

/// The least number, eight lanes at a time: half the time of one after the other at 30 lanes.
///
/// The order does not matter: a NaN that comes first stays, as `x < NaN` never holds; a later one
/// never counts. Only of two zeros the first would count: then the general way decides.
fn least(x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> Option<f64> {
    const WIDTH: usize = 8;
    let smaller = |x: f64, least: f64| if x < least { x } else { least };
    let mut least = [f(*x.first()?, *y.first()?); WIDTH];
    let (x_parts, x_rest) = x.as_chunks::<WIDTH>();
    let (y_parts, y_rest) = y.get(..x.len())?.as_chunks::<WIDTH>();
    for (x, y) in x_parts.iter().zip(y_parts) {
        for ((least, x), y) in least.iter_mut().zip(x).zip(y) {
            *least = smaller(f(*x, *y), *least);
        }
    }
    for ((least, x), y) in least.iter_mut().zip(x_rest).zip(y_rest) {
        *least = smaller(f(*x, *y), *least);
    }
    let [first, others @ ..] = least;
    let all = others.into_iter().fold(first, |least, x| smaller(x, least));
    (all != 0.0).then_some(all)
}

/// A reduction of what `f` gives, which is computed for eight lanes at a time: only the reduction itself
/// has to go one lane after the other.
fn fold_chosen(hood: HoodOp, x: &[f64], y: &[f64], f: impl Fn(f64, f64) -> f64) -> Option<f64> {
    const WIDTH: usize = 8;
    if hood != HoodOp::Sum {
        return fold(hood, x.iter().zip(y).map(|(x, y)| f(*x, *y)));
    }
    let mut sum = None;
    let mut add = |x: f64| sum = Some(sum.map_or(x, |sum| sum + x));
    let (x_parts, x_rest) = x.as_chunks::<WIDTH>();
    let (y_parts, y_rest) = y.get(..x.len())?.as_chunks::<WIDTH>();
    for (x, y) in x_parts.iter().zip(y_parts) {
        let mut part = [0.0; WIDTH];
        for ((part, x), y) in part.iter_mut().zip(x).zip(y) {
            *part = f(*x, *y);
        }
        part.into_iter().for_each(&mut add);
    }
    x_rest.iter().zip(y_rest).for_each(|(x, y)| add(f(*x, *y)));
    sum
}

/// A reduction of numbers, in order; nothing if there are none, or numbers have no such reduction.
#[inline]
pub(in crate::vm) fn fold(op: HoodOp, mut values: impl Iterator<Item = f64>) -> Option<f64> {
    let first = match op {
        HoodOp::Min | HoodOp::Max | HoodOp::Sum | HoodOp::Mean => values.next()?,
        _ => return None,
    };
    Some(match op {
        // A plain comparison keeps what cannot be compared, as the operator `<` does.
        HoodOp::Min => values.fold(first, |least, x| if x < least { x } else { least }),
        HoodOp::Max => values.fold(first, |most, x| if x < most { most } else { x }),
        HoodOp::Sum => values.fold(first, |sum, x| sum + x),
        _ => {
            let (sum, count) = values.fold((first, 1.0), |(sum, n), x| (sum + x, n + 1.0));
            sum / count
        }
    })
}
