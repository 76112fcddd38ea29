//! What a round sees of its neighbours: the seam between the evaluators and whatever holds
//! messages, be it a device's inbox or the columns of a simulator.

use crate::id::NodeId;
use crate::layout::{Exports, Layout};
use crate::value::Value;
use std::sync::Arc;

/// The present neighbours of a device, in ascending id and without the device itself. A *lane* is
/// an index into this order.
pub trait NeighborSource {
    /// How many neighbours there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of a neighbour.
    fn id(&self, lane: usize) -> &NodeId;

    /// Age of its information in seconds (`nbrLag`).
    fn lag(&self, lane: usize) -> f64;

    /// Seconds until it is expected to use what is sent now (`nbrDelay`).
    fn delay(&self, lane: usize) -> f64;

    /// What it exported at a path.
    fn cell(&self, lane: usize, path: u64) -> Option<Value>;

    /// Whether the exports of all neighbours follow a layout, so that they can be read by slot.
    fn follows(&self, layout: &Arc<Layout>) -> bool;

    /// Whether a region of the layout ran in a neighbour's round.
    fn ran(&self, lane: usize, region: u32) -> bool;

    /// What a neighbour exported in a carrying slot of the layout; null if its region did not run.
    fn value(&self, lane: usize, carried: u32) -> Value;

    /// An element of the tuple that a neighbour exported in a carrying slot; nothing if that is no
    /// tuple of `len` elements, null if its region did not run.
    fn element(&self, lane: usize, carried: u32, element: usize, len: usize) -> Option<Value> {
        match self.value(lane, carried) {
            Value::Tuple(items) if items.len() == len => items.get(element).cloned(),
            Value::Null => Some(Value::Null),
            _ => None,
        }
    }

    /// The distances to all neighbours, if they are at hand: `own` is where the device is, and the
    /// slot holds where the neighbours are. A lane whose region did not run gets any number.
    fn distances(&self, _carried: u32, _own: &[f64], _out: &mut [f64]) -> bool {
        false
    }

    /// What all neighbours exported in a carrying slot, as numbers by lane; false if some of it is
    /// no number. A lane whose region did not run gets any number.
    fn numbers(&self, carried: u32, out: &mut [f64]) -> bool {
        (0..).zip(out).all(|(lane, out)| match self.value(lane, carried) {
            Value::Number(x) => {
                *out = x;
                true
            }
            Value::Null => true,
            _ => false,
        })
    }

    /// The same for an element of the tuples that all neighbours exported in a slot; false if some
    /// of it is no tuple of `len` elements, or the element no number.
    fn element_numbers(&self, carried: u32, element: usize, len: usize, out: &mut [f64]) -> bool {
        (0..).zip(out).all(|(lane, out)| match self.value(lane, carried) {
            Value::Tuple(items) if items.len() == len => match items.get(element) {
                Some(Value::Number(x)) => {
                    *out = *x;
                    true
                }
                _ => false,
            },
            Value::Null => true,
            _ => false,
        })
    }
}

/// A neighbour and its last message.
#[derive(Clone, Copy, Debug)]
pub struct Neighbor<'a> {
    /// Its name.
    pub id: &'a NodeId,
    /// Its last message.
    pub exports: &'a Exports,
    /// Age of its information in seconds (`nbrLag`).
    pub lag: f64,
    /// Seconds until it is expected to use what is sent now (`nbrDelay`).
    pub delay: f64,
}

impl Neighbor<'_> {
    fn held(&self, carried: u32) -> &Value {
        self.exports.values().get(carried as usize).unwrap_or(&Value::Null)
    }
}

/// Neighbours in ascending id.
impl NeighborSource for Vec<Neighbor<'_>> {
    fn len(&self) -> usize {
        self.len()
    }

    #[expect(clippy::indexing_slicing, reason = "lanes are indices below `len`")]
    fn id(&self, lane: usize) -> &NodeId {
        self[lane].id
    }

    fn lag(&self, lane: usize) -> f64 {
        self.get(lane).map_or(0.0, |n| n.lag)
    }

    fn delay(&self, lane: usize) -> f64 {
        self.get(lane).map_or(0.0, |n| n.delay)
    }

    fn cell(&self, lane: usize, path: u64) -> Option<Value> {
        self.get(lane)?.exports.get(path).map(Value::unshared)
    }

    fn follows(&self, layout: &Arc<Layout>) -> bool {
        self.iter().all(|n| n.exports.follows(layout))
    }

    fn ran(&self, lane: usize, region: u32) -> bool {
        self.get(lane).is_some_and(|n| n.exports.ran(region))
    }

    fn value(&self, lane: usize, carried: u32) -> Value {
        self.get(lane).map_or(Value::Null, |n| n.held(carried).unshared())
    }

    fn element(&self, lane: usize, carried: u32, element: usize, len: usize) -> Option<Value> {
        match self.get(lane).map(|n| n.held(carried)) {
            Some(Value::Tuple(items)) if items.len() == len => {
                items.get(element).map(Value::unshared)
            }
            Some(Value::Null) => Some(Value::Null),
            _ => None,
        }
    }

    fn numbers(&self, carried: u32, out: &mut [f64]) -> bool {
        self.iter().zip(out).all(|(neighbor, out)| number(neighbor.held(carried), out))
    }

    fn distances(&self, carried: u32, own: &[f64], out: &mut [f64]) -> bool {
        self.iter().zip(out).all(|(neighbor, out)| match neighbor.held(carried) {
            Value::Tuple(items) if items.len() == own.len() => {
                let mut squares = Some(0.0);
                for (item, own) in items.iter().zip(own) {
                    squares = match (squares, item) {
                        (Some(sum), Value::Number(x)) => Some(sum + (x - own) * (x - own)),
                        _ => None,
                    };
                }
                squares.map(|sum: f64| *out = sum.sqrt()).is_some()
            }
            Value::Null => true,
            _ => false,
        })
    }

    fn element_numbers(&self, carried: u32, element: usize, len: usize, out: &mut [f64]) -> bool {
        self.iter().zip(out).all(|(neighbor, out)| match neighbor.held(carried) {
            Value::Tuple(items) if items.len() == len => {
                items.get(element).is_some_and(|item| number(item, out))
            }
            Value::Null => true,
            _ => false,
        })
    }
}

fn number(value: &Value, out: &mut f64) -> bool {
    match value {
        Value::Number(x) => {
            *out = *x;
            true
        }
        Value::Null => true,
        _ => false,
    }
}
