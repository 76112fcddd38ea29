//! What a round leaves behind: values for neighbours, and state for the next round.

use crate::program::Unit;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Values by code path, in ascending path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exports(Vec<(u64, Value)>);

impl Exports {
    /// Exports from cells in strictly ascending path; nothing if they are not.
    pub fn from_sorted(cells: Vec<(u64, Value)>) -> Option<Self> {
        cells.is_sorted_by(|a, b| a.0 < b.0).then_some(Self(cells))
    }

    pub(crate) fn from_unsorted(mut cells: Vec<(u64, Value)>) -> Self {
        cells.sort_unstable_by_key(|(path, _)| *path);
        Self(cells)
    }

    /// The value at a path.
    pub fn get(&self, path: u64) -> Option<&Value> {
        let at = self.0.binary_search_by_key(&path, |(path, _)| *path).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// All cells in ascending path.
    pub fn cells(&self) -> &[(u64, Value)] {
        &self.0
    }
}

/// What a device keeps from one round to the next. What a round does not write is forgotten.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) cells: FxHashMap<u64, Value>,
    /// Evaluated texts by path: parsed again only when the text changes.
    pub(crate) texts: FxHashMap<u64, (Arc<str>, Arc<Unit>)>,
}

impl State {
    /// The number of kept values.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nothing is kept, as before the first round.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}
