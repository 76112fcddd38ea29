//! How a peer behaves: bad frames, quarantine, and whether it is one host or two.
//!
//! Pure: the time is a parameter.

use fieldrun_device::Micros;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Bad frames of a peer within [`STRIKE_TIME`] that put it in quarantine.
pub(super) const STRIKES: usize = 16;

/// A bad frame is forgotten after this time.
const STRIKE_TIME: Micros = Micros(60_000_000);

/// A node that comes back to an address that it had left within this time is two nodes.
const TWIN_TIME: Micros = Micros(60_000_000);

/// Addresses of a node's links that are remembered for that.
const MAX_PLACES: usize = 8;

/// What is held against a peer.
#[derive(Default)]
pub(super) struct Conduct {
    strikes: VecDeque<Micros>,
    quarantined_until: Option<Micros>,
    /// Where its links that were replaced by others came from, and when that was.
    left: VecDeque<(Micros, SocketAddr)>,
}

impl Conduct {
    /// Takes note of a bad frame; says whether it was one too many.
    pub(super) fn strike(&mut self, now: Micros) -> bool {
        self.strikes.push_back(now);
        self.strikes.retain(|at| now.since(*at) < STRIKE_TIME);
        self.strikes.len() >= STRIKES
    }

    /// Keeps the peer out for a time; what led to it is forgotten.
    pub(super) fn hold(&mut self, now: Micros, time: Micros) {
        self.strikes.clear();
        self.left.clear();
        self.quarantined_until = Some(Micros(now.0.saturating_add(time.0)));
    }

    /// How long it is still kept out.
    pub(super) fn held(&self, now: Micros) -> Micros {
        self.quarantined_until.map_or(Micros(0), |until| until.since(now))
    }

    /// Whether the peer, linked from `old`, is another host than the one at `new`: a node that moves
    /// does not come back where it was while its link there lives.
    pub(super) fn is_twin(&mut self, now: Micros, old: SocketAddr, new: SocketAddr) -> bool {
        self.left.retain(|(at, _)| now.since(*at) < TWIN_TIME);
        if old == new {
            return false;
        }
        let twin = self.left.iter().any(|(_, place)| *place == new);
        if self.left.len() >= MAX_PLACES {
            self.left.pop_front();
        }
        self.left.push_back((now, old));
        twin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bad_frames_within_a_minute_are_too_many() {
        let second = |n: u64| Micros(n * 1_000_000);
        let mut conduct = Conduct::default();
        assert!((0..15).all(|n| !conduct.strike(second(n))));
        assert!(conduct.strike(second(16)));
        conduct.hold(second(16), second(30));
        assert_eq!(conduct.held(second(20)), second(26));
        assert_eq!(conduct.held(second(46)), Micros(0));
        assert!(
            (0..100).all(|n| !conduct.strike(second(50 + n * 5))),
            "a few a minute are forgiven"
        );
    }

    #[test]
    fn two_hosts_of_one_name_are_told_from_one_that_moves() {
        let place = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
        let second = |n: u64| Micros(n * 1_000_000);
        let mut moves = Conduct::default();
        assert!(!moves.is_twin(second(0), place(1), place(2)), "it moved");
        assert!(!moves.is_twin(second(1), place(2), place(3)), "and moved on");
        assert!(!moves.is_twin(second(2), place(3), place(3)), "it restarted in its place");
        assert!(!moves.is_twin(second(70), place(3), place(1)), "it went home after a while");
        let mut twins = Conduct::default();
        assert!(!twins.is_twin(second(0), place(1), place(2)));
        assert!(twins.is_twin(second(1), place(2), place(1)), "the first one is still there");
        for port in 0..1_000 {
            twins.is_twin(second(1), place(port), place(port + 1));
        }
        assert!(twins.left.len() <= MAX_PLACES);
    }
}
