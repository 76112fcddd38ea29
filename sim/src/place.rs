//! Generators of positions.

use crate::random::{Purpose, Stream};
use crate::scenario::Place;

/// Places `count` devices in an area; `first` is the number of the first one in the network, from
/// which its random draws follow.
pub(crate) fn place(
    place: Place,
    count: usize,
    [x0, y0, x1, y1]: [f64; 4],
    seed: u64,
    first: usize,
) -> Vec<[f64; 2]> {
    let stream = |index: usize| Stream::new(seed, (first + index) as u64, Purpose::Place);
    let uniform = |stream: &mut Stream| [stream.between(x0, x1), stream.between(y0, y1)];
    match place {
        Place::Grid => grid(count, [x0, y0, x1, y1]).0,
        Place::JitteredGrid { jitter } => {
            let (mut positions, [dx, dy]) = grid(count, [x0, y0, x1, y1]);
            for (index, [x, y]) in positions.iter_mut().enumerate() {
                let mut stream = stream(index);
                *x += dx * 0.5 * jitter * stream.between(-1.0, 1.0);
                *y += dy * 0.5 * jitter * stream.between(-1.0, 1.0);
            }
            positions
        }
        Place::Uniform => (0..count).map(|index| uniform(&mut stream(index))).collect(),
        Place::Clusters { clusters, spread } => {
            let mut centers = Stream::new(seed, first as u64, Purpose::Clusters);
            let centers: Vec<[f64; 2]> = (0..clusters).map(|_| uniform(&mut centers)).collect();
            let one = |index: usize| {
                let mut stream = stream(index);
                let center = centers.get(stream.below(centers.len())).copied();
                let [cx, cy] = center.unwrap_or([x0, y0]);
                let [dx, dy] = stream.normal_pair();
                [(cx + dx * spread).clamp(x0, x1), (cy + dy * spread).clamp(y0, y1)]
            };
            (0..count).map(one).collect()
        }
    }
}

/// Rows and columns of nearly square cells, each device in the middle of its cell; and the size
/// of a cell.
fn grid(count: usize, [x0, y0, x1, y1]: [f64; 4]) -> (Vec<[f64; 2]>, [f64; 2]) {
    let (width, height) = (x1 - x0, y1 - y0);
    let ideal = match height > 0.0 {
        true => (count as f64 * width / height).sqrt().round(),
        false => count as f64,
    };
    let columns = (ideal as usize).clamp(1, count.max(1));
    let rows = count.div_ceil(columns).max(1);
    let cell = [width / columns as f64, height / rows as f64];
    let [dx, dy] = cell;
    let one = |index: usize| {
        let (row, column) = (index / columns, index % columns);
        [x0 + (column as f64 + 0.5) * dx, y0 + (row as f64 + 0.5) * dy]
    };
    ((0..count).map(one).collect(), cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: [f64; 4] = [0.0, 0.0, 40.0, 20.0];

    #[test]
    fn a_grid_fills_the_area_row_by_row() {
        let positions = place(Place::Grid, 8, AREA, 1, 0);
        let expected: Vec<[f64; 2]> =
            [5.0, 15.0].iter().flat_map(|y| [5.0, 15.0, 25.0, 35.0].map(|x| [x, *y])).collect();
        assert_eq!(positions, expected);
    }

    #[test]
    fn a_flat_area_gives_a_line() {
        let positions = place(Place::Grid, 4, [0.0, 1.0, 8.0, 1.0], 1, 0);
        assert_eq!(positions, [[1.0, 1.0], [3.0, 1.0], [5.0, 1.0], [7.0, 1.0]]);
    }

    #[test]
    fn jitter_stays_within_the_cell() {
        let still = place(Place::Grid, 50, AREA, 3, 0);
        let jittered = place(Place::JitteredGrid { jitter: 1.0 }, 50, AREA, 3, 0);
        assert_ne!(still, jittered);
        for ([x, y], [jx, jy]) in still.iter().zip(&jittered) {
            assert!((x - jx).abs() <= 2.0 && (y - jy).abs() <= 2.0, "{x},{y} -> {jx},{jy}");
        }
    }

    #[test]
    fn all_kinds_stay_in_the_area_and_keep_the_seed() {
        for kind in [Place::Uniform, Place::Clusters { clusters: 3, spread: 30.0 }] {
            let positions = place(kind, 500, AREA, 9, 17);
            let inside = |[x, y]: &[f64; 2]| (0.0..=40.0).contains(x) && (0.0..=20.0).contains(y);
            assert!(positions.iter().all(inside), "{kind:?}");
            assert_eq!(positions, place(kind, 500, AREA, 9, 17));
            assert_ne!(positions, place(kind, 500, AREA, 10, 17));
        }
    }

    #[test]
    fn clusters_are_denser_than_uniform() {
        // Mean squared distance to the centre of mass, one cluster against none.
        let spread = |kind| {
            let positions = place(kind, 400, [0.0, 0.0, 100.0, 100.0], 5, 0);
            let n = positions.len() as f64;
            let mx = positions.iter().map(|p| p[0]).sum::<f64>() / n;
            let my = positions.iter().map(|p| p[1]).sum::<f64>() / n;
            positions.iter().map(|p| (p[0] - mx).powi(2) + (p[1] - my).powi(2)).sum::<f64>() / n
        };
        // 2 * 5^2 = 50 against 2 * 100^2 / 12 = 1667.
        assert!(spread(Place::Clusters { clusters: 1, spread: 5.0 }) < 70.0);
        assert!(spread(Place::Uniform) > 1400.0);
    }
}
