//! How much a stranger's address and a linked peer may ask of this node in a time.
//!
//! Pure: the time is a parameter.

use super::settings::{
    ADDRESSES, BYTE_RATE, FRAME_RATE, HANDSHAKE_RATE, MAX_HANDSHAKES, RETRY_ABOVE,
};
use fieldrun_device::Micros;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// So much in a second, and so much at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) per_second: u64,
    pub(super) burst: u64,
}

/// What was used of a rate: the time, in nanoseconds, at which all of it will be paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Used(u64);

impl Used {
    fn owed(self, now: Micros) -> u64 {
        self.0.saturating_sub(now.0.saturating_mul(1_000))
    }

    fn charge(&mut self, rate: Rate, now: Micros, cost: u64) {
        let nanos = u128::from(cost) * 1_000_000_000 / u128::from(rate.per_second.max(1));
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.0 = self.0.max(now.0.saturating_mul(1_000)).saturating_add(nanos);
    }

    /// How long it takes until there is room again.
    fn wait(self, rate: Rate, now: Micros) -> Duration {
        let burst = u128::from(rate.burst) * 1_000_000_000 / u128::from(rate.per_second.max(1));
        let burst = u64::try_from(burst).unwrap_or(u64::MAX);
        Duration::from_nanos(self.owed(now).saturating_sub(burst))
    }

    /// Charges if there is room.
    fn take(&mut self, rate: Rate, now: Micros, cost: u64) -> bool {
        let room = self.wait(rate, now).is_zero();
        if room {
            self.charge(rate, now, cost);
        }
        room
    }
}

/// What becomes of a stranger's first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admittance {
    /// The handshake begins.
    Begin,
    /// It must show first that its address is real; that costs this node no memory.
    ShowAddress,
    /// It is turned away.
    TurnAway,
}

/// The gate before handshakes. A sender of forged addresses uses up the first rate of an address
/// only: whoever really is there shows it, and has the second rate for itself.
#[derive(Debug, Default)]
pub(super) struct Gate {
    forgeable: BTreeMap<IpAddr, Used>,
    shown: BTreeMap<IpAddr, Used>,
}

impl Gate {
    /// Decides about a packet from `addr`, which was `shown` to be real or not, while so many
    /// handshakes are in progress.
    pub(super) fn admit(
        &mut self,
        now: Micros,
        addr: IpAddr,
        shown: bool,
        in_progress: usize,
    ) -> Admittance {
        if in_progress >= MAX_HANDSHAKES {
            return Admittance::TurnAway;
        }
        if !shown && in_progress >= RETRY_ABOVE {
            return Admittance::ShowAddress;
        }
        let table = if shown { &mut self.shown } else { &mut self.forgeable };
        match (take(table, now, network(addr)), shown) {
            (true, _) => Admittance::Begin,
            (false, false) => Admittance::ShowAddress,
            (false, true) => Admittance::TurnAway,
        }
    }
}

/// Addresses beyond the bound are not let in before others are forgotten.
fn take(table: &mut BTreeMap<IpAddr, Used>, now: Micros, addr: IpAddr) -> bool {
    if !table.contains_key(&addr) && table.len() >= ADDRESSES {
        table.retain(|_, used| used.owed(now) > 0);
        if table.len() >= ADDRESSES {
            return false;
        }
    }
    table.entry(addr).or_default().take(HANDSHAKE_RATE, now, 1)
}

/// One who has an IPv6 address has all of its network.
fn network(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V6(addr) => IpAddr::V6((u128::from(addr) >> 64 << 64).into()),
        four @ IpAddr::V4(_) => four,
    }
}

/// What a linked peer sends.
#[derive(Debug, Default)]
pub(super) struct Meter {
    frames: Used,
    bytes: Used,
    over: u64,
}

impl Meter {
    /// Whether a datagram is within the rates; one that is not does not count.
    pub(super) fn datagram(&mut self, now: Micros, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let fits = self.wait(now).is_zero();
        if fits {
            self.stream(now, bytes);
        } else {
            self.over = self.over.saturating_add(1);
        }
        fits
    }

    /// How many datagrams were beyond the rates.
    pub(super) fn over(&self) -> u64 {
        self.over
    }

