//! The syntax tree, as written; names are not yet resolved.

use super::token::Token;
use crate::source::Span;
use std::sync::Arc;

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: Arc<str>,
    pub(crate) span: Span,
}

/// A whole source text. The tree says what it means; tokens and comments keep how it is written.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// `a:b:c`, or nothing for an unnamed program.
    pub(crate) name: Option<Name>,
    pub(crate) imports: Vec<Import>,
    pub(crate) defs: Vec<FunctionDef>,
    pub(crate) main: Option<Block>,
    /// Constructs of the 2015 dialect that were met: what was written, and today's spelling.
    pub(crate) dialect: Vec<(Span, String)>,
    /// Every token, in order, up to and with the end.
    pub(crate) tokens: Vec<Token>,
    /// Every comment with its marks, in order.
    pub(crate) comments: Vec<Span>,
}

#[derive(Debug)]
pub(crate) enum ImportKind {
    /// `import a:b:c`.
    Module,
    /// `import a.b.C.*`, all static members of a class.
    ClassAll,
    /// `import a.b.C.m`, perhaps under another name (2015).
    ClassMember { member: Arc<str>, alias: Option<Name> },
}

#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) kind: ImportKind,
    /// The module `a:b:c` or the class `a.b.C`.
    pub(crate) path: Arc<str>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct FunctionDef {
    pub(crate) public: bool,
    pub(crate) name: Name,
    pub(crate) params: Vec<Name>,
    pub(crate) body: Block,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) statements: Vec<Statement>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Statement {
    Let {
        name: Name,
        value: Expr,
        span: Span,
    },
    Assign {
        name: Name,
        value: Expr,
        span: Span,
    },
    Expr(Expr),
    /// `if` without `else`; an empty body does nothing.
    If {
        condition: Expr,
        then: Option<Block>,
        span: Span,
    },
}

impl Statement {
    pub(crate) fn span(&self) -> &Span {
        match self {
            Self::Let { span, .. } | Self::Assign { span, .. } | Self::If { span, .. } => span,
            Self::Expr(value) => &value.span,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Not,
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Or,
    And,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HoodOp {
    Min,
    Max,
    Local,
    Any,
    All,
    Sum,
    Mean,
    Union,
}

#[derive(Debug)]
pub(crate) enum LambdaParams {
    /// `{ … }`: none, or one named `it`.
    Short,
    Named(Vec<Name>),
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Number(f64),
    Text(Arc<str>),
    Bool(bool),
    Tuple(Vec<Expr>),
    Name(Arc<str>),
    /// `java::lang::Math::max`: class and member.
    ClassMember(Arc<str>, Arc<str>),
    /// `a:b:f`: module and function.
    ModuleMember(Arc<str>, Arc<str>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Call {
        callee: Box<Expr>,
        args: Vec<Expr>,
    },
    Method {
        target: Box<Expr>,
        name: Name,
        args: Vec<Expr>,
    },
    Lambda {
        params: LambdaParams,
        body: Block,
    },
    Rep {
        var: Name,
        init: Box<Expr>,
        body: Block,
        yields: Option<Block>,
    },
    Share {
        local: Option<Name>,
        field: Name,
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
    It,
    Eval(Box<Expr>),
    /// `#f(a, b)` of the 2015 dialect.
    Hash {
        name: Name,
        args: Vec<Expr>,
    },
    /// Something that was reported already.
    Bad,
}
