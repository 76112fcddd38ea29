//! `fieldrun demo crowd`: people in a city are warned of dangerous crowds by their phones, and an
//! oracle that sees everybody says how good the warnings are.
//!
//! The published application of Beal, Pianini and Viroli, "Aggregate Programming for the Internet of
//! Things" (IEEE Computer, 2015), at its full size. `examples/marathon` has the scenario and the
//! programs, which are embedded here; its page says what comes of them.
//!
//! * [`Oracle`] computes from positions alone who is crowded, in danger, and to be warned.
//! * [`Said`] is what a device says of itself: its program's value `[tracking, warned]`.
//! * [`run`] plays a scenario, compares both each second, and gives a [`Report`].

mod follow;
mod judge;
mod oracle;
mod pictures;
mod report;
mod said;
mod tables;

use std::path::PathBuf;
use std::sync::Arc;

use fieldrun_device::Program;
use fieldrun_sim::{Observer, Scenario, SimError};

pub use judge::{Figures, Said};
pub use oracle::{Oracle, Region, Rules, Truth};
pub use report::{Counts, Report, Row, Scores};

/// The shipped scenario, as the text of a scenario file.
pub const SCENARIO: &str = include_str!("../../marathon/marathon.toml");

/// The shipped programs: what they are called on the command line, the name of their file, and
/// their text.
pub const PROGRAMS: [(&str, &str, &str); 4] = [
    ("repaired", "repaired.pt", include_str!("../../marathon/repaired.pt")),
    ("local", "local.pt", include_str!("../../marathon/local.pt")),
    ("corrected", "corrected.pt", include_str!("../../marathon/corrected.pt")),
    ("published", "published.pt", include_str!("../../marathon/published.pt")),
];

/// What to play, and what to write.
#[derive(Clone, Debug)]
pub struct Options {
    /// The network and its people.
    pub scenario: Scenario,
    /// What the program is called in the report.
    pub program: String,
    /// What counts as a crowd.
    pub rules: Rules,
    /// The folder for tables and pictures, which must exist; without one, nothing is written.
    pub out: Option<PathBuf>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrowdError {
    /// The simulation cannot run.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// The program does not say what is to be judged.
    #[error(
        "device {device} says `{value}`, which cannot be judged; let the program end with \
         `[tracking, warned]`: \"none\", \"high\" or anything else for a crowd without danger, and a \
         Boolean"
    )]
    NotJudged {
        /// The device.
        device: String,
        /// Its value.
        value: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}; choose another folder with --out", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The run was too short to see anything.
    #[error("nothing was seen: the run is shorter than a second; choose a later --time")]
    NothingSeen,
}

/// Plays a scenario, tells `progress` of every event, and says how good the program is. Same
/// scenario, seed and program, same bytes.
///
/// # Errors
/// The scenario cannot run, a file cannot be written, or the program's values are no [`Said`].
pub fn run(
    options: &Options,
    program: &Arc<Program>,
    progress: &mut dyn Observer,
) -> Result<Report, CrowdError> {
    let mut follow = follow::Follow::new(options, progress)?;
    let summary = fieldrun_sim::run(&options.scenario, program, &mut follow)?;
    follow.report(options, summary)
}
