//! `[mobility]`: how devices move.

use super::super::problem::Problems;
use super::super::read::{self, Item, Section, fault};
use super::super::units::duration_value;
use super::super::{Flock, Mobility, Walk};
use super::refuse_others;
use fieldrun_device::Micros;

pub(super) fn own_mobility(section: &mut Section<'_>, problems: &mut Problems) -> Option<Mobility> {
    let section = section.section("mobility", "`mobility`", problems)?;
    Some(read_mobility(section, problems))
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Still,
    Waypoint,
    RandomWalk,
    Levy,
    Flock,
    Gather,
    Steered,
}

pub(super) fn read_mobility(mut section: Section<'_>, problems: &mut Problems) -> Mobility {
    let words = [
        ("still", Kind::Still),
        ("waypoint", Kind::Waypoint),
        ("random-walk", Kind::RandomWalk),
        ("levy", Kind::Levy),
        ("flock", Kind::Flock),
        ("gather", Kind::Gather),
        ("steered", Kind::Steered),
    ];
    section.assume("kind", "still", problems);
    let kind = section.read("kind", problems, |item| match read::text(item)?.as_str() {
        "trace" => {
            let help = "Write trace = \"walks.csv\" in a [[group]] of its own.";
            Err(fault("traces bring their own devices", help))
        }
        _ => read::word(item, &words),
    });
    let kind = kind.unwrap_or(Kind::Still);
    let mobility = match kind {
        Kind::Still => Mobility::Still,
        Kind::Waypoint => Mobility::Waypoint(read_walk(&mut section, problems)),
        Kind::RandomWalk => read_random_walk(&mut section, problems),
        Kind::Levy => read_levy(&mut section, problems),
        Kind::Flock => read_flock(&mut section, problems),
        Kind::Gather => read_gather(&mut section, problems),
        Kind::Steered => Mobility::Steered { speed: read_speed(&mut section, problems) },
    };
    refuse_unused(&mut section, kind, problems);
    section.finish(problems);
    mobility
}

fn refuse_unused(section: &mut Section<'_>, kind: Kind, problems: &mut Problems) {
    let still = kind == Kind::Still;
    let pauses = !matches!(kind, Kind::Still | Kind::Steered | Kind::Flock);
    let no_pause = match kind {
        Kind::Still => "devices stand still",
        Kind::Flock => "flocks never rest",
        _ => "the program says when to stay",
    };
    let others = [
        ("speed", !still, "devices stand still"),
        ("pause", pauses, no_pause),
        ("leg", kind == Kind::RandomWalk, "only \"random-walk\" has it"),
        ("length", kind == Kind::Levy, "only \"levy\" has it"),
        ("exponent", kind == Kind::Levy, "only \"levy\" has it"),
    ];
    refuse_others(section, &others, problems);
    let of = |keys: &'static [&'static str], own: bool, reason: &'static str| {
        keys.iter().map(move |key| (*key, own, reason))
    };
    let flock = ["sight", "space", "cohesion", "alignment", "separation"].as_slice();
    let gather = ["place", "radius", "share", "start", "end", "ramp"].as_slice();
    let flock = of(flock, kind == Kind::Flock, "only \"flock\" has it");
    let gather = of(gather, kind == Kind::Gather, "only \"gather\" has it");
    let others: Vec<_> = flock.chain(gather).collect();
    refuse_others(section, &others, problems);
}

/// A value or `[least, most]`, as it is shown.
fn range<T: Copy + PartialEq>(one: impl Fn(T) -> toml::Value) -> impl Fn(&(T, T)) -> toml::Value {
    move |(least, most)| match least == most {
        true => one(*least),
        false => toml::Value::Array(vec![one(*least), one(*most)]),
    }
}

fn read_speed(section: &mut Section<'_>, problems: &mut Problems) -> (f64, f64) {
    let speed = |item| read::span_of(item, read::speed);
    section.read_or("speed", (0.8, 1.6), range(toml::Value::Float), problems, speed)
}

fn read_times(
    section: &mut Section<'_>,
    key: &'static str,
    default: (Micros, Micros),
    problems: &mut Problems,
) -> (Micros, Micros) {
    let times = |item| read::span_of(item, read::duration);
    section.read_or(key, default, range(duration_value), problems, times)
}

fn read_walk(section: &mut Section<'_>, problems: &mut Problems) -> Walk {
    Walk {
        speed: read_speed(section, problems),
        pause: read_times(section, "pause", Default::default(), problems),
    }
}

fn read_random_walk(section: &mut Section<'_>, problems: &mut Problems) -> Mobility {
    let walk = read_walk(section, problems);
    let leg = (Micros(5_000_000), Micros(15_000_000));
    Mobility::RandomWalk { walk, leg: read_times(section, "leg", leg, problems) }
}

fn read_levy(section: &mut Section<'_>, problems: &mut Problems) -> Mobility {
    let walk = read_walk(section, problems);
    let length = |item| read::span_of(item, read::positive_length);
    let exponent = |item: Item<'_>| read::number_in(item, 1.01, 10.0);
    Mobility::Levy {
        walk,
        length: section.read_or(
            "length",
            (1.0, 100.0),
            range(toml::Value::Float),
            problems,
            length,
        ),
        exponent: section.read_or("exponent", 2.0, |n| (*n).into(), problems, exponent),
    }
}

fn read_flock(section: &mut Section<'_>, problems: &mut Problems) -> Mobility {
    let speed = read_speed(section, problems);
    let mut length = |key, default: f64| {
        section.read_or(key, default, |n| (*n).into(), problems, read::positive_length)
    };
    let (sight, space) = (length("sight", 25.0), length("space", 5.0));
    let mut weight = |key, default: f64| {
        let weight = |item: Item<'_>| read::number_in(item, 0.0, 1000.0);
        section.read_or(key, default, |n| (*n).into(), problems, weight)
    };
    Mobility::Flock(Flock {
        speed,
        sight,
        space,
        cohesion: weight("cohesion", 0.02),
        alignment: weight("alignment", 0.5),
        separation: weight("separation", 0.5),
    })
}

fn read_gather(section: &mut Section<'_>, problems: &mut Problems) -> Mobility {
    let walk = read_walk(section, problems);
    let place = |item| read::lengths::<2>(item, "Write [x, y].");
    let place = section.read("place", problems, place);
    if place.is_none() && section.key_span("place").is_none() {
        let span = section.key_span("kind").unwrap_or(0..0);
        problems.add(span, "nobody says where to gather", "Add place = [x, y].");
    }
    let mut time = |key| {
        section.read_or(key, Micros(0), |time| duration_value(*time), problems, read::duration)
    };
    let (start, ramp) = (time("start"), time("ramp"));
    let end = section.read("end", problems, read::duration);
    if end.is_some_and(|end| end < start) {
        let span = section.key_span("end").unwrap_or(0..0);
        problems.add(span, "the gathering ends before it starts", "Make `end` later.");
    }
    let radius = |item: Item<'_>| read::length_from(item, 0.0);
    let share = |item: Item<'_>| read::number_in(item, 0.0, 1.0);
    Mobility::Gather {
        walk,
        place: place.unwrap_or_default(),
        radius: section.read_or("radius", 10.0, |n| (*n).into(), problems, radius),
        share: section.read_or("share", 1.0, |n| (*n).into(), problems, share),
        start,
        end: end.unwrap_or(Micros(u64::MAX)),
        ramp,
    }
}
