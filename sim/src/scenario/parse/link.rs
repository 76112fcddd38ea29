//! `[link]`: who hears whom, and how well.

use super::super::Link;
use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::id;
use fieldrun_device::{NodeId, Retention};
use toml::de::DeValue;

pub(super) fn read_link(mut section: Section<'_>, problems: &mut Problems) -> Link {
    let link = Link {
        radius: section.read("radius", problems, |item| read::number_in(item, 0.0, f64::MAX)),
        pairs: section.read("pairs", problems, |item| read::list(item, pair)),
        delay: section.read("delay", problems, |item| read::span_of(item, read::duration)),
        loss: section.read("loss", problems, |item| read::number_in(item, 0.0, 1.0)).unwrap_or(0.0),
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
