//! From the text of a scenario file to a [`Scenario`], collecting every mistake.

use super::problem::Problems;
use super::read::{self, Fault, Item, Section, fault};
use super::{
    Group, Link, MAX_DEVICES, MapStyle, Mobility, Node, Place, Record, Scenario, Schedule, Set,
    Stop, Walk,
};
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId, Retention};
use std::collections::BTreeSet;
use std::path::PathBuf;
use toml::de::{DeTable, DeValue};

/// The most readings of one device.
const MAX_ENV: usize = 1000;
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
        mobility: mobility.unwrap_or(base.mobility),
        move_step: step.unwrap_or(base.move_step),
        record: record.map_or(base.record, |section| read_record(section, problems)),
        map: map.map_or_else(MapStyle::default, |section| read_map(section, problems)),
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

fn read_stop(mut section: Section<'_>, problems: &mut Problems) -> Stop {
    let stop = Stop {
        events: section.read("events", problems, |item| read::whole(item, 1)),
        rounds: section.read("rounds", problems, |item| read::whole(item, 1)),
        time: section.read("time", problems, read::positive_duration),
    };
    section.finish(problems);
    stop
}

fn read_schedule(mut section: Section<'_>, problems: &mut Problems) -> Schedule {
    #[derive(Clone, Copy)]
    enum Kind {
        RoundRobin,
        LockStep,
        Periodic,
    }
    let words = [
        ("round-robin", Kind::RoundRobin),
        ("lock-step", Kind::LockStep),
        ("periodic", Kind::Periodic),
    ];
    let kind = section.read("kind", problems, |item| read::word(item, &words));
    let period =
        section.read("period", problems, read::positive_duration).unwrap_or(Micros::SECOND);
    let schedule = match kind.unwrap_or(Kind::Periodic) {
        Kind::RoundRobin => Schedule::RoundRobin { period },
        Kind::LockStep => Schedule::LockStep { period },
        Kind::Periodic => {
            let jitter = |item| read::number_in(item, 0.0, 0.99);
            let jitter = section.read("jitter", problems, jitter).unwrap_or(0.1);
            Schedule::Periodic { period, jitter }
        }
    };
    if !matches!(schedule, Schedule::Periodic { .. }) {
        section.refuse("jitter", "only periodic devices have it", problems);
    }
    section.finish(problems);
    schedule
}

fn read_link(mut section: Section<'_>, problems: &mut Problems) -> Link {
    let link = Link {
        radius: section.read("radius", problems, |item| read::number_in(item, 0.0, f64::MAX)),
        delay: section.read("delay", problems, |item| read::span_of(item, read::duration)),
        loss: section.read("loss", problems, |item| read::number_in(item, 0.0, 1.0)).unwrap_or(0.0),
        retention: section.read("retention", problems, retention),
    };
    section.finish(problems);
    link
}

fn retention(item: Item<'_>) -> Result<Retention, Fault> {
    match item.get_ref() {
        DeValue::String(text) if text == "forever" => Ok(Retention::Forever),
        DeValue::String(_) => {
            Err(fault("not known", "Write \"forever\" or a number of periods, such as 3."))
        }
        _ => read::number_in(item, 1.0, 1e9).map(Retention::Periods),
    }
}

