//! From the text of a scenario file to a [`Scenario`], collecting every mistake.
//!
//! One module for each part of the file.

mod fault;
mod link;
mod mobility;
mod nodes;
mod output;
mod schedule;

use super::problem::Problems;
use super::read::{self, Fault, Item, Section};
use super::{MapStyle, Scenario};
use fault::read_faults;
use fieldrun_device::NodeId;
use link::read_link;
use mobility::read_mobility;
use nodes::{read_groups, read_nodes, read_sets};
use output::{read_engine, read_map, read_record};
use schedule::{read_schedule, read_stop};
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

const AREA_HELP: &str = "Write [least x, least y, greatest x, greatest y].";

pub(super) fn scenario(text: &str, file: &str) -> Result<Scenario, Box<Problems>> {
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
    let scenario = read_root(Section::new("the scenario", root.get_ref()), &mut problems);
    problems.or(scenario)
}

fn read_root(mut root: Section<'_>, problems: &mut Problems) -> Scenario {
    let program = root.read("program", problems, read::text);
    if program.is_none() && root.key_span("program").is_none() {
        problems.add(0..0, "the scenario names no program", "Add program = \"name.pt\".");
    }
    let base = Scenario::empty(PathBuf::from(program.unwrap_or_default()));
    let path = root.read("path", problems, |item| read::list(item, read::text));
    let seed = root.read("seed", problems, |item| read::whole(item, 0));
    let area = root.read("area", problems, area);
    let stop = root.section("stop", "`stop`", problems);
    let schedule = root.section("schedule", "[schedule]", problems);
    let link = root.section("link", "[link]", problems);
    let mobility = root.section("mobility", "[mobility]", problems);
    let record = root.section("record", "[record]", problems);
    let map = root.section("map", "[map]", problems);
    let engine = root.section("engine", "[engine]", problems);
    let (mobility, step) = mobility.map_or((None, None), |mut section| {
        let step = section.read("step", problems, read::positive_duration);
        (read_mobility(section, problems), step)
    });
    let scenario = Scenario {
        path: path.unwrap_or_default().into_iter().map(PathBuf::from).collect(),
        seed: seed.unwrap_or(base.seed),
        area,
        stop: stop.map_or(base.stop, |section| read_stop(section, problems)),
        schedule: schedule.map_or(base.schedule, |section| read_schedule(section, problems)),
        link: link.map_or(base.link, |section| read_link(section, problems)),
        nodes: read_nodes(&mut root, problems),
        groups: read_groups(&mut root, problems),
        sets: read_sets(&mut root, problems),
        faults: read_faults(&mut root, problems),
        mobility: mobility.unwrap_or(base.mobility),
        move_step: step.unwrap_or(base.move_step),
        record: record.map_or(base.record, |section| read_record(section, problems)),
        map: map.map_or_else(MapStyle::default, |section| read_map(section, problems)),
        engine: engine.map_or(base.engine, |section| read_engine(section, problems)),
        ..base
    };
    if scenario.nodes.is_empty()
        && scenario.groups.is_empty()
        && ["node", "group"].iter().all(|key| root.key_span(key).is_none())
    {
        let help = "Add a [[node]] with a position, or a [[group]] with a count.";
        problems.add(0..0, "the scenario has no devices", help);
    }
    root.finish(problems);
    scenario
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

fn area(item: Item<'_>) -> Result<[f64; 4], Fault> {
    let area @ [x0, y0, x1, y1] = read::numbers::<4>(item, AREA_HELP)?;
    if x0 <= x1 && y0 <= y1 {
        return Ok(area);
    }
    Err(read::fault("the least corner is not the least", AREA_HELP))
}
