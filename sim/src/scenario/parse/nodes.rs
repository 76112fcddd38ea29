//! `[[node]]`, `[[group]]` and `[[set]]`: the devices and what they read.

use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::super::{Group, MAX_DEVICES, Node, Place, Set};
use super::mobility::own_mobility;
use super::{area, id};
use fieldrun_device::host::Reading;
use std::collections::BTreeSet;

/// The most readings of one device.
const MAX_ENV: usize = 1000;

pub(super) fn read_nodes(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Node> {
    let sections = root.sections("node", "[[node]]", problems);
    // By their text: recorders do not tell 7 from "7".
    let mut seen = BTreeSet::new();
    let mut dimension = None;
    let mut nodes = Vec::with_capacity(sections.len());
    for (span, mut section) in sections {
        let id = section.read("id", problems, id);
        if let Some(id) = &id
            && !seen.insert(id.to_string())
        {
            let place = section.key_span("id").unwrap_or_else(|| span.clone());
            problems.add(place, format!("two nodes have the id {id}"), "Rename one of them.");
        }
        let position = section.read("position", problems, position);
        if let Some(position) = &position {
            let expected = *dimension.get_or_insert(position.len());
            if expected != position.len() {
                let place = section.key_span("position").unwrap_or(span);
                let message =
                    format!("a position of {} numbers among others of {expected}", position.len());
                problems.add(place, message, "Give every position as many coordinates.");
            }
        }
        nodes.push(Node {
            id,
            position: position.unwrap_or_else(|| vec![0.0; dimension.unwrap_or(2)]),
            env: read_env(&mut section, problems),
            mobility: own_mobility(&mut section, problems),
        });
        section.finish(problems);
    }
    nodes
}

fn position(item: Item<'_>) -> Result<Vec<f64>, Fault> {
    let coordinates = read::list(item, read::number)?;
    match coordinates.len() {
        2 | 3 => Ok(coordinates),
        _ => Err(fault("not two or three coordinates", "Write [x, y] or [x, y, z].")),
    }
}

pub(super) fn read_groups(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Group> {
    let mut total = 0;
    let mut groups = Vec::new();
    for (span, mut section) in root.sections("group", "[[group]]", problems) {
        let count = section.read("count", problems, |item| read::whole(item, 1));
        let count = usize::try_from(count.unwrap_or(100)).unwrap_or(usize::MAX);
        total = count.saturating_add(total);
        if total > MAX_DEVICES {
            let place = section.key_span("count").unwrap_or(span);
            let help = format!("A scenario has at most {MAX_DEVICES} devices.");
            problems.add(place, format!("{total} devices are too many"), help);
        }
        let area = section.read("area", problems, area);
        let place = read_place(&mut section, problems);
        groups.push(Group {
            place,
            count,
            area,
            env: read_env(&mut section, problems),
            mobility: own_mobility(&mut section, problems),
        });
        section.finish(problems);
    }
    groups
}

fn read_place(section: &mut Section<'_>, problems: &mut Problems) -> Place {
    let words = [
        ("grid", Place::Grid),
        ("jittered-grid", Place::JitteredGrid { jitter: 0.5 }),
        ("uniform", Place::Uniform),
        ("clusters", Place::Clusters { clusters: 5, spread: 10.0 }),
    ];
    let place = section.read("place", problems, |item| read::word(item, &words));
    let place = match place.unwrap_or(Place::Uniform) {
        Place::JitteredGrid { jitter } => {
            let read = section.read("jitter", problems, |item| read::number_in(item, 0.0, 1.0));
            return Place::JitteredGrid { jitter: read.unwrap_or(jitter) };
        }
        Place::Clusters { clusters, spread } => {
            let count = section.read("clusters", problems, |item| read::whole(item, 1));
            let far = section.read("spread", problems, |item| read::number_in(item, 0.0, f64::MAX));
            Place::Clusters {
                clusters: count.map_or(clusters, |count| count.min(MAX_DEVICES as u64) as usize),
                spread: far.unwrap_or(spread),
            }
        }
        other => other,
    };
    section.refuse("jitter", "only \"jittered-grid\" has it", problems);
    if !matches!(place, Place::Clusters { .. }) {
        section.refuse("clusters", "only \"clusters\" has it", problems);
        section.refuse("spread", "only \"clusters\" has it", problems);
    }
    place
}

pub(super) fn read_sets(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Set> {
    let mut sets = Vec::new();
    for (_, mut section) in root.sections("set", "[[set]]", problems) {
        let ids = section.read("ids", problems, |item| read::list(item, id));
        sets.push(Set { ids: ids.unwrap_or_default(), env: read_env(&mut section, problems) });
        section.finish(problems);
    }
    sets
}

pub(super) fn read_env(
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Vec<(String, Reading)> {
    let readings = section.read("env", problems, |item| match read::readings(item)? {
        readings if readings.len() > MAX_ENV => {
            Err(fault("too many values", format!("A device has at most {MAX_ENV}.")))
        }
        readings => Ok(readings),
    });
    readings.unwrap_or_default()
}
