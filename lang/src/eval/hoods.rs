//! Hood reductions.

use super::{Fault, Round, frame};
use crate::diag::DiagCode;
use crate::id::NodeId;
use crate::program::Expr;
use crate::syntax::ast::HoodOp;
use crate::value::{self, Field, OrderedSet, Value};

impl Round<'_> {
    fn field(&mut self, expr: &Expr, frame: u64, of: &str) -> Result<std::sync::Arc<Field>, Fault> {
        match self.below(frame, |round| round.value(expr))? {
            Value::Field(field) => Ok(field),
            other => Err(Fault::new(
                DiagCode::NotAField,
                format!("{} cannot be cast to Field: {of} got {other}", other.kind()),
            )
            .at(&expr.span)
            .help("a hood reduces a field, such as `nbr(x)` or `self.nbrRange()`")),
        }
    }

    #[inline(never)]
    pub(super) fn hood(
        &mut self,
        op: HoodOp,
        plus_self: bool,
        field: &Expr,
    ) -> Result<Value, Fault> {
        let name = hood_name(op);
        let field = self.field(field, frame::HOOD + ((op as u64) << 8), name)?;
        if op == HoodOp::Local {
            return Ok(field.local().clone());
        }
        let weight = field.values().map(|value| value.weight(usize::MAX)).sum();
        self.effects.pay(weight).ok_or_else(|| self.out_of_fuel())?;
        let mut values: Vec<&Value> = field.neighbors().iter().map(|(_, value)| value).collect();
        if plus_self {
            values.push(field.local());
        }
        let result = if values.is_empty() {
            empty(op, field.local())
        } else {
            reduce(op, &values).map_err(|fault| match culprit(op, &field) {
                Some(id) => fault.for_neighbor(id),
                None => fault,
            })
        };
        self.check_size(result?)
    }

    /// `hood(g, d, f)` and `hoodPlusSelf(g, d, f)`: `d` only counts when nobody is there [K13].
    #[inline(never)]
    pub(super) fn generic_hood(
        &mut self,
        plus_self: bool,
        reducer: &Expr,
        default: &Expr,
        field: &Expr,
    ) -> Result<Value, Fault> {
        let field = self.field(field, frame::GENERIC_HOOD, "hood")?;
        let default = self.below(frame::GENERIC_HOOD + 1, |round| round.value(default))?;
        let reducer = self.below(frame::GENERIC_HOOD + 2, |round| round.value(reducer))?;
        let own = plus_self.then(|| (None, field.local()));
        let neighbors = field.neighbors().iter().map(|(id, value)| (Some(id), value));
        let mut values = neighbors.chain(own);
        let Some((_, first)) = values.next() else { return Ok(default) };
        let mut result = first.clone();
        for (id, value) in values {
            let next = self.below(frame::GENERIC_HOOD + 3, |round| {
                Self::checked(round.apply(&reducer, vec![result, value.clone()]))
            });
            result = next.map_err(|fault| fault.for_value_of(id))?;
        }
        Ok(result)
    }
}

pub(crate) fn hood_name(op: HoodOp) -> &'static str {
    match op {
        HoodOp::Min => "minHood",
        HoodOp::Max => "maxHood",
        HoodOp::Local => "localHood",
        HoodOp::Any => "anyHood",
        HoodOp::All => "allHood",
        HoodOp::Sum => "sumHood",
        HoodOp::Mean => "meanHood",
        HoodOp::Union => "unionHood",
    }
}

/// The first neighbour with whose value a hood fails.
fn culprit(op: HoodOp, field: &Field) -> Option<&NodeId> {
    let values: Vec<&Value> = field.neighbors().iter().map(|(_, value)| value).collect();
    let fails = |end: &usize| values.get(..*end).is_some_and(|some| reduce(op, some).is_err());
    let end = (1..=values.len()).find(fails)?;
    field.neighbors().get(end - 1).map(|(id, _)| id)
}

