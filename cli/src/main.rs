//! The binary `fieldrun`: argument parsing and printing, nothing else.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    args::parse().run()
}
