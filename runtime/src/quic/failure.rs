//! What a failed handshake or a lost link means, in the words of an operator.

use super::events::DownReason;
use crate::refusals::Refusal;
use quinn::{ConnectionError, VarInt};

/// Application error codes with which a connection is closed.
pub(super) mod code {
    use quinn::VarInt;

    /// The node ends on purpose, and what it did ends with it.
    pub(in crate::quic) const GOODBYE: VarInt = VarInt::from_u32(0);
    /// The daemon ends, but its services run on and the next daemon will speak for them.
    pub(in crate::quic) const LEAVING: VarInt = VarInt::from_u32(5);
    /// Another link between the two nodes is kept.
    pub(in crate::quic) const DUPLICATE: VarInt = VarInt::from_u32(1);
    /// The peer misbehaved.
    pub(in crate::quic) const QUARANTINE: VarInt = VarInt::from_u32(2);
    /// The peer is not who it should be.
    pub(in crate::quic) const IDENTITY: VarInt = VarInt::from_u32(3);
    /// No room for another link.
    pub(in crate::quic) const FULL: VarInt = VarInt::from_u32(4);
    /// The peer's certificate no longer counts: it was revoked, or its authority was dropped.
    pub(in crate::quic) const REVOKED: VarInt = VarInt::from_u32(6);
    /// Two hosts use the certificate of the peer.
    pub(in crate::quic) const TWIN: VarInt = VarInt::from_u32(7);
    /// The peer was taken out of the configuration.
    pub(in crate::quic) const UNLISTED: VarInt = VarInt::from_u32(8);
    /// An error of this node, not of the peer.
    pub(in crate::quic) const INTERNAL: VarInt = VarInt::from_u32(9);
}

/// TLS alerts lie in this range of transport error codes (RFC 9001 §4.8).
fn alert(code: u64) -> Option<u8> {
    code.checked_sub(0x100).and_then(|alert| u8::try_from(alert).ok())
}

/// Why a handshake did not make a link.
#[derive(Debug)]
pub(super) enum Failure {
    /// We refused the peer.
    Refused(Refusal, String),
    /// The peer refused us.
    RefusedByPeer(String),
    /// There is another link to the peer, which is kept.
    Duplicate,
    /// Nobody answered, or the network failed.
    Unreachable(String),
}

impl Failure {
    pub(super) fn of_handshake(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::TransportError(error) => match alert(u64::from(error.code)) {
                Some(alert) => Self::Refused(refusal(alert), because(alert, &error.reason)),
                // Such as packets that come out of order after one end stood still.
                None => Self::Unreachable(error.to_string()),
            },
            ConnectionError::ConnectionClosed(close) => match alert(u64::from(close.error_code)) {
                Some(alert) => Self::RefusedByPeer(theirs(alert)),
                None => Self::RefusedByPeer(close.to_string()),
            },
            ConnectionError::ApplicationClosed(close) => Self::of_close(close.error_code),
            ConnectionError::TimedOut => Self::Unreachable("no answer".to_owned()),
            other => Self::Unreachable(other.to_string()),
        }
    }

    fn of_close(reason: VarInt) -> Self {
        match reason {
            code::DUPLICATE => Self::Duplicate,
            code::QUARANTINE => {
                Self::RefusedByPeer("it keeps this node in quarantine; see its log".to_owned())
            }
            code::IDENTITY => Self::RefusedByPeer(
                "it expects another node or cluster at this address; see its log".to_owned(),
            ),
            code::FULL => Self::RefusedByPeer("it has too many links".to_owned()),
            code::REVOKED => Self::RefusedByPeer(
                "it no longer accepts our certificate; issue a new one with `fieldrun ca issue`"
                    .to_owned(),
            ),
            code::TWIN => Self::RefusedByPeer(
                "another host uses this node's certificate as well; is one a copy of the other?"
                    .to_owned(),
            ),
            code::UNLISTED => Self::RefusedByPeer("it took us out of its peers".to_owned()),
            code::INTERNAL => Self::Unreachable("it had an internal error".to_owned()),
            _ => Self::Unreachable("it said goodbye".to_owned()),
        }
    }
}

/// Alerts by which we refuse a peer (RFC 8446 §6.2).
fn refusal(alert: u8) -> Refusal {
    match alert {
        42 => Refusal::WrongNode,
        43 | 46 | 48 | 49 | 51 | 116 => Refusal::ForeignCertificate,
        44 => Refusal::RevokedCertificate,
        45 => Refusal::ExpiredCertificate,
        _ => Refusal::Handshake,
    }
}

fn because(alert: u8, reason: &str) -> String {
    let remedy = match refusal(alert) {
        Refusal::WrongNode => "; correct the peer's name in the configuration, or its certificate",
        Refusal::ForeignCertificate => "; issue its certificate with this cluster's authority",
        Refusal::ExpiredCertificate => "; renew it with `fieldrun ca renew`, or set its clock",
        _ => "",
    };
    let what = match refusal(alert) {
        _ if alert == 116 => "it sent no certificate",
        Refusal::WrongNode => "another node answers at this address than the configuration says",
        Refusal::ForeignCertificate => "its certificate is not of this cluster's authority",
        Refusal::ExpiredCertificate => "its certificate is not valid now",
        Refusal::RevokedCertificate => "its certificate was revoked",
        _ => reason,
    };
    format!("{what}{remedy}")
}

/// What a peer's alert says about us.
fn theirs(alert: u8) -> String {
    match refusal(alert) {
        Refusal::ExpiredCertificate => {
            "our certificate is not valid there now; renew it, or set the clocks".to_owned()
        }
        Refusal::ForeignCertificate => {
            "our certificate is not of its cluster; compare `fieldrun ca show` on both".to_owned()
        }
        Refusal::RevokedCertificate => {
            "our certificate was revoked; issue a new one with `fieldrun ca issue`".to_owned()
        }
        Refusal::WrongNode => "our certificate is for another node than it expects".to_owned(),
        _ if alert == 120 => "it speaks another protocol version".to_owned(),
        _ => format!("it refused the handshake (alert {alert})"),
    }
}

/// Why an established link ended.
pub(super) fn down_reason(error: &ConnectionError) -> DownReason {
    match error {
        ConnectionError::Reset => DownReason::Restarted,
        ConnectionError::TimedOut => DownReason::Silent,
        ConnectionError::LocallyClosed => DownReason::Failed("closed by this node".to_owned()),
        ConnectionError::ApplicationClosed(close) => match close.error_code {
            code::GOODBYE => DownReason::Goodbye,
            code::LEAVING => DownReason::Leaving,
            other => DownReason::Failed(match Failure::of_close(other) {
                Failure::RefusedByPeer(reason) => format!("closed by the peer: {reason}"),
                _ => "closed by the peer".to_owned(),
            }),
        },
        ConnectionError::ConnectionClosed(close) => match alert(u64::from(close.error_code)) {
            Some(alert) => DownReason::Failed(format!("closed by the peer: {}", theirs(alert))),
            None => DownReason::Failed(close.to_string()),
        },
        other => DownReason::Failed(other.to_string()),
    }
}
