//! `[link]`: who hears whom, and how well.

use super::super::files::Files;
use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::super::{Link, Topology, units};
use super::{id, refuse_others};
use fieldrun_device::{Micros, NodeId, Retention};
use fieldrun_netem::{Bursts, Conditions, Delay, Loss, Reorder};
use toml::de::DeValue;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Disc,
    Fading,
    Nearest,
    Graph,
}

pub(super) fn read_link(mut section: Section<'_>, files: &Files, problems: &mut Problems) -> Link {
    let link = Link {
        topology: topology(&mut section, files, problems),
        conditions: read_conditions(&mut section, problems),
        retention: section.read("retention", problems, retention),
    };
    section.finish(problems);
    link
}

fn topology(section: &mut Section<'_>, files: &Files, problems: &mut Problems) -> Topology {
    let words = [
        ("disc", Kind::Disc),
        ("fading", Kind::Fading),
        ("nearest", Kind::Nearest),
        ("graph", Kind::Graph),
    ];
    // Without the word, the keys say it.
    let by_keys = match () {
        () if section.has("pairs") || section.has("file") => Kind::Graph,
        () if section.has("nearest") => Kind::Nearest,
        () if section.has("sure") => Kind::Fading,
        () => Kind::Disc,
    };
    let name = words.iter().find(|(_, kind)| *kind == by_keys).map_or("disc", |(name, _)| name);
    section.assume("kind", name, problems);
    let kind = section.read("kind", problems, |item| read::word(item, &words));
    let kind = kind.unwrap_or(by_keys);
    let topology = match kind {
        Kind::Disc => Topology::Disc {
            radius: section.read("radius", problems, |i| read::length_from(i, 0.0)),
        },
        Kind::Fading => fading(section, problems),
        Kind::Nearest => {
            let count = section.read_or(
                "nearest",
                6,
                |count| toml::Value::Integer(i64::try_from(*count).unwrap_or(i64::MAX)),
                problems,
                |item| read::whole(item, 1),
            );
            Topology::Nearest { count: usize::try_from(count).unwrap_or(usize::MAX) }
        }
        Kind::Graph => Topology::Graph { pairs: graph(section, files, problems) },
    };
    let round = matches!(kind, Kind::Disc | Kind::Fading);
    let reason = match kind {
        Kind::Nearest => "`nearest` says who is linked",
        _ if section.has("file") => "`file` says who is linked",
        _ => "`pairs` says who is linked",
    };
    let others = [
        ("radius", round, reason),
        ("sure", kind == Kind::Fading, "only \"fading\" links have it"),
        ("nearest", kind == Kind::Nearest, "only \"nearest\" links have it"),
        ("pairs", kind == Kind::Graph, "only a \"graph\" has it"),
        ("file", kind == Kind::Graph, "only a \"graph\" has it"),
    ];
    refuse_others(section, &others, problems);
    topology
}

fn fading(section: &mut Section<'_>, problems: &mut Problems) -> Topology {
    let radius = section.read("radius", problems, read::positive_length);
    if radius.is_none() && !section.has("radius") {
        let span = section.key_span("kind").or_else(|| section.key_span("sure")).unwrap_or(0..0);
        let help = "Add radius = 30, from where on no links are.";
        problems.add(span, "nobody says how far \"fading\" links reach", help);
    }
    let sure = section.read_or(
        "sure",
        0.0,
        |sure| (*sure).into(),
        problems,
        |item| read::length_from(item, 0.0),
    );
    let radius = radius.unwrap_or(f64::MAX);
    if sure >= radius {
        let span = section.key_span("sure").unwrap_or(0..0);
        let message = "links are sure up to a distance at which there are none";
        problems.add(span, message, "Make `sure` less than `radius`.");
    }
    Topology::Fading { sure, radius }
}

fn graph(
    section: &mut Section<'_>,
    files: &Files,
    problems: &mut Problems,
) -> Vec<(NodeId, NodeId)> {
    let mut pairs =
        section.read("pairs", problems, |item| read::list(item, pair)).unwrap_or_default();
    let file = section.file("file", files, problems, Files::edges);
    if !section.has("pairs") && !section.has("file") {
        let span = section.key_span("kind").unwrap_or(0..0);
        let help = "Add pairs = [[0, 1], [1, 2]], or file = \"links.csv\".";
        problems.add(span, "nobody says who is linked", help);
    }
    pairs.extend(file.unwrap_or_default());
    pairs
}

