//! The sending half of a link: for each lane only the newest frame waits.
//!
//! A frame that fits goes as a datagram. A larger one goes on a stream of its own, and resets the
//! stream of its lane that is not finished yet: what it carried is stale.

use super::settings::MAX_FRAME;
use bytes::Bytes;
use quinn::{Connection, SendDatagramError, VarInt};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

/// A sequence of frames of which each makes the former ones stale: one lane for each device of a
/// node, one for its status.
pub type Lane = u32;

/// Stream error code: a newer frame of the lane took its place.
const SUPERSEDED: VarInt = VarInt::from_u32(1);

/// Why a frame was not sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The frame is larger than peers accept.
    #[error("a frame of {0} bytes is larger than the {MAX_FRAME} that peers accept; share less")]
    TooLarge(usize),
    /// There is no link to the peer now.
    #[error("no link to {0}")]
    NoLink(String),
}

/// Frames that wait to be sent on one link.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<BTreeMap<Lane, Bytes>>,
    wake: Notify,
}

impl Outbox {
    /// Puts a frame in its lane; an older one there is dropped.
    pub(super) fn put(&self, lane: Lane, bytes: Bytes) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, bytes);
        self.wake.notify_one();
    }

    fn take(&self) -> BTreeMap<Lane, Bytes> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends until the connection is lost.
    pub(super) async fn run(&self, connection: &Connection) {
        // Dropping the sender of a lane resets its stream.
        let mut unfinished: BTreeMap<Lane, oneshot::Sender<()>> = BTreeMap::new();
        let mut streams = JoinSet::new();
        loop {
            self.wake.notified().await;
            for (lane, bytes) in self.take() {
                unfinished.remove(&lane);
                if as_datagram(connection, &bytes) {
                    continue;
                }
                let (current, superseded) = oneshot::channel();
                unfinished.insert(lane, current);
                streams.spawn(as_stream(connection.clone(), bytes, superseded));
            }
            while streams.try_join_next().is_some() {}
            if connection.close_reason().is_some() {
                return;
            }
        }
    }
}

/// Whether the frame went as a datagram, or cannot go at all.
fn as_datagram(connection: &Connection, bytes: &Bytes) -> bool {
    if connection.max_datagram_size().is_none_or(|max| bytes.len() > max) {
        return false;
    }
    match connection.send_datagram(bytes.clone()) {
        Ok(()) | Err(SendDatagramError::ConnectionLost(_)) => true,
        Err(_) => false,
    }
}

/// Sends one frame on a stream until it is acknowledged, superseded or the link is lost.
async fn as_stream(connection: Connection, bytes: Bytes, mut superseded: oneshot::Receiver<()>) {
    let opened = tokio::select! {
        opened = connection.open_uni() => opened,
        _ = &mut superseded => return,
    };
    let Ok(mut stream) = opened else { return };
    let whole = async {
        if stream.write_all(&bytes).await.is_ok() && stream.finish().is_ok() {
            // Resolves when the peer has everything; an error means that nobody wants it any more.
            let _ = stream.stopped().await;
        }
    };
    tokio::select! {
        () = whole => return,
        _ = &mut superseded => {}
    }
    // Fails only when the stream is over already.
    let _ = stream.reset(SUPERSEDED);
}
