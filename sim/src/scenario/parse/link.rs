//! `[link]`: who hears whom, and how well.

use super::super::Link;
use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::super::units;
use super::id;
use fieldrun_device::{Micros, NodeId, Retention};
use fieldrun_netem::{Bursts, Conditions, Delay, Loss, Reorder};
use toml::de::DeValue;

pub(super) fn read_link(mut section: Section<'_>, problems: &mut Problems) -> Link {
    let link = Link {
        radius: section.read("radius", problems, |item| read::number_in(item, 0.0, f64::MAX)),
        pairs: section.read("pairs", problems, |item| read::list(item, pair)),
        conditions: read_conditions(&mut section, problems),
        retention: section.read("retention", problems, retention),
    };
    if link.pairs.is_some() {
        section.refuse("radius", "`pairs` says who is linked", problems);
    }
    section.finish(problems);
    link
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
