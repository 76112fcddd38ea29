//! What can go wrong in a simulation.

use crate::scenario::Problems;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a simulation cannot start or go on. Every message names the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimError {
    /// The scenario file holds mistakes; displays each with its line.
    #[error("{0}")]
    Scenario(Box<Problems>),
    /// The scenario file is too large to be meant.
    #[error(
        "{} has {bytes} bytes; a scenario has at most 32 MiB: describe many devices by [[group]]",
        path.display()
    )]
    ScenarioTooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The program does not load; displays every diagnostic.
    #[error("{0}")]
    Program(#[from] fieldrun_stdlib::LoadError),
    /// The population engine cannot run the scenario.
    #[error(
        "the population engine sends no messages and moves nobody, and here {why}; let the event engine run it: kind = \"events\" in [engine], or --engine events"
    )]
    NeedsMessages {
        /// What it cannot do.
        why: &'static str,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}; check that the path exists and may be used", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// An output stream cannot be written.
    #[error("cannot write the {what}: {source}; check the disk and the reader of the output")]
    Output {
        /// Which output.
        what: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
    /// A table is wanted in a file whose name does not say in which form.
    #[error(
        "{} is no table that can be written; end its name in .csv or .jsonl, or in .parquet if fieldrun was built \
         with `--features parquet`",
        file.display()
    )]
    NotATable {
        /// The file.
        file: PathBuf,
    },
    /// A `[[set]]` names a device that is not there.
    #[error(
        "[[set]] names device {id}, but there is none; without ids of their own, devices are numbered from 0"
    )]
    UnknownDevice {
        /// The name.
        id: String,
    },
    /// A link, a fault or a trace names a device that is not there.
    #[error(
        "{place} names device {id}, but there is none; without ids of their own, devices are numbered from 0"
    )]
    NoSuchDevice {
        /// Where it is named.
        place: &'static str,
        /// The name.
        id: String,
    },
    /// A map is wanted of a time that the run does not reach.
    #[error(
        "a map at {time} s, but the run ends at {end} s; choose an earlier time or a later `stop`"
    )]
    MapAfterEnd {
        /// The wanted time in seconds.
        time: f64,
        /// The end in seconds.
        end: f64,
    },
    /// More changes to one run than are remembered.
    #[error("{most} changes were made to this run; start it anew")]
    TooManyChanges {
        /// The limit.
        most: usize,
    },
    /// A picture is to show more moments than can be kept.
    #[error(
        "{} would show more than {most} moments; choose fewer times, or a larger `every`",
        file.display()
    )]
    TooManyStills {
        /// The picture.
        file: PathBuf,
        /// How many there may be.
        most: usize,
    },
    /// The name of a file does not say what kind of picture it is to be.
    #[error("{} is no picture; let its name end in .svg or .png", file.display())]
    NotAPicture {
        /// The file.
        file: PathBuf,
    },
    /// A picture that cannot be drawn as pixels.
    #[error(
        "a picture of {width} by {height} pixels is too large to be drawn; write it as .svg instead"
    )]
    PictureTooLarge {
        /// Its width in pixels.
        width: f64,
        /// Its height in pixels.
        height: f64,
    },
    /// More devices than the simulator takes.
    #[error("{count} devices are more than the limit of {limit}; lower `count` in [[group]]")]
    TooManyDevices {
        /// How many there would be.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A file is no checkpoint that can be read.
    #[error("{} is no checkpoint to go on from: {why}", path.display())]
    NoCheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint is of another scenario, program or seed.
    #[error(
        "the checkpoint is of another {what}: the one it was written with was changed since, or is not the one that is given; undo the change, or run from the start"
    )]
    CheckpointOfOther {
        /// What differs.
        what: &'static str,
    },
    /// What a checkpoint holds does not fit the scenario.
    #[error("the checkpoint does not fit its scenario: {why}; run from the start")]
    CheckpointState {
        /// In which way.
        why: String,
    },
    /// Something cannot be saved.
    #[error("no checkpoint can be written at this time: {what}: {why}")]
    Unsaved {
        /// Of what.
        what: String,
        /// Why.
        why: String,
    },
    /// An expression of the scenario fails for a device.
    #[error(
        "the expression `{expression}` fails for device {device} at {point:?}: {reason}; \
         names are x, y, z, id and index"
    )]
    Expression {
        /// Its text.
        expression: String,
        /// The device.
        device: String,
        /// Where it is.
        point: [f64; 3],
        /// What went wrong.
        reason: String,
    },
    /// Devices that must be apart do not fit into their area.
    #[error(
        "only {found} of {count} devices find room at a distance of {distance}; lower `distance` or \
         `count`, or enlarge `area`"
    )]
    NoRoom {
        /// How many there should be.
        count: usize,
        /// How many found room.
        found: usize,
        /// How far they must be apart.
        distance: f64,
    },
    /// The network is too dense.
    #[error(
        "more than {limit} links, counted from both ends; lower `radius` or `nearest` in [link], or \
         the number of devices"
    )]
    TooManyLinks {
        /// The limit, counted from both ends.
        limit: usize,
    },
}

impl SimError {
    /// A file that cannot be read or written.
    pub fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}
