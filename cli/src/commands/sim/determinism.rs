//! `fieldrun sim --check-determinism`.

use crate::args::SimArgs;
use crate::commands::program;
use crate::output::{self, Failure, Outcome};
use fieldrun_device::{Program, ROUND_STACK};
use fieldrun_sim::{Fingerprint, Scenario, SimError};
use std::process::ExitCode;
use std::sync::Arc;

/// Runs a scenario on one thread and on several, and compares all that the two runs gave.
pub(super) fn check(args: &SimArgs, scenario: &Scenario) -> Outcome {
    let program = program::load(&scenario.program, &scenario.path)?.program;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let several = args.threads.unwrap_or(cores).max(2);
    let (one, events) = digest(scenario, &program, 1)?;
    output::line(&format!("{:<11} {one:016x}  {events} rounds", "1 thread"))?;
    let (other, events) = digest(scenario, &program, several)?;
    output::line(&format!("{:<11} {other:016x}  {events} rounds", format!("{several} threads")))?;
    if one == other {
        output::line("the same bits in every round of every device")?;
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::failed(
        "the two runs differ: report it with the scenario, as a run must not depend on threads",
    ))
}

/// The digest of a run, and its rounds.
fn digest(
    scenario: &Scenario,
    program: &Arc<Program>,
    threads: usize,
) -> Result<(u64, u64), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(ROUND_STACK);
    let run = || -> Result<(u64, u64), SimError> {
        let mut seen = Fingerprint::default();
        let summary = fieldrun_sim::run_by_choice(scenario, program, false, &mut seen)?;
        Ok((seen.digest(&summary), summary.counts.events))
    };
    pool.build().map_err(Failure::usage)?.install(run).map_err(Failure::usage)
}
