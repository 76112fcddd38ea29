//! `fieldrun:clock`, `fieldrun:gossip`, `fieldrun:membership` and `fieldrun:process`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::{Series, Values};
use Pace::{Rounds, Waves};

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "fieldrun:clock.sharedClock",
        "sharedClock()",
        Waves(1.0), Nothing, Series(o::shared_clock)),
    block!(Heals "fieldrun:clock.sharedTick",
        "[sharedClock(), sharedTick(3)]",
        Waves(1.0), Nothing, Series(o::ticks)),
    block!(Heals "fieldrun:clock.sharedPulse",
        "[sharedClock(), sharedPulse(3)]",
        Waves(1.0), Nothing, Series(o::pulses)),
    block!(Heals "fieldrun:gossip.replicated",
        "[replicated(() -> { value }, 4, 3), replicated(() -> { rep (n <- 0) { n + 1 } }, 4, 3)]",
        Rounds(60.0), Nothing, Series(o::oldest_replica)),
    block!(Heals "fieldrun:gossip.replicatedGossip",
        "replicatedGossip(value, max, 20, 3)",
        Rounds(200.0), Nothing, Values(o::greatest)),
    block!(Heals "fieldrun:gossip.recentlyAnywhere",
        "[recentlyAnywhere(obstacle, 20, 3), recentlyAnywhere(source && now < 6, 20, 3)]",
        Rounds(200.0), Nothing, Values(o::anywhere)),
    block!(Heals "fieldrun:gossip.sourcesNow",
        "sourcesNow(source, self.getDeviceUID(), 20, 3)",
        Rounds(200.0), Nothing, Values(o::joined_sources)),
    block!(Heals "fieldrun:membership.connections",
        "connections()",
        Rounds(5.0), Nothing, Values(o::connections)),
    block!(Heals "fieldrun:membership.stable",
        "[stable(5), if (now % 8 < 4) { stable(7) } else { false }]",
        Rounds(20.0), Nothing, Values(o::stable_views)),
    block!(Heals "fieldrun:membership.partition",
        "[partition(5), if (now % 8 < 4) { partition(7).size() } else { 1 }]",
        Rounds(20.0), Nothing, Values(o::partition)),
    block!(Heals "fieldrun:membership.agreed",
        "[agreed(obstacle, 5), agreed(value, 5), if (now % 8 < 4) { agreed(obstacle, 7) } else { false }]",
        Rounds(20.0), Nothing, Values(o::agreed)),
    block!(Heals "fieldrun:process.spawn",
        "let here = self.getDeviceUID()
let near = { key, _ ->
    let d = distanceTo(here == key)
    let role = if (d >= 15) { \"external\" } else { if (obstacle) { \"internal\" } else { \"output\" } }
    [d, if (here == key && !source) { \"terminated\" } else { role }]
}
let ended = { key, _ -> [0, if (here == key && now > 8) { \"terminated\" } else { \"output\" }] }
[spawn(near, if (source) { [here] } else { [] }, 0), spawn(ended, if (source && now < 3) { [here] } else { [] }, 0)]",
        Waves(2.0), Nothing, Values(o::processes)),
];
