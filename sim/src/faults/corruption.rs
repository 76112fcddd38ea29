//! Memory that a fault made arbitrary.

use crate::random::{Purpose, Stream};
use crate::scenario::MAX_DEVICES;
use fieldrun_device::{NodeId, Value};
use std::sync::Arc;

/// Numbers that a corrupted one becomes: small enough that what counts up to the truth arrives.
const NUMBERS: (f64, f64) = (-20.0, 100.0);

/// Makes arbitrary values of the kind that they replace.
pub(crate) struct Corruption<'a> {
    random: Stream,
    ids: &'a [NodeId],
}

impl<'a> Corruption<'a> {
    /// What befalls one device by fault number `fault`, in a network of these devices.
    pub(crate) fn new(seed: u64, fault: usize, device: usize, ids: &'a [NodeId]) -> Self {
        let stream = fault as u64 * MAX_DEVICES as u64 + device as u64;
        Self { random: Stream::new(seed, stream, Purpose::Fault), ids }
    }

    /// A value of the same kind: what holds others keeps their number.
    pub(crate) fn value(&mut self, value: &Value) -> Value {
        let mut all = |items: &[Value]| items.iter().map(|item| self.value(item)).collect();
        match value {
            Value::Bool(_) => Value::Bool(self.random.unit() < 0.5),
            Value::Number(_) => Value::Number(self.number()),
            Value::Int(_) => Value::Int(self.random.between(NUMBERS.0, NUMBERS.1).floor() as i64),
            Value::Uid(_) => Value::Uid(self.id()),
            Value::Device(_) => Value::Device(self.id()),
            // Texts in programs are mostly names of devices.
            Value::Text(_) => Value::text(&self.id().to_string()),
            Value::Tuple(items) => Value::Tuple(all(items)),
            Value::Option(Some(inner)) => Value::Option(Some(Arc::new(self.value(inner)))),
            other => other.clone(),
        }
    }

    fn number(&mut self) -> f64 {
        let any = self.random.between(NUMBERS.0, NUMBERS.1);
        match self.random.below(16) {
            0 => f64::INFINITY,
            1 => f64::NAN,
            2..=3 => 0.0,
            4..=9 => any.floor(),
            _ => any,
        }
    }

    /// A device of the network, or one that is not there.
    fn id(&mut self) -> NodeId {
        let chosen = self.random.below(self.ids.len() + 1);
        self.ids.get(chosen).cloned().unwrap_or_else(|| NodeId::Int(i64::from(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrupted_values_keep_their_kind_and_lose_what_they_were() {
        let ids = [NodeId::Int(0), NodeId::Int(1)];
        let uid = Value::Uid(NodeId::Int(0));
        let value = Value::tuple(vec![1.5.into(), Value::Int(7), true.into(), uid]);
        let kinds = |value: &Value| match value {
            Value::Tuple(items) => items.iter().map(Value::kind).collect::<Vec<_>>(),
            other => panic!("{other}"),
        };
        let mut corruption = Corruption::new(1, 0, 0, &ids);
        let changed: Vec<Value> = (0..20).map(|_| corruption.value(&value)).collect();
        assert!(changed.iter().all(|changed| kinds(changed) == kinds(&value)));
        // The chance that a draw equals the value is nil: its first element is a fraction.
        assert!(changed.iter().all(|changed| changed != &value), "{changed:?}");
        let again = Corruption::new(1, 0, 0, &ids).value(&value);
        assert_eq!(again, changed[0]);
        assert_ne!(Corruption::new(1, 0, 1, &ids).value(&value), again);
    }
}
