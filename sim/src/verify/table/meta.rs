//! `protelis:coord:meta` and `protelis:coord:graph`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::Values;
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:coord:meta.publishSubscribe", "publishSubscribe(source, destination, value, -1)",
        Waves(2.0), Source, Values(o::published)),
    block!(Heals "protelis:coord:meta.multiRegion",
        "multiRegion(obstacle, { key -> true }, () -> { neighborhood() }, -1)",
        Rounds(5.0), Nothing, Values(o::alike_neighbors)),
];