fn pair(item: Item<'_>) -> Result<(NodeId, NodeId), Fault> {
    match <[NodeId; 2]>::try_from(read::list(item, id)?) {
        Ok([a, b]) if a != b => Ok((a, b)),
        _ => Err(fault("not two devices", "Write pairs = [[0, 1], [1, 2]].")),
    }
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

/// `loss`, `delay`, `duplicate` and `reorder`: what links do to messages.
pub(super) fn read_conditions(section: &mut Section<'_>, problems: &mut Problems) -> Conditions {
    let loss = read_loss(section, problems);
    let share = |item| read::number_in(item, 0.0, 1.0);
    let mut reorder = section.section("reorder", "`reorder`", problems);
    let reorder = reorder.as_mut().and_then(|reorder| {
        let share = reorder.read("share", problems, share);
        let by = reorder.read("by", problems, delay);
        if share.is_none() || by.is_none() {
            let span = section.key_span("reorder").unwrap_or(0..0);
            let help = "Write reorder = { share = 0.1, by = \"50ms\" }.";
            problems.add(span, "nobody says how many messages are held back for how long", help);
        }
        Some(Reorder { share: share?, by: by? })
    });
    Conditions {
        loss,
        delay: section.read("delay", problems, delay),
        duplicate: section.read("duplicate", problems, share).unwrap_or(0.0),
        reorder,
    }
}

/// A share of messages, or a table for bursts.
fn read_loss(section: &mut Section<'_>, problems: &mut Problems) -> Loss {
    let Some(item) = section.get("loss") else { return Loss::Never };
    if !matches!(item.get_ref(), DeValue::Table(_)) {
        let share = section.read("loss", problems, |item| read::number_in(item, 0.0, 1.0));
        return share.map_or(Loss::Never, |share| match share {
            0.0 => Loss::Never,
            share => Loss::Uniform(share),
        });
    }
    let span = item.span();
    let Some(mut bursts) = section.section("loss", "`loss`", problems) else { return Loss::Never };
    let chance = |item| read::number_in(item, 0.0, 1.0);
    if bursts.key_span("share").is_some() {
        let share = bursts.read("share", problems, chance).unwrap_or(0.0);
        let length = bursts.read("burst", problems, |item| read::number_in(item, 1.0, 1e9));
        bursts.finish(problems);
        let made = Bursts::new(share, length.unwrap_or(1.0));
        if made.is_none() {
            let message = "no link loses so many messages in such short bursts";
            problems.add(span, message, "Lower `share`, or make `burst` longer.");
        }
        return made.map_or(Loss::Never, Loss::Bursts);
    }
    let mut read = |key, default| bursts.read(key, problems, chance).unwrap_or(default);
    let (enter, leave) = (read("enter", 0.0), read("leave", 1.0));
    let (good, bad) = (read("good", 0.0), read("bad", 1.0));
    bursts.finish(problems);
    Loss::Bursts(Bursts { enter, leave, good, bad })
}

/// A duration, `[least, most]`, or the text of a distribution.
fn delay(item: Item<'_>) -> Result<Delay, Fault> {
    match item.get_ref() {
        DeValue::Array(_) => {
            read::span_of(item, read::duration).map(|(least, most)| Delay::Uniform(least, most))
        }
        DeValue::String(text) if text.contains('(') => distribution(text),
        _ => read::duration(item).map(Delay::Constant),
    }
}

/// `lognormal(20ms, 10ms)`.
fn distribution(text: &str) -> Result<Delay, Fault> {
    const HELP: &str = "Write \"uniform(10ms, 30ms)\", \"exponential(20ms)\", \"normal(20ms, 5ms)\" \
                        or \"lognormal(20ms, 10ms)\".";
    let wrong = || fault(format!("\"{text}\" is no distribution"), HELP);
    let (name, rest) = text.split_once('(').ok_or_else(wrong)?;
    let inner = rest.trim_end().strip_suffix(')').ok_or_else(wrong)?;
    let times = inner.split(',').map(units::duration).collect::<Result<Vec<Micros>, _>>();
    let times = times.map_err(|message| fault(message, HELP))?;
    match (name.trim(), times.as_slice()) {
        ("constant", [time]) => Ok(Delay::Constant(*time)),
        ("uniform", [least, most]) if least <= most => Ok(Delay::Uniform(*least, *most)),
        ("exponential", [mean]) => Ok(Delay::Exponential(*mean)),
        ("normal", [mean, deviation]) => Ok(Delay::Normal { mean: *mean, deviation: *deviation }),
        ("lognormal", [mean, deviation]) => {
            Ok(Delay::LogNormal { mean: *mean, deviation: *deviation })
        }
        _ => Err(wrong()),
    }
}
