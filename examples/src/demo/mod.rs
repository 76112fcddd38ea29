//! `fieldrun demo`: a company's network of services fails and recovers in the right order, decided
//! by a program of a few lines.
//!
//! Eight daemons run as processes of their own, linked over QUIC on the loopback interface, each
//! with its own certificate and one query-response service. When all services run, the supplies
//! database is made to hang; what depends on it stops, outward, and nothing else does; then the
//! database is restored and all return in dependency order. The daemons' own records of what
//! happened are the evidence: [`judge()`] decides from them, and the exit code follows.
//!
//! A daemon that is killed by a signal is started again, as a service manager would do; it adopts
//! its service. All processes end with the demonstration: orderly at its end, on Ctrl-C, SIGTERM
//! and on errors; and by themselves when it is killed (the daemons by a signal of the kernel, the
//! services because they watch for it).

mod company;
mod judge;
mod play;
mod record;
mod report;
mod screen;
mod setup;
mod story;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

pub use judge::{Figures, Hop, Rule, Verdict, judge};
pub use report::Report;
pub use story::{Change, Marks, Story};

/// What to demonstrate, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The words that start a daemon, to be followed by `PROGRAM -c FILE --die-with-parent`.
    pub daemon: Vec<String>,
    /// The words that start a query-response service, to be followed by its options.
    pub service: Vec<String>,
    /// The aggregate program; the shipped `restart.pt` when missing.
    pub program: Option<PathBuf>,
    /// The time between two rounds.
    pub period: Duration,
    /// How long the supplies database takes to start, if not as in the shipped network.
    pub db_start: Option<Duration>,
    /// What dependents must wait for; decided by what the program does when missing, see
    /// [`judge()`].
    pub demanded: Option<Rule>,
    /// Leave all running until Ctrl-C, to play with.
    pub keep: bool,
    /// Print nothing but a report as JSON at the end.
    pub json: bool,
    /// The output is a terminal: show a live table instead of lines.
    pub terminal: bool,
}

/// Why there was no demonstration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The shipped network cannot be read.
    #[error("the example network is damaged: {0}")]
    Network(#[from] toml::de::Error),
    /// A configuration cannot be written.
    #[error("cannot write a configuration: {0}")]
    Configuration(#[from] toml::ser::Error),
    /// Certificates cannot be made.
    #[error(transparent)]
    Certificates(#[from] fieldrun_runtime::ca::CaError),
    /// A file, socket or process cannot be made.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A daemon has ended by itself.
    #[error("the daemon of {service} ended with {status}; it said:\n{said}")]
    DaemonEnded {
        /// Its service.
        service: String,
        /// How it ended.
        status: String,
        /// The end of its log.
        said: String,
    },
    /// The program fails in its rounds.
    #[error("the program fails on {service}; its service is left as it is\n\n{diagnostic}")]
    ProgramFails {
        /// The service next to which it runs.
        service: String,
        /// What is wrong, with the source line.
        diagnostic: String,
    },
    /// The network did not come up.
    #[error("not all services run after {} s; {waiting}", .patience.as_secs())]
    NotUp {
        /// How long it was waited.
        patience: Duration,
        /// Which do not, and what they are.
        waiting: String,
    },
    /// A daemon did not do what it was asked for.
    #[error("the daemon of {service} does not cooperate: {source}")]
    Daemon {
        /// Its service.
        service: String,
        /// What it said.
        source: fieldrun_runtime::admin::AdminError,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; all processes of the demonstration were ended")]
    Interrupted,
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
}

impl DemoError {
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}

/// Runs the demonstration and returns its report; order and sets were right if
/// [`Report::is_good`]. Must run on the main thread of a single-threaded tokio runtime, because the
/// daemons end with the thread that started them.
///
/// # Errors
/// When it could not be carried through. A demonstration that went wrong is no error.
pub async fn run(options: &Options, output: &mut dyn Write) -> Result<Report, DemoError> {
    let mut interrupt = play::Interrupt::new()?;
    let plan = setup::Plan::new(options)?;
    let mut company = company::Company::found(plan, options)?;
    let mut play = play::Play::new(&company, options, output);
    let mut result = tokio::select! {
        result = play.run(&mut company) => result,
        () = interrupt.received() => Err(DemoError::Interrupted),
    };
    if options.keep && result.is_ok() {
        tokio::select! {
            kept = play.keep(&mut company) => result = kept.and(result),
            // How those end it who have played enough.
            () = interrupt.received() => {}
        }
    }
    company.close().await;
    result
}
