//! Methods by the kind of value.

use super::{collections, no_such_overload, option, tuple};
use crate::diag::{DiagCode, nearest};
use crate::eval::{Fault, Round};
use crate::id::NodeId;
use crate::value::{Value, compare_elements, equal};
use std::sync::Arc;

/// Calls a method on a plain value: exactly once, and exactly the one that its kind has.
pub(crate) fn call(
    round: &mut Round<'_>,
    target: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Fault> {
    let own = match target {
        Value::Null => {
            return Err(Fault::new(DiagCode::NullValue, format!("`{name}` was called on null"))
                .help("the value before the dot is absent; wrap it: `optionally(x)`"));
        }
        Value::Tuple(items) => tuple::method(round, items, name, args)?,
        Value::Option(inner) => option::method(round, inner.as_deref(), name, args)?,
        Value::Text(text) => text_method(text, name, args)?,
        Value::Number(_) | Value::Int(_) => number_method(target, name, args),
        Value::Uid(id) | Value::Device(id) => id_method(target, id, name, args),
        Value::Map(entries) => collections::map_method(entries, name, args),
        Value::Set(items) => collections::set_method(items, name, args),
        Value::List(list) => collections::list_method(list, name, args),
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
        ("hashCode", []) => {
            let hash = crate::resolve::stable_hash(&[target.kind(), &target.to_string()]);
            Value::Int(i64::from(hash as u32 as i32))
        }
        ("compareTo", [other]) if target.kind() == other.kind() || equal(target, other) => {
            Value::Int(compare_elements(target, other) as i64)
        }
        _ => return None,
    })
}

fn unknown(target: &Value, name: &str, args: &[Value]) -> Fault {
    let known: &[&str] = match target {
        Value::Tuple(_) => tuple::METHODS,
        Value::Option(_) => option::METHODS,
        Value::Text(_) => TEXT_METHODS,
        Value::Number(_) | Value::Int(_) => NUMBER_METHODS,
        Value::Uid(_) | Value::Device(_) => &["getId", "getUID", "getDeviceUID"],
        Value::Map(_) => &["get", "containsKey", "keySet", "values", "size", "isEmpty"],
        Value::Set(_) => &["contains", "containsAll", "size", "isEmpty", "union"],
        Value::List(_) => {
            &["get", "size", "isEmpty", "contains", "indexOf", "add", "addAll", "clear"]
        }
        Value::Function(_) => &["apply"],
        _ => &[],
    };
    let all = known.iter().chain(&["toString", "equals", "hashCode", "compareTo"]);
    let all: Vec<&str> = all.copied().collect();
    let help = match nearest(name, all.iter().copied()).filter(|near| *near != name) {
        Some(near) => format!("did you mean `{near}`? A {} has: {}", target.kind(), all.join(", ")),
        None => format!("a {} has: {}", target.kind(), all.join(", ")),
    };
    no_such_overload(target.kind(), name, args).help(help)
}

/// Whether some kind of value has a method of this name: the 2015 dialect imports methods.
pub(crate) fn is_method(name: &str) -> bool {
    let common = ["toString", "equals", "hashCode", "compareTo", "apply", "getDeviceUID", "getId"];
    [tuple::METHODS, option::METHODS, TEXT_METHODS, NUMBER_METHODS, &common]
        .iter()
        .any(|m| m.contains(&name))
}

const NUMBER_METHODS: &[&str] = &["intValue", "longValue", "doubleValue", "isNaN", "isInfinite"];

fn number_method(target: &Value, name: &str, args: &[Value]) -> Option<Value> {
    let x = target.as_number()?;
    Some(match (name, args) {
        ("intValue" | "longValue", []) => Value::Int(x as i64),
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

const TEXT_METHODS: &[&str] = &[
    "length",
    "isEmpty",
    "contains",
    "indexOf",
    "lastIndexOf",
    "startsWith",
    "endsWith",
    "substring",
    "replace",
    "toUpperCase",
    "toLowerCase",
    "trim",
    "split",
    "concat",
    "charAt",
    "equalsIgnoreCase",
];

/// Texts are sequences of UTF-16 units, as on the JVM: indices and lengths count those.
fn text_method(text: &Arc<str>, name: &str, args: &[Value]) -> Result<Option<Value>, Fault> {
    let value = match (name, args) {
        ("length", []) => Value::Int(utf16_len(text)),
        ("isEmpty", []) => Value::Bool(text.is_empty()),
        ("toUpperCase", []) => Value::text(&text.to_uppercase()),
        ("toLowerCase", []) => Value::text(&text.to_lowercase()),
        ("trim", []) => Value::text(text.trim_matches(|c: char| c <= ' ')),
        ("substring", [from]) => substring(text, from, None)?,
        ("substring", [from, to]) => substring(text, from, Some(to))?,
        ("charAt", [at]) => {
            let next = at.as_number().map(|x| Value::Number(x.trunc() + 1.0));
            substring(text, at, next.as_ref())?
        }
        ("hashCode", []) => {
            let hash = text
                .encode_utf16()
                .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
            Value::Int(i64::from(hash))
        }
        ("compareTo", [Value::Text(other)]) => Value::Int(java_compare(text, other)),
        ("replace", [Value::Text(from), Value::Text(to)]) => {
            Value::text(&text.replace(&**from, to))
        }
        (_, [Value::Text(other)]) => return Ok(with_text(text, name, other)),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn with_text(text: &str, name: &str, other: &str) -> Option<Value> {
    let index =
        |at: Option<usize>| Value::Int(at.and_then(|at| text.get(..at)).map_or(-1, utf16_len));
    Some(match name {
        "contains" => Value::Bool(text.contains(other)),
        "startsWith" => Value::Bool(text.starts_with(other)),
        "endsWith" => Value::Bool(text.ends_with(other)),
        "equalsIgnoreCase" => Value::Bool(text.to_lowercase() == other.to_lowercase()),
        "indexOf" => index(text.find(other)),
        "lastIndexOf" => index(text.rfind(other)),
        "concat" => Value::text(&format!("{text}{other}")),
        "split" => {
            // The separator is taken literally; empty parts at the end are dropped.
            let mut parts: Vec<&str> = text.split(other).collect();
            while parts.len() > 1 && parts.last().is_some_and(|p| p.is_empty()) {
                parts.pop();
            }
            Value::List(crate::value::List::new(parts.into_iter().map(Value::text).collect()))
        }
        _ => return None,
    })
}

/// The difference of the first units that differ, else of the lengths.
fn java_compare(a: &str, b: &str) -> i64 {
    let pairs = a.encode_utf16().zip(b.encode_utf16());
    let difference = pairs.map(|(x, y)| i64::from(x) - i64::from(y)).find(|d| *d != 0);
    difference.unwrap_or_else(|| utf16_len(a) - utf16_len(b))
}

fn utf16_len(text: &str) -> i64 {
    text.encode_utf16().count() as i64
}

fn substring(text: &str, from: &Value, to: Option<&Value>) -> Result<Value, Fault> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let at = |v: &Value| v.as_number().filter(|x| *x >= 0.0).map(|x| x as usize);
    let range = at(from).zip(to.map_or(Some(units.len()), at));
    let part = range.and_then(|(from, to)| units.get(from..to));
    match part {
        Some(part) => Ok(Value::text(&String::from_utf16_lossy(part))),
        None => {
            let to = to.map_or_else(String::new, |to| format!(" to {to}"));
            Err(Fault::new(
                DiagCode::OutOfBounds,
                format!(
                    "string index {from}{to} is out of bounds: the text has {} characters",
                    units.len()
                ),
            ))
        }
    }
}
