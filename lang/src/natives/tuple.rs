//! Tuples: methods and the statics of `Tuples`.

use super::{Native, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, OrderedSet, Value, compare_elements};
use std::cmp::Ordering;
use std::sync::Arc;

const TUPLES: &str = "org.protelis.lang.datatype.Tuples";

fn set_operation(name: &str, t: &[Value], u: &[Value]) -> Value {
    let kept: OrderedSet = match name {
        "union" => t.iter().chain(u).collect(),
        _ => {
            let other: OrderedSet = u.iter().collect();
            t.iter().filter(|item| other.contains(item) == (name == "intersection")).collect()
        }
    };
    Value::tuple(kept.into_items())
}

/// A whole index: doubles are truncated.
fn index(value: &Value) -> Option<i64> {
    value.as_number().map(|x| x as i64)
}

fn out_of_bounds(i: i64, len: usize) -> Fault {
    Fault::new(
        DiagCode::OutOfBounds,
        format!("tuple index {i} is out of bounds: the tuple has {len} elements"),
    )
    .help("indices start at 0; ask `size()` first")
}

/// An index of an existing element, or of the end if `end` is allowed.
fn position(value: &Value, len: usize, end: bool) -> Result<usize, Fault> {
    let Some(i) = index(value) else {
        return Err(Fault::new(
            DiagCode::OutOfBounds,
            format!("{value} ({}) is not an index", value.kind()),
        ));
    };
    let limit = len + usize::from(end);
    usize::try_from(i).ok().filter(|i| *i < limit).ok_or_else(|| out_of_bounds(i, len))
}

fn clamped(value: &Value, len: usize) -> Option<usize> {
    index(value).map(|i| usize::try_from(i.max(0)).unwrap_or(0).min(len))
}

fn slice(items: &[Value], from: usize, to: usize) -> Value {
    Value::tuple(items.get(from..to.max(from)).unwrap_or_default().to_vec())
}

/// A method of a tuple; nothing if tuples have no such method.
pub(super) fn method(
    round: &mut Round<'_>,
    items: &Arc<[Value]>,
    name: &str,
    args: &[Value],
) -> Result<Option<Value>, Fault> {
    if let Some(value) = structure(items, name, args)? {
        return Ok(Some(value));
    }
    // `t.map(self, f)` and `t.map(f)` are the same.
    let args = match args {
        [Value::Device(id), rest @ ..] if id == round.id() => rest,
        args => args,
    };
    let value = match (name, args) {
        ("map", [f]) => Value::tuple(each(round, items, f)?),
        ("filter", [f]) => filter(round, items, f)?,
        ("flatMap", [f]) => flat_map(round, items, f)?,
        ("fold", [init, f]) => fold(round, items, init.clone(), f)?,
        ("reduce", [default, f]) => match items.split_first() {
            Some((first, rest)) => fold(round, rest, first.clone(), f)?,
            None => default.clone(),
        },
        _ => return Ok(None),
    };
    Ok(Some(value))
}

