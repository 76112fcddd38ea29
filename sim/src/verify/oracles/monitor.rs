//! `fieldrun:monitor`: what devices remember of their own rounds, and what goes around of it.

use crate::verify::history::{History, Round};
use crate::verify::site::Site;
use crate::verify::wanted::Wanted;

/// `now` of a round: whole seconds.
fn now(round: &Round) -> f64 {
    round.at.floor()
}

/// Whether `(now + value) % every == 0` in each round of a device.
fn beats(site: &Site, history: &History, device: usize, every: f64) -> Vec<bool> {
    let value = site.spots.get(device).map_or(0.0, |spot| spot.value);
    history.of(device).iter().map(|round| (now(round) + value) % every == 0.0).collect()
}

pub(crate) fn beat_before(site: &Site, history: &History, device: usize) -> Wanted {
    let beats = beats(site, history, device, 3.0);
    Wanted::truth(beats.iter().rev().nth(1) == Some(&true))
}
