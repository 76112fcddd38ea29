//! Statements and expressions.

use super::fault::TOO_DEEP;
use super::visits::{Decided, Sharing};
use super::{Fault, Round, frame};
use crate::diag::DiagCode;
use crate::program::{Block, Expr, ExprKind, LocalId, Statement};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, UnaryOp};
use crate::value::{self, Code, Function, Value};
use std::sync::Arc;

pub(super) const NULL: &str = "Evaluation returned null, but null values are not allowed but when interacting with Java methods.";

/// Null may only go from one native directly to another.
pub(super) fn not_null(value: Value) -> Result<Value, Fault> {
    match value {
        Value::Null => Err(Fault::new(DiagCode::NullValue, NULL)
            .help("wrap it: `optionally(x)`; or give a default: `env.get(\"name\", default)`")),
        value => Ok(value),
    }
}

impl Round<'_> {
    /// A block in a scope of its own; its value is that of the last statement.
    #[inline(never)]
    pub(super) fn block(&mut self, block: &Block) -> Result<Value, Fault> {
        let outer = self.current;
        if let Some(scope) = block.scope {
            self.activate(scope, outer);
        }
        let value = self.statements(&block.statements);
        self.current = outer;
        value
    }

    #[inline(never)]
    pub(super) fn statements(&mut self, statements: &[Statement]) -> Result<Value, Fault> {
        let Some((last, before)) = statements.split_last() else { return Ok(Value::Unit) };
        for (i, statement) in before.iter().enumerate() {
            self.below(frame::BLOCK + i as u64, |round| round.statement(statement))?;
        }
        let value = self.below(frame::BLOCK + before.len() as u64, |r| r.statement(last))?;
        not_null(value).map_err(|fault| fault.at(statement_span(last)))
    }

    #[inline(never)]
    fn statement(&mut self, statement: &Statement) -> Result<Value, Fault> {
        match statement {
            Statement::Let(local, value) => {
                let value = self.value(value)?;
                if let Some(current) = self.current {
                    self.activations.define(current, *local, value.clone());
                }
                Ok(value)
            }
            Statement::Assign(local, expr) => {
                let value = self.value(expr)?;
                if !self.activations.assign(self.current, *local, value.clone()) {
                    return Err(unresolved(expr.span.text(), &expr.span));
                }
                Ok(value)
            }
            Statement::Expr(value) => self.eval(value),
            Statement::If { condition, then, span } => {
                if self.condition(condition)?
                    && let Some(then) = then
                {
                    self.decide(&condition.span, || Decided::Branch(true));
                    let done = self.below(frame::IF + 1, |round| round.block(then));
                    self.undecide();
                    done.map_err(|f| f.at(span))?;
                }
                Ok(Value::Unit)
            }
        }
    }

    /// An expression that must not be null.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<Value, Fault> {
        self.eval(expr).and_then(|value| not_null(value).map_err(|fault| fault.at(&expr.span)))
    }

    /// An expression; null is possible where a native gave it.
    pub(super) fn eval(&mut self, expr: &Expr) -> Result<Value, Fault> {
        self.spend()?;
        self.depth += 1;
        let result = self.expression(expr);
        self.depth -= 1;
        result.map_err(|fault| fault.at(&expr.span))
    }

    fn spend(&mut self) -> Result<(), Fault> {
        if self.depth >= self.input.limits.depth {
            let message = format!("recursion deeper than {} calls", self.calls);
            return Err(Fault::new(TOO_DEEP, message)
                .help("`mux` evaluates both branches, so a recursion inside it never ends; `if` evaluates one"));
        }
        self.charge(1)
    }

    /// Pays for so many steps; natives pay for their work on large values.
    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), Fault> {
        let left = self.effects.fuel.checked_sub(steps as u64);
        self.effects.fuel = left.ok_or_else(|| self.out_of_fuel())?;
        Ok(())
    }

    pub(super) fn out_of_fuel(&self) -> Fault {
        Fault::new(
            DiagCode::OutOfFuel,
            format!("the round took more than {} steps", self.input.limits.fuel),
        )
        .help("does a recursion end? is a tuple far larger than meant?")
    }

    fn expression(&mut self, expr: &Expr) -> Result<Value, Fault> {
        match &expr.kind {
            ExprKind::Constant(value) => Ok(value.clone()),
            ExprKind::Tuple(items) => self.tuple(items),
            ExprKind::Local(local, name) => self.variable(*local, name, &expr.span),
            ExprKind::Function(id) | ExprKind::Lambda(id) => Ok(self.function_value(*id)),
            ExprKind::Native(native) => Ok(native_value(native)),
            ExprKind::EnvOrAtom(name) => {
                let held = self.environment().get(name).map(Value::unshared);
                self.check_size(held.unwrap_or_else(|| Value::Text(name.clone())))
            }
            ExprKind::Unary(op, operand) => self.unary(*op, operand),
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b),
            ExprKind::Call(callee, args) => self.call(callee, args, &expr.span),
            ExprKind::Method { target, name, args } => self.method(target, name, args, &expr.span),
            ExprKind::If { condition, then, otherwise } => self.branch(condition, then, otherwise),
            ExprKind::Mux { condition, then, otherwise } => self.mux(condition, then, otherwise),
            ExprKind::SelfRef => Ok(Value::Device(self.input.id.clone())),
            ExprKind::Env => Ok(Value::Environment),
            _ => self.recorded(expr),
        }
    }

    #[inline(never)]
    fn recorded(&mut self, expr: &Expr) -> Result<Value, Fault> {
        let first = self.visited();
        let result = self.aggregate(expr);
        let sharing = match &expr.kind {
            ExprKind::Share { .. } => Sharing::Share,
            ExprKind::AlignedMap { .. } => Sharing::Key,
            _ => Sharing::Nbr,
        };
        self.name_visits(first, &expr.span, sharing);
        result
    }

    /// The constructs that talk to neighbours or to the past.
    #[inline(never)]
    fn aggregate(&mut self, expr: &Expr) -> Result<Value, Fault> {
        match &expr.kind {
            ExprKind::Nbr(value) => self.nbr(value),
            ExprKind::Rep { var, scope, init, body, yields } => {
                self.rep(*var, *scope, init, body, yields.as_ref())
            }
            ExprKind::Share { local, field, scope, init, body, yields } => {
                self.share((*local, *field), *scope, init, body, yields.as_ref())
            }
            ExprKind::Hood { op, plus_self, field } => self.hood(*op, *plus_self, field),
            ExprKind::GenericHood { plus_self, reducer, default, field } => {
                self.generic_hood(*plus_self, reducer, default, field)
            }
            ExprKind::AlignedMap { field, filter, op, default } => {
                self.aligned_map(field, filter, op, default, &expr.span)
            }
            ExprKind::Eval(text) => self.eval_text(text),
            // `expression` handles the rest.
            _ => Ok(Value::Unit),
        }
    }

    #[inline(never)]
    fn tuple(&mut self, items: &[Expr]) -> Result<Value, Fault> {
        let values = self.each(frame::TUPLE, items, Self::value)?;
        let tuple = self.lifted(&values, |_, values| Ok(Value::tuple(values.to_vec())))?;
        self.check_size(tuple)
    }

    /// Evaluates a list of expressions, each below its own frame.
    pub(super) fn each(
        &mut self,
        base: u64,
        items: &[Expr],
        eval: fn(&mut Self, &Expr) -> Result<Value, Fault>,
    ) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            values.push(self.below(base + i as u64, |round| eval(round, item))?);
        }
        Ok(values)
    }

    /// Reading a variable. A field is restricted to the neighbours that read it here too [D2].
    #[inline(never)]
    fn variable(&mut self, local: LocalId, name: &Arc<str>, span: &Span) -> Result<Value, Fault> {
        let value = self.activations.read(self.current, local).cloned();
        match value.ok_or_else(|| unresolved(name, span))? {
            Value::Field(field) => {
                let first = self.visited();
                let field = self.realigned(&field);
                self.name_visits(first, span, Sharing::Read);
                field
            }
            value => Ok(value),
        }
    }

    #[inline(never)]
    pub(super) fn function_value(&self, id: crate::program::FunctionId) -> Value {
        let code = self.unit.function(id);
        let activation = code.outer.and(self.current);
        Value::Function(Arc::new(Function {
            code: Code::Unit(self.unit.fingerprint),
            identity: code.identity,
            name: code.name.clone(),
            arity: code.arity,
            activation,
        }))
    }

    #[inline(never)]
    fn unary(&mut self, op: UnaryOp, operand: &Expr) -> Result<Value, Fault> {
        let value = self.below(frame::UNARY + op as u64, |round| round.value(operand))?;
        self.lifted(&[value], |_, values| match (op, values) {
            (UnaryOp::Not, [Value::Bool(b)]) => Ok(Value::Bool(!b)),
            (UnaryOp::Minus, [v]) if v.as_number().is_some() => {
                Ok(Value::Number(-v.as_number().unwrap_or_default()))
            }
            (_, values) => Err(no_operator(if op == UnaryOp::Not { "!" } else { "-" }, values)),
        })
    }

    #[inline(never)]
    fn binary(&mut self, op: BinaryOp, a: &Expr, b: &Expr) -> Result<Value, Fault> {
        let base = frame::BINARY + ((op as u64) << 8);
        let compares = matches!(op, BinaryOp::Eq | BinaryOp::NotEq);
        let read = if compares { Self::eval } else { Self::value };
        let a = self.below(base, |round| read(round, a))?;
        let b = self.below(base + 1, |round| read(round, b))?;
        let result = self.lifted(&[a, b], |round, values| match values {
            [a, b] => {
                let paid = round.effects.pay(comparison_weight(op, a, b));
                paid.ok_or_else(|| round.out_of_fuel())?;
                operate(op, a, b)
            }
            _ => Ok(Value::Unit),
        })?;
        self.check_size(result)
    }

    /// The condition of `if`: a Boolean and nothing else.
    pub(super) fn condition(&mut self, condition: &Expr) -> Result<bool, Fault> {
        let value = self.below(frame::IF, |round| round.value(condition))?;
        match value {
            Value::Bool(b) => Ok(b),
            Value::Field(_) => Err(Fault::new(
                DiagCode::BadCondition,
                "the condition of `if` is a field",
            )
            .at(&condition.span)
            .help(
                "reduce it with `anyHood(…)` or `allHood(…)`, or use `mux`, which works on fields",
            )),
            other => Err(Fault::new(
                DiagCode::BadCondition,
                format!(
                    "the condition of `if` must be a Boolean, found {} ({other})",
                    other.kind()
                ),
            )
            .at(&condition.span)
            .help("compare it with something: `x != 0`")),
        }
    }

    #[inline(never)]
    fn branch(
        &mut self,
        condition: &Expr,
        then: &Block,
        otherwise: &Block,
    ) -> Result<Value, Fault> {
        let outcome = self.condition(condition)?;
        let (block, index) = if outcome { (then, 1) } else { (otherwise, 2) };
        self.decide(&condition.span, || Decided::Branch(outcome));
        let value = self.below(frame::IF + index, |round| round.block(block));
        self.undecide();
        match value? {
            value if matches!(value, Value::Field(_)) || value.hides_field() => Err(Fault::new(
                DiagCode::BranchGaveField,
                "if statements cannot return a Field, consider using mux",
            )
            .help(
                "only some neighbours take this branch; reduce the field with a hood, or use `mux`",
            )),
            value => Ok(value),
        }
    }

    #[inline(never)]
    fn mux(&mut self, condition: &Expr, then: &Block, otherwise: &Block) -> Result<Value, Fault> {
        let condition = self.below(frame::MUX, |round| round.value(condition))?;
        let then = self.below(frame::MUX + 1, |round| round.block(then))?;
        let otherwise = self.below(frame::MUX + 2, |round| round.block(otherwise))?;
        self.lifted(&[condition, then, otherwise], |_, values| match values {
            // Whatever is not `false` counts as true [K5].
            [Value::Bool(false), _, otherwise] => Ok(otherwise.clone()),
            [_, then, _] => Ok(then.clone()),
            _ => Ok(Value::Unit),
        })
    }
}

