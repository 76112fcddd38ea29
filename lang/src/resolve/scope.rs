//! Variables: which one a name means at a place.

use crate::program::{LocalId, ScopeId};
use crate::source::Span;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A block, or the variable of a `rep` or `share`.
    Block,
    /// The parameters of a lambda: code inside runs later.
    Lambda,
}

pub(super) struct Frame {
    pub(super) scope: ScopeId,
    pub(super) kind: Kind,
    names: FxHashMap<Arc<str>, Bindings>,
}

/// The variables of one name in a frame, in the order of their definition.
#[derive(Default)]
struct Bindings {
    locals: Vec<LocalId>,
    /// How many of them were reached already; a `let` further down is not.
    visible: usize,
}

impl Bindings {
    /// The one that the name means here.
    fn latest(&self) -> Option<LocalId> {
        self.locals.get(self.visible.checked_sub(1)?).copied()
    }
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
        self.0.push(Frame { scope, kind, names: FxHashMap::default() });
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
            let bindings = frame.names.entry(name.clone()).or_default();
            bindings.locals.push(local);
            bindings.visible += usize::from(visible);
        }
    }

    /// The `let` of this name in the innermost frame was reached.
    pub(super) fn reveal(&mut self, name: &str) -> Option<LocalId> {
        let frame = self.0.last_mut()?;
        let bindings = frame.names.get_mut(name)?;
        let local = bindings.locals.get(bindings.visible).copied()?;
        bindings.visible += 1;
        Some(local)
    }

    /// Whether the innermost frame shows this name already.
    pub(super) fn shows(&self, name: &str) -> bool {
        let bindings = self.0.last().and_then(|frame| frame.names.get(name));
        bindings.is_some_and(|bindings| bindings.visible > 0)
    }

    /// The variable that a name means here. A lambda may use a `let` that comes after it, because
    /// it runs later; plain code may not [D10].
    pub(super) fn find(&self, name: &str) -> Found {
        for frame in self.0.iter().rev() {
            if let Some(local) = frame.names.get(name).and_then(Bindings::latest) {
                return Found::Local(local);
            }
        }
        let mut runs_later = false;
        let mut too_early = false;
        for frame in self.0.iter().rev() {
            let first = frame.names.get(name).and_then(|bindings| bindings.locals.first());
            if let Some(local) = first {
                if runs_later {
                    return Found::Local(*local);
                }
                too_early = true;
            }
            runs_later |= frame.kind == Kind::Lambda;
        }
        if too_early { Found::TooEarly } else { Found::Nothing }
    }

    /// All visible names, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|frame| frame.names.keys()).map(|name| &**name)
    }
}

/// A place where the 2015 dialect was used, and today's spelling.
pub(super) struct DialectUse {
    pub(super) span: Span,
    pub(super) written: String,
    pub(super) today: String,
}
