//! The constructs that talk to neighbours or to the past.

use super::{Compiled, Compiler, Kind, Known};
use crate::eval::frame;
use crate::program::{Block, Expr, ExprKind};
use crate::syntax::ast::HoodOp;
use crate::vm::code::{Called, Op, Walked};

impl<'p> Compiler<'p> {
    pub(super) fn aggregate(&mut self, expr: &'p Expr) -> Compiled<Known> {
        match &expr.kind {
            ExprKind::Nbr(value) => self.nbr(value),
            ExprKind::Rep { init, body, yields, .. } => self.rep(expr, init, body, yields.as_ref()),
            ExprKind::Share { init, body, yields, .. } => {
                self.share(expr, init, body, yields.as_ref())
            }
            ExprKind::Hood { op, plus_self, field } => self.hood(*op, *plus_self, field),
            ExprKind::GenericHood { plus_self, reducer, default, field } => {
                self.generic_hood(*plus_self, reducer, default, field)
            }
            // `expr` walks the others.
            _ => Ok(self.fail()),
        }
    }

    fn nbr(&mut self, expr: &'p Expr) -> Compiled<Known> {
        let path = self.path.push(frame::NBR);
        let local = self.below(frame::NBR + 1, |compiler| compiler.value(expr))?;
        let own = self.reg(&local)?;
        let slot = self.carrying_slot(path)?;
        self.emit(Op::Export { slot, from: own });
        self.result(Kind::Field, false, |to| Op::Gather { to, slot, own })
    }

    /// The initialiser is evaluated every round [K10].
    fn rep(
        &mut self,
        expr: &'p Expr,
        init: &'p Expr,
        body: &'p Block,
        yields: Option<&'p Block>,
    ) -> Compiled<Known> {
        let ExprKind::Rep { var, .. } = &expr.kind else { return Ok(self.fail()) };
        let path = self.path.push(frame::REP);
        let init = self.below(frame::REP + 1, |compiler| compiler.value(init))?;
        let state = self.state_slot(path)?;
        let init = self.reg(&init)?;
        let old = self.result(Kind::Local, false, |to| Op::Recall { to, state, init })?;
        let outer = self.current;
        let scope = self.scopes.open(outer);
        self.current = Some(scope);
        self.define(scope, *var, old)?;
        let (kept, result) = self.body_and_yield(frame::REP + 2, body, yields)?;
        self.current = outer;
        let from = self.reg(&kept)?;
        self.emit(Op::Keep { state, from });
        Ok(result)
    }

    /// The body's value, and the value of the whole. The yield sees the variables of the body.
    fn body_and_yield(
        &mut self,
        base: u64,
        body: &'p Block,
        yields: Option<&'p Block>,
    ) -> Compiled<(Known, Known)> {
        let outer = self.current;
        if body.scope.is_some() {
            self.current = Some(self.scopes.open(outer));
        }
        let kept = self.below(base, |compiler| compiler.statements(&body.statements))?;
        // A variable of the body may change after it was the body's value.
        let kept = self.settled(kept)?;
        let result = match yields {
            Some(block) => self.below(base + 1, |compiler| compiler.block(block))?,
            None => kept.clone(),
        };
        self.current = outer;
        Ok((kept, result))
    }

    /// A lambda becomes a value before it is kept.
    fn settled(&mut self, value: Known) -> Compiled<Known> {
        match value {
            Known::Lambda(..) => {
                let reg = self.reg(&value)?;
                let home = self.region;
                Ok(Known::Reg { reg, kind: Kind::Local, nullable: false, home })
            }
            value => Ok(value),
        }
    }

    fn share(
        &mut self,
        expr: &'p Expr,
        init: &'p Expr,
        body: &'p Block,
        yields: Option<&'p Block>,
    ) -> Compiled<Known> {
        let ExprKind::Share { local, field, .. } = &expr.kind else { return Ok(self.fail()) };
        let path = self.path.push(frame::SHARE);
        let init = self.below(frame::SHARE + 1, |compiler| compiler.value(init))?;
        if init.kind() != Kind::Local {
            let init = self.reg(&init)?;
            let share = self.shared_expr(expr);
            return self.walk(Walked::Share { init, share }, expr);
        }
        let state = self.state_slot(path)?;
        let slot = self.carrying_slot(path)?;
        let init = self.reg(&init)?;
        let own = self.result(Kind::Local, false, |to| Op::Recall { to, state, init })?;
        let own_reg = self.reg(&own)?;
        let theirs = self.result(Kind::Field, false, |to| Op::Gather { to, slot, own: own_reg })?;
        let outer = self.current;
        let scope = self.scopes.open(outer);
        self.current = Some(scope);
        if let Some(local) = local {
            self.define(scope, *local, own)?;
        }
        self.define(scope, *field, theirs)?;
        let (kept, result) = self.body_and_yield(frame::SHARE + 2, body, yields)?;
        self.current = outer;
        let from = self.reg(&kept)?;
        self.emit(Op::Keep { state, from });
        self.emit(Op::Export { slot, from });
        Ok(result)
    }

    fn hood(&mut self, op: HoodOp, plus_self: bool, field: &'p Expr) -> Compiled<Known> {
        let frame = frame::HOOD + ((op as u64) << 8);
        let field = self.below(frame, |compiler| compiler.value(field))?;
        let from = self.reg(&field)?;
        self.result(Kind::Local, false, |to| Op::Hood { op, plus_self, to, from })
    }

    fn generic_hood(
        &mut self,
        plus_self: bool,
        reducer: &'p Expr,
        default: &'p Expr,
        field: &'p Expr,
    ) -> Compiled<Known> {
        let field = self.below(frame::GENERIC_HOOD, |compiler| compiler.value(field))?;
        let default = self.below(frame::GENERIC_HOOD + 1, |compiler| compiler.value(default))?;
        let reducer = self.below(frame::GENERIC_HOOD + 2, |compiler| compiler.value(reducer))?;
        let regs = self.regs(&[field, default, reducer])?;
        let (first, len) = self.operands(&regs)?;
        let place = self.below(frame::GENERIC_HOOD + 3, |compiler| compiler.place());
        let what = Called::Hood { plus_self };
        self.code.calls.push(crate::vm::code::CallSite { what, first, len, place });
        let site = u16::try_from(self.code.calls.len() - 1).map_err(|_| super::Unsupported)?;
        self.result(Kind::Unknown, true, |to| Op::FoldWith { to, site })
    }
}
