//! What a sweep is: kept as `sweep.json` in its folder, so that it can be gone on with.

use crate::args::SweepArgs;
use crate::commands::sim::{scenario_text, time};
use crate::output::Failure;
use fieldrun_device::Micros;
use fieldrun_sim::sweep::{Design, Plan, Sampling, Vary};
use fieldrun_sim::{Metric, Scenario};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The name of the file.
const FILE: &str = "sweep.json";
/// The largest one that is read: a million settings with a few keys each.
const MAX_BYTES: u64 = 512 << 20;
/// About so many samples of a run without `--sample`, a whole number of rounds apart.
const SAMPLES: u64 = 60;

/// A sweep.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// The scenario's file, as it was named.
    pub(super) file: String,
    /// Its text.
    pub(super) text: String,
    /// Its program with all modules.
    pub(super) fingerprint: u64,
    pub(super) plan: Plan,
    pub(super) sampling: Sampling,
    /// The end of each run, when not as the scenario says.
    pub(super) stop: Option<Micros>,
    /// How sure the first metric has to be, as a share of its mean.
    pub(super) until: Option<f64>,
}

/// The same as it is written.
#[derive(Serialize, Deserialize)]
struct File {
    fieldrun: String,
    file: String,
    scenario: String,
    program: String,
    metrics: Vec<String>,
    sample_us: u64,
    stop_us: Option<u64>,
    until_ci: Option<f64>,
    plan: Plan,
}

impl Spec {
    pub(super) fn new(args: &SweepArgs) -> Result<Self, Failure> {
        let text = scenario_text(&args.scenario)?;
        let file = args.scenario.display().to_string();
        let scenario = Scenario::parse_at(&text, &file, &args.scenario).map_err(Failure::usage)?;
        let vary = args.vary.iter().map(|text| text.parse::<Vary>());
        let vary = vary.collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
        let design = match args.latin {
            Some(points) => Design::Latin { points, seed: args.first_seed },
            None => Design::Product,
        };
        let seeds = (args.first_seed, args.seeds);
        let mut path = args.path.clone();
        path.extend(scenario.path.iter().cloned());
        let loaded = super::program::load(&scenario.program, &path)?;
        let duration =
            |flag, text: &Option<String>| text.as_ref().map(|text| time(flag, text)).transpose();
        let stop = duration("--time", &args.time)?;
        let end = stop.unwrap_or_else(|| scenario.stop.latest());
        let period = scenario.schedule.period().0.max(1);
        let usual = match end.0 {
            u64::MAX => period,
            end => (end / SAMPLES).div_ceil(period).max(1) * period,
        };
        let every = duration("--sample", &args.sample)?.unwrap_or(Micros(usual));
        Ok(Self {
            fingerprint: loaded.program.fingerprint(),
            plan: Plan::new(&vary, design, seeds).map_err(Failure::usage)?,
            sampling: Sampling { metrics: metrics(&args.metric)?, every },
            stop,
            until: args.until_ci.as_deref().map(share).transpose()?,
            file,
            text,
        })
    }

    /// The name of the scenario.
    pub(super) fn name(&self) -> String {
        let stem = Path::new(&self.file).file_stem();
        stem.map_or_else(|| "sweep".to_owned(), |stem| stem.to_string_lossy().into_owned())
    }

    /// Its file as text.
    pub(super) fn json(&self) -> String {
        let file = File {
            fieldrun: env!("CARGO_PKG_VERSION").to_owned(),
            file: self.file.clone(),
            scenario: self.text.clone(),
            program: format!("{:016x}", self.fingerprint),
            metrics: self.sampling.metrics.iter().map(ToString::to_string).collect(),
            sample_us: self.sampling.every.0,
            stop_us: self.stop.map(|stop| stop.0),
            until_ci: self.until,
            plan: self.plan.clone(),
        };
        format!("{:#}\n", serde_json::json!(file))
    }

    /// The sweep that a folder holds.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let wrong = |cause: String| {
            Failure::usage(format!(
                "{} is no sweep: {cause}; name the folder that `fieldrun sweep --out` was given",
                path.display()
            ))
        };
        let size = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(wrong(format!("it has {size} bytes")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let file: File = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let program = u64::from_str_radix(&file.program, 16);
        Ok(Self {
            fingerprint: program.map_err(|error| wrong(error.to_string()))?,
            plan: file.plan,
            sampling: Sampling { metrics: metrics(&file.metrics)?, every: Micros(file.sample_us) },
            stop: file.stop_us.map(Micros),
            until: file.until_ci,
            file: file.file,
            text: file.scenario,
        })
    }

    /// Claims a folder: it holds this sweep afterwards, and did so before or was empty.
    pub(super) fn claim(&self, folder: &Path, fresh: bool) -> Result<(), Failure> {
        let path = folder.join(FILE);
        let text = self.json();
        match std::fs::read_to_string(&path) {
            Ok(there) if there == text => return Ok(()),
            Ok(_) if !fresh => {
                return Err(Failure::usage(format!(
                    "{} holds another sweep; choose another folder with --out, or start it anew with --fresh",
                    folder.display()
                )));
            }
            // It is not there, or not wanted.
            _ => {}
        }
        super::store::write(&path, text.as_bytes())
    }
}

fn metrics(texts: &[String]) -> Result<Vec<Metric>, Failure> {
    if texts.is_empty() {
        return Ok(Metric::usual());
    }
    texts.iter().map(|text| text.parse().map_err(Failure::usage)).collect()
}

/// `5%` or `0.05`.
fn share(text: &str) -> Result<f64, Failure> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent, 0.01),
        None => (text.trim(), 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number * scale < 1.0 => Ok(number * scale),
        _ => Err(Failure::usage(format!(
            "--until-ci {text} is no share of the mean between 0 and 1; write 5% or 0.05"
        ))),
    }
}
