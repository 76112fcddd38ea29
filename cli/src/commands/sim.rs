//! `fieldrun sim`.

use super::{manifest, program, tables};
use crate::args::SimArgs;
use crate::live;
use crate::output::{self, Failure, Outcome};
use fieldrun_device::ROUND_STACK;
use fieldrun_sim::record::{Csv, JsonLines, Snapshots, Trend, Wanted, When};
use fieldrun_sim::{Flow, Moment, Observer, Scenario, SimError};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn sim(args: &SimArgs) -> Outcome {
    let scenario = scenario(args)?;
    if args.explain {
        return explain(&scenario, args.json);
    }
    for note in &scenario.notes {
        output::say(&format!("note: {note}"));
    }
    // Zero means one for each core.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.unwrap_or(0));
    pool.stack_size(ROUND_STACK).build_global().map_err(Failure::usage)?;
    let loaded = program::load(&scenario.program, &scenario.path)?;
    if args.open {
        return live::open(&scenario, &loaded, args.port);
    }
    let files = Files::choose(args, &scenario)?;
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if args.json {
        observers.push(Box::new(JsonLines::new(BufWriter::new(io::stdout()))));
    } else {
        observers.push(Box::new(Progress::new()));
    }
    let pictures = Snapshots::new(&scenario, files.pictures.clone()).map_err(Failure::usage)?;
    observers.push(Box::new(pictures));
    if let Some(chart) = &args.chart {
        observers.push(Box::new(Trend::new(&scenario, chart).map_err(Failure::usage)?));
    }
    if let Some(csv) = &files.csv {
        observers.push(Box::new(Csv::new(BufWriter::new(create(csv)?))));
    }
    observers.extend(tables::observers(&args.tables, &scenario)?);
    let start = Instant::now();
    let summary = fieldrun_sim::run(&scenario, &loaded.program, &mut observers).map_err(ended)?;
    drop(observers);
    let wall = start.elapsed();
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
    if let Some(file) = &files.manifest {
        let (scenario, loaded, summary) = (&scenario, &loaded, &summary);
        let ran = manifest::Ran { args, scenario, loaded, summary, wall, outputs };
        manifest::write(file, ran)?;
        output::say(&format!("wrote {}", file.display()));
    }
    Ok(ExitCode::SUCCESS)
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

/// A reader that went away ends the program quietly, as `head` expects.
fn ended(error: SimError) -> Failure {
    match &error {
        SimError::Output { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
            std::process::exit(0)
        }
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

fn scenario(args: &SimArgs) -> Result<Scenario, Failure> {
    let mut scenario = load_scenario(&args.scenario, args.seed, &args.path)?;
    if let Some(text) = &args.time {
        scenario.stop = fieldrun_sim::scenario::Stop {
            time: Some(time("--time", text)?),
            ..Default::default()
        };
    }
    Ok(scenario)
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
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::usage(format!(
                    "cannot make the folder {}: {error}; choose another with --out",
                    folder.display()
                ))
            })?;
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

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}; does its folder exist?", path.display()))
    })
}

/// A bar on a terminal; nothing elsewhere.
struct Progress(ProgressBar);

impl Progress {
    const STEPS: u64 = 1000;

    fn new() -> Self {
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
