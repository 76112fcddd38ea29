//! `place` in `[[group]]`: how devices are placed.

use super::super::problem::Problems;
use super::super::read::{self, Item, Section};
use super::super::{MAX_DEVICES, Place};
use super::refuse_others;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Grid,
    JitteredGrid,
    Uniform,
    PoissonDisc,
    Ring,
    Line,
    Clusters,
}

pub(super) fn read_place(section: &mut Section<'_>, problems: &mut Problems) -> Place {
    let words = [
        ("grid", Kind::Grid),
        ("jittered-grid", Kind::JitteredGrid),
        ("uniform", Kind::Uniform),
        ("poisson-disc", Kind::PoissonDisc),
        ("ring", Kind::Ring),
        ("line", Kind::Line),
        ("clusters", Kind::Clusters),
    ];
    section.assume("place", "uniform", problems);
    let kind = section.read("place", problems, |item| read::word(item, &words));
    let kind = kind.unwrap_or(Kind::Uniform);
    let place = match kind {
        Kind::Grid => Place::Grid,
        Kind::JitteredGrid => {
            let read = |item: Item<'_>| read::number_in(item, 0.0, 1.0);
            let jitter = section.read_or("jitter", 0.5, |jitter| (*jitter).into(), problems, read);
            Place::JitteredGrid { jitter }
        }
        Kind::Uniform => Place::Uniform,
        Kind::PoissonDisc => Place::PoissonDisc {
            distance: section.read("distance", problems, read::positive_length),
        },
        Kind::Ring => Place::Ring {
            center: section.read("center", problems, |item| read::place(item).map(|at| point(&at))),
            radius: section.read("radius", problems, read::positive_length),
        },
        Kind::Line => line(section, problems),
        Kind::Clusters => clusters(section, problems),
    };
    let others = [
        ("jitter", kind == Kind::JitteredGrid, "only \"jittered-grid\" has it"),
        ("distance", kind == Kind::PoissonDisc, "only \"poisson-disc\" has it"),
        ("center", kind == Kind::Ring, "only \"ring\" has it"),
        ("radius", kind == Kind::Ring, "only \"ring\" has it"),
        ("from", kind == Kind::Line, "only \"line\" has it"),
        ("to", kind == Kind::Line, "only \"line\" has it"),
        ("clusters", kind == Kind::Clusters, "only \"clusters\" has it"),
        ("spread", kind == Kind::Clusters, "only \"clusters\" has it"),
    ];
    refuse_others(section, &others, problems);
    place
}

fn line(section: &mut Section<'_>, problems: &mut Problems) -> Place {
    let mut end = |key| section.read(key, problems, |item| read::place(item).map(|at| point(&at)));
    let (from, to) = (end("from"), end("to"));
    if section.has("from") != section.has("to") {
        let span = section.key_span("from").or_else(|| section.key_span("to")).unwrap_or(0..0);
        problems.add(span, "a line with one end", "Write both `from` and `to`, or none of them.");
    }
    Place::Line { ends: from.zip(to) }
}

fn clusters(section: &mut Section<'_>, problems: &mut Problems) -> Place {
    let shown = |count: &u64| toml::Value::Integer(i64::try_from(*count).unwrap_or(i64::MAX));
    let count = section.read_or("clusters", 5, shown, problems, |item| read::whole(item, 1));
    let spread = section.read_or(
        "spread",
        10.0,
        |far| (*far).into(),
        problems,
        |item| read::length_from(item, 0.0),
    );
    Place::Clusters { clusters: count.min(MAX_DEVICES as u64) as usize, spread }
}

/// A place in space; one of the plane is at height 0.
pub(super) fn point(place: &[f64]) -> [f64; 3] {
    let at = |axis: usize| place.get(axis).copied().unwrap_or(0.0);
    [at(0), at(1), at(2)]
}
