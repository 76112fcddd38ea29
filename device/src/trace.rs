//! Why a neighbour is, or is not, aligned at a call site: a question to a device.

use crate::absent::Absence;
use crate::json::{id_json, to_json};
use fieldrun_lang::{
    Decided, Decision, Exports, Layout, Micros, NodeId, RoundInput, Sharing, Span, Value, Visit,
    partings, visits,
};
use serde::Serialize;
use serde_json::Value as Json;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Characters of source text that stand for a place.
const EXCERPT: usize = 60;

/// A place in a program: `FILE:LINE` or `FILE:LINE:COLUMN`, both from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// The name of the file, or the end of its path.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column where an expression begins; any on the line without one.
    pub column: Option<usize>,
}

impl FromStr for CallSite {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.parse::<usize>().ok().filter(|n| *n > 0);
        let parts: Vec<&str> = text.rsplitn(3, ':').collect();
        let place = match parts.as_slice() {
            [column, line, file] if number(line).is_some() => {
                let (line, column) = (number(line), number(column));
                line.zip(column).map(|(line, c)| ((*file).to_owned(), line, Some(c)))
            }
            [line, rest @ ..] => {
                let file = rest.iter().rev().copied().collect::<Vec<_>>().join(":");
                number(line).map(|line| (file, line, None))
            }
            [] => None,
        };
        match place {
            Some((file, line, column)) if !file.is_empty() => Ok(Self { file, line, column }),
            _ => Err("write FILE:LINE or FILE:LINE:COLUMN, such as crowd.pt:12".to_owned()),
        }
    }
}

impl CallSite {
    /// Whether an expression begins here.
    fn holds(&self, span: &Span) -> bool {
        let name = span.source.name.as_str();
        let end = name.strip_suffix(self.file.as_str());
        let (line, column) = span.source.position(span.start);
        end.is_some_and(|before| before.is_empty() || before.ends_with('/'))
            && line == self.line
            && self.column.is_none_or(|wanted| wanted == column)
    }
}

/// What a round of a device saw at a call site.
#[derive(Clone, Debug, Serialize)]
pub struct SiteReport {
    /// The device.
    pub device: String,
    /// The number of the round.
    pub round: u64,
    /// When it ran, in seconds on the device's clock.
    pub at: f64,
    /// Everything that the line shares, in the order of the round.
    pub sites: Vec<Site>,
    /// Devices that are no neighbours any more, or none yet.
    pub absent: Vec<Absentee>,
    /// Why the round failed, if it did.
    pub failed: Option<String>,
}

/// Something that a line shares with neighbours.
#[derive(Clone, Debug, Serialize)]
pub struct Site {
    /// `FILE:LINE:COLUMN`.
    pub place: String,
    /// Its text, perhaps shortened.
    pub text: String,
    /// `nbr`, `share`, `read` (of a variable that holds a field), `sensor` or `key` (of `alignedMap`).
    pub kind: &'static str,
    /// Where the calls stand that led here, outermost first.
    pub calls: Vec<String>,
    /// What the device itself did here.
    pub own: Own,
    /// The neighbours, in ascending id.
    pub neighbors: Vec<Row>,
}

/// What the device itself did at a site.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// It shared this.
    Shared(Shown),
    /// It was here; that is all that is shared.
    Present,
    /// It went another way, here if that is known.
    NotReached(Option<Parting>),
}

/// A value for people and for scripts.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// As the language writes it.
    pub text: String,
    /// As JSON.
    pub value: Json,
}

/// A neighbour at a site.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The neighbour.
    pub id: Json,
    /// The round of its that is known.
    pub round: u64,
    /// Seconds since that was heard.
    pub age: f64,
    /// Whether its value counts here.
    pub standing: Standing,
}

/// Whether a neighbour's value counts at a site.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// With this value, or none where only the presence is shared.
    Aligned(Option<Shown>),
    /// It went another way; of several decisions at one of them.
    Apart(Vec<Parting>),
    /// It does not hold this key of `alignedMap`.
    OtherKey(Shown),
    /// It runs another program, or another version of it.
    OtherProgram,
    /// Its message changes an earlier one that this device lacks; it sends all of it soon.
    Incomplete,
    /// It went the same way and sent nothing here, as a device that shares another kind of value.
    NotSent,
    /// This device did not come here, so nothing is to be aligned; the neighbour shared this.
    Elsewhere(Option<Shown>),
}

