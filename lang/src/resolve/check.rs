//! Checks of what evidently cannot succeed, or evidently is not meant.

use super::expr::BodyResolver;
use crate::diag::{DiagCode, Diagnostic};
use crate::natives::Native;
use crate::program::FunctionId;
use crate::source::Span;
use crate::syntax::ast::{Block, Statement};
use crate::value::Arity;

impl BodyResolver<'_, '_> {
    pub(super) fn check_arity(&mut self, id: FunctionId, arity: usize, found: usize, span: &Span) {
        if arity == found {
            return;
        }
        let decls = || self.loader.modules.iter().flat_map(|m| &m.decls);
        let decl = decls().find(|d| d.id == id);
        if decl.is_some_and(|decl| decl.twice) {
            // That was reported, and which one is meant is not known.
            return;
        }
        let (name, place) =
            decl.map_or(("this function", None), |d| (&*d.name, Some(d.span.clone())));
        let plural = if arity == 1 { "" } else { "s" };
        let message =
            format!("`{name}` must be invoked with {arity} argument{plural}, found {found}");
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

    /// A `let` at the end of a block.
    pub(super) fn check_block_end(&mut self, block: &Block) {
        let Some(Statement::Let { name, .. }) = block.statements.last() else { return };
        let message = format!("this block ends with a definition of `{}`", name.text);
        self.report(Diagnostic::warning(DiagCode::EndsWithLet, &name.span, message).help(
            "the block has the value of the definition; end it with the expression that is meant",
        ));
    }
}
