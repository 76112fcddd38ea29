//! Which devices are linked: the rule of the scenario, applied to where devices are.

use crate::SimError;
use crate::neighbors::{Neighbors, Point, radius_for};
use crate::obstacles::Obstacles;
use crate::random::{Purpose, Stream};
use crate::scenario::{Scenario, Topology};
use crate::world::Numbers;
use fieldrun_device::NodeId;
use std::sync::Arc;

/// The neighbours of a device on average when the scenario names no radius.
const DEFAULT_DEGREE: usize = 10;

/// The rule of a network.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    rule: Rule,
    obstacles: Arc<Obstacles>,
    seed: u64,
}

#[derive(Clone, Debug)]
enum Rule {
    Disc(f64),
    Fading {
        sure: f64,
        radius: f64,
    },
    Nearest(usize),
    /// Links that are named one by one, so that movement does not change them.
    Fixed(Neighbors),
}

impl Links {
    /// The rule for devices that start at these points.
    pub(crate) fn new(
        scenario: &Scenario,
        ids: &[NodeId],
        points: &[Point],
        obstacles: Arc<Obstacles>,
    ) -> Result<Self, SimError> {
        let rule = match &scenario.link.topology {
            Topology::Disc { radius } => {
                Rule::Disc(radius.unwrap_or_else(|| radius_for(points, DEFAULT_DEGREE)))
            }
            Topology::Fading { sure, radius } => Rule::Fading { sure: *sure, radius: *radius },
            Topology::Nearest { count } => Rule::Nearest(*count),
            Topology::Graph { pairs } => Rule::Fixed(paired(pairs, ids)?),
        };
        Ok(Self { rule, obstacles, seed: scenario.seed })
    }

    /// Who is linked to whom at these points.
    pub(crate) fn neighbors(&self, points: &[Point]) -> Result<Neighbors, SimError> {
        let hear = |a: u32, b: u32| {
            let at = |device: u32| points.get(device as usize).copied().unwrap_or_default();
            self.obstacles.is_empty() || !self.obstacles.part(at(a), at(b))
        };
        match &self.rule {
            Rule::Disc(radius) => Neighbors::admitted(points, *radius, |a, b, _| hear(a, b)),
            Rule::Fading { sure, radius } => {
                let lucky = |a: u32, b: u32, far: f64| {
                    far <= *sure || self.luck(a, b) < (radius - far) / (radius - sure)
                };
                Neighbors::admitted(points, *radius, |a, b, far| lucky(a, b, far) && hear(a, b))
            }
            Rule::Nearest(count) => Neighbors::nearest(points, *count, hear),
            Rule::Fixed(neighbors) => Ok(neighbors.clone()),
        }
    }

    /// How far a link reaches: the radius where there is one, else the longest link.
    pub(crate) fn reach(&self, points: &[Point], neighbors: &Neighbors) -> f64 {
        match self.rule {
            Rule::Disc(radius) | Rule::Fading { radius, .. } => radius,
            Rule::Nearest(_) | Rule::Fixed(_) => neighbors.longest(points),
        }
    }

    /// The luck of a pair, uniform in [0, 1): the same from both ends, and for as long as the run
    /// lasts, as if something stood between them.
    fn luck(&self, a: u32, b: u32) -> f64 {
        let pair = u64::from(a.min(b)) << 32 | u64::from(a.max(b));
        Stream::new(self.seed, pair, Purpose::Fading).unit()
    }
}

