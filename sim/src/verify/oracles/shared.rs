//! `fieldrun:clock`, `fieldrun:gossip`, `fieldrun:membership` and `fieldrun:process`: what a network
//! shares.

use super::{all, beside, each, ids, obstacles, truths, uid};
use crate::verify::history::History;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

/// Seconds by which a neighbour may lag behind: its period and mine, and the time of messages.
const LAG: f64 = 4.0;
/// The same where messages are lost and late.
const LATE_LAG: f64 = 12.0;
/// Seconds between ticks in programs of the table.
const PERIOD: f64 = 3.0;

/// What the clock of a device showed in its last round but `back`, and when that was.
fn shown(history: &History, device: usize, back: usize) -> Option<(f64, f64)> {
    let round = history.of(device).iter().rev().nth(back)?;
    let value = match &round.value {
        Value::Tuple(items) => items.first()?.as_number()?,
        value => value.as_number()?,
    };
    Some((value, round.at))
}

/// The clock of a device goes on by its own time at least, follows that of everyone with whom it is
/// joined, and never runs ahead of them.
pub(crate) fn shared_clock(site: &Site, history: &History, device: usize) -> Wanted {
    let (Some((_, now)), Some(round)) = (shown(history, device, 0), history.of(device).last())
    else {
        return Wanted::Other("a number".to_owned());
    };
    let own = shown(history, device, 1).map_or(0.0, |(value, _)| value) + round.delta;
    let hops = site.distances(&site.only(device), Metric::Hops);
    let lag = if site.late { LATE_LAG } else { LAG };
    let (mut least, mut most) = (own, own);
    for (other, hops) in hops.into_iter().enumerate().filter(|(other, _)| *other != device) {
        let Some((value, at)) = shown(history, other, 0).filter(|_| hops.is_finite()) else {
            continue;
        };
        least = least.max(value + now - at - hops * lag);
        most = most.max(value + now - at);
    }
    // Nothing but a fault puts it ahead of time by more than the first round.
    let first = if history.is_logical() { 1.0 } else { 0.0 };
    let most = if site.corrupted { most } else { most.min(now + first) };
    Wanted::Between(least - 1e-9, most + 1e-9)
}

/// A clock, and the periods that have passed on it.
pub(crate) fn ticks(site: &Site, history: &History, device: usize) -> Wanted {
    let clock = shared_clock(site, history, device);
    let shown = shown(history, device, 0).map_or(f64::NAN, |(value, _)| value);
    let tick = match site.corrupted {
        false => Wanted::number((shown / PERIOD).floor()),
        true => even_pace(history, device),
    };
    Wanted::Tuple(vec![clock, tick])
}

/// Ticks of a clock that a fault set: whole, and by now as many more as periods have passed.
fn even_pace(history: &History, device: usize) -> Wanted {
    let rounds = history.of(device).iter().rev();
    let tick = |value: &Value| match value {
        Value::Tuple(items) => items.get(1).and_then(Value::as_number),
        _ => None,
    };
    let mut ticks = rounds.filter_map(|round| Some((tick(&round.value)?, round.at)));
    let Some((now, at)) = ticks.next() else { return Wanted::Other("a number".to_owned()) };
    let Some((before, since)) = ticks.take_while(|(_, since)| at - since < 12.0).last() else {
        return Wanted::Anything;
    };
    let passed = (at - since) / PERIOD;
    match now.fract() == 0.0 && (now - before - passed).abs() <= 2.0 {
        true => Wanted::Anything,
        false => Wanted::Other(format!("{passed:.1} more than {before}, as a whole number")),
    }
}

/// A clock, and whether it has ticked since the round before.
pub(crate) fn pulses(site: &Site, history: &History, device: usize) -> Wanted {
    let clock = shared_clock(site, history, device);
    let tick = |back| Some((shown(history, device, back)?.0 / PERIOD).floor());
    let pulse = match (site.corrupted, tick(0), tick(1)) {
        (true, ..) => regular_pulses(history, device),
        (false, now, Some(before)) => Wanted::truth(now != Some(before)),
        (false, _, None) => Wanted::truth(false),
    };
    Wanted::Tuple(vec![clock, pulse])
}

/// Pulses of a clock that a fault set: in four periods, four, give or take what is on its way.
fn regular_pulses(history: &History, device: usize) -> Wanted {
    let now = history.of(device).last().map_or(0.0, |round| round.at);
    let recent = history.of(device).iter().filter(|round| now - round.at < 4.0 * PERIOD);
    let is_on = |value: &Value| match value {
        Value::Tuple(items) => items.get(1) == Some(&Value::Bool(true)),
        _ => false,
    };
    let pulses = recent.filter(|round| is_on(&round.value)).count();
    match (2..=6).contains(&pulses) {
        true => Wanted::Anything,
        false => Wanted::Other(format!("4 pulses within {} seconds, not {pulses}", 4.0 * PERIOD)),
    }
}

