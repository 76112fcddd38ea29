//! What links tell the node: a bounded queue in which the newest wins.
//!
//! A node that is too slow loses the oldest frames of the peer that sent most, never the news that
//! a link came or went. At most two such news of one peer wait: a link that comes and goes before
//! anybody looked was never there.

use crate::identity::Identity;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Frames of one peer that wait at most: a few rounds of a node with many devices.
const MAX_FRAMES: usize = 64;

/// Bytes of one peer's frames that wait at most.
const MAX_BYTES: usize = 2 << 20;

/// Something that happened to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A link is there. Sent again when the link was replaced by a newer one of the same peer.
    Up {
        /// Who the peer is, as its certificate says.
        who: Arc<Identity>,
        /// Where it is.
        addr: SocketAddr,
    },
    /// The link is gone.
    Down {
        /// The peer's node name.
        peer: Arc<str>,
        /// Why.
        reason: DownReason,
    },
    /// A frame arrived, of at most [`MAX_FRAME`](super::MAX_FRAME) bytes.
    Frame {
        /// The peer's node name.
        peer: Arc<str>,
        /// What it sent.
        bytes: Bytes,
    },
}

impl LinkEvent {
    fn peer(&self) -> &str {
        match self {
            Self::Up { who, .. } => &who.node,
            Self::Down { peer, .. } | Self::Frame { peer, .. } => peer,
        }
    }
}

/// Why a link is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownReason {
    /// The peer said goodbye: it ends on purpose, and for good.
    Goodbye,
    /// The peer's daemon ends, but its services run on.
    Leaving,
    /// The peer restarted and no longer knows the link.
    Restarted,
    /// Nothing was heard for the idle time.
    Silent,
    /// We closed it, because the peer misbehaved.
    Quarantined,
    /// We closed it, because its certificate no longer counts.
    Revoked,
    /// Anything else, in words.
    Failed(String),
}

impl std::fmt::Display for DownReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Goodbye => "the peer said goodbye",
            Self::Leaving => "the peer's daemon ends, its services run on",
            Self::Restarted => "the peer restarted",
            Self::Silent => "nothing heard for the idle time",
            Self::Quarantined => "the peer is in quarantine",
            Self::Revoked => "the peer's certificate no longer counts",
            Self::Failed(reason) => reason,
        })
    }
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<LinkEvent>,
    /// Frames and bytes that wait, by peer.
    load: BTreeMap<Arc<str>, (usize, usize)>,
    closed: bool,
}

impl Waiting {
    /// Adds an event; returns how many old frames had to go for it.
    fn push(&mut self, event: LinkEvent) -> usize {
        match &event {
            LinkEvent::Frame { peer, bytes } => {
                let (peer, len) = (peer.clone(), bytes.len());
                let load = self.load.entry(peer.clone()).or_default();
                *load = (load.0 + 1, load.1 + len);
                self.events.push_back(event);
                return self.shed(&peer);
            }
            LinkEvent::Down { peer, .. } => {
                let peer = peer.clone();
                self.drop_frames(&peer);
                let unseen =
                    |e: &LinkEvent| matches!(e, LinkEvent::Up { .. }) && e.peer() == &*peer;
                if let Some(at) = self.events.iter().position(unseen) {
                    self.events.remove(at);
                    return 0;
                }
            }
            LinkEvent::Up { who, .. } => {
                let unseen =
                    |e: &LinkEvent| matches!(e, LinkEvent::Up { .. }) && e.peer() == who.node;
                self.events.retain(|e| !unseen(e));
            }
        }
        self.events.push_back(event);
        0
    }

    /// Drops the oldest frames of a peer until it is within its bounds again.
    fn shed(&mut self, peer: &Arc<str>) -> usize {
        let mut dropped = 0;
        while self.load.get(peer).is_some_and(|load| load.0 > MAX_FRAMES || load.1 > MAX_BYTES) {
            let oldest = |e: &LinkEvent| matches!(e, LinkEvent::Frame { peer: p, .. } if p == peer);
            let Some(at) = self.events.iter().position(oldest) else { break };
            if let Some(event) = self.events.remove(at) {
                self.unload(&event);
            }
            dropped += 1;
        }
        dropped
    }

