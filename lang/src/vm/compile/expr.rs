//! Expressions without neighbours or memory.

use super::{Compiled, Compiler, Kind, Known, MAX_LEVEL};
use crate::eval::frame;
use crate::program::{Block, Expr, ExprKind, LocalId};
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::value::Value;
use crate::vm::code::{CloseSite, Op, Own, Reg, WalkSite, Walked};
use std::sync::Arc;

impl<'p> Compiler<'p> {
    /// An expression that must not be null.
    pub(super) fn value(&mut self, expr: &'p Expr) -> Compiled<Known> {
        let value = self.expr(expr)?;
        self.not_null(&value)
    }

    /// An expression; null is possible where a native gave it.
    pub(super) fn expr(&mut self, expr: &'p Expr) -> Compiled<Known> {
        if self.level >= MAX_LEVEL || self.must_be_walked(expr) {
            let shared = self.shared_expr(expr);
            return self.walk(Walked::Expr(shared), expr);
        }
        let saved = self.span.replace(expr.span.clone());
        self.spend();
        self.depth += 1;
        self.level += 1;
        let value = self.expression(expr);
        self.level -= 1;
        self.depth -= 1;
        self.span = saved;
        value
    }

    /// Counts an expression as the reference evaluator does.
    fn spend(&mut self) {
        let region = self.region;
        self.code_region(region).fuel += 1;
        self.code.deepest = self.code.deepest.max(self.depth);
    }

