//! Which variables a part of a program mentions.

use crate::program::{Block, Expr, ExprKind, FunctionId, Statement, Unit};
use crate::walk::Part;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    lambdas: Vec<FunctionId>,
}

impl Visitor {
    fn block(&mut self, block: &Block) {
        block.each_block(&mut |inner| {
            for statement in &inner.statements {
                if let Statement::Assign(local, _) = statement {
                    self.locals.insert(local.0);
                }
            }
        });
        block.each(&mut |expr| self.mention(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        expr.parts(&mut |part| match part {
            Part::Expr(part) => self.expr(part),
            Part::Block(part) => self.block(part),
        });
        self.mention(expr);
    }

    fn mention(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Local(local, _) => {
                self.locals.insert(local.0);
            }
            ExprKind::Lambda(id) => self.lambdas.push(*id),
            _ => {}
        }
    }
}
