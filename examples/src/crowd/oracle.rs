//! What is true of a crowd. Pure: the positions of everybody in, sets of devices out. Nothing in here
//! knows what devices hear, compute or say.

use std::collections::BTreeMap;

use serde::Serialize;

/// Which of the crowded devices are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// Of each device, those nearer to it than twice the radius, with itself: the scale of the
    /// published regions, without their borders.
    Around,
    /// What hangs together by steps shorter than twice the radius, however far that leads.
    Cluster,
}

/// When a crowd is one, and when it is dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rules {
    /// The part of the people who carry a device.
    pub part: f64,
    /// The radius in which density is measured, in metres.
    pub radius: f64,
    /// The part of the ground that people can walk on.
    pub walkable: f64,
    /// People per square metre above which there is a crowd.
    pub crowded: f64,
    /// People per square metre above which a crowd is dangerous, if it is large enough.
    pub dangerous: f64,
    /// The people above which a crowd is large enough.
    pub group: f64,
    /// For how many seconds a crowd is remembered.
    pub memory: f64,
    /// The distance from danger, in metres, up to which people are to be warned.
    pub warn: f64,
    /// Who is judged together.
    pub region: Region,
}

impl Rules {
    /// The constants of the published application.
    pub const PUBLISHED: Self = Self {
        part: 0.005,
        radius: 30.0,
        walkable: 0.25,
        crowded: 1.08,
        dangerous: 2.17,
        group: 300.0,
        memory: 60.0,
        warn: 60.0,
        region: Region::Around,
    };
}

/// What is true of each device at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// People per square metre of walkable ground.
    pub density: Vec<f64>,
    /// It was in a crowd within the time that crowds are remembered.
    pub crowded: Vec<bool>,
    /// It is crowded, and its group is dense and large.
    pub dangerous: Vec<bool>,
    /// It is in danger, or near to somebody who is.
    pub warned: Vec<bool>,
}

/// Sees where everybody is, and remembers who was in a crowd.
///
/// * The *density* at a device is the number of devices nearer than the radius, the device itself
///   included, divided by `part * π * radius² * walkable`.
/// * A device is *crowded* at a time if its density was above the limit now or less than `memory`
///   seconds ago.
/// * A crowded device is in *danger* if the mean density at the crowded devices of its [`Region`] is
///   above the second limit, and these stand for enough people (`devices / part`).
/// * *To be warned* is every device nearer than `warn` to a dangerous one, as the crow flies; a
///   dangerous one itself, too.
///
/// All comparisons are strict.
#[derive(Clone, Debug)]
pub struct Oracle {
    rules: Rules,
    /// When the density of each device was last above the first limit, in seconds.
    last_dense: Vec<Option<f64>>,
}

impl Oracle {
    /// Has seen nothing yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, last_dense: Vec::new() }
    }

    /// What is true at `now` seconds, later than all looks before. Places are in metres, one for each
    /// device and always in the same order.
    pub fn look(&mut self, now: f64, places: &[[f64; 2]]) -> Truth {
        let rules = self.rules;
        self.last_dense.resize(places.len(), None);
        let ground = Ground::new(places, rules.warn.max(2.0 * rules.radius));
        let share = rules.part * std::f64::consts::PI * rules.radius.powi(2) * rules.walkable;
        let density: Vec<f64> = places
            .iter()
            .map(|place| ground.within(*place, rules.radius).count() as f64 / share)
            .collect();
        for (last, density) in self.last_dense.iter_mut().zip(&density) {
            if *density > rules.crowded {
                *last = Some(now);
            }
        }
        let recent = |last: &Option<f64>| last.is_some_and(|at| now - at < rules.memory);
        let crowded: Vec<bool> = self.last_dense.iter().map(recent).collect();
        let is_dangerous = |region: &[usize]| {
            let sum: f64 = region.iter().filter_map(|device| density.get(*device)).sum();
            let count = region.len() as f64;
            sum / count > rules.dangerous && count / rules.part > rules.group
        };
        let mut dangerous = vec![false; places.len()];
        match rules.region {
            Region::Around => {
                for (device, is_crowded) in crowded.iter().enumerate() {
                    if *is_crowded
                        && is_dangerous(&around(&ground, &crowded, device, 2.0 * rules.radius))
                    {
                        mark(&mut dangerous, [device]);
                    }
                }
            }
            Region::Cluster => {
                for group in groups(&ground, &crowded, 2.0 * rules.radius) {
                    if is_dangerous(&group) {
                        mark(&mut dangerous, group);
                    }
                }
            }
        }
        let mut warned = vec![false; places.len()];
        for (place, is_dangerous) in places.iter().zip(&dangerous) {
            if *is_dangerous {
                mark(&mut warned, ground.within(*place, rules.warn));
            }
        }
        Truth { density, crowded, dangerous, warned }
    }
}

