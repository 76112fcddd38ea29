//! `protelis:coord:nonselfstabilizing:*`: what remembers.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::Values;
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Remembers "protelis:coord:nonselfstabilizing:accumulation.gossip", "gossip(value, max)",
        Waves(1.0), Nothing, Values(o::greatest)),
    block!(Remembers "protelis:coord:nonselfstabilizing:accumulation.gossipEver", "[gossipEver(source), gossipEver(source && now % 5 < 2), gossipEver(false)]",
        Rounds(40.0), Nothing, Values(o::once_some)),
];
