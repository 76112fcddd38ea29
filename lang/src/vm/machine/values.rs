//! Operations on values and columns without neighbours.

use super::run::Reach;
use super::{Cell, Registers, Stuck};
use crate::eval::{MAX_NESTING, comparison_weight, operate};
use crate::neighbors::NeighborSource;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::value::{Field, Value};
use crate::vm::code::Reg;
use crate::vm::columns::{Boolean, Column, Data, LONGEST_TUPLE, Mask, Numeric, is_plain};
use std::sync::Arc;

/// Most tuples of a length that are kept for later.
const POOLED: usize = 256;
/// Longest tuples that are kept.
const POOLED_LEN: usize = 8;

impl Registers {
    /// Keeps a tuple for later if nobody else holds it.
    pub(super) fn reclaim(&mut self, value: Value) {
        let Value::Tuple(items) = value else { return };
        if Arc::strong_count(&items) != 1 || items.len() > POOLED_LEN {
            return;
        }
        if self.tuples.len() <= items.len() {
            self.tuples.resize_with(items.len() + 1, Vec::new);
        }
        if let Some(pool) = self.tuples.get_mut(items.len()).filter(|pool| pool.len() < POOLED) {
            pool.push(items);
        }
    }

    /// A tuple, in the place of one that nobody holds any more.
    pub(super) fn new_tuple(&mut self, mut items: impl ExactSizeIterator<Item = Value>) -> Value {
        let len = items.len();
        let Some(mut tuple) = self.tuples.get_mut(len).and_then(Vec::pop) else {
            return Value::Tuple(items.collect());
        };
        match Arc::get_mut(&mut tuple) {
            Some(slots) => slots.iter_mut().zip(&mut items).for_each(|(slot, item)| *slot = item),
            None => return Value::Tuple(items.collect()),
        }
        Value::Tuple(tuple)
    }

    pub(super) fn numbers_tuple(&mut self, numbers: &[f64]) -> Value {
        self.new_tuple(numbers.iter().map(|x| Value::Number(*x)))
    }

    /// A register as a value: a column becomes a field.
    pub(super) fn value_of<S: NeighborSource>(
        &self,
        reg: Reg,
        reach: &Reach<'_, '_, S>,
    ) -> Result<Value, Stuck> {
        match self.cell(reg) {
            Cell::Value(value) => Ok(value.clone()),
            Cell::Column(column) => Ok(self.field(*column, reach.source)),
        }
    }

    pub(super) fn values_of<S: NeighborSource>(
        &mut self,
        regs: &[Reg],
        reach: &Reach<'_, '_, S>,
    ) -> Result<Vec<Value>, Stuck> {
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        for reg in regs {
            row.push(self.value_of(*reg, reach)?);
        }
        Ok(row)
    }

    fn field<S: NeighborSource>(&self, column: Column, source: &S) -> Value {
        let own = self.columns.neighbors();
        let lanes = (0..own).filter(|lane| self.columns.is_in(column.mask, *lane));
        let neighbors = lanes
            .map(|lane| (source.id(lane).clone(), self.columns.value(column.data, lane)))
            .collect();
        let local = self.columns.value(column.data, own);
        Value::Field(Arc::new(Field::new(local, neighbors)))
    }

    /// What a register may hold of a value: a field becomes a column.
    pub(super) fn cell_of<S: NeighborSource>(
        &mut self,
        value: Value,
        reach: &Reach<'_, '_, S>,
    ) -> Result<Cell, Stuck> {
        let Value::Field(field) = value else { return Ok(Cell::Value(value)) };
        let mut values = std::mem::take(&mut self.lane_values);
        values.clear();
        let mut theirs = field.neighbors().iter().peekable();
        for lane in 0..reach.source.len() {
            let found = theirs.next_if(|(id, _)| id == reach.source.id(lane));
            values.push(found.map_or(Value::Null, |(_, value)| value.clone()));
        }
        let complete = theirs.next().is_none();
        let mask = self.columns.mask_of(|lane| !matches!(values.get(lane), Some(Value::Null)));
        values.push(field.local().clone());
        let data = self.columns.typed(&mut values);
        self.lane_values = values;
        if complete { Ok(Cell::Column(Column { data, mask })) } else { Err(Stuck) }
    }

    /// The value of the program, from its register.
    #[inline]
    pub(super) fn result<S: NeighborSource>(&self, reg: Reg, source: &S) -> Value {
        match self.cell(reg) {
            Cell::Value(Value::Number(x)) => Value::Number(*x),
            Cell::Value(value) if is_plain(value) => value.clone(),
            Cell::Value(value) => value.detached(),
            Cell::Column(column) => self.field(*column, source),
        }
    }

