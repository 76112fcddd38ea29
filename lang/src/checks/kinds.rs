//! Which values are fields, as far as the text says.
//!
//! The program is run on kinds instead of values. Where a kind is not certain nothing is said.

use super::Findings;
use super::effects::{Effects, SENSORS};
use super::known::{Kind, Known};
use crate::diag::DiagCode;
use crate::natives::Native;
use crate::program::{Block, Callee, Expr, ExprKind, FunctionId, LocalId, Statement, Unit};
use crate::source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// Deepest nesting of expressions, through calls, that is followed.
const MAX_DEPTH: usize = 1_500;
/// Calls that are followed before the rest of the program is taken as unknown.
const MAX_CALLS: usize = 20_000;

/// Runs a unit on kinds.
pub(super) struct Kinds<'u, 'f> {
    pub(super) unit: &'u Unit,
    pub(super) effects: &'f Effects<'u>,
    pub(super) findings: &'f mut Findings,
    /// Variables that some statement changes later.
    assigned: FxHashSet<LocalId>,
    /// Fields that a branch was said to restrict.
    restricted: FxHashSet<LocalId>,
    pub(super) locals: FxHashMap<LocalId, Known>,
    /// Variables in the order of their definition.
    defined: Vec<LocalId>,
    /// Calls of definitions that were followed: arguments and result.
    results: FxHashMap<(u32, Vec<Kind>), Known>,
    /// Functions that are being followed, and the call if one is.
    pub(super) running: Vec<(FunctionId, Option<Span>)>,
    /// How many branches of `if` are around this place.
    branches: usize,
    depth: usize,
    calls: usize,
}

impl<'u, 'f> Kinds<'u, 'f> {
    pub(super) fn new(
        unit: &'u Unit,
        effects: &'f Effects<'u>,
        findings: &'f mut Findings,
    ) -> Self {
        Self {
            unit,
            effects,
            findings,
            assigned: unit.assigned(),
            restricted: FxHashSet::default(),
            locals: FxHashMap::default(),
            defined: Vec::new(),
            results: FxHashMap::default(),
            running: Vec::new(),
            branches: 0,
            depth: 0,
            calls: 0,
        }
    }

    /// Every definition with unknown arguments, then the program with what it passes.
    pub(super) fn run(&mut self) {
        let unit = self.unit;
        for id in (0..unit.functions.len() as u32).map(FunctionId) {
            let function = unit.function(id);
            if function.outer.is_none() {
                self.function(id, &vec![Known::UNKNOWN; function.params.len()], None);
            }
        }
        if let Some(main) = &unit.main {
            self.block(main);
        }
    }

    fn define(&mut self, local: LocalId, known: Known) {
        let known = if self.assigned.contains(&local) { Known::UNKNOWN } else { known };
        self.locals.insert(local, Known { home: self.branches, ..known });
        self.defined.push(local);
    }

    /// What a function gives for arguments of these kinds.
    fn function(&mut self, id: FunctionId, args: &[Known], call: Option<&Span>) -> Known {
        let function = self.unit.function(id);
        let recurs = self.running.iter().any(|(running, _)| *running == id);
        if recurs || self.calls >= MAX_CALLS || args.len() != function.params.len() {
            return Known::UNKNOWN;
        }
        let pure = function.outer.is_none() && args.iter().all(|arg| arg.function.is_none());
        let key = (id.0, args.iter().map(|arg| arg.kind).collect::<Vec<_>>());
        if let Some(known) = self.results.get(&key).filter(|_| pure) {
            return known.clone();
        }
        self.calls += 1;
        let first = self.defined.len();
        let branches = if pure { std::mem::take(&mut self.branches) } else { self.branches };
        self.running.push((id, call.cloned()));
        for (param, arg) in function.params.iter().zip(args) {
            self.define(*param, arg.clone());
        }
        let result = self.block(&function.body);
        self.running.pop();
        self.branches = branches;
        for local in self.defined.drain(first..) {
            self.locals.remove(&local);
        }
        if pure {
            self.results.insert(key, result.clone());
        }
        result
    }

    fn block(&mut self, block: &Block) -> Known {
        let mut result = Known::LOCAL;
        for statement in &block.statements {
            result = match statement {
                Statement::Let(local, value) => {
                    let known = self.expr(value);
                    self.define(*local, known.clone());
                    known
                }
                Statement::Assign(_, value) | Statement::Expr(value) => self.expr(value),
                Statement::If { condition, then, .. } => {
                    let varies = self.condition(condition);
                    if let Some(then) = then {
                        self.branch(then, varies);
                    }
                    Known::LOCAL
                }
            };
        }
        result
    }

