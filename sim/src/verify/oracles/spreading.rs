//! `protelis:coord:spreading`.

use super::{
    by_hops, cast_or_own, destinations, handed_up, numbers, obstacles, range, shaded, truths,
};
use crate::verify::plain;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

const NEAR: f64 = 15.0;

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
pub(crate) fn flexible(site: &Site) -> Vec<Wanted> {
    let around = |distance: f64| match distance.is_finite() {
        true => Wanted::Between(0.89 * distance - 1.0, 1.11 * distance + 1.0),
        false => Wanted::number(distance),
    };
    range(site).into_iter().map(around).collect()
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
fn around_obstacles(
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
pub(crate) fn shortest_path(site: &Site) -> Vec<Wanted> {
    let far = site.distances(&destinations(site), Metric::Range);
    let next = |device: usize| {
        let neighbors = site.neighbors(device);
        let nearest = neighbors.iter().map(|other| far[*other]).fold(f64::INFINITY, f64::min);
        neighbors.iter().copied().filter(|other| far[*other] == nearest).collect()
    };
    truths(plain::followed(&site.sources(), next))
}

pub(crate) fn descend(site: &Site) -> Vec<Wanted> {
    let far = site.distances(&destinations(site), Metric::Range);
    let next = |device| plain::lowest(site, &far, device).into_iter().collect();
    truths(plain::followed(&site.sources(), next))
}

pub(crate) fn closer(site: &Site) -> Vec<Wanted> {
    truths(range(site).into_iter().map(|distance| distance < NEAR).collect())
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
    let near: Vec<bool> = range(site).into_iter().map(|distance| distance < NEAR).collect();
    let is = |device: usize| near.get(device) == Some(&true);
    let count = |device: usize| site.neighbors(device).iter().filter(|other| is(**other)).count();
    let wanted = |device| if is(device) { count(device) as f64 } else { -1.0 };
    numbers((0..site.len()).map(wanted).collect())
}

pub(crate) fn neighbors(site: &Site) -> Vec<Wanted> {
    numbers((0..site.len()).map(|device| site.neighbors(device).len() as f64).collect())
}
