//! Methods by the kind of value.

use super::{collections, double, no_such_overload, option, text, tuple};
use crate::diag::{DiagCode, nearest};
use crate::eval::{Fault, Round};
use crate::id::NodeId;
use crate::value::{Value, compare_elements, digest, equal};

/// Calls a method on a plain value: exactly once, and exactly the one that its kind has.
pub(crate) fn call(
    round: &mut Round<'_>,
    target: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Fault> {
    // What takes the same time whatever the size is free.
    if !["get", "size", "isEmpty", "head", "isPresent", "orElse"].contains(&name) {
        super::pay(round, std::slice::from_ref(target))?;
        super::pay(round, args)?;
    }
    let own = match target {
        Value::Null => {
            return Err(Fault::new(DiagCode::NullValue, format!("`{name}` was called on null"))
                .help("the value before the dot is absent; wrap it: `optionally(x)`"));
        }
        Value::Tuple(items) => tuple::method(round, items, name, args)?,
        Value::Option(inner) => option::method(round, inner.as_deref(), name, args)?,
        Value::Text(target) => text::method(round, target, name, args)?,
        Value::Number(_) | Value::Int(_) => number_method(target, name, args),
        Value::Uid(id) | Value::Device(id) => id_method(target, id, name, args),
        Value::Map(entries) => collections::map_method(entries, name, args),
        Value::Set(items) => collections::set_method(items, name, args),
        Value::List(list) => collections::list_method(round, list, name, args)?,
        Value::Function(_) if name == "apply" => Some(round.apply(target, args.to_vec())?),
        _ => None,
    };
    match own.or_else(|| common(target, name, args)) {
        Some(value) => Ok(value),
        None => Err(unknown(target, name, args)),
    }
}

/// Methods of every value.
fn common(target: &Value, name: &str, args: &[Value]) -> Option<Value> {
    Some(match (name, args) {
        ("toString", []) => Value::text(&target.to_string()),
        ("equals", [other]) => Value::Bool(target == other),
        ("hashCode", []) => Value::Int(i64::from(hash_code(target))),
        ("compareTo", [other]) if target.kind() == other.kind() || equal(target, other) => {
            Value::Int(compare_elements(target, other) as i64)
        }
        _ => return None,
    })
}

/// As on the JVM for numbers and Booleans; for others any number that equal values share.
fn hash_code(value: &Value) -> i32 {
    let folded = |bits: u64| (bits ^ (bits >> 32)) as u32 as i32;
    match value {
        Value::Number(x) => double::hash_code(*x),
        Value::Int(i) => i32::try_from(*i).unwrap_or_else(|_| folded(*i as u64)),
        Value::Bool(b) => {
            if *b {
                1231
            } else {
                1237
            }
        }
        other => digest(other) as u32 as i32,
    }
}

fn unknown(target: &Value, name: &str, args: &[Value]) -> Fault {
    let known: &[&str] = match target {
        Value::Tuple(_) => tuple::METHODS,
        Value::Option(_) => option::METHODS,
        Value::Text(_) => text::METHODS,
        Value::Number(_) | Value::Int(_) => NUMBER_METHODS,
        Value::Uid(_) | Value::Device(_) => ID_METHODS,
        Value::Map(_) => collections::MAP_METHODS,
        Value::Set(_) => collections::SET_METHODS,
        Value::List(_) => collections::LIST_METHODS,
        Value::Function(_) => &["apply"],
        _ => &[],
    };
    let all: Vec<&str> = known.iter().chain(COMMON_METHODS).copied().collect();
    let help = match nearest(name, all.iter().copied()).filter(|near| *near != name) {
        Some(near) => format!("did you mean `{near}`? A {} has: {}", target.kind(), all.join(", ")),
        None => format!("a {} has: {}", target.kind(), all.join(", ")),
    };
    no_such_overload(target.kind(), name, args).help(help)
}

/// The names of all methods of all kinds of value, some of them more than once.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let tables = [
        COMMON_METHODS,
        tuple::METHODS,
        option::METHODS,
        text::METHODS,
        NUMBER_METHODS,
        ID_METHODS,
        collections::MAP_METHODS,
        collections::SET_METHODS,
        collections::LIST_METHODS,
        &["apply"],
    ];
    tables.into_iter().flatten().copied()
}

/// Whether some kind of value has a method of this name: the 2015 dialect imports methods.
pub(crate) fn is_method(name: &str) -> bool {
    names().any(|known| known == name)
}

const COMMON_METHODS: &[&str] = &["toString", "equals", "hashCode", "compareTo"];
const NUMBER_METHODS: &[&str] = &["intValue", "longValue", "doubleValue", "isNaN", "isInfinite"];
const ID_METHODS: &[&str] = &["getId", "getUID", "getUid", "getDeviceUID"];

fn number_method(target: &Value, name: &str, args: &[Value]) -> Option<Value> {
    let x = target.as_number()?;
    Some(match (name, args) {
        // Doubles outside of the range become its ends, as casts on the JVM do.
        ("intValue", []) => Value::Int(match target {
            Value::Int(i) => i64::from(*i as i32),
            _ => i64::from(x as i32),
        }),
        ("longValue", []) => Value::Int(match target {
            Value::Int(i) => *i,
            _ => x as i64,
        }),
        ("doubleValue", []) => Value::Number(x),
        ("isNaN", []) => Value::Bool(x.is_nan()),
        ("isInfinite", []) => Value::Bool(x.is_infinite()),
        _ => return None,
    })
}

fn id_method(target: &Value, id: &NodeId, name: &str, args: &[Value]) -> Option<Value> {
    if !args.is_empty() {
        return None;
    }
    Some(match (name, target) {
        ("getDeviceUID", Value::Device(_)) => Value::Uid(id.clone()),
        ("getId" | "getUID" | "getUid", _) => match id {
            NodeId::Int(id) => Value::Int(*id),
            NodeId::Text(id) => Value::Text(id.clone()),
        },
        _ => return None,
    })
}
