//! Generators of positions.

mod spaced;

use crate::SimError;
use crate::neighbors::Point;
use crate::obstacles::Obstacles;
use crate::random::{Purpose, Stream};
use crate::scenario::{Area, Place};

/// How often a random place is drawn again that lies in an obstacle.
const MAX_TRIES: usize = 1000;

/// Where devices are placed.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) area: Area,
    pub(crate) obstacles: &'a Obstacles,
    pub(crate) seed: u64,
    /// The number of the first device in the network, from which the random draws follow.
    pub(crate) first: usize,
}

/// Places so many devices.
pub(crate) fn place(place: Place, count: usize, site: &Site<'_>) -> Result<Vec<Point>, SimError> {
    Ok(match place {
        Place::Grid => grid(count, &site.area).0,
        Place::JitteredGrid { jitter } => {
            let (mut points, cell) = grid(count, &site.area);
            for (index, point) in points.iter_mut().enumerate() {
                let mut stream = site.stream(index);
                let axes = point.iter_mut().zip(cell).take(site.area.dimension);
                axes.for_each(|(at, side)| *at += side * 0.5 * jitter * stream.between(-1.0, 1.0));
            }
            points
        }
        Place::Uniform => (0..count).map(|index| site.uniform(&mut site.stream(index))).collect(),
        Place::PoissonDisc { distance } => spaced::place(count, distance, site)?,
        Place::Ring { center, radius } => ring(count, center, radius, &site.area),
        Place::Line { ends } => line(count, ends, &site.area),
        Place::Clusters { clusters, spread } => {
            let mut centers = Stream::new(site.seed, site.first as u64, Purpose::Clusters);
            let centers: Vec<Point> = (0..clusters).map(|_| site.uniform(&mut centers)).collect();
            (0..count).map(|index| site.near(&centers, spread, &mut site.stream(index))).collect()
        }
    })
}

impl Site<'_> {
    fn stream(&self, index: usize) -> Stream {
        Stream::new(self.seed, (self.first + index) as u64, Purpose::Place)
    }

    /// Anywhere in the area, but not in an obstacle.
    fn uniform(&self, stream: &mut Stream) -> Point {
        let Area { least: [x0, y0, z0], most: [x1, y1, z1], dimension } = self.area;
        self.free(|| {
            let (x, y) = (stream.between(x0, x1), stream.between(y0, y1));
            [x, y, if dimension == 3 { stream.between(z0, z1) } else { 0.0 }]
        })
    }

    /// At a normally distributed offset from one of some centres.
    fn near(&self, centers: &[Point], spread: f64, stream: &mut Stream) -> Point {
        self.free(|| {
            let center = centers.get(stream.below(centers.len())).copied();
            let [cx, cy, cz] = center.unwrap_or(self.area.least);
            let [dx, dy] = stream.normal_pair();
            let dz = if self.area.dimension == 3 { stream.normal_pair()[0] } else { 0.0 };
            self.area.clamp([cx + dx * spread, cy + dy * spread, cz + dz * spread])
        })
    }

    /// A place that `draw` gives, drawn again while it lies in an obstacle.
    fn free(&self, mut draw: impl FnMut() -> Point) -> Point {
        let mut point = draw();
        for _ in 0..MAX_TRIES {
            if self.obstacles.is_empty() || !self.obstacles.cover(point) {
                break;
            }
            point = draw();
        }
        point
    }
}

