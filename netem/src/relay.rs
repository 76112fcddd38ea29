//! Packets on their way between ends.

use crate::conditions::Conditions;
use crate::random::Stream;
use fieldrun_lang::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// Most packets on their way at once; more are lost, as they are where a real queue is full.
const MAX_UNDER_WAY: usize = 65_536;

/// Carries packets between numbered ends, as a network under some [`Conditions`] would.
///
/// It has no clock and no socket: tell it what was sent, ask it what arrives, and wake it when it
/// says.
///
/// ```
/// use fieldrun_netem::{Conditions, Delay, Micros, Relay};
///
/// let delay = Some(Delay::Constant(Micros(20)));
/// let mut relay = Relay::new(Conditions { delay, ..Conditions::default() }, 1);
/// relay.send(Micros(100), 0, 1, "hello");
/// assert_eq!(relay.wake_at(), Some(Micros(120)));
/// assert_eq!(relay.arrived(Micros(119)), None);
/// assert_eq!(relay.arrived(Micros(120)), Some((0, 1, "hello")));
/// ```
#[derive(Clone, Debug)]
pub struct Relay<P> {
    conditions: Conditions,
    seed: u64,
    /// One for each direction of each link that was used.
    links: BTreeMap<(u32, u32), Link>,
    cut: BTreeSet<(u32, u32)>,
    /// By time of arrival, then in the order of sending.
    under_way: BTreeMap<(Micros, u64), (u32, u32, P)>,
    sent: u64,
    lost: u64,
}

#[derive(Clone, Debug)]
struct Link {
    bad: bool,
    random: Stream,
}

impl<P: Clone> Relay<P> {
    /// A network in which every link has these conditions.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            seed,
            links: BTreeMap::new(),
            cut: BTreeSet::new(),
            under_way: BTreeMap::new(),
            sent: 0,
            lost: 0,
        }
    }

    /// Other conditions from now on; what is on its way stays so.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Nothing gets from one end to another one any more; the other direction is as before.
    pub fn cut(&mut self, from: u32, to: u32) {
        self.cut.insert((from, to));
    }

    /// Packets get through again in this direction.
    pub fn mend(&mut self, from: u32, to: u32) {
        self.cut.remove(&(from, to));
    }

    /// A packet leaves an end.
    pub fn send(&mut self, now: Micros, from: u32, to: u32, packet: P) {
        self.sent += 1;
        if self.cut.contains(&(from, to)) {
            self.lost += 1;
            return;
        }
        let new = || {
            let number = u64::from(from) << 32 | u64::from(to);
            Link { bad: false, random: Stream::new(self.seed, number, 0_u64) }
        };
        let link = self.links.entry((from, to)).or_insert_with(new);
        let mut copies = vec![Micros(0)];
        self.conditions.pass(&mut copies, &mut link.bad, &mut link.random);
        if copies.is_empty() || self.under_way.len() >= MAX_UNDER_WAY {
            self.lost += 1;
            return;
        }
        for delay in copies {
            let at = Micros(now.0.saturating_add(delay.0));
            self.under_way.insert((at, self.sent), (from, to, packet.clone()));
            self.sent += 1;
        }
    }

    /// The next packet that has arrived: from whom, to whom, and what.
    pub fn arrived(&mut self, now: Micros) -> Option<(u32, u32, P)> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// When the next packet arrives.
    pub fn wake_at(&self) -> Option<Micros> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// How many packets were lost, at cuts too.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Delay, Loss};

    fn drain(relay: &mut Relay<u32>, now: u64) -> Vec<u32> {
        std::iter::from_fn(|| relay.arrived(Micros(now))).map(|(_, _, packet)| packet).collect()
    }

    #[test]
    fn a_cut_blocks_one_direction_until_it_is_mended() {
        let mut relay = Relay::new(Conditions::default(), 1);
        relay.cut(0, 1);
        relay.send(Micros(0), 0, 1, 1);
        relay.send(Micros(0), 1, 0, 2);
        relay.send(Micros(0), 0, 2, 3);
        assert_eq!(drain(&mut relay, 0), [2, 3]);
        relay.mend(0, 1);
        relay.send(Micros(0), 0, 1, 4);
        assert_eq!(drain(&mut relay, 0), [4]);
        assert_eq!(relay.lost(), 1);
    }

    #[test]
    fn packets_arrive_by_their_time_and_links_do_not_disturb_each_other() {
        let delay = Some(Delay::Uniform(Micros(0), Micros(1_000)));
        let conditions = Conditions { delay, loss: Loss::Uniform(0.3), ..Conditions::default() };
        let fate = |with_others: bool| {
            let mut relay = Relay::new(conditions, 9);
            for packet in 0..1000 {
                if with_others {
                    relay.send(Micros(0), 2, 1, 5000 + packet);
                }
                relay.send(Micros(0), 0, 1, packet);
            }
            let mut arrived = drain(&mut relay, 10_000);
            arrived.retain(|packet| *packet < 1000);
            arrived
        };
        let alone = fate(false);
        // Standard error 14.5.
        assert!((642..=758).contains(&alone.len()), "{}", alone.len());
        assert!(!alone.is_sorted(), "they overtake each other");
        assert_eq!(alone, fate(true));
    }
}
