//! `protelis:coord:graph`: graphs that devices lay over the network by naming neighbours.

use super::{numbers, truths};
use crate::verify::plain;
use crate::verify::site::{Site, Spot};
use crate::verify::wanted::Wanted;

/// The ids in the calls of `greatestLowerBound` and `leastUpperBound`.
const NODES: [i64; 2] = [2, 3];

/// For each device, the neighbours that it names.
#[expect(clippy::indexing_slicing, reason = "links join devices of this site")]
fn arcs(site: &Site, names: impl Fn(&Spot, &Spot) -> bool) -> Vec<Vec<usize>> {
    let named = |device: usize| {
        let neighbors = site.neighbors(device).iter().copied();
        neighbors.filter(|other| names(&site.spots[device], &site.spots[*other])).collect()
    };
    (0..site.len()).map(named).collect()
}

/// `(2 * nbr(value) + value) % 5 < 3`
fn needs(site: &Site) -> Vec<Vec<usize>> {
    arcs(site, |own, other| (2.0 * other.value + own.value) % 5.0 < 3.0)
}

/// Whether arcs lead from each device back to itself.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn returns(site: &Site, arcs: &[Vec<usize>]) -> Vec<bool> {
    let comes_back = |device: usize| {
        let start: Vec<bool> = (0..site.len()).map(|other| arcs[device].contains(&other)).collect();
        plain::followed(&start, |next| arcs[next].clone())[device]
    };
    (0..site.len()).map(comes_back).collect()
}

pub(crate) fn in_circle(site: &Site) -> Vec<Wanted> {
    truths(returns(site, &needs(site)))
}

/// Obstacles name themselves, too.
pub(crate) fn in_circle_or_obstacle(site: &Site) -> Vec<Wanted> {
    let mut arcs = needs(site);
    for ((device, arcs), spot) in arcs.iter_mut().enumerate().zip(&site.spots) {
        if spot.obstacle {
            arcs.push(device);
        }
    }
    truths(returns(site, &arcs))
}

pub(crate) fn names_itself(site: &Site) -> Vec<Wanted> {
    truths(site.map(|spot| spot.obstacle))
}

pub(crate) fn named_by_none(site: &Site) -> Vec<Wanted> {
    let arcs = needs(site);
    truths(
        (0..site.len()).map(|device| !arcs.iter().any(|named| named.contains(&device))).collect(),
    )
}

pub(crate) fn names_none(site: &Site) -> Vec<Wanted> {
    truths(needs(site).iter().map(Vec::is_empty).collect())
}

/// The sum of something over the neighbours: their values, or what stands for those not named.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn summed(site: &Site, others: f64) -> Vec<Wanted> {
    let (arcs, values) = (needs(site), site.values());
    let sum = |device: usize| {
        let of = |other: &usize| if arcs[device].contains(other) { values[*other] } else { others };
        site.neighbors(device).iter().map(of).sum()
    };
    numbers((0..site.len()).map(sum).collect())
}

pub(crate) fn named_values(site: &Site) -> Vec<Wanted> {
    summed(site, 0.0)
}

pub(crate) fn named_values_or_hundred(site: &Site) -> Vec<Wanted> {
    summed(site, 100.0)
}

/// Arcs to a device from each that has it below it: from those that the device names, and on.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn arcs_down_to(site: &Site, node: i64, above: &[Vec<usize>]) -> Vec<f64> {
    let mut count = site.map(|spot| if spot.id == node { 0.0 } else { f64::INFINITY });
    let mut level: Vec<usize> = (0..site.len()).filter(|device| count[*device] == 0.0).collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for device in level {
            for higher in &above[device] {
                if count[*higher].is_infinite() {
                    count[*higher] = count[device] + 1.0;
                    next.push(*higher);
                }
            }
        }
        level = next;
    }
    count
}

/// Whose farthest node is nearest of all that are joined.
fn nearest_common(site: &Site, above: &[Vec<usize>]) -> Vec<Wanted> {
    let [first, second] = NODES.map(|node| arcs_down_to(site, node, above));
    let farthest: Vec<f64> = first.into_iter().zip(second).map(|(a, b)| a.max(b)).collect();
    let least = plain::over_joined(site, &farthest, f64::min);
    let is = |(own, least): (&f64, f64)| own.is_finite() && *own == least;
    truths(farthest.iter().zip(least).map(is).collect())
}

pub(crate) fn nearest_above(site: &Site) -> Vec<Wanted> {
    nearest_common(site, &arcs(site, |own, other| other.strength > own.strength))
}

pub(crate) fn nearest_below(site: &Site) -> Vec<Wanted> {
    nearest_common(site, &arcs(site, |own, other| other.strength < own.strength))
}
