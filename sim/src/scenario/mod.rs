//! Scenarios: a network, its links, when devices fire, how they move, what is recorded.
//!
//! A scenario is plain data. [`Scenario::load`] reads it from a TOML file, in which every key but
//! `program` may be left out; `docs/simulator.md` explains every key.

mod fault;
mod parse;
mod problem;
mod read;
mod units;

pub use fault::{
    Choice, DeviceFault, Fault, FaultKind, Members, Partition, SensorFault, When, Whom,
};
pub(crate) use problem::nearest;
pub use problem::{Problem, Problems};

use crate::SimError;
use crate::picture::Color;
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId, Retention};
use fieldrun_netem::Conditions;
use fieldrun_stdlib::Loaded;
use std::path::{Path, PathBuf};

/// The largest scenario file that is read: enough for a hundred thousand explicit nodes.
const MAX_FILE_BYTES: u64 = 32 << 20;
/// The most devices of one scenario.
pub const MAX_DEVICES: usize = 1_000_000;
/// The name under which a program that steers its device puts `[x, y]` into its environment.
pub const DESTINATION: &str = "destination";

/// A network and what happens to it, as plain data.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name shown on maps and in summaries.
    pub name: String,
    /// The program file.
    pub program: PathBuf,
    /// Folders with modules of the program.
    pub path: Vec<PathBuf>,
    /// The seed of every random draw.
    pub seed: u64,
    /// Where groups are placed and devices move: least x, least y, greatest x, greatest y.
    pub area: Option<[f64; 4]>,
    /// When the run ends.
    pub stop: Stop,
    /// When devices fire.
    pub schedule: Schedule,
    /// Which devices hear each other, and how well.
    pub link: Link,
    /// Devices that are described one by one; the first ones of the network, in this order.
    pub nodes: Vec<Node>,
    /// Devices that are placed by a generator.
    pub groups: Vec<Group>,
    /// Environment values of single devices, also of groups; the later ones win.
    pub sets: Vec<Set>,
    /// What is done to devices, in the order of the file.
    pub faults: Vec<Fault>,
    /// How devices move that have no movement of their own.
    pub mobility: Mobility,
    /// The time between two updates of the positions.
    pub move_step: Micros,
    /// Which events are recorded.
    pub record: Record,
    /// How maps look.
    pub map: MapStyle,
    /// What runs it.
    pub engine: EngineKind,
}

/// What runs a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The population engine for large networks that it can run, else the event engine.
    #[default]
    Auto,
    /// Complete devices with encoded messages.
    Events,
    /// Columns without messages: still devices, good links, no faults.
    Population,
}

impl EngineKind {
    /// How scenarios and the command line name them.
    pub const WORDS: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("events", Self::Events), ("population", Self::Population)];
}

/// When a run ends: at the first bound that is reached. Without any bound, after a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    /// After that many device rounds of the whole network.
    pub events: Option<u64>,
    /// When every device has run that many rounds.
    pub rounds: Option<u64>,
    /// After that much simulated time; rounds at that very time still run.
    pub time: Option<Micros>,
}

impl Stop {
    /// The simulated time without any bound in the scenario.
    pub const DEFAULT_TIME: Micros = Micros(60 * Micros::SECOND.0);

    /// The time at which a run ends at the latest; endless when only rounds or events bound it.
    pub fn latest(&self) -> Micros {
        match *self {
            Self { events: None, rounds: None, time: None } => Self::DEFAULT_TIME,
            Self { time, .. } => time.unwrap_or(Micros(u64::MAX)),
        }
    }
}

/// When devices fire. One round of one device is one *event*; events are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// One device after the other, in the order of the scenario, evenly spread over the period:
    /// of `n` devices, event `k` happens at `k / n` periods. With a period of one second devices
    /// have the logical clock, on which each round lasts one second from the first one on.
    RoundRobin {
        /// The time in which every device fires once.
        period: Micros,
    },
    /// All devices at once, each period; everyone reads what was sent in the period before.
    LockStep {
        /// The time between two steps.
        period: Micros,
    },
    /// Every device on its own: first within one period, then after each period, give or take
    /// the jitter.
    Periodic {
        /// The mean time between two rounds of one device.
        period: Micros,
        /// The largest deviation of one gap, as a share of the period, below 1.
        jitter: f64,
        /// The largest deviation of a device's own period from the mean, as a share of it, below 1;
        /// drawn once for each device, whose clock is off by that much.
        drift: f64,
    },
}

impl Schedule {
    /// The period of every device.
    pub fn period(&self) -> Micros {
        match *self {
            Self::RoundRobin { period }
            | Self::LockStep { period }
            | Self::Periodic { period, .. } => period,
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Periodic { period: Micros::SECOND, jitter: 0.1, drift: 0.0 }
    }
}

/// Which devices are linked, and what happens to messages between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Two devices are linked when their distance is at most this. Without it, the radius is
    /// chosen so that a device has about ten neighbours at the start.
    pub radius: Option<f64>,
    /// The devices that are linked, wherever they are; instead of the radius.
    pub pairs: Option<Vec<(NodeId, NodeId)>>,
    /// What becomes of messages, from the end of the sender's round on; drawn for each message and
    /// receiver.
    pub conditions: Conditions,
    /// How long a neighbour is kept that is linked but not heard.
    pub retention: Option<Retention>,
}

/// One device.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its id; without one, the least whole number that no other device has.
    pub id: Option<NodeId>,
    /// Two or three coordinates.
    pub position: Vec<f64>,
    /// What the program reads from its environment.
    pub env: Vec<(String, Reading)>,
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
    pub area: Option<[f64; 4]>,
    /// What their program reads from its environment.
    pub env: Vec<(String, Reading)>,
    /// Their own movement.
    pub mobility: Option<Mobility>,
}

