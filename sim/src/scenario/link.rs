//! Which devices hear each other.

use fieldrun_device::{NodeId, Retention};
use fieldrun_netem::Conditions;
use std::sync::Arc;

/// Which devices are linked, and what happens to messages between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Which devices are linked.
    pub topology: Topology,
    /// What becomes of messages, from the end of the sender's round on; drawn for each message and
    /// receiver.
    pub conditions: Conditions,
    /// How long a neighbour is kept that is linked but not heard.
    pub retention: Option<Retention>,
}

/// The rule by which devices are linked. Links always hold in both directions.
#[derive(Clone, Debug, PartialEq)]
pub enum Topology {
    /// Two devices are linked when their distance is at most the radius. Without one, it is chosen
    /// so that a device has about ten neighbours at the start.
    Disc {
        /// The radius.
        radius: Option<f64>,
    },
    /// Two devices are linked with a probability that falls with their distance: 1 up to `sure`,
    /// from there evenly down to 0 at `radius`. A pair draws its luck once.
    Fading {
        /// Up to here all are linked.
        sure: f64,
        /// From here on none are.
        radius: f64,
    },
    /// A device is linked with so many others that are nearest to it, and with those to which it
    /// is one of the nearest.
    Nearest {
        /// How many.
        count: usize,
    },
    /// These pairs are linked, wherever they are.
    Graph {
        /// The pairs.
        pairs: Vec<(NodeId, NodeId)>,
    },
}

impl Default for Topology {
    fn default() -> Self {
        Self::Disc { radius: None }
    }
}

/// Something that stands in the way of links or devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Obstacle {
    /// What it looks like from above; its edge belongs to it.
    pub shape: Shape,
    /// From which height to which one it stands; without this, all of them.
    pub height: Option<(f64, f64)>,
    /// Whether devices on both sides of it are not linked.
    pub links: bool,
    /// Whether devices cannot walk through it.
    pub movement: bool,
}

/// The outline of an obstacle.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A rectangle: least x, least y, greatest x, greatest y.
    Rectangle([f64; 4]),
    /// A polygon by its corners, three or more.
    Polygon(Vec<[f64; 2]>),
    /// The dark pixels of a picture.
    Bitmap(Arc<Bitmap>),
}

/// A picture laid over a rectangle of the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Bitmap {
    /// Where it lies: least x, least y, greatest x, greatest y.
    pub area: [f64; 4],
    /// Pixels in a row, at least 1.
    pub columns: usize,
    /// Rows, at least 1.
    pub rows: usize,
    /// Which pixels are dark: row by row from the least y, each from the least x.
    pub dark: Vec<bool>,
}
