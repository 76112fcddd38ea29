//! Obstacles as closed surfaces.

use crate::scenario::{Bitmap, Shape};
use crate::world::World;

/// The outlines of all obstacles of a network; those of a picture row by row.
pub(crate) fn outlines(world: &World) -> Vec<Vec<[f64; 2]>> {
    let mut outlines = Vec::new();
    for obstacle in world.obstacles() {
        match &obstacle.shape {
            Shape::Rectangle(corners) => outlines.push(rectangle(*corners)),
            Shape::Polygon(corners) => outlines.push(corners.clone()),
            Shape::Bitmap(bitmap) => rows(bitmap, &mut outlines),
        }
    }
    outlines
}

fn rectangle([x0, y0, x1, y1]: [f64; 4]) -> Vec<[f64; 2]> {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

/// Each run of dark pixels as one rectangle.
fn rows(bitmap: &Bitmap, outlines: &mut Vec<Vec<[f64; 2]>>) {
    let [x0, y0, x1, y1] = bitmap.area;
    let (width, height) = ((x1 - x0) / bitmap.columns as f64, (y1 - y0) / bitmap.rows as f64);
    for (row, pixels) in bitmap.dark.chunks(bitmap.columns.max(1)).enumerate() {
        let (low, high) = (y0 + row as f64 * height, y0 + (row + 1) as f64 * height);
        let mut column = 0;
        for run in pixels.chunk_by(|a, b| a == b) {
            let end = column + run.len();
            if run.first() == Some(&true) {
                let (left, right) = (x0 + column as f64 * width, x0 + end as f64 * width);
                outlines.push(rectangle([left, low, right, high]));
            }
            column = end;
        }
    }
}
