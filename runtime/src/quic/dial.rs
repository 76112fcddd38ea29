//! Keeping a link to each peer of the configuration.

use super::failure::Failure;
use super::hub::Hub;
use super::link;
use super::settings::HANDSHAKE_TIME;
use crate::identity::Identity;
use crate::tasks;
use crate::tls::UNKNOWN_NODE;
use quinn::Endpoint;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Time that the lower node id has to dial before the higher does.
const LOWER_FIRST: Duration = Duration::from_millis(300);

/// Shortest and longest pause between attempts.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A peer of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddr {
    /// The node name, if it is known before the handshake; then no other node is accepted there.
    pub node: Option<String>,
    /// Host and port, such as `127.0.0.1:7946` or `n1.acme:7946`.
    pub addr: String,
}

/// Dials one configured peer whenever there is no link to it.
#[derive(Clone)]
pub(super) struct Dial {
    pub(super) hub: Arc<Hub>,
    pub(super) index: usize,
    pub(super) peer: PeerAddr,
    pub(super) frame_time: Duration,
    pub(super) seed: u64,
}

impl Dial {
    /// Runs until the transport ends.
    pub(super) async fn run(mut self) {
        let mut stop = self.hub.stop.subscribe();
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.keep_linked() => {}
        }
    }

    async fn keep_linked(&mut self) {
        tasks::trip("dialling", &self.hub.us.node);
        // Learned from the certificate when the configuration does not say it.
        let mut node = self.peer.node.clone();
        let mut failures = 0u32;
        loop {
            if let Some(node) = &node {
                self.wait_for_turn(node).await;
            }
            match self.dial().await {
                Ok(who) => {
                    self.hub.set_peer(self.index, Some(&who.node), "linked");
                    node = Some(who.node);
                    failures = 0;
                }
                Err((who, failure)) => {
                    let duplicate = matches!(failure, Failure::Duplicate);
                    self.note(who.as_ref(), failure);
                    if self.peer.node.is_none() {
                        node = who.map(|who| who.node).or(node);
                    }
                    failures = if duplicate { 1 } else { failures.saturating_add(1) };
                    tokio::time::sleep(pause(self.seed, failures)).await;
                }
            }
        }
    }

    /// Waits while there is a link, while the peer is in quarantine, and if its id is the lower
    /// one, for its own attempt.
    async fn wait_for_turn(&self, node: &str) {
        loop {
            if self.hub.is_linked(node) {
                self.hub.set_peer(self.index, Some(node), "linked");
                self.hub.unlinked(node).await;
                self.hub.set_peer(self.index, Some(node), "link lost, dialling");
            }
            let held = self.hub.quarantine_left(node);
            let wait = if held.0 > 0 {
                self.hub.set_peer(self.index, Some(node), "in quarantine");
                Duration::from_micros(held.0)
            } else if node < self.hub.us.node.as_str() {
                LOWER_FIRST
            } else {
                return;
            };
            tokio::time::sleep(wait).await;
            if held.0 == 0 && !self.hub.is_linked(node) {
                return;
            }
        }
    }

    async fn dial(&self) -> Result<Identity, (Option<Identity>, Failure)> {
        let endpoint = self.hub.socket.endpoint();
        let addr = resolve(&self.peer.addr, &endpoint).await.map_err(|why| (None, why))?;
        let name = self.peer.node.as_deref().unwrap_or(UNKNOWN_NODE);
        let connecting = endpoint
            .connect_with(self.hub.keys().client.clone(), addr, name)
            .map_err(|error| (None, Failure::Unreachable(error.to_string())))?;
        let connection = match tokio::time::timeout(HANDSHAKE_TIME, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err((None, Failure::of_handshake(&error))),
            Err(_) => return Err((None, Failure::Unreachable("no answer".to_owned()))),
        };
        link::dialled(&self.hub, connection, self.frame_time).await
    }

    /// Makes a failed attempt visible.
    fn note(&self, who: Option<&Identity>, failure: Failure) {
        let node = who.map(|who| who.node.as_str());
        let text = match failure {
            Failure::Refused(kind, reason) => {
                let label = node.or(self.peer.node.as_deref()).unwrap_or(&self.peer.addr);
                self.hub.refuse(label, kind, &reason);
                format!("refused by us: {reason}")
            }
            Failure::RefusedByPeer(reason) => format!("refused by the peer: {reason}"),
            Failure::Duplicate => "the peer's own link is kept".to_owned(),
            Failure::Unreachable(reason) => reason,
        };
        self.hub.set_peer(self.index, node, &text);
    }
}

/// The address of a peer, of the family that our socket can reach.
async fn resolve(addr: &str, endpoint: &Endpoint) -> Result<SocketAddr, Failure> {
    let fail = |why: String| Failure::Unreachable(format!("cannot resolve `{addr}`: {why}"));
    let six = endpoint.local_addr().is_ok_and(|local| local.is_ipv6());
    let look_up = tokio::time::timeout(HANDSHAKE_TIME, tokio::net::lookup_host(addr));
    let mut found = match look_up.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(fail(error.to_string())),
        Err(_) => return Err(fail("no answer".to_owned())),
    };
    found
        .find(|addr| six || addr.is_ipv4())
        .ok_or_else(|| fail("no address of the family of this node's socket".to_owned()))
}

/// The pause after a number of failures in a row: doubling, and varied by a quarter up or down, so
/// that nodes that lost each other together do not return together.
fn pause(seed: u64, failures: u32) -> Duration {
    let longest = PAUSE.1.as_micros();
    let base = PAUSE.0.as_micros() << failures.saturating_sub(1).min(16);
    let base = u64::try_from(base.min(longest)).unwrap_or(u64::MAX);
    let part = mix(seed ^ u64::from(failures)) % 512;
    Duration::from_micros(base * 3 / 4 + base * part / 1024)
}

/// SplitMix64's output function: the bits of the result depend on all bits of the input.
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_bounded_and_differ_between_nodes() {
        for seed in 0..100 {
            for failures in 1..40 {
                let wait = pause(seed, failures);
                assert!(wait >= PAUSE.0 * 3 / 4 && wait <= PAUSE.1 * 5 / 4, "{wait:?}");
            }
            assert!(pause(seed, 9) > pause(seed, 1) * 10);
        }
        assert_ne!(pause(1, 3), pause(2, 3));
    }
}
