//! All about one device.

use super::Text;
use super::key::reading_json;
use crate::{Simulation, World};
use fieldrun_device::trace::{CallSite, SiteReport};
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The most neighbours, kept values and names that are told.
const MOST: usize = 200;
/// The longest value, in characters.
const MAX_TEXT: usize = 400;
/// The most lines of a program that are asked whether they share something.
const MAX_LINES: usize = 400;

/// A device as a person sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    /// Its place in the network.
    pub number: usize,
    /// Its name.
    pub id: String,
    /// Two or three coordinates.
    pub position: Vec<f64>,
    /// Whether it runs no rounds and hears nothing.
    pub away: bool,
    /// How many rounds it has run.
    pub rounds: u64,
    /// The value of its last round as the language writes it; none before the first one and after a failed one.
    pub value: Option<String>,
    /// What its program reads by `env.get`: name and value as JSON.
    pub sensors: Vec<(String, Json)>,
    /// What its program has put into its environment: name and value as the language writes it.
    pub put: Vec<(String, String)>,
    /// What it remembers from one round to the next.
    pub kept: Vec<Kept>,
    /// Whom it is linked to.
    pub neighbors: Vec<Neighbor>,
    /// The devices to which its links were cut.
    pub cut: Vec<String>,
    /// The lines of the program that share something with neighbours.
    pub lines: Vec<usize>,
    /// What its next round sees at the line that was asked for.
    pub site: Option<SiteReport>,
}

/// A value that a device remembers.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    /// Where in the program, if that is known.
    pub place: Option<String>,
    /// As the language writes it.
    pub value: String,
}

/// A device that another one is linked to.
#[derive(Clone, Debug, Serialize)]
pub struct Neighbor {
    /// Its place in the network.
    pub number: usize,
    /// Its name.
    pub id: String,
    /// How far away it is.
    pub distance: f64,
    /// The value of its last round.
    pub value: Option<String>,
}

pub(super) fn inspect(
    simulation: &Simulation,
    device: usize,
    lines: Vec<usize>,
    line: Option<usize>,
    text: &Text,
) -> Option<Inspected> {
    let world = simulation.world();
    let id = world.id(device)?;
    let sensors = simulation.sensors(device).map(|sensors| {
        let known = sensors.env.iter().take(MOST);
        known.map(|(name, reading)| (name.clone(), reading_json(reading))).collect()
    });
    let sensors: Vec<(String, Json)> = sensors.unwrap_or_default();
    let cut = simulation.cuts().filter_map(|(a, b)| match (a == device, b == device) {
        (true, _) => world.id(b).map(ToString::to_string),
        (_, true) => world.id(a).map(ToString::to_string),
        _ => None,
    });
    let known: BTreeSet<&str> = sensors.iter().map(|(name, _)| name.as_str()).collect();
    let put = simulation.environment(device).map(|environment| {
        let put = environment.iter().filter(|(name, _)| !known.contains(&***name)).take(MOST);
        put.map(|(name, value)| (name.to_string(), short(value.to_string()))).collect()
    });
    let kept = simulation.kept(device).into_iter().take(MOST);
    let site = line.and_then(|line| simulation.explain(device, &call_site(text, line)));
    Some(Inspected {
        number: device,
        id: id.to_string(),
        position: world.position(device).to_vec(),
        away: simulation.is_away(device),
        rounds: world.rounds(device),
        value: value(world, device),
        put: put.unwrap_or_default(),
        kept: kept.map(|(place, value)| Kept { place, value: short(value) }).collect(),
        neighbors: world
            .neighbors(device)
            .iter()
            .take(MOST)
            .map(|other| neighbor(world, device, *other as usize))
            .collect(),
        cut: cut.take(MOST).collect(),
        sensors,
        lines,
        site,
    })
}

fn neighbor(world: &World, device: usize, other: usize) -> Neighbor {
    let squares =
        world.position(device).iter().zip(world.position(other)).map(|(a, b)| (a - b).powi(2));
    Neighbor {
        number: other,
        id: world.id(other).map(ToString::to_string).unwrap_or_default(),
        distance: squares.sum::<f64>().sqrt(),
        value: value(world, other),
    }
}

fn value(world: &World, device: usize) -> Option<String> {
    world.value(device).map(|value| short(value.to_string()))
}

fn short(text: String) -> String {
    crate::shown::shortened(&text, MAX_TEXT)
}

/// The lines of the program itself at which a device shares something, also inside of functions
/// that are called there.
pub(super) fn sharing_lines(simulation: &Simulation, device: usize, text: &Text) -> Vec<usize> {
    let shares = |line: &usize| {
        let report = simulation.explain(device, &call_site(text, *line));
        report.is_some_and(|report| !report.sites.is_empty())
    };
    let lines = text.text.lines().zip(1..).take(MAX_LINES);
    let written = lines.filter(|(text, _)| {
        let text = text.trim();
        !text.is_empty() && !text.starts_with("//")
    });
    written.map(|(_, line)| line).filter(shares).collect()
}

fn call_site(text: &Text, line: usize) -> CallSite {
    CallSite { file: text.name.clone(), line, column: None }
}
