//! Forms in which plain values of other rooms are kept.

use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Bytes as they are, and not as a list of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The name of a device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Id {
    Int(i64),
    Text(String),
}

impl From<&NodeId> for Id {
    fn from(id: &NodeId) -> Self {
        match id {
            NodeId::Int(id) => Self::Int(*id),
            NodeId::Text(id) => Self::Text(id.to_string()),
        }
    }
}

impl From<Id> for NodeId {
    fn from(id: Id) -> Self {
        match id {
            Id::Int(id) => Self::Int(id),
            Id::Text(id) => Self::text(&id),
        }
    }
}

/// What a sensor reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Read {
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
}

impl From<&Reading> for Read {
    fn from(reading: &Reading) -> Self {
        match reading {
            Reading::Bool(truth) => Self::Bool(*truth),
            Reading::Number(number) => Self::Number(*number),
            Reading::Text(text) => Self::Text(text.to_string()),
            Reading::List(items) => Self::List(items.iter().map(Self::from).collect()),
        }
    }
}

impl From<Read> for Reading {
    fn from(read: Read) -> Self {
        match read {
            Read::Bool(truth) => Self::Bool(truth),
            Read::Number(number) => Self::Number(number),
            Read::Text(text) => Self::text(&text),
            Read::List(items) => Self::List(items.into_iter().map(Self::from).collect()),
        }
    }
}

/// A time; for `#[serde(with = "micros")]`.
pub(crate) mod micros {
    use super::{Deserialize, Deserializer, Micros, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Micros, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(time.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Micros, D::Error> {
        u64::deserialize(from).map(Micros)
    }
}

/// What a sensor reads; for `#[serde(with = "reading")]`.
pub(crate) mod reading {
    use super::{Deserialize, Deserializer, Read, Reading, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(reading: &Reading, to: S) -> Result<S::Ok, S::Error> {
        Read::from(reading).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Reading, D::Error> {
        Read::deserialize(from).map(Reading::from)
    }
}
