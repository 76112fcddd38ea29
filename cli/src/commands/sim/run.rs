//! The run itself: from the start or from a checkpoint, with what is done to it, and checkpoints on
//! the way.

use crate::args::{OnError, SimArgs};
use crate::output::{self, Failure};
use fieldrun_device::{Micros, Program};
use fieldrun_sim::record::When;
use fieldrun_sim::scenario::EngineKind;
use fieldrun_sim::{
    Checkpoint, Flow, Intervention, Observer, Scenario, SimError, Simulation, Summary,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The checkpoints of a run: at which times, and into which folder.
pub(super) struct Checkpoints {
    when: When,
    folder: PathBuf,
}

impl Checkpoints {
    /// Those that are asked for.
    pub(super) fn asked(args: &SimArgs, scenario: &Scenario) -> Result<Option<Self>, Failure> {
        let Some(text) = &args.checkpoint else { return Ok(None) };
        let when =
            text.parse().map_err(|why| Failure::usage(format!("--checkpoint {text}: {why}")))?;
        let default = || Path::new("fieldrun-out").join(&scenario.name);
        let folder = args.out.clone().unwrap_or_else(default);
        std::fs::create_dir_all(&folder).map_err(|error| {
            let folder = folder.display();
            Failure::usage(format!(
                "cannot make the folder {folder}: {error}; choose another with --out"
            ))
        })?;
        Ok(Some(Self { when, folder }))
    }

    /// The time of the first one after `now`.
    fn next(&self, now: Micros) -> Option<Micros> {
        match &self.when {
            When::End => None,
            When::At(times) => times.iter().filter(|time| **time > now).min().copied(),
            When::Every(gap) => Some(Micros((now.0 / gap.0 + 1).saturating_mul(gap.0))),
        }
    }

    fn write(&self, simulation: &Simulation, source: &Path) -> Result<(), SimError> {
        let at = simulation.time().seconds();
        let file = self.folder.join(format!("{at}s.checkpoint"));
        Checkpoint::of(simulation, source)?.write(&file)?;
        output::say(&format!("wrote {}", file.display()));
        Ok(())
    }
}

/// What is done to the network before it goes on.
pub(super) fn interventions(args: &SimArgs) -> Result<Vec<Intervention>, Failure> {
    let read = |text: &String| {
        text.parse().map_err(|why| Failure::usage(format!("--set '{text}': {why}")))
    };
    args.set.iter().map(read).collect()
}

/// Runs to the end.
pub(super) fn run(
    args: &SimArgs,
    scenario: &Scenario,
    program: &Arc<Program>,
    from: Option<&Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Summary, Failure> {
    let (changes, checkpoints) = (interventions(args)?, Checkpoints::asked(args, scenario)?);
    let stop_on_error = args.on_error == OnError::Stop;
    if from.is_none() && changes.is_empty() && checkpoints.is_none() {
        return fieldrun_sim::run_by_choice(scenario, program, stop_on_error, observer)
            .map_err(super::ended);
    }
    if scenario.engine == EngineKind::Population {
        return Err(Failure::usage(
            "the population engine has no checkpoints, and nothing is done to its devices; leave \
             --from, --set and --checkpoint out, or let the event engine run it: --engine events",
        ));
    }
    let mut simulation = match from {
        Some(checkpoint) => checkpoint.resume(scenario, program).map_err(Failure::usage)?,
        None => Simulation::new(scenario, program).map_err(Failure::usage)?,
    };
    simulation.stop_on_error(stop_on_error);
    for change in &changes {
        simulation.apply(change).map_err(Failure::usage)?;
    }
    let source = match (&args.scenario, from) {
        (Some(named), _) => std::path::absolute(named).unwrap_or_else(|_| named.clone()),
        (None, Some(checkpoint)) => checkpoint.header.source.clone(),
        (None, None) => PathBuf::new(),
    };
    go_on(&mut simulation, checkpoints.as_ref(), &source, observer).map_err(super::ended)?;
    simulation.finish(observer).map_err(super::ended)
}

fn go_on(
    simulation: &mut Simulation,
    checkpoints: Option<&Checkpoints>,
    source: &Path,
    observer: &mut dyn Observer,
) -> Result<(), SimError> {
    while let Some((checkpoints, at)) =
        checkpoints.and_then(|all| Some((all, all.next(simulation.time())?)))
    {
        if simulation.run_until(at, observer)? == Flow::Stop {
            break;
        }
        checkpoints.write(simulation, source)?;
    }
    simulation.run_until(Micros(u64::MAX), observer)?;
    match checkpoints {
        Some(checkpoints) if checkpoints.when == When::End => checkpoints.write(simulation, source),
        _ => Ok(()),
    }
}
