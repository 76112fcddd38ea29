//! What each block of the table is to end at; here what several parts need.

mod accumulation;
mod classic;
mod graph;
mod lang;
mod latch;
mod memory;
mod meta;
mod monitor;
mod moving;
mod parents;
mod ranges;
mod repaired;
mod replicas;
mod shared;
mod spreading;
mod structure;
mod time;

pub(crate) use accumulation::*;
pub(crate) use classic::*;
pub(crate) use graph::*;
pub(crate) use lang::*;
pub(crate) use latch::*;
pub(crate) use memory::*;
pub(crate) use meta::*;
pub(crate) use monitor::*;
pub(crate) use moving::*;
pub(crate) use parents::*;
pub(crate) use ranges::*;
pub(crate) use repaired::*;
pub(crate) use replicas::*;
pub(crate) use shared::*;
pub(crate) use spreading::*;
pub(crate) use structure::*;
pub(crate) use time::*;

use crate::verify::plain::{self, parent, told};
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;
use fieldrun_device::{NodeId, Value};

fn numbers(numbers: Vec<f64>) -> Vec<Wanted> {
    numbers.into_iter().map(Wanted::number).collect()
}

/// But for rounding.
fn near(numbers: Vec<f64>) -> Vec<Wanted> {
    numbers.into_iter().map(Wanted::Near).collect()
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

/// Tuples of these, for programs that apply a block several times.
fn beside<const PARTS: usize>(parts: [Vec<Wanted>; PARTS]) -> Vec<Wanted> {
    let mut parts = parts.map(Vec::into_iter);
    let tuple = || parts.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>();
    std::iter::from_fn(tuple).map(Wanted::Tuple).collect()
}

/// The same for every device.
fn all(site: &Site, wanted: impl Fn() -> Wanted) -> Vec<Wanted> {
    site.map(|_| wanted())
}

fn uid(site: &Site, device: usize) -> Value {
    Value::Uid(NodeId::Int(site.spots.get(device).map_or(0, |spot| spot.id)))
}

/// The ids of devices, ascending as their numbers.
fn ids(site: &Site, devices: impl IntoIterator<Item = usize>) -> Wanted {
    Wanted::Exactly(Value::tuple(devices.into_iter().map(|device| uid(site, device)).collect()))
}

/// Something of each device by its number.
fn each<T>(site: &Site, of: impl Fn(usize) -> T) -> Vec<T> {
    (0..site.len()).map(of).collect()
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

/// What the nearest source casts; what the device itself has where there is none.
fn cast_or_own(site: &Site, metric: Metric<'_>, values: &[f64]) -> Vec<f64> {
    let told = told(site, &site.sources(), metric, values);
    told.into_iter().zip(values).map(|(told, own)| told.unwrap_or(*own)).collect()
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

#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
fn shaded(site: &Site, metric: Metric<'_>) -> Vec<bool> {
    let own = obstacles(site);
    let step = |shade: &bool, _, to: usize| *shade || own[to];
    let cast = plain::cast(site, &site.sources(), metric, |source| own[source], step);
    cast.into_iter().zip(&own).map(|(shade, own)| shade.unwrap_or(*own)).collect()
}

pub(crate) fn zero(site: &Site) -> Vec<Wanted> {
    site.map(|_| Wanted::number(0.0))
}

pub(crate) fn is_source(site: &Site) -> Vec<Wanted> {
    truths(site.sources())
}
