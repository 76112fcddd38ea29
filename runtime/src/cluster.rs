//! What the nodes of a cluster know of each other: a table of status entries that spreads from
//! neighbour to neighbour, so that every node can answer for all although links are few.
//!
//! For people only: programs decide by what their neighbours share, never by this table.
//!
//! Each node writes one entry about itself and numbers its versions. Of two versions the newer
//! `(incarnation, seq)` wins. Ages travel as durations, which every bearer adds to; clocks of two
//! hosts are never compared. The last few changes of a node's services travel with its entry, so
//! that a change which passed quickly is seen everywhere (requirement P13).
//!
//! Pure: the time is a parameter.

mod beats;

pub use beats::{Beat, Heard};

use crate::standing::Standing;
use fieldrun_device::Micros;
use fieldrun_glue::{ServiceEvent, ServiceSnapshot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most nodes in the table.
pub const MAX_NODES: usize = 256;

/// Changes of services that travel with an entry at most.
pub const MAX_RECENT: usize = 64;

/// Neighbours of a device that an entry names at most.
pub const MAX_NEIGHBORS: usize = 64;

/// A change travels with the entry for so long.
pub const RECENT: Micros = Micros(10_000_000);

/// A node of which nothing newer was heard for so long is called silent.
pub const SILENT_AFTER: Micros = Micros(10_000_000);

/// A node of which nothing newer was heard for so long is forgotten.
const FORGOTTEN_AFTER: Micros = Micros(15 * 60 * 1_000_000);

/// Most links and conflicts that are taken from an entry.
const MAX_ITEMS: usize = 1024;

/// The program that a node runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramStatus {
    /// Its file name.
    pub name: String,
    /// What tells versions apart, hexadecimal.
    pub fingerprint: String,
}

/// A device in the neighbourhood of a node's devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbor {
    /// The device's id.
    pub id: String,
    /// How long ago it was heard, in milliseconds.
    pub age_ms: u64,
    /// It runs another program or version: values are not shared with it.
    pub other_program: bool,
    /// The service that it speaks for, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Standing>,
}

/// What a device did last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStatus {
    /// The device's id.
    pub id: String,
    /// Rounds since the daemon started.
    pub rounds: u64,
    /// Rounds that ended in an error.
    pub traps: u64,
    /// The value of the last round, or the first line of its error.
    pub value: String,
    /// How many devices it hears.
    pub hears: u64,
    /// Devices that it hears, ascending by id; the first [`MAX_NEIGHBORS`] of many.
    pub neighbors: Vec<Neighbor>,
}

/// What a node says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// The node's name.
    pub node: String,
    /// The number of this start of its daemon.
    pub incarnation: u64,
    /// The version of this entry within the incarnation.
    pub seq: u64,
    /// The program.
    pub program: ProgramStatus,
    /// The time between two rounds, in milliseconds.
    pub period_ms: u64,
    /// Managed services, ascending by id.
    pub services: Vec<ServiceSnapshot>,
    /// Devices, ascending by id.
    pub devices: Vec<DeviceStatus>,
    /// Nodes that it is linked to, ascending.
    pub links: Vec<String>,
    /// Devices that it heard from two nodes, or from a node besides itself.
    pub conflicts: Vec<String>,
    /// How much it refused from its peers since the start.
    pub refused: u64,
    /// The last changes of its services, oldest first.
    pub recent: Vec<Change>,
}

/// One change of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When, on the wall clock of the node: milliseconds since 1970.
    pub wall_ms: u64,
    /// What changed.
    #[serde(flatten)]
    pub event: ServiceEvent,
}

/// An entry as it travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// How old the entry is, in milliseconds.
    pub age_ms: u64,
    /// The entry.
    pub status: NodeStatus,
}

