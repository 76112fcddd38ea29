//! What an expression does besides having a value.

use crate::program::{Callee, Expr, ExprKind, FunctionId, Unit};
use crate::source::Span;
use rustc_hash::FxHashMap;

/// Methods of `self` that read something about each neighbour.
pub(super) const SENSORS: [&str; 4] = ["nbrRange", "nbrLag", "nbrDelay", "nbrVector"];

/// Methods that change what they are called on, or call a function that is not known.
const CHANGING: [&str; 9] =
    ["put", "remove", "add", "addAll", "set", "clear", "sort", "apply", "nextRandomDouble"];

/// Classes of natives that only compute.
const COMPUTING: [&str; 4] =
    [crate::natives::BUILTINS, crate::natives::MATH, crate::natives::DOUBLE, "java.lang.String"];

/// Longest chain of calls that is followed.
const MAX_CHAIN: usize = 60;

/// Answers about functions, remembered. What a longer chain of calls does is not known: it counts as
/// acting, and as not communicating, so that nothing is said about it.
pub(super) struct Effects<'u> {
    unit: &'u Unit,
    host_functions: &'u [String],
    communicating: FxHashMap<u32, Option<Span>>,
    acting: FxHashMap<u32, bool>,
    chain: usize,
}

impl<'u> Effects<'u> {
    pub(super) fn new(unit: &'u Unit, host_functions: &'u [String]) -> Self {
        let (communicating, acting) = (FxHashMap::default(), FxHashMap::default());
        Self { unit, host_functions, communicating, acting, chain: 0 }
    }

    /// The first place in a function that communicates or keeps state, itself or in what it calls.
    pub(super) fn function_communicates(&mut self, id: FunctionId) -> Option<Span> {
        if let Some(known) = self.communicating.get(&id.0) {
            return known.clone();
        }
        if self.chain >= MAX_CHAIN {
            return None;
        }
        // A recursion adds nothing to what the rest of the function does.
        self.communicating.insert(id.0, None);
        self.chain += 1;
        let mut found = None;
        self.unit.function(id).body.each(&mut |expr| {
            found = found.take().or_else(|| self.communicates_here(expr));
        });
        self.chain -= 1;
        self.communicating.insert(id.0, found.clone());
        found
    }

    /// Whether an expression communicates or keeps state, and where.
    pub(super) fn communicates(&mut self, expr: &Expr) -> Option<Span> {
        let mut found = None;
        expr.each(&mut |part| found = found.take().or_else(|| self.communicates_here(part)));
        found
    }

    /// The same for an expression apart from its parts.
    pub(super) fn communicates_here(&mut self, expr: &Expr) -> Option<Span> {
        let found = match &expr.kind {
            ExprKind::Nbr(_)
            | ExprKind::Rep { .. }
            | ExprKind::Share { .. }
            | ExprKind::AlignedMap { .. } => true,
            ExprKind::Method { target, name, .. } => {
                matches!(target.kind, ExprKind::SelfRef) && SENSORS.contains(&&**name)
            }
            ExprKind::Lambda(id) | ExprKind::Call(Callee::Function(id), _) => {
                self.function_communicates(*id).is_some()
            }
            _ => false,
        };
        found.then(|| expr.span.clone())
    }

    /// Whether leaving out an expression could change anything but its own value.
    pub(super) fn acts(&mut self, expr: &Expr) -> bool {
        let mut found = false;
        expr.each(&mut |part| found = found || self.acts_here(part));
        found
    }

    fn acts_here(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Eval(_) | ExprKind::Call(Callee::Host(_) | Callee::Value(_), _) => true,
            ExprKind::Call(Callee::Native(native), _) => {
                native.name == "random" || !COMPUTING.contains(&native.class)
            }
            ExprKind::Call(Callee::Function(id), _) | ExprKind::Lambda(id) => {
                self.function_acts(*id)
            }
            ExprKind::Method { name, .. } => {
                CHANGING.contains(&&**name) || self.host_functions.iter().any(|f| **f == **name)
            }
            _ => false,
        }
    }

    fn function_acts(&mut self, id: FunctionId) -> bool {
        if let Some(known) = self.acting.get(&id.0) {
            return *known;
        }
        if self.chain >= MAX_CHAIN {
            return true;
        }
        self.acting.insert(id.0, false);
        self.chain += 1;
        let mut found = false;
        self.unit.function(id).body.each(&mut |part| found = found || self.acts_here(part));
        self.chain -= 1;
        self.acting.insert(id.0, found);
        found
    }
}