/// Methods without functions.
fn structure(items: &Arc<[Value]>, name: &str, args: &[Value]) -> Result<Option<Value>, Fault> {
    let len = items.len();
    let value = match (name, args) {
        ("size" | "length", []) => Value::Int(len as i64),
        ("isEmpty", []) => Value::Bool(items.is_empty()),
        ("get", [i]) => {
            let at = position(i, len, false)?;
            items.get(at).cloned().unwrap_or(Value::Null)
        }
        ("head", []) => items.first().cloned().ok_or_else(|| out_of_bounds(0, 0))?,
        ("tail", []) => slice(items, 1.min(len), len),
        ("append", [x]) => Value::Tuple(items.iter().chain([x]).cloned().collect()),
        ("prepend", [x]) => Value::Tuple([x].into_iter().chain(items.iter()).cloned().collect()),
        ("insert", [i, x]) => {
            let mut all = items.to_vec();
            all.insert(position(i, len, true)?, x.clone());
            Value::tuple(all)
        }
        ("set", [i, x]) => {
            let at = position(i, len, false)?;
            let replaced =
                |(k, old): (usize, &Value)| if k == at { x.clone() } else { old.clone() };
            Value::Tuple(items.iter().enumerate().map(replaced).collect())
        }
        ("mergeAfter", [Value::Tuple(t)]) => {
            Value::Tuple(items.iter().chain(t.iter()).cloned().collect())
        }
        ("subTuple", [i, j]) => match (clamped(i, len), clamped(j, len)) {
            (Some(i), Some(j)) => slice(items, i, j),
            _ => return Ok(None),
        },
        ("subTupleStart", [i]) => match clamped(i, len) {
            Some(i) => slice(items, 0, i),
            None => return Ok(None),
        },
        ("subTupleEnd", [i]) => match clamped(i, len) {
            Some(i) => slice(items, i, len),
            None => return Ok(None),
        },
        ("unwrap", [i]) => unwrap(items, i)?,
        _ => return Ok(content(items, name, args)),
    };
    Ok(Some(value))
}

/// Methods about what is in the tuple.
fn content(items: &Arc<[Value]>, name: &str, args: &[Value]) -> Option<Value> {
    let by_element = |a: &&Value, b: &&Value| compare_elements(a, b);
    Some(match (name, args) {
        ("contains", [x]) => Value::Bool(items.contains(x)),
        ("containsAll", [Value::Tuple(t)]) => {
            let own: OrderedSet = items.iter().collect();
            Value::Bool(t.iter().all(|x| own.contains(x)))
        }
        ("indexof" | "indexOf", [x]) => {
            Value::Int(items.iter().position(|item| item == x).map_or(-1, |i| i as i64))
        }
        ("union" | "intersection" | "subtract", [Value::Tuple(t)]) => set_operation(name, items, t),
        ("zip", [Value::Tuple(t)]) => Value::Tuple(
            items
                .iter()
                .zip(t.iter())
                .map(|(a, b)| Value::tuple(vec![a.clone(), b.clone()]))
                .collect(),
        ),
        ("min", [default]) => items.iter().min_by(by_element).unwrap_or(default).clone(),
        // The last of equal elements, as `max` of two prefers its second.
        ("max", [default]) => items.iter().max_by(by_element).unwrap_or(default).clone(),
        ("sort", []) => {
            let mut sorted = items.to_vec();
            sorted.sort_by(compare_elements);
            Value::tuple(sorted)
        }
        ("toArray", []) => Value::List(crate::value::List::new(items.to_vec())),
        ("compareTo", [Value::Tuple(_)]) => {
            let own = Value::Tuple(items.clone());
            Value::Int(match args.first().map(|other| compare_elements(&own, other)) {
                Some(Ordering::Less) => -1,
                Some(Ordering::Greater) => 1,
                _ => 0,
            })
        }
        _ => return None,
    })
}

/// Inner tuples replaced by their element `i`; everything else is kept.
fn unwrap(items: &[Value], i: &Value) -> Result<Value, Fault> {
    let element = |item: &Value| match item {
        Value::Tuple(inner) => {
            let at = position(i, inner.len(), false)?;
            Ok(inner.get(at).unwrap_or(item).clone())
        }
        other => Ok(other.clone()),
    };
    Ok(Value::Tuple(items.iter().map(element).collect::<Result<_, Fault>>()?))
}

/// `f` on each element, each at an index frame of its own: state belongs to the index.
fn each(round: &mut Round<'_>, items: &[Value], f: &Value) -> Result<Vec<Value>, Fault> {
    let indexed = items.iter().zip(0..);
    indexed.map(|(item, i)| Round::checked(round.apply_at(i, f, vec![item.clone()]))).collect()
}

