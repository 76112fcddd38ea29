//! The loops that a person would write for one workload and nothing else: the physical limit.
#![expect(
    clippy::indexing_slicing,
    reason = "lists have one item a device, and devices are numbers"
)]

use super::calendar::Calendar;
use super::graph::Graph;
use std::hint::black_box;

/// Distances to device 0 by hand.
pub(super) struct ByHand<'a> {
    graph: &'a Graph,
    /// Whether every link counts as 1.
    hops: bool,
    now: Vec<f64>,
    next: Vec<f64>,
    calendar: Option<Calendar>,
}

impl<'a> ByHand<'a> {
    pub(super) fn new(graph: &'a Graph, hops: bool, asynchronous: bool) -> Self {
        Self {
            graph,
            hops,
            now: vec![f64::INFINITY; graph.len()],
            next: vec![0.0; graph.len()],
            calendar: asynchronous.then(|| Calendar::new(graph.len())),
        }
    }

    /// So many rounds of every device, about.
    pub(super) fn rounds(&mut self, rounds: usize) {
        let Self { graph, hops, now, next, calendar } = self;
        let least = |values: &[f64], device: usize| match device {
            0 => 0.0,
            _ => least(graph, values, device, *hops),
        };
        match calendar {
            Some(calendar) => {
                for _ in 0..rounds * graph.len() {
                    let (_, device) = calendar.next();
                    now[device] = least(now, device);
                }
            }
            None => {
                for _ in 0..rounds {
                    for (device, value) in next.iter_mut().enumerate() {
                        *value = least(now, device);
                    }
                    std::mem::swap(now, next);
                }
            }
        }
        black_box(&self.now);
    }
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
