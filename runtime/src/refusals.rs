//! What was not accepted from peers: counted by peer and kind, and said once per peer and minute.
//!
//! Pure: the time is a parameter. Peers are bounded; those beyond the bound share one entry.

use fieldrun_device::Micros;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Peers that are told apart; a stranger's address is a peer here.
const MAX_PEERS: usize = 256;

/// The entry of peers beyond the bound.
const OTHERS: &str = "others";

/// A peer is spoken of at most once in this time.
const SAY_EVERY: Micros = Micros(60_000_000);

/// Longest reason kept, in bytes.
const MAX_REASON: usize = 300;

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    /// No certificate, or one that this cluster's authority did not issue.
    ForeignCertificate,
    /// A certificate before or after its time.
    ExpiredCertificate,
    /// A certificate that the authority has taken back.
    RevokedCertificate,
    /// A valid certificate for another node than expected there.
    WrongNode,
    /// A handshake that failed otherwise.
    Handshake,
    /// More handshakes of one address than it may begin.
    TooManyHandshakes,
    /// One of two hosts that use the same certificate.
    Twin,
    /// A connection while the peer is in quarantine.
    Quarantined,
    /// A connection beyond the limit of links.
    TooManyLinks,
    /// A frame larger than allowed.
    Oversized,
    /// A frame beyond the rate of frames or bytes that a peer may send.
    TooFast,
    /// A frame that does not decode.
    Garbage,
    /// A frame of a device that the peer's certificate does not name.
    ForeignDevice,
    /// A device that two nodes claim.
    DuplicateDevice,
    /// A client of the socket that may not do what it asked for.
    NoRole,
    /// A frame dropped because the receiver could not keep up.
    Overrun,
}

impl Refusal {
    /// The name in messages and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::ForeignCertificate => "foreign-certificate",
            Self::ExpiredCertificate => "expired-certificate",
            Self::RevokedCertificate => "revoked-certificate",
            Self::WrongNode => "wrong-node",
            Self::Handshake => "handshake",
            Self::TooManyHandshakes => "too-many-handshakes",
            Self::Twin => "twin",
            Self::Quarantined => "quarantined",
            Self::TooManyLinks => "too-many-links",
            Self::Oversized => "oversized",
            Self::TooFast => "too-fast",
            Self::Garbage => "garbage",
            Self::ForeignDevice => "foreign-device",
            Self::DuplicateDevice => "duplicate-device",
            Self::NoRole => "no-role",
            Self::Overrun => "overrun",
        }
    }
}

/// What was refused from one peer since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerRefusals {
    /// How often, by kind.
    pub counts: BTreeMap<Refusal, u64>,
    /// Why, the last time.
    pub last: String,
}

#[derive(Debug, Default)]
struct Entry {
    refusals: PeerRefusals,
    said: Option<Micros>,
    unsaid: u64,
}

/// All refusals of a node.
#[derive(Debug, Default)]
pub struct Refusals {
    peers: BTreeMap<String, Entry>,
}

impl Refusals {
    /// Counts one refusal. Returns the line to log, if it is time to say something about this peer.
    pub fn count(
        &mut self,
        now: Micros,
        peer: &str,
        kind: Refusal,
        reason: &str,
    ) -> Option<String> {
        let known = self.peers.contains_key(peer) || self.peers.len() < MAX_PEERS;
        let peer = if known { peer } else { OTHERS };
        let entry = self.peers.entry(peer.to_owned()).or_default();
        *entry.refusals.counts.entry(kind).or_default() += 1;
        let end = reason.floor_char_boundary(MAX_REASON);
        entry.refusals.last = reason.get(..end).unwrap_or_default().to_owned();
        entry.unsaid += 1;
        if entry.said.is_some_and(|said| now.since(said) < SAY_EVERY) {
            return None;
        }
        entry.said = Some(now);
        let times = std::mem::take(&mut entry.unsaid);
        let name = kind.name();
        let more =
            if times > 1 { format!(" ({times} refusals since last said)") } else { String::new() };
        Some(format!("refused from {peer}: {name}: {}{more}", entry.refusals.last))
    }

    /// How much was refused over all peers and kinds.
    pub fn total(&self) -> u64 {
        self.peers.values().flat_map(|entry| entry.refusals.counts.values()).sum()
    }

    /// The counts of each peer, ascending by name.
    pub fn peers(&self) -> BTreeMap<String, PeerRefusals> {
        self.peers.iter().map(|(peer, entry)| (peer.clone(), entry.refusals.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_spoken_of_once_a_minute_and_counted_always() {
        let mut refusals = Refusals::default();
        let mut say = |second: u64, peer: &str| {
            refusals.count(Micros(second * 1_000_000), peer, Refusal::Garbage, "bad byte")
        };
        assert!(say(0, "n1").unwrap().contains("n1: garbage: bad byte"));
        assert_eq!(say(1, "n1"), None);
        assert!(say(1, "n2").is_some(), "another peer has its own minute");
        assert_eq!(say(59, "n1"), None);
        assert!(say(60, "n1").unwrap().contains("3 refusals"));
        assert_eq!(refusals.peers()["n1"].counts[&Refusal::Garbage], 4);
    }

    #[test]
    fn strangers_cannot_grow_the_table() {
        let mut refusals = Refusals::default();
        for i in 0..1000 {
            refusals.count(
                Micros(0),
                &format!("stranger {i}"),
                Refusal::Handshake,
                &"x".repeat(999),
            );
        }
        let peers = refusals.peers();
        assert_eq!(peers.len(), MAX_PEERS + 1);
        assert_eq!(peers[OTHERS].counts[&Refusal::Handshake], 1000 - MAX_PEERS as u64);
        assert!(peers[OTHERS].last.len() <= MAX_REASON);
    }
}
