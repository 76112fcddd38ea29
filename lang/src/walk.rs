//! What parts of a resolved program consist of.

use crate::program::{Block, Callee, Expr, ExprKind, LocalId, Statement, Unit};
use rustc_hash::FxHashSet;

/// A part of an expression or statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'p> {
    Expr(&'p Expr),
    Block(&'p Block),
}

impl<'p> Part<'p> {
    fn each(self, visit: &mut dyn FnMut(&'p Expr)) {
        match self {
            Self::Expr(expr) => expr.each(visit),
            Self::Block(block) => block.each(visit),
        }
    }

    fn each_block(self, visit: &mut dyn FnMut(&'p Block)) {
        match self {
            Self::Expr(expr) => expr.parts(&mut |part| part.each_block(visit)),
            Self::Block(block) => block.each_block(visit),
        }
    }
}

impl Unit {
    /// The bodies of all functions, and the program.
    pub(crate) fn each_body<'p>(&'p self, visit: &mut dyn FnMut(&'p Block)) {
        self.functions.iter().for_each(|function| visit(&function.body));
        self.main.iter().for_each(visit);
    }

    /// All expressions.
    pub(crate) fn each_expr<'p>(&'p self, visit: &mut dyn FnMut(&'p Expr)) {
        self.each_body(&mut |body| body.each(visit));
    }

    /// Variables that some statement assigns.
    pub(crate) fn assigned(&self) -> FxHashSet<LocalId> {
        let mut assigned = FxHashSet::default();
        self.each_body(&mut |body| {
            body.each_block(&mut |block| {
                for statement in &block.statements {
                    if let Statement::Assign(local, _) = statement {
                        assigned.insert(*local);
                    }
                }
            });
        });
        assigned
    }
}

impl Expr {
    /// The parts of this expression in the order of evaluation. Bodies of function literals are
    /// functions of the unit and no parts.
    pub(crate) fn parts<'p>(&'p self, visit: &mut dyn FnMut(Part<'p>)) {
        match &self.kind {
            ExprKind::Constant(_)
            | ExprKind::Local(..)
            | ExprKind::Function(_)
            | ExprKind::Lambda(_)
            | ExprKind::Native(_)
            | ExprKind::EnvOrAtom(_)
            | ExprKind::SelfRef
            | ExprKind::Env => {}
            ExprKind::Unary(_, e)
            | ExprKind::Nbr(e)
            | ExprKind::Eval(e)
            | ExprKind::Hood { field: e, .. } => visit(Part::Expr(e)),
            ExprKind::Binary(_, a, b) => [a, b].into_iter().for_each(|e| visit(Part::Expr(e))),
            ExprKind::Tuple(items) => items.iter().for_each(|e| visit(Part::Expr(e))),
            ExprKind::Call(callee, args) => {
                if let Callee::Value(target) = callee {
                    visit(Part::Expr(target));
                }
                args.iter().for_each(|e| visit(Part::Expr(e)));
            }
            ExprKind::Method { target, args, .. } => {
                visit(Part::Expr(target));
                args.iter().for_each(|e| visit(Part::Expr(e)));
            }
            ExprKind::Rep { init, body, yields, .. }
            | ExprKind::Share { init, body, yields, .. } => {
                visit(Part::Expr(init));
                visit(Part::Block(body));
                yields.iter().for_each(|block| visit(Part::Block(block)));
            }
            ExprKind::If { condition, then, otherwise }
            | ExprKind::Mux { condition, then, otherwise } => {
                visit(Part::Expr(condition));
                visit(Part::Block(then));
                visit(Part::Block(otherwise));
            }
            ExprKind::GenericHood { reducer, default, field, .. } => {
                [field, default, reducer].into_iter().for_each(|e| visit(Part::Expr(e)));
            }
            ExprKind::AlignedMap { field, filter, op, default } => {
                [field, filter, op, default].into_iter().for_each(|e| visit(Part::Expr(e)));
            }
        }
    }

    /// This expression and all expressions inside it, outer ones first.
    pub(crate) fn each<'p>(&'p self, visit: &mut dyn FnMut(&'p Self)) {
        visit(self);
        self.parts(&mut |part| part.each(visit));
    }
}

impl Statement {
    /// The parts of this statement in the order of evaluation.
    pub(crate) fn parts<'p>(&'p self, visit: &mut dyn FnMut(Part<'p>)) {
        match self {
            Self::Let(_, value) | Self::Assign(_, value) | Self::Expr(value) => {
                visit(Part::Expr(value));
            }
            Self::If { condition, then, .. } => {
                visit(Part::Expr(condition));
                then.iter().for_each(|then| visit(Part::Block(then)));
            }
        }
    }
}

impl Block {
    /// All expressions of the block, outer ones first.
    pub(crate) fn each<'p>(&'p self, visit: &mut dyn FnMut(&'p Expr)) {
        for statement in &self.statements {
            statement.parts(&mut |part| part.each(visit));
        }
    }

    /// This block and all blocks inside it, outer ones first.
    pub(crate) fn each_block<'p>(&'p self, visit: &mut dyn FnMut(&'p Self)) {
        visit(self);
        for statement in &self.statements {
            statement.parts(&mut |part| part.each_block(visit));
        }
    }

    /// The expression whose value is the value of the block, if the block ends with one.
    pub(crate) fn result(&self) -> Option<&Expr> {
        match self.statements.last()? {
            Statement::Let(_, value) | Statement::Assign(_, value) | Statement::Expr(value) => {
                Some(value)
            }
            Statement::If { .. } => None,
        }
    }
}
