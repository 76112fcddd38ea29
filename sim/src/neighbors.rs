//! Who is linked to whom: a uniform grid over the positions, then lists of neighbours.

use crate::SimError;
use std::collections::BTreeSet;
use std::ops::Range;

/// The most links (counted from both ends) that a network may have: 400 MB of lists.
pub const MAX_LINKS: usize = 100_000_000;

/// The most devices that are looked at for the nearest ones of all: some ten seconds of work, as
/// when all devices stand at one place.
const MAX_LOOKS: usize = 2_000_000_000;

/// Two or three coordinates; the third one is zero in the plane.
pub(crate) type Point = [f64; 3];

/// The neighbours of every device, in the order of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Neighbors {
    /// Where the list of each device begins in `flat`, and where the last one ends.
    starts: Vec<usize>,
    flat: Vec<u32>,
}

impl Neighbors {
    /// Links all devices whose distance is at most `radius`.
    pub(crate) fn within(points: &[Point], radius: f64) -> Result<Self, SimError> {
        Self::admitted(points, radius, |_, _, _| true)
    }

    /// Links those devices whose distance is at most `radius` for which `admit` says so, by their
    /// numbers and their distance; it must not matter which one comes first.
    pub(crate) fn admitted(
        points: &[Point],
        radius: f64,
        admit: impl Fn(u32, u32, f64) -> bool,
    ) -> Result<Self, SimError> {
        let grid = Grid::new(points, radius);
        let mut starts = Vec::with_capacity(points.len() + 1);
        let mut flat = Vec::new();
        starts.push(0);
        for (index, point) in points.iter().enumerate() {
            let from = flat.len();
            let linked = |other: &u32| {
                let far = points.get(*other as usize).map(|other| distance(*point, *other));
                *other as usize != index
                    && far.is_some_and(|far| far <= radius && admit(index as u32, *other, far))
            };
            flat.extend(grid.around(*point).filter(linked));
            if flat.len() > MAX_LINKS {
                return Err(SimError::TooManyLinks { limit: MAX_LINKS });
            }
            if let Some(list) = flat.get_mut(from..) {
                list.sort_unstable();
            }
            starts.push(flat.len());
        }
        Ok(Self { starts, flat })
    }

    /// Links each device with the `count` others that are nearest to it, in both directions; of
    /// equal distances the lesser number is nearer. Of these, only those that `hear` each other.
    pub(crate) fn nearest(
        points: &[Point],
        count: usize,
        hear: impl Fn(u32, u32) -> bool,
    ) -> Result<Self, SimError> {
        let count = count.min(points.len().saturating_sub(1));
        if points.len().saturating_mul(count) > MAX_LINKS / 2 {
            return Err(SimError::TooManyLinks { limit: MAX_LINKS });
        }
        let mut pairs = Vec::with_capacity(2 * points.len() * count);
        let mut open: Vec<u32> = (0..points.len() as u32).collect();
        // Where devices are dense a small circle holds enough; for the others it grows.
        let mut radius = radius_for(points, count) / 2.0;
        let span = spread(points);
        let mut looks = 0;
        while !open.is_empty() && count > 0 {
            let all = !(radius < span && radius > 0.0);
            let grid = Grid::new(points, if all { f64::INFINITY } else { radius });
            open.retain(|device| {
                let Some(own) = points.get(*device as usize) else { return false };
                let far = |other: u32| points.get(other as usize).map(|at| distance(*own, *at));
                let mut near: Vec<(f64, u32)> = grid
                    .around(*own)
                    .filter(|other| other != device)
                    .filter_map(|other| Some((far(other)?, other)))
                    .filter(|(far, _)| all || *far <= radius)
                    .collect();
                looks += near.len();
                if near.len() < count && !all || looks > MAX_LOOKS {
                    return true;
                }
                let by_distance =
                    |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
                if count < near.len() {
                    near.select_nth_unstable_by(count, by_distance);
                    near.truncate(count);
                }
                let heard = near.iter().map(|(_, other)| *other).filter(|b| hear(*device, *b));
                pairs.extend(heard.flat_map(|other| [(*device, other), (other, *device)]));
                false
            });
            if looks > MAX_LOOKS {
                return Err(SimError::TooManyLinks { limit: MAX_LINKS });
            }
            radius *= 2.0;
        }
        Ok(Self::listed(points.len(), pairs))
    }

