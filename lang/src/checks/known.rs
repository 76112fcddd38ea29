//! What is known of a value before the program runs.

use crate::program::FunctionId;

/// Whether a value is a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Certainly not.
    Local,
    /// Certainly.
    Field,
    /// A field that holds the same constant for every neighbour.
    SameEverywhere,
    /// That turns out while the program runs.
    Unknown,
}

impl Kind {
    pub(super) fn is_field(self) -> bool {
        matches!(self, Self::Field | Self::SameEverywhere)
    }
}

/// A value as far as the text says.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// The text alone says which value it is.
    pub(super) constant: bool,
    /// The function that it is.
    pub(super) function: Option<FunctionId>,
    /// For a variable, how many branches of `if` were around its definition.
    pub(super) home: usize,
}

impl Known {
    pub(super) const UNKNOWN: Self = Self::of(Kind::Unknown);
    pub(super) const LOCAL: Self = Self::of(Kind::Local);
    pub(super) const CONSTANT: Self = Self { constant: true, ..Self::LOCAL };

    pub(super) const fn of(kind: Kind) -> Self {
        Self { kind, constant: false, function: None, home: 0 }
    }

    pub(super) fn function(id: FunctionId) -> Self {
        Self { function: Some(id), ..Self::LOCAL }
    }

    /// The result of an operation that is lifted over its field operands.
    pub(super) fn lifted(operands: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::CONSTANT;
        for operand in operands {
            result.constant &= operand.constant;
            result.kind = match (result.kind, operand.kind) {
                (Kind::Field, _) | (_, Kind::Field) => Kind::Field,
                (Kind::SameEverywhere, _) | (_, Kind::SameEverywhere) => Kind::Field,
                (Kind::Unknown, _) | (_, Kind::Unknown) => Kind::Unknown,
                (Kind::Local, Kind::Local) => Kind::Local,
            };
        }
        result
    }

    /// The same of something that may call a function among its operands: who knows what that
    /// gives. What it gives is no constant.
    pub(super) fn lifted_or_unknown(operands: &[Self]) -> Self {
        let calls = operands.iter().skip(1).any(|operand| operand.function.is_some());
        match Self::lifted(operands.iter().cloned()).kind {
            Kind::Local if calls => Self::UNKNOWN,
            kind => Self::of(kind),
        }
    }
}
