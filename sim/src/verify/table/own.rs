//! `fieldrun:*`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::{Series, Values};
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "fieldrun:distance.distance", "distance(source)", Waves(1.5), Source, Values(o::distance)),
    block!(Heals "fieldrun:distance.boundedDistance", "boundedDistance(source, nbrRange, 5)",
        Waves(1.5), Source, Values(o::distance)),
    block!(Heals "fieldrun:distance.cast", "cast(source, value)", Waves(1.5), Source, Values(o::broadcast)),
    block!(Heals "fieldrun:elect.leader", "leader(25, strength)", Waves(3.0), Nothing, Values(o::elected)),
    block!(Heals "fieldrun:gossip.replicatedGossip", "replicatedGossip(value, max, 20, 3)",
        Rounds(200.0), Nothing, Values(o::greatest)),
    block!(Heals "fieldrun:monitor.yesterday", "yesterday((now + value) % 3 == 0)", Rounds(3.0), Nothing, Series(o::beat_before)),
    block!(Remembers "fieldrun:monitor.onceHere", "onceHere(source)", Rounds(10.0), Nothing, Values(o::is_source)),
];
