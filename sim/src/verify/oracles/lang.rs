//! `protelis:lang:*`: operators at constants and fields that show each of their branches.

use super::{numbers, obstacles, truths};
use crate::verify::plain;
use crate::verify::site::{Site, Spot};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;
use std::cmp::Ordering;

/// Whether neighbours differ among themselves.
pub(crate) fn at_edge(site: &Site) -> Vec<Wanted> {
    let own = obstacles(site);
    let has = |device: usize, wanted: bool| {
        site.neighbors(device).iter().any(|other| own.get(*other) == Some(&wanted))
    };
    truths((0..site.len()).map(|device| has(device, true) && has(device, false)).collect())
}

pub(crate) fn sees_source(site: &Site) -> Vec<Wanted> {
    let sources = site.sources();
    let is = |other: &usize| sources.get(*other) == Some(&true);
    truths((0..site.len()).map(|device| site.neighbors(device).iter().any(is)).collect())
}

pub(crate) fn greatest_uphill(site: &Site) -> Vec<Wanted> {
    let values = site.values();
    numbers(plain::all_ways(site, &values, &values, f64::max))
}

fn around(site: &Site, device: usize) -> impl Iterator<Item = &Spot> {
    site.neighbors(device).iter().filter_map(|other| site.spots.get(*other))
}

/// A tuple for each device, of itself and its neighbours.
fn each(site: &Site, of: impl Fn(&Spot, &[&Spot]) -> Vec<Wanted>) -> Vec<Wanted> {
    let tuple = |(device, spot): (usize, &Spot)| {
        Wanted::Tuple(of(spot, &around(site, device).collect::<Vec<_>>()))
    };
    site.spots.iter().enumerate().map(tuple).collect()
}

fn tuple(numbers: &[f64]) -> Wanted {
    Wanted::Exactly(Value::tuple(numbers.iter().map(|number| (*number).into()).collect()))
}

/// At all pairs of truths, and whether it is so of a neighbour being a source and oneself being an
/// obstacle.
fn table(site: &Site, of: fn(bool, bool) -> bool) -> Vec<Wanted> {
    each(site, |own, around| {
        let pairs = [(true, true), (true, false), (false, true), (false, false)];
        let any = around.iter().any(|other| of(other.source, own.obstacle));
        pairs.iter().map(|(a, b)| of(*a, *b)).chain([any]).map(Wanted::truth).collect()
    })
}

pub(crate) fn conjunction(site: &Site) -> Vec<Wanted> {
    table(site, |a, b| a && b)
}

pub(crate) fn disjunction(site: &Site) -> Vec<Wanted> {
    table(site, |a, b| a || b)
}

pub(crate) fn negation(site: &Site) -> Vec<Wanted> {
    each(site, |_, around| {
        let any = around.iter().any(|other| !other.source);
        [false, true, any].map(Wanted::truth).to_vec()
    })
}

/// Pairs in all orders, of numbers, texts, tuples and what has no order, and whether a neighbour's
/// value stands so to one's own.
fn compared(site: &Site, of: fn(Option<Ordering>) -> bool) -> Vec<Wanted> {
    use Ordering::{Equal, Greater, Less};
    let pairs =
        [Some(Less), Some(Equal), Some(Greater), Some(Less), Some(Greater), None, Some(Equal)];
    each(site, |own, around| {
        let any = around.iter().any(|other| of(other.value.partial_cmp(&own.value)));
        pairs.iter().map(|pair| of(*pair)).chain([any]).map(Wanted::truth).collect()
    })
}

pub(crate) fn equal(site: &Site) -> Vec<Wanted> {
    compared(site, |order| order == Some(Ordering::Equal))
}

pub(crate) fn not_equal(site: &Site) -> Vec<Wanted> {
    compared(site, |order| order != Some(Ordering::Equal))
}

pub(crate) fn greater(site: &Site) -> Vec<Wanted> {
    compared(site, |order| order == Some(Ordering::Greater))
}

pub(crate) fn greater_or_equal(site: &Site) -> Vec<Wanted> {
    compared(site, |order| order.is_some_and(Ordering::is_ge))
}

pub(crate) fn less(site: &Site) -> Vec<Wanted> {
    compared(site, |order| order == Some(Ordering::Less))
}

pub(crate) fn less_or_equal(site: &Site) -> Vec<Wanted> {
    compared(site, |order| order.is_some_and(Ordering::is_le))
}

