//! `fieldrun:monitor`.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::{EveryRound, Series, Values};
use Pace::Rounds;

pub(super) const BLOCKS: &[Block] = &[
    block!(Heals "fieldrun:monitor.yesterday",
        "yesterday((now + value) % 3 == 0)",
        Rounds(3.0), Nothing, EveryRound(o::beat_before)),
    block!(Remembers "fieldrun:monitor.onceHere",
        "[onceHere(source), onceHere((now + value) % 12 == 0)]",
        Rounds(10.0), Nothing, Series(o::once_here)),
    block!(Remembers "fieldrun:monitor.alwaysHere",
        "[alwaysHere(source), alwaysHere((now + value) % 12 != 0)]",
        Rounds(10.0), Nothing, Series(o::always_here)),
    block!(Remembers "fieldrun:monitor.since",
        "[since((now + value) % 5 != 0, (now + value) % 3 == 0), since(true, source)]",
        Rounds(10.0), Nothing, Series(o::since_beat)),
    block!(Heals "fieldrun:monitor.yesterdayAll",
        "[yesterdayAll(!obstacle), if (now % 2 < 1) { yesterdayAll(true) } else { true }]",
        Rounds(5.0), Nothing, Values(o::no_obstacle_near)),
    block!(Heals "fieldrun:monitor.yesterdaySome",
        "[yesterdaySome(obstacle), if (now % 2 < 1) { yesterdaySome(false) } else { false }]",
        Rounds(5.0), Nothing, Values(o::an_obstacle_near)),
    block!(Remembers "fieldrun:monitor.onceAll",
        "[onceAll(!source), onceAll(now % 5 < 3)]",
        Rounds(40.0), Nothing, Values(o::once_all)),
    block!(Remembers "fieldrun:monitor.onceSome",
        "[onceSome(source), onceSome(source && now % 5 < 2), onceSome(false)]",
        Rounds(40.0), Nothing, Values(o::once_some)),
    block!(Remembers "fieldrun:monitor.alwaysAll",
        "[alwaysAll(!source), alwaysAll(true)]",
        Rounds(40.0), Nothing, Values(o::always_all)),
    block!(Remembers "fieldrun:monitor.alwaysSome",
        "[alwaysSome(source), alwaysSome(now % 5 >= 3)]",
        Rounds(40.0), Nothing, Values(o::always_some)),
    block!(Remembers "fieldrun:monitor.sinceAll",
        "[sinceAll(true, !source), sinceAll(!obstacle, now % 5 < 3)]",
        Rounds(40.0), Nothing, Series(o::since_all)),
    block!(Remembers "fieldrun:monitor.sinceSome",
        "[sinceSome(!obstacle, source), sinceSome(!obstacle, source && now % 5 < 2), sinceSome(true, false)]",
        Rounds(40.0), Nothing, Values(o::since_some)),
];
