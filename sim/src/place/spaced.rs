//! Poisson-disc placement: anywhere, but no two devices nearer than a distance.

use super::Site;
use crate::SimError;
use crate::neighbors::{Point, distance};
use crate::random::{Purpose, Stream};
use std::collections::HashMap;

/// Of the distance at which as many devices as possible would stand in a square lattice. Places drawn
/// one after the other fill up to 0.83 of it in the plane (0.90 in space), but slowly towards the end.
const FILL: f64 = 0.7;
/// Draws for each device on average before there is no more room.
const MAX_DRAWS: usize = 2000;

/// Places so many devices, no two nearer than `least` or a distance that fits.
pub(super) fn place(
    count: usize,
    least: Option<f64>,
    site: &Site<'_>,
) -> Result<Vec<Point>, SimError> {
    let (measure, axes) = site.area.measure();
    let share = measure / count.max(1) as f64;
    let fitting = FILL
        * if axes == 3 { libm::cbrt(share) } else { share.powi(3 - axes.max(1) as i32).sqrt() };
    // On a line gaps between random places waste more.
    let fitting = if axes == 1 { fitting * 0.8 } else { fitting };
    let mut random = Stream::new(site.seed, site.first as u64, Purpose::Place);
    let mut wanted = least.unwrap_or(if axes == 0 { 0.0 } else { fitting });
    loop {
        let placed = try_place(count, wanted, site, &mut random);
        match placed.len() {
            found if found == count => return Ok(placed),
            // Obstacles take room that nobody counted.
            _ if least.is_none() && wanted > fitting / 100.0 => wanted *= 0.8,
            found => return Err(SimError::NoRoom { count, found, distance: wanted }),
        }
    }
}

/// Places as many as find room.
fn try_place(count: usize, least: f64, site: &Site<'_>, random: &mut Stream) -> Vec<Point> {
    let mut placed = Placed::new(least, site.area.dimension == 3);
    for _ in 0..count.saturating_mul(MAX_DRAWS) {
        if placed.points.len() == count {
            break;
        }
        placed.add(site.uniform(random));
    }
    placed.points
}

/// Places by cells so small that each holds at most one.
struct Placed {
    least: f64,
    side: f64,
    solid: bool,
    points: Vec<Point>,
    /// Only looked up, never walked through.
    cells: HashMap<[i64; 3], u32>,
}

impl Placed {
    fn new(least: f64, solid: bool) -> Self {
        // The diagonal of a cell is a little shorter than the distance.
        let side = least / 3f64.sqrt() * (1.0 - 1e-9);
        Self { least, side, solid, points: Vec::new(), cells: HashMap::new() }
    }

    fn add(&mut self, point: Point) {
        if self.side > 0.0 {
            let cell = point.map(|x| (x / self.side).floor() as i64);
            if self.crowded(point, cell) {
                return;
            }
            self.cells.insert(cell, self.points.len() as u32);
        }
        self.points.push(point);
    }

    fn crowded(&self, point: Point, [x, y, z]: [i64; 3]) -> bool {
        let near = |x: i64| x.saturating_sub(2)..=x.saturating_add(2);
        let layers = if self.solid { near(z) } else { z..=z };
        let mut cells =
            layers.flat_map(|z| near(y).flat_map(move |y| near(x).map(move |x| [x, y, z])));
        cells.any(|cell| {
            let other = self.cells.get(&cell).and_then(|index| self.points.get(*index as usize));
            other.is_some_and(|other| distance(point, *other) < self.least)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obstacles::Obstacles;
    use crate::scenario::Area;

    fn spaced(count: usize, least: Option<f64>, area: Area) -> Result<Vec<Point>, SimError> {
        let obstacles = Obstacles::default();
        place(count, least, &Site { area, obstacles: &obstacles, seed: 3, first: 0 })
    }

    fn nearest(points: &[Point]) -> f64 {
        let pairs = points
            .iter()
            .enumerate()
            .flat_map(|(i, a)| points.iter().skip(i + 1).map(move |b| distance(*a, *b)));
        pairs.fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn no_two_are_nearer_than_the_distance() {
        let flat = Area::flat([0.0, -50.0, 100.0, 50.0]);
        assert!(nearest(&spaced(500, Some(3.0), flat).expect("room")) >= 3.0);
        // Without one: 0.7 of the side of a square for each, 100 / sqrt(1000) = 3.16.
        let free = nearest(&spaced(1000, None, flat).expect("room"));
        assert!((2.2..2.5).contains(&free), "{free}");
        let solid = Area::solid([0.0, 0.0, -10.0, 20.0, 20.0, 10.0]);
        let free = nearest(&spaced(1000, None, solid).expect("room"));
        assert!((1.4..1.7).contains(&free), "{free}");
        let line = Area::flat([0.0, 0.0, 100.0, 0.0]);
        assert!(nearest(&spaced(50, None, line).expect("room")) > 1.0);
        // An area of one point, where nothing can be far from anything.
        assert_eq!(spaced(3, None, Area::flat([1.0, 1.0, 1.0, 1.0])).expect("room").len(), 3);
    }

    #[test]
    fn who_finds_no_room_is_told() {
        let error = spaced(1000, Some(10.0), Area::flat([0.0, 0.0, 100.0, 100.0]));
        let error = error.expect_err("a hundred fit at most").to_string();
        assert!(error.contains("1000") && error.contains("10"), "{error}");
    }
}