/// Something that an observer of the cluster is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ClusterEvent {
    /// A service changed.
    Service {
        /// The node that manages it.
        node: String,
        /// The number of that daemon's start.
        incarnation: u64,
        /// The change.
        #[serde(flatten)]
        change: Change,
    },
    /// A node was heard of for the first time, or again after a silence.
    NodeSeen {
        /// The node.
        node: String,
        /// The number of its daemon's start.
        incarnation: u64,
        /// When this was noticed here, in microseconds of the host's monotonic clock.
        at_us: u64,
    },
    /// Nothing new was heard of a node for a while. Its services may well run.
    NodeSilent {
        /// The node.
        node: String,
        /// When this was noticed here, in microseconds of the host's monotonic clock.
        at_us: u64,
    },
    /// A device was heard from two nodes; neither counts until one is gone.
    Conflict {
        /// The device.
        id: String,
        /// The nodes that claim it.
        nodes: Vec<String>,
        /// When this was noticed here, in microseconds of the host's monotonic clock.
        at_us: u64,
    },
}

/// How fresh an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// Heard of within [`SILENT_AFTER`].
    Fresh,
    /// Not heard of for longer: what it said may no longer hold.
    Silent,
}

/// An entry with its age, as a status report shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// How old it is, in milliseconds.
    pub age_ms: u64,
    /// Whether that is old.
    pub freshness: Freshness,
    /// What the node said of itself.
    #[serde(flatten)]
    pub status: NodeStatus,
}

struct Entry {
    status: NodeStatus,
    /// Age when it arrived, and when that was.
    age: Micros,
    received: Micros,
    silent: bool,
    /// Numbers of the last change that observers were told, by service.
    told: BTreeMap<String, u64>,
}

impl Entry {
    fn age(&self, now: Micros) -> Micros {
        Micros(self.age.0.saturating_add(now.since(self.received).0))
    }

    /// The changes that observers were not told yet.
    fn news(&mut self) -> Vec<ClusterEvent> {
        let mut news = Vec::new();
        for change in &self.status.recent {
            let told = self.told.entry(change.event.service.clone()).or_default();
            if change.event.seq > *told {
                *told = change.event.seq;
                news.push(ClusterEvent::Service {
                    node: self.status.node.clone(),
                    incarnation: self.status.incarnation,
                    change: change.clone(),
                });
            }
        }
        news
    }
}

/// What came of received entries.
#[derive(Debug, Default, PartialEq)]
pub struct Received {
    /// For observers, in the order that each node tells them.
    pub events: Vec<ClusterEvent>,
    /// Nodes whose services changed; worth telling the other neighbours at once.
    pub forward: BTreeSet<String>,
    /// Entries that were not taken because the table is full or they are beyond all bounds.
    pub refused: usize,
}

/// All that a node knows of its cluster.
pub struct Table {
    us: String,
    nodes: BTreeMap<String, Entry>,
}

impl Table {
    /// A table of the node `us`.
    pub fn new(us: &str) -> Self {
        Self { us: us.to_owned(), nodes: BTreeMap::new() }
    }

    /// Replaces this node's own entry; returns what observers are to be told.
    pub fn set_own(&mut self, now: Micros, status: NodeStatus) -> Vec<ClusterEvent> {
        self.take(now, Micros(0), status).0
    }

    /// Takes what a neighbour told. An entry about this node itself is nobody else's to write.
    pub fn receive(&mut self, now: Micros, told: Vec<Told>) -> Received {
        let mut received = Received::default();
        for Told { age_ms, status } in told {
            if status.node == self.us {
                continue;
            }
            let age = Micros(age_ms.saturating_mul(1_000));
            let known = self.nodes.get(&status.node);
            let full = known.is_none() && self.nodes.len() >= MAX_NODES;
            if full || age >= FORGOTTEN_AFTER || !within_bounds(&status) {
                received.refused += 1;
                continue;
            }
            let version = |status: &NodeStatus| (status.incarnation, status.seq);
            if known.is_some_and(|known| version(&known.status) >= version(&status)) {
                continue;
            }
            let node = status.node.clone();
            let (events, changed) = self.take(now, age, status);
            received.events.extend(events);
            if changed {
                received.forward.insert(node);
            }
        }
        received
    }

