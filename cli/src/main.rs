//! The binary `fieldrun`: argument parsing and printing, nothing else.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod live;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Programs may recur deeper than the stack of a main thread allows everywhere.
    let thread = std::thread::Builder::new().stack_size(fieldrun_device::ROUND_STACK);
    let running = thread.spawn(|| args::parse().run());
    match running.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // A panic was reported where it occurred.
        Ok(Err(_)) => ExitCode::from(output::exit::FAILED),
        Err(error) => {
            output::say(&format!("error: cannot start a thread: {error}"));
            ExitCode::from(output::exit::FAILED)
        }
    }
}
