//! The command line.

use crate::commands;
use crate::output::Outcome;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs aggregate programs: one text for a whole network of devices.
#[derive(Debug, Parser)]
#[command(name = "fieldrun", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a program on one lone device and print its value each round
    Eval(EvalArgs),
    /// Report all errors of a program
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The program
    #[arg(value_name = "PROGRAM.pt")]
    pub(crate) program: PathBuf,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The program
    #[arg(value_name = "PROGRAM.pt")]
    pub(crate) program: PathBuf,
    /// Number of rounds, one second each; 0 only loads the program
    #[arg(long, default_value_t = 1)]
    pub(crate) rounds: u64,
    /// Print one JSON object a round
    #[arg(long)]
    pub(crate) json: bool,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
    /// A value of the environment, as JSON
    #[arg(long, value_name = "KEY=JSON")]
    pub(crate) env: Vec<String>,
    /// Seed of the device's random numbers
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

pub(crate) fn parse() -> Cli {
    Cli::parse()
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        let outcome: Outcome = match &self.command {
            Command::Eval(args) => commands::program::eval(args),
            Command::Check(args) => commands::program::check(args),
        };
        outcome.unwrap_or_else(|failure| failure.report())
    }
}
