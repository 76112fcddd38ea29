//! `protelis:coord:meta` and `protelis:coord:graph`.

use super::{handed_up, numbers, obstacles, one_if, range};
use crate::verify::plain::gathered;
use crate::verify::site::Site;
use crate::verify::wanted::Wanted;

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
