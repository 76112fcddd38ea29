//! Which variables a part of a program mentions.

use crate::program::{Block, Callee, Expr, ExprKind, FunctionId, LocalId, Statement, Unit};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Variables that some statement assigns.
pub(super) fn assigned(unit: &Unit) -> FxHashSet<LocalId> {
    let mut visitor = Visitor::default();
    unit.functions.iter().for_each(|function| visitor.block(&function.body));
    unit.main.iter().for_each(|main| visitor.block(main));
    visitor.assigned
}

/// Variables that functions mention, lambdas inside included.
#[derive(Debug)]
pub(super) struct Frees {
    unit: Arc<Unit>,
    known: FxHashMap<u32, BTreeSet<u32>>,
}

impl Frees {
    pub(super) fn new(unit: &Arc<Unit>) -> Self {
        Self { unit: unit.clone(), known: FxHashMap::default() }
    }

    pub(super) fn of_expr(&mut self, expr: &Expr) -> BTreeSet<u32> {
        let mut visitor = Visitor::default();
        visitor.expr(expr);
        self.with_lambdas(visitor)
    }

    /// Variables that a lambda mentions.
    pub(super) fn of_function(&mut self, id: FunctionId) -> BTreeSet<u32> {
        if let Some(known) = self.known.get(&id.0) {
            return known.clone();
        }
        let mut visitor = Visitor::default();
        let unit = self.unit.clone();
        visitor.block(&unit.function(id).body);
        let all = self.with_lambdas(visitor);
        self.known.insert(id.0, all.clone());
        all
    }

    fn with_lambdas(&mut self, visitor: Visitor) -> BTreeSet<u32> {
        let Visitor { mut locals, lambdas, .. } = visitor;
        for lambda in lambdas {
            locals.extend(self.of_function(lambda));
        }
        locals
    }
}

/// Collects what it meets; definitions that are called are not entered, because they see nothing of
/// their caller.
#[derive(Debug, Default)]
struct Visitor {
    locals: BTreeSet<u32>,
    assigned: FxHashSet<LocalId>,
    lambdas: Vec<FunctionId>,
}

impl Visitor {
    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            match statement {
                Statement::Let(_, value) | Statement::Expr(value) => self.expr(value),
                Statement::Assign(local, value) => {
                    self.locals.insert(local.0);
                    self.assigned.insert(*local);
                    self.expr(value);
                }
                Statement::If { condition, then, .. } => {
                    self.expr(condition);
                    then.iter().for_each(|then| self.block(then));
                }
            }
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Constant(_)
            | ExprKind::Function(_)
            | ExprKind::Native(_)
            | ExprKind::EnvOrAtom(_)
            | ExprKind::SelfRef
            | ExprKind::Env => {}
            ExprKind::Local(local, _) => {
                self.locals.insert(local.0);
            }
            ExprKind::Lambda(id) => self.lambdas.push(*id),
            ExprKind::Tuple(items) => self.exprs(items),
            ExprKind::Unary(_, e) | ExprKind::Nbr(e) | ExprKind::Eval(e) => self.expr(e),
            ExprKind::Hood { field, .. } => self.expr(field),
            ExprKind::Binary(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Call(callee, args) => {
                if let Callee::Value(target) = callee {
                    self.expr(target);
                }
                self.exprs(args);
            }
            ExprKind::Method { target, args, .. } => {
                self.expr(target);
                self.exprs(args);
            }
            ExprKind::Rep { init, body, yields, .. }
            | ExprKind::Share { init, body, yields, .. } => {
                self.expr(init);
                self.block(body);
                yields.iter().for_each(|block| self.block(block));
            }
            ExprKind::If { condition, then, otherwise }
            | ExprKind::Mux { condition, then, otherwise } => {
                self.expr(condition);
                self.block(then);
                self.block(otherwise);
            }
            ExprKind::GenericHood { reducer, default, field, .. } => {
                [reducer, default, field].into_iter().for_each(|e| self.expr(e));
            }
            ExprKind::AlignedMap { field, filter, op, default } => {
                [field, filter, op, default].into_iter().for_each(|e| self.expr(e));
            }
        }
    }
}
