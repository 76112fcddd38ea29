//! What blocks compute, computed directly on the whole network.

use super::site::{Metric, Site};
use std::cmp::Ordering;

/// A value that sources cast along shortest ways: `start` at a source, `step` at each hop, the
/// least where ways are equally long. Nothing where no source is joined.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn cast<T: PartialOrd + Clone>(
    site: &Site,
    from: &[bool],
    metric: Metric<'_>,
    start: impl Fn(usize) -> T,
    step: impl Fn(&T, usize, usize) -> T,
) -> Vec<Option<T>> {
    let distance = site.distances(from, metric);
    let mut cast: Vec<Option<T>> = vec![None; site.len()];
    for device in site.ascending(&distance) {
        if from[device] {
            cast[device] = Some(start(device));
            continue;
        }
        let on_way = |other: &&usize| {
            distance[device].is_finite()
                && distance[**other] + site.length(metric, **other, device) == distance[device]
        };
        let before = site.neighbors(device).iter().filter(on_way);
        let values = before.filter_map(|other| Some(step(cast[*other].as_ref()?, *other, device)));
        cast[device] = values.min_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    }
    cast
}

/// What sources tell everyone joined.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn told(
    site: &Site,
    from: &[bool],
    metric: Metric<'_>,
    values: &[f64],
) -> Vec<Option<f64>> {
    cast(site, from, metric, |source| values[source], |value, _, _| *value)
}

/// The lowest neighbour of each device, the least id deciding between equals.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn lowest(site: &Site, potential: &[f64], device: usize) -> Option<usize> {
    let neighbors = site.neighbors(device).iter().copied();
    // Of equals the first is taken, and neighbours ascend.
    neighbors.min_by(|a, b| potential[*a].total_cmp(&potential[*b]))
}

/// The lowest neighbour where it is below the device.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn parent(site: &Site, potential: &[f64], device: usize) -> Option<usize> {
    lowest(site, potential, device).filter(|lowest| potential[*lowest] < potential[device])
}

/// The join of each device's value and those of all that hang below it in the tree of parents.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn gathered(
    site: &Site,
    potential: &[f64],
    own: &[f64],
    join: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let mut total = own.to_vec();
    for device in site.ascending(potential).into_iter().rev() {
        if let Some(parent) = parent(site, potential, device) {
            total[parent] = join(total[parent], total[device]);
        }
    }
    total
}

/// The join over all devices from which a way leads to each one that always falls.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn all_ways(
    site: &Site,
    potential: &[f64],
    own: &[f64],
    join: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let mut total = own.to_vec();
    for device in site.ascending(potential).into_iter().rev() {
        for other in site.neighbors(device) {
            if potential[*other] > potential[device] {
                total[device] = join(total[device], total[*other]);
            }
        }
    }
    total
}

/// Values flow to all lower neighbours at once: each receives the part that `part` makes of what a
/// device has and of its lower neighbours.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn divided(
    site: &Site,
    potential: &[f64],
    own: &[f64],
    part: impl Fn(usize, f64, &[usize]) -> f64,
) -> Vec<f64> {
    let mut total = own.to_vec();
    for device in site.ascending(potential).into_iter().rev() {
        let below = |other: &&usize| potential[**other] < potential[device];
        let below: Vec<usize> = site.neighbors(device).iter().filter(below).copied().collect();
        let part = part(device, total[device], &below);
        for other in below {
            total[other] += part;
        }
    }
    total
}

/// The devices that are passed if everyone passes on to one other.
pub(crate) fn followed(from: &[bool], next: impl Fn(usize) -> Vec<usize>) -> Vec<bool> {
    let mut reached = vec![false; from.len()];
    let mut open: Vec<usize> = (0..from.len()).filter(|d| from.get(*d) == Some(&true)).collect();
    while let Some(device) = open.pop() {
        if let Some(seen @ false) = reached.get_mut(device) {
            *seen = true;
            open.extend(next(device));
        }
    }
    reached
}

