//! The pictures of a run: what devices say at four moments, and the course of time.

use std::path::{Path, PathBuf};

use fieldrun_sim::chart::{Chart, Line, Panel};
use fieldrun_sim::scatter::{Dots, Key, Layer, Mark, Sheet};
use fieldrun_sim::scenario::{Mobility, Scenario};

use super::report::{Counts, Row};
use super::{CrowdError, Options, Said};

const FILM: &str = "film.svg";
const SERIES: &str = "series.svg";
const CALM: &str = "#b9c6d0";
const CROWDED: &str = "#e0961f";
const WARNED: &str = "#7b5ea7";
const DANGEROUS: &str = "#c8202f";
const MISSED: &str = "#1f2328";
/// What the film shows around the places where people gather, in metres.
const AROUND: f64 = 150.0;

/// A moment of the film.
pub(crate) struct Frame {
    pub(crate) t: u64,
    pub(crate) places: Vec<[f64; 2]>,
    pub(crate) said: Vec<Said>,
    pub(crate) truth: Vec<Said>,
}

/// Writes both pictures; gives where they are.
pub(crate) fn write(
    folder: &Path,
    options: &Options,
    rows: &[Row],
    frames: &[Frame],
) -> Result<Vec<PathBuf>, CrowdError> {
    let subtitle = format!("{}, seed {}", options.program, options.scenario.seed);
    let pictures = [
        (FILM, film(&options.scenario, &subtitle, frames).render()),
        (SERIES, series(&subtitle, rows).picture().svg()),
    ];
    let mut files = Vec::new();
    for (name, picture) in pictures {
        let path = folder.join(name);
        std::fs::write(&path, picture)
            .map_err(|source| CrowdError::File { path: path.clone(), source })?;
        files.push(path);
    }
    Ok(files)
}

fn film(scenario: &Scenario, subtitle: &str, frames: &[Frame]) -> Sheet {
    let key = |label: &str, color: &str, mark| Key {
        label: label.to_owned(),
        color: color.to_owned(),
        mark,
    };
    Sheet {
        title: scenario.map.title.clone().unwrap_or_else(|| scenario.name.clone()),
        subtitle: format!("What devices say at four moments: {subtitle}"),
        legend: vec![
            key("no crowd", CALM, Mark::Dot),
            key("crowded", CROWDED, Mark::Dot),
            key("warned", WARNED, Mark::Dot),
            key("in danger", DANGEROUS, Mark::Dot),
            key("to be warned, but is not", MISSED, Mark::Ring),
        ],
        columns: 2,
        panels: frames.iter().map(|frame| scene(scenario, frame)).collect(),
    }
}

fn scene(scenario: &Scenario, frame: &Frame) -> Dots {
    let places = |is: fn(Said) -> bool| {
        let devices = frame.places.iter().zip(&frame.said);
        devices.filter(|(_, said)| is(**said)).map(|(place, _)| *place).collect()
    };
    let layer = |color: &str, size, points| Layer {
        color: color.to_owned(),
        mark: Mark::Dot,
        size,
        points,
    };
    let of_both = frame.places.iter().zip(frame.said.iter().zip(&frame.truth));
    let missed = of_both.filter(|(_, (said, is))| is.warned && !said.warned);
    Dots {
        title: format!("after {} s", frame.t),
        view: view(scenario, &frame.places),
        unit: "m".to_owned(),
        layers: vec![
            layer(CALM, 3.0, places(|said| !said.crowded && !said.warned)),
            layer(CROWDED, 4.0, places(|said| said.crowded && !said.warned)),
            layer(WARNED, 4.0, places(|said| said.warned && !said.dangerous)),
            layer(DANGEROUS, 4.0, places(|said| said.dangerous)),
            Layer {
                mark: Mark::Ring,
                ..layer(MISSED, 6.0, missed.map(|(place, _)| *place).collect())
            },
        ],
    }
}

/// The box around the places where people gather; without any, around everybody.
fn view(scenario: &Scenario, places: &[[f64; 2]]) -> [f64; 4] {
    let own = scenario.groups.iter().filter_map(|group| group.mobility.as_ref());
    let gathered: Vec<([f64; 2], f64)> = own
        .chain(std::iter::once(&scenario.mobility))
        .filter_map(|mobility| match mobility {
            Mobility::Gather { place, radius, .. } => Some((*place, radius + AROUND)),
            _ => None,
        })
        .collect();
    let spots = match gathered.is_empty() {
        true => places.iter().map(|place| (*place, 0.0)).collect(),
        false => gathered,
    };
    spots.iter().fold(
        [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        |[x0, y0, x1, y1], ([x, y], far)| {
            [x0.min(x - far), y0.min(y - far), x1.max(x + far), y1.max(y + far)]
        },
    )
}

fn series(subtitle: &str, rows: &[Row]) -> Chart {
    let line = |name: &str, color: &str, what: &dyn Fn(&Row) -> usize| Line {
        color: color.parse().ok(),
        ..Line::new(name, rows.iter().map(|row| [row.t as f64, what(row) as f64]).collect())
    };
    // What is said in full, what is true in dashes over it.
    let both = |name: &str, color: &str, what: fn(&Counts) -> usize| {
        let said = line(&format!("{name}: said"), color, &|row| what(&row.said));
        [said, line(&format!("{name}: true"), color, &|row| what(&row.truth)).dashed()]
    };
    let panel = |lines: [[Line; 2]; 2]| Panel {
        unit: "devices that move".to_owned(),
        lines: lines.into_iter().flatten().collect(),
        ..Panel::default()
    };
    Chart {
        title: "What devices say, and what is true".to_owned(),
        subtitle: subtitle.to_owned(),
        panels: vec![
            panel([both("no crowd", CALM, |c| c.none), both("crowded", CROWDED, |c| c.crowded)]),
            panel([
                both("warned", WARNED, |c| c.warned),
                both("danger", DANGEROUS, |c| c.dangerous),
            ]),
        ],
        ..Chart::default()
    }
}
