//! How devices move.

use fieldrun_device::Micros;
use std::sync::Arc;

/// The name under which a program that steers its device puts `[x, y]` or `[x, y, z]` into its
/// environment.
pub const DESTINATION: &str = "destination";

/// How devices move.
#[derive(Clone, Debug, PartialEq)]
pub enum Mobility {
    /// Not at all.
    Still,
    /// To a random place of the area at a random speed, then a pause, then to the next one.
    Waypoint(Walk),
    /// Straight on in a random direction for a time, then a pause, then in another one. At the edge
    /// of the area a leg ends.
    RandomWalk {
        /// How fast, and how long to rest.
        walk: Walk,
        /// Least and greatest time of a leg.
        leg: (Micros, Micros),
    },
    /// As a random walk, but the lengths of the legs have a power law: mostly short, sometimes very
    /// long, as animals search.
    Levy {
        /// How fast, and how long to rest.
        walk: Walk,
        /// Least and greatest length of a leg.
        length: (f64, f64),
        /// The density of length `l` falls as `l` to the power of minus this, more than 1.
        exponent: f64,
    },
    /// With the others: towards them, in their direction, and not too near.
    Flock(Flock),
    /// The walk of a crowd. At first everybody walks about as with `Waypoint`. From `start` on,
    /// spread over the time `ramp`, some of them go to a spot of their own around `place` and
    /// stay there, shuffling about slowly; so the density around the place rises. From `end` on,
    /// again spread over `ramp`, they walk away as at first.
    Gather {
        /// How people walk when they walk about.
        walk: Walk,
        /// The middle of the event.
        place: [f64; 2],
        /// The radius of the disc around it in which people stand, uniformly.
        radius: f64,
        /// The share of devices that take part, from 0 to 1.
        share: f64,
        /// When the first ones set out.
        start: Micros,
        /// When the first ones leave.
        end: Micros,
        /// The time between the first one and the last one, for both.
        ramp: Micros,
    },
    /// Straight to where the program of the device says, by what it last put into its environment
    /// as [`DESTINATION`]; without that, not at all.
    Steered {
        /// Least and greatest speed, in units of length per second; drawn once for each device.
        speed: (f64, f64),
    },
    /// Where it was seen.
    Trace(Arc<Trace>),
}

/// The walking about of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    /// Least and greatest speed, in units of length per second; drawn for each leg.
    pub speed: (f64, f64),
    /// Least and greatest rest at the end of a leg.
    pub pause: (Micros, Micros),
}

/// The rules of a flock (Reynolds' boids). Each weight says which part of the difference is made up
/// within a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flock {
    /// Least and greatest speed, in units of length per second.
    pub speed: (f64, f64),
    /// How far a device sees others of the flock.
    pub sight: f64,
    /// The distance that it keeps.
    pub space: f64,
    /// Towards the middle of those that it sees.
    pub cohesion: f64,
    /// Towards their mean velocity.
    pub alignment: f64,
    /// Away from those that are nearer than `space`.
    pub separation: f64,
}

/// Where a device was at what time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// One place or more, by ascending time. Before the first one the device is there already,
    /// after the last one it stays.
    pub places: Vec<(Micros, [f64; 3])>,
    /// Between two places that are at most so far apart in time the device walks straight; else it
    /// waits at the first one and then is at the second one at once.
    pub gap: Micros,
}
