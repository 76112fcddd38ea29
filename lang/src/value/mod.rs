//! Values of the language.

mod arith;
mod digest;
mod field;
mod function;
mod list;
mod order;
mod set;
mod text;

pub(crate) use arith::{binary_number_op, plus};
pub(crate) use digest::digest;
pub use field::Field;
pub(crate) use function::{ActivationId, Code};
pub use function::{Arity, Function};
pub use list::List;
pub(crate) use order::{compare, compare_elements, equal, less_than, same_element};
pub(crate) use set::OrderedSet;
pub use text::number_text;

use crate::id::NodeId;
use std::fmt;
use std::sync::Arc;

/// Bytes of a text that count as one value where values are counted.
const TEXT_BYTES_PER_VALUE: usize = 16;

/// A value. Cheap to clone: everything large is shared.
// The tag fills a word, so that a copy is three words: with a tag of one byte, copies read words that
// were just written in parts, which stalls for longer than a small operation takes.
#[derive(Clone, Debug, Default)]
#[repr(u64)]
pub enum Value {
    /// Only at the border to natives: the absent value.
    #[default]
    Null,
    /// The value of what has none.
    Unit,
    /// `true` or `false`.
    Bool(bool),
    /// A double: every literal and every result of arithmetic.
    Number(f64),
    /// An integer, which only natives give (`size()`, ids).
    Int(i64),
    /// A text.
    Text(Arc<str>),
    /// An immutable tuple.
    Tuple(Arc<[Self]>),
    /// One value for each aligned neighbour, and one for the device itself.
    Field(Arc<Field>),
    /// Code with, in the round that made it, the variables around it.
    Function(Arc<Function>),
    /// A value that may be absent.
    Option(Option<Arc<Self>>),
    /// The unique name of a device.
    Uid(NodeId),
    /// A device: what `self` is, and what travels when `self` is shared.
    Device(NodeId),
    /// What `env` is.
    Environment,
    /// A host map in first-seen order of its keys.
    Map(Arc<Vec<(Self, Self)>>),
    /// A host set in insertion order.
    Set(Arc<Vec<Self>>),
    /// A host list, which its methods may change.
    List(List),
}

impl Value {
    /// A text value.
    pub fn text(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }

    /// A tuple value.
    pub fn tuple(items: Vec<Self>) -> Self {
        Self::Tuple(Arc::from(items))
    }

    /// The number as a double, for both kinds of number.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Int(i) => Some(*i as f64),
            _ => None,
        }
    }

    /// What the value is called in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unit => "Unit",
            Self::Bool(_) => "Boolean",
            Self::Number(_) => "Double",
            Self::Int(_) => "Integer",
            Self::Text(_) => "String",
            Self::Tuple(_) => "Tuple",
            Self::Field(_) => "Field",
            Self::Function(_) => "Function",
            Self::Option(_) => "Option",
            Self::Uid(_) => "DeviceUID",
            Self::Device(_) => "Device",
            Self::Environment => "ExecutionEnvironment",
            Self::Map(_) => "Map",
            Self::Set(_) => "Set",
            Self::List(_) => "List",
        }
    }

    /// The value as it may outlive the round or travel: functions forget the variables around
    /// them, lists are copied.
    #[must_use]
    pub(crate) fn detached(&self) -> Self {
        if !self.holds_activation() {
            return self.clone();
        }
        match self {
            Self::Function(f) => Self::Function(Arc::new(f.detached())),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Self::detached).collect()),
            Self::Option(Some(inner)) => Self::Option(Some(Arc::new(inner.detached()))),
            Self::Field(field) => Self::Field(Arc::new(field.map(|v| v.detached()))),
            Self::Map(entries) => Self::Map(Arc::new(
                entries.iter().map(|(k, v)| (k.detached(), v.detached())).collect(),
            )),
            Self::Set(items) => Self::Set(Arc::new(items.iter().map(Self::detached).collect())),
            Self::List(list) => {
                Self::List(List::new(list.snapshot().iter().map(Self::detached).collect()))
            }
            _ => self.clone(),
        }
    }

    /// The value as a round may use it that does not own it: lists are copied, because programs
    /// change them, and a round that fails must leave what it was given.
    #[must_use]
    pub fn unshared(&self) -> Self {
        if self.holds_list() { self.detached() } else { self.clone() }
    }

    fn holds_list(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Tuple(items) => items.iter().any(Self::holds_list),
            Self::Option(Some(inner)) => inner.holds_list(),
            Self::Field(field) => field.values().any(Self::holds_list),
            Self::Map(entries) => entries.iter().any(|(k, v)| k.holds_list() || v.holds_list()),
            Self::Set(items) => items.iter().any(Self::holds_list),
            _ => false,
        }
    }

    /// Whether values are nested in this one more than `levels` deep, or are more than `budget` in
    /// all. What is left of the budget stays in it; parts that are shared count each time, and texts
    /// by their length, so that the text of a value that passes is bounded too.
    pub(crate) fn exceeds(&self, levels: usize, budget: &mut usize) -> bool {
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        let mut deeper = |inner: &Self| match levels.checked_sub(1) {
            Some(left) => inner.exceeds(left, budget),
            None => true,
        };
        match self {
            Self::Text(text) => match budget.checked_sub(text.len() / TEXT_BYTES_PER_VALUE) {
                Some(left) => {
                    *budget = left;
                    false
                }
                None => {
                    *budget = 0;
                    true
                }
            },
            Self::Tuple(items) => items.iter().any(deeper),
            Self::Option(Some(inner)) => deeper(inner),
            Self::Field(field) => field.values().any(|v| v.exceeds(levels, budget)),
            Self::Map(entries) => entries.iter().any(|(k, v)| deeper(k) || deeper(v)),
            Self::Set(items) => items.iter().any(deeper),
            Self::List(list) => list.snapshot().iter().any(deeper),
            _ => false,
        }
    }

    /// How much work it is to walk over this value: the values in it, and its texts by their length.
    /// Counts no further than `most`.
    pub(crate) fn weight(&self, most: usize) -> usize {
        let mut budget = most;
        self.exceeds(usize::MAX, &mut budget);
        most - budget
    }

    /// Whether a field is hidden in this tuple or other container.
    pub(crate) fn hides_field(&self) -> bool {
        let is_or_hides = |v: &Self| matches!(v, Self::Field(_)) || v.hides_field();
        match self {
            Self::Tuple(items) => items.iter().any(is_or_hides),
            Self::Option(Some(inner)) => is_or_hides(inner),
            Self::Field(field) => field.values().any(is_or_hides),
            Self::Map(entries) => entries.iter().any(|(k, v)| is_or_hides(k) || is_or_hides(v)),
            Self::Set(items) => items.iter().any(is_or_hides),
            Self::List(list) => list.snapshot().iter().any(is_or_hides),
            _ => false,
        }
    }

    pub(crate) fn holds_activation(&self) -> bool {
        match self {
            Self::Function(f) => f.activation.is_some(),
            Self::Tuple(items) => items.iter().any(Self::holds_activation),
            Self::Option(Some(inner)) => inner.holds_activation(),
            Self::Field(field) => field.values().any(Self::holds_activation),
            Self::Map(entries) => {
                entries.iter().any(|(k, v)| k.holds_activation() || v.holds_activation())
            }
            Self::Set(items) => items.iter().any(Self::holds_activation),
            Self::List(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    /// The text that programs see: see the module `text`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(self, f)
    }
}

/// Element equality: numbers by value, NaN equal to itself.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        same_element(self, other)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
