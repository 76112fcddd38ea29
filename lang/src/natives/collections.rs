//! Host collections and texts: the statics that programs import, and the methods of maps, sets
//! and lists.

use super::{Native, STRING, format, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, List, OrderedSet, Value, compare_elements};
use std::sync::Arc;

const COLLECTIONS: &str = "java.util.Collections";
const ARRAYS: &str = "java.util.Arrays";
const LISTS: &str = "com.google.common.collect.Lists";
const BOOLEAN: &str = "java.lang.Boolean";
const INTEGER: &str = "java.lang.Integer";

fn list(items: Vec<Value>) -> Value {
    Value::List(List::new(items))
}

/// The items of any ordered collection.
fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Tuple(items) => Some(items.to_vec()),
        Value::List(list) => Some(list.snapshot()),
        Value::Set(items) => Some(items.to_vec()),
        _ => None,
    }
}

fn sort(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    match args {
        [Value::List(list)] => {
            list.lock().sort_by(compare_elements);
            Ok(Value::Unit)
        }
        _ => Err(no_such_overload(COLLECTIONS, "sort", args)
            .help("it sorts a list in place; tuples have `t.sort()`")),
    }
}

fn array_text(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let all =
        args.first().and_then(items).ok_or_else(|| no_such_overload(ARRAYS, "toString", args))?;
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    Ok(Value::text(&format!("[{}]", texts.join(", "))))
}

fn bools(name: &'static str, args: &[Value], f: fn(bool, bool) -> bool) -> Result<Value, Fault> {
    match args {
        [Value::Bool(a), Value::Bool(b)] => Ok(Value::Bool(f(*a, *b))),
        _ => Err(no_such_overload(BOOLEAN, name, args)),
    }
}

fn parse_int(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let parsed = match args {
        [Value::Text(text)] => text.parse().ok(),
        [value] => value.as_number().map(|x| x as i64),
        _ => None,
    };
    parsed.map(Value::Int).ok_or_else(|| {
        no_such_overload(INTEGER, "parseInt", args).help("the text must be a whole number")
    })
}

const ANY: Arity = Arity::Between(0, u8::MAX);

pub(super) static NATIVES: &[Native] = &[
    Native::new(COLLECTIONS, "emptyList", Arity::Exactly(0), |_, _| Ok(list(Vec::new()))),
    Native::new(COLLECTIONS, "sort", Arity::Exactly(1), sort),
    Native::new(ARRAYS, "toString", Arity::Exactly(1), array_text),
    Native::new(ARRAYS, "asList", ANY, |_, args| Ok(list(args.to_vec()))),
    Native::new(LISTS, "newArrayList", ANY, |_, args| match args {
        [one] => Ok(list(items(one).unwrap_or_else(|| vec![one.clone()]))),
        many => Ok(list(many.to_vec())),
    }),
    Native::new(STRING, "format", Arity::Between(1, u8::MAX), format::format),
    Native::new(STRING, "valueOf", Arity::Exactly(1), |_, args| {
        Ok(Value::text(&args.first().map(ToString::to_string).unwrap_or_default()))
    }),
    Native::new(BOOLEAN, "logicalAnd", Arity::Exactly(2), |_, a| {
        bools("logicalAnd", a, |a, b| a && b)
    }),
    Native::new(BOOLEAN, "logicalOr", Arity::Exactly(2), |_, a| {
        bools("logicalOr", a, |a, b| a || b)
    }),
    Native::new(BOOLEAN, "logicalXor", Arity::Exactly(2), |_, a| {
        bools("logicalXor", a, |a, b| a != b)
    }),
    Native::new(INTEGER, "parseInt", Arity::Exactly(1), parse_int),
    Native::new(INTEGER, "valueOf", Arity::Exactly(1), parse_int),
];

/// The methods of maps, for messages.
pub(super) const MAP_METHODS: &[&str] =
    &["get", "getOrDefault", "containsKey", "containsValue", "keySet", "values", "size", "isEmpty"];
