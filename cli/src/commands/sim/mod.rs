//! `fieldrun sim`.

mod determinism;
mod interrupt;
mod run;

use super::{manifest, program, tables};
use crate::args::{OnError, SimArgs};
use crate::live;
use crate::output::{self, Failure, Outcome};
use fieldrun_device::ROUND_STACK;
use fieldrun_sim::record::{Csv, JsonLines, Snapshots, Trend, Wanted, When, WholeFile};
use fieldrun_sim::{Checkpoint, Flow, Moment, Observer, Scenario, SimError};
use indicatif::{ProgressBar, ProgressStyle};
use interrupt::{INTERRUPTED, Interrupt};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn sim(args: &SimArgs) -> Outcome {
    let from = args.from.as_deref().map(Checkpoint::read).transpose().map_err(Failure::usage)?;
    let scenario = scenario(args, from.as_ref())?;
    if args.explain {
        return explain(&scenario, args.json);
    }
    for note in &scenario.notes {
        output::say(&format!("note: {note}"));
    }
    if args.check_determinism {
        return determinism::check(args, &scenario);
    }
    use_threads(args.threads)?;
    let loaded = program::load(&scenario.program, &scenario.path)?;
    if args.open {
        return live::open(&scenario, &loaded, args.port);
    }
    let files = Files::choose(args, &scenario)?;
    let mut table = files.csv.as_deref().map(create).transpose()?;
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if args.json {
        observers.push(Box::new(JsonLines::new(BufWriter::new(io::stdout()))));
    } else {
        observers.push(Box::new(Progress::new()));
    }
    let interrupt = Interrupt::watch();
    observers.push(Box::new(interrupt.clone()));
    let pictures = Snapshots::new(&scenario, files.pictures.clone()).map_err(Failure::usage)?;
    observers.push(Box::new(pictures));
    if let Some(chart) = &args.chart {
        observers.push(Box::new(Trend::new(&scenario, chart).map_err(Failure::usage)?));
    }
    if let Some(table) = &mut table {
        observers.push(Box::new(Csv::new(table)));
    }
    observers.extend(tables::observers(&args.tables, &scenario)?);
    let start = Instant::now();
    let program = &loaded.program;
    let summary = run::run(args, &scenario, program, from.as_ref(), &mut observers)?;
    drop(observers);
    let wall = start.elapsed();
    if let (Some(table), Some(file)) = (table, &files.csv) {
        table.complete().map_err(|error| ended(SimError::file("write", file, error)))?;
    }
    let page = summary.text(Some(wall));
    if args.json {
        output::say(page.trim_end());
    } else {
        output::text(&page)?;
    }
    if let Some(first) =
        summary.counts.first_trap.as_ref().filter(|_| summary.counts.traps == summary.counts.events)
    {
        return Err(Failure::usage(format!(
            "every round of every device failed\n\n{}",
            first.message
        )));
    }
    let outputs = files.written(args);
    for file in &outputs {
        output::say(&format!("wrote {}", file.display()));
    }
    // What began elsewhere, or was cut short, is not repeated from its text.
    let whole = args.from.is_none() && !interrupt.was_pressed();
    if let (Some(file), Some(named), true) = (&files.manifest, &args.scenario, whole) {
        let (scenario, loaded, summary) = (&scenario, &loaded, &summary);
        let ran = manifest::Ran { named, scenario, loaded, summary, wall, outputs };
        manifest::write(file, ran)?;
        output::say(&format!("wrote {}", file.display()));
    }
    match &summary.counts.first_trap {
        _ if interrupt.was_pressed() => {
            let at = summary.simulated.seconds();
            output::say(&format!("interrupted at {at} s: this is what there was"));
            Ok(ExitCode::from(INTERRUPTED))
        }
        Some(_) if args.on_error == OnError::Stop => {
            output::say("error: a round failed, and --on-error stop ends the run there");
            Ok(ExitCode::from(output::exit::FAILED))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Prints all that holds for a run, instead of running it.
fn explain(scenario: &Scenario, json: bool) -> Outcome {
    let effective = scenario.effective().map_err(Failure::usage)?;
    match json {
        true => output::line(&effective.json().to_string())?,
        false => output::text(&effective.toml())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs rounds on so many threads; without a number, one for each core.
pub(crate) fn use_threads(threads: Option<usize>) -> Result<(), Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    pool.stack_size(ROUND_STACK).build_global().map_err(Failure::usage)
}

/// A reader that went away ends the program quietly, as `head` expects. What cannot be written is a
/// failure of the run, and not a mistake of whoever asked for it.
fn ended(error: SimError) -> Failure {
    match &error {
        SimError::Output { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
            std::process::exit(0)
        }
        SimError::Output { .. } | SimError::File { action: "write", .. } => Failure::failed(
            format!("{error}\n  What is not complete has no name of its own, or ends in .part."),
        ),
        _ => Failure::usage(error),
    }
}

/// The scenario of a file; a program gets the default network.
pub(crate) fn load_scenario(
    path: &Path,
    seed: Option<u64>,
    folders: &[PathBuf],
) -> Result<Scenario, Failure> {
    let is_program = path.extension().is_some_and(|e| e == "pt");
    let mut scenario = if is_program {
        Scenario::default_for(path)
    } else {
        Scenario::load(path).map_err(Failure::usage)?
    };
    if let Some(seed) = seed {
        scenario.seed = seed;
    }
    scenario.path.splice(0..0, folders.iter().cloned());
    Ok(scenario)
}

/// The text of a scenario file; a program gets that of the default network.
pub(super) fn scenario_text(path: &Path) -> Result<String, Failure> {
    if path.extension().is_some_and(|e| e == "pt") {
        return Ok(Scenario::default_text(path));
    }
    // Size and mistakes first.
    Scenario::load(path).map_err(Failure::usage)?;
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

/// The scenario that is named, or the one of a checkpoint.
fn scenario(args: &SimArgs, from: Option<&Checkpoint>) -> Result<Scenario, Failure> {
    let header = from.map(|checkpoint| &checkpoint.header);
    let (named, seed) = match (&args.scenario, header) {
        (Some(named), header) => (named, args.seed.or_else(|| header.map(|header| header.seed))),
        (None, Some(header)) => (&header.source, Some(header.seed)),
        (None, None) => return Err(Failure::usage("name a scenario, or a checkpoint with --from")),
    };
    let mut scenario = load_scenario(named, seed, &args.path)?;
    if let Some(engine) = args.engine {
        scenario.engine = engine;
    }
    stop_after(&mut scenario, args.time.as_deref())?;
    Ok(scenario)
}

/// A time on the command line replaces every bound of the scenario.
pub(crate) fn stop_after(scenario: &mut Scenario, text: Option<&str>) -> Result<(), Failure> {
    if let Some(text) = text {
        let time = Some(time("--time", text)?);
        scenario.stop = fieldrun_sim::scenario::Stop { time, ..Default::default() };
    }
    Ok(())
}

pub(super) fn time(flag: &str, text: &str) -> Result<fieldrun_device::Micros, Failure> {
    fieldrun_sim::scenario::parse_time(text)
        .map_err(|why| Failure::usage(format!("{flag} {text}: {why}")))
}

/// What is written, and where.
struct Files {
    pictures: Vec<Wanted>,
    csv: Option<PathBuf>,
    manifest: Option<PathBuf>,
}

impl Files {
    /// For people a map and a table by default; for scripts only what was asked for.
    fn choose(args: &SimArgs, scenario: &Scenario) -> Result<Self, Failure> {
        let tables = args.tables.metrics.is_some() || args.tables.table.is_some();
        let asked =
            !args.snapshot.is_empty() || args.chart.is_some() || args.csv.is_some() || tables;
        let folder = match &args.out {
            Some(out) => Some(out.clone()),
            None if args.json || asked => None,
            None => Some(Path::new("fieldrun-out").join(&scenario.name)),
        };
        if let Some(folder) = &folder {
            make_folder(folder)?;
        }
        let inside = |name: &str| folder.as_ref().map(|folder| folder.join(name));
        let wanted = |pair: &[String]| {
            let [when, file] = pair else { return Err(Failure::usage("--snapshot WHEN FILE")) };
            let bad = |why| Failure::usage(format!("--snapshot {when} {file}: {why}"));
            Wanted::new(when, Path::new(file)).map_err(bad)
        };
        let mut pictures = args.snapshot.chunks(2).map(wanted).collect::<Result<Vec<_>, _>>()?;
        if let (true, Some(file)) = (pictures.is_empty(), inside("map.svg")) {
            pictures.push(Wanted { when: When::End, file });
        }
        let csv = args.csv.clone().or_else(|| inside("values.csv"));
        let manifest = args.manifest.clone().or_else(|| inside("manifest.json"));
        Ok(Self { pictures, csv, manifest })
    }

    /// What is there after the run, besides the manifest.
    fn written(&self, args: &SimArgs) -> Vec<PathBuf> {
        let pictures = self.pictures.iter().map(|picture| &picture.file);
        let tables = args.tables.metrics.iter().chain(&args.tables.table);
        let files = pictures.chain(&args.chart).chain(&self.csv).chain(tables);
        files.filter(|file| file.exists()).cloned().collect()
    }
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(format!(
            "cannot make the folder {}: {error}; choose another with --out",
            folder.display()
        ))
    })
}

fn create(path: &Path) -> Result<WholeFile, Failure> {
    WholeFile::create(path).map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}; does its folder exist?", path.display()))
    })
}

/// A bar on a terminal; nothing elsewhere.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    const STEPS: u64 = 1000;

    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(Self::STEPS);
        let style = ProgressStyle::with_template("{bar:40} {percent}%  {msg}  {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Observer for Progress {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        let position = (moment.progress * Self::STEPS as f64) as u64;
        if position != self.0.position() {
            self.0.set_message(format!("{:.0} s simulated", moment.at.seconds()));
            self.0.set_position(position);
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, _: &Moment<'_>) -> Result<(), SimError> {
        self.0.finish_and_clear();
        Ok(())
    }
}
