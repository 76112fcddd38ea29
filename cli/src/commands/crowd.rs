//! `fieldrun demo crowd`.

use super::program;
use super::sim::{Progress, load_scenario, make_folder, stop_after, use_threads};
use crate::args::CrowdArgs;
use crate::output::{self, Failure, Outcome};
use fieldrun_examples::crowd::{self, CrowdError, Options, PROGRAMS, Region, Rules, SCENARIO};
use fieldrun_sim::{Observer, Scenario};
use fieldrun_stdlib::{LoadError, Loaded};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// What the embedded scenario is called.
const NAME: &str = "marathon";
/// The embedded program that runs in it.
const PROGRAM: &str = "repaired";

pub(crate) fn crowd(args: &CrowdArgs) -> Outcome {
    let scenario = scenario(args)?;
    use_threads(args.threads)?;
    let (loaded, program) = load(&scenario.program, &scenario.path)?;
    let out = match &args.out {
        None if args.json => None,
        None => Some(Path::new("fieldrun-out").join(&scenario.name)),
        chosen => chosen.clone(),
    };
    if let Some(folder) = &out {
        make_folder(folder)?;
    }
    let region = match args.region.as_str() {
        "cluster" => Region::Cluster,
        _ => Region::Around,
    };
    let rules = Rules { region, ..Rules::PUBLISHED };
    let options = Options { scenario, program, rules, out };
    let mut progress: Vec<Box<dyn Observer>> = Vec::new();
    if !args.json {
        progress.push(Box::new(Progress::new()));
    }
    let start = Instant::now();
    let report = crowd::run(&options, &loaded.program, &mut progress).map_err(|e| match e {
        CrowdError::File { .. } => Failure::failed(e),
        other => Failure::usage(other),
    })?;
    if args.json {
        output::line(&serde_json::to_string(&report).map_err(Failure::failed)?)?;
    } else {
        output::text(&report.text())?;
        output::say(&format!("took {:.1} s", start.elapsed().as_secs_f64()));
        for file in &report.files {
            output::say(&format!("wrote {}", file.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn scenario(args: &CrowdArgs) -> Result<Scenario, Failure> {
    let mut scenario = match &args.scenario {
        Some(file) => load_scenario(file, args.seed, &[])?,
        None => {
            let mut scenario = Scenario::parse(SCENARIO, NAME).map_err(Failure::failed)?;
            scenario.name = NAME.to_owned();
            scenario.program = PathBuf::from(PROGRAM);
            scenario.seed = args.seed.unwrap_or(scenario.seed);
            scenario
        }
    };
    if let Some(program) = &args.program {
        scenario.program = program.clone();
    }
    stop_after(&mut scenario, args.time.as_deref())?;
    Ok(scenario)
}

/// The embedded program of a name, or that of a file; and what the report calls it.
fn load(path: &Path, folders: &[PathBuf]) -> Result<(Loaded, String), Failure> {
    let Some((_, file, text)) = PROGRAMS.iter().find(|(name, ..)| path == Path::new(name)) else {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok((program::load(path, folders)?, name));
    };
    let loaded = fieldrun_stdlib::load_text(file, text, folders).map_err(|error| match error {
        LoadError::Program(diagnostics) => Failure::usage(output::rendered(&diagnostics.0)),
        other => Failure::usage(other),
    })?;
    output::findings(&loaded.findings);
    Ok((loaded, (*file).to_owned()))
}