fn statement_span(statement: &Statement) -> &Span {
    match statement {
        Statement::Let(_, value) | Statement::Assign(_, value) | Statement::Expr(value) => {
            &value.span
        }
        Statement::If { span, .. } => span,
    }
}

fn unresolved(name: &str, span: &Span) -> Fault {
    Fault::new(DiagCode::VariableNotKnown, format!("Variable {name} cannot be resolved"))
        .at(span)
        .help("this function came from state or from a neighbour, and the code around its definition has not run in this round")
}

pub(crate) fn native_value(native: &'static crate::natives::Native) -> Value {
    let name = native.qualified();
    Value::Function(Arc::new(Function {
        code: Code::Native(native),
        identity: crate::resolve::stable_hash(&["native", &name]),
        name: Arc::from(name),
        arity: native.arity,
        activation: None,
    }))
}

/// How much a comparison has to walk over: its result does not show it, as that of other operators does.
pub(crate) fn comparison_weight(op: BinaryOp, a: &Value, b: &Value) -> usize {
    let compares = matches!(
        op,
        BinaryOp::Eq
            | BinaryOp::NotEq
            | BinaryOp::Less
            | BinaryOp::LessEq
            | BinaryOp::Greater
            | BinaryOp::GreaterEq
    );
    if compares { a.weight(usize::MAX).saturating_add(b.weight(usize::MAX)) } else { 0 }
}

