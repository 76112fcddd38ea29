//! The loops that a person would write for one workload and nothing else: the physical limit.
#![expect(
    clippy::indexing_slicing,
    reason = "lists have one item a device, and devices are numbers"
)]

use super::calendar::Calendar;
use super::graph::Graph;
use std::hint::black_box;
use std::time::Instant;

/// Device rounds a second of distances to device 0, everybody at once.
pub(super) fn lock_step(graph: &Graph, rounds: usize, hops: bool) -> f64 {
    let (mut now, mut next) = (vec![f64::INFINITY; graph.len()], vec![0.0; graph.len()]);
    let begun = Instant::now();
    for _ in 0..rounds {
        for (device, value) in next.iter_mut().enumerate() {
            *value = if device == 0 { 0.0 } else { least(graph, &now, device, hops) };
        }
        std::mem::swap(&mut now, &mut next);
        black_box(&now);
    }
    (rounds * graph.len()) as f64 / begun.elapsed().as_secs_f64()
}

/// The same with each device at its own time.
pub(super) fn asynchronous(graph: &Graph, rounds: usize, hops: bool) -> f64 {
    let mut values = vec![f64::INFINITY; graph.len()];
    let mut calendar = Calendar::new(graph.len());
    let begun = Instant::now();
    for _ in 0..rounds * graph.len() {
        let (_, device) = calendar.next();
        values[device] = if device == 0 { 0.0 } else { least(graph, &values, device, hops) };
    }
    black_box(&values);
    (rounds * graph.len()) as f64 / begun.elapsed().as_secs_f64()
}

#[inline]
fn least(graph: &Graph, values: &[f64], device: usize, hops: bool) -> f64 {
    let (others, lengths) = graph.near(device);
    let smaller = |least: f64, x: f64| if x < least { x } else { least };
    if hops {
        let least = others.iter().map(|other| values[*other as usize]).fold(f64::INFINITY, smaller);
        return least + 1.0;
    }
    let through =
        others.iter().zip(lengths).map(|(other, length)| values[*other as usize] + length);
    through.fold(f64::INFINITY, smaller)
}
