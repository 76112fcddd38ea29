//! What stands between two places.

use crate::neighbors::Point;
use crate::scenario::{Bitmap, Obstacle, Shape};

/// All obstacles of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Obstacles {
    list: Vec<Obstacle>,
}

impl Obstacles {
    pub(crate) fn new(list: &[Obstacle]) -> Self {
        Self { list: list.to_vec() }
    }

    /// Whether there are none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Obstacle> {
        self.list.iter()
    }

    /// Whether something keeps two devices from hearing each other; the same for both.
    pub(crate) fn part(&self, a: Point, b: Point) -> bool {
        self.list.iter().any(|obstacle| obstacle.links && meets(obstacle, a, b))
    }

    /// Whether a device cannot go straight from one place to another. One that stands in an
    /// obstacle may leave it.
    pub(crate) fn stop(&self, from: Point, to: Point) -> bool {
        let stops = |obstacle: &&Obstacle| {
            obstacle.movement && meets(obstacle, from, to) && !meets(obstacle, from, from)
        };
        self.list.iter().any(|obstacle| stops(&obstacle))
    }

    /// Whether a place is within an obstacle that devices cannot walk through.
    pub(crate) fn cover(&self, point: Point) -> bool {
        self.list.iter().any(|obstacle| obstacle.movement && meets(obstacle, point, point))
    }
}

/// Whether an obstacle has a place in common with the straight line between two places.
fn meets(obstacle: &Obstacle, a: Point, b: Point) -> bool {
    // The line from the lesser end, so that both ends find the same.
    let (a, b) = if b < a { (b, a) } else { (a, b) };
    let ([ax, ay, az], [bx, by, bz]) = (a, b);
    let Some((from, to)) = obstacle
        .height
        .map_or(Some((0.0, 1.0)), |(low, high)| clip((0.0, 1.0), az, bz - az, low, high))
    else {
        return false;
    };
    let at = |t: f64| match t {
        0.0 => [ax, ay],
        1.0 => [bx, by],
        t => [ax + (bx - ax) * t, ay + (by - ay) * t],
    };
    let (a, b) = (at(from), at(to));
    match &obstacle.shape {
        Shape::Rectangle([x0, y0, x1, y1]) => span(a, b, [*x0, *y0, *x1, *y1]).is_some(),
        Shape::Polygon(corners) => polygon(corners, a, b),
        Shape::Bitmap(bitmap) => dark(bitmap, a, b),
    }
}

/// The part of a range of `t` in which `start + t * slope` lies between two bounds.
fn clip((from, to): (f64, f64), start: f64, slope: f64, low: f64, high: f64) -> Option<(f64, f64)> {
    if slope == 0.0 {
        return (low..=high).contains(&start).then_some((from, to));
    }
    let (one, two) = ((low - start) / slope, (high - start) / slope);
    let (from, to) = (from.max(one.min(two)), to.min(one.max(two)));
    (from <= to).then_some((from, to))
}

/// Which part of a line lies in a rectangle, from 0 at `a` to 1 at `b`.
fn span([ax, ay]: [f64; 2], [bx, by]: [f64; 2], [x0, y0, x1, y1]: [f64; 4]) -> Option<(f64, f64)> {
    let range = clip((0.0, 1.0), ax, bx - ax, x0, x1)?;
    clip(range, ay, by - ay, y0, y1)
}

fn polygon(corners: &[[f64; 2]], a: [f64; 2], b: [f64; 2]) -> bool {
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    edges.clone().any(|(c, d)| cross(a, b, *c, *d)) || inside(edges, a)
}

/// Which side of the line through `a` and `b` a place is on: the sign of the result.
fn side([ax, ay]: [f64; 2], [bx, by]: [f64; 2], [px, py]: [f64; 2]) -> f64 {
    (bx - ax) * (py - ay) - (by - ay) * (px - ax)
}

