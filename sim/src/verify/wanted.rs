//! What a device is to end at.

use fieldrun_device::{NodeId, Value};
use std::fmt;

/// Sums of some dozen numbers differ by no more, as a share of their size.
const ROUNDING: f64 = 1e-9;

/// What the value of a device is to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// Nothing is promised here.
    Anything,
    /// This value.
    Exactly(Value),
    /// A number, but for rounding.
    Near(f64),
    /// A number from the first to the second.
    Between(f64, f64),
    /// A tuple of these.
    Tuple(Vec<Self>),
    /// Not what it is: a property of it is broken, in words.
    Other(String),
}

impl Wanted {
    pub(crate) fn number(number: f64) -> Self {
        Self::Exactly(Value::Number(number))
    }

    pub(crate) fn truth(truth: bool) -> Self {
        Self::Exactly(Value::Bool(truth))
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Exactly(Value::text(text))
    }

    pub(crate) fn uid(id: i64) -> Self {
        Self::Exactly(Value::Uid(NodeId::Int(id)))
    }

    /// As near to a value as two runs may be of each other.
    pub(crate) fn like(value: &Value) -> Self {
        value.as_number().map_or_else(|| Self::Exactly(value.clone()), Self::Near)
    }

    /// How far a value is from the right one: the share of its size by which a number is off, at least
    /// of one; for anything else, one where it is wrong. None where nothing is promised.
    pub(crate) fn error(&self, value: &Value) -> Option<f64> {
        let (least, most) = match self {
            Self::Anything => return None,
            Self::Tuple(wanted) => {
                let Value::Tuple(items) = value else { return Some(1.0) };
                let errors = wanted.iter().zip(items.iter());
                return errors.filter_map(|(wanted, item)| wanted.error(item)).reduce(f64::max);
            }
            Self::Exactly(Value::Number(number)) | Self::Near(number) => (*number, *number),
            Self::Between(least, most) => (*least, *most),
            Self::Exactly(_) | Self::Other(_) => (f64::NAN, f64::NAN),
        };
        if self.admits(value) {
            return Some(0.0);
        }
        let number = value.as_number().unwrap_or(f64::NAN);
        let error = (least - number).max(number - most) / least.abs().max(1.0);
        Some(if error.is_finite() { error } else { 1.0 })
    }

    pub(crate) fn admits(&self, value: &Value) -> bool {
        let number = || value.as_number().unwrap_or(f64::NAN);
        match self {
            Self::Anything => true,
            Self::Exactly(wanted) => wanted == value,
            Self::Near(wanted) if wanted.is_finite() => {
                (number() - wanted).abs() <= ROUNDING * (1.0 + wanted.abs())
            }
            Self::Near(wanted) => number() == *wanted || wanted.is_nan() && number().is_nan(),
            Self::Between(least, most) => (*least..=*most).contains(&number()),
            Self::Tuple(wanted) => match value {
                Value::Tuple(items) => {
                    let mut pairs = wanted.iter().zip(items.iter());
                    wanted.len() == items.len() && pairs.all(|(wanted, item)| wanted.admits(item))
                }
                _ => false,
            },
            Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => f.write_str("anything"),
            Self::Exactly(value) => value.fmt(f),
            Self::Near(number) => number.fmt(f),
            Self::Between(least, most) => write!(f, "from {least} to {most}"),
            Self::Tuple(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    let separator = if at > 0 { ", " } else { "" };
                    write!(f, "{separator}{item}")?;
                }
                f.write_str("]")
            }
            Self::Other(broken) => f.write_str(broken),
        }
    }
}
