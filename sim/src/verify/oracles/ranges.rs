//! Metrics of `protelis:coord:spreading`: what devices know of their links and rounds.

use super::{all, beside, each};
use crate::verify::history::History;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;

/// Seconds after which a message that was lost again and again has come, for sure.
const LATEST: f64 = 60.0;

/// The sum of something over the neighbours.
fn over(site: &Site, device: usize, of: impl Fn(usize) -> f64) -> f64 {
    site.neighbors(device).iter().map(|other| of(*other)).sum()
}

fn sums(site: &Site, of: impl Fn(usize, usize) -> f64) -> Vec<Wanted> {
    each(site, |device| Wanted::Near(over(site, device, |other| of(device, other))))
}

fn value(site: &Site, device: usize) -> f64 {
    site.spots.get(device).map_or(0.0, |spot| spot.value)
}

/// The own distance is nothing.
pub(crate) fn link_lengths(site: &Site) -> Vec<Wanted> {
    let lengths = || sums(site, |device, other| site.length(Metric::Range, device, other));
    beside([lengths(), lengths()])
}

pub(crate) fn one(site: &Site) -> Vec<Wanted> {
    all(site, || Wanted::number(1.0))
}

pub(crate) fn two(site: &Site) -> Vec<Wanted> {
    all(site, || Wanted::number(2.0))
}

/// The neighbours' values and two, each with the link.
pub(crate) fn values_and_links(site: &Site) -> Vec<Wanted> {
    let link = |device, other| site.length(Metric::Range, device, other);
    let values = sums(site, |device, other| value(site, other) + link(device, other));
    beside([values, sums(site, |device, other| 2.0 + link(device, other))])
}

/// The neighbours' values and the own one, each with one more.
pub(crate) fn values_and_one(site: &Site) -> Vec<Wanted> {
    let own = each(site, |device| Wanted::number(value(site, device) + 1.0));
    beside([sums(site, |_, other| value(site, other) + 1.0), own])
}

/// What stands for infinity alone, and in a field.
pub(crate) fn instead_of_infinity(site: &Site) -> Vec<Wanted> {
    let is_far = |other: usize| site.spots.get(other).is_some_and(|spot| spot.obstacle);
    let field = sums(site, |_, other| if is_far(other) { -1.0 } else { value(site, other) });
    let own = || each(site, |device| Wanted::number(value(site, device)));
    beside([own(), own(), field, all(site, || Wanted::number(f64::NEG_INFINITY))])
}

/// The age of what a device knows of each neighbour: least and most of their sum.
fn ages(site: &Site, history: &History, device: usize) -> (f64, f64) {
    let neighbors = site.neighbors(device);
    let Some(now) = history.of(device).last() else { return (0.0, 0.0) };
    if history.is_logical() {
        let count = neighbors.len() as f64;
        return (count, count);
    }
    if site.late {
        return (0.0, LATEST * neighbors.len() as f64);
    }
    let age = |other| history.of(other).last().map_or(0.0, |round| now.at - round.at);
    let sum = over(site, device, age);
    (sum - 1e-9, sum + 1e-9)
}

pub(crate) fn lags(site: &Site, history: &History, device: usize) -> Wanted {
    let (least, most) = ages(site, history, device);
    Wanted::Between(least, most)
}

fn delta(history: &History, device: usize) -> f64 {
    history.of(device).last().map_or(0.0, |round| round.delta)
}

/// Links that grow by 3 a second, heard of a second ago.
pub(crate) fn growing_links(site: &Site, history: &History, device: usize) -> Wanted {
    let grown = (1.0 + delta(history, device)) * 3.0;
    let link = |other| site.length(Metric::Range, device, other);
    Wanted::Near(over(site, device, |other| link(other) + grown))
}

/// The own value and links of one hop that grow by two a second.
pub(crate) fn lagging_hops(site: &Site, history: &History, device: usize) -> Wanted {
    let still = value(site, device) + 1.0 + 2.0 * delta(history, device);
    let still = over(site, device, |_| still);
    let (least, most) = ages(site, history, device);
    Wanted::Between(still + 2.0 * least - 1e-9, still + 2.0 * most + 1e-9)
}

/// Four rounds for each of the value's hops.
pub(crate) fn round_trip(site: &Site, history: &History, device: usize) -> Wanted {
    Wanted::Near(4.0 * value(site, device) * delta(history, device))
}