/// Whether two closed lines meet.
fn cross(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> bool {
    let between = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        let within = |p: f64, q: f64, r: f64| (p.min(q)..=p.max(q)).contains(&r);
        within(p[0], q[0], r[0]) && within(p[1], q[1], r[1])
    };
    let (ac, ad, ca, cb) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    let apart = |one: f64, two: f64| (one > 0.0 && two < 0.0) || (one < 0.0 && two > 0.0);
    (apart(ac, ad) && apart(ca, cb))
        || (ac == 0.0 && between(a, b, c))
        || (ad == 0.0 && between(a, b, d))
        || (ca == 0.0 && between(c, d, a))
        || (cb == 0.0 && between(c, d, b))
}

/// Whether a place is within a polygon: a ray from it crosses the edges an odd number of times.
fn inside<'a>(edges: impl Iterator<Item = (&'a [f64; 2], &'a [f64; 2])>, [x, y]: [f64; 2]) -> bool {
    let crossed = edges.filter(|([cx, cy], [dx, dy])| {
        (*cy > y) != (*dy > y) && x < (dx - cx) * (y - cy) / (dy - cy) + cx
    });
    crossed.count() % 2 == 1
}

/// Whether a line touches a dark pixel: walks over the pixels that it crosses, column by column.
fn dark(bitmap: &Bitmap, a: [f64; 2], b: [f64; 2]) -> bool {
    let [x0, y0, x1, y1] = bitmap.area;
    let Some((from, to)) = span(a, b, bitmap.area) else { return false };
    let at = |t: f64| {
        let scale =
            |v: f64, low: f64, high: f64, cells: usize| (v - low) / (high - low) * cells as f64;
        let [x, y] = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
        [scale(x, x0, x1, bitmap.columns), scale(y, y0, y1, bitmap.rows)]
    };
    let (mut start, mut end) = (at(from), at(to));
    if end < start {
        std::mem::swap(&mut start, &mut end);
    }
    let cell = |v: f64, cells: usize| (v.max(0.0) as usize).min(cells.saturating_sub(1));
    let slope = (end[1] - start[1]) / (end[0] - start[0]);
    (cell(start[0], bitmap.columns)..=cell(end[0], bitmap.columns)).any(|column| {
        // Where the line enters and leaves this column of pixels.
        let y = |x: f64| match slope.is_finite() {
            true => start[1] + (x.clamp(start[0], end[0]) - start[0]) * slope,
            false => start[1],
        };
        let (one, two) = match slope.is_finite() {
            true => (y(column as f64), y(column as f64 + 1.0)),
            false => (start[1], end[1]),
        };
        let rows = cell(one.min(two), bitmap.rows)..=cell(one.max(two), bitmap.rows);
        let pixel = |row: usize| bitmap.dark.get(row * bitmap.columns + column);
        rows.into_iter().any(|row| pixel(row).copied().unwrap_or(false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};
    use std::sync::Arc;

    fn obstacle(shape: Shape) -> Obstacle {
        Obstacle { shape, height: None, links: true, movement: true }
    }

    /// Whether some of many places along the line lies in a shape: what `meets` must agree with,
    /// but for lines that only graze it.
    fn sampled(a: Point, b: Point, within: impl Fn(f64, f64, f64) -> bool) -> bool {
        (0..=4000).any(|step| {
            let t = f64::from(step) / 4000.0;
            let at = |axis: usize| a[axis] + (b[axis] - a[axis]) * t;
            within(at(0), at(1), at(2))
        })
    }

    fn lines(count: usize) -> Vec<(Point, Point)> {
        let mut random = Stream::new(5, 0, Purpose::Place);
        let mut point = || std::array::from_fn(|_| random.between(-10.0, 30.0));
        (0..count).map(|_| (point(), point())).collect()
    }

    /// Counts lines for which exact and sampled geometry disagree; those touch by less than a
    /// step of the sampling, 0.014 of at most 57, or the pixel rule rounds the other way.
    fn disagreements(obstacle: &Obstacle, within: impl Fn(f64, f64, f64) -> bool) -> usize {
        let mut met = 0;
        let mut wrong = 0;
        for (a, b) in lines(2000) {
            let exact = meets(obstacle, a, b);
            assert_eq!(exact, meets(obstacle, b, a), "both ends agree");
            met += usize::from(exact);
            let coarse = sampled(a, b, &within);
            assert!(exact || !coarse, "a sampled place lies inside: {a:?} {b:?}");
            wrong += usize::from(exact != coarse);
        }
        assert!((200..1800).contains(&met), "{met} lines meet: both outcomes are tried");
        wrong
    }

    #[test]
    fn lines_meet_shapes_as_their_points_do() {
        let rectangle = obstacle(Shape::Rectangle([0.0, 0.0, 12.0, 9.0]));
        let in_rectangle =
            |x: f64, y: f64, _| (0.0..=12.0).contains(&x) && (0.0..=9.0).contains(&y);
        assert!(disagreements(&rectangle, in_rectangle) < 5);

        let low = Obstacle { height: Some((0.0, 5.0)), ..rectangle };
        let in_low = |x, y, z: f64| in_rectangle(x, y, z) && (0.0..=5.0).contains(&z);
        assert!(disagreements(&low, in_low) < 5);

        let triangle = obstacle(Shape::Polygon(vec![[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]]));
        let in_triangle = |x: f64, y: f64, _| x > 0.0 && y > 0.0 && x + y < 20.0;
        assert!(disagreements(&triangle, in_triangle) < 5);

        // An L: the notch at the upper right is free.
        let corners = [[0.0, 0.0], [20.0, 0.0], [20.0, 8.0], [8.0, 8.0], [8.0, 20.0], [0.0, 20.0]];
        let bent = obstacle(Shape::Polygon(corners.to_vec()));
        let in_bent = |x: f64, y: f64, _| {
            (0.0..20.0).contains(&x) && (0.0..20.0).contains(&y) && (x < 8.0 || y < 8.0)
        };
        assert!(disagreements(&bent, in_bent) < 8);

        // A chequered board of 5 by 4 squares.
        let dark: Vec<bool> = (0..20).map(|pixel| (pixel % 5 + pixel / 5) % 2 == 0).collect();
        let area = [0.0, 0.0, 20.0, 16.0];
        let board = obstacle(Shape::Bitmap(Arc::new(Bitmap {
            area,
            columns: 5,
            rows: 4,
            dark: dark.clone(),
        })));
        let in_board = |x: f64, y: f64, _| {
            let inside = (0.0..20.0).contains(&x) && (0.0..16.0).contains(&y);
            inside && dark[(y / 4.0) as usize * 5 + (x / 4.0) as usize]
        };
        assert!(disagreements(&board, in_board) < 40);
    }

    #[test]
    fn edges_belong_to_obstacles_and_a_way_out_is_open() {
        let wall = Obstacles::new(&[obstacle(Shape::Rectangle([5.0, 0.0, 6.0, 10.0]))]);
        let at = |x: f64, y: f64| [x, y, 0.0];
        assert!(wall.part(at(0.0, 5.0), at(9.0, 5.0)));
        assert!(wall.part(at(0.0, 10.0), at(9.0, 10.0)), "along the edge");
        assert!(!wall.part(at(0.0, 10.1), at(9.0, 10.1)));
        assert!(wall.stop(at(0.0, 5.0), at(5.0, 5.0)) && wall.cover(at(5.5, 5.0)));
        assert!(!wall.stop(at(5.5, 5.0), at(4.0, 5.0)), "who stands inside may leave");
        let glass = Obstacle { links: false, ..wall.list[0].clone() };
        let glass = Obstacles::new(&[glass]);
        assert!(!glass.part(at(0.0, 5.0), at(9.0, 5.0)) && glass.stop(at(0.0, 5.0), at(9.0, 5.0)));
    }
}
