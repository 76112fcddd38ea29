//! Fields.

use super::Value;
use crate::id::NodeId;

/// A map from devices to values, always with the device itself.
///
/// Neighbours stand in ascending id; the local value comes last in every fold.
#[derive(Clone, Debug)]
pub struct Field {
    local: Value,
    neighbors: Vec<(NodeId, Value)>,
}

impl Field {
    /// A field from the local value and the neighbours' values in ascending id.
    pub fn new(local: Value, neighbors: Vec<(NodeId, Value)>) -> Self {
        debug_assert!(neighbors.is_sorted_by(|a, b| a.0 < b.0));
        Self { local, neighbors }
    }

    /// The value of the device itself.
    pub fn local(&self) -> &Value {
        &self.local
    }

    /// The neighbours and their values, in ascending id.
    pub fn neighbors(&self) -> &[(NodeId, Value)] {
        &self.neighbors
    }

    /// The neighbours' values, then the local one.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.neighbors.iter().map(|(_, value)| value).chain([&self.local])
    }

    /// A neighbour's value, expected at an index: fields of one place hold the same neighbours.
    pub(crate) fn get_near(&self, index: usize, id: &NodeId) -> Option<&Value> {
        match self.neighbors.get(index) {
            Some((found, value)) if found == id => Some(value),
            _ => self.get(id),
        }
    }

    /// A neighbour's value.
    pub(crate) fn get(&self, id: &NodeId) -> Option<&Value> {
        let at = self.neighbors.binary_search_by(|(n, _)| n.cmp(id)).ok()?;
        self.neighbors.get(at).map(|(_, value)| value)
    }

    /// Another field over the same devices.
    pub(crate) fn map(&self, mut f: impl FnMut(&Value) -> Value) -> Self {
        let neighbors = self.neighbors.iter().map(|(id, v)| (id.clone(), f(v))).collect();
        Self { neighbors, local: f(&self.local) }
    }

    /// The same field over fewer neighbours: those that are kept, in order.
    pub(crate) fn restricted(&self, kept: &[bool]) -> Self {
        let pairs = self.neighbors.iter().zip(kept);
        let neighbors = pairs.filter(|(_, kept)| **kept).map(|(pair, _)| pair.clone()).collect();
        Self { neighbors, local: self.local.clone() }
    }
}
