//! `protelis:coord:accumulation`.

use super::{
    add, around_obstacles, beside, by_hops, cast_or_own, each, near, numbers, one_if, range,
};
use crate::verify::plain::{self, gathered};
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

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

/// Once what a device has is divided by the number of its lower neighbours, once by the sum of their
/// values.
pub(crate) fn divided_sums(site: &Site) -> Vec<Wanted> {
    let (potential, values) = (range(site), site.values());
    let sum = |below: &[usize]| below.iter().filter_map(|other| values.get(*other)).sum::<f64>();
    let by_values = |_, total: f64, below: &[usize]| total / sum(below);
    let by_number = |_, total: f64, below: &[usize]| total / below.len() as f64;
    let ones = plain::divided(site, &potential, &site.map(|_| 1.0), by_number);
    let all = plain::divided(site, &potential, &values, by_values);
    beside([ones, all].map(near))
}

pub(crate) fn divided_sum(site: &Site) -> Vec<Wanted> {
    let by_number = |_, total: f64, below: &[usize]| total / below.len() as f64;
    near(plain::divided(site, &range(site), &site.values(), by_number))
}

/// Parts are three times what a device has, by its value and the number of lower neighbours.
pub(crate) fn divided_by_own(site: &Site) -> Vec<Wanted> {
    let values = site.values();
    let own = |device: usize| values.get(device).copied().unwrap_or(1.0);
    let part =
        |device, total: f64, below: &[usize]| 3.0 * total / (own(device) * below.len() as f64);
    near(plain::divided(site, &range(site), &values, part))
}

/// A sum, a maximum and a list of ids, and what is left of them without neighbours.
pub(crate) fn aggregated(site: &Site) -> Vec<Wanted> {
    let values = site.values();
    let over = |device: usize, join: fn(f64, f64) -> f64| {
        let theirs = site.neighbors(device).iter().filter_map(|other| values.get(*other).copied());
        theirs.reduce(join).or_else(|| values.get(device).copied()).unwrap_or(0.0)
    };
    beside([add, f64::min].map(|join| numbers(each(site, |device| over(device, join)))))
}

pub(crate) fn counted_in_region(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    let count = |free: &Site| {
        let own = free.map(|spot| one_if(spot.value > 4.0));
        numbers(gathered(free, &potential, &own, add))
    };
    around_obstacles(site, count, false, &Wanted::number(0.0))
}

pub(crate) fn summarized_by_hops(site: &Site) -> Vec<Wanted> {
    let total = gathered(site, &by_hops(site), &site.values(), add);
    numbers(cast_or_own(site, Metric::Hops, &total))
}

fn summed_down_own(site: &Site) -> Vec<f64> {
    let potential = range(site);
    let total = gathered(site, &potential, &site.values(), add);
    cast_or_own(site, Metric::Own(&potential), &total)
}

pub(crate) fn summarized_by_potential(site: &Site) -> Vec<Wanted> {
    numbers(summed_down_own(site))
}

/// Twice what arrives at a sink, and one more.
pub(crate) fn summarized_and_changed(site: &Site) -> Vec<Wanted> {
    numbers(summed_down_own(site).into_iter().map(|total| 2.0 * total + 1.0).collect())
}

pub(crate) fn average_nearby(site: &Site) -> Vec<Wanted> {
    let far: Vec<bool> = range(site).into_iter().map(|distance| distance >= 15.0).collect();
    let means = average(&site.without(&far)).into_iter().zip(far);
    means.map(|(mean, far)| if far { Wanted::number(-1.0) } else { mean }).collect()
}

pub(crate) fn quorum_of_some(site: &Site) -> Vec<Wanted> {
    let own = site.map(|spot| one_if(spot.value > 4.0));
    let heard = cast_or_own(site, Metric::Range, &gathered(site, &range(site), &own, add));
    numbers(heard.into_iter().map(|count| if count < 3.0 { -count - 1.0 } else { count }).collect())
}

/// At least twice the greatest distance from a source; more if a way was long before it was short,
/// but never more than twice all links.
fn twice_farthest(site: &Site, metric: Metric<'_>) -> Vec<Wanted> {
    let reached = |distance: f64| if distance.is_finite() { distance } else { 0.0 };
    let own: Vec<f64> = site.distances(&site.sources(), metric).into_iter().map(reached).collect();
    let ends = (0..site.len()).flat_map(|a| site.neighbors(a).iter().map(move |b| (a, *b)));
    let twice_all: f64 = ends.map(|(a, b)| site.length(metric, a, b)).sum();
    let farthest = plain::over_joined(site, &own, f64::max);
    farthest.into_iter().map(|most| Wanted::Between(2.0 * most, twice_all)).collect()
}

pub(crate) fn diameter(site: &Site) -> Vec<Wanted> {
    twice_farthest(site, Metric::Range)
}

pub(crate) fn diameter_by_hops(site: &Site) -> Vec<Wanted> {
    twice_farthest(site, Metric::Hops)
}

pub(crate) fn diameter_in_region(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, diameter, false, &Wanted::number(0.0))
}

pub(crate) fn diameter_in_region_by_hops(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, diameter_by_hops, false, &Wanted::number(0.0))
}

/// All that are joined have come near to one value, which lies between those that they started from.
pub(crate) fn agreement(site: &Site, values: &[Value]) -> Option<(usize, String)> {
    const NEAR: f64 = 0.5;
    let numbers = values.iter().map(|value| value.as_number().unwrap_or(f64::NAN));
    let numbers: Vec<f64> = numbers.collect();
    let [least, most] =
        [f64::min, f64::max].map(|join| plain::over_joined(site, &site.values(), join));
    let [lowest, highest] =
        [f64::min, f64::max].map(|join| plain::over_joined(site, &numbers, join));
    let bounds = least.into_iter().zip(most).zip(lowest.into_iter().zip(highest));
    let all = numbers.into_iter().zip(bounds).enumerate();
    let mut broken = all.filter_map(|(device, (value, ((least, most), (lowest, highest))))| {
        let within = (least - 1e-9..=most + 1e-9).contains(&value);
        (!within || highest - lowest > NEAR).then(|| {
            let wanted = format!(
                "a number from {least} to {most}, within {NEAR} of all that it is joined with"
            );
            (device, wanted)
        })
    });
    broken.next()
}
