//! Options: values that may be absent.

use super::builtins::optionally;
use super::{Native, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, Value};
use std::sync::Arc;

pub(super) const CLASS: &str = "org.protelis.lang.datatype.Option";

fn some(value: Value) -> Value {
    Value::Option(Some(Arc::new(value)))
}

/// Null becomes the empty Option.
fn from_nullable(value: Value) -> Value {
    if matches!(value, Value::Null) { Value::Option(None) } else { some(value) }
}

fn empty(_: &mut Round<'_>, _: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Option(None))
}

/// An Option stays what it is: the host's kinds of Option are one kind here.
fn same(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    match args {
        [option @ Value::Option(_)] => Ok(option.clone()),
        _ => Err(no_such_overload(CLASS, "fromJavaUtil", args)),
    }
}

pub(super) static NATIVES: &[Native] = &[
    Native::new(CLASS, "of", Arity::Exactly(1), optionally),
    Native::new(CLASS, "ofNullable", Arity::Exactly(1), optionally),
    Native::new(CLASS, "fromNullable", Arity::Exactly(1), optionally),
    Native::new(CLASS, "empty", Arity::Exactly(0), empty),
    Native::new(CLASS, "absent", Arity::Exactly(0), empty),
    Native::new(CLASS, "fromGuava", Arity::Exactly(1), same),
    Native::new(CLASS, "fromJavaUtil", Arity::Exactly(1), same),
];

/// A method of an Option; functions are unary, `orElseGet` takes one without parameters.
pub(super) fn method(
    round: &mut Round<'_>,
    option: Option<&Value>,
    name: &str,
    args: &[Value],
) -> Result<Option<Value>, Fault> {
    let whole = || Value::Option(option.cloned().map(Arc::new));
    let value = match (name, args, option) {
        ("isPresent", [], _) => Value::Bool(option.is_some()),
        ("isEmpty" | "isAbsent", [], _) => Value::Bool(option.is_none()),
        ("get", [], Some(value)) => value.clone(),
        ("get" | "orElseThrow", _, None) => {
            return Err(Fault::new(DiagCode::EmptyOption, format!("`{name}` of an empty Option"))
                .help("ask `isPresent()` first, or use `orElse(default)`"));
        }
        ("orElseThrow", _, Some(value)) | ("orElse", [_], Some(value)) => value.clone(),
        ("orElse", [default], None) => default.clone(),
        ("orElseGet", [_], Some(value)) => value.clone(),
        ("orElseGet", [f], None) => round.apply_at(0, f, Vec::new())?,
        ("or", [Value::Option(_)], Some(_)) => whole(),
        ("or", [other @ Value::Option(_)], None) => other.clone(),
        ("merge", [Value::Option(other), f], _) => match (option, other) {
            (Some(a), Some(b)) => {
                some(Round::checked(round.apply_at(0, f, vec![a.clone(), (**b).clone()]))?)
            }
            (Some(_), None) => whole(),
            (None, other) => Value::Option(other.clone()),
        },
        ("map" | "transform", [f], Some(value)) => {
            from_nullable(round.apply_at(0, f, vec![value.clone()])?)
        }
        ("filter" | "filterNot", [f], Some(value)) => {
            match round.apply_at(0, f, vec![value.clone()])? {
                Value::Bool(keep) if keep == (name == "filter") => whole(),
                Value::Bool(_) => Value::Option(None),
                other => {
                    let message =
                        format!("{name} needs a Boolean, found {other} ({})", other.kind());
                    return Err(Fault::new(DiagCode::FunctionResult, message)
                        .help("compare it with something: `{ it > 0 }`"));
                }
            }
        }
        ("flatMap", [f], Some(value)) => match round.apply_at(0, f, vec![value.clone()])? {
            result @ Value::Option(_) => result,
            other => {
                let message = format!("flatMap needs an Option, found {other} ({})", other.kind());
                return Err(Fault::new(DiagCode::FunctionResult, message)
                    .help("use `map` for a function that gives a plain value"));
            }
        },
        ("map" | "transform" | "filter" | "filterNot" | "flatMap", [_], None) => {
            Value::Option(None)
        }
        ("asSet", [], _) => Value::Set(Arc::new(option.cloned().into_iter().collect())),
        ("toGuava" | "toJavaUtil", [], _) => whole(),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// The methods above, for messages.
pub(super) const METHODS: &[&str] = &[
    "get",
    "isPresent",
    "isEmpty",
    "isAbsent",
    "orElse",
    "orElseGet",
    "orElseThrow",
    "or",
    "merge",
    "map",
    "transform",
    "filter",
    "filterNot",
    "flatMap",
    "asSet",
    "toGuava",
    "toJavaUtil",
];
