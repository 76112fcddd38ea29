//! `protelis:coord:meta`, with the clock and the replicas that it is made of.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::{EveryRound, Values};
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "protelis:coord:meta.boundSpreading",
        "boundSpreading(!obstacle, () -> { neighborhood() }, -1)",
        Rounds(5.0), Nothing, Values(o::neighbors_in_region)),
    block!(Heals "protelis:coord:meta.preProcessAndApply",
        "preProcessAndApply(value, { v -> v + 1 }, { v -> 2 * v })",
        Rounds(5.0), Nothing, Values(o::prepared)),
    block!(Heals "protelis:coord:meta.postProcessAndApply",
        "postProcessAndApply(value, { v -> 2 * v }, { v -> v - 5 })",
        Rounds(5.0), Nothing, Values(o::completed)),
    block!(Heals "protelis:coord:meta.processAndApply",
        "processAndApply(value, { v -> v + 1 }, { v -> 2 * v }, { v -> v - 5 })",
        Rounds(5.0), Nothing, Values(o::prepared_and_completed)),
    block!(Heals "protelis:coord:meta.multiInstance",
        "multiInstance([value % 3, 10 + value % 2], { key -> key + 100 * neighborhood() }, 0).sort()",
        Rounds(5.0), Nothing, Values(o::neighbors_of_keys)),
    block!(Heals "protelis:coord:meta.multiRegion",
        "multiRegion(value % 3, { key -> key > 0 }, () -> { neighborhood() }, -1)",
        Rounds(5.0), Nothing, Values(o::neighbors_in_regions)),
    block!(Heals "protelis:coord:meta.publishSubscribe", "publishSubscribe(source, destination, value, -1)",
        Waves(2.0), Source, Values(o::published)),
    block!(Heals "protelis:coord:meta.publishSubscribeWithPotential",
        "publishSubscribeWithPotential(hopDistanceTo(source), destination, value, -1)",
        Waves(2.0), Source, Values(o::published_by_hops)),
    block!(Remembers "protelis:coord:meta.findSources", "findSources(source).sort()",
        Rounds(40.0), Nothing, EveryRound(o::sources_found)),
    block!(Remembers "protelis:coord:meta.findSourcesWithId",
        "findSourcesWithId(source && self.getCurrentTime() < 38, id, 2, 3).sort()",
        Rounds(115.0), Nothing, EveryRound(o::sources_for_a_while)),
    block!(Remembers "protelis:coord:sharedtimer.sharedTimer", "sharedTimer(4, self.getDeltaTime())",
        Rounds(40.0), Nothing, EveryRound(o::follows_fastest)),
    block!(Remembers "protelis:coord:meta:timereplication.timeReplicated",
        "[sharedTimer(3, self.getDeltaTime()), \
         timeReplicated(() -> { rep (born <- self.getCurrentTime()) { born } }, -1, 3, 2)]",
        Rounds(50.0), Nothing, EveryRound(o::replicated)),
    block!(Remembers "protelis:coord:meta:timereplication.timeReplicatedWithK",
        "[sharedTimer(2 * self.getDeltaTime(), self.getDeltaTime()), \
         timeReplicatedWithK(() -> { rep (born <- self.getCurrentTime()) { born } }, -1, 1, 3)]",
        Rounds(40.0), Nothing, EveryRound(o::replicated_with_count)),
];