fn filter(round: &mut Round<'_>, items: &[Value], f: &Value) -> Result<Value, Fault> {
    let mut kept = Vec::new();
    for (item, accepted) in items.iter().zip(each(round, items, f)?) {
        match accepted {
            Value::Bool(true) => kept.push(item.clone()),
            Value::Bool(false) => {}
            other => {
                let message = format!("filter needs a Boolean, found {other} ({})", other.kind());
                return Err(Fault::new(DiagCode::FunctionResult, message)
                    .help("compare it with something: `{ it > 0 }`"));
            }
        }
    }
    Ok(Value::tuple(kept))
}

fn flat_map(round: &mut Round<'_>, items: &[Value], f: &Value) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for result in each(round, items, f)? {
        match result {
            Value::Tuple(inner) => all.extend(inner.iter().cloned()),
            other => {
                let message = format!("flatMap needs a tuple, found {other} ({})", other.kind());
                return Err(Fault::new(DiagCode::FunctionResult, message)
                    .help("use `map` for a function that gives a plain value"));
            }
        }
    }
    Ok(Value::tuple(all))
}

fn fold(round: &mut Round<'_>, items: &[Value], init: Value, f: &Value) -> Result<Value, Fault> {
    let mut acc = init;
    for (item, i) in items.iter().zip(0..) {
        acc = Round::checked(round.apply_at(i, f, vec![acc, item.clone()]))?;
    }
    Ok(acc)
}

fn two_tuples(name: &'static str, args: &[Value]) -> Result<Value, Fault> {
    match args {
        [Value::Tuple(t), Value::Tuple(u)] => Ok(set_operation(name, t, u)),
        _ => Err(no_such_overload(TUPLES, name, args)),
    }
}

/// `fill(value, n)`: a tuple of n times the value.
fn fill(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let [value, n] = args else { return Err(no_such_overload(TUPLES, "fill", args)) };
    let n = index(n).and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
        no_such_overload(TUPLES, "fill", args).help("the number must be a whole one from 0 on")
    })?;
    round.check_items(n)?;
    round.charge(n)?;
    Ok(Value::tuple(vec![value.clone(); n]))
}

/// `pairOperation(t, u, g)`: g on each pair; the longer tuple's rest is appended.
fn pair_operation(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let [Value::Tuple(t), Value::Tuple(u), g] = args else {
        return Err(no_such_overload(TUPLES, "pairOperation", args));
    };
    let mut all = Vec::new();
    for ((a, b), i) in t.iter().zip(u.iter()).zip(0..) {
        all.push(Round::checked(round.apply_at(i, g, vec![a.clone(), b.clone()]))?);
    }
    let longer = if t.len() > u.len() { t } else { u };
    all.extend(longer.iter().skip(all.len()).cloned());
    Ok(Value::tuple(all))
}

pub(super) static NATIVES: &[Native] = &[
    Native::new(TUPLES, "union", Arity::Exactly(2), |_, args| two_tuples("union", args)),
    Native::new(TUPLES, "intersection", Arity::Exactly(2), |_, args| {
        two_tuples("intersection", args)
    }),
    Native::new(TUPLES, "subtract", Arity::Exactly(2), |_, args| two_tuples("subtract", args)),
    Native::new(TUPLES, "fill", Arity::Exactly(2), fill),
    Native::new(TUPLES, "pairOperation", Arity::Exactly(3), pair_operation),
];

/// The methods above, for messages and for the 2015 dialect.
pub(super) const METHODS: &[&str] = &[
    "size",
    "isEmpty",
    "get",
    "head",
    "tail",
    "append",
    "prepend",
    "insert",
    "set",
    "mergeAfter",
    "subTuple",
    "subTupleStart",
    "subTupleEnd",
    "contains",
    "containsAll",
    "indexof",
    "union",
    "intersection",
    "subtract",
    "zip",
    "unwrap",
    "min",
    "max",
    "sort",
    "map",
    "filter",
    "flatMap",
    "reduce",
    "fold",
    "toArray",
    "compareTo",
];