/// Rows and columns, and layers in space, of nearly square cells, each device in the middle of its
/// cell; and the size of a cell.
fn grid(count: usize, area: &Area) -> (Vec<Point>, [f64; 3]) {
    let [width, height, depth] = area.extent();
    let layers = match area.measure() {
        (volume, 3) => {
            let side = libm::cbrt(volume / count.max(1) as f64);
            ((depth / side).round() as usize).clamp(1, count.max(1))
        }
        _ if width <= 0.0 && height <= 0.0 && depth > 0.0 => count.max(1),
        _ => 1,
    };
    let per_layer = count.div_ceil(layers);
    let ideal = match height > 0.0 {
        true => (per_layer as f64 * width / height).sqrt().round(),
        false => per_layer as f64,
    };
    let columns = (ideal as usize).clamp(1, per_layer.max(1));
    let rows = per_layer.div_ceil(columns).max(1);
    let cell = [width / columns as f64, height / rows as f64, depth / layers as f64];
    let ([dx, dy, dz], [x0, y0, z0]) = (cell, area.least);
    let one = |index: usize| {
        let (layer, index) = (index / (rows * columns), index % (rows * columns));
        let (row, column) = (index / columns, index % columns);
        let z = if area.dimension == 3 { z0 + (layer as f64 + 0.5) * dz } else { 0.0 };
        [x0 + (column as f64 + 0.5) * dx, y0 + (row as f64 + 0.5) * dy, z]
    };
    ((0..count).map(one).collect(), cell)
}

/// From the right of the middle on, counter-clockwise.
fn ring(count: usize, center: Option<Point>, radius: Option<f64>, area: &Area) -> Vec<Point> {
    let [x, y, z] = center.unwrap_or_else(|| area.middle());
    let [width, height, _] = area.extent();
    let radius = radius.unwrap_or_else(|| width.min(height) / 2.0);
    let one = |index: usize| {
        let angle = std::f64::consts::TAU * index as f64 / count as f64;
        [x + radius * libm::cos(angle), y + radius * libm::sin(angle), z]
    };
    (0..count).map(one).collect()
}

