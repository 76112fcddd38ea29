//! Hashes that agree with the equality of elements.

use super::Value;
use crate::eval::StableHasher;
use crate::id::NodeId;
use std::hash::Hasher;

/// The same for values that are equal as elements, on every device: keys of alignedMap align by it.
pub(crate) fn digest(value: &Value) -> u64 {
    let mut hasher = StableHasher::default();
    feed(value, &mut hasher);
    hasher.finish()
}

fn feed(value: &Value, hasher: &mut StableHasher) {
    match value {
        Value::Tuple(items) => feed_all(1, items, hasher),
        Value::Text(text) | Value::Uid(NodeId::Text(text)) => feed_text(2, text, hasher),
        // An id is equal to the number that it prints as.
        Value::Number(_) | Value::Int(_) | Value::Uid(NodeId::Int(_)) => {
            hasher.write_u64(3);
            hasher.write_u64(number_bits(value));
        }
        Value::Bool(b) => {
            hasher.write_u64(4);
            hasher.write_u64(u64::from(*b));
        }
        Value::Option(inner) => {
            hasher.write_u64(5);
            inner.iter().for_each(|inner| feed(inner, hasher));
        }
        Value::List(list) => feed_all(6, &list.snapshot(), hasher),
        // In any order.
        Value::Set(items) => {
            hasher.write_u64(7);
            hasher.write_u64(items.iter().map(digest).fold(0, u64::wrapping_add));
        }
        Value::Map(entries) => {
            let entry = |(k, v): &(Value, Value)| digest(k).rotate_left(1) ^ digest(v);
            hasher.write_u64(8);
            hasher.write_u64(entries.iter().map(entry).fold(0, u64::wrapping_add));
        }
        other => feed_text(9, &other.to_string(), hasher),
    }
}

fn feed_all(tag: u64, items: &[Value], hasher: &mut StableHasher) {
    hasher.write_u64(tag);
    hasher.write_u64(items.len() as u64);
    items.iter().for_each(|item| feed(item, hasher));
}

fn feed_text(tag: u64, text: &str, hasher: &mut StableHasher) {
    hasher.write_u64(tag);
    hasher.write_u64(text.len() as u64);
    hasher.write(text.as_bytes());
}

/// One pattern for all NaNs and one for both zeros: they are equal as elements.
fn number_bits(value: &Value) -> u64 {
    let x = match value {
        Value::Uid(NodeId::Int(id)) => *id as f64,
        other => other.as_number().unwrap_or_default(),
    };
    if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }
}
