//! Functions as values.

use crate::natives::Native;
use std::sync::Arc;

/// How many arguments a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Exactly this many.
    Exactly(u8),
    /// A short lambda: none, or one that it calls `it`.
    Short,
    /// A native with optional or many arguments.
    Between(u8, u8),
}

impl Arity {
    /// Whether a call with `n` arguments is possible.
    pub fn accepts(self, n: usize) -> bool {
        match self {
            Self::Exactly(k) => n == usize::from(k),
            Self::Short => n <= 1,
            Self::Between(low, high) => (usize::from(low)..=usize::from(high)).contains(&n),
        }
    }

    /// As said in "must be invoked with … arguments".
    pub fn describe(self) -> String {
        match self {
            Self::Exactly(1) => "1 argument".to_owned(),
            Self::Exactly(k) => format!("{k} arguments"),
            Self::Short => "0 or 1 arguments".to_owned(),
            Self::Between(low, u8::MAX) => format!("at least {low} arguments"),
            Self::Between(low, high) => format!("{low} to {high} arguments"),
        }
    }
}

/// Where a round keeps the variables of one running call or block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActivationId(pub(crate) u32);

/// What a function value runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    /// A definition or lambda of the unit with this fingerprint.
    Unit(u64),
    /// A native function.
    Native(&'static Native),
}

/// A function value: code identity and, within the round that made it, the variables around it.
#[derive(Clone, Debug)]
pub struct Function {
    pub(crate) code: Code,
    /// Equal on all devices for the same definition or lambda position.
    pub(crate) identity: u64,
    pub(crate) name: Arc<str>,
    pub(crate) arity: Arity,
    pub(crate) activation: Option<ActivationId>,
}

impl Function {
    /// A function that came from elsewhere: only its identity is known.
    pub fn received(unit: u64, identity: u64, name: &str, arity: Arity) -> Self {
        let native = crate::natives::by_qualified_name(name);
        let code = native.map_or(Code::Unit(unit), Code::Native);
        Self { code, identity, name: Arc::from(name), arity, activation: None }
    }

    /// The qualified name, or a description of where a lambda stands.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of arguments.
    pub fn arity(&self) -> Arity {
        self.arity
    }

    /// The identity that aligns devices.
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// The fingerprint of the text that the code stands in; zero for natives.
    pub fn unit(&self) -> u64 {
        match self.code {
            Code::Unit(unit) => unit,
            Code::Native(_) => 0,
        }
    }

    pub(crate) fn detached(&self) -> Self {
        Self { activation: None, ..self.clone() }
    }
}
