//! What is wrong with links for a while.

use crate::checkpoint::plain::micros;
use crate::random::Stream;
use fieldrun_device::Micros;
use fieldrun_netem::Conditions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A set of devices, by a bit for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group(Vec<u64>);

impl Group {
    pub(crate) fn new(members: &[u32], devices: usize) -> Self {
        let mut words = vec![0; devices.div_ceil(64)];
        for member in members {
            if let Some(word) = words.get_mut(*member as usize / 64) {
                *word |= 1 << (member % 64);
            }
        }
        Self(words)
    }

    fn holds(&self, device: u32) -> bool {
        self.0.get(device as usize / 64).is_some_and(|word| word >> (device % 64) & 1 == 1)
    }
}

/// What happens to messages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// Those from or to a device of the group pass these conditions.
    Links(Conditions),
    /// They do not get through.
    Parted { from: Group, to: Group, one_way: bool },
}

/// Trouble that lasts until a time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Disturbance {
    /// Which fault it is of.
    pub(crate) number: u32,
    pub(crate) until: Micros,
    /// Whom it befalls.
    pub(crate) among: Group,
    pub(crate) trouble: Trouble,
}

/// All that is wrong with links now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disturbances {
    present: Vec<Disturbance>,
}

/// What a sender remembers of links that are disturbed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sending {
    random: Stream,
    /// Links that are in a bad spell, by fault and receiver.
    bad: BTreeSet<(u32, u32)>,
}

impl Sending {
    pub(crate) fn new(random: Stream) -> Self {
        Self { random, bad: BTreeSet::new() }
    }
}

impl Disturbances {
    pub(crate) fn add(&mut self, disturbance: Disturbance, now: Micros) {
        self.present.retain(|other| now < other.until);
        self.present.push(disturbance);
    }

    /// Whether anything may be wrong now.
    pub(crate) fn are_none(&self, now: Micros) -> bool {
        self.present.iter().all(|disturbance| disturbance.until <= now)
    }

    /// Lets the copies of a message pass all that is wrong with its link.
    pub(crate) fn pass(
        &self,
        copies: &mut Vec<Micros>,
        (from, to): (u32, u32),
        now: Micros,
        sending: &mut Sending,
    ) {
        for Disturbance { number, among, trouble, .. } in
            self.present.iter().filter(|disturbance| now < disturbance.until)
        {
            match trouble {
                Trouble::Parted { from: one, to: other, one_way } => {
                    let there = one.holds(from) && other.holds(to);
                    if there || !one_way && other.holds(from) && one.holds(to) {
                        copies.clear();
                    }
                }
                Trouble::Links(conditions) if among.holds(from) || among.holds(to) => {
                    let link = (*number, to);
                    let mut bad = sending.bad.remove(&link);
                    conditions.pass(copies, &mut bad, &mut sending.random);
                    if bad {
                        sending.bad.insert(link);
                    }
                }
                Trouble::Links(_) => {}
            }
        }
    }
}

/// One of them as it is saved: what it does follows from the fault.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedDisturbance {
    pub(crate) number: u32,
    #[serde(with = "micros")]
    pub(crate) until: Micros,
    pub(crate) among: Group,
    /// The sides of a partition.
    pub(crate) sides: Option<(Group, Group)>,
}

impl Disturbances {
    pub(crate) fn saved(&self) -> Vec<SavedDisturbance> {
        let saved = |disturbance: &Disturbance| SavedDisturbance {
            number: disturbance.number,
            until: disturbance.until,
            among: disturbance.among.clone(),
            sides: match &disturbance.trouble {
                Trouble::Parted { from, to, .. } => Some((from.clone(), to.clone())),
                Trouble::Links(_) => None,
            },
        };
        self.present.iter().map(saved).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn blocked(trouble: Trouble, until: u64, now: u64) -> Vec<(u32, u32)> {
        let mut disturbances = Disturbances::default();
        let among = Group::new(&[], 70);
        let until = Micros(until);
        disturbances.add(Disturbance { number: 0, until, among, trouble }, Micros(0));
        let mut sending = Sending::new(Stream::new(1, 0, Purpose::Disturbance));
        let ends = [0, 1, 65, 69];
        let links = ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b)));
        let blocked = links.filter(|link| {
            let mut copies = vec![Micros(0)];
            disturbances.pass(&mut copies, *link, Micros(now), &mut sending);
            copies.is_empty()
        });
        blocked.collect()
    }

    #[test]
    fn a_partition_blocks_exactly_what_it_says() {
        let group = |members: &[u32]| Group::new(members, 70);
        let parted = |one_way| Trouble::Parted { from: group(&[0, 1]), to: group(&[65]), one_way };
        assert_eq!(blocked(parted(true), 9, 5), [(0, 65), (1, 65)]);
        assert_eq!(blocked(parted(false), 9, 5), [(0, 65), (1, 65), (65, 0), (65, 1)]);
        assert_eq!(blocked(parted(false), 9, 9), [], "it is over");
    }
}
