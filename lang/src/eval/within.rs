//! Parts of a round that compiled code leaves to this evaluator.

use super::{Fault, Path, Round, RoundInput};
use crate::layout::Texts;
use crate::program::{Expr, ExprKind, FunctionId, LocalId, Program};
use crate::value::{Code, Function, Value};
use std::sync::Arc;

/// What the walked parts of a round leave, by path.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) exported: Vec<(u64, Value)>,
    pub(crate) kept: Vec<(u64, Value)>,
    pub(crate) texts: Texts,
}

impl<'a> Round<'a> {
    /// A round of which compiled code runs the most.
    pub(crate) fn compiled(program: &'a Program, input: &'a RoundInput<'a>) -> Self {
        Self { compiled: true, ..Self::new(program, input) }
    }

    /// Goes to a place of the program.
    pub(crate) fn stand_at(&mut self, path: Path, depth: u32) {
        self.path = path;
        self.depth = depth;
        self.current = None;
    }

    /// Opens a scope with these variables, outside of which nothing is visible.
    ///
    /// Compiled code keeps no record of its scopes: a function that looks for the latest run of
    /// the scope around it finds those of walked parts only, and the round fails where there is
    /// none. Older ones are forgotten, as compiled code may have run since.
    pub(crate) fn with_variables(&mut self, variables: impl Iterator<Item = (LocalId, Value)>) {
        self.activations.forget_latest();
        let id = self.activations.open(None);
        variables.for_each(|(local, value)| self.activations.define(id, local, value));
        self.current = Some(id);
    }

    /// A variable as the walked part left it.
    pub(crate) fn variable_now(&self, local: LocalId) -> Option<&Value> {
        self.activations.read(self.current, local)
    }

    /// Evaluates an expression here.
    pub(crate) fn walk(&mut self, expr: &Expr) -> Result<Value, Fault> {
        self.eval(expr)
    }

    /// A call of a value, or of its `apply`, from the arguments on.
    pub(crate) fn walk_call(&mut self, target: Value, call: &Expr) -> Result<Value, Fault> {
        match &call.kind {
            ExprKind::Call(_, args) => self.call_value(&target, args, &call.span),
            ExprKind::Method { name, args, .. } => self.method_of(target, name, args, &call.span),
            _ => Ok(Value::Unit),
        }
    }

    /// A `share` from its initial value on.
    pub(crate) fn walk_share(&mut self, init: Value, share: &Expr) -> Result<Value, Fault> {
        match &share.kind {
            ExprKind::Share { local, field, scope, body, yields, .. } => {
                self.share_from(init, (*local, *field), *scope, body, yields.as_ref())
            }
            _ => Ok(Value::Unit),
        }
    }

    /// A lambda with the variables around it.
    pub(crate) fn close(
        &mut self,
        id: FunctionId,
        variables: impl Iterator<Item = (LocalId, Value)>,
    ) -> Value {
        let activation = self.activations.open(None);
        variables.for_each(|(local, value)| self.activations.define(activation, local, value));
        let code = self.program.unit.function(id);
        Value::Function(Arc::new(Function {
            code: Code::Unit(self.program.unit.fingerprint),
            identity: code.identity,
            name: code.name.clone(),
            arity: code.arity,
            activation: Some(activation),
        }))
    }

    /// What walked parts exported, kept and read as programs.
    pub(crate) fn left(self) -> Left {
        Left { exported: self.exported, kept: self.kept, texts: self.texts }
    }

    /// Whether nothing was left.
    pub(crate) fn left_nothing(&self) -> bool {
        self.exported.is_empty() && self.kept.is_empty() && self.texts.is_empty()
    }

    /// Tells the neighbours that a field is read at a path.
    pub(crate) fn export_at(&mut self, path: Path) -> Result<(), Fault> {
        self.export(path, &Value::Unit)
    }

    /// A method of the environment or of this device, if it is one.
    pub(crate) fn host_method(
        &mut self,
        target: &Value,
        name: &Arc<str>,
        args: &[Value],
    ) -> Result<Option<Value>, Fault> {
        match target {
            Value::Device(id) if id == self.input.id => self.context_method(name, args),
            Value::Environment => self.environment_method(name, args),
            _ => Ok(None),
        }
    }

    pub(crate) fn request(&mut self, name: &Arc<str>, args: Vec<Value>) -> Value {
        self.act(name, args)
    }
}