pub(crate) fn operate(op: BinaryOp, a: &Value, b: &Value) -> Result<Value, Fault> {
    let result = match op {
        BinaryOp::Eq => Some(Value::Bool(value::equal(a, b))),
        BinaryOp::NotEq => Some(Value::Bool(!value::equal(a, b))),
        BinaryOp::Or | BinaryOp::And => match (a, b) {
            (Value::Bool(a), Value::Bool(b)) => {
                Some(Value::Bool(if op == BinaryOp::Or { *a || *b } else { *a && *b }))
            }
            _ => None,
        },
        BinaryOp::Less => Some(Value::Bool(value::compare(a, b).is_some_and(|o| o.is_lt()))),
        BinaryOp::LessEq => Some(Value::Bool(value::compare(a, b).is_some_and(|o| o.is_le()))),
        BinaryOp::Greater => Some(Value::Bool(value::compare(a, b).is_some_and(|o| o.is_gt()))),
        BinaryOp::GreaterEq => Some(Value::Bool(value::compare(a, b).is_some_and(|o| o.is_ge()))),
        BinaryOp::Plus => value::plus(a, b),
        _ => value::binary_number_op(op, a, b),
    };
    result.ok_or_else(|| no_operator(symbol(op), &[a.clone(), b.clone()]))
}

pub(crate) fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Eq => "==",
        BinaryOp::NotEq => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEq => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEq => ">=",
        BinaryOp::Plus => "+",
        BinaryOp::Minus => "-",
        BinaryOp::Times => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Power => "^",
    }
}

fn no_operator(symbol: &str, values: &[Value]) -> Fault {
    let operands: Vec<String> = values.iter().map(|v| format!("{v} ({})", v.kind())).collect();
    let message = format!(
        "Nobody told me how to run operator {symbol} with the following parameters: {}",
        operands.join(", ")
    );
    let help = match symbol {
        "||" | "&&" | "!" => "this operator works on Booleans",
        _ => "this operator works on numbers, and on tuples of numbers of the same size",
    };
    Fault::new(DiagCode::OperatorKinds, message).help(help)
}