/// The strongest device leads all that it reaches, then the strongest of the rest those of the rest
/// that it reaches, and so on; the least id decides between equals. For each device its leader, and
/// how far that is.
#[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
pub(crate) fn led(
    site: &Site,
    strength: &[f64],
    metric: Metric<'_>,
    reaches: impl Fn(f64) -> bool,
) -> Vec<(usize, f64)> {
    let mut leader: Vec<Option<(usize, f64)>> = vec![None; site.len()];
    let weakness: Vec<f64> = strength.iter().map(|strength| -strength).collect();
    for strong in site.ascending(&weakness) {
        if leader[strong].is_some() {
            continue;
        }
        let taken: Vec<bool> = leader.iter().map(Option::is_some).collect();
        let free = site.without(&taken);
        let distances = free.distances(&site.only(strong), metric);
        for (device, distance) in distances.into_iter().enumerate() {
            if reaches(distance) && leader[device].is_none() {
                leader[device] = Some((strong, distance));
            }
        }
    }
    leader.into_iter().enumerate().map(|(device, led)| led.unwrap_or((device, 0.0))).collect()
}

/// Something for each device over all that it is joined with.
pub(crate) fn over_joined(
    site: &Site,
    own: &[f64],
    join: impl Fn(f64, f64) -> f64 + Copy,
) -> Vec<f64> {
    let over = |device: usize| {
        let joined = site.joined(&site.only(device));
        let values = own.iter().zip(&joined).filter(|(_, joined)| **joined).map(|(own, _)| *own);
        values.reduce(join).unwrap_or(0.0)
    };
    (0..site.len()).map(over).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::site::Spot;

    /// A line of five, 3, 4, 5 and 6 apart, with a shortcut from end to end; the source is device 0.
    fn ring() -> Site {
        let place = [0.0, 3.0, 7.0, 12.0, 18.0];
        let spot = |(id, x): (i64, f64)| Spot {
            id,
            point: [x, 0.0],
            source: id == 0,
            destination: id == 3,
            obstacle: false,
            value: 10.0 + id as f64,
            strength: id as f64,
        };
        let spots = (0..).zip(place).map(spot).collect();
        Site::new(spots, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)], false)
    }

    #[test]
    fn plain_algorithms_give_what_is_counted_by_hand() {
        let site = ring();
        let from = site.sources();
        let range = site.distances(&from, Metric::Range);
        assert_eq!(range, [0.0, 3.0, 7.0, 12.0, 18.0]);
        let hops = site.distances(&from, Metric::Hops);
        assert_eq!(hops, [0.0, 1.0, 2.0, 2.0, 1.0]);
        assert_eq!(site.diameter(Metric::Hops), 2.0);
        // By hops, 2 hangs below 1 and 3 below 4.
        let counts = gathered(&site, &hops, &[1.0; 5], |a, b| a + b);
        assert_eq!(counts, [5.0, 2.0, 1.0, 1.0, 2.0]);
        // By range, 4 is the highest and hangs below 0, its lowest neighbour.
        let counts = gathered(&site, &range, &[1.0; 5], |a, b| a + b);
        assert_eq!(counts, [5.0, 3.0, 2.0, 1.0, 1.0]);
        let equal = |_, total: f64, below: &[usize]| total / below.len() as f64;
        assert_eq!(divided(&site, &range, &[1.0; 5], equal), [5.0, 3.5, 2.5, 1.5, 1.0]);
        let strength = [0.0, 1.0, 2.0, 3.0, 4.0];
        let led = |reaches: fn(f64) -> bool| led(&site, &strength, Metric::Range, reaches);
        assert_eq!(led(|far| far < 6.0), [(1, 3.0), (1, 0.0), (3, 5.0), (3, 0.0), (4, 0.0)]);
        assert_eq!(led(|far| far <= 6.0), [(0, 0.0), (2, 4.0), (2, 0.0), (4, 6.0), (4, 0.0)]);
        assert_eq!(over_joined(&site, &site.values(), f64::max), [14.0; 5]);
    }
}
