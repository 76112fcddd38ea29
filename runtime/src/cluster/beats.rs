//! Signs of life: what nodes tell each other all the time, although nothing changes.
//!
//! An entry travels when it changes. In between, a node tells its neighbours only which version of
//! each entry it has, and how old that is. So ages stay right everywhere; and who sees that a neighbour
//! has an older version than itself, or none, sends it the entry. Nothing that was lost stays lost.

use super::{ClusterEvent, FORGOTTEN_AFTER, NodeStatus, Table};
use fieldrun_device::Micros;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One entry's version and age, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// The node.
    pub node: String,
    /// The number of its daemon's start.
    pub incarnation: u64,
    /// The version of its entry within the incarnation.
    pub seq: u64,
    /// How old the newest sign of life of it is, in milliseconds.
    pub age_ms: u64,
}

/// What came of a neighbour's beats.
#[derive(Debug, Default, PartialEq)]
pub struct Heard {
    /// For observers.
    pub events: Vec<ClusterEvent>,
    /// Nodes of which the neighbour has an older version than we have, or none.
    pub behind: BTreeSet<String>,
}

impl Table {
    /// A beat for each entry.
    pub fn beats(&self, now: Micros) -> Vec<Beat> {
        let beat = |(node, entry): (&String, &super::Entry)| Beat {
            node: node.clone(),
            incarnation: entry.status.incarnation,
            seq: entry.status.seq,
            age_ms: entry.age(now).0 / 1_000,
        };
        self.nodes.iter().map(beat).collect()
    }

    /// Takes a neighbour's beats.
    pub fn hear(&mut self, now: Micros, beats: &[Beat]) -> Heard {
        let told: BTreeMap<&str, &Beat> = beats.iter().map(|beat| (&*beat.node, beat)).collect();
        let mut heard = Heard::default();
        for (node, entry) in &mut self.nodes {
            let ours = (entry.status.incarnation, entry.status.seq);
            let theirs = told.get(&**node).map(|beat| (beat.incarnation, beat.seq));
            if theirs < Some(ours) {
                heard.behind.insert(node.clone());
            }
            let Some(beat) = told.get(&**node).filter(|_| theirs == Some(ours)) else { continue };
            let age = Micros(beat.age_ms.saturating_mul(1_000)).min(FORGOTTEN_AFTER);
            if *node == self.us || age >= entry.age(now) {
                continue;
            }
            (entry.age, entry.received) = (age, now);
            if entry.silent && age < super::SILENT_AFTER {
                entry.silent = false;
                let (node, incarnation) = (node.clone(), entry.status.incarnation);
                heard.events.push(ClusterEvent::NodeSeen { node, incarnation, at_us: now.0 });
            }
        }
        heard
    }
}

impl NodeStatus {
    /// The entry without what changes in every round and is no news: two of one content are one
    /// version.
    pub fn content(&self) -> Self {
        let mut content = Self { seq: 0, refused: 0, recent: Vec::new(), ..self.clone() };
        for service in &mut content.services {
            service.age_ms = 0;
        }
        for device in &mut content.devices {
            (device.rounds, device.traps) = (0, 0);
            for neighbor in &mut device.neighbors {
                neighbor.age_ms = 0;
            }
        }
        content
    }
}
