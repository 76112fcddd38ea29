//! `protelis:coord:spreading`.

use super::{
    beside, by_hops, cast_or_own, destinations, each, handed_up, numbers, obstacles, range, shaded,
    truths,
};
use crate::verify::plain;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

/// Two links of a grid.
const NEAR: f64 = 16.0;

pub(crate) fn distance(site: &Site) -> Vec<Wanted> {
    numbers(range(site))
}

pub(crate) fn twice_distance(site: &Site) -> Vec<Wanted> {
    range(site).into_iter().map(|distance| Wanted::Near(2.0 * distance)).collect()
}

pub(crate) fn hops(site: &Site) -> Vec<Wanted> {
    numbers(by_hops(site))
}

/// Within a tenth, and the tenth of a link.
fn around(distances: Vec<f64>, link: f64) -> Vec<Wanted> {
    let around = |distance: f64| match distance.is_finite() {
        true => Wanted::Between(0.89 * distance - link / 10.0, 1.11 * distance + link / 10.0),
        false => Wanted::number(distance),
    };
    distances.into_iter().map(around).collect()
}

pub(crate) fn flexible(site: &Site) -> Vec<Wanted> {
    around(range(site), 10.0)
}

pub(crate) fn flexible_hops(site: &Site) -> Vec<Wanted> {
    around(by_hops(site), 1.0)
}

pub(crate) fn broadcast(site: &Site) -> Vec<Wanted> {
    numbers(cast_or_own(site, Metric::Range, &site.values()))
}

pub(crate) fn hop_broadcast(site: &Site) -> Vec<Wanted> {
    numbers(cast_or_own(site, Metric::Hops, &site.values()))
}

pub(crate) fn length_by_hops(site: &Site) -> Vec<Wanted> {
    let longer = |length: &f64, from, to| length + site.length(Metric::Range, from, to);
    let cast = plain::cast(site, &site.sources(), Metric::Hops, |_| 0.0, longer);
    numbers(cast.into_iter().map(|length| length.unwrap_or(0.0)).collect())
}

pub(crate) fn gradient(site: &Site) -> Vec<Wanted> {
    let values = cast_or_own(site, Metric::Range, &site.values());
    let pair = |(distance, value): (f64, f64)| {
        Wanted::Exactly(Value::tuple(vec![distance.into(), value.into()]))
    };
    range(site).into_iter().zip(values).map(pair).collect()
}

pub(crate) fn gradcast(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    let handed = handed_up(site, &potential);
    let wanted = |(value, potential): (f64, f64)| match potential.is_finite() {
        true => Wanted::number(value),
        // Where no potential tells up from down, values wander.
        false => Wanted::Anything,
    };
    handed.into_iter().zip(potential).map(wanted).collect()
}

fn between(site: &Site) -> Vec<f64> {
    cast_or_own(site, Metric::Range, &site.distances(&destinations(site), Metric::Range))
}

pub(crate) fn distance_between(site: &Site) -> Vec<Wanted> {
    numbers(between(site))
}

fn in_channel(site: &Site) -> Vec<bool> {
    let (near, far) = (range(site), site.distances(&destinations(site), Metric::Range));
    let way = near.into_iter().zip(far).map(|(near, far)| near + far);
    way.zip(between(site)).map(|(way, between)| way <= between + 5.0).collect()
}

pub(crate) fn channel(site: &Site) -> Vec<Wanted> {
    truths(in_channel(site))
}

/// Something in the network without obstacles, where faults can leave nothing; else another thing.
pub(super) fn around_obstacles(
    site: &Site,
    inside: impl Fn(&Site) -> Vec<Wanted>,
    needs_destination: bool,
    on_obstacle: &Wanted,
) -> Vec<Wanted> {
    let free = site.without(&obstacles(site));
    let source = free.joined(&free.sources());
    let destination = free.joined(&destinations(&free));
    let wanted = inside(&free).into_iter().enumerate();
    let choose = |(device, wanted): (usize, Wanted)| {
        let is = |list: &[bool]| list.get(device) == Some(&true);
        if is(&obstacles(site)) {
            on_obstacle.clone()
        } else if site.corrupted && !(is(&source) && (is(&destination) || !needs_destination)) {
            Wanted::Anything
        } else {
            wanted
        }
    };
    wanted.map(choose).collect()
}

pub(crate) fn channel_with_obstacle(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, channel, true, &Wanted::truth(false))
}

pub(crate) fn bound_distance(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, distance, false, &Wanted::number(f64::INFINITY))
}

pub(crate) fn bound_broadcast(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, broadcast, false, &Wanted::number(-1.0))
}

