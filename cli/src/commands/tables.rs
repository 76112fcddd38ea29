//! The long tables of a simulation: `--metrics` and `--table`.

use super::sim::time;
use crate::args::TableArgs;
use crate::output::Failure;
use fieldrun_sim::record::Samples;
use fieldrun_sim::{Key, Metric, Observer, Scenario};

/// The observers that write what was asked for.
pub(super) fn observers(
    args: &TableArgs,
    scenario: &Scenario,
) -> Result<Vec<Box<dyn Observer>>, Failure> {
    let every = match &args.sample {
        Some(text) => time("--sample", text)?,
        None => scenario.schedule.period(),
    };
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if let Some(file) = &args.metrics {
        let metrics: Vec<Metric> = parsed(&args.metric)?;
        let metrics = if metrics.is_empty() { Metric::usual() } else { metrics };
        let samples = Samples::of_network(scenario, &metrics, every, file);
        observers.push(Box::new(samples.map_err(Failure::usage)?));
    }
    if let Some(file) = &args.table {
        let keys: Vec<Key> = match args.value.is_empty() {
            true => parsed(&["result".to_owned()])?,
            false => parsed(&args.value)?,
        };
        let samples = Samples::of_devices(scenario, &keys, every, file);
        observers.push(Box::new(samples.map_err(Failure::usage)?));
    }
    Ok(observers)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    texts: &[String],
) -> Result<Vec<T>, Failure> {
    texts.iter().map(|text| text.parse().map_err(Failure::usage)).collect()
}
