//! Variables that nothing reads.

use super::Findings;
use super::effects::Effects;
use crate::diag::{DiagCode, Diagnostic};
use crate::program::{Block, Expr, ExprKind, LocalId, Statement, Unit};
use crate::source::Span;
use rustc_hash::FxHashSet;

/// Reports each `let` whose variable is never read and whose value does nothing else.
pub(super) fn check(unit: &Unit, effects: &Effects<'_>, findings: &mut Findings) {
    let mut read: FxHashSet<LocalId> = FxHashSet::default();
    unit.each_expr(&mut |expr| {
        if let ExprKind::Local(local, _) = &expr.kind {
            read.insert(*local);
        }
    });
    let mut unread = Vec::new();
    unit.each_body(&mut |body| {
        body.each_block(&mut |block| unread.extend(unread_of(block, &read)));
    });
    for (local, value) in unread {
        let Some(name) = unit.lets.get(&local).filter(|name| !name.text().starts_with('_')) else {
            continue;
        };
        if !effects.acts(value) {
            findings.add(unused(name, effects.communicates(value).as_ref()));
        }
    }
}

/// Variables of a block that are not read, with their values. A block that ends with a `let` has
/// its value.
fn unread_of<'b>(block: &'b Block, read: &FxHashSet<LocalId>) -> Vec<(LocalId, &'b Expr)> {
    let before_last = block.statements.iter().rev().skip(1).rev();
    before_last
        .filter_map(|statement| match statement {
            Statement::Let(local, value) if !read.contains(local) => Some((*local, value)),
            _ => None,
        })
        .collect()
}

fn unused(name: &Span, communicates: Option<&Span>) -> Diagnostic {
    let text = name.text();
    let diagnostic =
        Diagnostic::warning(DiagCode::UnusedLet, name, format!("`{text}` is never used"))
            .help(format!("remove it, or name it `_{text}` if that is meant"));
    match communicates {
        Some(place) => {
            diagnostic.related(place, "its value is still shared or kept in every round")
        }
        None => diagnostic,
    }
}