fn read_nodes(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Node> {
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

fn read_groups(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Group> {
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

fn read_sets(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Set> {
    let mut sets = Vec::new();
    for (_, mut section) in root.sections("set", "[[set]]", problems) {
        let ids = section.read("ids", problems, |item| read::list(item, id));
        sets.push(Set { ids: ids.unwrap_or_default(), env: read_env(&mut section, problems) });
        section.finish(problems);
    }
    sets
}

fn read_env(section: &mut Section<'_>, problems: &mut Problems) -> Vec<(String, Reading)> {
    let readings = section.read("env", problems, |item| match read::readings(item)? {
        readings if readings.len() > MAX_ENV => {
            Err(fault("too many values", format!("A device has at most {MAX_ENV}.")))
        }
        readings => Ok(readings),
    });
    readings.unwrap_or_default()
}

fn own_mobility(section: &mut Section<'_>, problems: &mut Problems) -> Option<Mobility> {
    let section = section.section("mobility", "`mobility`", problems)?;
    read_mobility(section, problems)
}

fn read_mobility(mut section: Section<'_>, problems: &mut Problems) -> Option<Mobility> {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Still,
        Waypoint,
        Gather,
        Steered,
    }
    let words = [
        ("still", Kind::Still),
        ("waypoint", Kind::Waypoint),
        ("gather", Kind::Gather),
        ("steered", Kind::Steered),
    ];
    let kind = section.read("kind", problems, |item| read::word(item, &words));
    let kind = kind.unwrap_or(Kind::Still);
    let mobility = match kind {
        Kind::Still => Mobility::Still,
        Kind::Waypoint => Mobility::Waypoint(read_walk(&mut section, problems)),
        Kind::Gather => read_gather(&mut section, problems),
        Kind::Steered => Mobility::Steered { speed: read_speed(&mut section, problems) },
    };
    if kind == Kind::Steered {
        section.refuse("pause", "the program says when to stay", problems);
    }
    if kind == Kind::Still {
        refuse_all(&mut section, &["speed", "pause"], "devices stand still", problems);
    }
    if kind != Kind::Gather {
        let keys = ["place", "radius", "share", "start", "end", "ramp"];
        refuse_all(&mut section, &keys, "only \"gather\" has it", problems);
    }
    section.finish(problems);
    Some(mobility)
}

fn refuse_all(
    section: &mut Section<'_>,
    keys: &[&'static str],
    reason: &str,
    problems: &mut Problems,
) {
    for key in keys {
        section.refuse(key, reason, problems);
    }
}

fn read_speed(section: &mut Section<'_>, problems: &mut Problems) -> (f64, f64) {
    let speed = |item| read::span_of(item, |item| read::number_in(item, 0.0, f64::MAX));
    section.read("speed", problems, speed).unwrap_or((0.8, 1.6))
}

fn read_walk(section: &mut Section<'_>, problems: &mut Problems) -> Walk {
    let pause = |item| read::span_of(item, read::duration);
    Walk {
        speed: read_speed(section, problems),
        pause: section.read("pause", problems, pause).unwrap_or_default(),
    }
}

fn read_gather(section: &mut Section<'_>, problems: &mut Problems) -> Mobility {
    let walk = read_walk(section, problems);
    let place = |item| read::numbers::<2>(item, "Write [x, y].");
    let place = section.read("place", problems, place);
    if place.is_none() && section.key_span("place").is_none() {
        let span = section.key_span("kind").unwrap_or(0..0);
        problems.add(span, "nobody says where to gather", "Add place = [x, y].");
    }
    let radius = |item| read::number_in(item, 0.0, f64::MAX);
    let start = section.read("start", problems, read::duration).unwrap_or_default();
    let end = section.read("end", problems, read::duration);
    if end.is_some_and(|end| end < start) {
        let span = section.key_span("end").unwrap_or(0..0);
        problems.add(span, "the gathering ends before it starts", "Make `end` later.");
    }
    Mobility::Gather {
        walk,
        place: place.unwrap_or_default(),
        radius: section.read("radius", problems, radius).unwrap_or(10.0),
        share: section
            .read("share", problems, |item| read::number_in(item, 0.0, 1.0))
            .unwrap_or(1.0),
        start,
        end: end.unwrap_or(Micros(u64::MAX)),
        ramp: section.read("ramp", problems, read::duration).unwrap_or_default(),
    }
}

fn read_record(mut section: Section<'_>, problems: &mut Problems) -> Record {
    let from = section.read("from_event", problems, |item| read::whole(item, 0));
    let every = section.read("every", problems, |item| read::whole(item, 1));
    section.finish(problems);
    Record { from_event: from.unwrap_or(1), every }
}

fn read_map(mut section: Section<'_>, problems: &mut Problems) -> MapStyle {
    let title = section.read("title", problems, read::text);
    let colors = section.read("colors", problems, |item| {
        let DeValue::Table(table) = item.get_ref() else {
            return Err(fault("not a table", "Write colors = { value = \"#rrggbb\" }."));
        };
        table.iter().map(|(key, value)| Ok((key.get_ref().to_string(), color(value)?))).collect()
    });
    section.finish(problems);
    MapStyle { title, colors: colors.unwrap_or_default() }
}

fn color(item: Item<'_>) -> Result<String, Fault> {
    let text = read::text(item)?;
    let digits = text.strip_prefix('#').unwrap_or("");
    if digits.len() == 6 && digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(text);
    }
    Err(fault(format!("\"{text}\" is not a colour"), "Write \"#rrggbb\"."))
}

fn id(item: Item<'_>) -> Result<NodeId, Fault> {
    match item.get_ref() {
        DeValue::String(text) if !text.is_empty() => Ok(NodeId::text(text)),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map(NodeId::Int)
            .map_err(|_| fault("does not fit 64 bits", "Write a smaller number.")),
        _ => Err(fault("not a whole number or a text", "Write 7 or \"gate\".")),
    }
}

fn position(item: Item<'_>) -> Result<Vec<f64>, Fault> {
    let coordinates = read::list(item, read::number)?;
    match coordinates.len() {
        2 | 3 => Ok(coordinates),
        _ => Err(fault("not two or three coordinates", "Write [x, y] or [x, y, z].")),
    }
}

fn area(item: Item<'_>) -> Result<[f64; 4], Fault> {
    let area @ [x0, y0, x1, y1] = read::numbers::<4>(item, AREA_HELP)?;
    if x0 <= x1 && y0 <= y1 {
        return Ok(area);
    }
    Err(fault("the least corner is not the least", AREA_HELP))
}
