//! From the program tree to register code.
//!
//! The compiler runs the program once in the abstract: it carries what it knows of each value (its
//! register, a constant, a lambda and the variables around it) through calls and blocks, and writes
//! the instructions for the rest. Paths, the depth and the fuel of the reference evaluator are
//! carried along, so that both agree on them.

mod aggregate;
mod calls;
mod expr;
mod free;
mod fuse;
mod known;

use super::code::{Code, CodeRegion, Op, Place, Reg, Slot};
use crate::eval::{Path, frame};
use crate::layout::{Layout, LayoutBuilder, Region};
use crate::program::{Block, Expr, FunctionId, LocalId, Statement, Unit};
use crate::resolve::LoadOptions;
use crate::source::Span;
use crate::value::Value;
use free::Frees;
use known::{Kind, Known, Scope, Scopes};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Most instructions: calls beyond are walked. A program of the whole library takes some thousand.
const MAX_OPS: usize = 30_000;
/// Deepest nesting of expressions, calls included, that is compiled: the compiler recurs.
const MAX_LEVEL: u32 = 400;
/// How often a function may be inside itself: twice happens without recursion.
const MAX_SELF_CALLS: usize = 2;

/// The program cannot be compiled: it is left to the reference evaluator.
#[derive(Debug)]
pub(super) struct Unsupported;

type Compiled<T> = Result<T, Unsupported>;

/// Compiles the main block of a unit: code and layout, if it can be compiled.
pub(crate) fn compile(unit: &Arc<Unit>, options: &LoadOptions) -> Option<(Code, Layout)> {
    let main = unit.main.as_ref()?;
    let mut compiler = Compiler::new(unit, options);
    compiler.program(main).ok()?;
    fuse::fuse(&mut compiler.code);
    Some((compiler.code, compiler.layout.finish()))
}

/// A region of the code that may get a place in the layout.
struct Branch {
    parent: u16,
    condition: Option<(Span, bool)>,
}

struct Compiler<'p> {
    unit: &'p Arc<Unit>,
    options: &'p LoadOptions,
    code: Code,
    layout: LayoutBuilder,
    branches: Vec<Branch>,
    region: u16,
    path: Path,
    depth: u32,
    level: u32,
    scopes: Scopes,
    current: Option<Scope>,
    /// Functions whose bodies are being compiled.
    inside: Vec<FunctionId>,
    /// Variables that are assigned somewhere: they live in registers.
    assigned: FxHashSet<LocalId>,
    frees: Frees,
    /// Constants by their text and kind.
    constants: FxHashMap<(String, &'static str), Reg>,
    shared: FxHashMap<usize, Arc<Expr>>,
    span: Option<Span>,
}

impl<'p> Compiler<'p> {
    fn new(unit: &'p Arc<Unit>, options: &'p LoadOptions) -> Self {
        Self {
            unit,
            options,
            code: Code::default(),
            layout: LayoutBuilder::default(),
            branches: Vec::new(),
            region: 0,
            path: Path::ROOT,
            depth: 0,
            level: 0,
            scopes: Scopes::default(),
            current: None,
            inside: Vec::new(),
            assigned: unit.assigned(),
            frees: Frees::new(unit),
            constants: FxHashMap::default(),
            shared: FxHashMap::default(),
            span: None,
        }
    }

    fn program(&mut self, main: &'p Block) -> Compiled<()> {
        self.enter(None)?;
        self.layout_region(0);
        let value = self.block(main)?;
        let value = self.reg(&value)?;
        self.emit(Op::End(value));
        Ok(())
    }

    fn emit(&mut self, op: Op) -> usize {
        self.code.ops.push(op);
        self.code.spans.push(self.span.clone());
        self.code.ops.len() - 1
    }

    fn here(&self) -> u32 {
        self.code.ops.len() as u32
    }