/// From the sources to all neighbours that are nearest to the destination, and on.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn on_shortest_path(site: &Site) -> Vec<bool> {
    let far = site.distances(&destinations(site), Metric::Range);
    let next = |device: usize| {
        let neighbors = site.neighbors(device);
        let nearest = neighbors.iter().map(|other| far[*other]).fold(f64::INFINITY, f64::min);
        neighbors.iter().copied().filter(|other| far[*other] == nearest).collect()
    };
    plain::followed(&site.sources(), next)
}

pub(crate) fn shortest_path(site: &Site) -> Vec<Wanted> {
    truths(on_shortest_path(site))
}

/// No farther from the shortest path than a link of a grid is long.
pub(crate) fn near_path(site: &Site) -> Vec<Wanted> {
    let far = site.distances(&on_shortest_path(site), Metric::Range);
    truths(far.into_iter().map(|distance| distance <= 8.0).collect())
}

pub(crate) fn near_path_around_obstacles(site: &Site) -> Vec<Wanted> {
    around_obstacles(site, near_path, true, &Wanted::truth(false))
}

pub(crate) fn descend(site: &Site) -> Vec<Wanted> {
    let far = site.distances(&destinations(site), Metric::Range);
    let next = |device| plain::lowest(site, &far, device).into_iter().collect();
    truths(plain::followed(&site.sources(), next))
}

pub(crate) fn closer(site: &Site) -> Vec<Wanted> {
    truths(range(site).into_iter().map(|distance| distance < NEAR).collect())
}

pub(crate) fn closer_by_hops(site: &Site) -> Vec<Wanted> {
    truths(by_hops(site).into_iter().map(|hops| hops < 2.0).collect())
}

pub(crate) fn direct_projection(site: &Site) -> Vec<Wanted> {
    truths(shaded(site, Metric::Range))
}

pub(crate) fn nearest_source(site: &Site) -> Vec<Wanted> {
    let ids = site.map(|spot| spot.id as f64);
    let named = cast_or_own(site, Metric::Range, &ids);
    named.into_iter().map(|id| Wanted::uid(id as i64)).collect()
}

/// The number of neighbours that are near a source, as seen by those that are.
pub(crate) fn near_neighbors(site: &Site) -> Vec<Wanted> {
    neighbors_among(site, &range(site).into_iter().map(|far| far < NEAR).collect::<Vec<_>>())
}

pub(crate) fn near_neighbors_by_hops(site: &Site) -> Vec<Wanted> {
    neighbors_among(site, &by_hops(site).into_iter().map(|hops| hops < 2.0).collect::<Vec<_>>())
}

fn neighbors_among(site: &Site, near: &[bool]) -> Vec<Wanted> {
    let is = |device: usize| near.get(device) == Some(&true);
    let count = |device: usize| site.neighbors(device).iter().filter(|other| is(**other)).count();
    let wanted = |device| if is(device) { count(device) as f64 } else { -1.0 };
    numbers((0..site.len()).map(wanted).collect())
}

pub(crate) fn neighbors(site: &Site) -> Vec<Wanted> {
    numbers((0..site.len()).map(|device| site.neighbors(device).len() as f64).collect())
}

/// For each of the devices 0 and 1 its name and what comes from it; where it is not joined, what a
/// device has of its own.
fn from_two(site: &Site, of: impl Fn(&[bool], usize) -> Wanted) -> Vec<Wanted> {
    let from = |id: i64| {
        let is_source = site.map(|spot| spot.id == id);
        let joined = site.joined(&is_source);
        let pair = |device: usize| {
            let open = site.corrupted && joined.get(device) == Some(&false);
            let what = if open { Wanted::Anything } else { of(&is_source, device) };
            Wanted::Tuple(vec![Wanted::Exactly(Value::text(&id.to_string())), what])
        };
        each(site, pair)
    };
    beside([from(0), from(1)])
}

/// The source's value and the number of hops.
fn counted(site: &Site, sources: &[bool], device: usize) -> f64 {
    let values = site.values();
    let own = |device: usize| values.get(device).copied().unwrap_or(0.0);
    let cast = plain::cast(site, sources, Metric::Range, own, |value: &f64, _, _| value + 1.0);
    cast.get(device).copied().flatten().unwrap_or_else(|| own(device))
}

pub(crate) fn counted_from_two(site: &Site) -> Vec<Wanted> {
    from_two(site, |sources, device| Wanted::number(counted(site, sources, device)))
}

pub(crate) fn distance_from_two(site: &Site) -> Vec<Wanted> {
    from_two(site, |sources, device| {
        let distance = site.distances(sources, Metric::Range).get(device).copied();
        let distance = distance.unwrap_or(f64::INFINITY);
        Wanted::Tuple([distance, counted(site, sources, device)].map(Wanted::number).to_vec())
    })
}
