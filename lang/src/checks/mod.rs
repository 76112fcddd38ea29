//! Checks of a whole program before its first round: what runs, but hardly as it is meant.

mod allow;
mod constructs;
mod effects;
mod kinds;
mod known;
mod misuse;
mod superseded;
mod variables;

pub(crate) use allow::Allowances;

use crate::diag::{DiagCode, Diagnostic};
use crate::program::{ExprKind, Unit};
use crate::source::Source;
use effects::Effects;
use kinds::Kinds;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Findings after which further ones only repeat these.
const MAX_FINDINGS: usize = 100;

/// The findings of one unit, each place once.
#[derive(Default)]
struct Findings {
    list: Vec<Diagnostic>,
    seen: FxHashSet<(DiagCode, usize, u32)>,
}

impl Findings {
    fn add(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.span.as_ref();
        let key = place.map_or((0, 0), |span| (Arc::as_ptr(&span.source) as usize, span.start));
        let fresh = self.seen.insert((diagnostic.code, key.0, key.1));
        if fresh && self.list.len() < MAX_FINDINGS {
            self.list.push(diagnostic);
        }
    }
}

/// Warnings about a unit that loaded without errors; `found` is what is known of it already.
pub(crate) fn check(
    unit: &Unit,
    host_functions: &[String],
    found: &[Diagnostic],
) -> Vec<Diagnostic> {
    let old_sources: Vec<&Arc<Source>> = found
        .iter()
        .filter(|d| d.code == DiagCode::Dialect2015)
        .filter_map(|d| Some(&d.span.as_ref()?.source))
        .collect();
    let mut findings = Findings::default();
    let effects = Effects::new(unit, host_functions);
    Kinds::new(unit, &effects, &mut findings).run();
    variables::check(unit, &effects, &mut findings);
    superseded::check(unit, &mut findings);
    unit.each_expr(&mut |expr| {
        if matches!(expr.kind, ExprKind::Rep { .. } | ExprKind::Share { .. }) {
            let dialect = old_sources.iter().any(|old| Arc::ptr_eq(old, &expr.span.source));
            constructs::check(expr, dialect, &mut findings);
        }
    });
    findings.list
}
