//! `[schedule]` and `stop`: when devices fire, and until when.

use super::super::problem::Problems;
use super::super::read::{self, Item, Section, fault};
use super::super::units::{duration_text, duration_value};
use super::super::{Schedule, Stop};
use super::refuse_others;
use fieldrun_device::Micros;
use toml::de::DeValue;

/// `stop = "5m"`, or a table of bounds.
pub(super) fn read_stop(root: &mut Section<'_>, problems: &mut Problems) -> Stop {
    let is_table = |item: Item<'_>| matches!(item.get_ref(), DeValue::Table(_));
    if root.get("stop").is_none_or(|item| !is_table(item)) {
        let time = root.read("stop", problems, |item| match item.get_ref() {
            DeValue::Array(_) | DeValue::Boolean(_) => {
                Err(fault("not a table", "Write it as the table `stop`, or as a time."))
            }
            _ => read::positive_duration(item),
        });
        if !root.has("stop") {
            let time = duration_value(Stop::DEFAULT_TIME);
            root.assume("stop", toml::Table::from_iter([("time".to_owned(), time)]), problems);
        }
        return Stop { time, ..Stop::default() };
    }
    let Some(mut section) = root.section("stop", "`stop`", problems) else {
        return Stop::default();
    };
    let stop = Stop {
        events: section.read("events", problems, |item| read::whole(item, 1)),
        rounds: section.read("rounds", problems, |item| read::whole(item, 1)),
        time: section.read("time", problems, read::positive_duration),
    };
    section.finish(problems);
    stop
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    RoundRobin,
    LockStep,
    Periodic,
    Exponential,
    Reactive,
}

pub(super) fn read_schedule(mut section: Section<'_>, problems: &mut Problems) -> Schedule {
    let words = [
        ("round-robin", Kind::RoundRobin),
        ("lock-step", Kind::LockStep),
        ("periodic", Kind::Periodic),
        ("exponential", Kind::Exponential),
        ("reactive", Kind::Reactive),
    ];
    section.assume("kind", "periodic", problems);
    let kind = section.read("kind", problems, |item| read::word(item, &words));
    let kind = kind.unwrap_or(Kind::Periodic);
    let schedule = match kind {
        Kind::RoundRobin => Schedule::RoundRobin { period: period(&mut section, problems) },
        Kind::LockStep => Schedule::LockStep { period: period(&mut section, problems) },
        Kind::Exponential => Schedule::Exponential { period: period(&mut section, problems) },
        Kind::Periodic => {
            let mut share = |key, default: f64| {
                let read = |item: Item<'_>| read::number_in(item, 0.0, 0.99);
                section.read_or(key, default, |share| (*share).into(), problems, read)
            };
            let (jitter, drift) = (share("jitter", 0.1), share("drift", 0.0));
            Schedule::Periodic { period: period(&mut section, problems), jitter, drift }
        }
        Kind::Reactive => reactive(&mut section, problems),
    };
    let others = [
        ("jitter", kind == Kind::Periodic, "only periodic devices have it"),
        ("drift", kind == Kind::Periodic, "only periodic devices have it"),
        ("period", kind != Kind::Reactive, "reactive devices have a `heartbeat`"),
        ("gap", kind == Kind::Reactive, "only reactive devices have it"),
        ("heartbeat", kind == Kind::Reactive, "only reactive devices have it"),
    ];
    refuse_others(&mut section, &others, problems);
    section.finish(problems);
    schedule
}

fn period(section: &mut Section<'_>, problems: &mut Problems) -> Micros {
    let read = read::positive_duration;
    section.read_or("period", Micros::SECOND, |time| duration_value(*time), problems, read)
}

fn reactive(section: &mut Section<'_>, problems: &mut Problems) -> Schedule {
    let mut time = |key, default| {
        let read = read::positive_duration;
        section.read_or(key, default, |time| duration_value(*time), problems, read)
    };
    let (gap, heartbeat) = (time("gap", Micros(100_000)), time("heartbeat", Micros(10_000_000)));
    if gap > heartbeat {
        let place = section.key_span("gap").or_else(|| section.key_span("heartbeat"));
        let message = format!(
            "the shortest time between two rounds, {}, is longer than the longest, {}",
            duration_text(gap),
            duration_text(heartbeat)
        );
        problems.add(place.unwrap_or(0..0), message, "Lower `gap` or raise `heartbeat`.");
    }
    Schedule::Reactive { gap, heartbeat }
}