    fn expr(&mut self, expr: &Expr) -> Known {
        if self.depth >= MAX_DEPTH {
            return Known::UNKNOWN;
        }
        self.depth += 1;
        let known = self.expression(expr);
        self.depth -= 1;
        known
    }

    fn expression(&mut self, expr: &Expr) -> Known {
        match &expr.kind {
            ExprKind::Constant(_) => Known::CONSTANT,
            ExprKind::Local(local, name) => self.variable(*local, name, &expr.span),
            ExprKind::Function(id) => Known::function(*id),
            ExprKind::Lambda(id) => {
                let params = self.unit.function(*id).params.len();
                self.function(*id, &vec![Known::UNKNOWN; params], None);
                Known::function(*id)
            }
            ExprKind::Native(_) | ExprKind::EnvOrAtom(_) | ExprKind::SelfRef | ExprKind::Env => {
                Known::LOCAL
            }
            ExprKind::Tuple(items) => self.lifted(items),
            ExprKind::Unary(_, operand) => self.expr(operand),
            ExprKind::Binary(_, a, b) => self.binary(a, b),
            ExprKind::Call(callee, args) => self.call(callee, args, &expr.span),
            ExprKind::Method { target, name, args } => self.method(target, name, args, &expr.span),
            ExprKind::If { condition, then, otherwise } => {
                let varies = self.condition(condition);
                if varies {
                    self.twin_branches(then, otherwise);
                }
                let fields = [then, otherwise].map(|block| {
                    let kind = self.branch(block, varies).kind;
                    self.no_field_out_of_branch(block, kind);
                    kind.is_field()
                });
                // What is wrong with a field was said.
                if fields.contains(&true) { Known::UNKNOWN } else { Known::LOCAL }
            }
            ExprKind::Mux { condition, then, otherwise } => {
                let condition = self.expr(condition);
                let then = self.block(then);
                Known::lifted([condition, then, self.block(otherwise)])
            }
            ExprKind::Eval(text) => {
                self.expr(text);
                Known::UNKNOWN
            }
            _ => self.aggregate(expr),
        }
    }

    /// The constructs that talk to neighbours or to the past.
    fn aggregate(&mut self, expr: &Expr) -> Known {
        match &expr.kind {
            ExprKind::Nbr(value) => {
                let value_kind = self.expr(value);
                if value_kind.kind.is_field() {
                    self.warn(
                        DiagCode::NbrOfField,
                        &value.span,
                        "`nbr` of a field",
                        "a field is already about the neighbours; reduce it with a hood first, as in `nbr(minHood(f))`",
                    );
                }
                Known::of(if value_kind.constant { Kind::SameEverywhere } else { Kind::Field })
            }
            ExprKind::Rep { var, init, body, yields, .. } => {
                let start = self.expr(init);
                self.define(*var, Known::LOCAL);
                let kept = self.block(body);
                for (kind, place) in [(start.kind, Some(&**init)), (kept.kind, body.result())] {
                    if let Some(place) = place.filter(|_| kind.is_field()) {
                        self.warn(
                            DiagCode::RepIsField,
                            &place.span,
                            "this `rep` would hold a field",
                            "use `share`, or reduce the field with a hood before it is kept",
                        );
                    }
                }
                match yields {
                    Some(yields) => self.block(yields),
                    None => Known::LOCAL,
                }
            }
            ExprKind::Share { local, field, init, body, yields, .. } => {
                let start = self.expr(init);
                if let Some(local) = local {
                    self.define(*local, Known { constant: false, ..start });
                }
                self.define(*field, Known::of(Kind::Field));
                let kept = self.block(body);
                self.one_kind(start.kind, kept.kind, body);
                yields.as_ref().map_or(kept, |yields| self.block(yields))
            }
            ExprKind::Hood { op, field, .. } => {
                let known = self.expr(field);
                self.needs_field(&known, field);
                self.no_constant(*op, &known, &expr.span);
                Known::LOCAL
            }
            ExprKind::GenericHood { reducer, default, field, .. } => {
                let known = self.expr(field);
                self.needs_field(&known, field);
                let default = self.expr(default);
                let function = self.expr(reducer);
                self.reducer(&function, reducer);
                Known { constant: false, ..default }
            }
            _ => {
                expr.parts(&mut |part| match part {
                    crate::walk::Part::Expr(part) => drop(self.expr(part)),
                    crate::walk::Part::Block(part) => drop(self.block(part)),
                });
                Known::LOCAL
            }
        }
    }

