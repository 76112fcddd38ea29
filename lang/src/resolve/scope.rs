//! Variables: which one a name means at a place.

use crate::program::{LocalId, ScopeId};
use crate::source::Span;
use std::sync::Arc;

/// What a scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A block, or the variable of a `rep` or `share`.
    Block,
    /// The parameters of a lambda: code inside runs later.
    Lambda,
}

struct Binding {
    name: Arc<str>,
    local: LocalId,
    /// Reached already; a `let` further down is not.
    visible: bool,
}

pub(super) struct Frame {
    pub(super) scope: ScopeId,
    pub(super) kind: Kind,
    bindings: Vec<Binding>,
}

/// What a bare name means among the variables.
pub(super) enum Found {
    Local(LocalId),
    /// Its `let` comes later, and this code runs before it.
    TooEarly,
    Nothing,
}

#[derive(Default)]
pub(super) struct Frames(pub(super) Vec<Frame>);

impl Frames {
    pub(super) fn push(&mut self, scope: ScopeId, kind: Kind) {
        self.0.push(Frame { scope, kind, bindings: Vec::new() });
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    pub(super) fn innermost(&self) -> Option<ScopeId> {
        self.0.last().map(|frame| frame.scope)
    }

    /// Binds a name in the innermost frame.
    pub(super) fn bind(&mut self, name: &Arc<str>, local: LocalId, visible: bool) {
        if let Some(frame) = self.0.last_mut() {
            frame.bindings.push(Binding { name: name.clone(), local, visible });
        }
    }

    /// The `let` of this name in the innermost frame was reached.
    pub(super) fn reveal(&mut self, name: &str) -> Option<LocalId> {
        let frame = self.0.last_mut()?;
        let binding = frame.bindings.iter_mut().find(|b| !b.visible && *b.name == *name)?;
        binding.visible = true;
        Some(binding.local)
    }

    /// Whether the innermost frame shows this name already.
    pub(super) fn shows(&self, name: &str) -> bool {
        let bindings = self.0.last().map(|frame| frame.bindings.as_slice()).unwrap_or_default();
        bindings.iter().any(|b| b.visible && *b.name == *name)
    }

    /// The variable that a name means here. A lambda may use a `let` that comes after it, because
    /// it runs later; plain code may not [D10].
    pub(super) fn find(&self, name: &str) -> Found {
        for frame in self.0.iter().rev() {
            let mut bindings = frame.bindings.iter().rev();
            if let Some(found) = bindings.find(|b| b.visible && *b.name == *name) {
                return Found::Local(found.local);
            }
        }
        let mut runs_later = false;
        let mut too_early = false;
        for frame in self.0.iter().rev() {
            if let Some(found) = frame.bindings.iter().find(|b| *b.name == *name) {
                if runs_later {
                    return Found::Local(found.local);
                }
                too_early = true;
            }
            runs_later |= frame.kind == Kind::Lambda;
        }
        if too_early { Found::TooEarly } else { Found::Nothing }
    }

    /// All visible names, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|f| f.bindings.iter()).map(|b| &*b.name)
    }
}

/// A place where the 2015 dialect was used, and today's spelling.
pub(super) struct DialectUse {
    pub(super) span: Span,
    pub(super) written: String,
    pub(super) today: String,
}
