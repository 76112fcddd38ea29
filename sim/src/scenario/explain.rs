//! The effective scenario: what was read, with everything that was left out.

use super::problem::Assumed;
use super::read::Step;
use super::units::duration_text;
use super::{Scenario, Stop, Topology};
use crate::SimError;
use crate::links::Links;
use crate::obstacles::Obstacles;
use crate::population::Population;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use toml::{Table, Value};

/// A scenario file as it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    text: String,
    assumed: Vec<Assumed>,
}

impl Written {
    pub(super) fn new(text: &str, assumed: Vec<Assumed>) -> Self {
        Self { text: text.to_owned(), assumed }
    }
}

/// The order of the tables; others follow.
const ORDER: [&str; 11] = [
    "schedule", "link", "node", "group", "set", "obstacle", "fault", "mobility", "record", "map",
    "engine",
];

/// A scenario with all that holds for it.
#[derive(Clone, Debug)]
pub struct Effective {
    table: Table,
    /// Keys that the file does not have, by their places: `schedule.jitter`, `group.0.count`.
    assumed: BTreeSet<String>,
    /// What follows from the rest, as comments.
    notes: Vec<String>,
}

impl Scenario {
    /// All that holds for a run, also what the file leaves out: a scenario that gives the same bytes.
    ///
    /// # Errors
    /// The network is too large or cannot be placed.
    pub fn effective(&self) -> Result<Effective, SimError> {
        let mut effective = Effective {
            table: self.written.text.parse().unwrap_or_default(),
            assumed: BTreeSet::new(),
            notes: Vec::new(),
        };
        for assumed in &self.written.assumed {
            effective.put(assumed);
        }
        self.put_own(&mut effective.table);
        if self.stop != Stop::default() {
            effective.assumed.remove("stop");
        }
        for (key, default) in [("name", true), ("seed", self.seed == 1)] {
            if default && !self.written.text.parse::<Table>().is_ok_and(|t| t.contains_key(key)) {
                effective.assumed.insert(key.to_owned());
            }
        }
        self.derive(&mut effective)?;
        Ok(effective)
    }

    /// What may have changed since the file was read.
    fn put_own(&self, table: &mut Table) {
        let path = |path: &Path| Value::String(path.to_string_lossy().into_owned());
        let whole = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        table.insert("name".to_owned(), Value::String(self.name.clone()));
        table.insert("program".to_owned(), path(&self.program));
        table.insert("seed".to_owned(), whole(self.seed));
        if !self.path.is_empty() {
            let folders = self.path.iter().map(|folder| path(folder)).collect();
            table.insert("path".to_owned(), Value::Array(folders));
        }
        let Stop { events, rounds, time } = self.stop;
        let bounded = events.is_some() || rounds.is_some();
        let time = if bounded { time } else { time.or(Some(Stop::DEFAULT_TIME)) };
        let bounds = [
            ("events", events.map(whole)),
            ("rounds", rounds.map(whole)),
            ("time", time.map(|time| Value::String(duration_text(time)))),
        ];
        let bounds = bounds.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        table.insert("stop".to_owned(), Value::Table(bounds.collect()));
    }

    /// What is found out when devices are placed.
    fn derive(&self, effective: &mut Effective) -> Result<(), SimError> {
        let obstacles = Arc::new(Obstacles::new(&self.obstacles));
        let population = Population::new(self, &obstacles)?;
        effective.notes.push(format!("{} devices", population.members.len()));
        if self.area.is_none() {
            let [x0, y0, x1, y1] = population.area.outline();
            effective.notes.push(format!("they are placed and move in [{x0}, {y0}, {x1}, {y1}]"));
        }
        let ids: Vec<_> = population.members.iter().map(|member| member.id.clone()).collect();
        let points: Vec<_> = population.members.iter().map(|member| member.point).collect();
        let links = Links::new(self, &ids, &points, obstacles)?;
        let neighbors = links.neighbors(&points)?;
        let degree = neighbors.ends() as f64 / points.len().max(1) as f64;
        effective.notes.push(format!("{degree:.1} neighbours each at the start"));
        let radius = links.reach(&points, &neighbors);
        if self.link.topology == (Topology::Disc { radius: None }) && radius.is_finite() {
            let (table, key, value) = (vec![Step::Key("link")], "radius", Value::Float(radius));
            effective.put(&Assumed { table, key, value, default: true });
        }
        Ok(())
    }
}

