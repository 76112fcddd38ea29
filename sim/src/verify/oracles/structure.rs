//! `protelis:coord:tree` and `protelis:coord:sparsechoice`.

use super::{by_hops, numbers, of_parent, one_if, range, shaded};
use crate::verify::plain::{self, gathered};
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::{NodeId, Value};

pub(crate) fn parent_device(site: &Site) -> Vec<Wanted> {
    let device = |id| Value::Device(NodeId::Int(id));
    of_parent(site, device, device)
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
