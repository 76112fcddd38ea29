//! `fieldrun sweep` and `fieldrun merge`.

mod outcome;
mod spec;
mod store;

use super::program;
use crate::args::{MergeArgs, SweepArgs};
use crate::output::{self, Failure, Outcome};
use fieldrun_device::{Program, ROUND_STACK};
use fieldrun_sim::Scenario;
use fieldrun_sim::scenario::Stop;
use fieldrun_sim::sweep::{Planned, Point, Row, Run, Shard, Table};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use spec::Spec;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
pub(super) use store::write as write_whole;

pub(crate) fn sweep(args: &SweepArgs) -> Outcome {
    let spec = Spec::new(args)?;
    let shard: Shard = match &args.shard {
        Some(text) => text.parse().map_err(Failure::usage)?,
        None => Shard::WHOLE,
    };
    let name = spec.name();
    let prepared = Prepared::new(&spec, args)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("fieldrun-out/sweep").join(&name));
    let store = Store::open(&folder, &spec, shard, args.fresh)?;
    let mut table = Table::new(&spec.plan, &spec.sampling);
    store.read(&mut table)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.jobs.unwrap_or(0));
    let pool = pool.stack_size(ROUND_STACK).build().map_err(Failure::usage)?;
    let there = table.rows().count();
    if there > 0 {
        output::say(&format!("{there} runs are there already"));
    }
    let bar = progress();
    loop {
        let due = table.due(shard, spec.until);
        if due.is_empty() {
            break;
        }
        bar.inc_length(due.len() as u64);
        for row in pool.install(|| prepared.run_all(&due, &store, &bar))? {
            table.add(row);
        }
    }
    bar.finish_and_clear();
    match args.shard {
        Some(_) => {
            let runs = table.rows().count();
            output::say(&format!(
                "{runs} runs of this shard are done; when all are, run `fieldrun merge {}`",
                folder.display()
            ));
            Ok(ExitCode::SUCCESS)
        }
        None => outcome::write(&spec, &table, &folder, args.json),
    }
}

pub(crate) fn merge(args: &MergeArgs) -> Outcome {
    let Some(first) = args.folders.first() else {
        return Err(Failure::usage("no folder to merge"));
    };
    let spec = Spec::read(first)?;
    let mut table = Table::new(&spec.plan, &spec.sampling);
    for folder in &args.folders {
        if Spec::read(folder)? != spec {
            return Err(Failure::usage(format!(
                "{} holds another sweep than {}; merge folders of one sweep",
                folder.display(),
                first.display()
            )));
        }
        store::read_folder(folder, &mut table)?;
    }
    let lacking = table.due(Shard::WHOLE, spec.until);
    if let Some(run) = lacking.first()
        && !args.partial
    {
        let setting = spec.plan.points.get(run.point).map(ToString::to_string).unwrap_or_default();
        return Err(Failure::failed(format!(
            "{} runs are not there, the first with {setting} and seed {}; run the shards that lack them, or \
             merge what there is with --partial",
            lacking.len(),
            run.seed
        )));
    }
    let out = args.out.as_ref().unwrap_or(first);
    outcome::write(&spec, &table, out, args.json)
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} runs  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// What all runs share.
struct Prepared<'a> {
    spec: &'a Spec,
    /// Folders of modules besides those of the scenario.
    folders: &'a [PathBuf],
    programs: BTreeMap<PathBuf, Arc<Program>>,
}

impl<'a> Prepared<'a> {
    /// Reads everything before anything runs: a mistake in the last setting shows at once.
    fn new(spec: &'a Spec, args: &'a SweepArgs) -> Result<Self, Failure> {
        let mut prepared = Self { spec, folders: &args.path, programs: BTreeMap::new() };
        for point in &spec.plan.points {
            let scenario = prepared.scenario(point)?;
            if let Entry::Vacant(entry) = prepared.programs.entry(scenario.program.clone()) {
                entry.insert(program::load(&scenario.program, &scenario.path)?.program);
            }
        }
        Ok(prepared)
    }

    fn scenario(&self, point: &Point) -> Result<Scenario, Failure> {
        let Spec { text, file, stop, .. } = self.spec;
        let mut scenario = Scenario::with_setting(text, file, point).map_err(Failure::usage)?;
        scenario.path.splice(0..0, self.folders.iter().cloned());
        if stop.is_some() {
            scenario.stop = Stop { time: *stop, ..Stop::default() };
        }
        Ok(scenario)
    }

    /// Runs side by side; each is kept as soon as it is done.
    fn run_all(
        &self,
        due: &[Planned],
        store: &Store,
        bar: &ProgressBar,
    ) -> Result<Vec<Row>, Failure> {
        let store = Mutex::new(store);
        let one = |planned: &Planned| {
            let row = self.run(*planned)?;
            // A thread that panicked has written its line, or has not; both are in order.
            store.lock().unwrap_or_else(PoisonError::into_inner).add(&row)?;
            bar.inc(1);
            Ok(row)
        };
        due.par_iter().map(one).collect()
    }

    fn run(&self, planned: Planned) -> Result<Row, Failure> {
        let missing = || Failure::failed("a run names a setting that is not there");
        let point = self.spec.plan.points.get(planned.point).ok_or_else(missing)?;
        let mut scenario = self.scenario(point)?;
        scenario.seed = planned.seed;
        let program = self.programs.get(&scenario.program).ok_or_else(missing)?;
        let run = Run::new(&scenario, program, &self.spec.sampling, &mut ());
        let run = run.map_err(|error| {
            Failure::usage(format!("setting {} with seed {}: {error}", planned.point, planned.seed))
        })?;
        Ok(Row { planned, run })
    }
}
