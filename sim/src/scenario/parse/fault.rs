//! `[[fault]]`: what goes wrong.

use super::super::fault::{
    Choice, DeviceFault, Fault, FaultKind, Members, Partition, SensorFault, When, Whom,
};
use super::super::problem::Problems;
use super::super::read::{self, Item, Section, fault};
use super::link::read_conditions;
use super::{id, nodes::read_values};
use fieldrun_device::Micros;
use std::ops::Range;
use toml::de::DeValue;

/// The kinds of a fault as they are written.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Corrupt,
    Restart,
    Crash,
    Pause,
    Slow,
    Drift,
    Jump,
    Stuck,
    Missing,
    Noise,
    Set,
    Link,
    Partition,
    Churn,
}

const WORDS: [(&str, Kind); 14] = [
    ("corrupt", Kind::Corrupt),
    ("restart", Kind::Restart),
    ("crash", Kind::Crash),
    ("pause", Kind::Pause),
    ("slow", Kind::Slow),
    ("drift", Kind::Drift),
    ("jump", Kind::Jump),
    ("stuck", Kind::Stuck),
    ("missing", Kind::Missing),
    ("noise", Kind::Noise),
    ("set", Kind::Set),
    ("link", Kind::Link),
    ("partition", Kind::Partition),
    ("churn", Kind::Churn),
];

/// Keys that only some kinds have, and which ones, as people are told.
const KEYS: [(&str, &[Kind], &str); 18] = [
    ("down", &[Kind::Restart, Kind::Churn], "only \"restart\" and \"churn\" have it"),
    ("up", &[Kind::Churn], "only \"churn\" has it"),
    ("state", &[Kind::Crash], "only \"crash\" has it"),
    ("factor", &[Kind::Slow], "only \"slow\" has it"),
    ("rate", &[Kind::Drift], "only \"drift\" has it"),
    ("by", &[Kind::Jump], "only \"jump\" has it"),
    ("name", &[Kind::Stuck, Kind::Missing, Kind::Noise], "only sensors have it"),
    ("deviation", &[Kind::Noise], "only \"noise\" has it"),
    ("env", &[Kind::Set], "only \"set\" has it"),
    ("loss", &[Kind::Link], "only \"link\" has it"),
    ("delay", &[Kind::Link], "only \"link\" has it"),
    ("duplicate", &[Kind::Link], "only \"link\" has it"),
    ("reorder", &[Kind::Link], "only \"link\" has it"),
    ("between", &[Kind::Partition], "only \"partition\" has it"),
    ("one_way", &[Kind::Partition], "only \"partition\" has it"),
    ("every", &EVERY, "it goes on by itself"),
    ("for", &LASTING, "it is over at once"),
    ("ids", &WHOM, "`between` says who is parted"),
];

const EVERY: [Kind; 13] = {
    use Kind::{
        Corrupt, Crash, Drift, Jump, Link, Missing, Noise, Partition, Pause, Restart, Set, Slow,
        Stuck,
    };
    [Corrupt, Restart, Crash, Pause, Slow, Drift, Jump, Stuck, Missing, Noise, Set, Link, Partition]
};
const LASTING: [Kind; 11] = {
    use Kind::{Churn, Crash, Drift, Link, Missing, Noise, Partition, Pause, Set, Slow, Stuck};
    [Crash, Pause, Slow, Drift, Stuck, Missing, Noise, Set, Link, Partition, Churn]
};
const WHOM: [Kind; 13] = {
    use Kind::{
        Churn, Corrupt, Crash, Drift, Jump, Link, Missing, Noise, Pause, Restart, Set, Slow, Stuck,
    };
    [Corrupt, Restart, Crash, Pause, Slow, Drift, Jump, Stuck, Missing, Noise, Set, Link, Churn]
};

pub(super) fn read_faults(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (span, mut section) in root.sections("fault", "[[fault]]", problems) {
        let kind = section.read("kind", problems, |item| read::word(item, &WORDS));
        if let Some(kind) = kind {
            for (key, kinds, reason) in KEYS {
                if !kinds.contains(&kind) {
                    section.refuse(key, reason, problems);
                }
            }
            faults.extend(read_fault(kind, &span, &mut section, problems));
            section.finish(problems);
        } else if section.key_span("kind").is_none() {
            problems.add(span, "nobody says what the fault is", "Add kind = \"crash\".");
        }
    }
    faults
}

