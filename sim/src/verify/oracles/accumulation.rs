//! `protelis:coord:accumulation`.

use super::{add, by_hops, cast_or_own, numbers, of_parent, one_if, range};
use crate::verify::plain::{self, gathered};
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::{NodeId, Value};

pub(crate) fn collected(site: &Site) -> Vec<Wanted> {
    numbers(gathered(site, &range(site), &site.values(), add))
}

pub(crate) fn counted_by_hops(site: &Site) -> Vec<Wanted> {
    numbers(gathered(site, &by_hops(site), &site.map(|_| 1.0), add))
}

pub(crate) fn obstacles_counted(site: &Site) -> Vec<Wanted> {
    numbers(gathered(site, &range(site), &site.map(|spot| one_if(spot.obstacle)), add))
}

pub(crate) fn summarized(site: &Site) -> Vec<Wanted> {
    let total = gathered(site, &range(site), &site.values(), add);
    numbers(cast_or_own(site, Metric::Range, &total))
}

/// Sinks tell by the ways on which the potentials of devices add up to the least.
pub(crate) fn average(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    let total = gathered(site, &potential, &site.values(), add);
    let count = gathered(site, &potential, &site.map(|_| 1.0), add);
    let mean: Vec<f64> = total.iter().zip(&count).map(|(total, count)| total / count).collect();
    cast_or_own(site, Metric::Own(&potential), &mean).into_iter().map(Wanted::Near).collect()
}

pub(crate) fn least_summarized(site: &Site) -> Vec<Wanted> {
    let total = gathered(site, &range(site), &site.values(), f64::min);
    numbers(cast_or_own(site, Metric::Range, &total))
}

pub(crate) fn quorum(site: &Site) -> Vec<Wanted> {
    let count = gathered(site, &range(site), &site.map(|_| 1.0), add);
    let heard = cast_or_own(site, Metric::Range, &count);
    numbers(heard.into_iter().map(|count| if count < 6.0 { -count } else { count }).collect())
}

pub(crate) fn least_above(site: &Site) -> Vec<Wanted> {
    numbers(plain::all_ways(site, &range(site), &site.values(), f64::min))
}

pub(crate) fn greatest_above(site: &Site) -> Vec<Wanted> {
    numbers(plain::all_ways(site, &range(site), &site.values(), f64::max))
}

pub(crate) fn divided(site: &Site) -> Vec<Wanted> {
    plain::divided_count(site, &range(site)).into_iter().map(Wanted::Near).collect()
}

pub(crate) fn parent_id(site: &Site) -> Vec<Wanted> {
    of_parent(site, |id| Value::Uid(NodeId::Int(id)), |_| Value::Number(-2.0))
}

/// At least twice the greatest distance from a source; more if a way was long before it was short,
/// but never more than twice all links.
pub(crate) fn diameter(site: &Site) -> Vec<Wanted> {
    let reached = |distance: f64| if distance.is_finite() { distance } else { 0.0 };
    let own: Vec<f64> = range(site).into_iter().map(reached).collect();
    let ends = (0..site.len()).flat_map(|a| site.neighbors(a).iter().map(move |b| (a, *b)));
    let twice_all: f64 = ends.map(|(a, b)| site.length(Metric::Range, a, b)).sum();
    let farthest = plain::over_joined(site, &own, f64::max);
    farthest.into_iter().map(|most| Wanted::Between(2.0 * most, twice_all)).collect()
}
