//! The links of a node: who is linked, which of two links stays, who is in quarantine.

use super::conduct::{Conduct, STRIKES};
use super::events::{DownReason, EventQueue, LinkEvent};
use super::failure::{Failure, code};
use super::keys::Keys;
use super::outbox::{Lane, Outbox, SendError};
use super::settings::{MAX_FRAME, MAX_LINKS};
use super::socket::Socket;
use super::status::{LinkStatus, PeerStatus, TransportStatus};
use crate::clock::now_micros;
use crate::identity::Identity;
use crate::refusals::{Refusal, Refusals};
use bytes::Bytes;
use fieldrun_device::Micros;
use quinn::Connection;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::watch;

/// Which end opened a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialler {
    /// This node.
    Us,
    /// The peer.
    Them,
}

/// What becomes of a new link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// It is taken; an older one of the same peer gives way.
    Take,
    /// The older one stays.
    Refuse,
}

/// Both ends must decide alike without talking: of two links that the two ends opened, the one that
/// the lower node id opened stays. Of two that the peer opened, the newer: the peer has lost the
/// older. Of two that we opened (two addresses of one peer), the older.
fn admit(old: Option<Dialler>, new: Dialler, us: &str, peer: &str) -> Admission {
    let lower = if us < peer { Dialler::Us } else { Dialler::Them };
    match (old, new) {
        (None, _) | (Some(Dialler::Them), Dialler::Them) => Admission::Take,
        (Some(Dialler::Us), Dialler::Us) => Admission::Refuse,
        (Some(_), new) if new == lower => Admission::Take,
        (Some(_), _) => Admission::Refuse,
    }
}

struct Link {
    connection: Connection,
    who: Arc<Identity>,
    dialler: Dialler,
    outbox: Arc<Outbox>,
    since: Micros,
    /// Its certificate no longer counts.
    revoked: bool,
}

#[derive(Default)]
struct State {
    links: BTreeMap<String, Link>,
    conduct: BTreeMap<String, Conduct>,
    refusals: Refusals,
    /// Each with the number of its dialling.
    peers: Vec<(usize, PeerStatus)>,
}

impl State {
    /// How long a node stays in quarantine.
    fn held(&self, node: &str, now: Micros) -> Micros {
        self.conduct.get(node).map_or(Micros(0), |conduct| conduct.held(now))
    }
}

/// What all tasks of a transport share.
pub(super) struct Hub {
    pub(super) us: Identity,
    pub(super) events: EventQueue,
    pub(super) socket: Socket,
    keys: RwLock<Arc<Keys>>,
    quarantine: Micros,
    state: Mutex<State>,
    /// Counts changes of links, for those who wait for one.
    changes: watch::Sender<u64>,
    /// Becomes true when the transport ends.
    pub(super) stop: watch::Sender<bool>,
}