    /// Directed pairs of so many devices as lists; a pair may stand there twice.
    fn listed(devices: usize, mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; devices + 1];
        for (from, _) in &pairs {
            if let Some(end) = starts.get_mut(*from as usize + 1) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { starts, flat: pairs.into_iter().map(|(_, to)| to).collect() }
    }

    /// The length of the longest link.
    pub(crate) fn longest(&self, points: &[Point]) -> f64 {
        let ends = points.iter().enumerate().flat_map(|(device, own)| {
            self.of(device)
                .iter()
                .filter_map(move |other| Some((own, points.get(*other as usize)?)))
        });
        ends.map(|(a, b)| distance(*a, *b)).fold(0.0, f64::max)
    }

    /// Links these pairs of so many devices, in both directions.
    pub(crate) fn paired(devices: usize, pairs: &[(usize, usize)]) -> Self {
        let both = |(a, b): &(usize, usize)| [(*a as u32, *b as u32), (*b as u32, *a as u32)];
        Self::listed(devices, pairs.iter().flat_map(both).collect())
    }

    /// The same links but these, which are named with the lesser device first.
    pub(crate) fn without(&self, cuts: &BTreeSet<(u32, u32)>) -> Self {
        let mut left = Self { starts: vec![0], flat: Vec::with_capacity(self.flat.len()) };
        for device in 0..self.starts.len().saturating_sub(1) {
            let cut = |other: &u32| {
                let device = device as u32;
                cuts.contains(&(device.min(*other), device.max(*other)))
            };
            left.flat.extend(self.of(device).iter().filter(|other| !cut(other)));
            left.starts.push(left.flat.len());
        }
        left
    }

    /// The neighbours of one device, ascending.
    pub(crate) fn of(&self, device: usize) -> &[u32] {
        self.range(device).and_then(|range| self.flat.get(range)).unwrap_or(&[])
    }

    /// Whether two devices are linked.
    pub(crate) fn linked(&self, a: usize, b: u32) -> bool {
        self.of(a).binary_search(&b).is_ok()
    }

    /// The number of links, each counted from both ends.
    pub(crate) fn ends(&self) -> usize {
        self.flat.len()
    }

    /// Where the list of a device stands in the lists of all.
    pub(crate) fn range(&self, device: usize) -> Option<Range<usize>> {
        Some(*self.starts.get(device)?..*self.starts.get(device + 1)?)
    }
}

/// The Euclidean distance as programs compute it, so that both agree on the radius exactly.
pub(crate) fn distance([ax, ay, az]: Point, [bx, by, bz]: Point) -> f64 {
    let (dx, dy, dz) = (ax - bx, ay - by, az - bz);
    (dx * dx + dy * dy + dz * dz).sqrt()
}

/// No two devices are farther apart than this.
fn spread(points: &[Point]) -> f64 {
    let box_of = |(least, most): (Point, Point), point: &Point| {
        let pick = |f: fn(f64, f64) -> f64, a: Point| {
            std::array::from_fn(|axis| {
                f(a.get(axis).copied().unwrap_or(0.0), point.get(axis).copied().unwrap_or(0.0))
            })
        };
        (pick(f64::min, least), pick(f64::max, most))
    };
    let Some(first) = points.first() else { return 0.0 };
    let (least, most) = points.iter().fold((*first, *first), box_of);
    distance(least, most)
}

/// The devices by square cells of the plane, each at least as wide as the radius; so all linked
/// devices lie in the nine cells around.
struct Grid {
    least: [f64; 2],
    side: f64,
    columns: usize,
    rows: usize,
    starts: Vec<usize>,
    devices: Vec<u32>,
}

