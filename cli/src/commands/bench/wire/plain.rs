//! The yardstick: the same values by their paths as MessagePack, as serde writes them.

use fieldrun_device::Value;
use fieldrun_device::wire::{Body, Frame};
use serde::{Deserialize, Serialize};

/// Values that the measured programs share.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Plain {
    Unit(()),
    Bool(bool),
    Int(i64),
    Number(f64),
    Text(String),
    Tuple(Vec<Self>),
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