/// The value of a device, and how many rounds its oldest replica has lived: from two to three
/// periods of 4 seconds.
pub(crate) fn oldest_replica(site: &Site, history: &History, device: usize) -> Wanted {
    let now = history.of(device).last().map_or(0.0, |round| round.at);
    let within = |seconds: f64| {
        history.of(device).iter().filter(|round| now - round.at < seconds).count() as f64
    };
    // Clocks that are heard late leap.
    let slack = if site.late { 7.0 } else { 3.0 };
    let age = Wanted::Between(within(8.0 - slack), within(12.0 + slack));
    let value = site.spots.get(device).map_or(0.0, |spot| spot.value);
    Wanted::Tuple(vec![Wanted::number(value), age])
}

/// An obstacle anywhere; sources that were only at the start are forgotten.
pub(crate) fn anywhere(site: &Site) -> Vec<Wanted> {
    let joined = site.joined(&obstacles(site));
    beside([truths(joined), all(site, || Wanted::truth(false))])
}

pub(crate) fn joined_sources(site: &Site) -> Vec<Wanted> {
    let sources = site.sources();
    let joined = |device: usize| {
        let joined = site.joined(&site.only(device)).into_iter().zip(&sources).enumerate();
        ids(site, joined.filter(|(_, (joined, source))| *joined && **source).map(|(at, _)| at))
    };
    each(site, joined)
}

/// A device and its neighbours, ascending.
fn circle(site: &Site, device: usize) -> Vec<usize> {
    let mut circle = site.neighbors(device).to_vec();
    circle.push(device);
    circle.sort_unstable();
    circle
}

pub(crate) fn connections(site: &Site) -> Vec<Wanted> {
    each(site, |device| ids(site, circle(site, device)))
}

/// Whether all in the circle of a device have the same.
fn is_closed(site: &Site, device: usize) -> bool {
    let own = circle(site, device);
    site.neighbors(device).iter().all(|other| circle(site, *other) == own)
}

/// For some time; and not where that is more than has passed.
pub(crate) fn stable_views(site: &Site) -> Vec<Wanted> {
    let closed = truths(each(site, |device| is_closed(site, device)));
    beside([closed, all(site, || Wanted::truth(false))])
}

/// Where views are stable, the connections; elsewhere a device is sure of itself alone, as it is where
/// less time has passed.
pub(crate) fn partition(site: &Site) -> Vec<Wanted> {
    let known = |device: usize| match is_closed(site, device) {
        true => ids(site, circle(site, device)),
        false if site.corrupted => Wanted::Anything,
        false => ids(site, [device]),
    };
    beside([each(site, known), all(site, || Wanted::number(1.0))])
}

/// On obstacles and on values, for some time; and not where that is more than has passed.
pub(crate) fn agreed(site: &Site) -> Vec<Wanted> {
    let obstacle = |site: &Site, device: usize| site.spots.get(device).map(|spot| spot.obstacle);
    let value = |site: &Site, device: usize| site.spots.get(device).map(|spot| spot.value);
    let obstacles = truths(each(site, |device| {
        site.neighbors(device).iter().all(|other| obstacle(site, *other) == obstacle(site, device))
    }));
    let values = truths(each(site, |device| {
        site.neighbors(device).iter().all(|other| value(site, *other) == value(site, device))
    }));
    beside([obstacles, values, all(site, || Wanted::truth(false))])
}

/// The processes of sources that are near, with the distance, but at obstacles: these only pass it on.
/// Those that their sources ended are nowhere.
pub(crate) fn processes(site: &Site) -> Vec<Wanted> {
    let sources = (0..site.len()).filter(|device| site.sources().get(*device) == Some(&true));
    let distances: Vec<(usize, Vec<f64>)> =
        sources.map(|source| (source, site.distances(&site.only(source), Metric::Range))).collect();
    let near = |device: usize| {
        let obstacle = obstacles(site).get(device) == Some(&true);
        let distance = |(source, distances): &(usize, Vec<f64>)| {
            let distance = *distances.get(device)?;
            let pair = || Value::tuple(vec![uid(site, *source), distance.into()]);
            (distance < 15.0 && !obstacle).then(pair)
        };
        Wanted::Exactly(Value::tuple(distances.iter().filter_map(distance).collect()))
    };
    beside([each(site, near), all(site, || Wanted::Exactly(Value::tuple(Vec::new())))])
}
