//! `protelis:lang:*`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::Values;
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:lang:utils.canSee", "canSee(source)",
        Rounds(5.0), Nothing, Values(o::sees_source)),
    block!(Heals "protelis:lang:utils.isEdge", "isEdge(obstacle)",
        Rounds(5.0), Nothing, Values(o::at_edge)),
    block!(Heals "protelis:lang:utils.hoodWstateful",
        "hoodWstateful(value, max, 0, { v -> mux (nbr(value) > value) { nbr(v) } else { 0 } })",
        Waves(1.0), Nothing, Values(o::greatest_uphill)),
];
