//! A small service to be managed, broken and repaired: it answers queries, and to answer one it
//! queries the services it depends on (requirements P8 and R11).
//!
//! # Protocol
//!
//! TCP, one line in, one line out, as often as wanted on one connection:
//!
//! | line | answer |
//! |---|---|
//! | `health` | `ok ID`; asks nobody else, so that one dead service does not make others look dead |
//! | `query BUDGET` | `answer ID`, after all its dependencies have answered within the milliseconds of the budget; else `error ID: why` |
//! | `hang` | `ok ID`, and never again an answer until the process is killed |
//! | `crash` | none: the process exits with code 1 |
//! | `slow MILLIS` | `ok ID`; from now on every answer takes so much longer |
//!
//! Before its start delay is over the service does not listen. It queries its dependencies by
//! itself all the time, and with `--give-up N` it hangs after N failures in a row, so that a
//! failure spreads as it does among services that were not made for it.

mod args;
mod peer;
mod serve;

use std::process::ExitCode;
use std::time::Duration;

pub use args::{Args, USAGE};
pub use peer::ask;

/// What ends the service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QrError {
    /// The command line makes no sense.
    #[error("{0}\n\n{USAGE}")]
    Usage(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is it used by another process?")]
    Listen {
        /// The address as given.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no event loop.
    #[error("cannot set up the event loop: {0}")]
    Runtime(std::io::Error),
    /// The process that it was for is gone.
    #[error("process {0} is gone, and with it the reason to serve")]
    Abandoned(u32),
    /// It was told to.
    #[error("crashed, as it was told to")]
    Crashed,
}

/// Runs the service until it is killed. Never succeeds except for `--help`.
pub fn main(args: impl IntoIterator<Item = String>) -> ExitCode {
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the place where the program's errors are told"
            )]
            {
                eprintln!("qr-service: {error}");
            }
            ExitCode::from(if matches!(error, QrError::Usage(_)) { 2 } else { 1 })
        }
    }
}

/// Runs the service with the words of a command line, without the name of the program.
///
/// # Errors
/// When the words make no sense, the address cannot be listened on, or the service was told to
/// crash.
pub fn run(args: impl IntoIterator<Item = String>) -> Result<(), QrError> {
    let Some(args) = Args::parse(args)? else {
        #[expect(clippy::print_stdout, reason = "what `--help` asks for")]
        {
            println!("{USAGE}");
        }
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(QrError::Runtime)?;
    let result = runtime.block_on(serve::serve(args));
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}
