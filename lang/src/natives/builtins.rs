//! `org.protelis.Builtins` apart from the folds.

use super::{BUILTINS, Native, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, Field, Value, compare_elements};
use std::sync::Arc;

/// A field argument taken whole.
pub(super) fn field<'v>(name: &str, args: &'v [Value], i: usize) -> Result<&'v Arc<Field>, Fault> {
    match args.get(i) {
        Some(Value::Field(field)) => Ok(field),
        Some(other) => Err(Fault::new(
            DiagCode::NotAField,
            format!("{} cannot be cast to Field: {name} got {other}", other.kind()),
        )
        .help("pass a field, such as `nbr(x)`")),
        None => Err(no_such_overload(BUILTINS, name, args)),
    }
}

/// All or any of the Booleans of a field, with or without the device itself.
fn quantify(name: &str, args: &[Value], with_self: bool, all: bool) -> Result<Value, Fault> {
    let field = field(name, args, 0)?;
    let own = with_self.then(|| (None, field.local()));
    let mut result = all;
    for (id, value) in field.neighbors().iter().map(|(id, v)| (Some(id), v)).chain(own) {
        let Value::Bool(b) = value else {
            let message = format!("{name} cannot compute on {value} ({})", value.kind());
            return Err(Fault::new(DiagCode::HoodKinds, message)
                .help("the field must hold Booleans")
                .for_value_of(id));
        };
        result = if all { result && *b } else { result || *b };
    }
    Ok(Value::Bool(result))
}

fn negated(result: Result<Value, Fault>) -> Result<Value, Fault> {
    result.map(|value| Value::Bool(!matches!(value, Value::Bool(true))))
}

/// `Builtins.min` and its kin: one kind by its order, numbers of both kinds by the total order of
/// doubles; on ties the second.
pub(super) fn extreme(name: &str, a: &Value, b: &Value, least: bool) -> Result<Value, Fault> {
    let numbers = a.as_number().is_some() && b.as_number().is_some();
    if !numbers && a.kind() != b.kind() {
        return Err(no_such_overload(BUILTINS, name, &[a.clone(), b.clone()])
            .help("both must be numbers, or of one kind"));
    }
    let order = compare_elements(a, b);
    let first = if least { order.is_lt() } else { order.is_gt() };
    Ok(if first { a.clone() } else { b.clone() })
}

fn min(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    match args {
        [a, b] => extreme("min", a, b, true),
        _ => Err(no_such_overload(BUILTINS, "min", args)),
    }
}

fn field_to_map(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let field = field("fieldToMap", args, 0)?;
    let own = (Value::Uid(round.id().clone()), field.local().clone());
    let neighbors = field.neighbors().iter().map(|(id, v)| (Value::Uid(id.clone()), v.clone()));
    Ok(Value::Map(Arc::new(neighbors.chain([own]).collect())))
}

pub(super) fn optionally(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    Ok(match args {
        [Value::Null] | [] => Value::Option(None),
        [value, ..] => Value::Option(Some(Arc::new(value.clone()))),
    })
}

pub(super) static NATIVES: &[Native] = &[
    Native::new(BUILTINS, "all", Arity::Exactly(1), |_, a| quantify("all", a, true, true))
        .fields(1),
    Native::new(BUILTINS, "any", Arity::Exactly(1), |_, a| quantify("any", a, true, false))
        .fields(1),
    Native::new(BUILTINS, "none", Arity::Exactly(1), |_, a| {
        negated(quantify("none", a, true, false))
    })
    .fields(1),
    Native::new(BUILTINS, "allButSelf", Arity::Exactly(1), |_, a| {
        quantify("allButSelf", a, false, true)
    })
    .fields(1),
    Native::new(BUILTINS, "anyButSelf", Arity::Exactly(1), |_, a| {
        quantify("anyButSelf", a, false, false)
    })
    .fields(1),
    Native::new(BUILTINS, "noneButSelf", Arity::Exactly(1), |_, a| {
        negated(quantify("noneButSelf", a, false, false))
    })
    .fields(1),
    Native::new(BUILTINS, "local", Arity::Exactly(1), |_, a| {
        field("local", a, 0).map(|f| f.local().clone())
    })
    .fields(1),
    Native::new(BUILTINS, "fieldToMap", Arity::Exactly(1), field_to_map).fields(1),
    Native::new(BUILTINS, "optionally", Arity::Exactly(1), optionally),
    Native::new(BUILTINS, "maybe", Arity::Exactly(1), optionally),
    Native::new(BUILTINS, "min", Arity::Exactly(2), min),
];
