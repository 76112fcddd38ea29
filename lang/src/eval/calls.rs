//! Calls of functions, natives and methods.

use super::expr::not_null;
use super::visits::{Decided, Sharing};
use super::{Fault, Round, frame};
use crate::diag::DiagCode;
use crate::natives::{Native, methods};
use crate::program::{Callee, Expr, FunctionCode, FunctionId, Unit};
use crate::source::Span;
use crate::value::{ActivationId, Code, Function, Value};
use std::sync::Arc;

/// What a call takes of the stack, in levels of expressions: measured, see the test
/// `deep_recursion_fits_a_small_stack`.
pub(crate) const CALL_LEVELS: u32 = 2;
/// The same for a function that a native calls.
const APPLY_LEVELS: u32 = 4;

impl Round<'_> {
    /// Runs `f` further down on the stack by so many levels of expressions.
    fn deeper<T>(&mut self, levels: u32, f: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += levels;
        let result = f(self);
        self.depth -= levels;
        result
    }

    #[inline(never)]
    pub(super) fn call(
        &mut self,
        callee: &Callee,
        args: &[Expr],
        span: &Span,
    ) -> Result<Value, Fault> {
        match callee {
            Callee::Function(id) => {
                let unit = self.unit.clone();
                let code = unit.function(*id);
                self.below(frame::CALL, |round| {
                    round.below(code.identity, |round| {
                        let args = round.each(frame::ARGUMENT, args, Self::value)?;
                        round.run_code(&unit, *id, args, None, span)
                    })
                })
            }
            Callee::Native(native) => {
                let args = self.each(frame::ARGUMENT, args, Self::eval)?;
                self.native(native, &args)
            }
            Callee::Host(name) => {
                let args = self.each(frame::ARGUMENT, args, Self::value)?;
                Ok(self.act(name, args))
            }
            Callee::Value(target) => {
                let target_value = self.below(frame::TARGET, |round| round.value(target))?;
                self.call_value(&target_value, args, span).map_err(|fault| match &target_value {
                    Value::Function(_) | Value::Field(_) => fault,
                    _ => fault.help(format!(
                        "`{}` has a plain value; is an operator missing behind it, or a `;`?",
                        target.span.text()
                    )),
                })
            }
        }
    }

    /// `x(args)` and `x.apply(args)`: the arguments are evaluated inside the function's frame.
    #[inline(never)]
    pub(crate) fn call_value(
        &mut self,
        target: &Value,
        args: &[Expr],
        span: &Span,
    ) -> Result<Value, Fault> {
        match target {
            Value::Function(function) => {
                self.decide_function(span, function);
                let result = self.below(frame::CALL, |round| {
                    round.below(function.identity, |round| {
                        let args = round.each(frame::ARGUMENT, args, Self::eval)?;
                        round.invoke(function, args, span)
                    })
                });
                self.undecide();
                result
            }
            Value::Field(_) => {
                let mut operands = vec![target.clone()];
                operands.extend(self.each(frame::ARGUMENT, args, Self::eval)?);
                self.lifted(&operands, |round, values| match values {
                    [Value::Function(function), args @ ..] => round.below(frame::CALL, |round| {
                        round.below(function.identity, |r| r.invoke(function, args.to_vec(), span))
                    }),
                    [other, ..] => Err(not_a_function(other)),
                    [] => Ok(Value::Unit),
                })
            }
            other => Err(not_a_function(other)),
        }
    }

    /// Runs a function whose frame was entered already.
    #[inline(never)]
    fn invoke(
        &mut self,
        function: &Function,
        args: Vec<Value>,
        span: &Span,
    ) -> Result<Value, Fault> {
        if !function.arity.accepts(args.len()) {
            let name = super::fault::readable(&function.name);
            let (wants, found) = (function.arity.describe(), args.len());
            let message = format!("{name} must be invoked with {wants}, found {found}");
            let help = "give the function as many parameters as it is called with";
            return Err(Fault::new(DiagCode::ArgumentCount, message).at(span).help(help));
        }
        match function.code {
            Code::Native(native) => self.native(native, &args),
            Code::Unit(fingerprint) => {
                let (unit, id) = self.find_code(fingerprint, function)?;
                let outer = unit.function(id).outer;
                let activation = function.activation.or_else(|| {
                    outer.and_then(|scope| self.latest(unit.fingerprint, &unit.scopes, scope))
                });
                if self.compiled && outer.is_some() && activation.is_none() {
                    // Compiled code may have run that scope, and keeps no record of it.
                    return Err(Fault::new(
                        DiagCode::VariableNotKnown,
                        "Variables of this function are not known",
                    ));
                }
                self.run_code(&unit, id, args, activation, span)
            }
        }
    }

    /// The code of a function value; one that came from another program is not known here.
    fn find_code(
        &self,
        fingerprint: u64,
        function: &Function,
    ) -> Result<(Arc<Unit>, FunctionId), Fault> {
        let unit = self.unit_named(fingerprint);
        let found =
            unit.and_then(|u| u.by_identity.get(&function.identity).map(|id| (u.clone(), *id)));
        found.ok_or_else(|| {
            let here = self.program.fingerprint();
            let message = format!(
                "the function {} comes from program version {fingerprint:016x}; this device runs {here:016x}",
                function.name
            );
            Fault::new(DiagCode::ForeignFunction, message).help("run the same program on all devices, or restart the sender")
        })
    }

    /// Runs a body with its parameters bound, below `outer`.
    #[inline(never)]
    fn run_code(
        &mut self,
        unit: &Arc<Unit>,
        id: FunctionId,
        args: Vec<Value>,
        outer: Option<ActivationId>,
        span: &Span,
    ) -> Result<Value, Fault> {
        let code: &FunctionCode = unit.function(id);
        for arg in &args {
            if matches!(arg, Value::Null) {
                not_null(Value::Null).map_err(|fault| fault.at(span))?;
            }
        }
        let saved = self.current;
        let saved_unit = std::mem::replace(&mut self.unit, unit.clone());
        let activation = self.activate(code.scope, outer);
        self.calls += 1;
        self.record_call(span);
        for (param, arg) in code.params.iter().zip(args) {
            self.activations.define(activation, *param, arg);
        }
        let result = self
            .deeper(CALL_LEVELS, |round| round.below(frame::BODY, |round| round.block(&code.body)));
        self.calls -= 1;
        self.record_return();
        self.unit = saved_unit;
        self.current = saved;
        result.map_err(|fault| fault.called(&code.name, span))
    }

    /// Calls a native: lifted over every field argument that it does not take whole.
    #[inline(never)]
    pub(super) fn native(
        &mut self,
        native: &'static Native,
        args: &[Value],
    ) -> Result<Value, Fault> {
        if !native.arity.accepts(args.len()) {
            return Err(crate::natives::no_such_overload(native.class, native.name, args));
        }
        let whole = |i: usize| i < 8 && native.field_args & (1 << i) != 0;
        let lifts = args.iter().enumerate().any(|(i, a)| matches!(a, Value::Field(_)) && !whole(i));
        if !lifts {
            return native.run(self, args).and_then(|value| self.check_size(value));
        }
        let value = self.lifted(args, |round, values| native.run(round, values))?;
        self.check_size(value)
    }

    /// `target.name(args)`; on a field it goes to the elements [D17].
    #[inline(never)]
    pub(super) fn method(
        &mut self,
        target: &Expr,
        name: &Arc<str>,
        args: &[Expr],
        span: &Span,
    ) -> Result<Value, Fault> {
        let target = self.below(frame::TARGET, |round| round.eval(target))?;
        self.method_of(target, name, args, span)
    }

    /// A method of a value, with arguments still to be evaluated.
    pub(crate) fn method_of(
        &mut self,
        target: Value,
        name: &Arc<str>,
        args: &[Expr],
        span: &Span,
    ) -> Result<Value, Fault> {
        if **name == *"apply" && matches!(target, Value::Function(_)) {
            return self.call_value(&target, args, span);
        }
        let args = self.each(frame::ARGUMENT, args, Self::eval)?;
        let result = match &target {
            Value::Device(id) if id == self.input.id => {
                let first = self.visited();
                let answer = self.context_method(name, &args)?;
                self.name_visits(first, span, Sharing::Sensor);
                answer
            }
            Value::Environment => self.environment_method(name, &args)?,
            _ => None,
        };
        if let Some(value) = result {
            self.pay_for(&value)?;
            return Ok(value);
        }
        let mut operands = vec![target];
        operands.extend(args);
        let value = self.lifted(&operands, |round, values| match values {
            [target, args @ ..] => methods::call(round, target, name, args),
            [] => Ok(Value::Unit),
        })?;
        self.check_size(value)
    }

    /// Asks the host to do something once the round has succeeded.
    pub(super) fn act(&mut self, name: &Arc<str>, args: Vec<Value>) -> Value {
        self.effects.actions.push((name.clone(), args.iter().map(Value::detached).collect()));
        Value::Bool(true)
    }

    /// Applies a function that a native was given, at an index that makes its path unique.
    pub(crate) fn apply_at(
        &mut self,
        index: u64,
        function: &Value,
        args: Vec<Value>,
    ) -> Result<Value, Fault> {
        self.below(frame::ELEMENT + index, |round| round.apply(function, args))
    }

    /// Applies a function at the current path, as reducers are.
    #[inline(never)]
    pub(crate) fn apply(&mut self, function: &Value, args: Vec<Value>) -> Result<Value, Fault> {
        let Value::Function(function) = function else { return Err(not_a_function(function)) };
        let place = self.place_of(function);
        self.deeper(APPLY_LEVELS, |round| {
            round.below(frame::CALL, |round| {
                round.below(function.identity, |round| match &place {
                    Some(span) => round.invoke(function, args, span),
                    None => match function.code {
                        Code::Native(native) => round.native(native, &args),
                        Code::Unit(fingerprint) => Err(round
                            .find_code(fingerprint, function)
                            .err()
                            .unwrap_or_else(|| not_a_function(&Value::Function(function.clone())))),
                    },
                })
            })
        })
    }

    /// Notes which function a value is, while that is recorded.
    fn decide_function(&mut self, span: &Span, function: &Function) {
        if self.record.is_none() {
            return;
        }
        let name = super::fault::readable(&function.name);
        let name = match self.place_of(function).filter(|_| function.name.contains('{')) {
            Some(place) => format!("{name} at {}", place.place()),
            None => name,
        };
        self.decide(span, || Decided::Function(Arc::from(name)));
    }

    /// Where a function is written, if its text is known.
    fn place_of(&self, function: &Function) -> Option<Span> {
        let Code::Unit(fingerprint) = function.code else { return None };
        let (unit, id) = self.find_code(fingerprint, function).ok()?;
        Some(unit.function(id).span.clone())
    }
}

fn not_a_function(value: &Value) -> Fault {
    Fault::new(
        DiagCode::NotAFunction,
        format!("{value} ({}) cannot be called: it is not a function", value.kind()),
    )
}
