//! Names of devices.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The unique name of a device: an integer or a text.
///
/// Integers sort before texts, integers by value and texts by UTF-16 code units as strings of the
/// language do. This order is the order of neighbours in every field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeId {
    /// An integer id, as simulations use.
    Int(i64),
    /// A text id, as daemons use.
    Text(Arc<str>),
}

impl NodeId {
    /// A text id.
    pub fn text(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }
}

impl Ord for NodeId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Int(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Int(_)) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => a.encode_utf16().cmp(b.encode_utf16()),
        }
    }
}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(id) => write!(f, "{id}"),
            Self::Text(id) => f.write_str(id),
        }
    }
}

impl From<i64> for NodeId {
    fn from(id: i64) -> Self {
        Self::Int(id)
    }
}

/// Microseconds on a monotonic clock that the host chooses; the core never reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// One second.
    pub const SECOND: Self = Self(1_000_000);

    /// Seconds as the language sees them.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The time from `earlier` to this one, or zero.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}