    /// Stores an entry; returns the news and whether others should hear at once.
    fn take(&mut self, now: Micros, age: Micros, status: NodeStatus) -> (Vec<ClusterEvent>, bool) {
        let mut told = BTreeMap::new();
        let mut seen = true;
        let mut changed = true;
        if let Some(old) = self.nodes.remove(&status.node)
            && old.status.incarnation == status.incarnation
        {
            told = old.told;
            seen = old.silent;
            changed = old.status.services.len() != status.services.len();
        }
        let node = status.node.clone();
        let incarnation = status.incarnation;
        let mut entry = Entry { status, age, received: now, silent: false, told };
        let mut events = Vec::new();
        if entry.age(now) >= SILENT_AFTER {
            entry.silent = true;
        } else if seen {
            events.push(ClusterEvent::NodeSeen { node: node.clone(), incarnation, at_us: now.0 });
        }
        events.extend(entry.news());
        changed |= !events.is_empty();
        self.nodes.insert(node, entry);
        (events, changed)
    }

    /// Looks for nodes that fell silent, and forgets those that are silent for long.
    pub fn expire(&mut self, now: Micros) -> Vec<ClusterEvent> {
        self.nodes.retain(|_, entry| entry.age(now) < FORGOTTEN_AFTER);
        let mut events = Vec::new();
        for (node, entry) in &mut self.nodes {
            if !entry.silent && entry.age(now) >= SILENT_AFTER {
                entry.silent = true;
                events.push(ClusterEvent::NodeSilent { node: node.clone(), at_us: now.0 });
            }
        }
        events
    }

    /// Entries to tell a neighbour: all, or those of the named nodes.
    pub fn tell<'s>(&'s self, now: Micros, only: Option<&'s BTreeSet<String>>) -> Vec<Told> {
        self.nodes
            .iter()
            .filter(|(node, _)| only.is_none_or(|only| only.contains(*node)))
            .map(|(_, entry)| Told {
                age_ms: entry.age(now).0 / 1_000,
                status: entry.status.clone(),
            })
            .collect()
    }

    /// All services that are known.
    pub fn services(&self) -> impl Iterator<Item = &ServiceSnapshot> {
        self.nodes.values().flat_map(|entry| &entry.status.services)
    }

    /// Which node manages which service.
    pub fn whereabouts(&self) -> BTreeMap<String, String> {
        let services = |status: &NodeStatus| -> Vec<(String, String)> {
            let place = |service: &ServiceSnapshot| (service.id.clone(), status.node.clone());
            status.services.iter().map(place).collect()
        };
        self.nodes.values().flat_map(|entry| services(&entry.status)).collect()
    }

    /// All entries with their ages, ascending by node.
    pub fn known(&self, now: Micros) -> Vec<Known> {
        self.nodes
            .values()
            .map(|entry| Known {
                age_ms: entry.age(now).0 / 1_000,
                freshness: if entry.age(now) < SILENT_AFTER {
                    Freshness::Fresh
                } else {
                    Freshness::Silent
                },
                status: entry.status.clone(),
            })
            .collect()
    }
}

/// An entry that no honest node writes is not kept.
fn within_bounds(status: &NodeStatus) -> bool {
    crate::identity::check_name("node", &status.node).is_ok()
        && status.services.len() <= crate::config::MAX_SERVICES
        && status.devices.len() <= crate::config::MAX_SERVICES
        && status.devices.iter().all(|device| device.neighbors.len() <= MAX_NEIGHBORS)
        && status.links.len() <= MAX_ITEMS
        && status.conflicts.len() <= MAX_ITEMS
        && status.recent.len() <= MAX_RECENT
}

#[cfg(test)]
mod tests;
