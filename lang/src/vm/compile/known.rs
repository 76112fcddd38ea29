//! What the compiler knows of a value before the program runs.

use crate::program::{FunctionId, LocalId};
use crate::value::Value;
use crate::vm::code::Reg;
use rustc_hash::FxHashMap;

/// Whether a value is a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Certainly not: the machine checks it where it could be otherwise.
    Local,
    /// Certainly.
    Field,
    /// That turns out while the program runs.
    Unknown,
}

impl Kind {
    /// The kind of an operation that is lifted over its field operands.
    pub(super) fn lifted(kinds: impl IntoIterator<Item = Self>) -> Self {
        kinds.into_iter().fold(Self::Local, |all, kind| match (all, kind) {
            (Self::Field, _) | (_, Self::Field) => Self::Field,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::Local,
        })
    }
}

/// A value as the compiler sees it.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// In a register.
    Reg {
        reg: Reg,
        kind: Kind,
        nullable: bool,
        /// The region in which it was made: a field is as seen there.
        home: u16,
    },
    Constant(Value),
    /// A lambda and the variables around it.
    Lambda(FunctionId, Option<Scope>),
    /// `self`.
    Myself,
}

impl Known {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Reg { kind, .. } => *kind,
            _ => Kind::Local,
        }
    }
}

/// The variables of one run of a block or function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope(usize);

/// The variables of a scope, and the scope around it.
#[derive(Debug)]
struct Variables {
    parent: Option<Scope>,
    values: FxHashMap<LocalId, Known>,
}

/// All scopes that the compiler has been in.
#[derive(Debug, Default)]
pub(super) struct Scopes(Vec<Variables>);

impl Scopes {
    pub(super) fn open(&mut self, parent: Option<Scope>) -> Scope {
        self.0.push(Variables { parent, values: FxHashMap::default() });
        Scope(self.0.len() - 1)
    }

    pub(super) fn define(&mut self, scope: Scope, local: LocalId, value: Known) {
        if let Some(variables) = self.0.get_mut(scope.0) {
            variables.values.insert(local, value);
        }
    }

    /// A variable, seen from a scope.
    pub(super) fn find(&self, from: Option<Scope>, local: LocalId) -> Option<Known> {
        let mut next = from;
        while let Some(variables) = next.and_then(|scope| self.0.get(scope.0)) {
            if let Some(value) = variables.values.get(&local) {
                return Some(value.clone());
            }
            next = variables.parent;
        }
        None
    }
}
