//! Calls: of what is known they become the callee's code.

use super::{Compiled, Compiler, Kind, Known, MAX_OPS, MAX_SELF_CALLS};
use crate::eval::{CALL_LEVELS, frame};
use crate::natives::Native;
use crate::program::{Callee, Expr, FunctionId};
use crate::value::{Code as FunctionKind, Function, Value};
use crate::vm::code::{CallSite, Called, Op, Own, Reg, Sensor, Walked};
use std::sync::Arc;

/// A callee that is known before the program runs.
enum Target {
    Function(FunctionId, Option<super::Scope>),
    Native(&'static Native),
    Unknown,
}

impl<'p> Compiler<'p> {
    /// A definition, or a lambda that mentions no variables, as a value.
    pub(super) fn definition(&self, id: FunctionId) -> Value {
        let code = self.unit.function(id);
        Value::Function(Arc::new(Function {
            code: FunctionKind::Unit(self.unit.fingerprint),
            identity: code.identity,
            name: code.name.clone(),
            arity: code.arity,
            activation: None,
        }))
    }

    /// Whether a callee is running already, or there is too much code: such calls are walked.
    pub(super) fn is_recursive(&self, callee: &Callee) -> bool {
        match callee {
            Callee::Function(id) => self.is_inside(*id),
            _ => false,
        }
    }

    fn is_inside(&self, id: FunctionId) -> bool {
        let times = self.inside.iter().filter(|inside| **inside == id).count();
        times >= MAX_SELF_CALLS || self.code.ops.len() >= MAX_OPS
    }

    pub(super) fn call(
        &mut self,
        callee: &'p Callee,
        args: &'p [Expr],
        expr: &'p Expr,
    ) -> Compiled<Known> {
        match callee {
            Callee::Function(id) => {
                let identity = self.unit.function(*id).identity;
                self.in_call(identity, |compiler| {
                    let args = compiler.arguments(args, true)?;
                    compiler.inline(*id, None, args)
                })
            }
            Callee::Native(native) => {
                let args = self.arguments(args, false)?;
                self.native(native, &args)
            }
            Callee::Host(name) => {
                let args = self.arguments(args, true)?;
                self.act(name, &args)
            }
            Callee::Value(target) => {
                let target = self.below(frame::TARGET, |compiler| compiler.value(target))?;
                self.call_value(&target, args, expr)
            }
        }
    }

    fn in_call<T>(&mut self, identity: u64, f: impl FnOnce(&mut Self) -> T) -> T {
        self.below(frame::CALL, |compiler| compiler.below(identity, f))
    }

    fn arguments(&mut self, args: &'p [Expr], not_null: bool) -> Compiled<Vec<Known>> {
        let mut values = Vec::with_capacity(args.len());
        for (i, arg) in (0..).zip(args) {
            let value = self.below(frame::ARGUMENT + i, |compiler| {
                if not_null { compiler.value(arg) } else { compiler.expr(arg) }
            })?;
            values.push(value);
        }
        Ok(values)
    }

    fn target(&self, value: &Known) -> Target {
        match value {
            Known::Lambda(id, scope) => Target::Function(*id, *scope),
            Known::Constant(Value::Function(function)) => match function.code {
                FunctionKind::Native(native) => Target::Native(native),
                FunctionKind::Unit(unit) if unit == self.unit.fingerprint => {
                    let id = self.unit.by_identity.get(&function.identity);
                    id.map_or(Target::Unknown, |id| Target::Function(*id, None))
                }
                FunctionKind::Unit(_) => Target::Unknown,
            },
            _ => Target::Unknown,
        }
    }

    /// `x(args)` and `x.apply(args)`: the arguments are evaluated inside the function's frame.
    fn call_value(&mut self, target: &Known, args: &'p [Expr], expr: &'p Expr) -> Compiled<Known> {
        match self.target(target) {
            Target::Function(id, scope) if !self.is_inside(id) => {
                let code = self.unit.function(id);
                if !code.arity.accepts(args.len()) {
                    return Ok(self.fail());
                }
                self.in_call(code.identity, |compiler| {
                    let args = compiler.arguments(args, true)?;
                    compiler.inline(id, scope, args)
                })
            }
            Target::Native(native) => {
                let identity = match target {
                    Known::Constant(Value::Function(function)) => function.identity,
                    _ => 0,
                };
                if !native.arity.accepts(args.len()) {
                    return Ok(self.fail());
                }
                self.in_call(identity, |compiler| {
                    let args = compiler.arguments(args, false)?;
                    compiler.native(native, &args)
                })
            }
            _ => {
                let target = self.reg(target)?;
                let call = self.shared_expr(expr);
                self.walk(Walked::Call { target, call }, expr)
            }
        }
    }

    /// The body of a function in place of its call.
    fn inline(
        &mut self,
        id: FunctionId,
        outer: Option<super::Scope>,
        args: Vec<Known>,
    ) -> Compiled<Known> {
        let unit = self.unit;
        let code = unit.function(id);
        let saved = self.current;
        let scope = self.scopes.open(outer);
        self.current = Some(scope);
        for (param, arg) in code.params.iter().zip(args) {
            self.define(scope, *param, arg)?;
        }
        self.inside.push(id);
        self.depth += CALL_LEVELS;
        let value = self.below(frame::BODY, |compiler| compiler.block(&code.body));
        self.depth -= CALL_LEVELS;
        self.inside.pop();
        self.current = saved;
        value
    }