    fn variable(&mut self, local: LocalId, name: &str, span: &Span) -> Known {
        let Some(known) = self.locals.get(&local).cloned() else { return Known::UNKNOWN };
        let restricted = known.kind.is_field() && known.home < self.branches;
        if restricted && self.restricted.insert(local) {
            self.warn(
                DiagCode::RestrictedField,
                span,
                &format!("in this branch `{name}` holds only the neighbours that are in it too"),
                &format!("reduce `{name}` before the `if`, or use `mux`; if only these neighbours are meant, make the field inside the branch"),
            );
        }
        known
    }

    fn lifted(&mut self, items: &[Expr]) -> Known {
        let kinds: Vec<Known> = items.iter().map(|item| self.expr(item)).collect();
        Known::lifted(kinds)
    }

    fn binary(&mut self, a: &Expr, b: &Expr) -> Known {
        let kinds = [self.expr(a), self.expr(b)];
        let field = kinds.iter().any(|known| known.kind == Kind::Field);
        let constant = [a, b].into_iter().zip(&kinds).find(|(e, known)| {
            known.kind == Kind::SameEverywhere && matches!(e.kind, ExprKind::Nbr(_))
        });
        if let Some((constant, _)) = constant.filter(|_| field) {
            self.warn(
                DiagCode::ConstantNbr,
                &constant.span,
                "this `nbr` sends a constant that each device knows anyway",
                "a plain value works with a field directly: leave out `nbr`",
            );
        }
        Known::lifted(kinds)
    }

    fn call(&mut self, callee: &Callee, args: &[Expr], span: &Span) -> Known {
        let target = match callee {
            Callee::Value(target) => self.expr(target).function,
            Callee::Function(id) => Some(*id),
            Callee::Native(_) | Callee::Host(_) => None,
        };
        let known: Vec<Known> = args.iter().map(|arg| self.expr(arg)).collect();
        match (callee, target) {
            (Callee::Native(native), _) => self.native(native, args, &known),
            (Callee::Host(_), _) => Known::LOCAL,
            (_, Some(id)) => self.function(id, &known, Some(span)),
            _ => Known::UNKNOWN,
        }
    }

    fn native(&mut self, native: &Native, args: &[Expr], known: &[Known]) -> Known {
        if native.field_args == 0 {
            return Known::lifted_or_unknown(known);
        }
        let reducers = ["foldHood", "foldHoodPlusSelf", "reduceHood"];
        let reducer = reducers.contains(&native.name);
        // The folds take their field last, or with a reducer right before it.
        let at = known.len().checked_sub(if reducer { 2 } else { 1 });
        if let Some((field, arg)) = at.and_then(|at| Some((known.get(at)?, args.get(at)?))) {
            self.needs_field(field, arg);
        }
        if let (true, Some(function), Some(arg)) = (reducer, known.last(), args.last()) {
            self.reducer(function, arg);
        }
        Known::LOCAL
    }

    fn method(&mut self, target: &Expr, name: &str, args: &[Expr], span: &Span) -> Known {
        let on = self.expr(target);
        let known: Vec<Known> = args.iter().map(|arg| self.expr(arg)).collect();
        if name == "apply" {
            return match on.function {
                Some(id) => self.function(id, &known, Some(span)),
                None => Known::UNKNOWN,
            };
        }
        if SENSORS.contains(&name) {
            let own = matches!(target.kind, ExprKind::SelfRef);
            return if own { Known::of(Kind::Field) } else { Known::UNKNOWN };
        }
        let operands: Vec<Known> = std::iter::once(on).chain(known).collect();
        Known::lifted_or_unknown(&operands)
    }

    /// Checks a condition; says whether it could be otherwise on another device.
    fn condition(&mut self, condition: &Expr) -> bool {
        let known = self.expr(condition);
        if known.kind.is_field() {
            self.warn(
                DiagCode::ConditionIsField,
                &condition.span,
                "the condition of `if` is a field",
                "reduce it with `anyHood(…)` or `allHood(…)`, or use `mux`, which works on fields",
            );
        }
        !known.constant
    }

    fn branch(&mut self, block: &Block, varies: bool) -> Known {
        self.branches += usize::from(varies);
        let known = self.block(block);
        self.branches -= usize::from(varies);
        known
    }
}
