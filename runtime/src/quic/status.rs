//! What can be seen of a transport: plain data for reports.

use crate::refusals::PeerRefusals;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What is known of a peer of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// The address as configured.
    pub addr: String,
    /// The node name, when configured or learned from its certificate.
    pub node: Option<String>,
    /// `linked`, or why not.
    pub state: String,
}

/// What is known of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// The peer's node name.
    pub node: String,
    /// Where it is.
    pub addr: SocketAddr,
    /// Services that it may publish.
    pub services: Vec<String>,
    /// Since when, in microseconds of the host's monotonic clock.
    pub since: u64,
    /// Round trip in microseconds.
    pub round_trip: u64,
    /// UDP datagrams that were sent, those of QUIC's own included, and their bytes above UDP.
    pub sent: Traffic,
    /// The same that were received.
    pub received: Traffic,
}

/// What went over a link in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Datagrams.
    pub datagrams: u64,
    /// Bytes.
    pub bytes: u64,
}

impl From<quinn::UdpStats> for Traffic {
    fn from(stats: quinn::UdpStats) -> Self {
        Self { datagrams: stats.datagrams, bytes: stats.bytes }
    }
}

/// Links, configured peers and refusals at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportStatus {
    /// Links, ascending by node.
    pub links: Vec<LinkStatus>,
    /// Peers in the order of the configuration.
    pub peers: Vec<PeerStatus>,
    /// What was refused, by peer.
    pub refusals: BTreeMap<String, PeerRefusals>,
}