    /// The result of an operation on plain values: a field here is more than the compiler knew.
    pub(super) fn put_local(&mut self, to: Reg, value: Value) -> Result<(), Stuck> {
        match value {
            Value::Number(x) => self.put_number(to, x),
            Value::Bool(b) => self.put_bool(to, b),
            Value::Field(_) => return Err(Stuck),
            value => self.put(to, Cell::Value(value)),
        }
        Ok(())
    }

    /// A value as it may be kept or sent.
    pub(super) fn settled(&self, reg: Reg) -> Result<Value, Stuck> {
        match self.cell(reg) {
            Cell::Value(value) if is_plain(value) => Ok(value.clone()),
            Cell::Value(value) if value.hides_field() => Err(Stuck),
            Cell::Value(value) => Ok(value.detached()),
            Cell::Column(_) => Err(Stuck),
        }
    }

    /// Whether a field is small enough; in doubt the reference evaluator decides.
    /// Pays for a large one, rather too much than too little.
    pub(super) fn checked<S>(
        &self,
        column: Column,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let limits = &reach.input.limits;
        if let Some(cells) = self.columns.plain_cells(column.data)
            && cells < limits.items
        {
            return reach.effects.pay(cells + 1).ok_or(Stuck);
        }
        let mut budget = limits.items.saturating_sub(1);
        for lane in 0..self.columns.lanes() {
            let counts = lane == self.columns.neighbors() || self.columns.is_in(column.mask, lane);
            if counts && self.columns.value(column.data, lane).exceeds(MAX_NESTING, &mut budget) {
                return Err(Stuck);
            }
        }
        reach.effects.pay(limits.items - budget).ok_or(Stuck)
    }

    /// Refuses what is too large, and pays for what is large.
    pub(super) fn check_value<S>(
        &self,
        value: &Value,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        if is_plain(value) {
            return Ok(());
        }
        let limits = &reach.input.limits;
        let mut budget = limits.items;
        let long = matches!(value, Value::Text(text) if text.len() > limits.text_bytes);
        if long || value.exceeds(MAX_NESTING, &mut budget) {
            return Err(Stuck);
        }
        reach.effects.pay(limits.items - budget).ok_or(Stuck)
    }

    /// Applies `f` to each device of the first field among the operands, as the reference evaluator
    /// does.
    pub(super) fn lifted(
        &mut self,
        operands: &[Reg],
        mut f: impl FnMut(&[Value]) -> Result<Value, Stuck>,
    ) -> Result<Column, Stuck> {
        let mask = self.common_mask(operands)?;
        let mut row = std::mem::take(&mut self.row);
        let mut values = std::mem::take(&mut self.lane_values);
        values.clear();
        let own = self.columns.neighbors();
        let mut result = Ok(());
        for lane in 0..=own {
            if lane < own && !self.columns.is_in(mask, lane) {
                values.push(Value::Null);
                continue;
            }
            row.clear();
            for reg in operands {
                row.push(match self.cell(*reg) {
                    Cell::Value(value) => value.clone(),
                    Cell::Column(column) => self.columns.value(column.data, lane),
                });
            }
            match f(&row) {
                // A null is an error; a field in a field is for the reference evaluator.
                Ok(Value::Null | Value::Field(_)) | Err(Stuck) => {
                    result = Err(Stuck);
                    break;
                }
                Ok(value) => values.push(value),
            }
        }
        row.clear();
        self.row = row;
        let data = if result.is_ok() { Some(self.columns.typed(&mut values)) } else { None };
        values.clear();
        self.lane_values = values;
        data.map(|data| Column { data, mask }).ok_or(Stuck)
    }

    /// The neighbours of the first field among the operands, which all other fields must have.
    fn common_mask(&self, operands: &[Reg]) -> Result<Mask, Stuck> {
        let mut masks = operands.iter().filter_map(|reg| match self.cell(*reg) {
            Cell::Column(column) => Some(column.mask),
            Cell::Value(_) => None,
        });
        let first = masks.next().ok_or(Stuck)?;
        if masks.all(|mask| self.columns.covers(mask, first)) { Ok(first) } else { Err(Stuck) }
    }

    pub(super) fn unary(&mut self, op: UnaryOp, to: Reg, a: Reg) -> Result<(), Stuck> {
        let plain = |value: &Value| match (op, value) {
            (UnaryOp::Not, Value::Bool(b)) => Ok(Value::Bool(!b)),
            (UnaryOp::Minus, v) => v.as_number().map(|x| Value::Number(-x)).ok_or(Stuck),
            _ => Err(Stuck),
        };
        let Column { data, mask } = match self.cell(a) {
            Cell::Value(value) => {
                let value = plain(value)?;
                return self.put_local(to, value);
            }
            Cell::Column(column) => *column,
        };
        let columns = &mut self.columns;
        let made = match op {
            UnaryOp::Minus => columns
                .as_numbers(data)
                .map(|x| columns.map_numbers(x, Numeric::Same(0.0), |x, _| -x)),
            UnaryOp::Not => columns
                .booleans(data)
                .map(|b| columns.map_logic(b, Boolean::Same(false), |b, _| !b)),
        };
        let column = match made {
            Some(data) => Column { data, mask },
            None => self.lifted(&[a], |row| row.first().map_or(Err(Stuck), plain))?,
        };
        self.put_column(to, column);
        Ok(())
    }

