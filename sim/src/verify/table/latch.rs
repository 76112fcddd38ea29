//! `protelis:state:nonselfstabilizing:time`. Not all of it remembers what a fault left: what counts
//! the time since a signal changed forgets as soon as the signal changes, or the time is up.

use crate::verify::block::{Block, Needs, Oracle, Pace, Promise};
use crate::verify::oracles as o;
use Oracle::EveryRound;
use Pace::Rounds;

pub(super) const BLOCKS: &[Block] = &[
    block!(Remembers "protelis:state:nonselfstabilizing:time.allTime", "[allTime(pulse), allTime(source)]",
        Rounds(20.0), Nothing, EveryRound(o::always)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.anyTime", "[anyTime(pulse), anyTime(source)]",
        Rounds(20.0), Nothing, EveryRound(o::ever)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.counter", "counter(value, 2)",
        Rounds(20.0), Nothing, EveryRound(o::counted)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.countTrue", "countTrue(pulse)",
        Rounds(20.0), Nothing, EveryRound(o::counted_on)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.flip", "flip(1, 2)",
        Rounds(20.0), Nothing, EveryRound(o::alternating)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.once", "once(() -> { level })",
        Rounds(20.0), Nothing, EveryRound(o::first)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.timeSinceStart", "timeSinceStart()",
        Rounds(20.0), Nothing, EveryRound(o::age)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.timeSinceStartWithDt", "timeSinceStartWithDt(0.5)",
        Rounds(20.0), Nothing, EveryRound(o::age_by_half)),
    block!(Heals "protelis:state:nonselfstabilizing:time.trueFor", "trueFor(2, pulse)",
        Rounds(30.0), Nothing, EveryRound(o::on_for)),
    block!(Heals "protelis:state:nonselfstabilizing:time.trueForWithDt", "trueForWithDt(1, pulse, 0.5)",
        Rounds(30.0), Nothing, EveryRound(o::on_for_by_half)),
    block!(Heals "protelis:state:nonselfstabilizing:time.falseFor", "falseFor(3, pulse)",
        Rounds(30.0), Nothing, EveryRound(o::off_for)),
    block!(Heals "protelis:state:nonselfstabilizing:time.falseForWithDt", "falseForWithDt(1.5, pulse, 0.5)",
        Rounds(30.0), Nothing, EveryRound(o::off_for_by_half)),
    block!(Heals "protelis:state:nonselfstabilizing:time.trueDuringLast", "trueDuringLast(3, pulse)",
        Rounds(30.0), Nothing, EveryRound(o::on_within)),
    block!(Heals "protelis:state:nonselfstabilizing:time.trueDuringLastWithDt",
        "trueDuringLastWithDt(1.5, pulse, 0.5)", Rounds(30.0), Nothing, EveryRound(o::on_within_by_half)),
    block!(Heals "protelis:state:nonselfstabilizing:time.falseDuringLast", "falseDuringLast(2, pulse)",
        Rounds(30.0), Nothing, EveryRound(o::off_within)),
    block!(Heals "protelis:state:nonselfstabilizing:time.falseDuringLastWithDt",
        "falseDuringLastWithDt(1, pulse, 0.5)", Rounds(30.0), Nothing, EveryRound(o::off_within_by_half)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.sequence",
        "sequence(() -> { rep (n <- 0) { n + 1 } }, { n -> n >= value }, { n -> 100 + n })",
        Rounds(20.0), Nothing, EveryRound(o::one_after_another)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.sequenceIfAny",
        "sequenceIfAny(() -> { rep (n <- 0) { n + 1 } }, late, { n -> -n })",
        Rounds(20.0), Nothing, EveryRound(o::until_one_is_late)),
    block!(Remembers "protelis:state:nonselfstabilizing:time.sequenceIfAll",
        "sequenceIfAll(() -> { rep (n <- 0) { n + 1 } }, late, { n -> -n })",
        Rounds(20.0), Nothing, EveryRound(o::until_all_are_late)),
];
