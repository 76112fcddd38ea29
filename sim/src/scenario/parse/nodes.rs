//! `[[node]]`, `[[group]]` and `[[set]]`: the devices and what they read.

use super::super::files::Files;
use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::super::units::duration_value;
use super::super::{Area, Chosen, Env, Given, Group, MAX_DEVICES, Mobility, Node, Set};
use super::mobility::own_mobility;
use super::place::read_place;
use super::{area, id, refuse_others};
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The most readings of one device.
const MAX_ENV: usize = 1000;
/// Between two places of a trace that are farther apart in time nobody knows the way.
const TRACE_GAP: Micros = Micros(60_000_000);

/// The devices of a file, while it is read.
#[derive(Default)]
pub(super) struct Devices {
    pub(super) nodes: Vec<Node>,
    pub(super) groups: Vec<Group>,
    pub(super) notes: Vec<String>,
    /// By their text: recorders do not tell 7 from "7".
    seen: BTreeSet<String>,
    dimension: Option<usize>,
    /// How many devices there are so far.
    total: usize,
}

impl Devices {
    fn claim(&mut self, id: &NodeId, place: &Range<usize>, problems: &mut Problems) {
        if !self.seen.insert(id.to_string()) {
            let message = format!("two nodes have the id {id}");
            problems.add(place.clone(), message, "Rename one of them.");
        }
    }

    fn measure(&mut self, position: &[f64], place: &Range<usize>, problems: &mut Problems) {
        let expected = *self.dimension.get_or_insert(position.len());
        if expected != position.len() {
            let count = position.len();
            let message = format!("a position of {count} numbers among others of {expected}");
            problems.add(place.clone(), message, "Give every position as many coordinates.");
        }
    }

    fn count(&mut self, more: usize, place: Range<usize>, problems: &mut Problems) {
        self.total = self.total.saturating_add(more);
        if self.total > MAX_DEVICES {
            let help = format!("A scenario has at most {MAX_DEVICES} devices.");
            problems.add(place, format!("{} devices are too many", self.total), help);
        }
    }

    pub(super) fn read_nodes(&mut self, root: &mut Section<'_>, problems: &mut Problems) {
        for (span, mut section) in root.sections("node", "[[node]]", problems) {
            let id = section.read("id", problems, id);
            if let Some(id) = &id {
                let place = section.key_span("id").unwrap_or_else(|| span.clone());
                self.claim(id, &place, problems);
            }
            let position = section.read("position", problems, read::place);
            if let Some(position) = &position {
                let place = section.key_span("position").unwrap_or_else(|| span.clone());
                self.measure(position, &place, problems);
            }
            self.nodes.push(Node {
                id,
                position: position.unwrap_or_else(|| vec![0.0; self.dimension.unwrap_or(2)]),
                env: read_env(&mut section, problems),
                mobility: own_mobility(&mut section, problems),
            });
            section.finish(problems);
            self.count(1, span, problems);
        }
    }

    pub(super) fn read_groups(
        &mut self,
        root: &mut Section<'_>,
        files: &Files,
        problems: &mut Problems,
    ) {
        for (span, mut section) in root.sections("group", "[[group]]", problems) {
            let sources = ["file", "trace", "place"];
            let first = sources.into_iter().find(|key| section.has(key)).unwrap_or("place");
            match first {
                "place" => self.read_group(&mut section, &span, problems),
                _ => self.read_listed(first, &mut section, files, problems),
            }
            let reason = format!("`{first}` says where devices are");
            let others = sources.map(|key| (key, key == first, reason.as_str()));
            refuse_others(&mut section, &others, problems);
            let traced = [("gap", first == "trace", "only a `trace` has it")];
            refuse_others(&mut section, &traced, problems);
            section.finish(problems);
        }
    }

    fn read_group(
        &mut self,
        section: &mut Section<'_>,
        span: &Range<usize>,
        problems: &mut Problems,
    ) {
        let shown = |count: &u64| toml::Value::Integer(i64::try_from(*count).unwrap_or(i64::MAX));
        let count = section.read_or("count", 100, shown, problems, |item| read::whole(item, 1));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let place = section.key_span("count").unwrap_or_else(|| span.clone());
        self.count(count, place, problems);
        let area: Option<Area> = section.read("area", problems, area);
        self.groups.push(Group {
            area,
            place: read_place(section, problems),
            count,
            env: read_env(section, problems),
            mobility: own_mobility(section, problems),
        });
    }