    pub(super) fn binary<S: NeighborSource>(
        &mut self,
        op: BinaryOp,
        to: Reg,
        a: Reg,
        b: Reg,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        if let (Cell::Value(x), Cell::Value(y)) = (self.cell(a), self.cell(b)) {
            reach.effects.pay(comparison_weight(op, x, y)).ok_or(Stuck)?;
            let value = operate(op, x, y).map_err(|_| Stuck)?;
            self.check_value(&value, reach)?;
            self.put(to, Cell::Value(value));
            return Ok(());
        }
        let column = match self.typed_binary(op, a, b) {
            Some(data) => Column { data, mask: self.common_mask(&[a, b])? },
            None => {
                let effects = &mut *reach.effects;
                let column = self.lifted(&[a, b], |row| match row {
                    [a, b] => {
                        effects.pay(comparison_weight(op, a, b)).ok_or(Stuck)?;
                        operate(op, a, b).map_err(|_| Stuck)
                    }
                    _ => Err(Stuck),
                })?;
                self.checked(column, reach)?;
                column
            }
        };
        self.put_column(to, column);
        Ok(())
    }

    /// An operator on columns of numbers or Booleans; nothing for others.
    fn typed_binary(&mut self, op: BinaryOp, a: Reg, b: Reg) -> Option<Data> {
        match op {
            BinaryOp::And => {
                let (a, b) = (self.booleans(a)?, self.booleans(b)?);
                Some(self.columns.map_logic(a, b, |a, b| a && b))
            }
            BinaryOp::Or => {
                let (a, b) = (self.booleans(a)?, self.booleans(b)?);
                Some(self.columns.map_logic(a, b, |a, b| a || b))
            }
            op => {
                let (x, y) = (self.side(a)?, self.side(b)?);
                self.numeric_binary(op, x, y)
            }
        }
    }

    /// A register as numbers by lane, as arithmetic sees it.
    fn side(&mut self, reg: Reg) -> Option<Numeric> {
        match *self.cell(reg) {
            Cell::Value(ref value) => value.as_number().map(Numeric::Same),
            Cell::Column(column) => self.columns.as_numbers(column.data),
        }
    }

    fn booleans(&self, reg: Reg) -> Option<Boolean> {
        match self.cell(reg) {
            Cell::Value(Value::Bool(b)) => Some(Boolean::Same(*b)),
            Cell::Value(_) => None,
            Cell::Column(column) => self.columns.booleans(column.data),
        }
    }

    /// A register as a column. A tuple becomes one of its elements if the column that it is to go with
    /// is one.
    fn data_beside(&mut self, reg: Reg, other: Reg) -> Data {
        let value = match self.cell(reg) {
            Cell::Column(column) => return column.data,
            Cell::Value(value) => value.clone(),
        };
        match (&value, self.cell(other)) {
            (Value::Tuple(items), Cell::Column(Column { data: Data::Tuple { len, .. }, .. }))
                if items.len() == usize::from(*len) && items.len() <= LONGEST_TUPLE =>
            {
                let mut parts = [Data::Same(0); LONGEST_TUPLE];
                for (part, item) in parts.iter_mut().zip(&**items) {
                    *part = self.columns.same(item.clone());
                }
                self.columns.tuple(parts.into_iter().take(items.len()))
            }
            _ => self.columns.same(value),
        }
    }

    fn numeric_binary(&mut self, op: BinaryOp, x: Numeric, y: Numeric) -> Option<Data> {
        let columns = &mut self.columns;
        Some(match op {
            BinaryOp::Plus => columns.map_numbers(x, y, |x, y| x + y),
            BinaryOp::Minus => columns.map_numbers(x, y, |x, y| x - y),
            BinaryOp::Times => columns.map_numbers(x, y, |x, y| x * y),
            BinaryOp::Divide => columns.map_numbers(x, y, |x, y| x / y),
            BinaryOp::Modulo => columns.map_numbers(x, y, |x, y| x % y),
            BinaryOp::Power => columns.map_numbers(x, y, crate::natives::math::pow),
            BinaryOp::Eq => columns.map_bools(x, y, |x, y| x == y),
            BinaryOp::NotEq => columns.map_bools(x, y, |x, y| x != y),
            BinaryOp::Less => columns.map_bools(x, y, |x, y| x < y),
            BinaryOp::LessEq => columns.map_bools(x, y, |x, y| x <= y),
            BinaryOp::Greater => columns.map_bools(x, y, |x, y| x > y),
            BinaryOp::GreaterEq => columns.map_bools(x, y, |x, y| x >= y),
            BinaryOp::Or | BinaryOp::And => return None,
        })
    }

