//! The folds of `org.protelis.Builtins` over fields.

use super::builtins::{extreme, field};
use super::{BUILTINS, Native, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::id::NodeId;
use crate::value::{Arity, Field, OrderedSet, Value, plus};
use std::sync::Arc;

/// How two values become one.
type Combine = fn(&Value, &Value) -> Result<Value, Fault>;

fn least(a: &Value, b: &Value) -> Result<Value, Fault> {
    extreme("min", a, b, true)
}

fn greatest(a: &Value, b: &Value) -> Result<Value, Fault> {
    extreme("max", a, b, false)
}

/// Texts concatenate, numbers add, Booleans are and-ed, tuples are concatenated [K2].
fn sum(a: &Value, b: &Value) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(*a && *b)),
        (Value::Tuple(a), Value::Tuple(b)) => {
            Ok(Value::Tuple(a.iter().chain(b.iter()).cloned().collect()))
        }
        (Value::Text(_), Value::Text(_)) => plus(a, b).ok_or_else(|| cannot("sum", a, b)),
        (Value::Int(a), Value::Int(b)) => Ok(Value::Int(a.wrapping_add(*b))),
        _ => match (a.as_number(), b.as_number()) {
            (Some(a), Some(b)) => Ok(Value::Number(a + b)),
            _ => Err(cannot("sum", a, b)),
        },
    }
}

/// Tuples and sets; what is neither is wrapped when it faces something.
fn union(a: &Value, b: &Value) -> Result<Value, Fault> {
    fn items(value: &Value) -> &[Value] {
        match value {
            Value::Tuple(items) => items,
            Value::Set(items) => items,
            other => std::slice::from_ref(other),
        }
    }
    let all: OrderedSet = items(a).iter().chain(items(b)).collect();
    let sets = matches!((a, b), (Value::Set(_), Value::Set(_)));
    let all = all.into_items();
    Ok(if sets { Value::Set(Arc::new(all)) } else { Value::tuple(all) })
}

fn cannot(name: &str, a: &Value, b: &Value) -> Fault {
    let message = format!("{name} cannot combine {} with {}: {a} and {b}", a.kind(), b.kind());
    Fault::new(DiagCode::HoodKinds, message).help("the values of the field must be of one kind")
}

/// The values of a field, the device's own last, and whose they are.
fn with_self(field: &Field) -> impl Iterator<Item = (Option<&NodeId>, &Value)> {
    field.neighbors().iter().map(|(id, v)| (Some(id), v)).chain([(None, field.local())])
}

/// `foldX(field)` includes the device itself, last; `foldX(base, field)` starts from the base,
/// leaves the device out, and calls `g(element, accumulator)` [K1].
fn fold(name: &str, args: &[Value], combine: Combine) -> Result<Value, Fault> {
    match args {
        [_] => {
            let field = field(name, args, 0)?;
            let mut values = with_self(field);
            let Some((_, first)) = values.next() else { return Ok(Value::Unit) };
            values.try_fold(first.clone(), |acc, (id, v)| {
                combine(&acc, v).map_err(|fault| fault.for_value_of(id))
            })
        }
        [base, _] => {
            let field = field(name, args, 1)?;
            field.neighbors().iter().try_fold(base.clone(), |acc, (id, v)| {
                combine(v, &acc).map_err(|fault| fault.for_neighbor(id))
            })
        }
        _ => Err(no_such_overload(BUILTINS, name, args)),
    }
}

/// `reduceX(field)`: an Option, empty without neighbours; the device itself is left out.
fn reduce(name: &str, args: &[Value], combine: Combine) -> Result<Value, Fault> {
    let field = field(name, args, 0)?;
    let mut values = field.neighbors().iter();
    let Some((_, first)) = values.next() else { return Ok(Value::Option(None)) };
    let result = values.try_fold(first.clone(), |acc, (id, v)| {
        combine(&acc, v).map_err(|fault| fault.for_neighbor(id))
    })?;
    Ok(Value::Option(Some(Arc::new(result))))
}

/// Sum over count [D3].
fn mean(name: &str, values: &[(Option<&NodeId>, &Value)]) -> Result<Value, Fault> {
    let mut total = 0.0;
    for (id, value) in values {
        let wrong = || {
            Fault::new(
                DiagCode::HoodKinds,
                format!("{name} cannot compute on {value} ({})", value.kind()),
            )
        };
        let wrong = || wrong().help("the field must hold numbers").for_value_of(*id);
        total += value.as_number().ok_or_else(wrong)?;
    }
    Ok(Value::Number(total / values.len() as f64))
}

fn fold_mean(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let field = field("foldMean", args, 0)?;
    mean("foldMean", &with_self(field).collect::<Vec<_>>())
}