    /// A group whose devices stand in a file.
    fn read_listed(
        &mut self,
        key: &'static str,
        section: &mut Section<'_>,
        files: &Files,
        problems: &mut Problems,
    ) {
        let place = section.key_span(key).unwrap_or(0..0);
        let room = MAX_DEVICES.saturating_sub(self.total);
        let nodes = match key {
            "file" => {
                let own = own_mobility(section, problems);
                let nodes =
                    section.file(key, files, problems, |files, name| files.nodes(name, room));
                let moving = |node| Node { mobility: own.clone(), ..node };
                nodes.unwrap_or_default().into_iter().map(moving).collect()
            }
            _ => {
                section.refuse("mobility", "the trace says how devices move", problems);
                self.read_trace(section, files, room, problems)
            }
        };
        for key in ["count", "area"] {
            section.refuse(key, "the file says which devices there are", problems);
        }
        let env = read_env(section, problems);
        for node in &nodes {
            if let Some(id) = &node.id {
                self.claim(id, &place, problems);
            }
        }
        if let Some(node) = nodes.first() {
            self.measure(&node.position, &place, problems);
        }
        self.count(nodes.len(), place, problems);
        self.nodes.extend(nodes.into_iter().map(|node| {
            // What the file says of a device wins.
            let own = |name: &str| node.env.iter().any(|(known, _)| known == name);
            let rest = env.iter().filter(|(name, _)| !own(name)).cloned();
            let env = rest.chain(node.env.iter().cloned()).collect();
            Node { env, ..node }
        }));
    }

    fn read_trace(
        &mut self,
        section: &mut Section<'_>,
        files: &Files,
        room: usize,
        problems: &mut Problems,
    ) -> Vec<Node> {
        let shown = |gap: &Micros| duration_value(*gap);
        let gap = section.read_or("gap", TRACE_GAP, shown, problems, read::duration);
        let mut file = String::new();
        let traces = section.file("trace", files, problems, |files, name| {
            name.clone_into(&mut file);
            files.traces(name, gap, room)
        });
        let traces = traces.unwrap_or_default();
        let gaps = traces.iter().flat_map(|(id, trace)| trace.gaps().map(move |gap| (id, gap)));
        let mut gaps = gaps.collect::<Vec<_>>().into_iter();
        if let Some((id, (since, until))) = gaps.next() {
            let more = match gaps.len() {
                0 => String::new(),
                1 => "; there is one more such gap".to_owned(),
                more => format!("; there are {more} more such gaps"),
            };
            self.notes.push(format!(
                "{file}: nobody knows where {id} was from {} s to {} s, so it waits{more}; a larger \
                 `gap` makes it walk",
                since.seconds(),
                until.seconds()
            ));
        }
        let solid = traces.iter().any(|(_, trace)| trace.places.iter().any(|(_, p)| p[2] != 0.0));
        let dimension = if solid { 3 } else { 2 };
        let node = |(id, trace): (NodeId, super::super::Trace)| {
            let start = trace.at(Micros(0)).unwrap_or_default();
            let position = start.iter().copied().take(dimension).collect();
            let mobility = Some(Mobility::Trace(Arc::new(trace)));
            Node { id: Some(id), position, env: Env::new(), mobility }
        };
        traces.into_iter().map(node).collect()
    }
}

pub(super) fn read_sets(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Set> {
    let mut sets = Vec::new();
    for (span, mut section) in root.sections("set", "[[set]]", problems) {
        let ids = section.read("ids", problems, |item| read::list(item, id));
        let condition = section.read("where", problems, read::expression);
        match (section.key_span("ids"), section.key_span("where")) {
            (Some(_), Some(place)) => {
                problems.add(
                    place,
                    "both `ids` and `where` say which devices",
                    "Keep one of them.",
                );
            }
            (None, None) => {
                let help = "Add ids = [0, \"gate\"], or where = \"x < 10\".";
                problems.add(span, "nobody says which devices", help);
            }
            _ => {}
        }
        let of = condition.map_or_else(|| Chosen::Ids(ids.unwrap_or_default()), Chosen::Where);
        sets.push(Set { of, env: read_env(&mut section, problems) });
        section.finish(problems);
    }
    sets
}

fn read_env(section: &mut Section<'_>, problems: &mut Problems) -> Env {
    let readings = section.read("env", problems, |item: Item<'_>| match read::env(item)? {
        readings if readings.len() > MAX_ENV => Err(too_many()),
        readings => Ok(readings),
    });
    readings.unwrap_or_default()
}

/// An `env` whose values all stand in the file.
pub(super) fn read_values(
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Vec<(String, Reading)> {
    let values = section.read("env", problems, |item: Item<'_>| {
        let plain = |(name, given)| match given {
            Given::Value(reading) => Ok((name, reading)),
            Given::Computed(_) => {
                Err(fault("an expression, where a value must stand", "Write the value itself."))
            }
        };
        read::env(item)?.into_iter().map(plain).collect()
    });
    values.unwrap_or_default()
}

fn too_many() -> Fault {
    fault("too many values", format!("A device has at most {MAX_ENV}."))
}
