//! Bodies: every name of a definition or program resolved.

use super::modules::{Loader, arity};
use super::names::{Binding, Visible, automatic};
use super::scope::{DialectUse, Found, Frames, Kind};
use super::{dialect, stable_hash};
use crate::diag::{DiagCode, Diagnostic, Severity, nearest};
use crate::program::{
    Block, Callee, Expr, ExprKind, FunctionCode, FunctionId, LocalId, ScopeId, Statement,
};
use crate::source::Span;
use crate::syntax::ast::{self, FunctionDef, LambdaParams, Name};
use crate::value::{Arity, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What stands for something that was reported.
fn nothing(span: &Span) -> Expr {
    Expr { kind: ExprKind::Constant(Value::Null), span: span.clone() }
}

/// The number of parameters of a function literal.
fn literal_arity(expr: &ast::Expr) -> Option<Arity> {
    match &expr.kind {
        ast::ExprKind::Lambda { params: LambdaParams::Short, .. } => Some(Arity::Short),
        ast::ExprKind::Lambda { params: LambdaParams::Named(names), .. } => {
            Some(arity(names.len()))
        }
        _ => None,
    }
}

/// A short lambda that is being read.
struct Short {
    it: LocalId,
    used: bool,
    /// A short lambda inside it that uses its own `it`.
    shadowed: Option<Span>,
}

/// Resolves the definitions and the program of one module.
pub(super) struct BodyResolver<'r, 'a> {
    pub(super) loader: &'r mut Loader<'a>,
    module: usize,
    pub(super) visible: Visible,
    pub(super) dialect: bool,
    wants_dialect: bool,
    pub(super) uses: Vec<DialectUse>,
    pub(super) frames: Frames,
    /// The definition whose body is being read, and how many lambdas it had so far: the position
    /// of a lambda is its identity.
    enclosing: String,
    lambdas: usize,
    /// Each short lambda around this place.
    shorts: Vec<Short>,
    /// Variables that hold a function literal.
    literals: FxHashMap<LocalId, Arity>,
    /// Names of this definition that were reported: once is enough.
    unknown: FxHashSet<Arc<str>>,
}

impl<'r, 'a> BodyResolver<'r, 'a> {
    pub(super) fn new(
        loader: &'r mut Loader<'a>,
        module: usize,
        visible: Visible,
        dialect: bool,
    ) -> Self {
        Self {
            loader,
            module,
            visible,
            dialect,
            wants_dialect: false,
            uses: Vec::new(),
            frames: Frames::default(),
            enclosing: String::new(),
            lambdas: 0,
            shorts: Vec::new(),
            literals: FxHashMap::default(),
            unknown: FxHashSet::default(),
        }
    }

    pub(super) fn outcome(self) -> (Vec<DialectUse>, bool) {
        (self.uses, self.wants_dialect)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.loader.is_full(diagnostic.severity) {
            self.loader.findings.push(diagnostic);
        }
    }

    fn enter(&mut self, name: String) {
        self.enclosing = name;
        self.lambdas = 0;
        self.frames = Frames::default();
        self.shorts.clear();
        self.literals.clear();
        self.unknown.clear();
    }

    pub(super) fn definition(&mut self, module: &str, position: usize, def: &FunctionDef) {
        let name = format!("{module}:{}", def.name.text);
        self.enter(name.clone());
        let decls = self.loader.modules.get(self.module).map(|m| m.decls.as_slice());
        let Some(id) = decls.and_then(|d| d.get(position)).map(|d| d.id) else { return };
        let identity = stable_hash(&[&name, &def.params.len().to_string()]);
        let code = self.function(
            name,
            identity,
            arity(def.params.len()),
            &def.params,
            &def.body,
            Kind::Block,
        );
        self.store(id, FunctionCode { span: def.name.span.clone(), ..code });
    }

    pub(super) fn main(&mut self, module: &str, block: &ast::Block) -> Block {
        self.enter(format!("{module}:"));
        self.block(block)
    }

    fn store(&mut self, id: FunctionId, code: FunctionCode) {
        if let Some(slot) = self.loader.codes.get_mut(id.0 as usize) {
            *slot = Some(code);
        }
    }

    /// A definition or lambda with named parameters.
    fn function(
        &mut self,
        name: String,
        identity: u64,
        arity: Arity,
        params: &[Name],
        body: &ast::Block,
        kind: Kind,
    ) -> FunctionCode {
        let outer = self.frames.innermost();
        let scope = self.loader.new_scope(outer);
        self.frames.push(scope, kind);
        let params = params.iter().map(|param| self.bind(&param.text)).collect();
        let span = body.span.clone();
        let body = self.block(body);
        self.frames.pop();
        FunctionCode { name: Arc::from(name), identity, arity, params, scope, outer, body, span }
    }

    fn bind(&mut self, name: &Arc<str>) -> LocalId {
        let local = self.loader.new_local();
        self.frames.bind(name, local, true);
        local
    }

    pub(super) fn block(&mut self, block: &ast::Block) -> Block {
        let scope = self.open_block(block);
        let statements = self.statements(block);
        if scope.is_some() {
            self.frames.pop();
        }
        Block { scope, statements }
    }

    /// Opens a scope if the block defines variables. All of them are known from the start, so that
    /// functions that run later may use them.
    fn open_block(&mut self, block: &ast::Block) -> Option<ScopeId> {
        let lets: Vec<Arc<str>> = block
            .statements
            .iter()
            .filter_map(|s| match s {
                ast::Statement::Let { name, .. } => Some(name.text.clone()),
                _ => None,
            })
            .collect();
        if lets.is_empty() {
            return None;
        }
        let scope = self.loader.new_scope(self.frames.innermost());
        self.frames.push(scope, Kind::Block);
        for name in &lets {
            let local = self.loader.new_local();
            self.frames.bind(name, local, false);
        }
        Some(scope)
    }

    fn statements(&mut self, block: &ast::Block) -> Vec<Statement> {
        self.check_block_end(block);
        block.statements.iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&mut self, statement: &ast::Statement) -> Statement {
        match statement {
            ast::Statement::Let { name, value, .. } => {
                if self.frames.shows(&name.text) {
                    let message = format!("`{}` is defined twice in this block", name.text);
                    self.report(
                        Diagnostic::warning(DiagCode::DuplicateLet, &name.span, message)
                            .help("the later definition hides the earlier; to change the variable, leave out `let`"),
                    );
                }
                let literal = literal_arity(value);
                let value = self.expr(value);
                let revealed = self.frames.reveal(&name.text);
                let local = revealed.unwrap_or_else(|| self.loader.new_local());
                self.loader.lets.insert(local, name.span.clone());
                if let Some(arity) = literal {
                    self.literals.insert(local, arity);
                }
                Statement::Let(local, value)
            }
            ast::Statement::Assign { name, value, .. } => {
                let value = self.expr(value);
                match self.frames.find(&name.text) {
                    Found::Local(local) => {
                        self.literals.remove(&local);
                        Statement::Assign(local, value)
                    }
                    found => {
                        self.bad_assignment(name, matches!(found, Found::TooEarly));
                        Statement::Expr(value)
                    }
                }
            }
            ast::Statement::Expr(value) => Statement::Expr(self.expr(value)),
            ast::Statement::If { condition, then, span } => Statement::If {
                condition: self.expr(condition),
                then: then.as_ref().map(|block| self.block(block)),
                span: span.clone(),
            },
        }
    }

    fn bad_assignment(&mut self, name: &Name, too_early: bool) {
        let message = if too_early {
            format!("`{}` is assigned before its `let`", name.text)
        } else {
            format!("there is no variable `{}` to assign to", name.text)
        };
        let help = match nearest(&name.text, self.frames.names()).filter(|n| **n != *name.text) {
            Some(near) => format!("did you mean `{near}`? A new variable begins with `let`"),
            None => format!("write `let {} = …` where it is first used", name.text),
        };
        self.unknown.insert(name.text.clone());
        self.report(Diagnostic::error(DiagCode::BadAssignment, &name.span, message).help(help));
    }

    fn boxed(&mut self, expr: &ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    pub(super) fn exprs(&mut self, exprs: &[ast::Expr]) -> Vec<Expr> {
        exprs.iter().map(|e| self.expr(e)).collect()
    }

    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Expr {
        let span = expr.span.clone();
        let kind = match &expr.kind {
            ast::ExprKind::Number(x) => ExprKind::Constant(Value::Number(*x)),
            ast::ExprKind::Text(text) => ExprKind::Constant(Value::Text(text.clone())),
            ast::ExprKind::Bool(b) => ExprKind::Constant(Value::Bool(*b)),
            ast::ExprKind::Bad => ExprKind::Constant(Value::Null),
            ast::ExprKind::Tuple(items) => ExprKind::Tuple(self.exprs(items)),
            ast::ExprKind::Name(name) => self.name(name, &span),
            ast::ExprKind::ClassMember(class, member) => self.class_member(class, member, &span),
            ast::ExprKind::ModuleMember(module, name) => self.module_member(module, name, &span),
            ast::ExprKind::Unary(op, operand) => ExprKind::Unary(*op, self.boxed(operand)),
            ast::ExprKind::Binary(op, a, b) => {
                let a = self.boxed(a);
                ExprKind::Binary(*op, a, self.boxed(b))
            }
            ast::ExprKind::Call { callee, args } => self.call(callee, args, &span),
            ast::ExprKind::Method { target, name, args } => self.method(target, name, args),
            ast::ExprKind::Hash { name, args } => self.hash_call(name, args, &span),
            ast::ExprKind::Lambda { params, body } => self.lambda(params, body, &span),
            ast::ExprKind::SelfRef => ExprKind::SelfRef,
            ast::ExprKind::Env => ExprKind::Env,
            ast::ExprKind::It => self.it(&span),
            ast::ExprKind::Eval(text) => ExprKind::Eval(self.boxed(text)),
            other => self.construct(other),
        };
        Expr { kind, span }
    }

    /// The constructs with blocks or neighbours.
    fn construct(&mut self, kind: &ast::ExprKind) -> ExprKind {
        match kind {
            ast::ExprKind::Nbr(value) => ExprKind::Nbr(self.boxed(value)),
            ast::ExprKind::Rep { var, init, body, yields } => {
                let init = self.boxed(init);
                let (scope, vars, body, yields) =
                    self.stateful(&[Some(var)], body, yields.as_ref());
                let var = vars.first().copied().flatten().unwrap_or(LocalId(0));
                ExprKind::Rep { var, scope, init, body, yields }
            }
            ast::ExprKind::Share { local, field, init, body, yields } => {
                let init = self.boxed(init);
                let names = [local.as_ref(), Some(field)];
                let (scope, vars, body, yields) = self.stateful(&names, body, yields.as_ref());
                let local = vars.first().copied().flatten();
                let field = vars.get(1).copied().flatten().unwrap_or(LocalId(0));
                ExprKind::Share { local, field, scope, init, body, yields }
            }
            ast::ExprKind::If { condition, then, otherwise } => {
                let condition = self.boxed(condition);
                let then = self.block(then);
                ExprKind::If { condition, then, otherwise: self.block(otherwise) }
            }
            ast::ExprKind::Mux { condition, then, otherwise } => {
                let condition = self.boxed(condition);
                let then = self.block(then);
                ExprKind::Mux { condition, then, otherwise: self.block(otherwise) }
            }
            ast::ExprKind::Hood { op, plus_self, field } => {
                ExprKind::Hood { op: *op, plus_self: *plus_self, field: self.boxed(field) }
            }
            ast::ExprKind::GenericHood { plus_self, reducer, default, field } => {
                let reducer = self.boxed(reducer);
                let default = self.boxed(default);
                ExprKind::GenericHood {
                    plus_self: *plus_self,
                    reducer,
                    default,
                    field: self.boxed(field),
                }
            }
            ast::ExprKind::AlignedMap { field, filter, op, default } => {
                let field = self.boxed(field);
                let filter = self.boxed(filter);
                let op = self.boxed(op);
                ExprKind::AlignedMap { field, filter, op, default: self.boxed(default) }
            }
            // Every other kind is handled by the caller.
            _ => ExprKind::Constant(Value::Null),
        }
    }

    /// A `rep` or `share`: its variables, its body, and a yield that sees the body's variables.
    fn stateful(
        &mut self,
        names: &[Option<&Name>],
        body: &ast::Block,
        yields: Option<&ast::Block>,
    ) -> (ScopeId, Vec<Option<LocalId>>, Block, Option<Block>) {
        let scope = self.loader.new_scope(self.frames.innermost());
        self.frames.push(scope, Kind::Block);
        let vars = names.iter().map(|name| name.map(|name| self.bind(&name.text))).collect();
        let body_scope = self.open_block(body);
        let statements = self.statements(body);
        let yields = yields.map(|block| self.block(block));
        if body_scope.is_some() {
            self.frames.pop();
        }
        self.frames.pop();
        (scope, vars, Block { scope: body_scope, statements }, yields)
    }

    fn lambda(&mut self, params: &LambdaParams, body: &ast::Block, span: &Span) -> ExprKind {
        self.lambdas += 1;
        let position = self.lambdas.to_string();
        let id = self.loader.new_function();
        let place = format!("{}{{{position}}}", self.enclosing);
        let code = match params {
            LambdaParams::Named(names) => {
                let identity =
                    stable_hash(&[&self.enclosing, "lambda", &position, &names.len().to_string()]);
                self.function(place, identity, arity(names.len()), names, body, Kind::Lambda)
            }
            LambdaParams::Short => {
                let identity = stable_hash(&[&self.enclosing, "lambda", &position, "it"]);
                self.short_lambda(place, identity, body)
            }
        };
        self.store(id, FunctionCode { span: span.clone(), ..code });
        ExprKind::Lambda(id)
    }

    fn short_lambda(&mut self, name: String, identity: u64, body: &ast::Block) -> FunctionCode {
        let outer = self.frames.innermost();
        let scope = self.loader.new_scope(outer);
        self.frames.push(scope, Kind::Lambda);
        let it = self.loader.new_local();
        self.shorts.push(Short { it, used: false, shadowed: None });
        let span = body.span.clone();
        let body = self.block(body);
        self.leave_short(&span);
        self.frames.pop();
        let (name, params) = (Arc::from(name), vec![it]);
        FunctionCode { name, identity, arity: Arity::Short, params, scope, outer, body, span }
    }

    /// The end of a short lambda: warns if an `it` inside hides the one outside.
    fn leave_short(&mut self, span: &Span) {
        let Some(short) = self.shorts.pop() else { return };
        if let Some(inner) = short.shadowed.filter(|_| short.used) {
            self.report(
                Diagnostic::warning(
                    DiagCode::HiddenIt,
                    &inner,
                    "`it` in here hides the `it` of the function around",
                )
                .help("name one of them: `{ x -> … }`"),
            );
        }
        if let Some(outer) = self.shorts.last_mut().filter(|_| short.used) {
            outer.shadowed.get_or_insert_with(|| span.clone());
        }
    }

    fn it(&mut self, span: &Span) -> ExprKind {
        if let Some(short) = self.shorts.last_mut() {
            short.used = true;
            return ExprKind::Local(short.it, Arc::from("it"));
        }
        self.report(
            Diagnostic::error(DiagCode::ItOutside, span, "`it` stands outside of a short function").help(
                "`it` is the argument of `{ … it … }`; elsewhere name the parameter: `{ x -> … }`",
            ),
        );
        ExprKind::Constant(Value::Null)
    }

    fn method(&mut self, target: &ast::Expr, name: &Name, args: &[ast::Expr]) -> ExprKind {
        let mut target = self.boxed(target);
        let args = self.exprs(args);
        let (kind, name) = self.dialect_method(target.kind, &name.text);
        target.kind = kind;
        if let (ExprKind::Env, Some(ExprKind::Constant(Value::Text(key)))) =
            (&target.kind, args.first().map(|arg| &arg.kind))
        {
            self.loader.env_reads.insert(key.clone());
        }
        ExprKind::Method { target, name, args }
    }

    fn call(&mut self, callee: &ast::Expr, args: &[ast::Expr], span: &Span) -> ExprKind {
        let binding = match &callee.kind {
            ast::ExprKind::Name(name) => self.global_for_call(name, args.len(), &callee.span),
            ast::ExprKind::ClassMember(class, member) => {
                Some(self.class_binding(class, member, &callee.span))
            }
            ast::ExprKind::ModuleMember(module, name) => {
                Some(self.module_binding(module, name, &callee.span))
            }
            _ => None,
        };
        let callee = match binding {
            Some(Binding::Function(id, arity)) => {
                self.check_arity(id, arity, args.len(), span);
                Callee::Function(id)
            }
            Some(Binding::Native(native)) => {
                self.check_native_arity(native, args.len(), span);
                Callee::Native(native)
            }
            Some(Binding::Host(name)) => Callee::Host(name),
            // Reported already.
            Some(Binding::Missing) => Callee::Value(Box::new(nothing(&callee.span))),
            Some(Binding::Constant(_)) | None => {
                let known = match &callee.kind {
                    ast::ExprKind::Name(name) => match self.frames.find(name) {
                        Found::Local(local) => self.literals.get(&local).copied(),
                        _ => None,
                    },
                    _ => literal_arity(callee),
                };
                self.check_literal_arity(known, &callee.span, args.len(), span);
                Callee::Value(self.boxed(callee))
            }
        };
        ExprKind::Call(callee, self.exprs(args))
    }

    /// A called name that is not a variable.
    fn global_for_call(&mut self, name: &Arc<str>, args: usize, span: &Span) -> Option<Binding> {
        if !matches!(self.frames.find(name), Found::Nothing) {
            return None;
        }
        let known = self.visible.get(name).cloned().or_else(|| automatic(name));
        if known.is_none() && self.dialect {
            return self.dialect_function(name, Some(args), span);
        }
        known
    }

    /// A bare name used as a value.
    fn name(&mut self, name: &Arc<str>, span: &Span) -> ExprKind {
        match self.frames.find(name) {
            Found::Local(local) => return ExprKind::Local(local, name.clone()),
            Found::TooEarly => {
                let message = format!("`{name}` is used before its `let`");
                self.report(
                    Diagnostic::error(DiagCode::UsedBeforeLet, span, message)
                        .help("move the `let` up, before its first use"),
                );
                return ExprKind::Constant(Value::Null);
            }
            Found::Nothing => {}
        }
        if let Some(binding) = self.visible.get(name).cloned().or_else(|| automatic(name)) {
            // In 2015 `random` was a number, not the function of that name.
            // Nor were there functions of Builtins: `none` is a word.
            let dialect_value = self.dialect && dialect::is_plain_name(name, &binding);
            if !dialect_value {
                return self.value_of(binding, name);
            }
        }
        if self.dialect {
            if **name != *"nbrRange"
                && let Some(binding) = self.dialect_function(name, None, span)
            {
                return self.value_of(binding, name);
            }
            if let Some(kind) = self.dialect_name(name, span) {
                return kind;
            }
        }
        self.unresolved(name, span);
        ExprKind::Constant(Value::Null)
    }

    fn value_of(&mut self, binding: Binding, name: &Arc<str>) -> ExprKind {
        match binding {
            Binding::Function(id, _) => ExprKind::Function(id),
            Binding::Native(native) => ExprKind::Native(native),
            Binding::Constant(value) => ExprKind::Constant(value),
            Binding::Host(_) => ExprKind::EnvOrAtom(name.clone()),
            Binding::Missing => ExprKind::Constant(Value::Null),
        }
    }

    fn unresolved(&mut self, name: &Arc<str>, span: &Span) {
        self.wants_dialect |= dialect::TRIGGERS.contains(&&**name);
        if self.loader.is_full(Severity::Error) || !self.unknown.insert(name.clone()) {
            return;
        }
        let near = self.similar(name);
        if self.loader.lost_imports && near.is_none() {
            // Probably from the module that was not found.
            return;
        }
        let message = format!("`{name}` is not defined");
        let help = self.unresolved_help(name, near);
        self.report(Diagnostic::error(DiagCode::UndefinedName, span, message).help(help));
    }

    /// The known name most like an unknown one.
    fn similar(&self, name: &str) -> Option<String> {
        let known = self.frames.names().chain(self.visible.keys().map(|name| &**name));
        let automatic = crate::natives::AUTOMATIC.iter().flat_map(|c| crate::natives::members(c));
        nearest(name, known.chain(automatic)).map(str::to_owned)
    }

    fn unresolved_help(&mut self, name: &str, near: Option<String>) -> String {
        if name == "e" {
            return "`e` and `E` are reserved; for Euler's number write `java::lang::Math::E`"
                .to_owned();
        }
        if ["null", "nil", "None", "undefined"].contains(&name) {
            return "there is no null; use Option (`optionally(x)`) or a default value".to_owned();
        }
        if let Some(operator) = match name {
            "and" => Some("&&"),
            "or" => Some("||"),
            "not" => Some("!"),
            _ => None,
        } {
            return format!(
                "the operator is `{operator}`; the function is in `protelis:lang:utils`"
            );
        }
        if let Some(hood) = name.strip_suffix("PlusSelf").filter(|h| h.ends_with("Hood")) {
            return format!("write `{hood} PlusSelf(…)` in two words");
        }
        if let Some(module) = self.loader.find_in_library(name, None) {
            let path = self.loader.modules.get(module).map_or("", |m| &*m.name);
            return format!("it is a function of the library: add `import {path}` at the top");
        }
        if self.loader.options.is_host_function(name) {
            return format!("it is a function of the host: write `self.{name}()`");
        }
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "define it with `let {name} = …`, or read it from the environment with `env.get(\"{name}\")`"
            ),
        }
    }

    fn class_binding(&mut self, class: &Arc<str>, member: &str, span: &Span) -> Binding {
        if let Some(found) = crate::natives::member(class, member) {
            return found.into();
        }
        let (code, message, near) = if crate::natives::has_class(class) {
            let members = crate::natives::members(class);
            let message = format!("`{member}` does not exist in {class}");
            (DiagCode::UnknownMember, message, nearest(member, members))
        } else {
            (
                DiagCode::UnknownClass,
                format!("the class `{class}` does not exist here"),
                nearest(class, crate::natives::classes()),
            )
        };
        let help = near.map_or_else(
            || "as in `java::lang::Math::max`".to_owned(),
            |n| format!("did you mean `{n}`?"),
        );
        self.report(Diagnostic::error(code, span, message).help(help));
        Binding::Missing
    }

    fn class_member(&mut self, class: &Arc<str>, member: &Arc<str>, span: &Span) -> ExprKind {
        let binding = self.class_binding(class, member, span);
        self.value_of(binding, member)
    }

    fn module_binding(&mut self, module: &str, name: &str, span: &Span) -> Binding {
        let Some(index) = self.loader.module(module) else {
            self.loader.unknown_module(module, span);
            return Binding::Missing;
        };
        let own = index == self.module;
        let found = self.loader.definition(index, name, own);
        if found.is_none() {
            let decls =
                self.loader.modules.get(index).map(|m| m.decls.as_slice()).unwrap_or_default();
            let near = nearest(name, decls.iter().filter(|d| d.public).map(|d| &*d.name));
            let help = near.map_or_else(
                || "only `public` functions can be used from outside".to_owned(),
                |n| format!("did you mean `{module}:{n}`?"),
            );
            let message = format!("the module `{module}` has no public function `{name}`");
            self.report(Diagnostic::error(DiagCode::NotInModule, span, message).help(help));
        }
        found.unwrap_or(Binding::Missing)
    }

    fn module_member(&mut self, module: &Arc<str>, name: &Arc<str>, span: &Span) -> ExprKind {
        let binding = self.module_binding(module, name, span);
        self.value_of(binding, name)
    }
}