    fn native(&mut self, native: &'static Native, args: &[Known]) -> Compiled<Known> {
        if !native.arity.accepts(args.len()) {
            return Ok(self.fail());
        }
        let whole = |i: usize| i < 8 && native.field_args & (1 << i) != 0;
        let lifted = args.iter().enumerate().filter(|(i, _)| !whole(*i));
        let kind = Kind::lifted(lifted.map(|(_, arg)| arg.kind()));
        let regs = self.regs(args)?;
        let site = self.site(Called::Native(native), &regs)?;
        self.result(kind, true, |to| Op::Native { to, site })
    }

    fn site(&mut self, what: Called, regs: &[Reg]) -> Compiled<u16> {
        let (first, len) = self.operands(regs)?;
        self.code.calls.push(CallSite { what, first, len, place: self.place() });
        u16::try_from(self.code.calls.len() - 1).map_err(|_| super::Unsupported)
    }

    fn act(&mut self, name: &Arc<str>, args: &[Known]) -> Compiled<Known> {
        let regs = self.regs(args)?;
        let site = self.site(Called::Host(name.clone()), &regs)?;
        self.result(Kind::Local, false, |to| Op::Act { to, site })
    }

    pub(super) fn method(
        &mut self,
        target: &'p Expr,
        name: &Arc<str>,
        args: &'p [Expr],
        expr: &'p Expr,
    ) -> Compiled<Known> {
        let target = self.below(frame::TARGET, |compiler| compiler.expr(target))?;
        if **name == *"apply" && self.may_be_function(&target) {
            let known = !matches!(self.target(&target), Target::Unknown);
            if known {
                return self.call_value(&target, args, expr);
            }
            return self.apply_unknown(&target, expr);
        }
        let args = self.arguments(args, false)?;
        if matches!(target, Known::Myself)
            && let Some(value) = self.own_method(name, &args)?
        {
            return Ok(value);
        }
        if matches!(target, Known::Constant(Value::Environment)) {
            let regs = self.regs(&args)?;
            let site = self.site(Called::Method(name.clone()), &regs)?;
            return self.result(Kind::Local, true, |to| Op::Environment { to, site });
        }
        let kind = Kind::lifted(args.iter().chain([&target]).map(Known::kind));
        let mut regs = vec![self.reg(&target)?];
        regs.extend(self.regs(&args)?);
        let site = self.site(Called::Method(name.clone()), &regs)?;
        match (&**name, regs.as_slice()) {
            ("get", [tuple, index]) => {
                let (tuple, index) = (*tuple, *index);
                self.result(kind, true, |to| Op::Get { to, tuple, index, site })
            }
            _ => self.result(kind, true, |to| Op::Method { to, site }),
        }
    }

    fn may_be_function(&self, value: &Known) -> bool {
        match value {
            Known::Reg { .. } | Known::Lambda(..) => true,
            Known::Constant(value) => matches!(value, Value::Function(_)),
            Known::Myself => false,
        }
    }

    /// `x.apply(args)` where `x` may be a function: that decides where the arguments are evaluated.
    fn apply_unknown(&mut self, target: &Known, expr: &'p Expr) -> Compiled<Known> {
        let target = self.reg(target)?;
        let call = self.shared_expr(expr);
        self.walk(Walked::Call { target, call }, expr)
    }

    /// A method of `self`; nothing if only values in general have it.
    fn own_method(&mut self, name: &Arc<str>, args: &[Known]) -> Compiled<Option<Known>> {
        if self.options.is_host_function(name) {
            return self.act(name, args).map(Some);
        }
        if !args.is_empty() {
            return Ok(None);
        }
        let own = match &**name {
            "getDeviceUID" => Own::Uid,
            "getCurrentTime" => Own::Time,
            "getDeltaTime" => Own::DeltaTime,
            "nextRandomDouble" => Own::Random,
            "getCoordinates" | "getDevicePosition" => Own::Coordinates,
            "getExecutionEnvironment" => return Ok(Some(Known::Constant(Value::Environment))),
            "nbrRange" => return self.sensor(Sensor::Range).map(Some),
            "nbrVector" => return self.sensor(Sensor::Vector).map(Some),
            "nbrLag" => return self.sensor(Sensor::Lag).map(Some),
            "nbrDelay" => return self.sensor(Sensor::Delay).map(Some),
            _ => return Ok(None),
        };
        self.result(Kind::Local, false, |to| Op::Own { what: own, to }).map(Some)
    }

    fn sensor(&mut self, sensor: Sensor) -> Compiled<Known> {
        let path = self.path.push(frame::SENSOR);
        let slot = match sensor {
            Sensor::Range | Sensor::Vector => self.carrying_slot(path)?,
            // Only the presence counts.
            Sensor::Lag | Sensor::Delay => {
                let region = self.bare_slot(path)?;
                u16::try_from(region).map_err(|_| super::Unsupported)?
            }
        };
        self.result(Kind::Field, false, |to| Op::Sense { sensor, to, slot })
    }
}
