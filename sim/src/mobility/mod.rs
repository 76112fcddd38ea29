//! How devices move, in steps of time.

mod flock;
mod trace;
mod walk;

use crate::neighbors::Point;
use crate::obstacles::Obstacles;
use crate::scenario::{Area, Mobility};
use fieldrun_device::Micros;
use flock::{Flocks, SavedFlock};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use walk::{SavedWalker, Walker};

/// The movement of all devices.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    /// One for each device that moves on its own, in the order of the network.
    walkers: Vec<Option<Walker>>,
    flocks: Flocks,
    obstacles: Arc<Obstacles>,
}

impl Movement {
    pub(crate) fn new(
        models: &[&Mobility],
        area: Area,
        seed: u64,
        obstacles: Arc<Obstacles>,
    ) -> Self {
        let walker = |(device, model): (usize, &&Mobility)| {
            Walker::new((*model).clone(), area, seed, device as u64)
        };
        Self {
            walkers: models.iter().enumerate().map(walker).collect(),
            flocks: Flocks::new(models, area, seed),
            obstacles,
        }
    }

    /// Whether nobody ever moves.
    pub(crate) fn is_still(&self) -> bool {
        self.flocks.is_empty() && self.walkers.iter().all(Option::is_none)
    }

    /// Moves all devices on by `step` up to the time `now`; `destination` says where the program
    /// of a device wants to be. Gives the numbers of those that may have moved, ascending.
    pub(crate) fn advance(
        &mut self,
        points: &mut [Point],
        now: Micros,
        step: Micros,
        destination: impl Fn(usize) -> Option<Point>,
    ) -> Vec<usize> {
        let mut moved = self.flocks.advance(points, step, &self.obstacles);
        for (device, (walker, point)) in self.walkers.iter_mut().zip(points).enumerate() {
            let Some(walker) = walker else { continue };
            walker.steer(|| destination(device));
            let before = *point;
            walker.advance(point, now, step);
            if !walker.is_seen() && self.obstacles.stop(before, *point) {
                *point = before;
                walker.turn();
            }
            moved.push(device);
        }
        moved.sort_unstable();
        moved
    }
}

/// What changes of all movement in a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedMovement {
    walkers: Vec<Option<SavedWalker>>,
    flocks: Vec<SavedFlock>,
}

impl Movement {
    pub(crate) fn save(&self) -> SavedMovement {
        SavedMovement {
            walkers: self.walkers.iter().map(|w| w.as_ref().map(SavedWalker::of)).collect(),
            flocks: self.flocks.saved(),
        }
    }

    /// Goes on with what was saved of the same devices; says whether they are.
    pub(crate) fn resume(&mut self, saved: SavedMovement) -> bool {
        let fit = saved.walkers.len() == self.walkers.len();
        for (walker, saved) in self.walkers.iter_mut().zip(saved.walkers) {
            if let (Some(walker), Some(saved)) = (walker, saved) {
                saved.put_into(walker);
            }
        }
        fit && self.flocks.resume(saved.flocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::distance;
    use crate::random::{Purpose, Stream};
    use crate::scenario::{Flock, Obstacle, Shape, Walk};

    fn models() -> Vec<Mobility> {
        let walk = Walk { speed: (1.0, 2.0), pause: (Micros(0), Micros(0)) };
        vec![
            Mobility::Waypoint(walk),
            Mobility::RandomWalk { walk, leg: (Micros(5_000_000), Micros(9_000_000)) },
            Mobility::Levy { walk, length: (1.0, 50.0), exponent: 2.0 },
            Mobility::Flock(Flock {
                speed: (1.0, 2.0),
                sight: 20.0,
                space: 3.0,
                cohesion: 0.05,
                alignment: 0.5,
                separation: 0.5,
            }),
        ]
    }

    /// Places over time of some devices, all with one model.
    fn paths(model: &Mobility, area: Area, obstacles: Obstacles, seconds: u64) -> Vec<Vec<Point>> {
        let mut points: Vec<Point> = (0..30)
            .map(|device| {
                let mut random = Stream::new(8, device, Purpose::Place);
                let z = random.between(area.least[2], area.most[2]);
                [random.between(0.0, 40.0), random.between(0.0, 100.0), z]
            })
            .collect();
        let models = vec![model; points.len()];
        let mut movement = Movement::new(&models, area, 3, Arc::new(obstacles));
        let mut paths = vec![points.clone()];
        for now in 1..=seconds {
            let now = Micros(now * 1_000_000);
            let moved = movement.advance(&mut points, now, Micros::SECOND, |_| None);
            assert_eq!(moved, Vec::from_iter(0..30));
            paths.push(points.clone());
        }
        paths
    }

    #[test]
    fn all_keep_to_their_area_and_speed_in_the_plane_and_in_space() {
        let flat = Area::flat([0.0, 0.0, 100.0, 100.0]);
        let solid = Area::solid([0.0, 0.0, 10.0, 100.0, 100.0, 60.0]);
        for (model, area) in models().iter().flat_map(|model| [(model, flat), (model, solid)]) {
            let paths = paths(model, area, Obstacles::default(), 200);
            let mut lengths = vec![0.0; 30];
            for pair in paths.windows(2) {
                for (device, (from, to)) in pair[0].iter().zip(&pair[1]).enumerate() {
                    let step = distance(*from, *to);
                    assert!(step <= 2.0 + 1e-9, "{model:?}: a step of {step}");
                    assert_eq!(area.clamp(*to), *to, "{model:?}");
                    lengths[device] += step;
                }
            }
            assert!(lengths.iter().all(|way| *way > 100.0), "{model:?}: {lengths:?}");
            let heights = paths[200].iter().any(|point| point[2] != paths[0][0][2]);
            assert_eq!(heights, area.dimension == 3);
        }
    }

    #[test]
    fn nobody_walks_through_a_wall() {
        let shape = Shape::Rectangle([45.0, -1.0, 46.0, 101.0]);
        let wall = Obstacle { shape, height: None, links: false, movement: true };
        let area = Area::flat([0.0, 0.0, 100.0, 100.0]);
        for model in models() {
            // All start on the left, x < 40; without the wall many come to the right.
            let right = |obstacles: Obstacles| {
                let end = paths(&model, area, obstacles, 300).pop().expect("a step");
                end.iter().filter(|[x, ..]| *x > 46.0).count()
            };
            assert!(right(Obstacles::default()) > 3, "{model:?}");
            assert_eq!(right(Obstacles::new(std::slice::from_ref(&wall))), 0, "{model:?}");
        }
    }
}
