//! The daemon's Unix socket: status, a stream of changes, and the operator's commands.
//!
//! One JSON object a line. A client sends a [`Request`] and gets a [`Reply`]; after
//! [`Request::Watch`] replies go on until either end closes. The system says who a client is; what it
//! may do follows from that, see [`Access`].
//!
//! ```text
//! > {"cmd":"restart","service":"supplies-db"}
//! < {"reply":"done","message":"supplies-db: restart accepted"}
//! ```

mod access;
mod client;
mod server;

pub use access::{Access, Principal, Role};
pub use client::{AdminError, Client, Watch};
pub(crate) use server::{Call, Service, Serving, bind, serve, set_shared};

use crate::cluster::{ClusterEvent, Known};
use crate::quic::TransportStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest request, in bytes.
pub const MAX_REQUEST: usize = 4096;

/// Longest reply, in bytes: a report on the largest cluster.
pub const MAX_REPLY: usize = 16 << 20;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// What is known of the cluster.
    Status,
    /// Every change from now on.
    Watch,
    /// Start a service, and want it from now on.
    Start {
        /// The service's id.
        service: String,
    },
    /// Stop a service, and do not want it until it is started.
    Stop {
        /// The service's id.
        service: String,
    },
    /// Stop and start a service, or start a hung one.
    Restart {
        /// The service's id.
        service: String,
    },
    /// Forget a service's failures, so that programs may start it again.
    Reset {
        /// The service's id.
        service: String,
    },
    /// Read certificates, peers and values anew.
    Reload,
    /// End the daemon.
    Shutdown {
        /// Stop its services first; otherwise they run on.
        #[serde(default)]
        stop_services: bool,
    },
}

impl Request {
    /// What a client must be to ask for this.
    pub fn role(&self) -> Role {
        match self {
            Self::Status | Self::Watch => Role::Reader,
            _ => Role::Operator,
        }
    }

    /// The name in messages and JSON, and the service that is meant.
    pub fn names(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Status => ("status", None),
            Self::Watch => ("watch", None),
            Self::Start { service } => ("start", Some(service)),
            Self::Stop { service } => ("stop", Some(service)),
            Self::Restart { service } => ("restart", Some(service)),
            Self::Reset { service } => ("reset", Some(service)),
            Self::Reload => ("reload", None),
            Self::Shutdown { .. } => ("shutdown", None),
        }
    }
}

/// What the daemon answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "lowercase")]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Box<StatusReport>),
    /// To [`Request::Watch`]: changes follow.
    Watching,
    /// A change.
    Change {
        /// What changed.
        change: ClusterEvent,
    },
    /// The client was too slow; so many changes were lost, and the connection ends.
    Missed {
        /// How many.
        count: u64,
    },
    /// A command was accepted.
    Done {
        /// In words.
        message: String,
    },
    /// A request was refused.
    Refused {
        /// Why, and what to do.
        error: String,
    },
}

/// A device whose last round failed: its service is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The device.
    pub device: String,
    /// Failed rounds since the daemon started.
    pub rounds: u64,
    /// What is wrong with the program, with the source line.
    pub diagnostic: String,
}

/// What one node knows of its cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The node that answers.
    pub node: String,
    /// Its cluster.
    pub cluster: String,
    /// When, in microseconds of its host's monotonic clock.
    pub at_us: u64,
    /// When, in milliseconds since 1970.
    pub wall_ms: u64,
    /// The days that are left of its certificate, if that is less than a third of its time;
    /// negative when it has expired.
    pub certificate_ends_in_days: Option<i64>,
    /// The same for the newest of the authorities that it trusts.
    #[serde(default)]
    pub authority_ends_in_days: Option<i64>,
    /// Errors of the daemon itself that were contained since its start, by kind.
    #[serde(default)]
    pub internal_errors: BTreeMap<String, u64>,
    /// Every node known, ascending.
    pub nodes: Vec<Known>,
    /// Devices of the node that answers whose last round failed.
    #[serde(default)]
    pub failing: Vec<Failing>,
    /// Links, peers and refusals of the node that answers.
    pub transport: TransportStatus,
}
