//! The yardstick: the same values by their paths as MessagePack, as serde writes them.

use fieldrun_device::Value;
use fieldrun_device::wire::{Body, Frame};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;

/// Values that the measured programs share.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Plain {
    Unit(()),
    Bool(bool),
    Int(i64),
    Number(f64),
    Text(String),
    Tuple(Vec<Self>),
}

/// By hand: what serde derives for untagged values reads everything twice.
impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain::Unit(()))
    }

    fn visit_bool<E>(self, b: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Plain, E> {
        Ok(Plain::Int(i))
    }

    fn visit_u64<E>(self, i: u64) -> Result<Plain, E> {
        Ok(Plain::Int(i as i64))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Plain, E> {
        Ok(Plain::Number(x))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Plain, A::Error> {
        let mut tuple = Vec::with_capacity(items.size_hint().unwrap_or(0));
        while let Some(item) = items.next_element()? {
            tuple.push(item);
        }
        Ok(Plain::Tuple(tuple))
    }
}

impl From<&Value> for Plain {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(i) => Self::Int(*i),
            Value::Number(x) => Self::Number(*x),
            Value::Text(text) => Self::Text(text.to_string()),
            Value::Tuple(items) => Self::Tuple(items.iter().map(Self::from).collect()),
            Value::Null | Value::Unit => Self::Unit(()),
            other => Self::Text(other.to_string()),
        }
    }
}

/// The values of a whole frame by their paths.
pub(super) fn cells(frame: &Frame) -> Vec<(u64, Plain)> {
    let Body::Whole(exports) = &frame.body else { return Vec::new() };
    exports.cells().into_iter().map(|(path, value)| (path, Plain::from(value))).collect()
}

pub(super) fn encoded(cells: &[(u64, Plain)]) -> Vec<u8> {
    // Writing to memory fails for no such value.
    rmp_serde::to_vec(cells).unwrap_or_default()
}

pub(super) fn decoded(bytes: &[u8]) -> Option<Vec<(u64, Plain)>> {
    rmp_serde::from_slice(bytes).ok()
}
