//! Readings to values of the language and back.

use crate::host::{Action, Reading};
use fieldrun_lang::{ActionRequest, NodeId, Value};

/// A reading as the program sees it.
pub(crate) fn value(reading: &Reading) -> Value {
    match reading {
        Reading::Bool(b) => Value::Bool(*b),
        Reading::Number(x) => Value::Number(*x),
        Reading::Text(text) => Value::Text(text.clone()),
        Reading::List(items) => Value::tuple(items.iter().map(value).collect()),
    }
}

/// What a program asked for, with its arguments as plain values; what has no plain form is given
/// as its text.
pub(crate) fn action((name, args): &ActionRequest) -> Action {
    Action { name: name.to_string(), args: args.iter().map(reading).collect() }
}

pub(crate) fn reading(value: &Value) -> Reading {
    match value {
        Value::Bool(b) => Reading::Bool(*b),
        Value::Number(x) => Reading::Number(*x),
        Value::Int(i) | Value::Uid(NodeId::Int(i)) => Reading::Number(*i as f64),
        Value::Tuple(items) => Reading::List(items.iter().map(reading).collect()),
        other => Reading::text(&other.to_string()),
    }
}
