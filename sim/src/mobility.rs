//! How devices move: one walker each, advanced in steps of time.

use crate::random::{Purpose, Stream};
use crate::scenario::{Mobility, Walk};
use fieldrun_device::Micros;

/// The most legs that a walker starts in one step, however fast it is: bounds the work of a step.
const MAX_LEGS: usize = 1000;
/// How much slower people shuffle about in a crowd than they walk.
const SHUFFLE: f64 = 0.2;

/// The movement of one device.
#[derive(Clone, Debug)]
pub(crate) struct Walker {
    model: Mobility,
    area: [f64; 4],
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    Wander,
    Attend,
}

/// The way to one place and the rest there.
#[derive(Clone, Copy, Debug)]
struct Leg {
    to: [f64; 2],
    speed: f64,
    /// Seconds.
    rest: f64,
}

impl Walker {
    /// The movement of device number `device` in `area`; none for one that stands still.
    pub(crate) fn new(model: Mobility, area: [f64; 4], seed: u64, device: u64) -> Option<Self> {
        let mut random = Stream::new(seed, device, Purpose::Walk);
        let mut pace = 0.0;
        let visit = match model {
            Mobility::Still => return None,
            Mobility::Waypoint(_) => None,
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
        };
        Some(Self { model, area, random, visit, purpose: Aim::Wander, leg: None, pace })
    }

    /// Sends one that is steered to a place, or has it stay; asks for the place only then.
    pub(crate) fn steer(&mut self, destination: impl FnOnce() -> Option<[f64; 2]>) {
        if matches!(self.model, Mobility::Steered { .. }) {
            let [x0, y0, x1, y1] = self.area;
            let within = |[x, y]: [f64; 2]| [x.max(x0).min(x1), y.max(y0).min(y1)];
            let leg = |to| Leg { to: within(to), speed: self.pace, rest: f64::INFINITY };
            self.leg = destination().map(leg);
        }
    }