fn line(count: usize, ends: Option<(Point, Point)>, area: &Area) -> Vec<Point> {
    let (from, to) = ends.unwrap_or_else(|| {
        let ([_, y, z], [x0, ..], [x1, ..]) = (area.middle(), area.least, area.most);
        ([x0, y, z], [x1, y, z])
    });
    let ([x0, y0, z0], [x1, y1, z1]) = (from, to);
    let one = |index: usize| {
        let part = index as f64 / count.saturating_sub(1).max(1) as f64;
        [x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, z0 + (z1 - z0) * part]
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::distance;
    use crate::scenario::{Obstacle, Shape};

    fn area() -> Area {
        Area::flat([0.0, 0.0, 40.0, 20.0])
    }

    fn placed(kind: Place, count: usize, area: Area, seed: u64, first: usize) -> Vec<Point> {
        let obstacles = Obstacles::default();
        place(kind, count, &Site { area, obstacles: &obstacles, seed, first }).expect("room")
    }

    const KINDS: [Place; 8] = [
        Place::Grid,
        Place::JitteredGrid { jitter: 1.0 },
        Place::Uniform,
        Place::PoissonDisc { distance: None },
        Place::PoissonDisc { distance: Some(0.5) },
        Place::Ring { center: None, radius: None },
        Place::Line { ends: None },
        Place::Clusters { clusters: 3, spread: 30.0 },
    ];

    #[test]
    fn a_grid_fills_the_area_row_by_row() {
        let positions = placed(Place::Grid, 8, area(), 1, 0);
        let row = |y: f64| [5.0, 15.0, 25.0, 35.0].map(|x| [x, y, 0.0]);
        assert_eq!(positions, [row(5.0), row(15.0)].concat());
        let solid = Area::solid([0.0, 0.0, 0.0, 4.0, 4.0, 4.0]);
        let positions = placed(Place::Grid, 8, solid, 1, 0);
        let ends = [1.0, 3.0];
        let expected: Vec<Point> = ends
            .iter()
            .flat_map(|z| ends.iter().flat_map(move |y| ends.map(|x| [x, *y, *z])))
            .collect();
        assert_eq!(positions, expected);
    }

    #[test]
    fn a_flat_area_gives_a_line() {
        let positions = placed(Place::Grid, 4, Area::flat([0.0, 1.0, 8.0, 1.0]), 1, 0);
        assert_eq!(positions, [1.0, 3.0, 5.0, 7.0].map(|x| [x, 1.0, 0.0]));
    }

    #[test]
    fn jitter_stays_within_the_cell() {
        let still = placed(Place::Grid, 50, area(), 3, 0);
        let jittered = placed(Place::JitteredGrid { jitter: 1.0 }, 50, area(), 3, 0);
        assert_ne!(still, jittered);
        for ([x, y, _], [jx, jy, _]) in still.iter().zip(&jittered) {
            assert!((x - jx).abs() <= 2.0 && (y - jy).abs() <= 2.0, "{x},{y} -> {jx},{jy}");
        }
    }

    #[test]
    fn all_kinds_stay_in_the_area_and_keep_the_seed() {
        let solid = Area::solid([-3.0, 1.0, 10.0, 40.0, 20.0, 30.0]);
        for (kind, area) in KINDS.iter().flat_map(|kind| [(*kind, area()), (*kind, solid)]) {
            for (count, seed) in [(1, 1), (2, 2), (7, 3), (500, 9)] {
                let points = placed(kind, count, area, seed, 17);
                assert_eq!(points.len(), count, "{kind:?}");
                for point in &points {
                    let near = area.clamp(*point);
                    // A ring touches the border, where the sine rounds.
                    assert!(distance(*point, near) < 1e-9, "{kind:?}: {point:?}");
                }
                assert_eq!(points, placed(kind, count, area, seed, 17));
                let random = !matches!(kind, Place::Grid | Place::Ring { .. } | Place::Line { .. });
                assert_eq!(points != placed(kind, count, area, seed + 1, 17), random, "{kind:?}");
            }
        }
    }

    #[test]
    fn rings_and_lines_are_evenly_spread() {
        let gaps = |points: &[Point]| -> Vec<f64> {
            points.windows(2).map(|pair| distance(pair[0], pair[1])).collect()
        };
        let kind = Place::Ring { center: Some([1.0, 2.0, 0.0]), radius: Some(5.0) };
        let ring = placed(kind, 12, area(), 1, 0);
        assert!(ring.iter().all(|p| (distance(*p, [1.0, 2.0, 0.0]) - 5.0).abs() < 1e-9));
        // The chord of a twelfth of the circle.
        let chord = 10.0 * (std::f64::consts::PI / 12.0).sin();
        assert!(gaps(&ring).iter().all(|gap| (gap - chord).abs() < 1e-9));
        let ends = Some(([0.0, 0.0, 0.0], [3.0, 4.0, 12.0]));
        let line = placed(Place::Line { ends }, 14, area(), 1, 0);
        assert!(gaps(&line).iter().all(|gap| (gap - 1.0).abs() < 1e-9));
        assert_eq!((line[0], line[13]), ([0.0; 3], [3.0, 4.0, 12.0]));
    }

    #[test]
    fn clusters_are_denser_than_uniform() {
        // Mean squared distance to the centre of mass, one cluster against none.
        let spread = |kind| {
            let points = placed(kind, 400, Area::flat([0.0, 0.0, 100.0, 100.0]), 5, 0);
            let n = points.len() as f64;
            let mx = points.iter().map(|p| p[0]).sum::<f64>() / n;
            let my = points.iter().map(|p| p[1]).sum::<f64>() / n;
            points.iter().map(|p| (p[0] - mx).powi(2) + (p[1] - my).powi(2)).sum::<f64>() / n
        };
        // 2 * 5^2 = 50 against 2 * 100^2 / 12 = 1667.
        assert!(spread(Place::Clusters { clusters: 1, spread: 5.0 }) < 70.0);
        assert!(spread(Place::Uniform) > 1400.0);
    }

    #[test]
    fn nobody_is_placed_at_random_in_an_obstacle() {
        let shape = Shape::Rectangle([10.0, 0.0, 30.0, 20.0]);
        let wall = Obstacle { shape, height: None, links: true, movement: true };
        let obstacles = Obstacles::new(&[wall]);
        for kind in KINDS.into_iter().filter(|kind| {
            matches!(kind, Place::Uniform | Place::PoissonDisc { .. } | Place::Clusters { .. })
        }) {
            let site = Site { area: area(), obstacles: &obstacles, seed: 4, first: 0 };
            let points = place(kind, 100, &site).expect("room");
            assert!(points.iter().all(|[x, ..]| *x < 10.0 || *x > 30.0), "{kind:?}");
        }
    }
}
