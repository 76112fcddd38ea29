//! Devices that move each on its own.

use crate::neighbors::{Point, distance};
use crate::random::{Purpose, Stream};
use crate::scenario::{Area, Mobility, Walk};
use fieldrun_device::Micros;
use serde::{Deserialize, Serialize};

/// The most legs that a walker starts in one step, however fast it is: bounds the work of a step.
const MAX_LEGS: usize = 1000;
/// How much slower people shuffle about in a crowd than they walk.
const SHUFFLE: f64 = 0.2;

/// The movement of one device.
#[derive(Clone, Debug)]
pub(super) struct Walker {
    model: Mobility,
    area: Area,
    random: Stream,
    /// Gathering: when this device sets out and leaves, if it takes part.
    visit: Option<Visit>,
    purpose: Aim,
    leg: Option<Leg>,
    /// How fast it goes where it is told to; of one that is steered.
    pace: f64,
}

/// The stay of one device at a gathering.
#[derive(Clone, Copy, Debug)]
struct Visit {
    from: Micros,
    until: Micros,
}

/// What a device walks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Aim {
    Wander,
    Attend,
}

/// The way to one place and the rest there.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Leg {
    to: Point,
    speed: f64,
    /// Seconds.
    rest: f64,
}

impl Walker {
    /// The movement of device number `device` in `area`; none for one that stands still or moves
    /// with others.
    pub(super) fn new(model: Mobility, area: Area, seed: u64, device: u64) -> Option<Self> {
        let mut random = Stream::new(seed, device, Purpose::Walk);
        let mut pace = 0.0;
        let visit = match model {
            Mobility::Still | Mobility::Flock(_) => return None,
            Mobility::Steered { speed: (least, most) } => {
                pace = random.between(least, most);
                None
            }
            Mobility::Gather { share, start, end, ramp, .. } => {
                let takes_part = random.unit() < share;
                let (early, late) = (random.unit(), random.unit());
                let after = |time: Micros, part: f64| {
                    Micros(time.0.saturating_add((ramp.0 as f64 * part) as u64))
                };
                takes_part.then(|| Visit { from: after(start, early), until: after(end, late) })
            }
            _ => None,
        };
        Some(Self { model, area, random, visit, purpose: Aim::Wander, leg: None, pace })
    }

    /// Whether it goes where it was seen going, whatever is in the way.
    pub(super) fn is_seen(&self) -> bool {
        matches!(self.model, Mobility::Trace(_))
    }

    /// Sends one that is steered to a place, or has it stay; asks for the place only then.
    pub(super) fn steer(&mut self, destination: impl FnOnce() -> Option<Point>) {
        if matches!(self.model, Mobility::Steered { .. }) {
            let area = self.area;
            let leg = |to| Leg { to: area.clamp(to), speed: self.pace, rest: f64::INFINITY };
            self.leg = destination().map(leg);
        }
    }

    /// Has it look for another way.
    pub(super) fn turn(&mut self) {
        self.leg = None;
    }

    /// Moves `position` on by `step` up to the time `now`.
    pub(super) fn advance(&mut self, position: &mut Point, now: Micros, step: Micros) {
        if let Mobility::Trace(trace) = &self.model {
            *position = trace.at(now).unwrap_or(*position);
            return;
        }
        let purpose = match self.visit {
            Some(visit) if (visit.from..visit.until).contains(&now) => Aim::Attend,
            _ => Aim::Wander,
        };
        if purpose != self.purpose {
            self.purpose = purpose;
            self.leg = self.stay(*position);
        }
        let mut seconds = step.seconds();
        for _ in 0..MAX_LEGS {
            let leg = match self.leg {
                Some(leg) => leg,
                None => match self.next_leg(*position) {
                    Some(leg) => leg,
                    None => return,
                },
            };
            let (left, rest) = walk(position, leg, seconds);
            self.leg = rest;
            seconds = left;
            if seconds <= 0.0 {
                return;
            }
        }
    }

