//! The code that the compiler writes and the machine runs.

use crate::natives::Native;
use crate::program::{Expr, FunctionId, LocalId};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, HoodOp, UnaryOp};
use crate::value::Value;
use std::sync::Arc;

/// A register. Each instruction writes one of its own; constants have theirs, written once.
pub(crate) type Reg = u16;

/// Where a value is exported: the slot among the carrying ones, and the region of the layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) carried: u32,
    pub(crate) region: u32,
}

/// A sensor of the neighbourhood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sensor {
    Range,
    Vector,
    Lag,
    Delay,
}

/// A question that the device answers about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// The device as a value, what `self` is.
    Device,
    Uid,
    Time,
    DeltaTime,
    Random,
    Coordinates,
}

/// One instruction. `to` is written; other registers are read.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A region begins: its fuel is spent.
    Enter(u16),
    Jump(u32),
    /// Goes on elsewhere if the register is false; anything but a Boolean is an error.
    JumpUnless {
        condition: Reg,
        to: u32,
    },
    /// The program goes wrong here.
    Fail,
    Move {
        to: Reg,
        from: Reg,
    },
    Unary {
        op: UnaryOp,
        to: Reg,
        a: Reg,
    },
    Binary {
        op: BinaryOp,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Mux {
        to: Reg,
        condition: Reg,
        then: Reg,
        otherwise: Reg,
    },
    /// A tuple of registers from the table of operands.
    Tuple {
        to: Reg,
        first: u32,
        len: u16,
    },
    /// `tuple.get(index)`.
    Get {
        to: Reg,
        tuple: Reg,
        index: Reg,
        site: u16,
    },
    Native {
        to: Reg,
        site: u16,
    },
    Method {
        to: Reg,
        site: u16,
    },
    /// A method of the environment.
    Environment {
        to: Reg,
        site: u16,
    },
    /// The environment's value of a name, or the name.
    EnvOrAtom {
        to: Reg,
        name: Reg,
    },
    /// A request to the host.
    Act {
        to: Reg,
        site: u16,
    },
    Own {
        what: Own,
        to: Reg,
    },
    /// What the round before kept, or the initial value.
    Recall {
        to: Reg,
        state: u16,
        init: Reg,
    },
    Keep {
        state: u16,
        from: Reg,
    },
    Export {
        slot: u16,
        from: Reg,
    },
    /// The neighbours' values in a slot, with one's own.
    Gather {
        to: Reg,
        slot: u16,
        own: Reg,
    },
    Sense {
        sensor: Sensor,
        to: Reg,
        slot: u16,
    },
    /// A field as seen in a region of the layout: only neighbours that run it too.
    Restrict {
        to: Reg,
        from: Reg,
        region: u16,
    },
    /// The same for what may or may not be a field, at a path without a slot.
    Read {
        to: Reg,
        from: Reg,
        path: u16,
    },
    Hood {
        op: HoodOp,
        plus_self: bool,
        to: Reg,
        from: Reg,
    },
    /// A hood of `a op b`, which nothing else uses.
    HoodBinary {
        hood: HoodOp,
        plus_self: bool,
        op: BinaryOp,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// A hood of `mux (a test b) { then } else { otherwise }`, which nothing else uses: the operands
    /// a, b, then, otherwise, and a register for the test.
    HoodChoice {
        hood: HoodOp,
        plus_self: bool,
        test: BinaryOp,
        to: Reg,
        first: u32,
    },
    /// `hood(reducer, default, field)`: operands field, default, reducer.
    FoldWith {
        to: Reg,
        site: u16,
    },
    /// The value must not be null.
    NotNull(Reg),
    /// The value must neither be a field nor hide one.
    NoField(Reg),
    /// A lambda as a value, with the variables that it reads.
    Close {
        to: Reg,
        site: u16,
    },
    /// Walks a part of the program with the reference evaluator.
    Walk {
        to: Reg,
        site: u16,
    },
    /// The value of the program.
    End(Reg),
}

const _: () = assert!(size_of::<Op>() <= 12);

impl Op {
    /// The register that it writes.
    pub(crate) fn writes(&self) -> Option<Reg> {
        match *self {
            Self::Enter(_)
            | Self::Jump(_)
            | Self::JumpUnless { .. }
            | Self::Fail
            | Self::Keep { .. }
            | Self::Export { .. }
            | Self::NotNull(_)
            | Self::NoField(_)
            | Self::End(_) => None,
            Self::Move { to, .. }
            | Self::Unary { to, .. }
            | Self::Binary { to, .. }
            | Self::Mux { to, .. }
            | Self::Tuple { to, .. }
            | Self::Get { to, .. }
            | Self::Native { to, .. }
            | Self::Method { to, .. }
            | Self::Environment { to, .. }
            | Self::EnvOrAtom { to, .. }
            | Self::Act { to, .. }
            | Self::Own { to, .. }
            | Self::Recall { to, .. }
            | Self::Gather { to, .. }
            | Self::Sense { to, .. }
            | Self::Restrict { to, .. }
            | Self::Read { to, .. }
            | Self::Hood { to, .. }
            | Self::HoodBinary { to, .. }
            | Self::HoodChoice { to, .. }
            | Self::FoldWith { to, .. }
            | Self::Close { to, .. }
            | Self::Walk { to, .. } => Some(to),
        }
    }

    /// The registers that it reads, apart from those in the table of operands.
    pub(crate) fn reads(&self) -> [Option<Reg>; 3] {
        match *self {
            Self::Enter(_)
            | Self::Jump(_)
            | Self::Fail
            | Self::Tuple { .. }
            | Self::Native { .. }
            | Self::Method { .. }
            | Self::Environment { .. }
            | Self::Act { .. }
            | Self::Own { .. }
            | Self::Sense { .. }
            | Self::HoodChoice { .. }
            | Self::FoldWith { .. }
            | Self::Close { .. }
            | Self::Walk { .. } => [None; 3],
            Self::JumpUnless { condition, .. } => [Some(condition), None, None],
            Self::Move { from, .. }
            | Self::Keep { from, .. }
            | Self::Export { from, .. }
            | Self::Restrict { from, .. }
            | Self::Read { from, .. }
            | Self::Hood { from, .. } => [Some(from), None, None],
            Self::Unary { a, .. } => [Some(a), None, None],
            Self::Binary { a, b, .. } | Self::HoodBinary { a, b, .. } => [Some(a), Some(b), None],
            Self::Mux { condition, then, otherwise, .. } => {
                [Some(condition), Some(then), Some(otherwise)]
            }
            Self::Get { tuple, index, .. } => [Some(tuple), Some(index), None],
            Self::EnvOrAtom { name, .. } => [Some(name), None, None],
            Self::Recall { init, .. } => [Some(init), None, None],
            Self::Gather { own, .. } => [Some(own), None, None],
            Self::NotNull(reg) | Self::NoField(reg) | Self::End(reg) => [Some(reg), None, None],
        }
    }
}

/// A path with both hashes, for places without a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) path: crate::eval::Path,
    /// How deep the reference evaluator would be here.
    pub(crate) depth: u32,
}

