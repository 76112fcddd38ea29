//! `protelis:coord:graph`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::Values;
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Remembers "protelis:coord:graph.circularDependency",
        "circularDependency(id, if (obstacle) { needs.append(id) } else { needs })",
        Waves(1.0), Nothing, Values(o::in_circle_or_obstacle)),
    block!(Heals "protelis:coord:graph.hasSelfDependency",
        "hasSelfDependency(id, if (obstacle) { needs.append(id) } else { needs })",
        Rounds(8.0), Nothing, Values(o::names_itself)),
    block!(Remembers "protelis:coord:graph.hasTransitiveDependency", "hasTransitiveDependency(id, needs)",
        Waves(1.0), Nothing, Values(o::in_circle)),
    block!(Remembers "protelis:coord:graph.greatestLowerBound",
        "greatestLowerBound(id, above, [\"2\", \"3\"])",
        Waves(2.0), Nothing, Values(o::nearest_above)),
    block!(Remembers "protelis:coord:graph.leastUpperBound", "leastUpperBound(id, below, [\"2\", \"3\"])",
        Waves(2.0), Nothing, Values(o::nearest_below)),
    block!(Heals "protelis:coord:graph.isLeaf", "isLeaf(id, needs)",
        Rounds(8.0), Nothing, Values(o::named_by_none)),
    block!(Heals "protelis:coord:graph.isRoot", "isRoot(needs)",
        Rounds(8.0), Nothing, Values(o::names_none)),
    block!(Heals "protelis:coord:graph.isParent",
        "sumHood(mux (isParent(id, needs)) { nbr(value) } else { 0 })",
        Rounds(8.0), Nothing, Values(o::named_values)),
    block!(Heals "protelis:coord:graph.nbrWrapper", "sumHood(nbrWrapper(id, needs, nbr(value), 100))",
        Rounds(8.0), Nothing, Values(o::named_values_or_hundred)),
];
