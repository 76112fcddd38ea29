//! The devices of a scenario.

use super::{Area, Expression, Mobility};
use fieldrun_device::NodeId;
use fieldrun_device::host::Reading;

/// What a program reads from its environment, by name.
pub type Env = Vec<(String, Given)>;

/// A value of the environment.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// This one.
    Value(Reading),
    /// What an expression gives for the device.
    Computed(Expression),
}

/// One device.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its id; without one, the least whole number that no other device has.
    pub id: Option<NodeId>,
    /// Two or three coordinates.
    pub position: Vec<f64>,
    /// What the program reads from its environment.
    pub env: Env,
    /// Its own movement.
    pub mobility: Option<Mobility>,
}

/// Many devices that are placed by a generator.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// How they are placed.
    pub place: Place,
    /// How many they are.
    pub count: usize,
    /// Where, when not in the area of the scenario.
    pub area: Option<Area>,
    /// What their program reads from its environment.
    pub env: Env,
    /// Their own movement.
    pub mobility: Option<Mobility>,
}

/// Environment values of some devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Which ones.
    pub of: Chosen,
    /// Values that replace or join those of the node or group.
    pub env: Env,
}

/// A choice of devices.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// Those with these ids.
    Ids(Vec<NodeId>),
    /// Those for which an expression is true.
    Where(Expression),
}

/// How the devices of a group are placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In rows and columns that fill the area, row by row from the least y; in space also layer by
    /// layer from the least z.
    Grid,
    /// As a grid, each device then moved at random.
    JitteredGrid {
        /// How far at most, along each axis, as a share of half the distance between columns.
        jitter: f64,
    },
    /// Anywhere in the area.
    Uniform,
    /// Anywhere in the area, but no two nearer than a distance.
    PoissonDisc {
        /// The distance; without one, most of what the area leaves room for.
        distance: Option<f64>,
    },
    /// On a circle, evenly spread.
    Ring {
        /// The middle; without one, that of the area.
        center: Option<[f64; 3]>,
        /// Without one, as large as fits into the area.
        radius: Option<f64>,
    },
    /// On a straight line, evenly spread, the first and the last one at its ends.
    Line {
        /// The ends; without them, through the middle of the area along the x axis.
        ends: Option<([f64; 3], [f64; 3])>,
    },
    /// Around centres that lie anywhere in the area, with normally distributed offsets.
    Clusters {
        /// How many centres.
        clusters: usize,
        /// The standard deviation of the offsets along each axis.
        spread: f64,
    },
}
