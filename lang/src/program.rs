//! A loaded program: every name resolved, ready to be evaluated.

use crate::diag::Diagnostic;
use crate::layout::Layout;
use crate::natives::Native;
use crate::resolve::LoadOptions;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, HoodOp, UnaryOp};
use crate::value::{Arity, Value};
use crate::vm::{self, Code};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A program that can run: it loaded without errors.
#[derive(Debug)]
pub struct Program {
    pub(crate) unit: Arc<Unit>,
    pub(crate) options: LoadOptions,
    /// Its compiled form, if it has one.
    pub(crate) code: Option<Arc<Code>>,
    pub(crate) layout: Arc<Layout>,
    /// Warnings and notices of the load.
    pub findings: Vec<Diagnostic>,
}

impl Program {
    pub(crate) fn new(unit: Unit, options: LoadOptions, findings: Vec<Diagnostic>) -> Self {
        let unit = Arc::new(unit);
        let (code, layout) = vm::compile(&unit, &options).unzip();
        let (code, layout) = (code.map(Arc::new), Arc::new(layout.unwrap_or_default()));
        Self { unit, options, code, layout, findings }
    }

    /// A hash of the texts of the program and of every module it uses: equal on devices that run
    /// the same program. Two programs never mix values (design decision 7).
    pub fn fingerprint(&self) -> u64 {
        self.unit.fingerprint
    }

    /// Where its exports and states live. Equal on devices that run the same program.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The module name, or the name of the source for a program without one.
    pub fn name(&self) -> &str {
        &self.unit.name
    }

    /// Whether the program asks the environment for this name, as far as its text says so:
    /// `env.get("name")` counts, a name that is computed does not.
    pub fn reads_environment(&self, name: &str) -> bool {
        self.unit.env_reads.contains(name)
    }

    /// Whether there is something to run: a library module has none.
    pub fn has_main(&self) -> bool {
        self.unit.main.is_some()
    }
}

/// A variable: unique for each place that binds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LocalId(pub(crate) u32);

/// A block or function body: variables live in an activation of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeId(pub(crate) u32);

/// An index into [`Unit::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FunctionId(pub(crate) u32);

/// One loaded text with all the modules that it uses.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) fingerprint: u64,
    pub(crate) functions: Vec<FunctionCode>,
    /// For each scope the one around it within the same definition.
    pub(crate) scopes: Vec<Option<ScopeId>>,
    pub(crate) main: Option<Block>,
    pub(crate) by_identity: FxHashMap<u64, FunctionId>,
    /// Names that the text asks the environment for.
    pub(crate) env_reads: BTreeSet<Arc<str>>,
    /// Where the name of each variable with a `let` is written.
    pub(crate) lets: FxHashMap<LocalId, Span>,
}

impl Unit {
    pub(crate) fn function(&self, id: FunctionId) -> &FunctionCode {
        // Ids are made by the resolver while it fills this very table.
        #[expect(clippy::indexing_slicing, reason = "ids of this unit are always in range")]
        &self.functions[id.0 as usize]
    }
}

/// A definition or lambda.
#[derive(Debug)]
pub(crate) struct FunctionCode {
    pub(crate) name: Arc<str>,
    pub(crate) identity: u64,
    pub(crate) arity: Arity,
    pub(crate) params: Vec<LocalId>,
    /// The scope of the parameters.
    pub(crate) scope: ScopeId,
    /// For a lambda the scope that it stands in, if that has variables.
    pub(crate) outer: Option<ScopeId>,
    pub(crate) body: Block,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Present if the block defines variables.
    pub(crate) scope: Option<ScopeId>,
    pub(crate) statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub(crate) enum Statement {
    /// `let` and assignment: the value goes to a variable that is visible here.
    Let(LocalId, Expr),
    Assign(LocalId, Expr),
    Expr(Expr),
    If {
        condition: Expr,
        then: Option<Block>,
        span: Span,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

/// What is called where it is known before the program runs.
#[derive(Clone, Debug)]
pub(crate) enum Callee {
    Function(FunctionId),
    Native(&'static Native),
    /// A function of the host, such as `stopProcess`: an action.
    Host(Arc<str>),
    /// A value that must be a function.
    Value(Box<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    Constant(Value),
    Tuple(Vec<Expr>),
    Local(LocalId, Arc<str>),
    /// A definition used as a value.
    Function(FunctionId),
    /// A lambda: a new function value each time.
    Lambda(FunctionId),
    /// A native used as a value.
    Native(&'static Native),
    /// A bare name of the 2015 dialect: the environment's value, or the name itself.
    EnvOrAtom(Arc<str>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Call(Callee, Vec<Expr>),
    Method {
        target: Box<Expr>,
        name: Arc<str>,
        args: Vec<Expr>,
    },
    Rep {
        var: LocalId,
        scope: ScopeId,
        init: Box<Expr>,
        body: Block,
        yields: Option<Block>,
    },
    Share {
        local: Option<LocalId>,
        field: LocalId,
        scope: ScopeId,
        init: Box<Expr>,
        body: Block,
        yields: Option<Block>,
    },
    Nbr(Box<Expr>),
    If {
        condition: Box<Expr>,
        then: Block,
        otherwise: Block,
    },
    Mux {
        condition: Box<Expr>,
        then: Block,
        otherwise: Block,
    },
    Hood {
        op: HoodOp,
        plus_self: bool,
        field: Box<Expr>,
    },
    GenericHood {
        plus_self: bool,
        reducer: Box<Expr>,
        default: Box<Expr>,
        field: Box<Expr>,
    },
    AlignedMap {
        field: Box<Expr>,
        filter: Box<Expr>,
        op: Box<Expr>,
        default: Box<Expr>,
    },
    SelfRef,
    Env,
    Eval(Box<Expr>),
}
