//! Compiled code as text, for people who ask what a program becomes.

use super::code::{Called, Code, Op, Reg, Walked};
use crate::eval::{hood_name, symbol};
use crate::layout::Layout;
use crate::program::{ExprKind, Program};
use crate::source::Span;
use crate::syntax::ast::UnaryOp;
use crate::value::Value;
use std::fmt;

/// Most characters of a source line that are shown.
const EXCERPT: usize = 70;

/// What a program was compiled to.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The name of the program.
    pub program: String,
    /// How many registers a round takes.
    pub registers: usize,
    /// Registers that hold a constant, as `r1 = 2.0`.
    pub constants: Vec<String>,
    /// The regions of the layout: what decides whether the slots in them are met.
    pub regions: Vec<String>,
    /// The slots of the layout that are sent to neighbours.
    pub exports: Vec<String>,
    /// How many values are kept from round to round.
    pub states: usize,
    /// What is left to the reference evaluator, and why.
    pub walked: Vec<String>,
    /// The code; empty if all of the program is left to the reference evaluator.
    pub instructions: Vec<Instruction>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// What it does.
    pub text: String,
    /// Where in the program it comes from.
    pub place: Option<Span>,
}

/// Takes a program's compiled code apart.
pub fn disassemble(program: &Program) -> Listing {
    let layout = program.layout();
    let mut listing = Listing {
        program: program.name().to_owned(),
        regions: regions(layout),
        exports: exports(layout),
        states: layout.states(),
        ..Listing::default()
    };
    let Some(code) = &program.code else { return listing };
    listing.registers = code.registers;
    let constants = code.constants.iter().map(|(reg, value)| match value {
        Value::Text(text) => format!("r{reg} = \"{text}\""),
        value => format!("r{reg} = {value}"),
    });
    listing.constants = constants.collect();
    listing.walked = code.walks.iter().map(|site| walked(&site.walked)).collect();
    let spans = code.spans.iter().cloned().chain(std::iter::repeat(None));
    let instructions = code.ops.iter().zip(spans);
    listing.instructions = instructions
        .map(|(op, place)| Instruction { text: instruction(op, code), place })
        .collect();
    listing
}

fn regions(layout: &Layout) -> Vec<String> {
    let text = |region: &crate::layout::Region| match &region.condition {
        None => "the whole program".to_owned(),
        Some((condition, outcome)) => format!(
            "in region {}, where `{}` ({}) is {outcome}",
            region.parent,
            shortened(condition.text()),
            condition.place()
        ),
    };
    layout.regions().iter().map(text).collect()
}

fn exports(layout: &Layout) -> Vec<String> {
    let text = |(index, slot): (usize, &crate::layout::ExportSlot)| {
        let what = match slot.carried {
            Some(carried) => format!("value {carried}"),
            None => "presence".to_owned(),
        };
        let place = layout.place(index).map_or_else(String::new, |place| {
            format!(", `{}` ({})", shortened(place.text()), place.place())
        });
        format!("{what} of region {}, path {:016x}{place}", slot.region, slot.path)
    };
    layout.exports().iter().enumerate().map(text).collect()
}

fn walked(walked: &Walked) -> String {
    let (expr, why) = match walked {
        Walked::Call { call, .. } => (call, "only a round knows which function it calls"),
        Walked::Share { share, .. } => (share, "it may share a field"),
        Walked::Expr(expr) => {
            let why = match &expr.kind {
                ExprKind::AlignedMap { .. } => "only a round knows its keys",
                ExprKind::Eval(_) => "only a round knows its text",
                ExprKind::Call(..) => "the call is recursive, or the code would be too long",
                _ => "it is nested too deeply",
            };
            (expr, why)
        }
    };
    format!("`{}` ({}): {why}", shortened(expr.span.text()), expr.span.place())
}

fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= EXCERPT {
        return text;
    }
    text.chars().take(EXCERPT - 1).chain(['…']).collect()
}

/// `r1, r2` of the table of operands.
fn operands(code: &Code, first: u32, len: usize) -> String {
    let regs = code.operands.iter().skip(first as usize).take(len);
    regs.map(|reg| format!("r{reg}")).collect::<Vec<_>>().join(", ")
}

/// What a call site calls, with its operands.
fn called(code: &Code, site: u16) -> String {
    let Some(site) = code.calls.get(site as usize) else { return "?".to_owned() };
    let operands = operands(code, site.first, site.len as usize);
    match &site.what {
        Called::Native(native) => format!("{}.{}({operands})", native.class, native.name),
        Called::Method(name) => format!("method {name} of {operands}"),
        Called::Host(name) => format!("{name}({operands})"),
        Called::Hood { plus_self } => {
            format!("hood{} field, default, reducer = {operands}", with_self(*plus_self))
        }
    }
}

fn with_self(plus_self: bool) -> &'static str {
    if plus_self { " PlusSelf" } else { "" }
}

/// A slot of the code as the value that it carries.
fn carried(code: &Code, slot: u16) -> String {
    let slot = code.slots.get(slot as usize);
    slot.map_or_else(|| "?".to_owned(), |slot| format!("value {}", slot.carried))
}

fn captures(captures: &[(crate::program::LocalId, Reg)]) -> String {
    let regs: Vec<String> = captures.iter().map(|(_, reg)| format!("r{reg}")).collect();
    if regs.is_empty() { String::new() } else { format!(" with {}", regs.join(", ")) }
}

