//! `protelis:lang:*`.

use super::{numbers, obstacles, truths};
use crate::verify::plain;
use crate::verify::site::Site;
use crate::verify::wanted::Wanted;

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
