//! `protelis:coord:sharedtimer`, `protelis:coord:meta:timereplication` and what is made of them.

use crate::verify::history::{Round, View};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

/// When sources of `sources_for_a_while` cease to be, in seconds.
const SOURCES_UNTIL: f64 = 38.0;
/// From when on all of them are known for sure, where rounds are even and nothing is lost: from
/// the last restart on news crosses the network and comes back.
const ALL_KNOWN: f64 = 34.0;
/// How long they are remembered at most: a replica lives for 12 ticks of 5 rounds, and the clock
/// takes its time to cross the network.
const REMEMBERED: f64 = 75.0;

/// The clock after a round.
fn clock(round: &Round) -> f64 {
    let value = match &round.value {
        Value::Tuple(items) => items.first(),
        value => Some(value),
    };
    value.and_then(Value::as_number).unwrap_or(0.0)
}

/// Whoever hears of a faster clock follows it; others count on when four seconds have passed since
/// they last did either, in the round after.
pub(crate) fn follows_fastest(view: &View<'_>) -> Wanted {
    const PERIOD: f64 = 4.0;
    let before = view.before.last().map_or(0.0, clock);
    // A clock only goes forward: it last did in the first of the rounds that show what it shows.
    let shows = view.before.iter().position(|round| clock(round) == before && before > 0.0);
    let counted = view.rounds.get(shows.map_or(0, |at| at + 1)..).unwrap_or(&[]);
    let spent = |rounds: &[Round]| rounds.iter().map(|round| round.delta).sum::<f64>();
    let is_up = counted.split_last().is_some_and(|(_, before)| spent(before) >= PERIOD);
    // As long as no time passes, each round is a tick.
    let next = if is_up || spent(counted) == 0.0 { before + 1.0 } else { before };
    if view.is_lossy() {
        return Wanted::Between(next, f64::INFINITY);
    }
    let fastest = view.heard().map(|(_, round)| clock(round)).fold(0.0, f64::max);
    Wanted::number(if fastest > before { fastest } else { next })
}

/// The clock, and when the oldest replica that lives began here: with the tick by which its age is
/// the greatest, or later where the clock leapt over that tick.
fn oldest_began(view: &View<'_>, life: f64) -> Wanted {
    let now = clock(view.now);
    let oldest = (now - life + 1.0).max(1.0);
    let began = view.rounds.iter().find(|round| clock(round) >= oldest);
    let wanted = match began {
        _ if now == 0.0 => Wanted::number(-1.0),
        Some(round) if clock(round) == oldest => Wanted::Near(round.at),
        Some(round) => Wanted::Between(round.at, view.now.at),
        None => Wanted::Anything,
    };
    Wanted::Tuple(vec![Wanted::Anything, wanted])
}

/// Replicas that live for six ticks.
pub(crate) fn replicated(view: &View<'_>) -> Wanted {
    oldest_began(view, 6.0)
}

/// As many ticks; but where rounds take different times, periods change with each round.
pub(crate) fn replicated_with_count(view: &View<'_>) -> Wanted {
    if view.is_logical() { oldest_began(view, 6.0) } else { Wanted::Anything }
}

/// The names of the sources that a device is joined with, in their order.
fn sources_in_reach(view: &View<'_>) -> Vec<String> {
    let alone = (0..view.site.len()).map(|device| device == view.device).collect::<Vec<_>>();
    let joined = view.site.joined(&alone);
    let sources =
        view.site.spots.iter().zip(joined).filter(|(spot, joined)| *joined && spot.source);
    let mut names: Vec<String> = sources.map(|(spot, _)| spot.id.to_string()).collect();
    names.sort();
    names
}

fn texts(names: &[String]) -> Wanted {
    Wanted::Exactly(Value::tuple(names.iter().map(|name| Value::text(name)).collect()))
}

/// Names of sources; the own name as long as there is no replica.
fn some_of(view: &View<'_>, sources: &[String]) -> Wanted {
    let own = view.spot.id.to_string();
    let known = |item: &Value| match item {
        Value::Text(name) => sources.iter().chain([&own]).any(|known| **known == **name),
        _ => false,
    };
    match &view.now.value {
        Value::Tuple(items) if items.iter().all(known) => Wanted::Anything,
        _ => Wanted::Other(format!("some of the sources {}", sources.join(", "))),
    }
}

/// Once the network has met, all sources are known where rounds are even.
///
/// A device that is alone measures no diameter, so that no replica lives: it names itself.
pub(crate) fn sources_found(view: &View<'_>) -> Wanted {
    let sources = sources_in_reach(view);
    if view.site.neighbors(view.device).is_empty() {
        texts(&[view.spot.id.to_string()])
    } else if view.is_logical() && view.now.at >= 40.0 {
        texts(&sources)
    } else {
        some_of(view, &sources)
    }
}

/// Sources that cease to be are known in time, and forgotten in time.
pub(crate) fn sources_for_a_while(view: &View<'_>) -> Wanted {
    let sources = sources_in_reach(view);
    if !view.is_logical() {
        some_of(view, &sources)
    } else if view.now.at >= SOURCES_UNTIL + REMEMBERED {
        texts(&[])
    } else if !view.is_lossy() && (ALL_KNOWN..SOURCES_UNTIL).contains(&view.now.at) {
        texts(&sources)
    } else {
        some_of(view, &sources)
    }
}
