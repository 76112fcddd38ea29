//! What goes wrong with fields, and with functions and branches that communicate.

use super::kinds::Kinds;
use super::known::{Kind, Known};
use crate::diag::{DiagCode, Diagnostic};
use crate::program::{Block, Expr, ExprKind, FunctionId};
use crate::source::Span;
use crate::syntax::ast::HoodOp;

impl Kinds<'_, '_> {
    /// Reports at a place, and at the call that made it so.
    pub(super) fn warn(&mut self, code: DiagCode, span: &Span, message: &str, help: &str) {
        let mut diagnostic = Diagnostic::warning(code, span, message).help(help);
        if let Some((_, Some(call))) = self.running.last() {
            diagnostic = diagnostic.related(call, "as it is called here");
        }
        self.findings.add(diagnostic);
    }

    /// What a `share` begins with and what its body gives are both fields, or both not.
    pub(super) fn one_kind(&mut self, start: Kind, kept: Kind, body: &Block) {
        let (message, help) = match (start, kept) {
            (Kind::Local, kept) if kept.is_field() => (
                "this `share` begins with a plain value, and its body gives a field",
                "reduce the field with a hood: `share (x, nx <- 0) { minHood(nx) + 1 }`",
            ),
            (start, Kind::Local) if start.is_field() => (
                "this `share` begins with a field, and its body gives a plain value",
                "begin with a plain value, or give each neighbour its own: `nbr(…)`",
            ),
            _ => return,
        };
        if let Some(result) = body.result() {
            self.warn(DiagCode::MixedKinds, &result.span, message, help);
        }
    }

    pub(super) fn no_field_out_of_branch(&mut self, block: &Block, kind: Kind) {
        if let Some(place) = block.result().filter(|_| kind.is_field()) {
            self.warn(
                DiagCode::BranchIsField,
                &place.span,
                "this branch of `if` gives a field",
                "if statements cannot return a Field; consider using `mux`, or reduce it with a hood",
            );
        }
    }

    pub(super) fn needs_field(&mut self, known: &Known, place: &Expr) {
        if known.kind == Kind::Local {
            let (message, help) = match known.function {
                Some(_) => (
                    "this is a function, and a hood reduces a field",
                    "call it, as in `nbrRange()`",
                ),
                None => (
                    "this is one value, and a hood reduces a field",
                    "share it with the neighbours first: `nbr(…)`; or leave the hood out",
                ),
            };
            self.warn(DiagCode::HoodOfLocal, &place.span, message, help);
        }
    }

    /// A hood over a field that is the same everywhere, unless it counts or asks for neighbours.
    pub(super) fn no_constant(&mut self, op: HoodOp, field: &Known, span: &Span) {
        let known = matches!(op, HoodOp::Min | HoodOp::Max | HoodOp::Mean | HoodOp::Local);
        if known && field.kind == Kind::SameEverywhere {
            self.warn(
                DiagCode::ConstantNbr,
                span,
                "every neighbour sends the same constant here",
                "share something that differs, such as `nbr(x)`; to count neighbours use `sumHood(nbr(1))`",
            );
        }
    }

    /// The function that a hood is given.
    pub(super) fn reducer(&mut self, function: &Known, place: &Expr) {
        let Some(id) = function.function else { return };
        let Some(found) = self.communicates(id) else { return };
        let here = matches!(place.kind, ExprKind::Lambda(_));
        let span = if here { &found } else { &place.span };
        let mut diagnostic = Diagnostic::warning(
            DiagCode::CommunicatingReducer,
            span,
            "a reducer must not communicate or keep state",
        );
        if !here {
            diagnostic = diagnostic.related(&found, "it does so here");
        }
        self.findings.add(diagnostic.help("it runs once for each neighbour at the same place; compute this value before the hood and use the result inside"));
    }

    /// Whether a function communicates, keeps state, or reads a field from around it.
    fn communicates(&mut self, id: FunctionId) -> Option<Span> {
        let mut found = None;
        self.unit.function(id).body.each(&mut |expr| {
            let reads_field = matches!(&expr.kind, ExprKind::Local(local, _)
                if self.locals.get(local).is_some_and(|known| known.kind.is_field()));
            let here = || reads_field.then(|| expr.span.clone());
            found = found.take().or_else(here).or_else(|| self.effects.communicates_here(expr));
        });
        found
    }

    /// Both branches do the same thing with their neighbours, but not with each other.
    pub(super) fn twin_branches(&mut self, then: &Block, otherwise: &Block) {
        let first = self.exchanges(then);
        let second = self.exchanges(otherwise);
        let twins = second.iter().find_map(|b| Some((first.iter().find(|a| same(a, b))?, b)));
        let Some((a, b)) = twins else { return };
        self.findings.add(
            Diagnostic::warning(
                DiagCode::TwinBranches,
                b,
                "both branches communicate in the same way, but not with each other",
            )
            .label("devices in this branch")
            .related(a, "do not see those in this one, nor keep their state")
            .help("do it once before the `if` and use the result in both branches; if two separate groups are meant, `// allow FR-L063`"),
        );
    }

    /// The communicating expressions of a branch.
    fn exchanges(&mut self, block: &Block) -> Vec<Span> {
        let mut spans = Vec::new();
        block.each(&mut |expr| {
            if !matches!(expr.kind, ExprKind::Lambda(_) | ExprKind::Function(_)) {
                spans.extend(self.effects.communicates_here(expr));
            }
        });
        spans
    }
}

/// Whether two places read the same, apart from white space.
fn same(a: &Span, b: &Span) -> bool {
    let words =
        |span: &Span| span.text().chars().filter(|c| !c.is_whitespace()).collect::<String>();
    words(a) == words(b)
}
