//! The 2015 dialect: names that today's language does not have.

use super::expr::BodyResolver;
use super::names::Binding;
use super::scope::DialectUse;
use crate::natives::BUILTINS;
use crate::program::{Callee, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, Name};
use crate::value::Value;
use std::sync::Arc;

/// Bare names that switch the dialect on where nothing else defines them.
pub(super) const TRIGGERS: [&str; 5] = ["nbrRange", "dt", "random", "pi", "Infinity"];

/// Whether a bare name that an automatic import defines today meant something else in 2015.
pub(super) fn is_plain_name(name: &str, binding: &Binding) -> bool {
    match binding {
        Binding::Native(native) => TRIGGERS.contains(&name) || native.class == BUILTINS,
        _ => false,
    }
}

impl BodyResolver<'_, '_> {
    pub(super) fn note(&mut self, span: &Span, written: &str, today: impl Into<String>) {
        let (span, written) = (span.clone(), written.to_owned());
        self.uses.push(DialectUse { span, written, today: today.into() });
    }

    /// A bare name that nothing defines, read as in 2015.
    pub(super) fn dialect_name(&mut self, name: &Arc<str>, span: &Span) -> Option<ExprKind> {
        let method = |method: &str, span: &Span| ExprKind::Method {
            target: Box::new(Expr { kind: ExprKind::SelfRef, span: span.clone() }),
            name: Arc::from(method),
            args: Vec::new(),
        };
        let (kind, today) = match &**name {
            "nbrRange" => (method("nbrRange", span), "`self.nbrRange()`".to_owned()),
            "dt" => (method("getDeltaTime", span), "`self.getDeltaTime()`".to_owned()),
            "random" => (method("nextRandomDouble", span), "`self.nextRandomDouble()`".to_owned()),
            "pi" => (ExprKind::Constant(Value::Number(std::f64::consts::PI)), "`PI`".to_owned()),
            "Infinity" => {
                (ExprKind::Constant(Value::Number(f64::INFINITY)), "`POSITIVE_INFINITY`".to_owned())
            }
            "e" => {
                let today = "`java::lang::Math::E`".to_owned();
                (ExprKind::Constant(Value::Number(std::f64::consts::E)), today)
            }
            "null" => return None,
            _ => {
                let today = format!(
                    "`env.get(\"{name}\")`, or the text \"{name}\" where the environment has no such name"
                );
                (ExprKind::EnvOrAtom(name.clone()), today)
            }
        };
        self.note(span, name, today);
        Some(kind)
    }

    /// A library or host function used without an import, if possible with that many parameters.
    pub(super) fn dialect_function(
        &mut self,
        name: &Arc<str>,
        args: Option<usize>,
        span: &Span,
    ) -> Option<Binding> {
        if self.loader.options.is_host_function(name) {
            return Some(Binding::Host(name.clone()));
        }
        let module = self.loader.find_in_library(name, args)?;
        let path = self.loader.modules.get(module)?.name.clone();
        self.note(span, name, format!("imported by `import {path}`"));
        self.loader.definition(module, name, false)
    }

    /// `#f(a, b)`: a native or host function, else a method of the first argument, else of `self`.
    pub(super) fn hash_call(&mut self, name: &Name, args: &[ast::Expr], span: &Span) -> ExprKind {
        let mut args: Vec<Expr> = args.iter().map(|arg| self.expr(arg)).collect();
        let native =
            self.visible.get(&name.text).cloned().filter(|b| !matches!(b, Binding::Function(..)));
        let host = self.loader.options.is_host_function(&name.text);
        let known = native
            .or_else(|| host.then(|| Binding::Host(name.text.clone())))
            .or_else(|| super::names::automatic(&name.text));
        match known {
            Some(Binding::Native(native)) => ExprKind::Call(Callee::Native(native), args),
            Some(Binding::Host(host)) => ExprKind::Call(Callee::Host(host), args),
            _ => {
                let target = if args.is_empty() {
                    Expr { kind: ExprKind::SelfRef, span: span.clone() }
                } else {
                    args.remove(0)
                };
                ExprKind::Method { target: Box::new(target), name: name.text.clone(), args }
            }
        }
    }

    /// Methods that were renamed since.
    pub(super) fn dialect_method(
        &mut self,
        target: ExprKind,
        name: &Arc<str>,
    ) -> (ExprKind, Arc<str>) {
        let today = match (&target, &**name) {
            (ExprKind::SelfRef, "getEnvironmentVariable") => "get",
            (ExprKind::SelfRef, "hasEnvironmentVariable") => "has",
            (ExprKind::SelfRef, "putEnvironmentVariable") => "put",
            (ExprKind::SelfRef, "removeEnvironmentVariable") => "remove",
            _ => return (target, name.clone()),
        };
        (ExprKind::Env, Arc::from(today))
    }
}
