//! `fieldrun:classic`.

use super::{each, near};
use crate::verify::history::History;
use crate::verify::site::{Metric, Site};
use crate::verify::wanted::Wanted;

/// Seconds for which programs of the table remember.
const MEMORY: f64 = 4.0;

/// Those of a device and its neighbours closer than 8 that are counted.
fn counted_near(site: &Site, counts: impl Fn(usize) -> bool) -> Vec<f64> {
    let near = |device: usize, other: &usize| site.length(Metric::Range, device, *other) < 8.0;
    let count = |device: usize| {
        let others = site.neighbors(device).iter().filter(|other| near(device, other));
        let all = others.copied().chain([device]);
        all.filter(|device| counts(*device)).count() as f64
    };
    each(site, count)
}

/// A tenth of the people carry a device.
pub(crate) fn density(site: &Site) -> Vec<Wanted> {
    density_on(site, 1.0)
}

/// And half of the area can be walked on.
pub(crate) fn density_on_half(site: &Site) -> Vec<Wanted> {
    density_on(site, 0.5)
}

fn density_on(site: &Site, part: f64) -> Vec<Wanted> {
    let area = std::f64::consts::PI * 64.0 * part;
    let people = counted_near(site, |_| true).into_iter().map(|count| count / 0.1);
    near(people.map(|people| people / area).collect())
}

/// Those that are no obstacles are people.
pub(crate) fn people_nearby(site: &Site) -> Vec<Wanted> {
    let is_person = |device: usize| site.spots.get(device).is_some_and(|spot| !spot.obstacle);
    near(counted_near(site, is_person))
}

/// Whether `(now + value) % 9 == 0` in each round.
fn beats(site: &Site, history: &History, device: usize) -> Vec<bool> {
    let value = site.spots.get(device).map_or(0.0, |spot| spot.value);
    let beats = |at: f64| (at.floor() + value) % 9.0 == 0.0;
    history.of(device).iter().map(|round| beats(round.at)).collect()
}

/// The first of the last rounds in a row in which something did not hold; none if it holds now.
fn ended(held: &[bool]) -> Option<usize> {
    let ended = held.iter().rposition(|held| *held).map_or(0, |last| last + 1);
    (ended < held.len()).then_some(ended)
}

/// The time on the device's own clock from the round before number `from` until now.
fn since(history: &History, device: usize, from: usize) -> f64 {
    history.of(device).iter().skip(from).map(|round| round.delta).sum()
}

/// A beat now or a while ago; where none was, what a device remembers once it is older than a second.
pub(crate) fn recent_beat(site: &Site, history: &History, device: usize) -> Wanted {
    let started = |ended: usize| history.elapsed(device).get(ended) > Some(&1.0);
    remembered(site, history, device, started)
}

/// A beat now or a while ago, at sources; elsewhere a beat now.
pub(crate) fn sources_remember(site: &Site, history: &History, device: usize) -> Wanted {
    let source = site.spots.get(device).is_some_and(|spot| spot.source);
    remembered(site, history, device, |_| source)
}

fn remembered(
    site: &Site,
    history: &History,
    device: usize,
    started: impl Fn(usize) -> bool,
) -> Wanted {
    let beats = beats(site, history, device);
    let Some(ended) = ended(&beats) else { return Wanted::truth(true) };
    Wanted::truth(started(ended) && since(history, device, ended) <= MEMORY)
}

/// Since when the seconds of `now % 10` are less than 7: the number of the round; none if they are not.
fn entered(history: &History, device: usize) -> Option<usize> {
    let outside: Vec<bool> =
        history.of(device).iter().map(|round| round.at.floor() % 10.0 >= 7.0).collect();
    ended(&outside)
}

/// A source, for 4 seconds from when it was asked; else an obstacle.
pub(crate) fn fading_source(site: &Site, history: &History, device: usize) -> Wanted {
    let Some(spot) = site.spots.get(device) else { return Wanted::Anything };
    Wanted::truth(match entered(history, device) {
        Some(entered) => spot.source && since(history, device, entered) <= MEMORY,
        None => spot.obstacle,
    })
}

/// What is left of the value in seconds, from when it was asked; else -1.
pub(crate) fn time_left(site: &Site, history: &History, device: usize) -> Wanted {
    let value = site.spots.get(device).map_or(0.0, |spot| spot.value);
    match entered(history, device) {
        Some(entered) => Wanted::Near((value - since(history, device, entered)).max(0.0)),
        None => Wanted::number(-1.0),
    }
}

/// Three parts of what was before and one of `now % 4`, in each round.
pub(crate) fn smoothed_quarters(_: &Site, history: &History, device: usize) -> Wanted {
    let signals = history.of(device).iter().map(|round| round.at.floor() % 4.0);
    let smooth = |before: Option<f64>, signal| {
        Some(before.map_or(signal, |before| 0.25 * signal + 0.75 * before))
    };
    signals.fold(None, smooth).map_or(Wanted::Anything, Wanted::Near)
}
