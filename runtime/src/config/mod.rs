//! What `node.toml` says: the node, its rounds, its peers and the services that it manages.
//!
//! ```toml
//! [rounds]
//! every = "200ms"                # the period of a device
//! stale_after = 10               # periods after which a silent neighbour is retired
//!
//! [node]
//! name = "n5"                    # must be the name in the certificate
//! cluster = "acme"               # likewise; optional
//! listen = "127.0.0.1:7946"      # UDP
//! peers = ["127.0.0.1:7947", { node = "n2", addr = "127.0.0.1:7948" }]
//! tls = { ca = "ca.pem", cert = "n5.pem", key = "n5.key", revoked = "revoked.pem" }
//! state_dir = "state/n5"         # default: state/NAME
//! socket = "n5.sock"             # default: fieldrun.sock in state_dir
//! position = [3.0, 4.0]          # optional, for programs that use space
//!
//! [env]                          # further values for `env.get`
//! building = "west"
//!
//! [admin]                        # who besides the daemon's own user and root
//! readers = ["group:ops-read"]   # may ask
//! operators = ["group:ops"]      # may ask and command
//!
//! [[service]]                    # any number; see `fieldrun_glue::ServiceSpec`
//! id = "b2b-catalog"
//! exec = ["/opt/b2b/bin/run"]
//! dependencies = ["supplies-db"]
//!
//! [[service.dep]]                # the same as an entry of `dependencies`
//! on = "smtp"
//! kind = "hard"
//! ```
//!
//! Relative paths start at the file's folder. All problems of a file are reported in one run.

mod collect;
mod problems;
mod raw;

pub use problems::{Problem, Problems};

use crate::admin::Access;
use crate::files::{self, FileError};
use crate::quic::PeerAddr;
pub use crate::tls::TlsPaths;
use fieldrun_device::host::Reading;
use fieldrun_glue::ServiceSpec;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Largest configuration file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Most services of one node.
pub const MAX_SERVICES: usize = 64;

/// Most peers of one node.
pub const MAX_PEERS: usize = 128;

/// A node's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeConfig {
    /// The file it was read from.
    pub path: PathBuf,
    /// The time between two rounds of a device.
    pub period: Duration,
    /// A neighbour that was silent for so many of its own periods is retired.
    pub stale_after: f64,
    /// The node's name.
    pub name: String,
    /// The cluster, if the file names it.
    pub cluster: Option<String>,
    /// The UDP address of QUIC.
    pub listen: SocketAddr,
    /// Peers to keep linked.
    pub peers: Vec<PeerAddr>,
    /// Certificates and key.
    pub tls: TlsPaths,
    /// Folder of what must survive a restart.
    pub state_dir: PathBuf,
    /// Unix socket for status and commands.
    pub socket: PathBuf,
    /// Where the node is, in the units of the program.
    pub position: Option<Vec<f64>>,
    /// Who may use the socket besides the daemon's own user and root.
    pub admin: Access,
    /// Values for programs, ascending by name.
    pub env: Vec<(String, Reading)>,
    /// Managed services, in the order of the file.
    pub services: Vec<ServiceSpec>,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not text.
    #[error("{} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
    /// The file has problems.
    #[error(transparent)]
    Problems(#[from] Problems),
}

/// The default of `stale_after` for a period: ten periods, and no less than five seconds, the time
/// in which a killed daemon is back without its neighbours having drawn conclusions.
pub fn default_stale_after(period: Duration) -> f64 {
    (5.0 / period.as_secs_f64().max(1e-3)).max(10.0)
}

/// Reads and checks a configuration file.
///
/// # Errors
/// When the file cannot be read, or with all its problems.
pub fn load(path: &Path) -> Result<NodeConfig, ConfigError> {
    let bytes = files::read_limited(path, MAX_FILE)?;
    let text = String::from_utf8(bytes).map_err(|_| ConfigError::NotText(path.to_owned()))?;
    Ok(parse(path, &text)?)
}

/// Checks the text of a configuration file that lies (or would lie) at `path`.
///
/// # Errors
/// All problems of the text.
pub fn parse(path: &Path, text: &str) -> Result<NodeConfig, Problems> {
    raw::parse(path, text).map_err(|problems| Problems { path: path.to_owned(), problems })
}

#[cfg(test)]
mod tests;
