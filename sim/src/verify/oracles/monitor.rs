//! `fieldrun:monitor`: what devices remember of their own rounds, and what goes around of it.

use super::{all, beside, each, is_source, obstacles, truths};
use crate::verify::history::{History, Round, View};
use crate::verify::plain;
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

fn own(site: &Site, device: usize) -> (bool, bool) {
    site.spots.get(device).map_or((false, false), |spot| (spot.source, spot.obstacle))
}

/// A beat in the round before; a fault may have left another one there.
pub(crate) fn beat_before(view: &View<'_>) -> Wanted {
    let beat = |round: &Round| (now(round) + view.spot.value) % 3.0 == 0.0;
    match view.disturbed() {
        Some([_]) => Wanted::Anything,
        _ => Wanted::truth(view.before.last().is_some_and(beat)),
    }
}

fn pair(first: bool, second: bool) -> Wanted {
    Wanted::Tuple(vec![Wanted::truth(first), Wanted::truth(second)])
}

/// A source, and a beat in any round so far.
pub(crate) fn once_here(site: &Site, history: &History, device: usize) -> Wanted {
    pair(own(site, device).0, beats(site, history, device, 12.0).contains(&true))
}

/// A source, and no beat in any round so far.
pub(crate) fn always_here(site: &Site, history: &History, device: usize) -> Wanted {
    pair(own(site, device).0, !beats(site, history, device, 12.0).contains(&true))
}

/// A beat of three seconds, and since then none of five; and a source.
pub(crate) fn since_beat(site: &Site, history: &History, device: usize) -> Wanted {
    let three = beats(site, history, device, 3.0);
    let five = beats(site, history, device, 5.0);
    let mut held = false;
    for (three, five) in three.into_iter().zip(five) {
        held = three || !five && held;
    }
    pair(held, own(site, device).0)
}

/// No obstacle in sight; and what never fails.
pub(crate) fn no_obstacle_near(site: &Site) -> Vec<Wanted> {
    let near = each(site, |device| !near_obstacle(site, device));
    beside([truths(near), all(site, || Wanted::truth(true))])
}

/// An obstacle in sight; and what never holds.
pub(crate) fn an_obstacle_near(site: &Site) -> Vec<Wanted> {
    let near = each(site, |device| near_obstacle(site, device));
    beside([truths(near), all(site, || Wanted::truth(false))])
}

fn near_obstacle(site: &Site, device: usize) -> bool {
    own(site, device).1 || site.neighbors(device).iter().any(|other| own(site, *other).1)
}

/// Everything but sources; and what holds everywhere from time to time.
pub(crate) fn once_all(site: &Site) -> Vec<Wanted> {
    let others = site.map(|spot| Wanted::truth(!spot.source));
    beside([others, all(site, || Wanted::truth(true))])
}

/// Sources; and what fails everywhere from time to time.
pub(crate) fn always_some(site: &Site) -> Vec<Wanted> {
    beside([is_source(site), all(site, || Wanted::truth(false))])
}

/// All but sources; and what holds from time to time, and since then no obstacle.
pub(crate) fn since_all(site: &Site, history: &History, device: usize) -> Wanted {
    let (source, obstacle) = own(site, device);
    let holds = history.of(device).last().is_some_and(|round| now(round) % 5.0 < 3.0);
    let joined = site.joined(&obstacles(site)).get(device) == Some(&true);
    let since = match (holds, obstacle, joined) {
        (true, ..) | (_, _, false) => Wanted::truth(true),
        (false, true, _) => Wanted::truth(false),
        // What its neighbours have heard of obstacles by now is a matter of messages.
        (false, false, true) => Wanted::Anything,
    };
    Wanted::Tuple(vec![Wanted::truth(!source), since])
}

/// Joined with a source; the same of a source that is there from time to time; and what never is.
pub(crate) fn once_some(site: &Site) -> Vec<Wanted> {
    let joined = || truths(site.joined(&site.sources()));
    beside([joined(), joined(), all(site, || Wanted::truth(false))])
}

/// Not joined with a source; and what always holds.
pub(crate) fn always_all(site: &Site) -> Vec<Wanted> {
    let apart = site.joined(&site.sources()).into_iter().map(|joined| !joined).collect();
    beside([truths(apart), all(site, || Wanted::truth(true))])
}

/// Reached from a source without obstacles; the same of a source that is there from time to time; and
/// what never is.
pub(crate) fn since_some(site: &Site) -> Vec<Wanted> {
    let free = site.without(&obstacles(site));
    let reached = || {
        let next = |device: usize| free.neighbors(device).to_vec();
        truths(plain::followed(&site.sources(), next))
    };
    beside([reached(), reached(), all(site, || Wanted::truth(false))])
}
