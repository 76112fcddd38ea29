//! `fieldrun:repaired`.

use super::{around_obstacles, beside, cast_or_own, each, numbers};
use crate::verify::history::History;
use crate::verify::plain::gathered;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

/// The own value and one, and the same of all neighbours together.
pub(crate) fn one_hop_more(site: &Site) -> Vec<Wanted> {
    let more = site.map(|spot| spot.value + 1.0);
    let theirs = |device: usize| {
        site.neighbors(device).iter().filter_map(|other| more.get(*other)).sum::<f64>()
    };
    beside([numbers(more.clone()), numbers(each(site, theirs))])
}

/// The second of the last beat, if it is no more than 4 seconds ago by the device's own clock.
pub(crate) fn recent_second(site: &Site, history: &History, device: usize) -> Wanted {
    let value = site.spots.get(device).map_or(0.0, |spot| spot.value);
    let elapsed = history.elapsed(device);
    let now = elapsed.last().copied().unwrap_or(0.0);
    let rounds = history.of(device).iter().zip(elapsed);
    let mut beats = rounds.filter(|(round, _)| (round.at.floor() + value) % 9.0 == 0.0);
    match beats.next_back() {
        Some((beat, at)) if now - at <= 4.0 => Wanted::number(beat.at.floor()),
        _ => Wanted::number(-1.0),
    }
}

/// On whenever a multiple of 4 seconds has passed; of a clock that a fault set, 5 times in 20 seconds.
pub(crate) fn every_four_seconds(site: &Site, history: &History, device: usize) -> Wanted {
    const LENGTH: f64 = 4.0;
    let elapsed = history.elapsed(device);
    let periods = |back: usize| {
        elapsed.iter().rev().nth(back).map_or(0.0, |elapsed| (elapsed / LENGTH).floor())
    };
    if !site.corrupted {
        return Wanted::truth(periods(0) > periods(1));
    }
    let now = elapsed.last().copied().unwrap_or(0.0);
    let rounds = history.of(device).iter().zip(&elapsed);
    let recent = rounds.filter(|(_, at)| now - *at < 5.0 * LENGTH);
    let pulses = recent.filter(|(round, _)| round.value == Value::Bool(true)).count();
    match (4..=6).contains(&pulses) {
        true => Wanted::Anything,
        false => Wanted::Other(format!("5 pulses in 20 seconds, not {pulses}")),
    }
}

fn twice_farthest(site: &Site, metric: Metric<'_>) -> Vec<Wanted> {
    let distance = site.distances(&site.sources(), metric);
    let reached = |distance: &f64| if distance.is_finite() { *distance } else { 0.0 };
    let reached: Vec<f64> = distance.iter().map(reached).collect();
    let farthest = cast_or_own(site, metric, &gathered(site, &distance, &reached, f64::max));
    numbers(farthest.into_iter().map(|farthest| 2.0 * farthest).collect())
}

pub(crate) fn diameter_bound(site: &Site) -> Vec<Wanted> {
    twice_farthest(site, Metric::Range)
}

pub(crate) fn diameter_bound_by_hops(site: &Site) -> Vec<Wanted> {
    twice_farthest(site, Metric::Hops)
}

pub(crate) fn diameter_bound_in_region(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, diameter_bound, false, &Wanted::number(0.0))
}

pub(crate) fn diameter_bound_in_region_by_hops(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, diameter_bound_by_hops, false, &Wanted::number(0.0))
}

/// From 1 to 9 to 10 to 50, and from 2 to 4 to 1 to 0.
pub(crate) fn rescaled(site: &Site) -> Vec<Wanted> {
    let wanted = |scaled: fn(f64) -> f64| {
        site.values().into_iter().map(|value| Wanted::Near(scaled(value))).collect()
    };
    beside([wanted(|value| value * 5.0 + 5.0), wanted(|value| 2.0 - value / 2.0)])
}
