//! `fieldrun:distance`, `fieldrun:collect` and `fieldrun:elect`: blocks for networks that move.

use super::{beside, each, near, numbers, range, truths, uid};
use crate::verify::history::History;
use crate::verify::plain;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;

/// The communication range in programs of the table.
const RADIUS: f64 = 12.0;

/// The distance, and the value of the source and one more for each hop.
pub(crate) fn distance_and_count(site: &Site) -> Vec<Wanted> {
    let values = site.values();
    let own = |device: usize| values.get(device).copied().unwrap_or(0.0);
    let cast = plain::cast(site, &site.sources(), Metric::Range, own, |v: &f64, _, _| v + 1.0);
    let count =
        cast.into_iter().enumerate().map(|(device, count)| count.unwrap_or_else(|| own(device)));
    beside([numbers(range(site)), numbers(count.collect())])
}

/// Half of the longest link.
pub(crate) fn half_link(site: &Site) -> Vec<Wanted> {
    let longest = |device: usize| {
        let links = site.neighbors(device).iter();
        let lengths = links.map(|other| site.length(Metric::Range, device, *other));
        lengths.fold(0.0, f64::max) / 2.0
    };
    near(each(site, longest))
}

/// The weights of links to lower neighbours.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn weights(site: &Site, potential: &[f64], device: usize) -> Vec<(usize, f64)> {
    let lower = |other: &&usize| potential[**other] < potential[device];
    let weight = |other: &usize| {
        let inside = (RADIUS - site.length(Metric::Range, device, *other)).max(RADIUS / 100.0);
        (*other, inside * (potential[device] - potential[*other]))
    };
    let reached = potential[device].is_finite();
    site.neighbors(device).iter().filter(lower).filter(|_| reached).map(weight).collect()
}

/// Sums to which everyone adds, by the weights, parts of what it has.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn weighted(site: &Site, own: &[f64]) -> Vec<f64> {
    let potential = range(site);
    let mut total = own.to_vec();
    for device in site.ascending(&potential).into_iter().rev() {
        let weights = weights(site, &potential, device);
        let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
        for (other, weight) in weights {
            total[other] += total[device] * weight / all;
        }
    }
    total
}

pub(crate) fn weighted_sum(site: &Site) -> Vec<Wanted> {
    near(weighted(site, &site.values()))
}

pub(crate) fn weighted_mean(site: &Site) -> Vec<Wanted> {
    let (sum, count) = (weighted(site, &site.values()), weighted(site, &site.map(|_| 1.0)));
    near(sum.into_iter().zip(count).map(|(sum, count)| sum / count).collect())
}

/// The greatest value over links of at least so much of the best link's weight.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn greatest_over(site: &Site, least: f64) -> Vec<Wanted> {
    let potential = range(site);
    let mut total = site.values();
    for device in site.ascending(&potential).into_iter().rev() {
        let weights = weights(site, &potential, device);
        let best = weights.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        for (other, weight) in weights {
            if weight >= least * best {
                total[other] = total[other].max(total[device]);
            }
        }
    }
    numbers(total)
}

pub(crate) fn greatest_over_good_links(site: &Site) -> Vec<Wanted> {
    greatest_over(site, 0.5)
}

/// Over the best link, over good ones, and over all.
pub(crate) fn greatest_over_links(site: &Site) -> Vec<Wanted> {
    beside([1.0, 0.7, 0.0].map(|least| greatest_over(site, least)))
}

/// The speed at which a value descends from a device to a lower neighbour at least, if the link is sure
/// to last for two rounds in which both move apart by one each second.
fn sure_speed(site: &Site, potential: &[f64], from: usize, to: usize) -> Option<f64> {
    let slowest = (potential.get(from)? - potential.get(to)?) / 2.0 - 1.0;
    let far = site.length(Metric::Range, from, to) + 2.0;
    (slowest > 0.0 && slowest.is_finite() && far <= RADIUS).then_some(slowest)
}

/// Everyone hands what it has to the neighbour to which it descends fastest for sure, or to the lowest.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn summed_over_sure_links(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    let mut total = site.values();
    for device in site.ascending(&potential).into_iter().rev() {
        let lower =
            site.neighbors(device).iter().copied().filter(|other| {
                potential[*other] < potential[device] && potential[device].is_finite()
            });
        let rank = |other: &usize| {
            let sure = sure_speed(site, &potential, device, *other);
            (-sure.unwrap_or(f64::NEG_INFINITY), potential[*other])
        };
        let best = lower.min_by(|a, b| {
            let ((a, low), (b, lower)) = (rank(a), rank(b));
            a.total_cmp(&b).then(low.total_cmp(&lower))
        });
        if let Some(best) = best {
            total[best] += total[device];
        }
    }
    numbers(total)
}

/// The greatest value above, over the links that are surest, and over others that are fast at the
/// moment; those are not known where rounds come at random.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn greatest_over_fast_links(site: &Site, history: &History, device: usize) -> Wanted {
    let potential = range(site);
    let (mut least, mut most) = (site.values(), site.values());
    for from in site.ascending(&potential).into_iter().rev() {
        let below = |to: &&usize| potential[**to] < potential[from];
        let below: Vec<usize> = site.neighbors(from).iter().filter(below).copied().collect();
        let sure = below.iter().filter_map(|to| sure_speed(site, &potential, from, *to));
        let threshold = sure.fold(f64::NEG_INFINITY, f64::max);
        for to in below {
            most[to] = most[to].max(most[from]);
            // Half of what is sure within two rounds: a round of a second is in time.
            if history.is_logical() && potential[from] - potential[to] >= threshold {
                least[to] = least[to].max(least[from]);
            }
        }
    }
    let most = if history.is_logical() { &least } else { &most };
    Wanted::Between(least[device], most[device])
}

fn led(site: &Site) -> Vec<(usize, f64)> {
    plain::led(site, &site.map(|spot| spot.strength), Metric::Range, |far| far <= 25.0)
}

pub(crate) fn leader(site: &Site) -> Vec<Wanted> {
    led(site).into_iter().map(|(leader, _)| Wanted::Exactly(uid(site, leader))).collect()
}

pub(crate) fn leads(site: &Site) -> Vec<Wanted> {
    let led = led(site).into_iter().enumerate();
    truths(led.map(|(device, (leader, _))| leader == device).collect())
}

/// Within two hops; many devices are equally strong.
pub(crate) fn leader_and_hops(site: &Site) -> Vec<Wanted> {
    let led = plain::led(site, &site.values(), Metric::Hops, |far| far <= 2.0);
    let pair = |(leader, far)| {
        Wanted::Tuple(vec![Wanted::Exactly(uid(site, leader)), Wanted::number(far)])
    };
    led.into_iter().map(pair).collect()
}

/// From 0 to 1, what it was before, and another one than that of others.
pub(crate) fn drawn_once(_: &Site, history: &History, device: usize) -> Wanted {
    let drawn = |device: usize, back: usize| {
        history.of(device).iter().rev().nth(back).and_then(|round| round.value.as_number())
    };
    let here = drawn(device, 0);
    let others = (0..history.len()).filter(|other| *other != device);
    if !here.is_some_and(|here| (0.0..1.0).contains(&here)) {
        Wanted::Other("a number from 0 to 1".to_owned())
    } else if history.of(device).len() > 1 && drawn(device, 1) != here {
        Wanted::Other("the number of the round before".to_owned())
    } else if others.into_iter().any(|other| drawn(other, 0) == here) {
        Wanted::Other("a number that no other device has drawn".to_owned())
    } else {
        Wanted::Anything
    }
}
