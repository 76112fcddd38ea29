//! Parents and children by `protelis:coord:accumulation` and `protelis:coord:tree`. All potentials are
//! hops from the sources.

use super::{all, beside, by_hops, each, ids, numbers, uid};
use crate::verify::plain::parent;
use crate::verify::site::Site;
use crate::verify::wanted::Wanted;
use fieldrun_device::{NodeId, Value};

/// Stands for the parent of a root, and for one that is not there.
const ROOT: f64 = -2.0;
/// What stands for the values of other neighbours in programs of the table.
const DEFAULT: f64 = 100.0;

/// Something of the parent of each device, or something of a device without one.
fn of_parent(
    site: &Site,
    value: impl Fn(usize) -> Wanted,
    own: impl Fn(usize) -> Wanted,
) -> Vec<Wanted> {
    let potential = by_hops(site);
    each(site, |device| parent(site, &potential, device).map_or_else(|| own(device), &value))
}

fn device(site: &Site, device: usize) -> Wanted {
    let id = site.spots.get(device).map_or(0, |spot| spot.id);
    Wanted::Exactly(Value::Device(NodeId::Int(id)))
}

fn number(site: &Site, device: usize) -> f64 {
    site.spots.get(device).map_or(0.0, |spot| spot.value)
}

pub(crate) fn parent_id(site: &Site) -> Vec<Wanted> {
    let id = |parent| Wanted::Exactly(uid(site, parent));
    of_parent(site, id, |_| Wanted::number(ROOT))
}

pub(crate) fn parent_device(site: &Site) -> Vec<Wanted> {
    of_parent(site, |parent| device(site, parent), |_| Wanted::number(ROOT))
}

/// The parent, and what it calls itself.
pub(crate) fn place_in_tree(site: &Site) -> Vec<Wanted> {
    let name = of_parent(site, |parent| device(site, parent), |root| device(site, root));
    beside([parent_device(site), name])
}

/// The parent, and the hops to the root.
pub(crate) fn place_and_depth(site: &Site) -> Vec<Wanted> {
    let depth = |hops: f64| if hops.is_finite() { hops } else { 0.0 };
    beside([parent_device(site), numbers(by_hops(site).into_iter().map(depth).collect())])
}

/// The id of the parent and twice its value; at a root the own value.
pub(crate) fn parent_and_double(site: &Site) -> Vec<Wanted> {
    let double = |parent| Wanted::number(2.0 * number(site, parent));
    let own = |root| Wanted::number(number(site, root));
    beside([parent_id(site), of_parent(site, double, own)])
}

/// The id of the parent and its value; at a root what stands for it.
pub(crate) fn parent_and_value(site: &Site) -> Vec<Wanted> {
    let value = |parent| Wanted::number(number(site, parent));
    beside([parent_id(site), of_parent(site, value, |_| Wanted::number(DEFAULT))])
}

/// The ids of some neighbours, and the sum of their values and what stands for those of the others.
fn some(site: &Site, is_one: impl Fn(usize, usize) -> bool) -> Vec<Wanted> {
    let sum = |device: usize| {
        let value = |other: &usize| match is_one(device, *other) {
            true => number(site, *other),
            false => DEFAULT,
        };
        site.neighbors(device).iter().map(value).sum()
    };
    beside([some_ids(site, &is_one), numbers(each(site, sum))])
}

fn some_ids(site: &Site, is_one: impl Fn(usize, usize) -> bool) -> Vec<Wanted> {
    let chosen = |device: usize| {
        let neighbors = site.neighbors(device).iter().copied();
        ids(site, neighbors.filter(|other| is_one(device, *other)))
    };
    each(site, chosen)
}

/// Whether the second number is less than the first, equal, or greater: of neighbours by hops.
fn lower(site: &Site) -> impl Fn(usize, usize) -> bool {
    let hops = by_hops(site);
    move |device, other| hops.get(other) < hops.get(device)
}

fn not_lower(site: &Site) -> impl Fn(usize, usize) -> bool {
    let hops = by_hops(site);
    move |device, other| hops.get(other) >= hops.get(device)
}

fn child(site: &Site) -> impl Fn(usize, usize) -> bool + '_ {
    let hops = by_hops(site);
    move |device, other| parent(site, &hops, other) == Some(device)
}

pub(crate) fn parents(site: &Site) -> Vec<Wanted> {
    some(site, lower(site))
}

pub(crate) fn parent_ids(site: &Site) -> Vec<Wanted> {
    some_ids(site, lower(site))
}

pub(crate) fn children(site: &Site) -> Vec<Wanted> {
    some(site, child(site))
}

pub(crate) fn child_ids(site: &Site) -> Vec<Wanted> {
    some_ids(site, child(site))
}

pub(crate) fn all_children(site: &Site) -> Vec<Wanted> {
    some(site, not_lower(site))
}

pub(crate) fn all_child_ids(site: &Site) -> Vec<Wanted> {
    some_ids(site, not_lower(site))
}

/// Neighbours of a greater value.
pub(crate) fn greater_neighbors(site: &Site) -> Vec<Wanted> {
    some(site, |device, other| number(site, other) > number(site, device))
}

pub(crate) fn root(site: &Site) -> Vec<Wanted> {
    all(site, || Wanted::number(ROOT))
}

pub(crate) fn nobody(site: &Site) -> Vec<Wanted> {
    all(site, || Wanted::number(-1.0))
}

/// Of the marker of a root, that of nobody, two other numbers, an id, and a device.
pub(crate) fn markers(site: &Site) -> Vec<Wanted> {
    are_markers(site, true)
}

pub(crate) fn no_markers(site: &Site) -> Vec<Wanted> {
    are_markers(site, false)
}

fn are_markers(site: &Site, yes: bool) -> Vec<Wanted> {
    let truths = [yes, yes, !yes, !yes, !yes, !yes].map(Value::Bool);
    all(site, || Wanted::Exactly(Value::tuple(truths.to_vec())))
}
