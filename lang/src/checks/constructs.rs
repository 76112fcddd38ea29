//! Uses of `rep` and `share` that are rarely meant.

use super::Findings;
use crate::diag::{DiagCode, Diagnostic};
use crate::program::{Block, Expr, ExprKind, LocalId, Statement};
use crate::syntax::ast::{BinaryOp, HoodOp};
use crate::value::Value;

/// Methods of a tuple that give a longer one.
const LENGTHENING: [&str; 4] = ["append", "prepend", "mergeAfter", "insert"];

/// Checks one expression, apart from its parts.
pub(super) fn check(expr: &Expr, dialect: bool, findings: &mut Findings) {
    match &expr.kind {
        ExprKind::Rep { var, init, body, .. } => {
            if !dialect {
                rep_around_nbr(*var, expr, body, findings);
            }
            growing(&Old { vars: vec![*var], text: is_text(init), body }, findings);
        }
        ExprKind::Share { local, field, init, body, .. } => {
            let vars = local.iter().copied().chain([*field]).collect();
            growing(&Old { vars, text: is_text(init), body }, findings);
        }
        _ => {}
    }
}

/// `rep (x <- …) { … nbr(… x …) … }`.
fn rep_around_nbr(var: LocalId, rep: &Expr, body: &Block, findings: &mut Findings) {
    let mut found = None;
    body.each(&mut |expr| {
        if let ExprKind::Nbr(value) = &expr.kind
            && found.is_none()
            && mentions(value, var)
        {
            found = Some(expr);
        }
    });
    let Some(nbr) = found else { return };
    let head = crate::source::Span { end: rep.span.start + "rep".len() as u32, ..rep.span.clone() };
    findings.add(
        Diagnostic::warning(
            DiagCode::RepAroundNbr,
            &nbr.span,
            "this `nbr` sends what the `rep` was a round ago",
        )
        .related(&head, "the result of this round stays here until the next")
        .help("`share (x, nx <- …) { … nx … }` sends the result of this round, so news arrive a round earlier at each hop"),
    );
}

fn mentions(expr: &Expr, var: LocalId) -> bool {
    let mut found = false;
    expr.each(&mut |part| found |= matches!(part.kind, ExprKind::Local(local, _) if local == var));
    found
}

/// A body that makes the next value, and what it knows of the old one.
struct Old<'b> {
    /// The variables that hold the old value, or the neighbours' old values.
    vars: Vec<LocalId>,
    /// Whether the first value is a text: then `+` makes it longer.
    text: bool,
    body: &'b Block,
}

fn growing(old: &Old<'_>, findings: &mut Findings) {
    let Some(result) = old.body.result().filter(|result| old.grows(result)) else { return };
    findings.add(
        Diagnostic::warning(
            DiagCode::Growing,
            &result.span,
            "this value takes in its old value in every round, and grows without bound",
        )
        .help("keep a bounded part: the last few elements, a count, or a union over a limited set"),
    );
}

impl Old<'_> {
    /// Whether an expression is longer than the old value, whatever happens.
    fn grows(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Method { target, name, args } if LENGTHENING.contains(&&**name) => {
                // `t.mergeAfter([])` adds nothing.
                let empty =
                    |arg: &Expr| matches!(&arg.kind, ExprKind::Tuple(items) if items.is_empty());
                !args.iter().any(empty)
                    && (self.holds(target) || args.iter().any(|arg| self.holds(arg)))
            }
            ExprKind::Binary(BinaryOp::Plus, a, b) => self.text && (self.holds(a) || self.holds(b)),
            ExprKind::If { then, otherwise, .. } | ExprKind::Mux { then, otherwise, .. } => {
                [then, otherwise].into_iter().all(|b| b.result().is_some_and(|e| self.grows(e)))
            }
            ExprKind::Local(local, _) => self.value_of(*local).is_some_and(|e| self.grows(e)),
            _ => false,
        }
    }

    /// Whether an expression is at least as long as the old value.
    fn holds(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Local(local, _) if self.vars.contains(local) => true,
            ExprKind::Nbr(value) => self.holds(value),
            ExprKind::Hood { op: HoodOp::Min | HoodOp::Max | HoodOp::Local, field, .. } => {
                self.holds(field)
            }
            ExprKind::Local(local, _) => self.value_of(*local).is_some_and(|e| self.holds(e)),
            _ => self.grows(expr),
        }
    }

    /// The expression that a `let` of the body gives to a variable, unless it is changed later.
    fn value_of(&self, variable: LocalId) -> Option<&Expr> {
        let mut value = None;
        for statement in &self.body.statements {
            match statement {
                Statement::Let(local, e) if *local == variable => value = Some(e),
                Statement::Assign(local, _) if *local == variable => return None,
                _ => {}
            }
        }
        value
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Constant(Value::Text(_)))
}