    /// Where to go next, and how; none for one that has nowhere to go.
    fn next_leg(&mut self, position: Point) -> Option<Leg> {
        match (&self.model, self.purpose) {
            (Mobility::Waypoint(walk) | Mobility::Gather { walk, .. }, Aim::Wander) => {
                let walk = *walk;
                let to = self.anywhere(position);
                Some(self.leg_to(to, walk, 1.0))
            }
            (Mobility::Gather { walk, place: [cx, cy], radius, .. }, Aim::Attend) => {
                let (walk, cx, cy, radius) = (*walk, *cx, *cy, *radius);
                let [dx, dy] = self.random.disc();
                let [x, y, z] = position;
                let to = [cx + dx * radius, cy + dy * radius, z];
                // The epsilon keeps those on the rim from counting as still outside.
                let inside = distance([x, y, 0.0], [cx, cy, 0.0]) <= radius * (1.0 + 1e-9);
                Some(self.leg_to(to, walk, if inside { SHUFFLE } else { 1.0 }))
            }
            (Mobility::RandomWalk { walk, leg }, _) => {
                let (walk, leg) = (*walk, *leg);
                let seconds = self.random.between(leg.0.seconds(), leg.1.seconds());
                let next = self.leg_to(position, walk, 1.0);
                let to = self.ahead(position, next.speed * seconds);
                Some(Leg { to, ..next })
            }
            (Mobility::Levy { walk, length, exponent }, _) => {
                let (walk, length, exponent) = (*walk, *length, *exponent);
                let far = power_law(length, exponent, self.random.unit());
                let to = self.ahead(position, far);
                Some(self.leg_to(to, walk, 1.0))
            }
            _ => None,
        }
    }

    /// Who is at the place already when the gathering begins goes on standing there for a part of a
    /// pause, if people pause at all.
    fn stay(&mut self, position: Point) -> Option<Leg> {
        let Mobility::Gather { walk, place: [cx, cy], radius, .. } = &self.model else {
            return None;
        };
        let (walk, [x, y, _]) = (*walk, position);
        let away = distance([x, y, 0.0], [*cx, *cy, 0.0]);
        if self.purpose != Aim::Attend || walk.pause.1 == Micros(0) || away > *radius {
            return None;
        }
        let leg = self.leg_to(position, walk, SHUFFLE);
        Some(Leg { rest: leg.rest * self.random.unit(), ..leg })
    }

    /// A place of the area; at the same height when the area is flat.
    fn anywhere(&mut self, [.., z]: Point) -> Point {
        let Area { least: [x0, y0, z0], most: [x1, y1, z1], dimension } = self.area;
        let (x, y) = (self.random.between(x0, x1), self.random.between(y0, y1));
        [x, y, if dimension == 3 { self.random.between(z0, z1) } else { z }]
    }

    /// So far away in a random direction, or up to the edge of the area.
    fn ahead(&mut self, [x, y, z]: Point, far: f64) -> Point {
        let direction = self.random.direction(self.area.dimension == 3);
        // The part of the way that leaves no side of the area.
        let sides = self.area.least.iter().zip(&self.area.most);
        let part = |(((at, towards), least), most): (((f64, f64), &f64), &f64)| match towards {
            d if d > 0.0 => (most - at) / d,
            d if d < 0.0 => (least - at) / d,
            _ => f64::INFINITY,
        };
        let axes = [x, y, z].into_iter().zip(direction).zip(sides).map(|(a, (l, m))| ((a, l), m));
        let far = axes.map(part).fold(far, f64::min).max(0.0);
        let [dx, dy, dz] = direction;
        self.area.clamp([x + dx * far, y + dy * far, z + dz * far])
    }

    fn leg_to(&mut self, to: Point, walk: Walk, slowness: f64) -> Leg {
        let speed = self.random.between(walk.speed.0, walk.speed.1) * slowness;
        let rest = self.random.between(walk.pause.0.seconds(), walk.pause.1.seconds());
        Leg { to, speed, rest }
    }
}

/// A length between two others whose density falls as a power, from a number in [0, 1).
fn power_law((least, most): (f64, f64), exponent: f64, unit: f64) -> f64 {
    if least >= most {
        return least;
    }
    let power = 1.0 - exponent;
    let (low, high) = (libm::pow(least, power), libm::pow(most, power));
    libm::pow(low + (high - low) * unit, 1.0 / power).clamp(least, most)
}

/// What changes of a walker in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SavedWalker {
    random: Stream,
    purpose: Aim,
    leg: Option<Leg>,
}

impl SavedWalker {
    pub(super) fn of(walker: &Walker) -> Self {
        Self { random: walker.random.clone(), purpose: walker.purpose, leg: walker.leg }
    }