fn instruction(op: &Op, code: &Code) -> String {
    match *op {
        Op::Enter(region) => {
            let region_code = code.regions.get(region as usize);
            let fuel = region_code.map_or(0, |region| region.fuel);
            format!("enter branch {region}, {fuel} steps")
        }
        Op::Jump(to) => format!("jump to {to}"),
        Op::JumpUnless { condition, to } => format!("unless r{condition} jump to {to}"),
        Op::Fail => "fail".to_owned(),
        Op::Move { to, from } => format!("r{to} = r{from}"),
        Op::Unary { op, to, a } => {
            let op = match op {
                UnaryOp::Not => "!",
                UnaryOp::Minus => "-",
            };
            format!("r{to} = {op}r{a}")
        }
        Op::Binary { op, to, a, b } => format!("r{to} = r{a} {} r{b}", symbol(op)),
        Op::Mux { to, condition, then, otherwise } => {
            format!("r{to} = mux r{condition}: r{then} else r{otherwise}")
        }
        Op::Tuple { to, first, len } => {
            format!("r{to} = [{}]", operands(code, first, len as usize))
        }
        Op::Get { to, tuple, index, .. } => format!("r{to} = r{tuple}.get(r{index})"),
        Op::Native { to, site } | Op::Method { to, site } => {
            format!("r{to} = {}", called(code, site))
        }
        Op::Environment { to, site } => format!("r{to} = env: {}", called(code, site)),
        Op::EnvOrAtom { to, name } => format!("r{to} = env or name r{name}"),
        Op::Act { to, site } => format!("r{to} = ask the host: {}", called(code, site)),
        Op::Own { what, to } => format!("r{to} = own {what:?}"),
        Op::Recall { to, state, init } => format!("r{to} = state {state}, at first r{init}"),
        Op::Keep { state, from } => format!("keep state {state} = r{from}"),
        Op::Export { slot, from } => format!("send {} = r{from}", carried(code, slot)),
        Op::Gather { to, slot, own } => {
            format!("r{to} = field of {}, own r{own}", carried(code, slot))
        }
        Op::Sense { sensor, to, slot } => {
            format!("r{to} = field of sensor {sensor:?}, {}", carried(code, slot))
        }
        Op::Restrict { to, from, region } => {
            format!("r{to} = r{from} of who is in region {region}")
        }
        Op::Read { to, from, path } => {
            let path = code.paths.get(path as usize).map_or(0, |path| path.hash);
            format!("r{to} = r{from} of who reads path {path:016x}")
        }
        Op::Hood { op, plus_self, to, from } => {
            format!("r{to} = {}{}(r{from})", hood_name(op), with_self(plus_self))
        }
        Op::HoodBinary { hood, plus_self, op, to, a, b } => {
            let (hood, op) = (hood_name(hood), symbol(op));
            format!("r{to} = {hood}{}(r{a} {op} r{b})", with_self(plus_self))
        }
        Op::HoodChoice { hood, plus_self, test, to, first } => {
            let (hood, test) = (hood_name(hood), symbol(test));
            let regs = operands(code, first, 4);
            format!(
                "r{to} = {hood}{}(mux (a {test} b) c else d), a, b, c, d = {regs}",
                with_self(plus_self)
            )
        }
        Op::FoldWith { to, site } => format!("r{to} = {}", called(code, site)),
        Op::NotNull(reg) => format!("r{reg} must not be null"),
        Op::NoField(reg) => format!("r{reg} must not be a field"),
        Op::Close { to, site } => {
            let site = code.closes.get(site as usize);
            let captures = site.map_or_else(String::new, |site| captures(&site.captures));
            format!("r{to} = function{captures}")
        }
        Op::Walk { to, site } => {
            let walk = code.walks.get(site as usize);
            let captures = walk.map_or_else(String::new, |walk| captures(&walk.captures));
            format!("r{to} = reference evaluator, walk {site}{captures}")
        }
        Op::End(reg) => format!("end, value r{reg}"),
    }
}

/// A page: what there is, then the code below the lines of the program that it comes from.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, registers, instructions, states, .. } = self;
        let count = instructions.len();
        writeln!(f, "{program}: {count} instructions, {registers} registers, {states} states")?;
        section(f, "regions", &self.regions)?;
        section(f, "sent to neighbours", &self.exports)?;
        section(f, "left to the reference evaluator", &self.walked)?;
        if instructions.is_empty() {
            return writeln!(f, "\nnothing is compiled: the reference evaluator runs all of it");
        }
        if !self.constants.is_empty() {
            writeln!(f, "\nconstants\n  {}", self.constants.join("\n  "))?;
        }
        writeln!(f, "\ncode")?;
        let mut shown = None;
        for (index, instruction) in instructions.iter().enumerate() {
            let line = instruction.place.as_ref().map(|at| (at.source.name.clone(), at.line()));
            if let (Some((name, number)), false) = (&line, line == shown) {
                let text = instruction
                    .place
                    .as_ref()
                    .map_or("", |at| at.source.text.lines().nth(number - 1).unwrap_or(""));
                writeln!(f, "  {name}:{number}  {}", shortened(text))?;
                shown = line;
            }
            writeln!(f, "  {index:>6}  {}", instruction.text)?;
        }
        Ok(())
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines.iter().enumerate().try_for_each(|(n, line)| writeln!(f, "  {n}: {line}"))
}