    pub(super) fn mux(
        &mut self,
        to: Reg,
        condition: Reg,
        then: Reg,
        otherwise: Reg,
    ) -> Result<(), Stuck> {
        if let Cell::Value(value) = self.cell(condition) {
            // Whatever is not `false` counts as true [K5].
            let chosen = if matches!(value, Value::Bool(false)) { otherwise } else { then };
            if let (Cell::Value(_), Cell::Value(_)) = (self.cell(then), self.cell(otherwise)) {
                self.copy(to, chosen);
                return Ok(());
            }
            let mask = self.common_mask(&[then, otherwise])?;
            let data = match self.cell(chosen).clone() {
                Cell::Column(column) => column.data,
                Cell::Value(value) => self.columns.same(value),
            };
            self.put_column(to, Column { data, mask });
            return Ok(());
        }
        let operands = [condition, then, otherwise];
        let chosen = match self.cell(condition) {
            Cell::Column(Column { data: Data::Bools(start), .. }) => {
                let condition = *start as usize;
                let a = self.data_beside(then, otherwise);
                let b = self.data_beside(otherwise, then);
                self.columns.choose(condition, a, b)
            }
            _ => None,
        };
        let column = match chosen {
            Some(data) => Column { data, mask: self.common_mask(&operands)? },
            None => self.lifted(&operands, |row| match row {
                [Value::Bool(false), _, otherwise] => Ok(otherwise.clone()),
                [_, then, _] => Ok(then.clone()),
                _ => Err(Stuck),
            })?,
        };
        self.put_column(to, column);
        Ok(())
    }

    pub(super) fn tuple<S: NeighborSource>(
        &mut self,
        to: Reg,
        first: u32,
        len: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let first = first as usize;
        let operands = reach.code.operands.get(first..first + usize::from(len)).ok_or(Stuck)?;
        let lifts = operands.iter().any(|reg| matches!(self.cell(*reg), Cell::Column(_)));
        if !lifts {
            let mut row = self.values_of(operands, reach)?;
            let plain = row.iter().all(is_plain);
            let tuple = self.new_tuple(row.drain(..));
            self.row = row;
            if !plain {
                self.check_value(&tuple, reach)?;
            }
            self.put(to, Cell::Value(tuple));
            return Ok(());
        }
        let mask = self.common_mask(operands)?;
        let elements = operands.len();
        // Longer tuples of fields are rare.
        let mut parts = [Data::Same(0); LONGEST_TUPLE];
        let parts = parts.get_mut(..elements).ok_or(Stuck)?;
        for (part, reg) in parts.iter_mut().zip(operands) {
            *part = match self.cell(*reg).clone() {
                Cell::Column(column) => column.data,
                Cell::Value(value) => self.columns.same(value),
            };
        }
        let column = Column { data: self.columns.tuple(parts.iter().copied()), mask };
        self.checked(column, reach)?;
        self.put_column(to, column);
        Ok(())
    }

    /// `tuple.get(index)`.
    pub(super) fn get<S: NeighborSource>(
        &mut self,
        to: Reg,
        tuple: Reg,
        index: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let at = match self.cell(index) {
            Cell::Value(Value::Number(x)) => Some(*x as i64),
            Cell::Value(Value::Int(i)) => Some(*i),
            _ => None,
        };
        let at = at.and_then(|at| usize::try_from(at).ok());
        let cell = match (self.cell(tuple), at) {
            (Cell::Value(Value::Tuple(items)), Some(at)) => {
                let item = items.get(at).ok_or(Stuck)?;
                if matches!(item, Value::Field(_)) {
                    return Err(Stuck);
                }
                Some(Cell::Value(item.clone()))
            }
            (Cell::Column(Column { data: Data::Tuple { first, len }, mask }), Some(at)) => {
                if at >= usize::from(*len) {
                    return Err(Stuck);
                }
                let element = self.columns.element(*first, at).ok_or(Stuck)?;
                Some(Cell::Column(Column { data: element.data, mask: *mask }))
            }
            _ => None,
        };
        match cell {
            Some(cell) => {
                if let Cell::Value(value) = &cell {
                    self.check_value(value, reach)?;
                }
                self.put(to, cell);
                Ok(())
            }
            None => self.method(to, site, reach),
        }
    }
}