/// The greatest of something over the neighbours.
fn most(around: &[&Spot], of: impl Fn(f64) -> f64) -> Wanted {
    Wanted::Near(around.iter().map(|other| of(other.value)).fold(f64::NEG_INFINITY, f64::max))
}

pub(crate) fn added(site: &Site) -> Vec<Wanted> {
    each(site, |own, around| {
        let own = own.value;
        vec![Wanted::number(own + 2.0), tuple(&[4.0, own + 5.0]), most(around, |v| own + v)]
    })
}

pub(crate) fn subtracted(site: &Site) -> Vec<Wanted> {
    each(site, |own, around| {
        let own = own.value;
        vec![Wanted::number(own - 2.0), tuple(&[-2.0, own - 5.0]), most(around, |v| own - v)]
    })
}

/// Of numbers, texts and tuples, then what has no order and the two zeros, of which the second
/// counts.
fn chosen(site: &Site, smaller: bool) -> Vec<Wanted> {
    each(site, |_, around| {
        let number = |low, high| Wanted::Near(if smaller { low } else { high });
        let of_field = |v: f64| if smaller { v.min(5.0) } else { v.max(5.0) };
        vec![
            number(1.0, 2.0),
            number(1.0, 2.0),
            Wanted::text(if smaller { "a" } else { "b" }),
            tuple(if smaller { &[1.0, 1.0] } else { &[1.0, 2.0] }),
            Wanted::Near(1.0),
            Wanted::Near(f64::NAN),
            Wanted::Near(f64::NEG_INFINITY),
            Wanted::Near(f64::INFINITY),
            most(around, of_field),
        ]
    })
}

pub(crate) fn smaller(site: &Site) -> Vec<Wanted> {
    chosen(site, true)
}

pub(crate) fn larger(site: &Site) -> Vec<Wanted> {
    chosen(site, false)
}

pub(crate) fn middle(site: &Site) -> Vec<Wanted> {
    each(site, |own, around| {
        let half_way = |v: f64| (own.value + v) * 0.5;
        vec![Wanted::Near(half_way(3.0)), most(around, half_way)]
    })
}

pub(crate) fn united(site: &Site) -> Vec<Wanted> {
    each(site, |own, _| {
        let mut set = vec![1.0, 2.0];
        for more in [own.value, 1.0, 30.0] {
            if !set.contains(&more) {
                set.push(more);
            }
        }
        vec![tuple(&set), tuple(&[7.0]), tuple(&[8.0])]
    })
}

pub(crate) fn unchanged(site: &Site) -> Vec<Wanted> {
    each(site, |own, _| {
        vec![Wanted::number(own.value), Wanted::truth(own.source), tuple(&[own.value, 1.0])]
    })
}

pub(crate) fn stretched(site: &Site) -> Vec<Wanted> {
    each(site, |own, _| [3.0, own.value, -2.0].map(Wanted::Near).to_vec())
}

/// Scaled by the lengths and shifted by the lower ends.
pub(crate) fn denormalized(site: &Site) -> Vec<Wanted> {
    each(site, |own, _| [5.0 * own.value + 20.0, 35.0 + 18.0].map(Wanted::Near).to_vec())
}

pub(crate) fn normed(site: &Site) -> Vec<Wanted> {
    each(site, |own, _| [5.0, own.value + 3.0, libm::cbrt(16.0), 0.0].map(Wanted::Near).to_vec())
}

/// One's own name, and those of the neighbours by ascending id.
pub(crate) fn names(site: &Site) -> Vec<Wanted> {
    each(site, |own, around| {
        let name = |spot: &Spot| Wanted::text(&spot.id.to_string());
        vec![name(own), Wanted::Tuple(around.iter().map(|other| name(other)).collect())]
    })
}

/// The neighbours' values, or the default, taken from the own value; for sources, of the other
/// sources alone.
pub(crate) fn less_neighbors(site: &Site) -> Vec<Wanted> {
    let without = |own: f64, others: &[&Spot]| {
        let others = others.iter().map(|other| other.value);
        own - others.reduce(|a, b| a - b).unwrap_or(100.0)
    };
    each(site, |own, around| {
        let sources: Vec<&Spot> = around.iter().copied().filter(|other| other.source).collect();
        let among_sources = if own.source { without(own.value, &sources) } else { -1.0 };
        vec![Wanted::number(without(own.value, around)), Wanted::number(among_sources)]
    })
}