    /// How long the peer's next stream must wait.
    pub(super) fn wait(&self, now: Micros) -> Duration {
        self.frames.wait(FRAME_RATE, now).max(self.bytes.wait(BYTE_RATE, now))
    }

    /// A frame came on a stream.
    pub(super) fn stream(&mut self, now: Micros, bytes: u64) {
        self.frames.charge(FRAME_RATE, now, 1);
        self.bytes.charge(BYTE_RATE, now, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    #[test]
    fn a_rate_allows_its_burst_and_then_so_much_a_second() {
        let rate = Rate { per_second: 10, burst: 5 };
        let mut used = Used::default();
        let taken = |used: &mut Used, now| (0..100).filter(|_| used.take(rate, now, 1)).count();
        let start = Micros(7_000_000);
        // One more than the burst: what is begun may be finished.
        assert_eq!(taken(&mut used, start), 6);
        assert_eq!(taken(&mut used, Micros(start.0 + 300_000)), 3);
        assert_eq!(taken(&mut used, Micros(start.0 + 60_000_000)), 6, "what is not used is lost");
    }

    /// The property that matters under attack: forged packets of an address cost its owner a round
    /// trip and nothing else.
    #[test]
    fn forged_packets_do_not_shut_out_who_is_really_there() {
        let mut gate = Gate::default();
        let now = Micros(0);
        let forged = (0..10_000).map(|_| gate.admit(now, address(1), false, 0));
        let begun = forged.filter(|verdict| *verdict == Admittance::Begin).count();
        assert!(begun as u64 <= HANDSHAKE_RATE.burst + 1, "{begun}");
        assert_eq!(gate.admit(now, address(1), false, 0), Admittance::ShowAddress);
        assert_eq!(gate.admit(now, address(1), true, 0), Admittance::Begin);
        assert_eq!(gate.admit(now, address(2), false, 0), Admittance::Begin, "others are unharmed");
    }

    #[test]
    fn who_shows_its_address_and_comes_too_often_is_turned_away_for_a_while() {
        let mut gate = Gate::default();
        let admit = |gate: &mut Gate, second: u64| {
            gate.admit(Micros(second * 1_000_000), address(1), true, 0)
        };
        let begun = (0..1_000).filter(|_| admit(&mut gate, 0) == Admittance::Begin).count();
        assert_eq!(begun as u64, HANDSHAKE_RATE.burst + 1);
        assert_eq!(admit(&mut gate, 0), Admittance::TurnAway);
        assert_eq!(admit(&mut gate, 1), Admittance::Begin);
    }

    #[test]
    fn the_table_of_addresses_is_bounded_and_recovers() {
        let mut gate = Gate::default();
        for n in 0..10_000 {
            gate.admit(Micros(0), address(n), true, 0);
        }
        assert!(gate.shown.len() <= ADDRESSES);
        assert_eq!(gate.admit(Micros(0), address(20_000), true, 0), Admittance::TurnAway);
        assert_eq!(gate.admit(Micros(60_000_000), address(20_000), true, 0), Admittance::Begin);
    }

    #[test]
    fn handshakes_in_progress_come_first() {
        let mut gate = Gate::default();
        let mut admit = |shown, open| gate.admit(Micros(0), address(1), shown, open);
        assert_eq!(admit(false, RETRY_ABOVE), Admittance::ShowAddress);
        assert_eq!(admit(true, RETRY_ABOVE), Admittance::Begin);
        assert_eq!(admit(true, MAX_HANDSHAKES), Admittance::TurnAway);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }

    #[test]
    fn a_flood_is_cut_to_the_rate_and_the_busiest_honest_node_is_not() {
        let mut meter = Meter::default();
        let passed = (0..100_000u64).filter(|i| meter.datagram(Micros(i * 10), 100)).count();
        let most = FRAME_RATE.burst + FRAME_RATE.per_second + 2;
        assert!(passed as u64 <= most, "{passed} of 100000 in a second");
        assert_eq!(meter.over(), 100_000 - passed as u64);
        // 64 devices, each a round every 20 ms, for a minute.
        let mut meter = Meter::default();
        let honest = (0..64 * 50 * 60u64).all(|i| meter.datagram(Micros(i / 64 * 20_000), 1_200));
        assert!(honest);
    }
}
