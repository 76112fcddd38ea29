//! `fieldrun run`: the daemon, or one device alone.

use super::{block_on, program};
use crate::args::RunArgs;
use crate::output::{self, Failure, Outcome};
use fieldrun_runtime::{config, node};
use std::ops::ControlFlow;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

pub(crate) fn run(args: &RunArgs) -> Outcome {
    if args.die_with_parent {
        let signal = Some(rustix::process::Signal::TERM);
        rustix::process::set_parent_process_death_signal(signal).map_err(Failure::failed)?;
    }
    let loaded = program::load(&args.program, &args.path)?;
    let Some(path) = &args.config else { return alone(args, loaded) };
    log_to_stderr(args);
    let config = config::load(path).map_err(Failure::usage)?;
    block_on(node::run(config, loaded.program))?.map_err(Failure::usage)?;
    Ok(ExitCode::SUCCESS)
}

/// Without a configuration: a round a second, and its value on standard output.
fn alone(args: &RunArgs, loaded: fieldrun_stdlib::Loaded) -> Outcome {
    let env = args.env.iter().map(|text| program::variable(text)).collect::<Result<_, _>>()?;
    let seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64);
    let mut failure = None;
    let rounds = node::run_alone(loaded.program, env, seed, |report| {
        let printed = match &report.result {
            Ok(value) => output::line(&format!("{}\t{value}", report.round)),
            Err(trap) => {
                output::say(&trap.diagnostic().render(output::colour()));
                Ok(())
            }
        };
        match printed {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    block_on(rounds)?;
    failure.map_or(Ok(ExitCode::SUCCESS), Err)
}

fn log_to_stderr(args: &RunArgs) {
    let level = args.log.parse().unwrap_or(LevelFilter::INFO);
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level);
    if args.log_json {
        builder.json().init();
    } else {
        builder.with_ansi(output::colour()).with_target(false).init();
    }
}
