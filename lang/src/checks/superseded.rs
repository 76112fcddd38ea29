//! Functions whose documentation names another one to use instead.

use super::Findings;
use crate::diag::{DiagCode, Diagnostic, Severity};
use crate::program::{Callee, ExprKind, FunctionCode, Unit};

/// Reports each use of a definition whose documentation says `@instead`.
pub(super) fn check(unit: &Unit, findings: &mut Findings) {
    unit.each_expr(&mut |expr| {
        let (ExprKind::Function(id) | ExprKind::Call(Callee::Function(id), _)) = &expr.kind else {
            return;
        };
        let function = unit.function(*id);
        let Some(other) = instead(function) else { return };
        let name = function.span.text();
        let message = format!("`{name}` has a habit that one would not expect");
        findings.add(Diagnostic {
            severity: Severity::Notice,
            ..Diagnostic::warning(DiagCode::Superseded, &expr.span, message).help(format!(
                "use `{other}`; if you rely on the habit, `// allow {}`",
                DiagCode::Superseded
            ))
        });
    });
}

/// What follows `@instead` in the comment right above the definition of a function.
fn instead(function: &FunctionCode) -> Option<&str> {
    let span = &function.span;
    let before = span.source.text.get(..span.start as usize)?.trim_end();
    let head = before.strip_suffix("def")?.trim_end();
    let head = head.strip_suffix("public").unwrap_or(head).trim_end();
    let (_, comment) = head.strip_suffix("*/")?.rsplit_once("/**")?;
    let lines = comment.lines().map(|line| line.trim_start_matches([' ', '\t', '*']));
    lines.filter_map(|line| line.strip_prefix("@instead ")).map(str::trim).next()
}
