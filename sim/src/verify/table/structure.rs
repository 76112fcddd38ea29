//! `protelis:coord:tree` and `protelis:coord:sparsechoice`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::{Property, Values};
use Pace::Waves;

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:coord:tree.spanningTree", "spanningTree(hopDistanceTo(source)).get(1)",
        Waves(2.0), Source, Values(o::parent_device)),
    block!(Heals "protelis:coord:tree.spanningTreeExtended",
        "spanningTreeExtended(hopDistanceTo(source), { v -> v + 1 }, 0).get(1)",
        Waves(2.0), Source, Values(o::hops_or_zero)),
    block!(Heals "protelis:coord:tree.descendBranch",
        "descendBranch(distanceTo(source), () -> { obstacle }, { t -> 1 }, { t -> 0 })",
        Waves(2.0), Source, Values(o::branch_down)),
    block!(Heals "protelis:coord:tree.ascendBranch",
        "ascendBranch(distanceTo(source), () -> { obstacle }, { c -> 1 }, () -> { 0 })",
        Waves(2.0), Source, Values(o::branch_up)),
    block!(Heals "protelis:coord:sparsechoice.S", "S(20, nbrRange)",
        Waves(6.0), Nothing, Property(o::sparse)),
    block!(Heals "protelis:coord:sparsechoice.boundedElection",
        "boundedElection(self.getDeviceUID(), 25, strength, nbrRange)",
        Waves(3.0), Nothing, Values(o::elected)),
];