/// The devices that belong and are nearer to one than `reach`.
fn around(ground: &Ground<'_>, belongs: &[bool], device: usize, reach: f64) -> Vec<usize> {
    let near = ground.places.get(device).map(|place| ground.within(*place, reach));
    near.into_iter().flatten().filter(|other| belongs.get(*other) == Some(&true)).collect()
}

/// The devices that belong, in groups that hang together by steps shorter than `step`.
fn groups(ground: &Ground<'_>, belongs: &[bool], step: f64) -> Vec<Vec<usize>> {
    let mut open = belongs.to_vec();
    let mut groups = Vec::new();
    for first in 0..open.len() {
        let mut group = Vec::new();
        let mut next = vec![first];
        while let Some(device) = next.pop() {
            let Some(is_open) = open.get_mut(device).filter(|open| **open) else { continue };
            *is_open = false;
            group.push(device);
            if let Some(place) = ground.places.get(device) {
                next.extend(ground.within(*place, step));
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    groups
}

fn mark(marks: &mut [bool], devices: impl IntoIterator<Item = usize>) {
    for device in devices {
        if let Some(mark) = marks.get_mut(device) {
            *mark = true;
        }
    }
}

/// Places by the cell of a square grid that they lie in.
struct Ground<'a> {
    places: &'a [[f64; 2]],
    cell: f64,
    cells: BTreeMap<[i64; 2], Vec<usize>>,
}

impl<'a> Ground<'a> {
    fn new(places: &'a [[f64; 2]], cell: f64) -> Self {
        let mut cells: BTreeMap<[i64; 2], Vec<usize>> = BTreeMap::new();
        for (device, place) in places.iter().enumerate() {
            cells.entry(place.map(|at| (at / cell).floor() as i64)).or_default().push(device);
        }
        Self { places, cell, cells }
    }

    /// The devices nearer than `reach` to a place.
    fn within(&self, [x, y]: [f64; 2], reach: f64) -> impl Iterator<Item = usize> {
        let range = move |at: f64| {
            let cell = |at: f64| (at / self.cell).floor() as i64;
            cell(at - reach)..=cell(at + reach)
        };
        let columns = range(x).flat_map(move |column| range(y).map(move |row| [column, row]));
        let near = move |device: &usize| {
            let other = self.places.get(*device);
            other.is_some_and(|[ox, oy]| (ox - x).powi(2) + (oy - y).powi(2) < reach.powi(2))
        };
        columns.filter_map(|cell| self.cells.get(&cell)).flatten().copied().filter(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One device stands for ten people on a walkable 100 m²: 0.1 people per square metre and device.
    const RULES: Rules = Rules {
        part: 0.1,
        // 10 / (0.1 * π * r² * w) = 1 with r = 10.
        radius: 10.0,
        walkable: 1.0 / std::f64::consts::PI,
        crowded: 0.25,
        dangerous: 0.35,
        group: 35.0,
        memory: 3.0,
        warn: 30.0,
        region: Region::Cluster,
    };

    fn numbers(marks: &[bool]) -> Vec<usize> {
        (0..marks.len()).filter(|device| marks[*device]).collect()
    }

    /// Four close together, a fifth 9 m from them, a sixth 29 m, a seventh 31 m away.
    const PLACES: [[f64; 2]; 7] =
        [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [9.0, 0.0], [29.0, 0.0], [0.0, -31.0]];

    #[test]
    fn density_counts_all_devices_nearer_than_the_radius() {
        let truth = Oracle::new(RULES).look(0.0, &PLACES);
        let rounded: Vec<f64> = truth.density.iter().map(|d| (d * 1e9).round() / 1e9).collect();
        assert_eq!(rounded, [0.5, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1]);
        // Exactly the radius away is not nearer.
        let pair = Oracle::new(RULES).look(0.0, &[[0.0, 0.0], [10.0, 0.0]]);
        assert!(pair.density.iter().all(|density| (density - 0.1).abs() < 1e-9));
    }

    #[test]
    fn a_dense_large_group_is_dangerous_and_those_near_to_it_are_to_be_warned() {
        let truth = Oracle::new(RULES).look(0.0, &PLACES);
        assert_eq!(numbers(&truth.crowded), [0, 1, 2, 3, 4]);
        // Mean 0.5 above 0.35, and 50 people more than 35.
        assert_eq!(numbers(&truth.dangerous), [0, 1, 2, 3, 4]);
        // Number 5 is 20 m from number 4; number 6 is 31 m from the nearest.
        assert_eq!(numbers(&truth.warned), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_group_that_is_too_small_or_too_thin_is_no_danger() {
        let few = Oracle::new(Rules { group: 50.0, ..RULES }).look(0.0, &PLACES);
        assert_eq!(numbers(&few.crowded), [0, 1, 2, 3, 4]);
        assert_eq!(numbers(&few.dangerous), [0usize; 0], "50 people are not more than 50");
        assert_eq!(numbers(&few.warned), [0usize; 0]);
        let thin = Oracle::new(Rules { dangerous: 0.51, ..RULES }).look(0.0, &PLACES);
        assert_eq!(numbers(&thin.dangerous), [0usize; 0]);
    }

    #[test]
    fn groups_hang_together_by_steps_and_are_judged_by_their_mean() {
        // Five at 0 (density 0.5), and three at 19 m and three at 38 m, of density 0.3 each.
        let mut places = vec![[0.0, 0.0]; 5];
        places.extend([[19.0, 0.0]; 3]);
        places.extend([[38.0, 0.0]; 3]);
        // The mean of all is (5 * 0.5 + 6 * 0.3) / 11 = 0.39.
        let joined = Oracle::new(RULES).look(0.0, &places);
        assert_eq!(numbers(&joined.dangerous), (0..11).collect::<Vec<_>>());
        let strict = Oracle::new(Rules { dangerous: 0.4, ..RULES }).look(0.0, &places);
        assert_eq!(numbers(&strict.dangerous), [0usize; 0]);
        // Apart, the five are judged alone.
        places.iter_mut().skip(5).for_each(|place| place[0] += 2.0);
        let apart = Oracle::new(Rules { dangerous: 0.4, ..RULES }).look(0.0, &places);
        assert_eq!(numbers(&apart.crowded), (0..11).collect::<Vec<_>>());
        assert_eq!(numbers(&apart.dangerous), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn around_a_device_only_those_near_to_it_are_judged() {
        let rules = Rules { region: Region::Around, dangerous: 0.4, ..RULES };
        // Five at 0 (density 0.5), three at 19 m and three at 38 m, of density 0.3 each.
        let mut places = vec![[0.0, 0.0]; 5];
        places.extend([[19.0, 0.0]; 3]);
        places.extend([[38.0, 0.0]; 3]);
        // At 0 and at 19 m (8 * 0.3 + 5 * 0.2) / 8 = 0.425 and (5 * 0.5 + 6 * 0.3) / 11 = 0.39.
        let truth = Oracle::new(rules).look(0.0, &places);
        assert_eq!(numbers(&truth.dangerous), [0, 1, 2, 3, 4]);
        // 80 people are around number 0, and 110 around those in the middle.
        let many = Oracle::new(Rules { group: 80.0, dangerous: 0.35, ..rules }).look(0.0, &places);
        assert_eq!(numbers(&many.dangerous), [5, 6, 7]);
    }

    #[test]
    fn a_crowd_is_remembered_for_a_time() {
        let mut oracle = Oracle::new(RULES);
        assert_eq!(numbers(&oracle.look(0.0, &[[0.0, 0.0]; 4]).dangerous), [0, 1, 2, 3]);
        let scattered = [[0.0, 0.0], [100.0, 0.0], [200.0, 0.0], [300.0, 0.0]];
        for now in [1.0, 2.0] {
            let truth = oracle.look(now, &scattered);
            assert_eq!(numbers(&truth.crowded), [0, 1, 2, 3], "{now} s");
            assert_eq!(numbers(&truth.dangerous), [0usize; 0], "{now} s");
        }
        assert_eq!(numbers(&oracle.look(3.0, &scattered).crowded), [0usize; 0]);
    }
}