impl Hub {
    pub(super) fn new(us: Identity, quarantine: Micros, socket: Socket, keys: Keys) -> Self {
        Self {
            us,
            events: EventQueue::default(),
            socket,
            keys: RwLock::new(Arc::new(keys)),
            quarantine,
            state: Mutex::new(State::default()),
            changes: watch::Sender::new(0),
            stop: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state usable: every change of it is complete.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What links are made with now.
    pub(super) fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes links with other credentials from now on, and cuts those whose peer these no longer
    /// vouch for; says whose.
    pub(super) fn renew(&self, keys: Keys) -> Vec<(String, String)> {
        let keys = Arc::new(keys);
        self.socket.endpoint().set_server_config(Some(keys.server.clone()));
        // Before the links are looked at: one that comes in between is checked by `link`.
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.clone();
        let mut cut = Vec::new();
        let mut state = self.lock();
        for (node, link) in &mut state.links {
            if let Err(Failure::Refused(_, reason)) = keys.vouch_for(&link.connection) {
                link.revoked = true;
                link.connection.close(code::REVOKED, b"certificate no longer accepted");
                cut.push((node.clone(), reason));
            }
        }
        cut
    }

    /// Checks who the peer says it is, and takes the link unless another one is kept.
    pub(super) fn link(
        &self,
        connection: &Connection,
        who: Identity,
        dialler: Dialler,
    ) -> Result<(Arc<str>, Arc<Outbox>), Failure> {
        let now = now_micros();
        self.check_peer(&who)?;
        let who = Arc::new(who);
        let mut state = self.lock();
        if let Err(failure) = self.keys().vouch_for(connection) {
            connection.close(code::REVOKED, b"certificate no longer accepted");
            return Err(failure);
        }
        if state.held(&who.node, now).0 > 0 {
            connection.close(code::QUARANTINE, b"quarantine");
            let reason = "it sent too many bad frames and is in quarantine".to_owned();
            return Err(Failure::Refused(Refusal::Quarantined, reason));
        }
        let old = state.links.get(&who.node);
        if old.is_none() && state.links.len() >= MAX_LINKS {
            connection.close(code::FULL, b"too many links");
            let reason = format!("this node has {MAX_LINKS} links already");
            return Err(Failure::Refused(Refusal::TooManyLinks, reason));
        }
        if admit(old.map(|link| link.dialler), dialler, &self.us.node, &who.node)
            == Admission::Refuse
        {
            connection.close(code::DUPLICATE, b"duplicate link");
            return Err(Failure::Duplicate);
        }
        if let Some(twin) = self.check_twin(now, &mut state, &who, connection) {
            return Err(twin);
        }
        let outbox = Arc::new(Outbox::default());
        let link = Link {
            connection: connection.clone(),
            who: who.clone(),
            dialler,
            outbox: outbox.clone(),
            since: now,
            revoked: false,
        };
        if let Some(old) = state.links.insert(who.node.clone(), link) {
            old.connection.close(code::DUPLICATE, b"duplicate link");
        }
        // Under the lock, so that news of one peer keep their order.
        self.events.push(LinkEvent::Up { who: who.clone(), addr: connection.remote_address() });
        drop(state);
        self.changed();
        Ok((Arc::from(who.node.as_str()), outbox))
    }

    /// Two hosts that use one certificate would take the link from each other without end. Neither
    /// has one for a while then, as neither of two nodes with one device counts.
    fn check_twin(
        &self,
        now: Micros,
        state: &mut State,
        who: &Identity,
        new: &Connection,
    ) -> Option<Failure> {
        let old = state.links.get(&who.node).map(|link| link.connection.clone())?;
        let (here, there) = (new.remote_address(), old.remote_address());
        let conduct = state.conduct.entry(who.node.clone()).or_default();
        if old.close_reason().is_some() || !conduct.is_twin(now, there, here) {
            return None;
        }
        conduct.hold(now, self.quarantine);
        for connection in [&old, new] {
            connection.close(code::TWIN, b"two hosts use this certificate");
        }
        let reason = format!(
            "two hosts use the certificate of `{}`, at {there} and at {here}: is one a copy of the \
             other? stop one and issue it a certificate of its own; neither is linked until then",
            who.node
        );
        Some(Failure::Refused(Refusal::Twin, reason))
    }

    /// A peer is of our cluster, and not named as we are.
    pub(super) fn check_peer(&self, who: &Identity) -> Result<(), Failure> {
        let reason = if who.cluster != self.us.cluster {
            format!("it belongs to cluster `{}`, this node to `{}`", who.cluster, self.us.cluster)
        } else if who.node == self.us.node {
            format!("it is named `{}` as this node is; names must differ", who.node)
        } else {
            return Ok(());
        };
        Err(Failure::Refused(Refusal::WrongNode, reason))
    }

    /// Takes note that a connection ended.
    pub(super) fn unlink(&self, peer: &Arc<str>, connection: &Connection, reason: DownReason) {
        let mut state = self.lock();
        let current = state.links.get(&**peer).map(|link| link.connection.stable_id());
        if current != Some(connection.stable_id()) {
            return;
        }
        let revoked = state.links.remove(&**peer).is_some_and(|link| link.revoked);
        let reason = if revoked {
            DownReason::Revoked
        } else if state.held(peer, now_micros()).0 > 0 {
            DownReason::Quarantined
        } else {
            reason
        };
        tracing::info!(peer = &**peer, %reason, "link down");
        self.events.push(LinkEvent::Down { peer: peer.clone(), reason });
        drop(state);
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn is_linked(&self, node: &str) -> bool {
        self.lock().links.contains_key(node)
    }

    /// Waits until there is no link to the node.
    pub(super) async fn unlinked(&self, node: &str) {
        let mut changes = self.changes.subscribe();
        while self.is_linked(node) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// How long the node stays in quarantine.
    pub(super) fn quarantine_left(&self, node: &str) -> Micros {
        self.lock().held(node, now_micros())
    }

    /// A frame arrived.
    pub(super) fn frame(&self, peer: &Arc<str>, bytes: Bytes) {
        let dropped = self.events.push(LinkEvent::Frame { peer: peer.clone(), bytes });
        if dropped > 0 {
            self.refuse(peer, Refusal::Overrun, "frames came faster than this node takes them");
        }
    }

    /// Counts a refusal and logs it if it is time to.
    pub(super) fn refuse(&self, peer: &str, kind: Refusal, reason: &str) {
        let line = self.lock().refusals.count(now_micros(), peer, kind, reason);
        if let Some(line) = line {
            tracing::warn!("{line}");
        }
    }

    /// Counts a bad frame; a peer that sends many goes into quarantine.
    pub(super) fn strike(&self, peer: &str, kind: Refusal, reason: &str) {
        self.refuse(peer, kind, reason);
        let now = now_micros();
        let mut state = self.lock();
        let conduct = state.conduct.entry(peer.to_owned()).or_default();
        if !conduct.strike(now) {
            return;
        }
        conduct.hold(now, self.quarantine);
        let seconds = self.quarantine.seconds();
        tracing::warn!(peer, seconds, "quarantine: {STRIKES} bad frames within a minute");
        if let Some(link) = state.links.get(peer) {
            link.connection.close(code::QUARANTINE, b"too many bad frames");
        }
    }

    pub(super) fn send(&self, peer: &str, lane: Lane, bytes: Bytes) -> Result<(), SendError> {
        check_size(&bytes)?;
        match self.lock().links.get(peer) {
            Some(link) => link.outbox.put(lane, bytes),
            None => return Err(SendError::NoLink(peer.to_owned())),
        }
        Ok(())
    }

    pub(super) fn broadcast(&self, lane: Lane, bytes: &Bytes) -> Result<(), SendError> {
        check_size(bytes)?;
        for link in self.lock().links.values() {
            link.outbox.put(lane, bytes.clone());
        }
        Ok(())
    }

    /// Puts the configured peers in order: those that are known stay as they are, the others are
    /// taken out or begin. Links that we dialled to a peer that is taken out are closed.
    pub(super) fn list_peers(&self, peers: Vec<(usize, PeerStatus)>) {
        let mut state = self.lock();
        let mut old = std::mem::take(&mut state.peers);
        for (number, fresh) in peers {
            let known = old.iter().position(|(other, _)| *other == number);
            let peer = known.map_or(fresh, |at| old.swap_remove(at).1);
            state.peers.push((number, peer));
        }
        for node in old.into_iter().filter_map(|(_, peer)| peer.node) {
            let listed = state.peers.iter().any(|(_, peer)| peer.node.as_ref() == Some(&node));
            let link = state.links.get(&node).filter(|link| link.dialler == Dialler::Us);
            if let (false, Some(link)) = (listed, link) {
                link.connection.close(code::UNLISTED, b"no configured peer any more");
            }
        }
    }

    /// Notes what a configured peer's dialling came to; logs a change.
    pub(super) fn set_peer(&self, number: usize, node: Option<&str>, text: &str) {
        let mut state = self.lock();
        let found = state.peers.iter_mut().find(|(other, _)| *other == number);
        let Some((_, peer)) = found else { return };
        if let Some(node) = node {
            peer.node = Some(node.to_owned());
        }
        if peer.state != text {
            text.clone_into(&mut peer.state);
            tracing::info!(addr = peer.addr, node = peer.node, "peer: {text}");
        }
    }

    /// Whether there is a link to every configured peer.
    pub(super) fn all_peers_linked(&self) -> bool {
        let state = self.lock();
        let linked = |node: &String| state.links.contains_key(node);
        state.peers.iter().all(|(_, peer)| peer.node.as_ref().is_some_and(linked))
    }

    pub(super) fn refused_total(&self) -> u64 {
        self.lock().refusals.total()
    }

    pub(super) fn status(&self) -> TransportStatus {
        let state = self.lock();
        let links = state.links.values().map(|link| {
            let stats = link.connection.stats();
            LinkStatus {
                node: link.who.node.clone(),
                addr: link.connection.remote_address(),
                services: link.who.services.clone(),
                since: link.since.0,
                round_trip: u64::try_from(link.connection.rtt().as_micros()).unwrap_or(u64::MAX),
                sent: stats.udp_tx.into(),
                received: stats.udp_rx.into(),
            }
        });
        TransportStatus {
            links: links.collect(),
            peers: state.peers.iter().map(|(_, peer)| peer.clone()).collect(),
            refusals: state.refusals.peers(),
        }
    }
}

fn check_size(bytes: &Bytes) -> Result<(), SendError> {
    if bytes.len() > MAX_FRAME { Err(SendError::TooLarge(bytes.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ends dial at once; the two connections reach the two ends in any order. Whatever the
    /// order, both ends keep the one that the lower id opened.
    #[test]
    fn both_ends_keep_the_link_of_the_lower_id() {
        let keep = |order: [Dialler; 2], us: &str, peer: &str| {
            let first = order[0];
            let second = order[1];
            match admit(Some(first), second, us, peer) {
                Admission::Take => second,
                Admission::Refuse => first,
            }
        };
        for order in [[Dialler::Us, Dialler::Them], [Dialler::Them, Dialler::Us]] {
            assert_eq!(keep(order, "a", "b"), Dialler::Us);
            assert_eq!(keep(order, "b", "a"), Dialler::Them);
        }
    }

    #[test]
    fn a_peer_that_dials_anew_has_lost_its_older_link() {
        assert_eq!(admit(Some(Dialler::Them), Dialler::Them, "a", "b"), Admission::Take);
        assert_eq!(admit(Some(Dialler::Us), Dialler::Us, "a", "b"), Admission::Refuse);
        assert_eq!(admit(None, Dialler::Them, "a", "b"), Admission::Take);
    }
}
