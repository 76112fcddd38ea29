//! Flocks: everybody looks at those nearby (Reynolds' boids).

use crate::neighbors::{Neighbors, Point, distance};
use crate::obstacles::Obstacles;
use crate::random::{Purpose, Stream};
use crate::scenario::{Area, Flock, Mobility};
use fieldrun_device::Micros;

/// All devices that fly in flocks. Those with the same rules are one flock.
#[derive(Clone, Debug)]
pub(super) struct Flocks(Vec<Members>);

#[derive(Clone, Debug)]
struct Members {
    rules: Flock,
    area: Area,
    devices: Vec<usize>,
    velocities: Vec<Point>,
    random: Vec<Stream>,
}

impl Flocks {
    pub(super) fn new(models: &[&Mobility], area: Area, seed: u64) -> Self {
        let mut flocks: Vec<Members> = Vec::new();
        for (device, model) in models.iter().enumerate() {
            let Mobility::Flock(rules) = model else { continue };
            let mut random = Stream::new(seed, device as u64, Purpose::Walk);
            let speed = random.between(rules.speed.0, rules.speed.1);
            let velocity = random.direction(area.dimension == 3).map(|x| x * speed);
            let known = flocks.iter().position(|flock| flock.rules == *rules);
            let known = known.unwrap_or_else(|| {
                let (devices, velocities, random) = Default::default();
                flocks.push(Members { rules: *rules, area, devices, velocities, random });
                flocks.len() - 1
            });
            if let Some(flock) = flocks.get_mut(known) {
                flock.devices.push(device);
                flock.velocities.push(velocity);
                flock.random.push(random);
            }
        }
        Self(flocks)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves all of them on; gives their numbers.
    pub(super) fn advance(
        &mut self,
        points: &mut [Point],
        step: Micros,
        obstacles: &Obstacles,
    ) -> Vec<usize> {
        let mut moved = Vec::new();
        for flock in &mut self.0 {
            flock.advance(points, step.seconds(), obstacles);
            moved.extend(&flock.devices);
        }
        moved
    }
}

/// What changes of a flock in a run: velocities and random streams of its members.
pub(super) type SavedFlock = (Vec<Point>, Vec<Stream>);

impl Flocks {
    pub(super) fn saved(&self) -> Vec<SavedFlock> {
        self.0.iter().map(|flock| (flock.velocities.clone(), flock.random.clone())).collect()
    }

    /// Goes on with what was saved of the same flocks; says whether they are.
    pub(super) fn resume(&mut self, saved: Vec<SavedFlock>) -> bool {
        let fits = |(flock, (velocities, random)): (&Members, &SavedFlock)| {
            velocities.len() == flock.devices.len() && random.len() == flock.devices.len()
        };
        let fit = saved.len() == self.0.len() && self.0.iter().zip(&saved).all(fits);
        if fit {
            for (flock, (velocities, random)) in self.0.iter_mut().zip(saved) {
                (flock.velocities, flock.random) = (velocities, random);
            }
        }
        fit
    }
}

impl Members {
    fn advance(&mut self, points: &mut [Point], seconds: f64, obstacles: &Obstacles) {
        let at = |device: &usize| points.get(*device).copied().unwrap_or_default();
        let places: Vec<Point> = self.devices.iter().map(at).collect();
        // A flock so dense that its pairs are too many flies on as it did.
        let sight = Neighbors::within(&places, self.rules.sight).unwrap_or_default();
        let steered: Vec<Point> = (0..places.len())
            .map(|member| self.steered(member, &places, sight.of(member), seconds))
            .collect();
        self.velocities = steered;
        for (member, device) in self.devices.iter().enumerate() {
            let (Some(point), Some(velocity)) =
                (points.get_mut(*device), self.velocities.get_mut(member))
            else {
                continue;
            };
            let (to, turned) = bounced(&self.area, *point, *velocity, seconds);
            *velocity = turned;
            match obstacles.stop(*point, to) {
                true => {
                    let solid = self.area.dimension == 3;
                    let speed = length(*velocity);
                    if let Some(random) = self.random.get_mut(member) {
                        *velocity = random.direction(solid).map(|x| x * speed);
                    }
                }
                false => *point = to,
            }
        }
    }