/// The methods of sets, for messages.
pub(super) const SET_METHODS: &[&str] = &["contains", "containsAll", "size", "isEmpty", "union"];
/// The methods of lists, for messages.
pub(super) const LIST_METHODS: &[&str] =
    &["get", "size", "isEmpty", "contains", "indexOf", "add", "addAll", "clear"];

/// A method of a host map.
pub(super) fn map_method(entries: &[(Value, Value)], name: &str, args: &[Value]) -> Option<Value> {
    let find = |key: &Value| entries.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    Some(match (name, args) {
        ("get", [key]) => find(key).unwrap_or(Value::Null),
        ("getOrDefault", [key, default]) => find(key).unwrap_or_else(|| default.clone()),
        ("containsKey", [key]) => Value::Bool(find(key).is_some()),
        ("containsValue", [value]) => Value::Bool(entries.iter().any(|(_, v)| v == value)),
        ("keySet", []) => Value::Set(Arc::new(entries.iter().map(|(k, _)| k.clone()).collect())),
        ("values", []) => list(entries.iter().map(|(_, v)| v.clone()).collect()),
        ("size", []) => Value::Int(entries.len() as i64),
        ("isEmpty", []) => Value::Bool(entries.is_empty()),
        _ => return None,
    })
}

/// A method of a host set.
pub(super) fn set_method(all: &[Value], name: &str, args: &[Value]) -> Option<Value> {
    Some(match (name, args) {
        ("contains", [x]) => Value::Bool(all.contains(x)),
        ("containsAll", [other]) => {
            let own: OrderedSet = all.iter().collect();
            Value::Bool(items(other)?.iter().all(|x| own.contains(x)))
        }
        ("size", []) => Value::Int(all.len() as i64),
        ("isEmpty", []) => Value::Bool(all.is_empty()),
        ("union", [other]) => {
            let union: OrderedSet = all.iter().chain(&items(other)?).collect();
            Value::Set(Arc::new(union.into_items()))
        }
        _ => return None,
    })
}

/// A method of a host list; some of them change it.
pub(super) fn list_method(
    round: &mut Round<'_>,
    list: &List,
    name: &str,
    args: &[Value],
) -> Result<Option<Value>, Fault> {
    let value = match (name, args) {
        ("get", [i]) => {
            let all = list.lock();
            let Some(at) = i.as_number() else { return Ok(None) };
            let item = (at > -1.0).then(|| all.get(at as usize)).flatten();
            item.cloned().ok_or_else(|| out_of_bounds(i, all.len()))?
        }
        ("size", []) => Value::Int(list.lock().len() as i64),
        ("isEmpty", []) => Value::Bool(list.lock().is_empty()),
        ("contains", [x]) => Value::Bool(list.snapshot().contains(x)),
        ("indexOf", [x]) => {
            Value::Int(list.snapshot().iter().position(|v| v == x).map_or(-1, |i| i as i64))
        }
        ("add", [x]) => add(round, list, vec![x.clone()])?,
        ("addAll", [other]) => match items(other) {
            Some(items) => add(round, list, items)?,
            None => return Ok(None),
        },
        ("clear", []) => {
            list.lock().clear();
            Value::Unit
        }
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn out_of_bounds(i: &Value, len: usize) -> Fault {
    Fault::new(
        DiagCode::OutOfBounds,
        format!("list index {i} is out of bounds: the list has {len} elements"),
    )
    .help("indices start at 0; ask `size()` first")
}

/// Appends to a list. Lists inside of what is added are copied, so that no list comes to hold
/// itself.
fn add(round: &mut Round<'_>, list: &List, added: Vec<Value>) -> Result<Value, Fault> {
    let added: Vec<Value> = added.iter().map(Value::unshared).collect();
    round.check_items(list.lock().len() + added.len())?;
    // Nested values are counted too: what a list holds is a value like any other.
    round.check_size(Value::tuple(added.clone()))?;
    list.lock().extend(added);
    Ok(Value::Bool(true))
}
