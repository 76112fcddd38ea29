//! Where the ways of two devices part in a program that both run.

use crate::eval::{Decided, Decision, Visit};
use crate::layout::{Exports, Layout};
use crate::source::Span;

/// The decisions of a visit at which a neighbour that is not aligned with it may have gone another
/// way, outermost first: one if it is certain, several if its message does not tell.
///
/// `visits` are all of this device's round, and `exports` is what the neighbour sent. A neighbour
/// that sent something from inside a decision went the same way there. Nothing if its message says
/// that it went the same way everywhere.
pub fn partings<'a>(
    visits: &[Visit],
    visit: &'a Visit,
    layout: &Layout,
    exports: &Exports,
) -> Vec<&'a Decision> {
    let inside = |decision: &Decision| {
        let within = |other: &&Visit| other.decisions.iter().any(|d| d.serial == decision.serial);
        visits.iter().filter(within).any(|other| exports.get(other.path).is_some())
            || outcomes(decision, layout, exports).0
    };
    let together = visit.decisions.iter().rposition(inside).map_or(0, |last| last + 1);
    let apart = visit.decisions.get(together..).unwrap_or_default();
    let other_way = |decision: &&Decision| outcomes(decision, layout, exports) == (false, true);
    match apart.iter().find(other_way) {
        Some(certain) => vec![certain],
        None => apart.iter().collect(),
    }
}

/// Whether a neighbour shared something from the same branch, and from the other one.
fn outcomes(decision: &Decision, layout: &Layout, exports: &Exports) -> (bool, bool) {
    let Decided::Branch(here) = decision.what else { return (false, false) };
    let (mut same, mut other) = (false, false);
    for (index, region) in (0..).zip(layout.regions()) {
        let Some((condition, outcome)) = &region.condition else { continue };
        if same_place(condition, &decision.at) && exports.ran(index) {
            same |= *outcome == here;
            other |= *outcome != here;
        }
    }
    (same, other)
}

fn same_place(a: &Span, b: &Span) -> bool {
    a.start == b.start && a.end == b.end && a.source.name == b.source.name
}
