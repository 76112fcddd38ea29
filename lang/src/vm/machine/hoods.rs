//! Hood reductions of columns.

use super::run::Reach;
use super::{Cell, Machine, Stuck};
use crate::eval::{MAX_NESTING, empty_hood, reduce_hood};
use crate::neighbors::NeighborSource;
use crate::syntax::ast::HoodOp;
use crate::value::{Value, compare_elements};
use crate::vm::code::Reg;
use crate::vm::columns::{Column, Data, Mask, is_plain};
use std::cmp::Ordering;

impl Machine {
    pub(super) fn hood<S: NeighborSource>(
        &mut self,
        op: HoodOp,
        plus_self: bool,
        to: Reg,
        from: Reg,
        reach: &Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let Cell::Column(column) = *self.cell(from) else { return Err(Stuck) };
        let own = self.columns.neighbors();
        if op == HoodOp::Local {
            let value = self.columns.value(column.data, own);
            return self.put_local(to, value);
        }
        let typed = match column.data {
            Data::Numbers(start) => self.of_numbers(op, plus_self, column.mask, start as usize),
            Data::Bools(start) => self.of_bools(op, plus_self, column.mask, start as usize),
            Data::Tuple { first, len } if matches!(op, HoodOp::Min | HoodOp::Max) => {
                self.extreme_tuple(op == HoodOp::Min, plus_self, column.mask, first, len)
            }
            _ => None,
        };
        let value = match typed {
            Some(value) => value,
            None => self.of_values(op, plus_self, column)?,
        };
        if !is_plain(&value) {
            let limits = &reach.input.limits;
            let long = matches!(&value, Value::Text(text) if text.len() > limits.text_bytes);
            let mut budget = limits.items;
            if long || value.exceeds(MAX_NESTING, &mut budget) {
                return Err(Stuck);
            }
        }
        self.put_local(to, value)
    }

    /// Numbers of the lanes that count, in order; the device itself is the last.
    fn of_numbers(&self, op: HoodOp, plus_self: bool, mask: Mask, start: usize) -> Option<Value> {
        let all = self.columns.numbers_at(start);
        let own = self.columns.neighbors();
        let lanes = own + usize::from(plus_self);
        let folded = if mask == Mask::ALL {
            fold(op, all.get(..lanes)?.iter().copied())?
        } else {
            let counts =
                |(lane, _): &(usize, &f64)| *lane == own || self.columns.is_in(mask, *lane);
            fold(op, all.iter().enumerate().take(lanes).filter(counts).map(|(_, x)| *x))?
        };
        match folded {
            Some(x) => Some(Value::Number(x)),
            None => empty_hood(op, &Value::Number(*all.get(own)?)).ok(),
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
fn total(x: f64, y: f64) -> Ordering {
    if x < y {
        Ordering::Less
    } else if x > y {
        Ordering::Greater
    } else {
        compare_elements(&Value::Number(x), &Value::Number(y))
    }
}

/// A reduction of numbers, in order; nothing inside if there are none, nothing at all if numbers
/// have no such reduction.
fn fold(op: HoodOp, mut values: impl Iterator<Item = f64>) -> Option<Option<f64>> {
    let first = match op {
        HoodOp::Min | HoodOp::Max | HoodOp::Sum | HoodOp::Mean => values.next(),
        _ => return None,
    };
    let Some(first) = first else { return Some(None) };
    Some(Some(match op {
        // A plain comparison keeps what cannot be compared, as the operator `<` does.
        HoodOp::Min => values.fold(first, |least, x| if x < least { x } else { least }),
        HoodOp::Max => values.fold(first, |most, x| if x < most { most } else { x }),
        HoodOp::Sum => values.fold(first, |sum, x| sum + x),
        _ => {
            let (sum, count) = values.fold((first, 1.0), |(sum, n), x| (sum + x, n + 1.0));
            sum / count
        }
    }))
}
