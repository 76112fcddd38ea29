//! Networks of many shapes.

use super::site::Spot;
use crate::neighbors::distance;
use crate::random::Stream;

/// The least distance of two devices: what counts up in steps of links arrives in time.
const LEAST: f64 = 3.0;
/// The longest link, but for those that leap over a small world.
pub(crate) const MOST: f64 = 10.0;

/// How the devices of a case are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Rows and columns, each device linked with those beside, above and below.
    Grid,
    /// Anywhere in a square, linked with those near.
    Disc,
    /// A ring with links across.
    SmallWorld,
    /// A line.
    Line,
    /// All linked with one.
    Star,
    /// A ring.
    Ring,
    /// Parts that nothing joins: one scattered, one in which all are linked with all, one alone.
    Disconnected,
}

impl Shape {
    pub(crate) const ALL: [Self; 7] = [
        Self::Disc,
        Self::Line,
        Self::Grid,
        Self::Disconnected,
        Self::SmallWorld,
        Self::Star,
        Self::Ring,
    ];

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Disc => "disc",
            Self::SmallWorld => "small world",
            Self::Line => "line",
            Self::Star => "star",
            Self::Ring => "ring",
            Self::Disconnected => "disconnected",
        }
    }
}

/// Devices with what they read, and links.
pub(crate) fn network(shape: Shape, random: &mut Stream) -> (Vec<Spot>, Vec<(i64, i64)>) {
    let count = 5 + random.below(8);
    let (points, pairs) = match shape {
        Shape::Grid => grid(2 + random.below(3), 3 + random.below(2)),
        Shape::Disc => scattered(count, random),
        Shape::Line => line(count, random),
        Shape::Star => star(count),
        Shape::Ring => ring(count),
        Shape::SmallWorld => {
            let (points, mut pairs) = ring(count);
            for _ in 0..count / 3 {
                let (a, b) = (random.below(count), random.below(count));
                if a != b {
                    pairs.push((a.min(b), a.max(b)));
                }
            }
            (points, pairs)
        }
        Shape::Disconnected => {
            let (mut points, mut pairs) = scattered(count / 2 + 1, random);
            let first = points.len();
            points.extend(around(count / 2 + 1, 5.0).map(|[x, y]| [x + 200.0, y]));
            let all = first..points.len();
            pairs.extend(
                all.clone()
                    .flat_map(|a| all.clone().skip_while(move |b| *b <= a).map(move |b| (a, b))),
            );
            points.push([400.0, 0.0]);
            (points, pairs)
        }
    };
    let mut pairs: Vec<(i64, i64)> = pairs.into_iter().map(|(a, b)| (a as i64, b as i64)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    (furnished(&points, random), pairs)
}

/// What devices read: one or two sources, a destination, few obstacles.
fn furnished(points: &[[f64; 2]], random: &mut Stream) -> Vec<Spot> {
    let count = points.len();
    let sources = [random.below(count), random.below(count)];
    let sources = if random.unit() < 0.6 { [sources[0]; 2] } else { sources };
    let destination = random.below(count);
    let spot = |(device, point): (usize, &[f64; 2])| {
        let busy = sources.contains(&device) || device == destination;
        Spot {
            id: device as i64,
            point: *point,
            source: sources.contains(&device),
            destination: device == destination,
            obstacle: random.unit() < 0.2 && !busy,
            value: 1.0 + random.below(9) as f64,
            // The fraction tells them apart.
            strength: random.below(50) as f64 + device as f64 / 64.0,
        }
    };
    points.iter().enumerate().map(spot).collect()
}

type Places = (Vec<[f64; 2]>, Vec<(usize, usize)>);

fn grid(rows: usize, columns: usize) -> Places {
    let place = |device: usize| [(device % columns) as f64 * 8.0, (device / columns) as f64 * 8.0];
    let beside = (0..rows * columns).filter(|d| d % columns + 1 < columns).map(|d| (d, d + 1));
    let below = (0..(rows - 1) * columns).map(|d| (d, d + columns));
    ((0..rows * columns).map(place).collect(), beside.chain(below).collect())
}

fn line(count: usize, random: &mut Stream) -> Places {
    let mut x = 0.0;
    let mut place = |_| {
        x += random.between(LEAST, MOST);
        [x, 0.0]
    };
    ((0..count).map(&mut place).collect(), (1..count).map(|d| (d - 1, d)).collect())
}

/// All at one distance from the first, those around it not linked with each other.
fn star(count: usize) -> Places {
    let mut points: Vec<[f64; 2]> = around(count, 9.0).collect();
    if let Some(middle) = points.first_mut() {
        *middle = [0.0, 0.0];
    }
    (points, (1..count).map(|d| (0, d)).collect())
}

/// So many places on a circle.
fn around(count: usize, radius: f64) -> impl Iterator<Item = [f64; 2]> {
    let turn = std::f64::consts::TAU / count as f64;
    let angles = (0..count).map(move |device| device as f64 * turn);
    angles.map(move |angle| [radius * libm::cos(angle), radius * libm::sin(angle)])
}

fn ring(count: usize) -> Places {
    // So large that those side by side are 7 apart.
    let radius = 3.5 / libm::sin(std::f64::consts::PI / count as f64);
    (around(count, radius).collect(), (0..count).map(|d| (d, (d + 1) % count)).collect())
}

/// Each within reach of one before, and not too near to any.
fn scattered(count: usize, random: &mut Stream) -> Places {
    let apart = |[ax, ay]: [f64; 2], [bx, by]: [f64; 2]| distance([ax, ay, 0.0], [bx, by, 0.0]);
    let mut points: Vec<[f64; 2]> = vec![[0.0, 0.0]];
    while points.len() < count {
        let Some([x, y]) = points.get(random.below(points.len())).copied() else { break };
        let [dx, dy] = random.disc();
        let point = [x + MOST * dx, y + MOST * dy];
        if points.iter().all(|other| apart(*other, point) >= LEAST) {
            points.push(point);
        }
    }
    let pairs = near(&points);
    (points, pairs)
}

/// All that are near enough for a link.
pub(crate) fn near(points: &[[f64; 2]]) -> Vec<(usize, usize)> {
    let length = |[ax, ay]: [f64; 2], [bx, by]: [f64; 2]| distance([ax, ay, 0.0], [bx, by, 0.0]);
    let ahead = |a: usize| {
        let here = points.get(a).copied().unwrap_or_default();
        let others = points.iter().enumerate().skip(a + 1);
        others.filter(move |(_, b)| length(here, **b) <= MOST).map(move |(b, _)| (a, b))
    };
    (0..points.len()).flat_map(ahead).collect()
}