fn read_fault(
    kind: Kind,
    span: &Range<usize>,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<Fault> {
    let when = read_when(section, problems);
    let lasting = LASTING
        .contains(&kind)
        .then(|| section.read("for", problems, read::positive_duration))
        .flatten();
    let whom = read_whom(kind, when, section, problems);
    let kind = read_kind(kind, span, section, problems)?;
    Some(Fault { kind, when, lasting, whom })
}

/// `at`, or `every` with `at` and `until`.
fn read_when(section: &mut Section<'_>, problems: &mut Problems) -> When {
    let from = section.read("at", problems, read::duration).unwrap_or_default();
    let Some(mean) = section.read("every", problems, read::positive_duration) else {
        section.refuse("until", "only faults with `every` have it", problems);
        return When::At(from);
    };
    let until = section.read("until", problems, read::duration).unwrap_or(Micros(u64::MAX));
    if until <= from {
        let span = section.key_span("until").unwrap_or(0..0);
        problems.add(span, "the faults end before they begin", "Make `until` later than `at`.");
    }
    When::Every { mean, from, until }
}

/// `ids`, and `count` or `share` of them. What happens again and again befalls one device each time.
fn read_whom(kind: Kind, when: When, section: &mut Section<'_>, problems: &mut Problems) -> Whom {
    if kind == Kind::Partition {
        section.refuse("share", "`between` says who is parted", problems);
        section.refuse("count", "`between` says who is parted", problems);
        section.refuse("where", "`between` says who is parted", problems);
        return Whom { members: Members::Named(Vec::new()), choice: Choice::All };
    }
    let ids = section.read("ids", problems, |item| read::list(item, id)).unwrap_or_default();
    let condition = section.read("where", problems, read::expression);
    if let (Some(_), Some(place)) = (section.key_span("ids"), section.key_span("where")) {
        problems.add(place, "both `ids` and `where` say which devices", "Keep one of them.");
    }
    let share = section.read("share", problems, |item| read::number_in(item, 0.0, 1.0));
    let count = section.read("count", problems, |item| read::whole(item, 1));
    if share.is_some() && count.is_some() {
        let span = section.key_span("count").unwrap_or(0..0);
        problems.add(span, "both `share` and `count` say how many", "Remove one of them.");
    }
    let choice = match (share, count, when) {
        (Some(share), ..) => Choice::Share(share),
        (None, Some(count), _) => Choice::Count(usize::try_from(count).unwrap_or(usize::MAX)),
        (None, None, When::Every { .. }) => Choice::Count(1),
        (None, None, When::At(_)) => Choice::All,
    };
    let members = condition.map_or_else(|| Members::Named(ids), Members::Where);
    Whom { members, choice }
}

fn read_kind(
    kind: Kind,
    span: &Range<usize>,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<FaultKind> {
    let device = match kind {
        Kind::Stuck => read_sensor(SensorFault::Stuck, span, section, problems)?,
        Kind::Missing => read_sensor(SensorFault::Missing, span, section, problems)?,
        Kind::Noise => {
            let deviation = |item| read::number_in(item, 0.0, f64::MAX);
            let deviation = section.read("deviation", problems, deviation).unwrap_or(1.0);
            read_sensor(SensorFault::Noise { deviation }, span, section, problems)?
        }
        Kind::Corrupt => DeviceFault::Corrupt,
        Kind::Restart => {
            let down = section.read("down", problems, read::duration).unwrap_or_default();
            DeviceFault::Restart { down }
        }
        Kind::Crash => {
            let words = [("kept", true), ("lost", false)];
            let keeps = section.read("state", problems, |item| read::word(item, &words));
            DeviceFault::Crash { keeps: keeps.unwrap_or(false) }
        }
        Kind::Pause => DeviceFault::Pause,
        Kind::Slow => {
            let factor = section.read("factor", problems, |item| read::number_in(item, 1.0, 1e9));
            want("factor", "Add factor = 2 for one round in two.", span, section, problems);
            DeviceFault::Slow { factor: factor? }
        }
        Kind::Drift => {
            let rate = section.read("rate", problems, |item| read::number_in(item, -0.99, 100.0));
            want("rate", "Add rate = 0.01 for a clock that gains 1 %.", span, section, problems);
            DeviceFault::Drift { rate: rate? }
        }
        Kind::Jump => {
            let by = section.read("by", problems, signed_duration);
            want("by", "Add by = \"5s\", or \"-5s\".", span, section, problems);
            DeviceFault::Jump { by: by? }
        }
        Kind::Set => {
            want("env", "Add env = { name = value }.", span, section, problems);
            DeviceFault::Set { env: read_values(section, problems) }
        }
        Kind::Link => return read_link_fault(span, section, problems),
        Kind::Partition => return read_partition(span, section, problems),
        Kind::Churn => {
            let up = section.read("up", problems, read::positive_duration);
            let down = section.read("down", problems, read::positive_duration);
            want("up", "Add how long a device is there on average.", span, section, problems);
            want("down", "Add how long a device is away on average.", span, section, problems);
            return Some(FaultKind::Churn { up: up?, down: down? });
        }
    };
    Some(FaultKind::Device(device))
}

fn read_sensor(
    fault: SensorFault,
    span: &Range<usize>,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<DeviceFault> {
    want("name", "Add the name of the reading, or \"position\".", span, section, problems);
    let name = section.read("name", problems, read::text)?;
    Some(DeviceFault::Sensor { name, fault })
}

/// A key that this kind of fault needs.
fn want(
    key: &str,
    help: &str,
    span: &Range<usize>,
    section: &Section<'_>,
    problems: &mut Problems,
) {
    if section.key_span(key).is_none() {
        problems.add(span.clone(), format!("the fault has no `{key}`"), help);
    }
}

fn read_link_fault(
    span: &Range<usize>,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<FaultKind> {
    let conditions = read_conditions(section, problems);
    let said = ["loss", "delay", "duplicate", "reorder"];
    if said.iter().all(|key| section.key_span(key).is_none()) {
        let help = "Add one of: loss, delay, duplicate, reorder.";
        problems.add(span.clone(), "nobody says what the links do", help);
    }
    Some(FaultKind::Links(conditions))
}

fn read_partition(
    span: &Range<usize>,
    section: &mut Section<'_>,
    problems: &mut Problems,
) -> Option<FaultKind> {
    let between = section.read("between", problems, |item| {
        <[Members; 2]>::try_from(read::list(item, members)?).map_err(|_| {
            fault(
                "not two sets of devices",
                "Write between = [[0, 1], [2, 3]], or [\"x < 50\", \"x >= 50\"].",
            )
        })
    });
    if section.key_span("between").is_none() {
        let help = "Add between = [[0, 1], [2, 3]], or [\"x < 50\", \"x >= 50\"].";
        problems.add(span.clone(), "nobody says who is parted from whom", help);
    }
    let one_way = section.read("one_way", problems, truth).unwrap_or(false);
    let [from, to] = between?;
    Some(FaultKind::Partition(Partition::Between { from, to, one_way }))
}

/// A list of ids, or an expression.
fn members(item: Item<'_>) -> Result<Members, read::Fault> {
    match item.get_ref() {
        DeValue::String(_) => read::expression(item).map(Members::Where),
        _ => read::list(item, id).map(Members::Named),
    }
}

fn truth(item: Item<'_>) -> Result<bool, read::Fault> {
    match item.get_ref() {
        DeValue::Boolean(truth) => Ok(*truth),
        _ => Err(fault("neither true nor false", "Write true or false.")),
    }
}

/// Microseconds, forwards or backwards.
fn signed_duration(item: Item<'_>) -> Result<i64, read::Fault> {
    let help = "Write a duration such as \"5s\" or \"-5s\".";
    let wrong = |message: String| fault(message, help);
    let read = match item.get_ref() {
        DeValue::String(text) => match text.strip_prefix('-') {
            Some(rest) => super::super::units::duration(rest).map(|time| -(time.0 as i64)),
            None => super::super::units::duration(text).map(|time| time.0 as i64),
        },
        _ => {
            let seconds = read::number(item)?;
            let time = super::super::units::from_seconds(seconds.abs());
            time.map(|time| if seconds < 0.0 { -(time.0 as i64) } else { time.0 as i64 })
        }
    };
    read.map_err(wrong)
}