    fn drop_frames(&mut self, peer: &Arc<str>) {
        self.events.retain(|e| !matches!(e, LinkEvent::Frame { peer: p, .. } if p == peer));
        self.load.remove(peer);
    }

    fn pop(&mut self) -> Option<LinkEvent> {
        let event = self.events.pop_front()?;
        self.unload(&event);
        Some(event)
    }

    fn unload(&mut self, event: &LinkEvent) {
        let LinkEvent::Frame { peer, bytes } = event else { return };
        if let Some(load) = self.load.get_mut(peer) {
            *load = (load.0.saturating_sub(1), load.1.saturating_sub(bytes.len()));
            if load.0 == 0 {
                self.load.remove(peer);
            }
        }
    }
}

/// The queue between links and the node.
#[derive(Default)]
pub(super) struct EventQueue {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

impl EventQueue {
    /// Adds an event and returns how many older frames it displaced.
    pub(super) fn push(&self, event: LinkEvent) -> usize {
        let dropped = self.lock().push(event);
        self.wake.notify_one();
        dropped
    }

    /// No more events will come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// The next event; `None` after the end. Safe to cancel.
    pub(super) async fn next(&self) -> Option<LinkEvent> {
        loop {
            {
                let mut waiting = self.lock();
                if let Some(event) = waiting.pop() {
                    return Some(event);
                }
                if waiting.closed {
                    return None;
                }
            }
            self.wake.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves the queue usable: every change of it is complete.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(peer: &str, byte: u8, len: usize) -> LinkEvent {
        LinkEvent::Frame { peer: peer.into(), bytes: vec![byte; len].into() }
    }

    fn up(node: &str) -> LinkEvent {
        let who = Identity { cluster: "c".into(), node: node.into(), services: vec![] };
        LinkEvent::Up { who: Arc::new(who), addr: ([127, 0, 0, 1], 1).into() }
    }

    fn down(peer: &str) -> LinkEvent {
        LinkEvent::Down { peer: peer.into(), reason: DownReason::Silent }
    }

    #[test]
    fn a_flood_of_one_peer_costs_only_its_own_oldest_frames() {
        let mut waiting = Waiting::default();
        waiting.push(up("a"));
        waiting.push(frame("quiet", 7, 10));
        let dropped: usize = (0..100).map(|i| waiting.push(frame("loud", i, 10))).sum();
        assert_eq!(dropped, 100 - MAX_FRAMES);
        assert_eq!(waiting.pop(), Some(up("a")));
        assert_eq!(waiting.pop(), Some(frame("quiet", 7, 10)));
        assert_eq!(waiting.pop(), Some(frame("loud", 36, 10)), "the newest 64 are kept");
    }

    #[test]
    fn large_frames_are_bounded_by_bytes() {
        let mut waiting = Waiting::default();
        for i in 0..20 {
            waiting.push(frame("loud", i, 1 << 20));
        }
        assert_eq!(waiting.events.len(), 2);
        while waiting.pop().is_some() {}
        assert!(waiting.load.is_empty());
    }

    #[test]
    fn news_of_a_link_are_bounded_and_end_right() {
        let mut waiting = Waiting::default();
        waiting.push(up("a"));
        assert_eq!(waiting.pop(), Some(up("a")));
        for _ in 0..50 {
            waiting.push(frame("a", 1, 1));
            waiting.push(down("a"));
            waiting.push(up("a"));
        }
        assert_eq!(waiting.events.len(), 2);
        assert_eq!(waiting.pop(), Some(down("a")));
        assert_eq!(waiting.pop(), Some(up("a")));
        assert_eq!(waiting.pop(), None);
    }
}
