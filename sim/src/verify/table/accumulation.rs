//! `protelis:coord:accumulation`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::Values;
use Pace::Waves;

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:coord:accumulation.C", "C(distanceTo(source), sum, value, 0)",
        Waves(2.0), Source, Values(o::collected)),
    block!(Heals "protelis:coord:accumulation.countDevices", "countDevices(hopDistanceTo(source))",
        Waves(2.0), Source, Values(o::counted_by_hops)),
    block!(Heals "protelis:coord:accumulation.countDevicesWithCondition",
        "countDevicesWithCondition(distanceTo(source), obstacle)", Waves(2.0), Source, Values(o::obstacles_counted)),
    block!(Heals "protelis:coord:accumulation.summarize", "summarize(source, sum, value, 0)",
        Waves(3.0), Source, Values(o::summarized)),
    block!(Heals "protelis:coord:accumulation.average", "average(source, value)",
        Waves(3.0), Source, Values(o::average)),
    block!(Heals "protelis:coord:accumulation.cossip", "cossip(source, value, min)",
        Waves(3.0), Source, Values(o::least_summarized)),
    block!(Heals "protelis:coord:accumulation.quorumSensing",
        "quorumSensing(distanceTo(source), 0, 6, { c -> -c }, { c -> c })", Waves(3.0), Source, Values(o::quorum)),
    block!(Heals "protelis:coord:accumulation.cMultiMin", "cMultiMin(distanceTo(source), value)",
        Waves(2.0), Source, Values(o::least_above)),
    block!(Heals "protelis:coord:accumulation.cMultiMax", "cMultiMax(distanceTo(source), value)",
        Waves(2.0), Source, Values(o::greatest_above)),
    block!(Heals "protelis:coord:accumulation.cMultiIdempotent",
        "cMultiIdempotent(distanceTo(source), max, value, 0)", Waves(2.0), Source, Values(o::greatest_above)),
    block!(Heals "protelis:coord:accumulation.cMultiSum", "cMultiSum(distanceTo(source), 1)",
        Waves(2.0), Source, Values(o::divided)),
    block!(Heals "protelis:coord:accumulation.getParentId", "getParentId(hopDistanceTo(source))",
        Waves(1.0), Source, Values(o::parent_id)),
    block!(Remembers "protelis:coord:accumulation.diameter", "diameter(source)",
        Waves(2.0), Source, Values(o::diameter)),
];