/// Environment values of devices that are named by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// The devices.
    pub ids: Vec<NodeId>,
    /// Values that replace or join those of the node or group.
    pub env: Vec<(String, Reading)>,
}

/// How the devices of a group are placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In rows and columns that fill the area, row by row from the least y.
    Grid,
    /// As a grid, each device then moved at random.
    JitteredGrid {
        /// How far at most, along each axis, as a share of half the distance between columns.
        jitter: f64,
    },
    /// Anywhere in the area.
    Uniform,
    /// Around centres that lie anywhere in the area, with normally distributed offsets.
    Clusters {
        /// How many centres.
        clusters: usize,
        /// The standard deviation of the offsets along each axis.
        spread: f64,
    },
}

/// How devices move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mobility {
    /// Not at all.
    Still,
    /// To a random place of the area at a random speed, then a pause, then to the next one.
    Waypoint(Walk),
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
}

/// The walking about of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    /// Least and greatest speed, in units of length per second; drawn for each leg.
    pub speed: (f64, f64),
    /// Least and greatest rest at the end of a leg.
    pub pause: (Micros, Micros),
}

/// Which events are recorded: the multiples of `every` that are at least `from_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The first event that may be recorded.
    pub from_event: u64,
    /// Without it, every event under round-robin, else one event for each device, which is
    /// about one each period.
    pub every: Option<u64>,
}

impl Default for Record {
    fn default() -> Self {
        Self { from_event: 1, every: None }
    }
}

/// How maps of a run look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapStyle {
    /// The headline instead of the name of the scenario.
    pub title: Option<String>,
    /// Colours (`#rrggbb`) of values by their text.
    pub colors: Vec<(String, Color)>,
    /// The unit of values, for legends and axes.
    pub unit: Option<String>,
    /// The unit of lengths, for the scale bar.
    pub length: Option<String>,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// The file cannot be read, is larger than 32 MiB, or holds mistakes; of these, all that were
    /// found.
    pub fn load(file: &Path) -> Result<Self, SimError> {
        let size = std::fs::metadata(file).map_err(|e| SimError::file("read", file, e))?.len();
        if size > MAX_FILE_BYTES {
            return Err(SimError::ScenarioTooLarge { path: file.to_owned(), bytes: size });
        }
        let text = std::fs::read_to_string(file).map_err(|e| SimError::file("read", file, e))?;
        Ok(Self::parse(&text, &file.to_string_lossy())?.standing_at(file))
    }

    /// The scenario as that of a file: its name, and paths that start at its folder.
    pub fn standing_at(mut self, file: &Path) -> Self {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        self.name = stem(file);
        self.program = folder.join(&self.program);
        for module in &mut self.path {
            *module = folder.join(&module);
        }
        self
    }

    /// Loads the program of the scenario, with its modules.
    ///
    /// # Errors
    /// The file cannot be read, or the program has errors; of these, all that were found.
    pub fn load_program(&self) -> Result<Loaded, SimError> {
        Ok(fieldrun_stdlib::load_file(&self.program, &self.path)?)
    }

    /// Reads a scenario from a text; `file` is its name in messages. Paths stay as written.
    ///
    /// # Errors
    /// All mistakes that were found.
    pub fn parse(text: &str, file: &str) -> Result<Self, SimError> {
        parse::scenario(text, file).map_err(SimError::Scenario)
    }

    /// The network for a program that comes without a scenario: a hundred devices on a jittered
    /// grid of spacing 10, about ten neighbours each, ids from 0; `env.get("source")` is true on
    /// device 0 in the corner and false elsewhere; a minute of one round a second, not in step.
    pub fn default_for(program: &Path) -> Self {
        let source = |is| vec![("source".to_owned(), Reading::Bool(is))];
        let group = Group {
            place: Place::JitteredGrid { jitter: 0.5 },
            count: 100,
            area: None,
            env: source(false),
            mobility: None,
        };
        Self {
            name: stem(program),
            area: Some([0.0, 0.0, 100.0, 100.0]),
            groups: vec![group],
            sets: vec![Set { ids: vec![NodeId::Int(0)], env: source(true) }],
            ..Self::empty(program.to_owned())
        }
    }

    /// The same as the text of a scenario file beside the program.
    pub fn default_text(program: &Path) -> String {
        let name =
            program.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        format!(
            "program = {}\narea = [0, 0, 100, 100]\n\n[[group]]\nplace = \"jittered-grid\"\n\
             jitter = 0.5\ncount = 100\nenv = {{ source = false }}\n\n[[set]]\nids = [0]\n\
             env = {{ source = true }}\n",
            toml::Value::String(name)
        )
    }

    /// Without any device.
    fn empty(program: PathBuf) -> Self {
        Self {
            name: String::new(),
            program,
            path: Vec::new(),
            seed: 1,
            area: None,
            stop: Stop::default(),
            schedule: Schedule::default(),
            link: Link::default(),
            nodes: Vec::new(),
            groups: Vec::new(),
            sets: Vec::new(),
            faults: Vec::new(),
            mobility: Mobility::Still,
            move_step: Micros::SECOND,
            record: Record::default(),
            map: MapStyle::default(),
            engine: EngineKind::Auto,
        }
    }
}

/// Reads a time such as `90s`, `5m` or `250ms`.
///
/// # Errors
/// What is wrong with the text, and how to write it.
pub fn parse_time(text: &str) -> Result<Micros, String> {
    units::duration(text)
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