    /// Moves `position` on by `step` up to the time `now`.
    pub(crate) fn advance(&mut self, position: &mut [f64; 2], now: Micros, step: Micros) {
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
    fn next_leg(&mut self, position: [f64; 2]) -> Option<Leg> {
        let [x0, y0, x1, y1] = self.area;
        match (self.model, self.purpose) {
            (Mobility::Still | Mobility::Steered { .. }, _) => None,
            (Mobility::Waypoint(walk) | Mobility::Gather { walk, .. }, Aim::Wander) => {
                let to = [self.random.between(x0, x1), self.random.between(y0, y1)];
                Some(self.leg_to(to, walk, 1.0))
            }
            (Mobility::Gather { walk, place: [cx, cy], radius, .. }, Aim::Attend) => {
                let [dx, dy] = self.random.disc();
                let to = [cx + dx * radius, cy + dy * radius];
                let [x, y] = position;
                // The epsilon keeps those on the rim from counting as still outside.
                let inside = distance([x, y], [cx, cy]) <= radius * (1.0 + 1e-9);
                Some(self.leg_to(to, walk, if inside { SHUFFLE } else { 1.0 }))
            }
            (Mobility::Waypoint(_), Aim::Attend) => None,
        }
    }

    /// Who is at the place already when the gathering begins goes on standing there for a part of a
    /// pause, if people pause at all.
    fn stay(&mut self, position: [f64; 2]) -> Option<Leg> {
        match (self.model, self.purpose) {
            (Mobility::Gather { walk, place, radius, .. }, Aim::Attend)
                if walk.pause.1 > Micros(0) && distance(position, place) <= radius =>
            {
                let leg = self.leg_to(position, walk, SHUFFLE);
                Some(Leg { rest: leg.rest * self.random.unit(), ..leg })
            }
            _ => None,
        }
    }

    fn leg_to(&mut self, to: [f64; 2], walk: Walk, slowness: f64) -> Leg {
        let speed = self.random.between(walk.speed.0, walk.speed.1) * slowness;
        let rest = self.random.between(walk.pause.0.seconds(), walk.pause.1.seconds());
        Leg { to, speed, rest }
    }
}

/// Follows a leg for some seconds: those that are left after it, and the leg that remains.
fn walk(position: &mut [f64; 2], leg: Leg, seconds: f64) -> (f64, Option<Leg>) {
    let [x, y] = *position;
    let [tx, ty] = leg.to;
    let ahead = distance(*position, leg.to);
    let reach = leg.speed * seconds;
    if reach < ahead {
        let part = reach / ahead;
        *position = [x + (tx - x) * part, y + (ty - y) * part];
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

/// The Euclidean distance, written out so that every platform rounds alike.
fn distance([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let (dx, dy) = (ax - bx, ay - by);
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: [f64; 4] = [0.0, 0.0, 100.0, 100.0];
    const WALK: Walk = Walk { speed: (1.0, 2.0), pause: (Micros(0), Micros(3_000_000)) };
    const SECOND: Micros = Micros::SECOND;

    fn seconds(count: u64) -> Micros {
        Micros(count * SECOND.0)
    }

    #[test]
    fn walkers_keep_to_their_speed_and_area() {
        let mut walker = Walker::new(Mobility::Waypoint(WALK), AREA, 4, 2).expect("walks");
        let mut position = [50.0, 50.0];
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
        let mut position = [1.0, 1.0];
        walker.advance(&mut position, SECOND, SECOND);
        assert_eq!(position, [1.0, 1.0]);

        // An area of one point: every leg is of length zero.
        let point = [1.0, 1.0, 1.0, 1.0];
        let mut walker = Walker::new(Mobility::Waypoint(stuck), point, 1, 1).expect("a model");
        walker.advance(&mut position, SECOND, SECOND);
        assert_eq!(position, [1.0, 1.0]);
    }

    #[test]
    fn a_steered_walker_goes_where_it_is_told_and_no_further() {
        let model = Mobility::Steered { speed: (2.0, 2.0) };
        let mut walker = Walker::new(model, AREA, 1, 1).expect("a model");
        let mut position = [90.0, 50.0];
        // The place lies outside: it stops at the edge.
        for (now, x) in [(1, 92.0), (2, 94.0), (3, 96.0), (4, 98.0), (5, 100.0), (6, 100.0)] {
            walker.steer(|| Some([107.0, 50.0]));
            walker.advance(&mut position, seconds(now), SECOND);
            assert_eq!(position, [x, 50.0]);
        }
        walker.steer(|| None);
        walker.advance(&mut position, seconds(7), SECOND);
        assert_eq!(position, [100.0, 50.0]);
        walker.steer(|| Some([100.0, 49.0]));
        walker.advance(&mut position, seconds(8), SECOND);
        assert_eq!(position, [100.0, 49.0]);
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
        let moved_within = |start: [f64; 2], devices: u64, time: u64| {
            let moved = |device: &u64| {
                let mut walker = Walker::new(model, AREA, 1, *device).expect("walks");
                let mut position = start;
                (1..=time).for_each(|now| walker.advance(&mut position, seconds(now), SECOND));
                position != start
            };
            (0..devices).filter(moved).count()
        };
        // They set out after uniform parts of a minute: a quarter of 400 in the first 15 s, with a
        // deviation of 9.
        let early = moved_within([52.0, 47.0], 400, 15);
        assert!((64..136).contains(&early), "{early} of 400 set out");
        assert_eq!(moved_within([52.0, 47.0], 400, 62), 400);
        // From outside everybody comes at once.
        assert_eq!(moved_within([70.0, 50.0], 400, 1), 400);
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
        let mut crowd: Vec<(Walker, [f64; 2])> = (0..400)
            .map(|device| {
                let position = Stream::new(1, device, Purpose::Place);
                let mut random = position;
                let at = [random.between(0.0, 100.0), random.between(0.0, 100.0)];
                (Walker::new(model, AREA, 1, device).expect("walks"), at)
            })
            .collect();
        let mut inside = Vec::new();
        for now in 1..=300 {
            for (walker, position) in &mut crowd {
                walker.advance(position, seconds(now), SECOND);
            }
            let near = |(_, at): &&(Walker, [f64; 2])| distance(*at, [50.0, 50.0]) <= 10.0;
            inside.push(crowd.iter().filter(near).count());
        }
        // Waypoint walkers are denser in the middle than uniform ones (12 of 400 on the disc);
        // half of the 400 take part.
        assert!(inside[55] < 50, "before: {}", inside[55]);
        assert!((190..260).contains(&inside[170]), "during: {}", inside[170]);
        assert!(inside[290] < 60, "after: {}", inside[290]);
    }
}
