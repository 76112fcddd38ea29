//! `protelis:coord:tree` and `protelis:coord:sparsechoice`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::{Property, Values};
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:coord:tree.spanningTree",
        "spanningTree(hopDistanceTo(source))",
        Waves(2.0), Source, Values(o::place_in_tree)),
    block!(Heals "protelis:coord:tree.spanningTreeExtended",
        "spanningTreeExtended(hopDistanceTo(source), { v -> v + 1 }, 0)",
        Waves(2.0), Source, Values(o::place_and_depth)),
    block!(Heals "protelis:coord:tree.applyOnTree",
        "applyOnTree(() -> { value }, obstacle, { v -> v + 1 }, { v -> -v })",
        Rounds(2.0), Nothing, Values(o::one_of_two)),
    block!(Heals "protelis:coord:tree.descendBranch",
        "descendBranch(distanceTo(source), () -> { obstacle }, { place -> place.get(0) }, { _ -> 0 })",
        Waves(2.0), Source, Values(o::branch_down)),
    block!(Heals "protelis:coord:tree.descendBranchWithNull",
        "descendBranchWithNull(distanceTo(source) + 1, 1, () -> { obstacle }, { place -> place.get(0) }, { _ -> 0 })",
        Waves(2.0), Source, Values(o::branch_down_from_one)),
    block!(Heals "protelis:coord:tree.ascendBranch",
        "let count = { all -> sumHood(mux (all.get(1)) { 1 } else { 0 }) }\nascendBranch(distanceTo(source), () -> { obstacle }, count, () -> { -1 })",
        Waves(2.0), Source, Values(o::branch_up)),
    block!(Heals "protelis:coord:sparsechoice.S", "S(20, nbrRange)",
        Waves(6.0), Nothing, Property(o::sparse)),
    block!(Heals "protelis:coord:sparsechoice.boundedElection",
        "boundedElection(self.getDeviceUID(), 25, strength, nbrRange)",
        Waves(3.0), Nothing, Values(o::elected)),
];