    /// Makes a jump lead to the next instruction.
    fn land(&mut self, jump: usize) {
        let here = self.here();
        if let Some(Op::Jump(to) | Op::JumpUnless { to, .. }) = self.code.ops.get_mut(jump) {
            *to = here;
        }
    }

    fn new_reg(&mut self) -> Compiled<Reg> {
        let reg = Reg::try_from(self.code.registers).map_err(|_| Unsupported)?;
        self.code.registers += 1;
        Ok(reg)
    }

    fn constant(&mut self, value: &Value) -> Compiled<Reg> {
        let text = match value {
            // The bits tell zeros and NaNs apart.
            Value::Number(x) => x.to_bits().to_string(),
            Value::Function(f) => f.identity().to_string(),
            other => other.to_string(),
        };
        let key = (text, value.kind());
        // Containers may hold values that print alike.
        let unique = matches!(
            value,
            Value::Null
                | Value::Unit
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Int(_)
                | Value::Text(_)
                | Value::Function(_)
                | Value::Environment
        );
        if let Some(reg) = self.constants.get(&key).filter(|_| unique) {
            return Ok(*reg);
        }
        let reg = self.new_reg()?;
        self.code.constants.push((reg, value.clone()));
        self.constants.insert(key, reg);
        Ok(reg)
    }

    fn operands(&mut self, regs: &[Reg]) -> Compiled<(u32, u16)> {
        let first = self.code.operands.len() as u32;
        self.code.operands.extend_from_slice(regs);
        Ok((first, u16::try_from(regs.len()).map_err(|_| Unsupported)?))
    }

    fn place(&self) -> Place {
        Place { path: self.path, depth: self.depth }
    }

    /// Compiles `f` one frame further down the code path.
    fn below<T>(&mut self, frame: u64, f: impl FnOnce(&mut Self) -> T) -> T {
        let saved = self.path;
        self.path = saved.push(frame);
        let result = f(self);
        self.path = saved;
        result
    }

    /// Begins a region; the region before is current again when the caller restores it.
    fn enter(&mut self, condition: Option<(Span, bool)>) -> Compiled<u16> {
        let region = u16::try_from(self.branches.len()).map_err(|_| Unsupported)?;
        self.branches.push(Branch { parent: self.region, condition });
        self.code.regions.push(CodeRegion::default());
        self.emit(Op::Enter(region));
        Ok(std::mem::replace(&mut self.region, region))
    }

    /// The region of the layout for a region of the code: made when its first slot is.
    fn layout_region(&mut self, region: u16) -> u32 {
        if let Some(known) = self.code_region(region).in_layout {
            return known;
        }
        let mut around = region;
        let parent = loop {
            let up = self.branches.get(around as usize).map_or(0, |branch| branch.parent);
            if let Some(known) = self.code_region(up).in_layout {
                break known;
            }
            if up == around {
                break 0;
            }
            around = up;
        };
        let condition = self.branches.get(region as usize).and_then(|b| b.condition.clone());
        let made = self.layout.region(Region { parent, condition });
        self.code_region(region).in_layout = Some(made);
        made
    }

    #[expect(clippy::indexing_slicing, reason = "regions are indices of this very table")]
    fn code_region(&mut self, region: u16) -> &mut CodeRegion {
        &mut self.code.regions[region as usize]
    }

    /// A slot for a value that is exported at a path.
    fn carrying_slot(&mut self, path: Path) -> Compiled<u16> {
        let region = self.layout_region(self.region);
        let slot = self.layout.export(path, region, true, self.span.clone()).ok_or(Unsupported)?;
        let carried = slot.carried.ok_or(Unsupported)?;
        let here = self.region;
        self.code_region(here).carried.push(carried);
        self.code.slots.push(Slot { carried, region });
        u16::try_from(self.code.slots.len() - 1).map_err(|_| Unsupported)
    }

    /// A slot for a path whose presence is all that counts.
    fn bare_slot(&mut self, path: Path) -> Compiled<u32> {
        let region = self.layout_region(self.region);
        self.layout.export(path, region, false, self.span.clone()).ok_or(Unsupported)?;
        Ok(region)
    }

