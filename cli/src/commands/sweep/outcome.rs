//! What comes out of a sweep: tables, a page, and a few lines for people.

use super::spec::Spec;
use super::store;
use crate::output::{self, Failure, Outcome};
use fieldrun_sim::sweep::{Shard, Table};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// The most settings that are printed.
const MAX_LINES: usize = 40;

/// Writes the tables and the page, and prints the means at the end.
pub(super) fn write(spec: &Spec, table: &Table<'_>, folder: &Path, json: bool) -> Outcome {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(format!("cannot make the folder {}: {error}", folder.display()))
    })?;
    let planned = table.rows().count() + table.due(Shard::WHOLE, spec.until).len();
    let files = [
        ("runs.csv", table.runs_csv()),
        ("means.csv", table.means_csv()),
        ("report.html", table.page(&format!("Sweep of {}", spec.name()), planned)),
    ];
    for (name, text) in &files {
        store::write(&folder.join(name), text.as_bytes())?;
    }
    match json {
        true => lines(spec, table)?,
        false => people(spec, table)?,
    }
    for (name, _) in &files {
        output::say(&format!("wrote {}", folder.join(name).display()));
    }
    let failed: u64 = table.rows().map(|row| row.run.failed).sum();
    if let Some(first) = table.rows().find_map(|row| row.run.failure.as_ref()) {
        output::say(&format!("{failed} device rounds failed; the first, {first}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// One object for each setting.
fn lines(spec: &Spec, table: &Table<'_>) -> Result<(), Failure> {
    for (number, point) in spec.plan.points.iter().enumerate() {
        let metrics = spec.sampling.metrics.iter().enumerate().map(|(index, metric)| {
            let interval = table.at_end(number, index);
            let (low, high) = interval.bounds();
            let value = json!({
                "n": interval.count, "mean": interval.mean, "sd": interval.deviation,
                "low": low, "high": high,
            });
            (metric.to_string(), value)
        });
        let params = point.params.iter().map(|(key, value)| (key.clone(), json!(value)));
        let line = json!({
            "point": number,
            "params": params.collect::<serde_json::Map<_, _>>(),
            "runs": table.runs_of(number).count(),
            "metrics": metrics.collect::<serde_json::Map<_, _>>(),
        });
        output::line(&line.to_string())?;
    }
    Ok(())
}

/// A table in columns.
fn people(spec: &Spec, table: &Table<'_>) -> Result<(), Failure> {
    let metrics = &spec.sampling.metrics;
    let mut rows = vec![
        std::iter::once("setting".to_owned())
            .chain(["runs".to_owned()])
            .chain(metrics.iter().map(ToString::to_string))
            .collect::<Vec<_>>(),
    ];
    for (number, point) in spec.plan.points.iter().enumerate().take(MAX_LINES) {
        let mut row = vec![point.to_string(), table.runs_of(number).count().to_string()];
        row.extend((0..metrics.len()).map(|metric| table.at_end(number, metric).to_string()));
        rows.push(row);
    }
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max()
    };
    let widths: Vec<usize> =
        (0..metrics.len() + 2).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let cells =
            row.iter().zip(&widths).enumerate().map(|(column, (text, width))| match column {
                0 => format!("{text:<width$}"),
                _ => format!("{text:>width$}"),
            });
        output::line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    let more = spec.plan.points.len().saturating_sub(MAX_LINES);
    if more > 0 {
        output::line(&format!("{more} further settings: see means.csv"))?;
    }
    Ok(())
}
