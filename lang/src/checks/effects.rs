//! What an expression does besides having a value.

use crate::program::{Callee, Expr, ExprKind, FunctionId, Unit};
use crate::source::Span;

/// Methods of `self` that read something about each neighbour.
pub(super) const SENSORS: [&str; 4] = ["nbrRange", "nbrLag", "nbrDelay", "nbrVector"];

/// Methods that change what they are called on, or call a function that is not known.
const CHANGING: [&str; 9] =
    ["put", "remove", "add", "addAll", "set", "clear", "sort", "apply", "nextRandomDouble"];

/// Classes of natives that only compute.
const COMPUTING: [&str; 4] =
    [crate::natives::BUILTINS, crate::natives::MATH, crate::natives::DOUBLE, "java.lang.String"];

/// What each function of a unit does, itself and through what it calls.
pub(super) struct Effects<'u> {
    host_functions: &'u [String],
    /// Where it first communicates or keeps state.
    communicates: Vec<Option<Span>>,
    /// Whether it acts on the host, on the environment, or on what is not known.
    acts: Vec<bool>,
}

impl<'u> Effects<'u> {
    pub(super) fn new(unit: &'u Unit, host_functions: &'u [String]) -> Self {
        let count = unit.functions.len();
        let mut effects =
            Self { host_functions, communicates: vec![None; count], acts: vec![false; count] };
        let mut callers: Vec<Vec<(usize, Span)>> = vec![Vec::new(); count];
        for (index, function) in unit.functions.iter().enumerate() {
            function.body.each(&mut |expr| {
                if let Some(callee) = callee(expr).and_then(|id| callers.get_mut(id.0 as usize)) {
                    callee.push((index, expr.span.clone()));
                }
                if let Some(here) = effects.communicates.get_mut(index)
                    && here.is_none()
                    && communicates_itself(expr)
                {
                    *here = Some(expr.span.clone());
                }
                if acts_itself(expr, host_functions)
                    && let Some(here) = effects.acts.get_mut(index)
                {
                    *here = true;
                }
            });
        }
        effects.spread(&callers);
        effects
    }

    /// What a function does, each of its callers does too.
    fn spread(&mut self, callers: &[Vec<(usize, Span)>]) {
        let mut fresh: Vec<usize> = (0..callers.len()).collect();
        while let Some(function) = fresh.pop() {
            let communicates = self.communicates.get(function).is_some_and(Option::is_some);
            let acts = self.acts.get(function).is_some_and(|acts| *acts);
            for (caller, span) in callers.get(function).into_iter().flatten() {
                let mut changed = false;
                if let Some(known) = self.communicates.get_mut(*caller)
                    && communicates
                    && known.is_none()
                {
                    *known = Some(span.clone());
                    changed = true;
                }
                if let Some(known) = self.acts.get_mut(*caller)
                    && acts
                    && !*known
                {
                    *known = true;
                    changed = true;
                }
                if changed {
                    fresh.push(*caller);
                }
            }
        }
    }

    /// Whether an expression communicates or keeps state, and where.
    pub(super) fn communicates(&self, expr: &Expr) -> Option<Span> {
        let mut found = None;
        expr.each(&mut |part| found = found.take().or_else(|| self.communicates_here(part)));
        found
    }

    /// The same for an expression apart from its parts.
    pub(super) fn communicates_here(&self, expr: &Expr) -> Option<Span> {
        let called = callee(expr).and_then(|id| self.communicates.get(id.0 as usize)?.as_ref());
        (communicates_itself(expr) || called.is_some()).then(|| expr.span.clone())
    }

    /// Whether leaving out an expression could change anything but its own value.
    pub(super) fn acts(&self, expr: &Expr) -> bool {
        let called = |part| callee(part).and_then(|id| self.acts.get(id.0 as usize).copied());
        let mut found = false;
        expr.each(&mut |part| {
            found |= acts_itself(part, self.host_functions) || called(part) == Some(true);
        });
        found
    }
}

/// The function that an expression calls or makes.
fn callee(expr: &Expr) -> Option<FunctionId> {
    match &expr.kind {
        ExprKind::Lambda(id) | ExprKind::Function(id) | ExprKind::Call(Callee::Function(id), _) => {
            Some(*id)
        }
        _ => None,
    }
}

fn communicates_itself(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Nbr(_)
        | ExprKind::Rep { .. }
        | ExprKind::Share { .. }
        | ExprKind::AlignedMap { .. } => true,
        ExprKind::Method { target, name, .. } => {
            matches!(target.kind, ExprKind::SelfRef) && SENSORS.contains(&&**name)
        }
        _ => false,
    }
}

fn acts_itself(expr: &Expr, host_functions: &[String]) -> bool {
    match &expr.kind {
        ExprKind::Eval(_) | ExprKind::Call(Callee::Host(_) | Callee::Value(_), _) => true,
        ExprKind::Call(Callee::Native(native), _) => {
            native.name == "random" || !COMPUTING.contains(&native.class)
        }
        ExprKind::Method { name, .. } => {
            CHANGING.contains(&&**name) || host_functions.iter().any(|f| **f == **name)
        }
        _ => false,
    }
}
