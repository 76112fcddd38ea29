//! Scenarios: a network, its links, when devices fire, how they move, what is recorded.
//!
//! A scenario is plain data. [`Scenario::load`] reads it from a TOML file, in which every key but
//! `program` may be left out; `docs/simulator.md` explains every key.

mod area;
mod devices;
mod engine;
mod explain;
mod expression;
mod fault;
mod files;
mod link;
mod movement;
mod parse;
mod problem;
mod read;
mod schedule;
mod units;

pub use area::Area;
pub use devices::{Chosen, Env, Given, Group, Node, Place, Set};
pub use engine::EngineKind;
pub use expression::Expression;
pub(crate) use expression::{Evaluator, Subject};
pub use fault::{
    Choice, DeviceFault, Fault, FaultKind, Members, Partition, SensorFault, When, Whom,
};
pub use link::{Bitmap, Link, Obstacle, Shape, Topology};
pub use movement::{DESTINATION, Flock, Mobility, Trace, Walk};
pub(crate) use problem::nearest;
pub use problem::{Problem, Problems};
pub use schedule::{Schedule, Stop};

use crate::SimError;
use crate::checkpoint::checksum;
use crate::picture::Color;
pub use explain::Effective;
use explain::Written;
use fieldrun_device::Micros;
use fieldrun_stdlib::Loaded;
use files::Files;
use std::path::{Path, PathBuf};

/// The largest scenario file that is read: enough for a hundred thousand explicit nodes.
const MAX_FILE_BYTES: u64 = 32 << 20;
/// The most devices of one scenario.
pub const MAX_DEVICES: usize = 1_000_000;

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
    /// Where groups are placed and devices move.
    pub area: Option<Area>,
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
    /// What stands in the way.
    pub obstacles: Vec<Obstacle>,
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
    /// A hash of the text that it was read from, and of the files that it names; zero without a file.
    pub digest: u64,
    /// The files that it was read from besides its own, relative to its folder.
    pub files: Vec<String>,
    /// What the author should know before the run, such as gaps in a trace; one sentence each.
    pub notes: Vec<String>,
    /// The file that it was read from, with what was left out.
    pub(crate) written: Written,
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
        Self::parse_at(&text, &file.to_string_lossy(), file)
    }

    /// Reads the text of a scenario as if it stood in `file`: what it names is looked for in that
    /// folder. `shown` is its name in messages.
    ///
    /// # Errors
    /// All mistakes that were found.
    pub fn parse_at(text: &str, shown: &str, file: &Path) -> Result<Self, SimError> {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let mut scenario = Self::read(text, shown, folder)?;
        if scenario.name.is_empty() {
            scenario.name = stem(file);
        }
        scenario.program = folder.join(&scenario.program);
        for module in &mut scenario.path {
            *module = folder.join(&module);
        }
        Ok(scenario)
    }

    /// Loads the program of the scenario, with its modules.
    ///
    /// # Errors
    /// The file cannot be read, or the program has errors; of these, all that were found.
    pub fn load_program(&self) -> Result<Loaded, SimError> {
        Ok(fieldrun_stdlib::load_file(&self.program, &self.path)?)
    }

    /// Reads a scenario from a text; `file` is its name in messages. Paths stay as written, and files
    /// that it names are looked for in the current folder.
    ///
    /// # Errors
    /// All mistakes that were found.
    pub fn parse(text: &str, file: &str) -> Result<Self, SimError> {
        Self::read(text, file, Path::new(""))
    }

    fn read(text: &str, file: &str, folder: &Path) -> Result<Self, SimError> {
        let files = Files::of(folder);
        let scenario = parse::scenario(text, file, &files).map_err(SimError::Scenario)?;
        let digest = checksum(text.as_bytes()) ^ files.digest();
        Ok(Self { digest, files: files.into_names(), ..scenario })
    }

    /// The network for a program that comes without a scenario: a hundred devices on a jittered
    /// grid of spacing 10, about ten neighbours each, ids from 0; `env.get("source")` is true on
    /// device 0 in the corner and false elsewhere; a minute of one round a second, not in step.
    #[expect(
        clippy::expect_used,
        reason = "the text is our own, with any program, and tests read it"
    )]
    pub fn default_for(program: &Path) -> Self {
        let text = Self::default_text(program);
        let read = Self::parse(&text, "the default scenario").expect("a good scenario");
        Self { name: stem(program), program: program.to_owned(), ..read }
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
            obstacles: Vec::new(),
            faults: Vec::new(),
            mobility: Mobility::Still,
            move_step: Micros::SECOND,
            record: Record::default(),
            map: MapStyle::default(),
            engine: EngineKind::Auto,
            digest: 0,
            files: Vec::new(),
            notes: Vec::new(),
            written: Written::default(),
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
