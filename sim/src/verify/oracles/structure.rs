//! `protelis:coord:tree` and `protelis:coord:sparsechoice`.

use super::{each, numbers, obstacles, one_if, range, shaded, uid};
use crate::verify::plain::{self, gathered, parent};
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::{NodeId, Value};

/// An obstacle on the way on which the potentials of devices add up to the least: what the parent is
/// called there, and elsewhere.
pub(crate) fn branch_down(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    branch_down_from(site, &potential)
}

/// Of a potential that is 1 at the sources.
pub(crate) fn branch_down_from_one(site: &Site) -> Vec<Wanted> {
    let potential: Vec<f64> = range(site).into_iter().map(|distance| distance + 1.0).collect();
    branch_down_from(site, &potential)
}

fn branch_down_from(site: &Site, potential: &[f64]) -> Vec<Wanted> {
    let shaded = shaded(site, Metric::Own(potential));
    let wanted = |(device, shaded): (usize, bool)| match parent(site, potential, device) {
        Some(parent) if shaded => device_value(site, parent),
        _ => Wanted::number(if shaded { -2.0 } else { 0.0 }),
    };
    shaded.into_iter().enumerate().map(wanted).collect()
}

fn device_value(site: &Site, device: usize) -> Wanted {
    let id = site.spots.get(device).map_or(0, |spot| spot.id);
    Wanted::Exactly(Value::Device(NodeId::Int(id)))
}

/// Where an obstacle is above: how many children have one above, or are one.
pub(crate) fn branch_up(site: &Site) -> Vec<Wanted> {
    let potential = range(site);
    let own = site.map(|spot| one_if(spot.obstacle));
    let found = gathered(site, &potential, &own, f64::max);
    let is_child = |device: usize, other: usize| parent(site, &potential, other) == Some(device);
    let with = |device: usize| {
        let children = site.neighbors(device).iter().filter(|other| is_child(device, **other));
        children.filter_map(|other| found.get(*other)).sum::<f64>()
    };
    let wanted = |device| if found.get(device) == Some(&1.0) { with(device) } else { -1.0 };
    numbers(each(site, wanted))
}

pub(crate) fn one_of_two(site: &Site) -> Vec<Wanted> {
    let wanted = |device: usize| {
        let value = site.values().get(device).copied().unwrap_or(0.0);
        if obstacles(site).get(device) == Some(&true) { value + 1.0 } else { -value }
    };
    numbers(each(site, wanted))
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
        let distance = site.distances(&site.only(one), Metric::Range);
        let near = |other: &usize| *other != one && distance.get(*other) < Some(&(GRAIN / 2.0));
        if let Some(other) = (0..site.len()).filter(leader).find(near) {
            return Some((other, format!("no two leaders within {} of each other", GRAIN / 2.0)));
        }
    }
    None
}

pub(crate) fn elected(site: &Site) -> Vec<Wanted> {
    let led = plain::led(site, &site.map(|spot| spot.strength), Metric::Range, |far| far < 25.0);
    led.into_iter().map(|(leader, _)| Wanted::Exactly(uid(site, leader))).collect()
}
