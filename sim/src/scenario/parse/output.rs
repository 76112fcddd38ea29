//! `[record]`, `[map]` and `[engine]`: what a run leaves behind, and what runs it.

use super::super::problem::Problems;
use super::super::read::{self, Fault, Item, Section, fault};
use super::super::{EngineKind, MapStyle, Record};
use crate::picture::Color;
use toml::de::DeValue;

pub(super) fn read_record(mut section: Section<'_>, problems: &mut Problems) -> Record {
    let shown = |event: &u64| toml::Value::Integer(i64::try_from(*event).unwrap_or(i64::MAX));
    let from = section.read_or("from_event", 1, shown, problems, |item| read::whole(item, 0));
    let every = section.read("every", problems, |item| read::whole(item, 1));
    section.finish(problems);
    Record { from_event: from, every }
}

pub(super) fn read_engine(mut section: Section<'_>, problems: &mut Problems) -> EngineKind {
    let shown = |kind: &EngineKind| toml::Value::String(kind.word().to_owned());
    let word = |item| read::word(item, &EngineKind::WORDS);
    let kind = section.read_or("kind", EngineKind::Auto, shown, problems, word);
    section.finish(problems);
    kind
}

pub(super) fn read_map(mut section: Section<'_>, problems: &mut Problems) -> MapStyle {
    let title = section.read("title", problems, read::text);
    let colors = section.read("colors", problems, |item| {
        let DeValue::Table(table) = item.get_ref() else {
            return Err(fault("not a table", "Write colors = { value = \"#rrggbb\" }."));
        };
        table.iter().map(|(key, value)| Ok((key.get_ref().to_string(), color(value)?))).collect()
    });
    let unit = section.read("unit", problems, read::text);
    let length = section.read("length", problems, read::text);
    section.finish(problems);
    MapStyle { title, colors: colors.unwrap_or_default(), unit, length }
}

fn color(item: Item<'_>) -> Result<Color, Fault> {
    let text = read::text(item)?;
    text.parse().map_err(|_| fault(format!("\"{text}\" is not a colour"), "Write \"#rrggbb\"."))
}