/// A decision at which two devices went different ways.
#[derive(Clone, Debug, Serialize)]
pub struct Parting {
    /// `FILE:LINE:COLUMN` of the condition or call.
    pub place: String,
    /// Its text, perhaps shortened.
    pub text: String,
    /// What this device decided.
    pub here: Way,
}

/// A way that a device went.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The outcome of a condition.
    Branch(bool),
    /// The function that was called.
    Function(String),
    /// The key of `alignedMap`.
    Key(Shown),
}

/// A device that is no neighbour.
#[derive(Clone, Debug, Serialize)]
pub struct Absentee {
    /// The device.
    pub id: Json,
    /// Seconds since it counts no more, or since its last message was refused.
    pub since: f64,
    /// Why.
    pub why: Why,
}

/// Why a device is no neighbour.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was silent for longer than its values count.
    Expired {
        /// Seconds since it was heard.
        silent: f64,
        /// The time between its rounds, in seconds, as it announced.
        period: f64,
    },
    /// It said goodbye, or the link to it is gone.
    Left,
    /// Its messages cannot be understood.
    Undecodable {
        /// What is wrong with the last one.
        error: String,
        /// So many in a row.
        count: u64,
    },
}

/// A neighbour as the inbox knows it.
pub(crate) struct Known<'a> {
    pub(crate) id: &'a NodeId,
    pub(crate) round: u64,
    pub(crate) received: Micros,
    /// Whether it runs this very program.
    pub(crate) same_program: bool,
    /// None if it runs another program, or could not be understood yet.
    pub(crate) exports: Option<&'a Exports>,
}

/// What the question is about.
pub(crate) struct Question<'a> {
    pub(crate) program: &'a fieldrun_lang::Program,
    pub(crate) round: u64,
    pub(crate) now: Micros,
    pub(crate) known: Vec<Known<'a>>,
    pub(crate) at: &'a CallSite,
}

impl Question<'_> {
    /// Runs the round to come once for what it shares, and looks every neighbour up.
    pub(crate) fn answer(&self, input: &RoundInput<'_>, absent: Vec<Absentee>) -> SiteReport {
        let (visits, failed) = visits(self.program, input);
        let own = |value: &Value| shown(value, input.id);
        let here = |visit: &&Visit| {
            self.at.holds(&visit.at) || visit.calls.iter().any(|call| self.at.holds(call))
        };
        let mut sites: Vec<Site> = visits
            .iter()
            .filter(here)
            .map(|visit| Site {
                place: visit.at.place(),
                text: excerpt(&visit.at),
                kind: kind(visit.sharing),
                calls: visit.calls.iter().map(Span::place).collect(),
                own: if carries(visit) { Own::Shared(own(&visit.own)) } else { Own::Present },
                neighbors: self.rows(|known| self.standing(known, &visits, visit)),
            })
            .collect();
        self.unreached(&visits, &mut sites);
        SiteReport {
            device: input.id.to_string(),
            round: self.round,
            at: self.now.seconds(),
            sites,
            absent,
            failed: failed.map(|trap| trap.to_string()),
        }
    }

    fn rows(&self, standing: impl Fn(&Known<'_>) -> Standing) -> Vec<Row> {
        let row = |known: &Known<'_>| Row {
            id: id_json(known.id),
            round: known.round,
            age: self.now.since(known.received).seconds(),
            standing: standing(known),
        };
        self.known.iter().map(row).collect()
    }

    fn standing(&self, known: &Known<'_>, visits: &[Visit], visit: &Visit) -> Standing {
        let Some(exports) = known.exports else { return unknown(known) };
        let holds = |ids: &Arc<[NodeId]>| ids.binary_search(known.id).is_ok();
        if !visit.holders.as_ref().is_none_or(holds)
            && let Some(key) = visit.decisions.iter().rev().find_map(key)
        {
            return Standing::OtherKey(shown(key, known.id));
        }
        if let Some(value) = exports.get(visit.path) {
            return Standing::Aligned(carries(visit).then(|| shown(value, known.id)));
        }
        let apart = partings(visits, visit, self.program.layout(), exports);
        match apart.is_empty() {
            true => Standing::NotSent,
            false => Standing::Apart(apart.into_iter().map(parting).collect()),
        }
    }

    /// What the line shares where this device did not come.
    fn unreached(&self, visits: &[Visit], sites: &mut Vec<Site>) {
        let layout = self.program.layout();
        for (index, slot) in layout.exports().iter().enumerate() {
            let Some(place) = layout.place(index).filter(|place| self.at.holds(place)) else {
                continue;
            };
            if visits.iter().any(|visit| visit.path == slot.path) {
                continue;
            }
            let there = |known: &Known<'_>| match known.exports {
                None => unknown(known),
                Some(exports) => {
                    let value = exports.get(slot.path).filter(|_| slot.carried.is_some());
                    Standing::Elsewhere(value.map(|value| shown(value, known.id)))
                }
            };
            sites.push(Site {
                place: place.place(),
                text: excerpt(place),
                kind: if slot.carried.is_some() { "nbr" } else { "read" },
                calls: Vec::new(),
                own: Own::NotReached(way_not_taken(layout, slot.region, visits)),
                neighbors: self.rows(there),
            });
        }
    }
}