    fn state_slot(&mut self, path: Path) -> Compiled<u16> {
        let state = self.layout.state(path).ok_or(Unsupported)?;
        let here = self.region;
        self.code_region(here).states.push(state);
        u16::try_from(state).map_err(|_| Unsupported)
    }

    /// Something that goes wrong in each round that comes here.
    fn fail(&mut self) -> Known {
        self.emit(Op::Fail);
        Known::Constant(Value::Unit)
    }

    /// A new register that holds the result of an instruction.
    fn result(
        &mut self,
        kind: Kind,
        nullable: bool,
        op: impl FnOnce(Reg) -> Op,
    ) -> Compiled<Known> {
        let reg = self.new_reg()?;
        self.emit(op(reg));
        Ok(Known::Reg { reg, kind, nullable, home: self.region })
    }

    /// A block in a scope of its own; its value is that of the last statement, and not null.
    fn block(&mut self, block: &'p Block) -> Compiled<Known> {
        let outer = self.current;
        if block.scope.is_some() {
            self.current = Some(self.scopes.open(outer));
        }
        let value = self.statements(&block.statements);
        self.current = outer;
        value
    }

    fn statements(&mut self, statements: &'p [Statement]) -> Compiled<Known> {
        let mut last = Known::Constant(Value::Unit);
        for (i, statement) in (0..).zip(statements) {
            last = self.below(frame::BLOCK + i, |compiler| compiler.statement(statement))?;
        }
        self.not_null(&last)
    }

    fn statement(&mut self, statement: &'p Statement) -> Compiled<Known> {
        match statement {
            Statement::Let(local, value) => {
                let value = self.value(value)?;
                match self.current {
                    Some(scope) => self.define(scope, *local, value),
                    None => Ok(value),
                }
            }
            Statement::Assign(local, value) => {
                let value = self.value(value)?;
                let Some(Known::Reg { reg, .. }) = self.scopes.find(self.current, *local) else {
                    return Ok(self.fail());
                };
                let from = self.reg(&value)?;
                self.emit(Op::Move { to: reg, from });
                Ok(value)
            }
            Statement::Expr(value) => self.expr(value),
            Statement::If { condition, then, span } => {
                let jump = self.condition(condition)?;
                if let Some(then) = then {
                    let outer = self.enter(Some((span.clone(), true)))?;
                    self.below(frame::IF + 1, |compiler| compiler.block(then))?;
                    self.region = outer;
                }
                self.land(jump);
                Ok(Known::Constant(Value::Unit))
            }
        }
    }

    /// Binds a variable. One that is assigned somewhere gets a register of its own.
    fn define(&mut self, scope: Scope, local: LocalId, value: Known) -> Compiled<Known> {
        if !self.assigned.contains(&local) {
            self.scopes.define(scope, local, value.clone());
            return Ok(value);
        }
        let from = self.reg(&value)?;
        let variable = self.result(Kind::Unknown, false, |to| Op::Move { to, from })?;
        self.scopes.define(scope, local, variable);
        Ok(value)
    }

    /// Evaluates a condition; the jump is taken where it is false.
    fn condition(&mut self, condition: &'p Expr) -> Compiled<usize> {
        let value = self.below(frame::IF, |compiler| compiler.value(condition))?;
        let condition = self.reg(&value)?;
        Ok(self.emit(Op::JumpUnless { condition, to: 0 }))
    }

    fn not_null(&mut self, value: &Known) -> Compiled<Known> {
        match value {
            Known::Constant(Value::Null) => Ok(self.fail()),
            Known::Reg { reg, kind, nullable: true, home } => {
                self.emit(Op::NotNull(*reg));
                Ok(Known::Reg { reg: *reg, kind: *kind, nullable: false, home: *home })
            }
            value => Ok(value.clone()),
        }
    }
}