    /// Makes it that of the same walker at the start.
    pub(super) fn put_into(self, walker: &mut Walker) {
        (walker.random, walker.purpose, walker.leg) = (self.random, self.purpose, self.leg);
    }
}

/// Follows a leg for some seconds: those that are left after it, and the leg that remains.
fn walk(position: &mut Point, leg: Leg, seconds: f64) -> (f64, Option<Leg>) {
    let [x, y, z] = *position;
    let [tx, ty, tz] = leg.to;
    let ahead = distance(*position, leg.to);
    let reach = leg.speed * seconds;
    if reach < ahead {
        let part = reach / ahead;
        *position = [x + (tx - x) * part, y + (ty - y) * part, z + (tz - z) * part];
        return (0.0, Some(leg));
    }
    *position = leg.to;
    // Without a way and without a rest a leg would take no time at all.
    let walked = if ahead > 0.0 { ahead / leg.speed } else { 0.0 };
    let left = seconds - walked;
    if left < leg.rest {
        return (0.0, Some(Leg { rest: leg.rest - left.max(0.0), ..leg }));
    }
    (left - leg.rest, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { least: [0.0; 3], most: [100.0, 100.0, 0.0], dimension: 2 };
    const WALK: Walk = Walk { speed: (1.0, 2.0), pause: (Micros(0), Micros(3_000_000)) };
    const SECOND: Micros = Micros::SECOND;

    fn seconds(count: u64) -> Micros {
        Micros(count * SECOND.0)
    }

    #[test]
    fn walkers_keep_to_their_speed_and_area() {
        let mut walker = Walker::new(Mobility::Waypoint(WALK), AREA, 4, 2).expect("walks");
        let mut position = [50.0, 50.0, 0.0];
        let mut moved = 0.0;
        for now in 1..=600 {
            let before = position;
            walker.advance(&mut position, seconds(now), SECOND);
            let step = distance(before, position);
            assert!(step <= 2.0 + 1e-9, "step of {step} at {now} s");
            assert!(position.iter().all(|x| (0.0..=100.0).contains(x)));
            moved += step;
        }
        assert!(moved > 500.0, "moved {moved} in ten minutes");
    }

    #[test]
    fn a_walker_that_cannot_move_ends_its_step() {
        let stuck = Walk { speed: (0.0, 0.0), pause: (Micros(0), Micros(0)) };
        let mut walker = Walker::new(Mobility::Waypoint(stuck), AREA, 1, 1).expect("a model");
        let mut position = [1.0, 1.0, 0.0];
        walker.advance(&mut position, SECOND, SECOND);
        assert_eq!(position, [1.0, 1.0, 0.0]);

        // An area of one point: every leg is of length zero.
        let point = Area::flat([1.0, 1.0, 1.0, 1.0]);
        let mut walker = Walker::new(Mobility::Waypoint(stuck), point, 1, 1).expect("a model");
        walker.advance(&mut position, SECOND, SECOND);
        assert_eq!(position, [1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_steered_walker_goes_where_it_is_told_and_no_further() {
        let model = Mobility::Steered { speed: (2.0, 2.0) };
        let mut walker = Walker::new(model, AREA, 1, 1).expect("a model");
        let mut position = [90.0, 50.0, 0.0];
        // The place lies outside: it stops at the edge.
        for (now, x) in [(1, 92.0), (2, 94.0), (3, 96.0), (4, 98.0), (5, 100.0), (6, 100.0)] {
            walker.steer(|| Some([107.0, 50.0, 0.0]));
            walker.advance(&mut position, seconds(now), SECOND);
            assert_eq!(position, [x, 50.0, 0.0]);
        }
        walker.steer(|| None);
        walker.advance(&mut position, seconds(7), SECOND);
        assert_eq!(position, [100.0, 50.0, 0.0]);
        walker.steer(|| Some([100.0, 49.0, 0.0]));
        walker.advance(&mut position, seconds(8), SECOND);
        assert_eq!(position, [100.0, 49.0, 0.0]);
    }

    #[test]
    fn levy_legs_follow_their_power_law() {
        // The share of legs longer than l: (l^-1 - b^-1) / (a^-1 - b^-1) for exponent 2.
        let mut random = Stream::new(3, 0, Purpose::Walk);
        let lengths: Vec<f64> =
            (0..20_000).map(|_| power_law((1.0, 100.0), 2.0, random.unit())).collect();
        assert!(lengths.iter().all(|length| (1.0..=100.0).contains(length)));
        for long in [2.0, 5.0, 20.0, 50.0] {
            let expected = (1.0 / long - 0.01) / 0.99;
            let share = lengths.iter().filter(|length| **length > long).count() as f64 / 20_000.0;
            let sigma = (expected * (1.0 - expected) / 20_000.0f64).sqrt();
            assert!((share - expected).abs() < 4.0 * sigma, "{share} are longer than {long}");
        }
        assert_eq!(power_law((3.0, 3.0), 2.0, 0.5), 3.0);
    }

    #[test]
    fn a_random_walk_spreads_as_diffusion_does() {
        // Legs of 1 s at speed 1 in random directions: the mean square of the distance after n
        // legs is n. Far from any edge.
        let area = Area::flat([-1e6, -1e6, 1e6, 1e6]);
        let walk = Walk { speed: (1.0, 1.0), pause: (Micros(0), Micros(0)) };
        let model = Mobility::RandomWalk { walk, leg: (SECOND, SECOND) };
        let squares = (0..2000).map(|device| {
            let mut walker = Walker::new(model.clone(), area, 1, device).expect("walks");
            let mut position = [0.0; 3];
            (1..=50).for_each(|now| walker.advance(&mut position, seconds(now), SECOND));
            distance(position, [0.0; 3]).powi(2)
        });
        let mean = squares.sum::<f64>() / 2000.0;
        // The square is close to exponentially distributed: its deviation is its mean, 50.
        assert!((mean - 50.0).abs() < 4.0 * 50.0 / 2000f64.sqrt(), "mean square {mean}");
    }

    #[test]
    fn those_who_are_at_the_place_already_stand_there_at_first() {
        let minute = seconds(60);
        let model = Mobility::Gather {
            walk: Walk { speed: (1.0, 2.0), pause: (minute, minute) },
            place: [50.0, 50.0],
            radius: 10.0,
            share: 1.0,
            start: Micros(0),
            end: Micros(u64::MAX),
            ramp: Micros(0),
        };
        let moved_within = |start: Point, devices: u64, time: u64| {
            let moved = |device: &u64| {
                let mut walker = Walker::new(model.clone(), AREA, 1, *device).expect("walks");
                let mut position = start;
                (1..=time).for_each(|now| walker.advance(&mut position, seconds(now), SECOND));
                position != start
            };
            (0..devices).filter(moved).count()
        };
        // They set out after uniform parts of a minute: a quarter of 400 in the first 15 s, with a
        // deviation of 9.
        let early = moved_within([52.0, 47.0, 0.0], 400, 15);
        assert!((64..136).contains(&early), "{early} of 400 set out");
        assert_eq!(moved_within([52.0, 47.0, 0.0], 400, 62), 400);
        // From outside everybody comes at once.
        assert_eq!(moved_within([70.0, 50.0, 0.0], 400, 1), 400);
    }

    #[test]
    fn a_crowd_gathers_and_disperses() {
        let model = Mobility::Gather {
            walk: Walk { speed: (2.0, 3.0), pause: (Micros(0), Micros(0)) },
            place: [50.0, 50.0],
            radius: 10.0,
            share: 0.5,
            start: seconds(60),
            end: seconds(180),
            ramp: seconds(20),
        };
        let mut crowd: Vec<(Walker, Point)> = (0..400)
            .map(|device| {
                let position = Stream::new(1, device, Purpose::Place);
                let mut random = position;
                let at = [random.between(0.0, 100.0), random.between(0.0, 100.0), 0.0];
                (Walker::new(model.clone(), AREA, 1, device).expect("walks"), at)
            })
            .collect();
        let mut inside = Vec::new();
        for now in 1..=300 {
            for (walker, position) in &mut crowd {
                walker.advance(position, seconds(now), SECOND);
            }
            let near = |(_, at): &&(Walker, Point)| distance(*at, [50.0, 50.0, 0.0]) <= 10.0;
            inside.push(crowd.iter().filter(near).count());
        }
        // Waypoint walkers are denser in the middle than uniform ones (12 of 400 on the disc);
        // half of the 400 take part.
        assert!(inside[55] < 50, "before: {}", inside[55]);
        assert!((190..260).contains(&inside[170]), "during: {}", inside[170]);
        assert!(inside[290] < 60, "after: {}", inside[290]);
    }
}