fn cannot_compute(op: HoodOp, value: &Value) -> Fault {
    let operation = hood_name(op).trim_end_matches("Hood").to_uppercase();
    let help = match op {
        HoodOp::Any | HoodOp::All => "the field must hold Booleans",
        _ => "the field must hold numbers or tuples of numbers",
    };
    let message = format!("{operation} cannot compute on {value} ({})", value.kind());
    Fault::new(DiagCode::HoodKinds, message).help(help)
}

/// The value of a hood without anybody, in the shape of the local value.
pub(crate) fn empty(op: HoodOp, local: &Value) -> Result<Value, Fault> {
    let fill = match op {
        HoodOp::Min => f64::INFINITY,
        HoodOp::Max => f64::NEG_INFINITY,
        HoodOp::Mean => f64::NAN,
        HoodOp::Sum | HoodOp::Local => 0.0,
        HoodOp::Any | HoodOp::All => {
            return match local {
                Value::Bool(_) => Ok(Value::Bool(op == HoodOp::All)),
                other => Err(cannot_compute(op, other)),
            };
        }
        HoodOp::Union => return Ok(Value::tuple(Vec::new())),
    };
    filled(local, fill).ok_or_else(|| cannot_compute(op, local))
}

/// A number, or a tuple of the same shape as `like` with that number everywhere.
fn filled(like: &Value, number: f64) -> Option<Value> {
    match like {
        Value::Tuple(items) => Some(Value::Tuple(
            items
                .iter()
                .map(|item| filled(item, number).unwrap_or(Value::Number(number)))
                .collect(),
        )),
        _ => like.as_number().map(|_| Value::Number(number)),
    }
}

pub(crate) fn reduce(op: HoodOp, values: &[&Value]) -> Result<Value, Fault> {
    let Some((first, rest)) = values.split_first() else { return Ok(Value::Unit) };
    let fold =
        |f: fn(Value, &Value) -> Value| rest.iter().fold(as_double(first), |acc, v| f(acc, v));
    Ok(match op {
        HoodOp::Min => fold(|acc, v| if value::less_than(v, &acc) { as_double(v) } else { acc }),
        // On ties, and where a NaN cannot be compared, the second wins [K14].
        HoodOp::Max => fold(|acc, v| if value::less_than(v, &acc) { acc } else { as_double(v) }),
        HoodOp::Any | HoodOp::All => {
            let mut result = op == HoodOp::All;
            for v in values {
                let Value::Bool(b) = v else { return Err(cannot_compute(op, v)) };
                result = if op == HoodOp::All { result && *b } else { result || *b };
            }
            Value::Bool(result)
        }
        HoodOp::Sum => sum(op, values)?,
        HoodOp::Mean => {
            let total = sum(op, values)?;
            let count = Value::Number(values.len() as f64);
            let mean =
                value::binary_number_op(crate::syntax::ast::BinaryOp::Divide, &total, &count);
            mean.ok_or_else(|| cannot_compute(op, &total))?
        }
        HoodOp::Union => union(values),
        HoodOp::Local => as_double(first),
    })
}

/// Numbers leave the arithmetic hoods as doubles.
fn as_double(value: &Value) -> Value {
    value.as_number().map_or_else(|| value.clone(), Value::Number)
}

fn sum(op: HoodOp, values: &[&Value]) -> Result<Value, Fault> {
    let Some((first, rest)) = values.split_first() else { return Ok(Value::Number(0.0)) };
    let mut total = as_double(first);
    for value in rest {
        total = value::plus(&total, value).ok_or_else(|| cannot_compute(op, value))?;
    }
    Ok(total)
}

/// Set union in order of first occurrence; what is not a tuple counts as a tuple of itself.
fn union(values: &[&Value]) -> Value {
    let mut items = OrderedSet::default();
    for value in values {
        match value {
            Value::Tuple(elements) => elements.iter().for_each(|e| items.insert(e.clone())),
            own => items.insert((*own).clone()),
        }
    }
    Value::tuple(items.into_items())
}