/// A call that the machine makes with values.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    pub(crate) what: Called,
    /// First of the operands in the table; for a method the target is the first.
    pub(crate) first: u32,
    pub(crate) len: u16,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum Called {
    Native(&'static Native),
    Method(Arc<str>),
    Host(Arc<str>),
    Hood { plus_self: bool },
}

/// Variables that a walked part reads, and the registers that hold them.
pub(crate) type Captures = Vec<(LocalId, Reg)>;

/// A lambda that becomes a value.
#[derive(Clone, Debug)]
pub(crate) struct CloseSite {
    pub(crate) function: FunctionId,
    pub(crate) captures: Captures,
}

/// What is walked.
#[derive(Clone, Debug)]
pub(crate) enum Walked {
    /// An expression.
    Expr(Arc<Expr>),
    /// A call of the function in a register, with arguments still to be evaluated.
    Call { target: Reg, call: Arc<Expr> },
    /// A `share` of what may be a field, from its initial value on.
    Share { init: Reg, share: Arc<Expr> },
}

impl Walked {
    /// The register whose value it begins with.
    pub(crate) fn given(&self) -> Option<Reg> {
        match self {
            Self::Expr(_) => None,
            Self::Call { target, .. } => Some(*target),
            Self::Share { init, .. } => Some(*init),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct WalkSite {
    pub(crate) walked: Walked,
    pub(crate) captures: Captures,
    /// Captured variables that are assigned somewhere: read back afterwards.
    pub(crate) assigned: Captures,
    pub(crate) place: Place,
}

/// A branch, or the whole program.
#[derive(Clone, Debug, Default)]
pub(crate) struct CodeRegion {
    /// Expressions that are evaluated whenever it runs.
    pub(crate) fuel: u64,
    /// Its region in the layout, if anything of it has a slot.
    pub(crate) in_layout: Option<u32>,
    /// Slots to be cleared when it does not run.
    pub(crate) carried: Vec<u32>,
    pub(crate) states: Vec<u32>,
}

/// A compiled program.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) ops: Vec<Op>,
    /// Where each instruction comes from, for people.
    pub(crate) spans: Vec<Option<Span>>,
    pub(crate) constants: Vec<(Reg, Value)>,
    pub(crate) registers: usize,
    pub(crate) operands: Vec<Reg>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) paths: Vec<crate::eval::Path>,
    pub(crate) calls: Vec<CallSite>,
    pub(crate) closes: Vec<CloseSite>,
    pub(crate) walks: Vec<WalkSite>,
    pub(crate) regions: Vec<CodeRegion>,
    /// How deep the reference evaluator goes in the compiled parts.
    pub(crate) deepest: u32,
}
