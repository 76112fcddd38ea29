//! From the text of a scenario file to a [`Scenario`], collecting every mistake.
//!
//! One module for each part of the file.

mod fault;
mod link;
mod mobility;
mod nodes;
mod obstacle;
mod output;
mod place;
mod schedule;

use super::explain::Written;
use super::files::Files;
use super::problem::Problems;
use super::read::{self, Fault, Item, Section};
use super::units::duration_value;
use super::{Area, Scenario};
use fault::read_faults;
use fieldrun_device::NodeId;
use link::read_link;
use mobility::read_mobility;
use nodes::{Devices, read_sets};
use obstacle::read_obstacles;
use output::{read_engine, read_map, read_record};
use schedule::{read_schedule, read_stop};
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

const AREA_HELP: &str = "Write [least x, least y, greatest x, greatest y], or in space \
                         [least x, least y, least z, greatest x, greatest y, greatest z].";

pub(super) fn scenario(text: &str, file: &str, files: &Files) -> Result<Scenario, Box<Problems>> {
    let mut problems = Problems::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What was recovered would only repeat the same mistake in other words.
        for error in errors {
            let help = "The file is not TOML here; see https://toml.io.";
            problems.add(error.span().unwrap_or(0..0), error.message(), help);
        }
        return problems.or(Scenario::empty(PathBuf::new()));
    }
    let nothing = DeTable::new();
    let root = Section::new("the scenario", root.get_ref());
    let mut scenario = read_root(root, &nothing, files, &mut problems);
    scenario.written = Written::new(text, problems.take_assumed());
    problems.or(scenario)
}

fn read_root<'a>(
    mut root: Section<'a>,
    nothing: &'a DeTable<'a>,
    files: &Files,
    problems: &mut Problems,
) -> Scenario {
    let program = root.read("program", problems, read::text);
    if program.is_none() && root.key_span("program").is_none() {
        problems.add(0..0, "the scenario names no program", "Add program = \"name.pt\".");
    }
    let base = Scenario::empty(PathBuf::from(program.unwrap_or_default()));
    let name = root.read("name", problems, read::text);
    let path = root.read("path", problems, |item| read::list(item, read::text));
    let seed = root.read("seed", problems, |item| read::whole(item, 0));
    let area = root.read("area", problems, area);
    let stop = read_stop(&mut root, problems);
    // What the file leaves out is read from an empty table, for its defaults.
    let mut table = |key, name, problems: &mut Problems| {
        let found = root.section(key, name, problems);
        found.unwrap_or_else(|| Section::absent(key, name, nothing))
    };
    let schedule = table("schedule", "[schedule]", problems);
    let schedule = read_schedule(schedule, problems);
    let link = table("link", "[link]", problems);
    let link = read_link(link, files, problems);
    let mut mobility = table("mobility", "[mobility]", problems);
    let shown = |step: &_| duration_value(*step);
    let step = read::positive_duration;
    let move_step = mobility.read_or("step", base.move_step, shown, problems, step);
    let mobility = read_mobility(mobility, problems);
    let record = table("record", "[record]", problems);
    let record = read_record(record, problems);
    let map = table("map", "[map]", problems);
    let map = read_map(map, problems);
    let engine = table("engine", "[engine]", problems);
    let engine = read_engine(engine, problems);
    let mut devices = Devices::default();
    devices.read_nodes(&mut root, problems);
    devices.read_groups(&mut root, files, problems);
    if ["node", "group"].iter().all(|key| root.key_span(key).is_none()) {
        let help = "Add a [[node]] with a position, or a [[group]] with a count.";
        problems.add(0..0, "the scenario has no devices", help);
    }
    let scenario = Scenario {
        name: name.unwrap_or_default(),
        path: path.unwrap_or_default().into_iter().map(PathBuf::from).collect(),
        seed: seed.unwrap_or(base.seed),
        area,
        stop,
        schedule,
        link,
        sets: read_sets(&mut root, problems),
        obstacles: read_obstacles(&mut root, area, files, problems),
        faults: read_faults(&mut root, problems),
        mobility,
        move_step,
        record,
        map,
        engine,
        nodes: devices.nodes,
        groups: devices.groups,
        notes: devices.notes,
        ..base
    };
    root.finish(problems);
    scenario
}

/// Keys that belong to another kind: the key, whether it is of this kind, and why not.
fn refuse_others(
    section: &mut Section<'_>,
    keys: &[(&'static str, bool, &str)],
    problems: &mut Problems,
) {
    for (key, _, reason) in keys.iter().filter(|(_, own, _)| !own) {
        section.refuse(key, reason, problems);
    }
}

fn id(item: Item<'_>) -> Result<NodeId, Fault> {
    match item.get_ref() {
        DeValue::String(text) if !text.is_empty() => Ok(NodeId::text(text)),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map(NodeId::Int)
            .map_err(|_| read::fault("does not fit 64 bits", "Write a smaller number.")),
        _ => Err(read::fault("not a whole number or a text", "Write 7 or \"gate\".")),
    }
}

/// Four numbers, or six in space.
fn area(item: Item<'_>) -> Result<Area, Fault> {
    let corners = read::list(item, read::length)?;
    let area = match corners.as_slice() {
        [x0, y0, x1, y1] => Area::flat([*x0, *y0, *x1, *y1]),
        [x0, y0, z0, x1, y1, z1] => Area::solid([*x0, *y0, *z0, *x1, *y1, *z1]),
        _ => return Err(read::fault("not a list of 4 or 6 numbers", AREA_HELP)),
    };
    if area.extent().iter().any(|length| *length < 0.0) {
        return Err(read::fault("the least corner is not the least", AREA_HELP));
    }
    if area.extent().iter().any(|length| !length.is_finite()) {
        return Err(read::fault("too large to measure", "Write smaller numbers."));
    }
    Ok(area)
}
