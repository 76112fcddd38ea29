//! What each block of the table is to end at.

use super::plain::{self, gathered, parent, told};
use super::site::{Metric, Site};
use super::wanted::Wanted;
use fieldrun_device::{NodeId, Value};

const NEAR: f64 = 15.0;

fn numbers(numbers: Vec<f64>) -> Vec<Wanted> {
    numbers.into_iter().map(Wanted::number).collect()
}

fn truths(truths: Vec<bool>) -> Vec<Wanted> {
    truths.into_iter().map(Wanted::truth).collect()
}

fn range(site: &Site) -> Vec<f64> {
    site.distances(&site.sources(), Metric::Range)
}

fn by_hops(site: &Site) -> Vec<f64> {
    site.distances(&site.sources(), Metric::Hops)
}

fn destinations(site: &Site) -> Vec<bool> {
    site.map(|spot| spot.destination)
}

fn obstacles(site: &Site) -> Vec<bool> {
    site.map(|spot| spot.obstacle)
}

fn one_if(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

fn add(a: f64, b: f64) -> f64 {
    a + b
}

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

/// What the nearest source casts; what the device itself has where there is none.
fn cast_or_own(site: &Site, metric: Metric<'_>, values: &[f64]) -> Vec<f64> {
    let told = told(site, &site.sources(), metric, values);
    told.into_iter().zip(values).map(|(told, own)| told.unwrap_or(*own)).collect()
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

/// Follows the lowest neighbours down to a source.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn handed_up(site: &Site, potential: &[f64]) -> Vec<f64> {
    let mut handed = site.values();
    for device in site.ascending(potential) {
        if let Some(parent) = parent(site, potential, device) {
            let lowest = |other: &&usize| potential[**other] == potential[parent];
            let candidates = site.neighbors(device).iter().filter(lowest);
            handed[device] = candidates.map(|other| handed[*other]).fold(f64::INFINITY, f64::min);
        }
    }
    handed
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

#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn shaded(site: &Site, metric: Metric<'_>) -> Vec<bool> {
    let own = obstacles(site);
    let step = |shade: &bool, _, to: usize| *shade || own[to];
    let cast = plain::cast(site, &site.sources(), metric, |source| own[source], step);
    cast.into_iter().zip(&own).map(|(shade, own)| shade.unwrap_or(*own)).collect()
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

fn of_parent(site: &Site, value: impl Fn(i64) -> Value, own: impl Fn(i64) -> Value) -> Vec<Wanted> {
    let potential = by_hops(site);
    let id = |device: usize| site.spots.get(device).map_or(0, |spot| spot.id);
    let wanted = |device: usize| match parent(site, &potential, device) {
        Some(parent) => Wanted::Exactly(value(id(parent))),
        None => Wanted::Exactly(own(id(device))),
    };
    (0..site.len()).map(wanted).collect()
}

pub(crate) fn parent_id(site: &Site) -> Vec<Wanted> {
    of_parent(site, |id| Value::Uid(NodeId::Int(id)), |_| Value::Number(-2.0))
}

pub(crate) fn parent_device(site: &Site) -> Vec<Wanted> {
    let device = |id| Value::Device(NodeId::Int(id));
    of_parent(site, device, device)
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

pub(crate) fn hops_or_zero(site: &Site) -> Vec<Wanted> {
    let depth = |hops: f64| if hops.is_finite() { hops } else { 0.0 };
    numbers(by_hops(site).into_iter().map(depth).collect())
}

/// An obstacle on the way on which the potentials of devices add up to the least.
pub(crate) fn branch_down(site: &Site) -> Vec<Wanted> {
    let shaded = shaded(site, Metric::Own(&range(site)));
    numbers(shaded.into_iter().map(one_if).collect())
}

pub(crate) fn branch_up(site: &Site) -> Vec<Wanted> {
    let own = site.map(|spot| one_if(spot.obstacle));
    numbers(gathered(site, &range(site), &own, f64::max))
}

/// Leaders keep half the grain apart, and everyone is within the grain of one.
pub(crate) fn sparse(site: &Site, values: &[Value]) -> Option<(usize, String)> {
    const GRAIN: f64 = 20.0;
    let leads: Vec<bool> = values.iter().map(|value| *value == Value::Bool(true)).collect();
    let distance = site.distances(&leads, Metric::Range);
    let far = distance.iter().position(|distance| *distance > GRAIN);
    if let Some(device) = far {
        return Some((device, format!("a leader within {GRAIN} of it")));
    }
    let leader = |device: &usize| leads.get(*device) == Some(&true);
    for one in (0..site.len()).filter(leader) {
        let only: Vec<bool> = (0..site.len()).map(|device| device == one).collect();
        let distance = site.distances(&only, Metric::Range);
        let near = |other: &usize| *other != one && distance.get(*other) < Some(&(GRAIN / 2.0));
        if let Some(other) = (0..site.len()).filter(leader).find(near) {
            return Some((other, format!("no two leaders within {} of each other", GRAIN / 2.0)));
        }
    }
    None
}

pub(crate) fn elected(site: &Site) -> Vec<Wanted> {
    let led = plain::led(site, &site.map(|spot| spot.strength), 25.0);
    let id = |leader: usize| site.spots.get(leader).map_or(0, |spot| spot.id);
    led.into_iter().map(|leader| Wanted::uid(id(leader))).collect()
}

/// Publishers and those who have a subscriber above them.
pub(crate) fn published(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    let asks = site.map(|spot| one_if(spot.destination));
    let wanted = gathered(site, &potential, &asks, f64::max);
    let news = handed_up(site, &potential);
    let sources = site.sources();
    let all = wanted.into_iter().zip(news).zip(sources).zip(potential);
    all.map(|(((wanted, news), source), potential)| match wanted > 0.0 || source {
        false => Wanted::number(-1.0),
        true if potential.is_finite() => Wanted::number(news),
        true => Wanted::Anything,
    })
    .collect()
}

pub(crate) fn alike_neighbors(site: &Site) -> Vec<Wanted> {
    let own = obstacles(site);
    let alike = |device: usize| {
        let same = |other: &&usize| own.get(**other) == own.get(device);
        site.neighbors(device).iter().filter(same).count() as f64
    };
    numbers((0..site.len()).map(alike).collect())
}

pub(crate) fn greatest(site: &Site) -> Vec<Wanted> {
    numbers(plain::over_joined(site, &site.values(), f64::max))
}

pub(crate) fn neighbors(site: &Site) -> Vec<Wanted> {
    numbers((0..site.len()).map(|device| site.neighbors(device).len() as f64).collect())
}

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

pub(crate) fn zero(site: &Site) -> Vec<Wanted> {
    site.map(|_| Wanted::number(0.0))
}

pub(crate) fn yes(site: &Site) -> Vec<Wanted> {
    site.map(|_| Wanted::truth(true))
}

pub(crate) fn no(site: &Site) -> Vec<Wanted> {
    site.map(|_| Wanted::truth(false))
}

pub(crate) fn is_source(site: &Site) -> Vec<Wanted> {
    truths(site.sources())
}

pub(crate) fn own_value(site: &Site) -> Vec<Wanted> {
    site.values().into_iter().map(Wanted::Near).collect()
}