/// The innermost condition of a region that did not run.
fn way_not_taken(layout: &Layout, region: u32, visits: &[Visit]) -> Option<Parting> {
    let ran = |region: u32| {
        let mut slots = layout.exports().iter().filter(|slot| slot.region == region);
        slots.any(|slot| visits.iter().any(|visit| visit.path == slot.path))
    };
    let mut at = region;
    loop {
        let found = layout.regions().get(at as usize)?;
        let (condition, outcome) = found.condition.as_ref()?;
        if ran(found.parent) || layout.regions().get(found.parent as usize)?.condition.is_none() {
            let (place, text) = (condition.place(), excerpt(condition));
            return Some(Parting { place, text, here: Way::Branch(!outcome) });
        }
        at = found.parent;
    }
}

/// A neighbour whose values are not known.
fn unknown(known: &Known<'_>) -> Standing {
    if known.same_program { Standing::Incomplete } else { Standing::OtherProgram }
}

fn key(decision: &Decision) -> Option<&Value> {
    match &decision.what {
        Decided::Key(key) => Some(key),
        Decided::Branch(_) | Decided::Function(_) => None,
    }
}

fn parting(decision: &Decision) -> Parting {
    let here = match &decision.what {
        Decided::Branch(outcome) => Way::Branch(*outcome),
        Decided::Function(name) => Way::Function(name.to_string()),
        Decided::Key(key) => Way::Key(shown(key, &NodeId::Int(0))),
    };
    Parting { place: decision.at.place(), text: excerpt(&decision.at), here }
}

fn carries(visit: &Visit) -> bool {
    !matches!(visit.own, Value::Unit)
}

fn kind(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Nbr => "nbr",
        Sharing::Share => "share",
        Sharing::Read => "read",
        Sharing::Sensor => "sensor",
        Sharing::Key => "key",
    }
}

fn shown(value: &Value, id: &NodeId) -> Shown {
    Shown { text: value.to_string(), value: to_json(value, id) }
}

/// The text of a place on one line.
fn excerpt(span: &Span) -> String {
    let text = span.text().split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= EXCERPT {
        return text;
    }
    let start: String = text.chars().take(EXCERPT - 1).collect();
    format!("{start}…")
}

pub(crate) fn absentee(id: &NodeId, since: Micros, why: &Absence, now: Micros) -> Absentee {
    let why = match why {
        Absence::Expired { heard, period } => {
            Why::Expired { silent: now.since(*heard).seconds(), period: period.seconds() }
        }
        Absence::Left => Why::Left,
        Absence::Refused { error, count } => {
            Why::Undecodable { error: error.clone(), count: *count }
        }
    };
    Absentee { id: id_json(id), since: now.since(since).seconds(), why }
}

/// `if (c) { … }` is what people call it: the condition, and what it was.
impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, text, here } = self;
        match here {
            Way::Branch(outcome) => write!(f, "`{text}` ({place}) is {outcome} here"),
            Way::Function(name) => write!(f, "`{text}` ({place}) calls {name} here"),
            Way::Key(key) => write!(f, "key {} of alignedMap ({place})", key.text),
        }
    }
}