impl Grid {
    fn new(points: &[Point], radius: f64) -> Self {
        let (mut least, mut most) = ([f64::MAX; 2], [f64::MIN; 2]);
        for [x, y, _] in points {
            least = [least[0].min(*x), least[1].min(*y)];
            most = [most[0].max(*x), most[1].max(*y)];
        }
        let extent = (most[0] - least[0]).max(most[1] - least[1]).max(0.0);
        // No more cells along a side than gives about four cells a device. The small excess over
        // the radius outweighs the rounding of the division below.
        let per_side = ((4 * points.len()) as f64).sqrt().ceil().max(1.0);
        let side = (radius * (1.0 + 1e-9)).max(extent / per_side);
        let cells = |most: f64, least: f64| match side > 0.0 && side.is_finite() {
            true => ((most - least).max(0.0) / side) as usize + 1,
            false => 1,
        };
        let mut grid = Self {
            least,
            side,
            columns: cells(most[0], least[0]),
            rows: cells(most[1], least[1]),
            starts: Vec::new(),
            devices: vec![0; points.len()],
        };
        grid.sort(points);
        grid
    }

    /// Counting sort of the devices by cell.
    fn sort(&mut self, points: &[Point]) {
        let mut ends = vec![0; self.columns * self.rows + 1];
        let cells: Vec<usize> = points.iter().map(|point| self.cell(*point)).collect();
        for cell in &cells {
            if let Some(count) = ends.get_mut(cell + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        self.starts = ends.clone();
        for (device, cell) in cells.iter().enumerate() {
            let Some(next) = ends.get_mut(*cell) else { continue };
            if let Some(slot) = self.devices.get_mut(*next) {
                *slot = device as u32;
            }
            *next += 1;
        }
    }

    fn column_row(&self, [x, y, _]: Point) -> (usize, usize) {
        // A side of zero gives NaN or infinity, which the conversion turns into the border.
        let column = ((x - self.least[0]) / self.side) as usize;
        let row = ((y - self.least[1]) / self.side) as usize;
        (column.min(self.columns - 1), row.min(self.rows - 1))
    }

    fn cell(&self, point: Point) -> usize {
        let (column, row) = self.column_row(point);
        row * self.columns + column
    }

    /// All devices in the nine cells around a point.
    fn around(&self, point: Point) -> impl Iterator<Item = u32> + '_ {
        let (column, row) = self.column_row(point);
        let columns = column.saturating_sub(1)..=(column + 1).min(self.columns - 1);
        let rows = row.saturating_sub(1)..=(row + 1).min(self.rows - 1);
        rows.flat_map(move |row| {
            let first = row * self.columns + columns.start();
            let last = row * self.columns + columns.end();
            let start = self.starts.get(first).copied().unwrap_or(0);
            let end = self.starts.get(last + 1).copied().unwrap_or(start);
            self.devices.get(start..end).unwrap_or(&[]).iter().copied()
        })
    }
}

/// The radius with which a device has about `wanted` neighbours: the median, over some devices,
/// of the distance to the neighbour of that rank. Infinite when there are not that many devices.
pub(crate) fn radius_for(points: &[Point], wanted: usize) -> f64 {
    /// Enough for a stable median, few enough for a million devices.
    const SAMPLE: usize = 64;
    if points.len() <= wanted {
        return f64::INFINITY;
    }
    let stride = points.len().div_ceil(SAMPLE);
    let mut radii: Vec<f64> = points
        .iter()
        .step_by(stride)
        .map(|point| {
            let mut all: Vec<f64> = points.iter().map(|p| distance(*point, *p)).collect();
            // Rank 0 is the device itself.
            *all.select_nth_unstable_by(wanted, f64::total_cmp).1
        })
        .collect();
    let middle = radii.len() / 2;
    *radii.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn random_points(count: usize, flat: bool) -> Vec<Point> {
        let mut stream = Stream::new(11, 0, Purpose::Place);
        let mut draw = |height| {
            let x = stream.between(-50.0, 50.0);
            [x, stream.between(0.0, 30.0), stream.between(0.0, height)]
        };
        (0..count).map(|_| draw(if flat { 0.0 } else { 20.0 })).collect()
    }

    /// The definition itself, for comparison.
    fn all_pairs(points: &[Point], radius: f64) -> Vec<Vec<u32>> {
        let near = |a: usize| {
            let linked = |b: &usize| *b != a && distance(points[a], points[*b]) <= radius;
            (0..points.len()).filter(linked).map(|b| b as u32).collect()
        };
        (0..points.len()).map(near).collect()
    }

    #[test]
    fn the_grid_finds_what_all_pairs_find() {
        for (count, flat) in [(1, true), (2, true), (300, true), (300, false)] {
            let points = random_points(count, flat);
            for radius in [0.0, 1e-9, 0.5, 3.0, 20.0, 1e9, f64::INFINITY] {
                let found = Neighbors::within(&points, radius).expect("few links");
                let lists: Vec<Vec<u32>> = (0..count).map(|i| found.of(i).to_vec()).collect();
                assert_eq!(lists, all_pairs(&points, radius), "{count} devices, radius {radius}");
            }
        }
    }

    #[test]
    fn the_nearest_are_those_of_all_pairs() {
        for (count, flat) in [(1, true), (2, true), (40, true), (300, true), (300, false)] {
            let mut points = random_points(count, flat);
            // A dense heap beside the others, with two devices at one place.
            for point in points.iter_mut().take(count / 3) {
                *point = point.map(|x| x / 1000.0);
            }
            if let [first, .., last] = points.as_mut_slice() {
                *first = *last;
            }
            for wanted in [1, 3, 7, 50, 1000] {
                let found = Neighbors::nearest(&points, wanted, |_, _| true).expect("few links");
                let mut lists = vec![BTreeSet::new(); count];
                for a in 0..count {
                    let mut others: Vec<usize> = (0..count).filter(|b| *b != a).collect();
                    others.sort_by(|b, c| {
                        let far = |other: usize| distance(points[a], points[other]);
                        far(*b).total_cmp(&far(*c)).then(b.cmp(c))
                    });
                    for b in others.into_iter().take(wanted) {
                        lists[a].insert(b as u32);
                        lists[b].insert(a as u32);
                    }
                }
                for (device, list) in lists.into_iter().enumerate() {
                    assert_eq!(found.of(device), Vec::from_iter(list), "{count}, {wanted} nearest");
                }
            }
        }
    }

    #[test]
    fn too_many_nearest_are_refused_before_they_are_looked_for() {
        let points = vec![[0.0; 3]; 60_000];
        let error = Neighbors::nearest(&points, 1_000_000, |_, _| true).expect_err("too many");
        assert!(matches!(error, SimError::TooManyLinks { .. }));
    }

    #[test]
    fn the_radius_is_inclusive() {
        let points = [[0.0, 0.0, 0.0], [3.0, 4.0, 0.0], [3.0, 9.0 + 1e-9, 0.0]];
        let found = Neighbors::within(&points, 5.0).expect("few links");
        assert_eq!(found.of(0), [1]);
        assert_eq!(found.of(1), [0], "5 + 1e-9 is beyond a radius of 5");
        assert!(found.linked(0, 1) && !found.linked(1, 2));
    }

    #[test]
    fn devices_at_one_place_are_linked_even_with_radius_zero() {
        let points = [[2.0, 2.0, 0.0]; 3];
        let found = Neighbors::within(&points, 0.0).expect("few links");
        assert_eq!(found.of(1), [0, 2]);
        assert_eq!(found.ends(), 6);
    }

    #[test]
    fn the_chosen_radius_gives_the_wanted_degree() {
        let points = random_points(2000, true);
        let found = Neighbors::within(&points, radius_for(&points, 10)).expect("few links");
        let mean = found.ends() as f64 / 2000.0;
        assert!((8.0..12.0).contains(&mean), "mean degree {mean}");
        assert_eq!(radius_for(&points[..10], 10), f64::INFINITY);
    }
}