fn reduce_mean(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let field = field("reduceMean", args, 0)?;
    let values: Vec<_> = field.neighbors().iter().map(|(id, v)| (Some(id), v)).collect();
    if values.is_empty() {
        return Ok(Value::Option(None));
    }
    mean("reduceMean", &values).map(|mean| Value::Option(Some(Arc::new(mean))))
}

/// Numbers of both kinds are one kind here.
fn conforms(name: &str, expected: &Value, found: &Value) -> Result<(), Fault> {
    let both_numbers = expected.as_number().is_some() && found.as_number().is_some();
    if both_numbers || expected.kind() == found.kind() {
        return Ok(());
    }
    let message =
        format!("{name}: a {} is needed, found a {} ({found})", expected.kind(), found.kind());
    Err(Fault::new(DiagCode::HoodKinds, message)
        .help("base, field and result of the reducer must be of one kind"))
}

/// `foldHood(base, field, g)`: calls `g(element, accumulator)` [K1].
fn fold_hood(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let field = field("foldHood", args, 1)?;
    let [base, _, reducer] = args else { return Err(no_such_overload(BUILTINS, "foldHood", args)) };
    conforms("foldHood", base, field.local())?;
    let mut acc = base.clone();
    for (id, value) in field.neighbors() {
        conforms("foldHood", base, value).map_err(|fault| fault.for_neighbor(id))?;
        let next = Round::checked(round.apply(reducer, vec![value.clone(), acc]));
        acc = next.map_err(|fault| fault.for_neighbor(id))?;
        conforms("foldHood", base, &acc)?;
    }
    Ok(acc)
}

/// `foldHoodPlusSelf(field, g)` and `reduceHood(field, g)`: call `g(accumulator, element)`.
fn fold_values(
    round: &mut Round<'_>,
    name: &str,
    values: &[(Option<&NodeId>, &Value)],
    reducer: &Value,
) -> Result<Option<Value>, Fault> {
    let Some(((_, first), rest)) = values.split_first() else { return Ok(None) };
    let mut acc = (*first).clone();
    for (id, value) in rest {
        let next = Round::checked(round.apply(reducer, vec![acc, (*value).clone()]));
        acc = next
            .and_then(|next| conforms(name, first, &next).map(|()| next))
            .map_err(|fault| fault.for_value_of(*id))?;
    }
    Ok(Some(acc))
}

fn fold_hood_plus_self(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let name = "foldHoodPlusSelf";
    let field = field(name, args, 0)?;
    let [_, reducer] = args else { return Err(no_such_overload(BUILTINS, name, args)) };
    let values: Vec<_> = with_self(field).collect();
    Ok(fold_values(round, name, &values, reducer)?.unwrap_or(Value::Unit))
}

fn reduce_hood(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let name = "reduceHood";
    let field = field(name, args, 0)?;
    let [_, reducer] = args else { return Err(no_such_overload(BUILTINS, name, args)) };
    let values: Vec<_> = field.neighbors().iter().map(|(id, v)| (Some(id), v)).collect();
    Ok(Value::Option(fold_values(round, name, &values, reducer)?.map(Arc::new)))
}

const ONE: Arity = Arity::Exactly(1);
const BASE: Arity = Arity::Between(1, 2);

pub(super) static NATIVES: &[Native] = &[
    Native::new(BUILTINS, "foldMin", BASE, |_, a| fold("foldMin", a, least)).fields(3),
    Native::new(BUILTINS, "foldMax", BASE, |_, a| fold("foldMax", a, greatest)).fields(3),
    Native::new(BUILTINS, "foldSum", BASE, |_, a| fold("foldSum", a, sum)).fields(3),
    Native::new(BUILTINS, "foldUnion", BASE, |_, a| fold("foldUnion", a, union)).fields(3),
    Native::new(BUILTINS, "foldMean", ONE, fold_mean).fields(1),
    Native::new(BUILTINS, "foldHood", Arity::Exactly(3), fold_hood).fields(2),
    Native::new(BUILTINS, "foldHoodPlusSelf", Arity::Exactly(2), fold_hood_plus_self).fields(1),
    Native::new(BUILTINS, "reduceHood", Arity::Exactly(2), reduce_hood).fields(1),
    Native::new(BUILTINS, "reduceMin", ONE, |_, a| reduce("reduceMin", a, least)).fields(1),
    Native::new(BUILTINS, "reduceMax", ONE, |_, a| reduce("reduceMax", a, greatest)).fields(1),
    Native::new(BUILTINS, "reduceSum", ONE, |_, a| reduce("reduceSum", a, sum)).fields(1),
    Native::new(BUILTINS, "reduceUnion", ONE, |_, a| reduce("reduceUnion", a, union)).fields(1),
    Native::new(BUILTINS, "reduceMean", ONE, reduce_mean).fields(1),
];
