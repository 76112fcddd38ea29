//! What each workload settles to, by plain algorithms over the whole network.
#![expect(
    clippy::indexing_slicing,
    reason = "lists have one item a device, and devices are numbers"
)]

use super::Workload;
use super::graph::Graph;
use fieldrun_sim::workload::Digest;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Hops that a leader reaches in W4.
const REACH: u32 = 10;

pub(super) fn digest(workload: Workload, graph: &Graph) -> Digest {
    let all = |_: usize, _: usize| true;
    Digest::of(match workload {
        Workload::W0 => vec![0.0; graph.len()],
        Workload::W1 => distances(graph, &[0], all, |_| 1.0),
        Workload::W2 => distances(graph, &[0], all, |length| length),
        Workload::W3 => told(graph, &[0], all),
        Workload::W4 => {
            let leaders = leaders(graph);
            let mut sources = leaders.clone();
            sources.sort_unstable();
            sources.dedup();
            told(graph, &sources, |a, b| leaders[a] == leaders[b])
        }
        Workload::W5 => means(graph),
    })
}

/// A finite number that orders like itself: distances are never negative.
#[derive(PartialEq, PartialOrd)]
struct Distance(f64);

impl Eq for Distance {}

#[expect(clippy::derive_ord_xor_partial_ord, reason = "numbers here are never NaN")]
impl Ord for Distance {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Dijkstra from all sources at once, over links that count.
fn distances(
    graph: &Graph,
    sources: &[usize],
    counts: impl Fn(usize, usize) -> bool,
    length: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let mut found = vec![f64::INFINITY; graph.len()];
    let mut queue = BinaryHeap::new();
    for source in sources {
        found[*source] = 0.0;
        queue.push((Reverse(Distance(0.0)), *source));
    }
    while let Some((Reverse(Distance(here)), device)) = queue.pop() {
        if here > found[device] {
            continue;
        }
        for (other, link) in graph.links(device).filter(|(other, _)| counts(device, *other)) {
            let there = here + length(link);
            if there < found[other] {
                found[other] = there;
                queue.push((Reverse(Distance(there)), other));
            }
        }
    }
    found
}

/// What everybody is told: the sources count the devices whose ways lead to them.
fn told(graph: &Graph, sources: &[usize], counts: impl Fn(usize, usize) -> bool) -> Vec<f64> {
    let distance = distances(graph, sources, &counts, |length| length);
    let less = |a: usize, b: usize| (distance[a], a) < (distance[b], b);
    let nearest = |device: usize| {
        let near = graph.links(device).map(|(other, _)| other);
        near.filter(|other| counts(device, *other)).reduce(|a, b| if less(b, a) { b } else { a })
    };
    let mut outward: Vec<usize> = (0..graph.len()).collect();
    outward.sort_by(|a, b| distance[*a].total_cmp(&distance[*b]).then(a.cmp(b)));
    let mut count = vec![1.0; graph.len()];
    for device in outward.iter().rev().copied() {
        if let Some(parent) = nearest(device).filter(|parent| less(*parent, device))
            && distance[device].is_finite()
        {
            count[parent] += count[device];
        }
    }
    let mut told = vec![0.0; graph.len()];
    for device in outward {
        told[device] = match nearest(device) {
            Some(near) if distance[near] < distance[device] => told[near],
            _ => count[device],
        };
    }
    told
}

/// The least id within reach, where what is heard of a leader must be heard from a device that is
/// led by it: rounds of everybody at once until nothing changes.
fn leaders(graph: &Graph) -> Vec<usize> {
    let mut led: Vec<(usize, u32)> = (0..graph.len()).map(|device| (device, 0)).collect();
    loop {
        let next: Vec<(usize, u32)> = (0..graph.len())
            .map(|device| {
                let heard = graph.links(device).map(|(other, _)| led[other]);
                let least = heard.filter(|(_, hops)| *hops < REACH).min();
                match least {
                    Some((leader, hops)) if leader < device => (leader, hops + 1),
                    _ => (device, 0),
                }
            })
            .collect();
        if next == led {
            return led.into_iter().map(|(leader, _)| leader).collect();
        }
        led = next;
    }
}

fn means(graph: &Graph) -> Vec<f64> {
    let even = distances(graph, &[0], |a, b| a % 2 == 0 && b % 2 == 0, |length| length);
    let odd = distances(graph, &[1], |a, b| a % 2 == 1 && b % 2 == 1, |_| 1.0);
    let value = |device: usize| {
        if device.is_multiple_of(2) { even[device] } else { odd[device] }.min(1000.0)
    };
    let mean = |device: usize| {
        let near: Vec<f64> = graph.links(device).map(|(other, _)| value(other)).collect();
        let sum: f64 = near.iter().chain([&value(device)]).sum();
        sum / (near.len() + 1) as f64
    };
    (0..graph.len()).map(mean).collect()
}
