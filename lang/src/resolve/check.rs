//! Checks of what evidently cannot succeed, or evidently is not meant.

use super::expr::BodyResolver;
use crate::diag::{DiagCode, Diagnostic};
use crate::natives::Native;
use crate::program::FunctionId;
use crate::source::Span;
use crate::syntax::ast::{Block, Expr, ExprKind, FunctionDef, LambdaParams, Statement};
use crate::value::Arity;
use std::sync::Arc;

impl BodyResolver<'_, '_> {
    pub(super) fn check_arity(&mut self, id: FunctionId, arity: usize, found: usize, span: &Span) {
        if arity == found {
            return;
        }
        let decl = self.loader.modules.iter().flat_map(|m| &m.decls).find(|d| d.id == id);
        let (name, place) =
            decl.map_or(("this function", None), |d| (&*d.name, Some(d.span.clone())));
        let message = format!("`{name}` must be invoked with {arity} arguments, found {found}");
        let mut diagnostic = Diagnostic::error(DiagCode::WrongArity, span, message);
        if let Some(place) = place {
            diagnostic = diagnostic.related(&place, "defined here");
        }
        self.report(diagnostic.help("pass exactly one expression for each parameter"));
    }

    /// A call of a function literal, on the spot or through the variable that holds it.
    pub(super) fn check_literal_arity(
        &mut self,
        known: Option<Arity>,
        callee: &Span,
        found: usize,
        span: &Span,
    ) {
        let Some(arity) = known.filter(|arity| !arity.accepts(found)) else { return };
        let wants = arity.describe();
        let message = format!("this function must be invoked with {wants}, found {found}");
        self.report(
            Diagnostic::error(DiagCode::WrongArity, span, message)
                .related(callee, "the function")
                .help("pass exactly one expression for each parameter"),
        );
    }

    pub(super) fn check_native_arity(
        &mut self,
        native: &'static Native,
        found: usize,
        span: &Span,
    ) {
        if native.arity.accepts(found) {
            return;
        }
        let (name, class) = (native.name, native.class);
        let message = format!("{name} with {found} arguments does not exist in {class}");
        let help = format!("`{name}` takes {}", native.arity.describe());
        self.report(Diagnostic::error(DiagCode::WrongArity, span, message).help(help));
    }

    /// Remembers which definitions cannot be reducers.
    pub(super) fn note_communicators(&mut self, defs: &[FunctionDef]) {
        let spans = defs
            .iter()
            .filter_map(|def| Some((def.name.text.clone(), communicates(&def.body, &[])?)));
        self.communicators.extend(spans);
    }

    /// A `let` or assignment at the end of a block.
    pub(super) fn check_block_end(&mut self, block: &Block) {
        let Some(Statement::Let { name, .. } | Statement::Assign { name, .. }) =
            block.statements.last()
        else {
            return;
        };
        let message = format!("this block ends with a definition of `{}`", name.text);
        self.report(Diagnostic::warning(DiagCode::EndsWithLet, &name.span, message).help(
            "the block has the value of the definition; end it with the expression that is meant",
        ));
    }

    pub(super) fn check_if(&mut self, then: &Block, otherwise: &Block) {
        for branch in [then, otherwise] {
            if let Some(Statement::Expr(value)) =
                branch.statements.last().filter(|s| evidently_field(s))
            {
                self.report(
                    Diagnostic::warning(DiagCode::BranchIsField, &value.span, "this branch of `if` gives a field")
                        .help("if statements cannot return a Field; consider using `mux`, or reduce it with a hood"),
                );
            }
        }
    }

    pub(super) fn check_rep(&mut self, init: &Expr, body: &Block) {
        let last = match body.statements.last() {
            Some(Statement::Expr(value)) => Some(value),
            _ => None,
        };
        if let Some(value) = [Some(init), last].into_iter().flatten().find(|e| is_field(e)) {
            self.report(
                Diagnostic::warning(
                    DiagCode::RepIsField,
                    &value.span,
                    "this `rep` would hold a field",
                )
                .help("use `share`, or reduce the field with a hood before it is kept"),
            );
        }
    }

