//! `protelis:coord:meta`: functions about functions.

use super::{by_hops, handed_up, numbers, obstacles, one_if, range};
use crate::verify::plain::gathered;
use crate::verify::site::Site;
use crate::verify::wanted::Wanted;

/// Publishers and those who have a subscriber above them.
fn published_along(site: &Site, potential: &[f64]) -> Vec<Wanted> {
    let asks = site.map(|spot| one_if(spot.destination));
    let wanted = gathered(site, potential, &asks, f64::max);
    let news = handed_up(site, potential);
    let sources = site.sources();
    let all = wanted.into_iter().zip(news).zip(sources).zip(potential);
    all.map(|(((wanted, news), source), potential)| match wanted > 0.0 || source {
        false => Wanted::number(-1.0),
        true if potential.is_finite() => Wanted::number(news),
        true => Wanted::Anything,
    })
    .collect()
}

pub(crate) fn published(site: &Site) -> Vec<Wanted> {
    published_along(site, &range(site))
}

pub(crate) fn published_by_hops(site: &Site) -> Vec<Wanted> {
    published_along(site, &by_hops(site))
}

/// How many neighbours have the same key.
#[expect(clippy::indexing_slicing, reason = "there is one key a device")]
fn alike<T: PartialEq>(site: &Site, keys: &[T]) -> Vec<f64> {
    let count = |device: usize| {
        let same = |other: &&usize| keys[**other] == keys[device];
        site.neighbors(device).iter().filter(same).count() as f64
    };
    (0..site.len()).map(count).collect()
}

/// The counts where something runs, -1 elsewhere.
fn or_less_one(counts: Vec<f64>, runs: Vec<bool>) -> Vec<Wanted> {
    let either = |(count, runs)| if runs { count } else { -1.0 };
    numbers(counts.into_iter().zip(runs).map(either).collect())
}

pub(crate) fn neighbors_in_region(site: &Site) -> Vec<Wanted> {
    let free: Vec<bool> = obstacles(site).into_iter().map(|obstacle| !obstacle).collect();
    or_less_one(alike(site, &free), free)
}

/// Those with the same rest of their value by three, where there is a rest.
pub(crate) fn neighbors_in_regions(site: &Site) -> Vec<Wanted> {
    let rests = site.map(|spot| spot.value % 3.0);
    let runs = rests.iter().map(|rest| *rest > 0.0).collect();
    or_less_one(alike(site, &rests), runs)
}

/// For the rests by three and by two, each with a hundred for every neighbour of the same.
pub(crate) fn neighbors_of_keys(site: &Site) -> Vec<Wanted> {
    let (threes, twos) = (site.map(|spot| spot.value % 3.0), site.map(|spot| spot.value % 2.0));
    let pair = |key: f64, count: f64| {
        Wanted::Tuple([key, key + 100.0 * count].map(Wanted::number).to_vec())
    };
    let (by_three, by_two) = (alike(site, &threes), alike(site, &twos));
    let first = threes.iter().zip(by_three).map(|(key, count)| pair(*key, count));
    let second = twos.iter().zip(by_two).map(|(key, count)| pair(10.0 + key, count));
    first.zip(second).map(|(first, second)| Wanted::Tuple(vec![first, second])).collect()
}

/// One more, then twice as much.
pub(crate) fn prepared(site: &Site) -> Vec<Wanted> {
    numbers(site.map(|spot| (spot.value + 1.0) * 2.0))
}

/// Twice as much, then five less.
pub(crate) fn completed(site: &Site) -> Vec<Wanted> {
    numbers(site.map(|spot| spot.value * 2.0 - 5.0))
}

/// One more, then twice as much, then five less.
pub(crate) fn prepared_and_completed(site: &Site) -> Vec<Wanted> {
    numbers(site.map(|spot| (spot.value + 1.0) * 2.0 - 5.0))
}
