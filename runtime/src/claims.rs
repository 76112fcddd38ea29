//! Which node speaks for a device. A device of the same id on two nodes is a mistake of the
//! configuration; until it is mended, neither of the two counts.
//!
//! Pure: the time is a parameter.

use fieldrun_device::Micros;
use std::collections::BTreeMap;

/// Devices that are told apart; more than any node has neighbours.
const MAX_DEVICES: usize = 4096;

/// Nodes that claim one device and are told apart.
const MAX_NODES: usize = 8;

/// Whether a frame counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One node speaks for the device.
    Accept,
    /// Several do; the frame does not count. `new` the first time that this is so.
    Conflict {
        /// Whether it has just begun.
        new: bool,
    },
    /// There are more devices than can be told apart.
    Full,
}

#[derive(Default)]
struct Device {
    /// Nodes that claim it, and when they were last heard to.
    nodes: BTreeMap<String, Micros>,
    conflict: bool,
}

/// Who claimed what, and when.
pub struct Claims {
    /// A claim holds for so long after it was last heard.
    window: Micros,
    devices: BTreeMap<String, Device>,
}

impl Claims {
    /// Claims that hold for `window` after they were last heard.
    pub fn new(window: Micros) -> Self {
        Self { window, devices: BTreeMap::new() }
    }

    /// Node `node` speaks for device `id` now.
    pub fn claim(&mut self, now: Micros, id: &str, node: &str) -> Verdict {
        if !self.devices.contains_key(id) && self.devices.len() >= MAX_DEVICES {
            self.forget(now);
            if self.devices.len() >= MAX_DEVICES {
                return Verdict::Full;
            }
        }
        let window = self.window;
        let device = self.devices.entry(id.to_owned()).or_default();
        device.nodes.retain(|other, heard| other == node || now.since(*heard) < window);
        if device.nodes.contains_key(node) || device.nodes.len() < MAX_NODES {
            device.nodes.insert(node.to_owned(), now);
        }
        let before = std::mem::replace(&mut device.conflict, device.nodes.len() > 1);
        if device.conflict { Verdict::Conflict { new: !before } } else { Verdict::Accept }
    }

    /// A node is gone for good, and with it what it claimed.
    pub fn release(&mut self, node: &str) {
        for device in self.devices.values_mut() {
            device.nodes.remove(node);
        }
        self.devices.retain(|_, device| !device.nodes.is_empty());
    }

    /// Devices that several nodes claim now, with these nodes; ascending.
    pub fn conflicts(&self, now: Micros) -> Vec<(String, Vec<String>)> {
        let window = self.window;
        let mut found = Vec::new();
        for (id, device) in &self.devices {
            let fresh = device.nodes.iter().filter(|(_, heard)| now.since(**heard) < window);
            let nodes: Vec<String> = fresh.map(|(node, _)| node.clone()).collect();
            if nodes.len() > 1 {
                found.push((id.clone(), nodes));
            }
        }
        found
    }

    fn forget(&mut self, now: Micros) {
        let window = self.window;
        self.devices.retain(|_, d| d.nodes.values().any(|heard| now.since(*heard) < window));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_nodes_with_one_device_and_neither_counts_until_one_is_gone() {
        let mut claims = Claims::new(Micros(100));
        assert_eq!(claims.claim(Micros(0), "db", "n1"), Verdict::Accept);
        assert_eq!(claims.claim(Micros(10), "db", "n2"), Verdict::Conflict { new: true });
        assert_eq!(claims.claim(Micros(20), "db", "n1"), Verdict::Conflict { new: false });
        let both = vec!["n1".to_owned(), "n2".to_owned()];
        assert_eq!(claims.conflicts(Micros(20)), [("db".to_owned(), both)]);
        assert_eq!(claims.claim(Micros(20), "web", "n2"), Verdict::Accept, "others are unharmed");
        // n2 falls silent; after the window n1 counts again.
        assert_eq!(claims.claim(Micros(111), "db", "n1"), Verdict::Accept);
        assert!(claims.conflicts(Micros(111)).is_empty());
        assert_eq!(claims.claim(Micros(112), "db", "n2"), Verdict::Conflict { new: true });
        claims.release("n2");
        assert_eq!(claims.claim(Micros(113), "db", "n1"), Verdict::Accept);
    }

    #[test]
    fn a_service_may_move() {
        let mut claims = Claims::new(Micros(100));
        claims.claim(Micros(0), "db", "n1");
        assert_eq!(claims.claim(Micros(150), "db", "n2"), Verdict::Accept);
    }

    #[test]
    fn invented_devices_do_not_grow_the_table() {
        let mut claims = Claims::new(Micros(100));
        for i in 0..MAX_DEVICES {
            assert_eq!(claims.claim(Micros(0), &format!("d{i}"), "n1"), Verdict::Accept);
        }
        assert_eq!(claims.claim(Micros(1), "more", "n1"), Verdict::Full);
        assert_eq!(claims.claim(Micros(200), "more", "n1"), Verdict::Accept);
        for i in 0..100 {
            claims.claim(Micros(200), "more", &format!("n{i}"));
        }
        assert!(claims.devices["more"].nodes.len() <= MAX_NODES);
    }
}
