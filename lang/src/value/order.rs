//! Equality and order.

use super::{OrderedSet, Value};
use crate::id::NodeId;
use std::cmp::Ordering;

/// `==`: two numbers as doubles; otherwise equality of values. Null equals only itself.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_number(), b.as_number()) {
        (Some(x), Some(y)) => x == y,
        _ => same_element(a, b),
    }
}

/// Equality inside tuples, for `contains`, keys and sets: numbers by value, NaN equal to itself.
pub(crate) fn same_element(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null)
        | (Value::Unit, Value::Unit)
        | (Value::Environment, Value::Environment) => true,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Text(x), Value::Text(y)) => x == y,
        (Value::Tuple(x), Value::Tuple(y)) => same_items(x, y),
        (Value::Field(x), Value::Field(y)) => {
            x.neighbors() == y.neighbors() && x.local() == y.local()
        }
        (Value::Function(x), Value::Function(y)) => {
            x.identity == y.identity && x.name == y.name && x.arity == y.arity
        }
        (Value::Option(x), Value::Option(y)) => match (x, y) {
            (Some(x), Some(y)) => same_element(x, y),
            (None, None) => true,
            _ => false,
        },
        (Value::Uid(x), Value::Uid(y)) | (Value::Device(x), Value::Device(y)) => x == y,
        // An id compares as the number or text that it prints as.
        (Value::Uid(id), other) | (other, Value::Uid(id)) => is_payload(id, other),
        (Value::Map(x), Value::Map(y)) => x.len() == y.len() && same_set(&pairs(x), &pairs(y)),
        (Value::Set(x), Value::Set(y)) => x.len() == y.len() && same_set(x, y),
        (Value::List(x), Value::List(y)) => same_items(&x.snapshot(), &y.snapshot()),
        _ => match (a.as_number(), b.as_number()) {
            (Some(x), Some(y)) => x == y || (x.is_nan() && y.is_nan()),
            _ => false,
        },
    }
}

fn same_items(x: &[Value], y: &[Value]) -> bool {
    x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same_element(a, b))
}

fn pairs(entries: &[(Value, Value)]) -> Vec<Value> {
    entries.iter().map(|(k, v)| Value::tuple(vec![k.clone(), v.clone()])).collect()
}

/// Whether all of the first list are in the second, which is as long.
fn same_set(x: &[Value], y: &[Value]) -> bool {
    let y: OrderedSet = y.iter().collect();
    x.iter().all(|value| y.contains(value))
}

fn is_payload(id: &NodeId, value: &Value) -> bool {
    match (id, value) {
        (NodeId::Int(id), _) => value.as_number() == Some(*id as f64),
        (NodeId::Text(id), Value::Text(text)) => id == text,
        _ => false,
    }
}

/// What `<` and its kin compare: two numbers as doubles (nothing with NaN), comparable values of
/// one kind, else the texts of both. Never an error [K4].
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.as_number(), b.as_number()) {
        (Some(x), Some(y)) => x.partial_cmp(&y),
        _ => Some(compare_elements(a, b)),
    }
}

/// `a < b` as the operator sees it.
pub(crate) fn less_than(a: &Value, b: &Value) -> bool {
    compare(a, b) == Some(Ordering::Less)
}

/// The order inside tuples: total, NaN greatest, −0.0 below 0.0.
pub(crate) fn compare_elements(a: &Value, b: &Value) -> Ordering {
    if let Some(order) = comparable(a, b) {
        return order;
    }
    a.to_string().encode_utf16().cmp(b.to_string().encode_utf16())
}

fn comparable(a: &Value, b: &Value) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Text(x), Value::Text(y)) => x.encode_utf16().cmp(y.encode_utf16()),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Int(x), Value::Int(y)) => x.cmp(y),
        (Value::Uid(x), Value::Uid(y)) | (Value::Device(x), Value::Device(y)) => x.cmp(y),
        (Value::Uid(NodeId::Int(x)), y) => total(*x as f64, y.as_number()?),
        (x, Value::Uid(NodeId::Int(y))) => total(x.as_number()?, *y as f64),
        (Value::Tuple(x), Value::Tuple(y)) => compare_tuples(x, y),
        _ => total(a.as_number()?, b.as_number()?),
    })
}

fn compare_tuples(x: &[Value], y: &[Value]) -> Ordering {
    let elements = x.iter().zip(y).map(|(a, b)| compare_elements(a, b));
    elements.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| x.len().cmp(&y.len()))
}

/// Total order of doubles in which all NaNs are one value above infinity.
fn total(x: f64, y: f64) -> Ordering {
    match (x.is_nan(), y.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => x.total_cmp(&y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(x: f64) -> Value {
        Value::Number(x)
    }

    #[test]
    fn numbers_compare_as_doubles_outside_and_totally_inside_tuples() {
        assert!(equal(&number(1.0), &Value::Int(1)));
        assert!(!equal(&number(f64::NAN), &number(f64::NAN)));
        assert!(same_element(&number(f64::NAN), &number(f64::NAN)));
        assert_eq!(compare(&number(f64::NAN), &number(1.0)), None);
        assert_eq!(compare_elements(&number(f64::NAN), &number(f64::INFINITY)), Ordering::Greater);
        assert_eq!(compare_elements(&number(-0.0), &number(0.0)), Ordering::Less);
    }

    #[test]
    fn tuples_compare_by_elements_then_length() {
        let tuple = |items: &[f64]| Value::tuple(items.iter().map(|x| number(*x)).collect());
        assert!(less_than(&tuple(&[1.0, 2.0]), &tuple(&[1.0, 13.0])));
        assert!(less_than(&tuple(&[1.0]), &tuple(&[1.0, 0.0])));
    }

    #[test]
    fn what_cannot_be_compared_is_compared_as_text() {
        assert!(less_than(&number(1.0), &Value::text("a")));
        assert!(less_than(&Value::Bool(false), &Value::Bool(true)));
    }
}