    /// What is left to the reference evaluator whatever it is given.
    fn must_be_walked(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::AlignedMap { .. } | ExprKind::Eval(_) => true,
            ExprKind::Call(callee, _) => self.is_recursive(callee),
            _ => false,
        }
    }

    /// One copy for all places that walk the same expression.
    pub(super) fn shared_expr(&mut self, expr: &Expr) -> Arc<Expr> {
        let key = std::ptr::from_ref(expr) as usize;
        self.shared.entry(key).or_insert_with(|| Arc::new(expr.clone())).clone()
    }

    /// Walks a part of the program, with the variables that `expr` mentions.
    pub(super) fn walk(&mut self, walked: Walked, expr: &Expr) -> Compiled<Known> {
        let mut site =
            WalkSite { walked, captures: Vec::new(), assigned: Vec::new(), place: self.place() };
        for local in self.frees.of_expr(expr) {
            let local = LocalId(local);
            let Some(value) = self.scopes.find(self.current, local) else { continue };
            let reg = self.reg(&value)?;
            site.captures.push((local, reg));
            if self.assigned.contains(&local) {
                site.assigned.push((local, reg));
            }
        }
        self.code.walks.push(site);
        let site = self.code.walks.len() as u16 - 1;
        let saved = self.span.replace(expr.span.clone());
        let value = self.result(Kind::Unknown, true, |to| Op::Walk { to, site });
        self.span = saved;
        value
    }

    fn expression(&mut self, expr: &'p Expr) -> Compiled<Known> {
        match &expr.kind {
            ExprKind::Constant(value) => Ok(Known::Constant(value.clone())),
            ExprKind::Tuple(items) => self.tuple(items),
            ExprKind::Local(local, _) => self.variable(*local),
            ExprKind::Function(id) => Ok(Known::Constant(self.definition(*id))),
            ExprKind::Lambda(id) => Ok(Known::Lambda(*id, self.current)),
            ExprKind::Native(native) => Ok(Known::Constant(crate::eval::native_value(native))),
            ExprKind::EnvOrAtom(name) => {
                let name = self.constant(&Value::Text(name.clone()))?;
                self.result(Kind::Local, false, |to| Op::EnvOrAtom { to, name })
            }
            ExprKind::Unary(op, operand) => self.unary(*op, operand),
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b),
            ExprKind::Call(callee, args) => self.call(callee, args, expr),
            ExprKind::Method { target, name, args } => self.method(target, name, args, expr),
            ExprKind::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            ExprKind::Mux { condition, then, otherwise } => self.mux(condition, then, otherwise),
            ExprKind::SelfRef => Ok(Known::Myself),
            ExprKind::Env => Ok(Known::Constant(Value::Environment)),
            _ => self.aggregate(expr),
        }
    }

    /// The register of a value, which is put there if it is in none.
    pub(super) fn reg(&mut self, value: &Known) -> Compiled<Reg> {
        match value {
            Known::Reg { reg, .. } => Ok(*reg),
            Known::Constant(value) => self.constant(value),
            Known::Myself => {
                let reg = self.new_reg()?;
                self.emit(Op::Own { what: Own::Device, to: reg });
                Ok(reg)
            }
            Known::Lambda(id, scope) => {
                let code = self.unit.function(*id);
                if code.outer.is_none() {
                    let value = self.definition(*id);
                    return self.constant(&value);
                }
                let mut captures = Vec::new();
                for local in self.frees.of_function(*id) {
                    let local = LocalId(local);
                    let Some(value) = self.scopes.find(*scope, local) else { continue };
                    // A function that leaves sees later changes of its variables: that needs the
                    // reference evaluator.
                    if self.assigned.contains(&local) {
                        return Err(super::Unsupported);
                    }
                    captures.push((local, self.reg(&value)?));
                }
                self.code.closes.push(CloseSite { function: *id, captures });
                let site = self.code.closes.len() as u16 - 1;
                let reg = self.new_reg()?;
                self.emit(Op::Close { to: reg, site });
                Ok(reg)
            }
        }
    }

    pub(super) fn regs(&mut self, values: &[Known]) -> Compiled<Vec<Reg>> {
        values.iter().map(|value| self.reg(value)).collect()
    }

    fn tuple(&mut self, items: &'p [Expr]) -> Compiled<Known> {
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in (0..).zip(items) {
            values.push(self.below(frame::TUPLE + i, |compiler| compiler.value(item))?);
        }
        let kind = Kind::lifted(values.iter().map(Known::kind));
        let regs = self.regs(&values)?;
        let (first, len) = self.operands(&regs)?;
        self.result(kind, false, |to| Op::Tuple { to, first, len })
    }

    /// Reading a variable. A field is restricted to the neighbours that read it here too [D2].
    fn variable(&mut self, local: LocalId) -> Compiled<Known> {
        let Some(value) = self.scopes.find(self.current, local) else { return Ok(self.fail()) };
        let Known::Reg { reg, kind, home, .. } = value else { return Ok(value) };
        let path = self.path.push(frame::READ);
        match kind {
            Kind::Local => Ok(value),
            Kind::Field => {
                let region = self.bare_slot(path)?;
                if home == self.region {
                    return Ok(value);
                }
                let region = u16::try_from(region).map_err(|_| super::Unsupported)?;
                self.result(Kind::Field, false, |to| Op::Restrict { to, from: reg, region })
            }
            Kind::Unknown => {
                self.code.paths.push(path);
                let path = self.code.paths.len() as u16 - 1;
                self.result(Kind::Unknown, false, |to| Op::Read { to, from: reg, path })
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &'p Expr) -> Compiled<Known> {
        let value = self.below(frame::UNARY + op as u64, |compiler| compiler.value(operand))?;
        if let (UnaryOp::Minus, Known::Constant(Value::Number(x))) = (op, &value) {
            return Ok(Known::Constant(Value::Number(-x)));
        }
        let a = self.reg(&value)?;
        self.result(value.kind(), false, |to| Op::Unary { op, to, a })
    }

    fn binary(&mut self, op: BinaryOp, a: &'p Expr, b: &'p Expr) -> Compiled<Known> {
        let base = frame::BINARY + ((op as u64) << 8);
        let compares = matches!(op, BinaryOp::Eq | BinaryOp::NotEq);
        let a = self.below(base, |c| if compares { c.expr(a) } else { c.value(a) })?;
        let b = self.below(base + 1, |c| if compares { c.expr(b) } else { c.value(b) })?;
        let kind = Kind::lifted([a.kind(), b.kind()]);
        let (a, b) = (self.reg(&a)?, self.reg(&b)?);
        self.result(kind, false, |to| Op::Binary { op, to, a, b })
    }

    fn branch(
        &mut self,
        condition: &'p Expr,
        then: &'p Block,
        otherwise: &'p Block,
    ) -> Compiled<Known> {
        let jump = self.condition(condition)?;
        let to = self.new_reg()?;
        let outer = self.enter(Some((condition.span.clone(), true)))?;
        self.arm(1, then, to)?;
        self.region = outer;
        let end = self.emit(Op::Jump(0));
        self.land(jump);
        let outer = self.enter(Some((condition.span.clone(), false)))?;
        self.arm(2, otherwise, to)?;
        self.region = outer;
        self.land(end);
        Ok(Known::Reg { reg: to, kind: Kind::Local, nullable: false, home: self.region })
    }

    /// One branch of an `if`: its value, which is no field, goes to a register.
    fn arm(&mut self, index: u64, block: &'p Block, to: Reg) -> Compiled<()> {
        let value = self.below(frame::IF + index, |compiler| compiler.block(block))?;
        let from = self.reg(&value)?;
        self.emit(Op::NoField(from));
        self.emit(Op::Move { to, from });
        Ok(())
    }

    fn mux(
        &mut self,
        condition: &'p Expr,
        then: &'p Block,
        otherwise: &'p Block,
    ) -> Compiled<Known> {
        let condition = self.below(frame::MUX, |compiler| compiler.value(condition))?;
        let then = self.below(frame::MUX + 1, |compiler| compiler.block(then))?;
        let otherwise = self.below(frame::MUX + 2, |compiler| compiler.block(otherwise))?;
        let kind = Kind::lifted([condition.kind(), then.kind(), otherwise.kind()]);
        let (condition, then, otherwise) =
            (self.reg(&condition)?, self.reg(&then)?, self.reg(&otherwise)?);
        self.result(kind, false, |to| Op::Mux { to, condition, then, otherwise })
    }
}
