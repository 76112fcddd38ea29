//! Host collections and texts: the statics that programs import, and the methods of maps, sets
//! and lists.

use super::{Native, no_such_overload, tuple};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, List, Value, compare_elements};
use std::sync::Arc;

const COLLECTIONS: &str = "java.util.Collections";
const ARRAYS: &str = "java.util.Arrays";
const LISTS: &str = "com.google.common.collect.Lists";
const STRING: &str = "java.lang.String";
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

/// `String.format`: `%s`, `%d`, `%f` with an optional precision, `%n` and `%%`.
fn format(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let Some((Value::Text(pattern), values)) = args.split_first() else {
        return Err(no_such_overload(STRING, "format", args));
    };
    let bad = |what: String| {
        Fault::new(DiagCode::BadFormat, format!("String.format: {what}"))
            .help("known are %s, %d, %f, %.2f, %n and %%")
    };
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| c.is_ascii_digit() || *c == '.') {
            flags.push(flag);
        }
        let conversion = chars.next().ok_or_else(|| bad("a % at the end".to_owned()))?;
        match conversion {
            '%' => out.push('%'),
            'n' => out.push('\n'),
            's' | 'd' | 'f' => {
                let value =
                    values.next().ok_or_else(|| bad(format!("no value for %{conversion}")))?;
                out.push_str(
                    &converted(conversion, &flags, value)
                        .ok_or_else(|| bad(format!("%{flags}{conversion} does not fit {value}")))?,
                );
            }
            other => return Err(bad(format!("unknown conversion %{other}"))),
        }
    }
    Ok(Value::text(&out))
}

fn converted(conversion: char, flags: &str, value: &Value) -> Option<String> {
    match (conversion, flags.strip_prefix('.'), value) {
        ('s', None, value) if flags.is_empty() => Some(value.to_string()),
        ('d', None, Value::Int(i)) if flags.is_empty() => Some(i.to_string()),
        ('f', precision, value) => {
            let digits: usize =
                precision.map_or(Some(6), |p| p.parse().ok().filter(|d| *d <= 40))?;
            value.as_number().map(|x| format!("{x:.digits$}"))
        }
        _ => None,
    }
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
    Native::new(STRING, "format", Arity::Between(1, u8::MAX), format),
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
        ("containsAll", [other]) => Value::Bool(items(other)?.iter().all(|x| all.contains(x))),
        ("size", []) => Value::Int(all.len() as i64),
        ("isEmpty", []) => Value::Bool(all.is_empty()),
        ("union", [other]) => {
            Value::Set(Arc::new(tuple::distinct(all.iter().cloned().chain(items(other)?))))
        }
        _ => return None,
    })
}

/// A method of a host list; some of them change it.
pub(super) fn list_method(list: &List, name: &str, args: &[Value]) -> Option<Value> {
    // Read before the lock: the argument may be this very list.
    let added = match (name, args) {
        ("addAll", [other]) => items(other)?,
        ("add", [x]) => vec![x.clone()],
        _ => Vec::new(),
    };
    let mut all = list.lock();
    Some(match (name, args) {
        ("get", [i]) => {
            let i = i.as_number()? as i64;
            usize::try_from(i).ok().and_then(|i| all.get(i)).cloned().unwrap_or(Value::Null)
        }
        ("size", []) => Value::Int(all.len() as i64),
        ("isEmpty", []) => Value::Bool(all.is_empty()),
        ("contains", [x]) => Value::Bool(all.contains(x)),
        ("indexOf", [x]) => Value::Int(all.iter().position(|v| v == x).map_or(-1, |i| i as i64)),
        ("add" | "addAll", [_]) => {
            all.extend(added);
            Value::Bool(true)
        }
        ("clear", []) => {
            all.clear();
            Value::Unit
        }
        _ => return None,
    })
}