impl Effective {
    /// Sets a key, and makes the table where it stands.
    fn put(&mut self, assumed: &Assumed) {
        let mut place = String::new();
        let mut at = Some(&mut self.table);
        let mut steps = assumed.table.iter().peekable();
        while let Some(Step::Key(key)) = steps.next() {
            let _ = write!(place, "{key}.");
            let Some(table) = at else { return };
            let index = match steps.peek() {
                Some(Step::Index(index)) => Some(*index),
                _ => None,
            };
            let fresh = || Value::Table(Table::new());
            at = match (table.entry((*key).to_owned()).or_insert_with(fresh), index) {
                (Value::Array(items), Some(index)) => {
                    let _ = write!(place, "{index}.");
                    steps.next();
                    items.get_mut(index).and_then(Value::as_table_mut)
                }
                (value, _) => value.as_table_mut(),
            };
        }
        if let Some(table) = at {
            table.insert(assumed.key.to_owned(), assumed.value.clone());
            if assumed.default {
                self.assumed.insert(format!("{place}{}", assumed.key));
            }
        }
    }

    /// As a scenario file; what the original leaves out is marked. Paths are as seen from the current
    /// folder.
    pub fn toml(&self) -> String {
        let mut text = String::from(
            "# The effective scenario. Run in the same folder, it gives the same bytes.\n",
        );
        for note in &self.notes {
            let _ = writeln!(text, "# {note}");
        }
        text.push('\n');
        self.keys(&mut text, &self.table, "");
        let known = ORDER.iter().filter_map(|key| self.table.get_key_value(*key));
        let others = self.table.iter().filter(|(key, _)| !ORDER.contains(&key.as_str()));
        for (key, value) in known.chain(others) {
            match value {
                Value::Table(table) if key != "stop" => {
                    let _ = writeln!(text, "\n[{}]", bare(key));
                    self.keys(&mut text, table, &format!("{key}."));
                }
                Value::Array(items) if is_tables(items) => {
                    for (index, item) in items.iter().enumerate() {
                        let _ = writeln!(text, "\n[[{}]]", bare(key));
                        if let Value::Table(table) = item {
                            self.keys(&mut text, table, &format!("{key}.{index}."));
                        }
                    }
                }
                _ => {}
            }
        }
        text
    }

    /// The keys of a table, but at the root none that are tables themselves.
    fn keys(&self, text: &mut String, table: &Table, place: &str) {
        let first = ["name", "program", "kind", "id"];
        let rank = |key: &str| first.iter().position(|first| *first == key).unwrap_or(first.len());
        let mut keys: Vec<(&String, &Value)> = table.iter().collect();
        keys.sort_by_key(|(key, _)| rank(key));
        for (key, value) in keys {
            let apart = match value {
                Value::Table(_) => key != "stop",
                Value::Array(items) => is_tables(items),
                _ => false,
            };
            if place.is_empty() && apart {
                continue;
            }
            let mark = match self.assumed.contains(&format!("{place}{key}")) {
                true => "  # default",
                false => "",
            };
            let _ = writeln!(text, "{} = {}{mark}", bare(key), inline(value));
        }
    }

    /// The same for scripts: numbers that JSON has no form for are texts.
    pub fn json(&self) -> serde_json::Value {
        json(&Value::Table(self.table.clone()))
    }
}

fn is_tables(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_table)
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Table(table) => {
            table.iter().map(|(key, value)| (key.clone(), json(value))).collect()
        }
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Float(number) if !number.is_finite() => number.to_string().into(),
        Value::Float(number) => (*number).into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::String(text) => text.as_str().into(),
        Value::Datetime(time) => time.to_string().into(),
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let pair =
                |(key, value): (&String, &Value)| format!("{} = {}", bare(key), inline(value));
            match table.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{ {} }}", table.iter().map(pair).collect::<Vec<_>>().join(", ")),
            }
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A key as it is written.
fn bare(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !key.is_empty() && key.chars().all(plain) {
        true => key.to_owned(),
        false => Value::String(key.to_owned()).to_string(),
    }
}
