//! `fieldrun demo`.

use super::{block_on, crowd};
use crate::args::{DemoArgs, OtherDemo};
use crate::output::{Failure, Outcome, exit};
use fieldrun_examples::demo::{self, DemoError, Options, Rule};
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

/// Rounds closer together than this measure nothing but the machine.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);

pub(crate) fn demo(args: DemoArgs) -> Outcome {
    if let Some(OtherDemo::Crowd(args)) = &args.other {
        return crowd::crowd(args);
    }
    let options = options(args)?;
    let report = block_on(demo::run(&options, &mut io::stdout()))?;
    let report = report.map_err(|error| match error {
        DemoError::DaemonEnded { .. } | DemoError::ProgramFails { .. } => Failure::usage(error),
        other => Failure::failed(other),
    })?;
    Ok(ExitCode::from(if report.is_good() { 0 } else { exit::FAILED }))
}

fn options(args: DemoArgs) -> Result<Options, Failure> {
    let myself = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("cannot find this program: {error}")))?;
    let myself = myself.to_string_lossy().into_owned();
    let time = |text: &str| fieldrun_glue::parse_duration(text).map_err(Failure::usage);
    let period = time(&args.period)?;
    if period < SHORTEST_PERIOD {
        return Err(Failure::usage("`--period` is at least 10ms"));
    }
    Ok(Options {
        daemon: vec![myself.clone(), "run".to_owned()],
        service: vec![myself, "qr-service".to_owned()],
        program: args.program,
        period,
        db_start: args.db_start.as_deref().map(time).transpose()?,
        demanded: args.after.map(|status| match status.as_str() {
            "starting" => Rule::AfterStarting,
            _ => Rule::AfterRun,
        }),
        keep: args.keep,
        json: args.json,
        terminal: io::stdout().is_terminal(),
    })
}