fn paired(pairs: &[(NodeId, NodeId)], ids: &[NodeId]) -> Result<Neighbors, SimError> {
    let numbers = Numbers::of(ids);
    let number = |id: &NodeId| numbers.find(id, "[link]");
    let linked = |(a, b): &(NodeId, NodeId)| Ok((number(a)?, number(b)?));
    let linked: Vec<(usize, usize)> = pairs.iter().map(linked).collect::<Result<_, SimError>>()?;
    Ok(Neighbors::paired(ids.len(), &linked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::distance;

    fn links(link: &str) -> (Links, Vec<Point>) {
        let text = format!("program = 'p.pt'\nseed = 3\n{link}\n[[group]]\ncount = 1");
        let scenario = Scenario::parse(&text, "s.toml").expect("a scenario");
        let mut random = Stream::new(2, 0, Purpose::Place);
        let mut point = || [random.between(0.0, 100.0), random.between(0.0, 100.0), 0.0];
        let points: Vec<Point> = (0..2000).map(|_| point()).collect();
        let obstacles = Arc::new(Obstacles::new(&scenario.obstacles));
        (Links::new(&scenario, &[], &points, obstacles).expect("links"), points)
    }

    #[test]
    fn fading_links_follow_their_curve() {
        let (links, points) = links("link = { kind = 'fading', sure = 4, radius = 12 }");
        let neighbors = links.neighbors(&points).expect("few");
        let near = Neighbors::within(&points, 12.0).expect("few");
        // By distance in steps of 2: pairs, and those of them that are linked.
        let mut seen = [(0u32, 0u32); 6];
        for a in 0..points.len() {
            for b in near.of(a).iter().filter(|b| **b as usize > a) {
                let step = (distance(points[a], points[*b as usize]) / 2.0) as usize;
                seen[step.min(5)].0 += 1;
                seen[step.min(5)].1 += u32::from(neighbors.linked(a, *b));
                assert_eq!(neighbors.linked(a, *b), neighbors.linked(*b as usize, a as u32));
            }
        }
        assert_eq!(seen[0].0, seen[0].1, "all of those that are near");
        assert_eq!(seen[1].0, seen[1].1, "all of those that are near");
        for (step, (pairs, linked)) in seen.iter().enumerate().skip(2) {
            // A ring has more pairs at its outer edge: the mean of (12 - d) / 8 over d in it.
            let (low, high) = (2.0 * step as f64, 2.0 * step as f64 + 2.0);
            let mean = 2.0 / 3.0 * (high.powi(3) - low.powi(3)) / (high * high - low * low);
            let expected = (12.0 - mean) / 8.0;
            let share = f64::from(*linked) / f64::from(*pairs);
            let sigma = (expected * (1.0 - expected) / f64::from(*pairs)).sqrt();
            // And 0.01 for the edge of the area, where rings are not whole.
            let off = (share - expected).abs();
            assert!(off < 4.0 * sigma + 0.01, "{low} to {high}: {share}, not {expected}");
        }
    }

    #[test]
    fn links_do_not_lead_through_walls() {
        let wall = "obstacle = [{ rectangle = [50, 0, 51, 80] }]\nlink = { radius = 8 }";
        let (links, points) = links(wall);
        let neighbors = links.neighbors(&points).expect("few");
        let near = Neighbors::within(&points, 8.0).expect("few");
        let (mut cut, mut kept) = (0, 0);
        for a in 0..points.len() {
            for b in near.of(a) {
                // Independent of the code: the lower one of the heights at which the line enters and
                // leaves the strip of the wall.
                let ([ax, ay, _], [bx, by, _]) = (points[a], points[*b as usize]);
                let y_at = |x: f64| ay + (by - ay) * (x - ax) / (bx - ax);
                let (left, right) = (ax.min(bx).max(50.0), ax.max(bx).min(51.0));
                let through = left <= right && y_at(left).min(y_at(right)) <= 80.0;
                let within = |x: f64, y: f64| (50.0..=51.0).contains(&x) && y <= 80.0;
                if within(ax, ay) || within(bx, by) {
                    assert!(!neighbors.linked(a, *b));
                } else {
                    assert_eq!(neighbors.linked(a, *b), !through, "{ax},{ay} {bx},{by}");
                    cut += usize::from(through);
                    kept += usize::from(!through);
                }
            }
        }
        assert!(cut > 500 && kept > 5000, "{cut} cut, {kept} kept");
    }
}
