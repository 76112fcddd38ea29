//! Sets in the order of first occurrence, by the equality of elements.

use super::{Value, digest};
use rustc_hash::FxHashMap;

/// Sets up to this size are searched from one end to the other.
const SCANNED: usize = 16;

/// Distinct values in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct OrderedSet {
    items: Vec<Value>,
    /// Digest to places in `items`; empty while the set is small.
    places: FxHashMap<u64, Vec<usize>>,
}

impl OrderedSet {
    /// Adds what is not there yet.
    pub(crate) fn insert(&mut self, value: Value) {
        if self.contains(&value) {
            return;
        }
        self.items.push(value);
        if self.items.len() <= SCANNED {
            return;
        }
        // The index begins with everything that came before it.
        let first = if self.places.is_empty() { 0 } else { self.items.len() - 1 };
        for (at, item) in self.items.iter().enumerate().skip(first) {
            self.places.entry(digest(item)).or_default().push(at);
        }
    }

    pub(crate) fn contains(&self, value: &Value) -> bool {
        if self.items.len() <= SCANNED {
            return self.items.contains(value);
        }
        let places = self.places.get(&digest(value)).map(Vec::as_slice).unwrap_or_default();
        places.iter().any(|at| self.items.get(*at) == Some(value))
    }

    pub(crate) fn into_items(self) -> Vec<Value> {
        self.items
    }
}

impl<'v> FromIterator<&'v Value> for OrderedSet {
    fn from_iter<I: IntoIterator<Item = &'v Value>>(values: I) -> Self {
        let mut set = Self::default();
        values.into_iter().for_each(|value| set.insert(value.clone()));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;

    #[test]
    fn a_large_set_holds_what_a_search_from_end_to_end_would_keep() {
        let uid = |i| Value::Uid(NodeId::Int(i));
        let text = |i: i64| Value::text(&i.to_string());
        // Every number comes as each kind that equals it, long after the first.
        let mut values: Vec<Value> = Vec::new();
        for i in -20..20_i64 {
            let x = Value::Number(i as f64);
            values.extend([x.clone(), Value::tuple(vec![x, text(i)]), text(i)]);
        }
        for i in -20..20_i64 {
            values.extend([Value::Int(i), uid(i), Value::Number(-(i as f64))]);
            values.extend([Value::tuple(vec![Value::Int(i), text(i)]), Value::Bool(i % 2 == 0)]);
            values.extend([Value::Uid(NodeId::text(&i.to_string())), Value::Number(f64::NAN)]);
        }
        let mut plain: Vec<Value> = Vec::new();
        for value in &values {
            if !plain.contains(value) {
                plain.push(value.clone());
            }
        }
        let set: OrderedSet = values.iter().collect();
        assert!(values.iter().all(|value| set.contains(value)));
        let texts = |items: &[Value]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(&set.into_items()), texts(&plain));
        assert!(plain.len() > 100);
    }
}