    /// The reducer of `hood(reducer, …)`.
    pub(super) fn check_reducer(&mut self, reducer: &Expr) {
        let communicating = match &reducer.kind {
            ExprKind::Lambda { .. } => in_expr(reducer, &self.fields),
            ExprKind::Name(name) => self.communicators.get(name).cloned(),
            _ => None,
        };
        if let Some(span) = communicating {
            self.report(
                Diagnostic::warning(DiagCode::CommunicatingReducer, &span, "a reducer must not communicate or keep state")
                    .help("it runs once for each neighbour at the same place; compute this value before the hood and use the result inside"),
            );
        }
    }

    /// The reducers of `foldHood(base, f, reducer)` and `foldHoodPlusSelf(f, reducer)`.
    pub(super) fn check_fold_reducer(&mut self, name: Option<&Arc<str>>, args: &[Expr]) {
        let folds = ["foldHood", "foldHoodPlusSelf", "reduceHood"];
        if name.is_some_and(|name| folds.contains(&&**name))
            && let Some(reducer) = args.last()
        {
            self.check_reducer(reducer);
        }
    }
}

fn evidently_field(statement: &Statement) -> bool {
    match statement {
        Statement::Expr(value) => is_field(value),
        _ => false,
    }
}

pub(super) fn is_field(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Nbr(_) => true,
        ExprKind::Unary(_, operand) => is_field(operand),
        ExprKind::Binary(_, a, b) => is_field(a) || is_field(b),
        ExprKind::Method { target, name, .. } => {
            let sensor = ["nbrRange", "nbrLag", "nbrDelay", "nbrVector"].contains(&&*name.text);
            (matches!(target.kind, ExprKind::SelfRef) && sensor) || is_field(target)
        }
        _ => false,
    }
}

/// The first `nbr`, `rep` or `share` in a body, or the first read of one of these fields.
fn communicates(block: &Block, fields: &[Arc<str>]) -> Option<Span> {
    block.statements.iter().find_map(|statement| match statement {
        Statement::Let { value, .. } | Statement::Assign { value, .. } | Statement::Expr(value) => {
            in_expr(value, fields)
        }
        Statement::If { condition, then, .. } => in_expr(condition, fields)
            .or_else(|| then.as_ref().and_then(|then| communicates(then, fields))),
    })
}

fn in_expr(expr: &Expr, fields: &[Arc<str>]) -> Option<Span> {
    let here = |e: &Expr| in_expr(e, fields);
    let inside = |block: &Block| communicates(block, fields);
    let all = |exprs: &[Expr]| exprs.iter().find_map(here);
    match &expr.kind {
        ExprKind::Nbr(_) | ExprKind::Rep { .. } | ExprKind::Share { .. } => Some(expr.span.clone()),
        ExprKind::Name(name) if fields.contains(name) => Some(expr.span.clone()),
        ExprKind::Unary(_, e) | ExprKind::Hood { field: e, .. } | ExprKind::Eval(e) => here(e),
        ExprKind::Binary(_, a, b) => here(a).or_else(|| here(b)),
        ExprKind::Tuple(items) => all(items),
        ExprKind::Call { callee, args } => here(callee).or_else(|| all(args)),
        ExprKind::Method { target, args, .. } => here(target).or_else(|| all(args)),
        ExprKind::If { condition, then, otherwise }
        | ExprKind::Mux { condition, then, otherwise } => {
            here(condition).or_else(|| inside(then)).or_else(|| inside(otherwise))
        }
        // Its own parameters hide fields of the same names.
        ExprKind::Lambda { body, params: LambdaParams::Named(params) } => {
            let hidden = |field: &&Arc<str>| params.iter().any(|p| p.text == **field);
            let visible: Vec<_> = fields.iter().filter(|f| !hidden(f)).cloned().collect();
            communicates(body, &visible)
        }
        ExprKind::Lambda { body, params: LambdaParams::Short } => inside(body),
        _ => None,
    }
}
