//! `[mobility]`: how devices move.

use super::super::problem::Problems;
use super::super::read::{self, Section};
use super::super::{Mobility, Walk};
use fieldrun_device::Micros;

pub(super) fn own_mobility(section: &mut Section<'_>, problems: &mut Problems) -> Option<Mobility> {
    let section = section.section("mobility", "`mobility`", problems)?;
    read_mobility(section, problems)
}

pub(super) fn read_mobility(mut section: Section<'_>, problems: &mut Problems) -> Option<Mobility> {
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
