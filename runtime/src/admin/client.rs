//! The client's end of the socket, for the command line and for scripts in Rust.

use super::{MAX_REPLY, Reply, Request, StatusReport};
use crate::cluster::ClusterEvent;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// The daemon answers within this time.
const ANSWER_TIME: Duration = Duration::from_secs(15);

/// Why a request came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdminError {
    /// Nobody serves the socket.
    #[error("no daemon answers at {}: {source}; is it running, and is this its socket?", path.display())]
    NotRunning {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The daemon refused the request.
    #[error("{0}")]
    Refused(String),
    /// No answer in time.
    #[error("the daemon did not answer within {} s", ANSWER_TIME.as_secs())]
    Silent,
    /// The connection ended.
    #[error("the daemon closed the connection")]
    Closed,
    /// The connection failed.
    #[error("the connection to the daemon failed: {0}")]
    Io(#[from] io::Error),
    /// An answer that is none.
    #[error("the daemon's answer is not understood: {0}; do both have the same version?")]
    Protocol(String),
    /// Changes were lost because they were not read in time.
    #[error("{0} changes were lost because they were not read in time")]
    Missed(u64),
}

/// A connection to a daemon.
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the socket of a daemon.
    ///
    /// # Errors
    /// When nobody serves it.
    pub async fn connect(path: &Path) -> Result<Self, AdminError> {
        match UnixStream::connect(path).await {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream) }),
            Err(source) => Err(AdminError::NotRunning { path: path.to_owned(), source }),
        }
    }

    /// What the daemon knows of its cluster.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&mut self) -> Result<StatusReport, AdminError> {
        match self.ask(&Request::Status).await? {
            Reply::Status(report) => Ok(*report),
            other => Err(unexpected(&other)),
        }
    }

    /// Gives a command; returns what the daemon says to it.
    ///
    /// # Errors
    /// When it refuses or does not answer.
    pub async fn command(&mut self, request: &Request) -> Result<String, AdminError> {
        match self.ask(request).await? {
            Reply::Done { message } => Ok(message),
            other => Err(unexpected(&other)),
        }
    }

    /// Follows every change in the cluster from now on.
    ///
    /// # Errors
    /// When the daemon does not answer.
    pub async fn watch(mut self) -> Result<Watch, AdminError> {
        match self.ask(&Request::Watch).await? {
            Reply::Watching => Ok(Watch { client: self }),
            other => Err(unexpected(&other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Reply, AdminError> {
        let mut line =
            serde_json::to_vec(request).map_err(|error| AdminError::Protocol(error.to_string()))?;
        line.push(b'\n');
        let exchange = async {
            // A daemon that turns clients away says so before it reads, and closes.
            let written = self.stream.write_all(&line).await;
            match (self.next().await, written) {
                (Err(_), Err(error)) => Err(error.into()),
                (reply, _) => reply,
            }
        };
        match tokio::time::timeout(ANSWER_TIME, exchange).await {
            Ok(Ok(Reply::Refused { error })) => Err(AdminError::Refused(error)),
            Ok(reply) => reply,
            Err(_) => Err(AdminError::Silent),
        }
    }

    async fn next(&mut self) -> Result<Reply, AdminError> {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_REPLY).unwrap_or(u64::MAX);
        let mut limited = (&mut self.stream).take(limit);
        limited.read_until(b'\n', &mut line).await?;
        if line.last() != Some(&b'\n') {
            return Err(AdminError::Closed);
        }
        serde_json::from_slice(&line).map_err(|error| AdminError::Protocol(error.to_string()))
    }
}

fn unexpected(reply: &Reply) -> AdminError {
    let text = format!("{reply:?}");
    AdminError::Protocol(text.chars().take(200).collect())
}

/// A stream of changes.
pub struct Watch {
    client: Client,
}

impl Watch {
    /// The next change.
    ///
    /// # Errors
    /// When the daemon ends, or changes were lost.
    pub async fn next(&mut self) -> Result<ClusterEvent, AdminError> {
        match self.client.next().await? {
            Reply::Change { change } => Ok(change),
            Reply::Missed { count } => Err(AdminError::Missed(count)),
            other => Err(unexpected(&other)),
        }
    }
}