    /// The new velocity of a member.
    fn steered(&self, member: usize, places: &[Point], near: &[u32], seconds: f64) -> Point {
        let own = self.velocities.get(member).copied().unwrap_or_default();
        let Some(place) = places.get(member).copied().filter(|_| !near.is_empty()) else {
            return own;
        };
        let Flock { speed, space, cohesion, alignment, separation, .. } = self.rules;
        let (mut middle, mut heading, mut away) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        for other in near {
            let at = places.get(*other as usize).copied().unwrap_or_default();
            let velocity = self.velocities.get(*other as usize).copied().unwrap_or_default();
            middle = add(middle, at, 1.0);
            heading = add(heading, velocity, 1.0);
            let far = distance(place, at);
            if far < space && far > 0.0 {
                away = add(away, add(place, at, -1.0), (space - far) / far);
            }
        }
        let share = 1.0 / near.len() as f64;
        let towards = add(middle.map(|x| x * share), place, -1.0);
        let along = add(heading.map(|x| x * share), own, -1.0);
        let part = |weight: f64| (weight * seconds).min(1.0);
        let wanted = add(own, towards, part(cohesion));
        let wanted = add(wanted, along, part(alignment));
        let wanted = add(wanted, away, part(separation));
        let fast = length(wanted);
        match fast > 0.0 {
            true => wanted.map(|x| x * fast.clamp(speed.0, speed.1) / fast),
            false => own,
        }
    }
}

/// Where a straight flight of some seconds ends that bounces off the borders, and its velocity then.
fn bounced(area: &Area, point: Point, velocity: Point, seconds: f64) -> (Point, Point) {
    let (mut to, mut turned) = (add(point, velocity, seconds), velocity);
    let axes = to.iter_mut().zip(&mut turned).zip(area.least.iter().zip(&area.most));
    for ((at, speed), (least, most)) in axes {
        if *at < *least || *at > *most {
            let border = if *at < *least { *least } else { *most };
            *at = (2.0 * border - *at).max(*least).min(*most);
            *speed = -*speed;
        }
    }
    (to, turned)
}

fn add([ax, ay, az]: Point, [bx, by, bz]: Point, part: f64) -> Point {
    [ax + bx * part, ay + by * part, az + bz * part]
}

fn length(velocity: Point) -> f64 {
    distance(velocity, [0.0; 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Flock = Flock {
        speed: (1.0, 2.0),
        sight: 25.0,
        space: 4.0,
        cohesion: 0.02,
        alignment: 0.5,
        separation: 0.5,
    };

    /// How much the members fly in one direction, from 0 to 1, and their least distance, after some
    /// time.
    fn flown(rules: Flock, seconds: u64) -> (f64, f64) {
        let area = Area::flat([0.0, 0.0, 1000.0, 1000.0]);
        let mut points: Vec<Point> = (0..60)
            .map(|device| {
                let mut random = Stream::new(8, device, Purpose::Place);
                [random.between(470.0, 530.0), random.between(470.0, 530.0), 0.0]
            })
            .collect();
        let mut flocks = Flocks::new(&[&Mobility::Flock(rules); 60], area, 1);
        for _ in 0..seconds {
            flocks.advance(&mut points, Micros::SECOND, &Obstacles::default());
        }
        let velocities = &flocks.0[0].velocities;
        let heading = |v: &Point| v.map(|x| x / length(*v));
        let sum = velocities.iter().fold([0.0; 3], |sum, v| add(sum, heading(v), 1.0));
        let pairs = points
            .iter()
            .enumerate()
            .flat_map(|(i, a)| points.iter().skip(i + 1).map(move |b| distance(*a, *b)));
        (length(sum) / 60.0, pairs.fold(f64::INFINITY, f64::min))
    }

    #[test]
    fn a_flock_turns_into_one_direction_and_keeps_its_distance() {
        // 60 random directions add up to about 1 / sqrt(60) = 0.13.
        let (before, crowded) = flown(RULES, 0);
        let (after, apart) = flown(RULES, 120);
        assert!(before < 0.3 && after > 0.95, "{before}, then {after}");
        assert!(crowded < 1.0 && apart > 1.5, "{crowded}, then {apart}");
        // Without alignment nobody cares.
        let (alone, _) =
            flown(Flock { alignment: 0.0, cohesion: 0.0, separation: 0.0, ..RULES }, 120);
        assert!((alone - before).abs() < 1e-9, "{alone}");
    }
}
