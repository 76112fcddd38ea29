//! Methods of texts. Texts are sequences of UTF-16 units, as on the JVM: indices and lengths count
//! those.

use super::pattern;
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::Value;
use std::sync::Arc;

/// The methods below, for messages.
pub(super) const METHODS: &[&str] = &[
    "length",
    "isEmpty",
    "isBlank",
    "contains",
    "indexOf",
    "lastIndexOf",
    "startsWith",
    "endsWith",
    "substring",
    "replace",
    "replaceAll",
    "replaceFirst",
    "matches",
    "split",
    "repeat",
    "toUpperCase",
    "toLowerCase",
    "trim",
    "strip",
    "concat",
    "charAt",
    "equalsIgnoreCase",
    "compareToIgnoreCase",
];

/// A method of a text; nothing if texts have no such method.
pub(super) fn method(
    round: &mut Round<'_>,
    text: &Arc<str>,
    name: &str,
    args: &[Value],
) -> Result<Option<Value>, Fault> {
    let value = match (name, args) {
        ("length", []) => Value::Int(utf16_len(text)),
        ("isEmpty", []) => Value::Bool(text.is_empty()),
        ("isBlank", []) => Value::Bool(text.chars().all(char::is_whitespace)),
        ("toUpperCase", []) => Value::text(&text.to_uppercase()),
        ("toLowerCase", []) => Value::text(&text.to_lowercase()),
        ("trim", []) => Value::text(text.trim_matches(|c: char| c <= ' ')),
        ("strip", []) => Value::text(text.trim()),
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
        ("repeat", [n]) => repeat(round, text, n)?,
        ("replace", [Value::Text(from), Value::Text(to)]) => {
            let grows = to.len().saturating_sub(from.len());
            round.check_text(text.matches(&**from).count().saturating_mul(grows))?;
            Value::text(&text.replace(&**from, to))
        }
        ("replaceAll" | "replaceFirst", [Value::Text(what), Value::Text(to)]) => {
            let most = if name == "replaceAll" { usize::MAX } else { 1 };
            Value::text(&pattern::replace(round, text, what, to, most)?)
        }
        ("matches", [Value::Text(what)]) => Value::Bool(pattern::matches(round, text, what)?),
        ("split", [Value::Text(what)]) => pattern::split(round, text, what)?,
        ("indexOf" | "lastIndexOf" | "startsWith", [Value::Text(part), from]) => {
            match from.as_number() {
                Some(from) => from_index(text, name, part, from),
                None => return Ok(None),
            }
        }
        (_, [Value::Text(other)]) => return Ok(with_text(text, name, other)),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn with_text(text: &str, name: &str, other: &str) -> Option<Value> {
    Some(match name {
        "contains" => Value::Bool(text.contains(other)),
        "startsWith" => Value::Bool(text.starts_with(other)),
        "endsWith" => Value::Bool(text.ends_with(other)),
        "equalsIgnoreCase" => Value::Bool(text.to_lowercase() == other.to_lowercase()),
        "compareToIgnoreCase" => {
            Value::Int(java_compare(&text.to_lowercase(), &other.to_lowercase()))
        }
        "indexOf" => position(text, text.find(other)),
        "lastIndexOf" => position(text, text.rfind(other)),
        "concat" => Value::text(&format!("{text}{other}")),
        _ => return None,
    })
}

/// A byte position as a count of units; −1 for none.
fn position(text: &str, at: Option<usize>) -> Value {
    Value::Int(at.and_then(|at| text.get(..at)).map_or(-1, utf16_len))
}

/// The searches that start at an index.
fn from_index(text: &str, name: &str, part: &str, from: f64) -> Value {
    let from = from.trunc();
    let at = byte_position(text, from);
    match name {
        "startsWith" => {
            let rest = text.get(at..).filter(|_| from >= 0.0 && from <= utf16_len(text) as f64);
            Value::Bool(rest.is_some_and(|rest| rest.starts_with(part)))
        }
        "indexOf" => {
            let found = text.get(at..).and_then(|rest| rest.find(part));
            position(text, found.map(|found| at + found))
        }
        // The last one that starts at the index or before it.
        _ if from < 0.0 => Value::Int(-1),
        _ => {
            let end = text.len().min(at + part.len());
            position(text, text.get(..end).and_then(|start| start.rfind(part)))
        }
    }
}

/// Where the unit with an index starts, in bytes: the start or the end for those outside.
fn byte_position(text: &str, index: f64) -> usize {
    let mut units = 0.0;
    let starts = text.char_indices();
    let mut reached = starts.skip_while(|(_, c)| {
        let before = units < index;
        units += c.len_utf16() as f64;
        before
    });
    reached.next().map_or(text.len(), |(at, _)| at)
}

fn repeat(round: &Round<'_>, text: &str, n: &Value) -> Result<Value, Fault> {
    let bad = || {
        let message = format!("repeat: {n} ({}) is no number of times", n.kind());
        Fault::new(DiagCode::NativeRefused, message).help("it must be a number from 0 on")
    };
    let n = n.as_number().filter(|n| *n > -1.0).ok_or_else(bad)? as usize;
    round.check_text(text.len().saturating_mul(n))?;
    Ok(Value::text(&text.repeat(n)))
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
    let at = |v: &Value| v.as_number().filter(|x| *x > -1.0).map(|x| x as usize);
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
