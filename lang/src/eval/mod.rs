//! The reference evaluator: one round of one device, as plainly as the semantics can be written.
//!
//! It walks the program tree. Faster machines are held to its results, so it favours being obvious
//! over being quick. [`run_round`] is a pure function: everything that a round reads is in
//! [`RoundInput`], everything that it leaves is in [`RoundOutput`].

mod activation;
mod aligned_map;
mod calls;
mod context;
mod expr;
mod fault;
mod hoods;
mod lift;
mod neighbors;
mod path;
mod text;
mod visits;
mod within;

use crate::diag::DiagCode;
use crate::id::NodeId;
use crate::layout::{Exports, State, Texts};
use crate::neighbors::NeighborSource;
use crate::program::{Program, Unit};
use crate::value::{ActivationId, Value};
use activation::Activations;
pub(crate) use calls::CALL_LEVELS;
pub(crate) use expr::{comparison_weight, native_value, operate, symbol};
pub(crate) use fault::Fault;
pub use fault::Trap;
pub(crate) use hoods::{empty as empty_hood, hood_name, reduce as reduce_hood};
pub(crate) use path::{Path, StableHasher, frame};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
pub(crate) use text::evaluated_text;
pub use visits::{Decided, Decision, Sharing, Visit, visits};
pub(crate) use within::Left;

/// The environment of a device: names and values (`env`).
pub type Environment = BTreeMap<Arc<str>, Value>;

/// Deepest nesting of tuples and other values that hold values: what walks over a value may recurse
/// that deep on any stack.
pub const MAX_NESTING: usize = 64;

/// So many values may be walked over for the price of one expression.
pub(crate) const FREE_WEIGHT: usize = 64;

/// What a round may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps of one round: expressions, and the values that work on large ones walks over. What is
    /// made is paid for, so this bounds the memory of a round too: about 24 bytes a step.
    pub fuel: u64,
    /// Nesting of expressions and calls.
    pub depth: u32,
    /// Bytes of one text.
    pub text_bytes: usize,
    /// Elements of one tuple.
    pub items: usize,
}

/// Stack that one level of nesting takes at most: measured, see the test
/// `deep_recursion_fits_a_small_stack`.
const STACK_BYTES_PER_LEVEL: usize = 1_200;

impl Limits {
    /// Limits for rounds on threads with so much stack.
    pub fn for_stack(bytes: usize) -> Self {
        let depth = u32::try_from(bytes / STACK_BYTES_PER_LEVEL).unwrap_or(u32::MAX);
        // Fuel: about a second of this evaluator.
        Self { fuel: 20_000_000, depth, text_bytes: 1 << 20, items: 1 << 20 }
    }
}

impl Default for Limits {
    /// For threads of 2 MiB, as they are spawned by default, with some left for the caller.
    fn default() -> Self {
        Self::for_stack(1_792 << 10)
    }
}

/// Everything that a round reads.
#[derive(Clone, Copy)]
pub struct RoundInput<'a> {
    /// The device's own name.
    pub id: &'a NodeId,
    /// The device's clock in seconds.
    pub now: f64,
    /// Seconds since its round before; zero in the first round of a real clock.
    pub delta: f64,
    /// Where it is, in metres, if it knows.
    pub position: Option<&'a [f64]>,
    /// Present neighbours in ascending id, without the device itself.
    pub neighbors: &'a dyn NeighborSource,
    /// What the last successful round kept.
    pub state: &'a State,
    /// The environment.
    pub environment: &'a Environment,
    /// State of the device's generator of random numbers.
    pub random: u64,
    /// What the round may use.
    pub limits: Limits,
}

/// A request to the host: a function such as `stopService` and its arguments.
pub type ActionRequest = (Arc<str>, Vec<Value>);

/// Everything that a successful round leaves.
#[derive(Debug)]
pub struct RoundOutput {
    /// The value of the program.
    pub value: Value,
    /// What neighbours may read.
    pub exports: Exports,
    /// What the next round starts from.
    pub state: State,
    /// The environment, with what the program put there.
    pub environment: Environment,
    /// Requests to the host, in the order of the calls.
    pub actions: Vec<ActionRequest>,
    /// The generator after the round.
    pub random: u64,
    /// What it used of its fuel.
    pub steps: u64,
}

/// Evaluates one round.
///
/// # Errors
/// The program failed or ran out of a limit; the caller keeps the old state and sends nothing.
pub fn run_round(program: &Program, input: &RoundInput<'_>) -> Result<RoundOutput, Trap> {
    let mut round = Round::new(program, input);
    let value = round.run().map_err(Fault::into_trap)?;
    let layout = program.layout();
    Ok(RoundOutput {
        value,
        exports: Exports::from_cells(layout, round.exported),
        state: State::from_cells(layout, round.kept, round.texts),
        environment: round.effects.changed.unwrap_or_else(|| input.environment.clone()),
        actions: round.effects.actions,
        random: round.effects.random,
        steps: input.limits.fuel - round.effects.fuel,
    })
}

/// What was done at a path in this round.
#[derive(Clone, Copy, Debug)]
struct Mark {
    check: u64,
    exported: bool,
    stored: bool,
}

/// What a round uses up and changes, apart from exports and state.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) fuel: u64,
    pub(crate) random: u64,
    pub(crate) actions: Vec<ActionRequest>,
    /// The environment, once the program has changed it.
    pub(crate) changed: Option<Environment>,
}

impl Effects {
    pub(crate) fn new(input: &RoundInput<'_>) -> Self {
        Self { fuel: input.limits.fuel, random: input.random, ..Self::default() }
    }

    /// For another round.
    pub(crate) fn renew(&mut self, input: &RoundInput<'_>) {
        self.fuel = input.limits.fuel;
        self.random = input.random;
        self.actions.clear();
        self.changed = None;
    }

    /// Takes the steps that it costs to walk over so many values: none for the few that most
    /// expressions hold, whose cost is that of the expression. Nothing if there are not so many left.
    pub(crate) fn pay(&mut self, weight: usize) -> Option<()> {
        if weight > FREE_WEIGHT {
            self.fuel = self.fuel.checked_sub(weight as u64)?;
        }
        Some(())
    }

    /// The next number of the device's generator, in [0, 1).
    pub(crate) fn next_random(&mut self) -> f64 {
        draw(&mut self.random)
    }
}

/// The next number of a generator, in [0, 1).
pub(crate) fn draw(random: &mut u64) -> f64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    (path::mix(*random) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A running round.
pub(crate) struct Round<'a> {
    program: &'a Program,
    input: &'a RoundInput<'a>,
    path: Path,
    /// Inside alignedMap: the neighbours that hold the key, in ascending id.
    domain: Option<Arc<[NodeId]>>,
    activations: Activations,
    current: Option<ActivationId>,
    /// Whether the running text is new here: then its state starts anew.
    new_text: bool,
    /// The text whose code is running, and all texts known to this round.
    unit: Arc<Unit>,
    units: FxHashMap<u64, Arc<Unit>>,
    marks: FxHashMap<u64, Mark>,
    exported: Vec<(u64, Value)>,
    kept: Vec<(u64, Value)>,
    texts: Texts,
    pub(crate) effects: Effects,
    /// Whether compiled code runs the round and this evaluator only parts of it.
    compiled: bool,
    depth: u32,
    /// Calls of definitions and lambdas that are under way.
    calls: u32,
    /// What it shares and how it got there, if somebody wants to know.
    record: Option<Box<visits::Record>>,
}

impl<'a> Round<'a> {
    fn new(program: &'a Program, input: &'a RoundInput<'a>) -> Self {
        let unit = program.unit.clone();
        Self {
            program,
            input,
            path: Path::ROOT,
            domain: None,
            activations: Activations::default(),
            current: None,
            new_text: false,
            unit,
            units: FxHashMap::default(),
            marks: FxHashMap::default(),
            exported: Vec::new(),
            kept: Vec::new(),
            texts: Texts::default(),
            effects: Effects::new(input),
            compiled: false,
            depth: 0,
            calls: 0,
            record: None,
        }
    }

    fn run(&mut self) -> Result<Value, Fault> {
        let unit = self.unit.clone();
        let Some(main) = &unit.main else {
            return Err(Fault::new(
                DiagCode::NothingToRun,
                format!("`{}` has no program to run", unit.name),
            )
            .help("write an expression after its definitions, or import it from a program"));
        };
        let value = self.block(main)?;
        if let Value::Field(field) = &value {
            return Ok(Value::Field(field.clone()));
        }
        Ok(value.detached())
    }

    /// Runs `f` one frame further down the code path.
    fn below<T>(&mut self, frame: u64, f: impl FnOnce(&mut Self) -> T) -> T {
        let saved = self.path;
        self.path = saved.push(frame);
        let result = f(self);
        self.path = saved;
        result
    }

    /// Notes that something happens at a path; the same thing twice, or another path with the
    /// same hash, is an error.
    fn mark(&mut self, path: Path, export: bool) -> Result<(), Fault> {
        let fresh = Mark { check: path.check, exported: false, stored: false };
        let mark = self.marks.entry(path.hash).or_insert(fresh);
        // Compiled code has these paths for itself.
        let taken = self.compiled && self.program.layout.has_path(path.hash);
        if taken || mark.check != path.check {
            return Err(Fault::new(
                DiagCode::PathCollision,
                "two places of the program have the same path hash",
            )
            .help("this is a coincidence of one in 2^64; any change of the program removes it"));
        }
        let seen = if export { &mut mark.exported } else { &mut mark.stored };
        if std::mem::replace(seen, true) {
            return Err(twice(export));
        }
        Ok(())
    }

    /// Sends a value to the neighbours at a path.
    fn export(&mut self, path: Path, value: &Value) -> Result<(), Fault> {
        plain(value, "shared with neighbours")?;
        self.pay_for(value)?;
        self.mark(path, true)?;
        self.record_export(path.hash, value);
        self.exported.push((path.hash, value.detached()));
        Ok(())
    }

    /// What the round before kept at a path.
    fn kept_at(&self, path: Path) -> Option<Value> {
        if self.new_text { None } else { self.input.state.get(path.hash).map(Value::unshared) }
    }

    /// The environment as it is now.
    fn environment(&self) -> &Environment {
        self.effects.changed.as_ref().unwrap_or(self.input.environment)
    }

    /// The environment, to be changed.
    fn environment_mut(&mut self) -> &mut Environment {
        self.effects.changed.get_or_insert_with(|| self.input.environment.clone())
    }

    /// A text by its fingerprint.
    fn unit_named(&self, fingerprint: u64) -> Option<&Arc<Unit>> {
        if fingerprint == self.program.unit.fingerprint {
            return Some(&self.program.unit);
        }
        self.units.get(&fingerprint)
    }

    /// Keeps a value at a path for the next round.
    fn store(&mut self, path: Path, value: &Value) -> Result<(), Fault> {
        plain(value, "kept for the next round")?;
        self.pay_for(value)?;
        self.mark(path, false)?;
        self.kept.push((path.hash, value.detached()));
        Ok(())
    }

    /// The name of this device.
    pub(crate) fn id(&self) -> &NodeId {
        self.input.id
    }

    /// What a program's function gave to a native must not be null.
    pub(crate) fn checked(value: Result<Value, Fault>) -> Result<Value, Fault> {
        value.and_then(expr::not_null)
    }

    /// The next number of the device's generator, in [0, 1).
    pub(crate) fn next_random(&mut self) -> f64 {
        self.effects.next_random()
    }

    /// Pays for a walk over a value. So the fuel also bounds the memory of a round: what is made is
    /// paid for, and each value that is kept was made.
    pub(crate) fn pay_for(&mut self, value: &Value) -> Result<(), Fault> {
        let weight = value.weight(self.input.limits.items);
        self.effects.pay(weight).ok_or_else(|| self.out_of_fuel())
    }

    /// Refuses a text or tuple that is too large to be meant, and pays for one that is large.
    pub(crate) fn check_size(&mut self, value: Value) -> Result<Value, Fault> {
        if let Value::Text(text) = &value {
            self.check_text(text.len())?;
            self.pay_for(&value)?;
            return Ok(value);
        }
        let limits = self.input.limits;
        let mut budget = limits.items;
        if !value.exceeds(MAX_NESTING, &mut budget) {
            let paid = self.effects.pay(limits.items - budget);
            return paid.map(|()| value).ok_or_else(|| self.out_of_fuel());
        }
        let message = match budget {
            0 => format!("this value holds more than {} values", limits.items),
            _ => format!("this value is nested deeper than {MAX_NESTING} levels"),
        };
        Err(Fault::new(DiagCode::ValueTooLarge, message)
            .help("does it take itself in every round? keep only what is needed"))
    }

    /// Refuses a text of so many bytes that is too large to be meant, before or after it is made.
    pub(crate) fn check_text(&self, bytes: usize) -> Result<(), Fault> {
        let limit = self.input.limits.text_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("this value has {bytes} bytes of text; at most {limit} are possible");
        Err(Fault::new(DiagCode::ValueTooLarge, message)
            .help("does it grow every round? keep only what is needed"))
    }

    /// Refuses a collection of so many values before it is made.
    pub(crate) fn check_items(&self, items: usize) -> Result<(), Fault> {
        let limit = self.input.limits.items;
        if items <= limit {
            return Ok(());
        }
        Err(Fault::new(
            DiagCode::ValueTooLarge,
            format!("this value holds more than {limit} values"),
        )
        .help("does it grow every round? keep only what is needed"))
    }
}

/// A tuple may hold fields for as long as the place at which they were built; no further.
fn plain(value: &Value, what: &str) -> Result<(), Fault> {
    if !value.hides_field() {
        return Ok(());
    }
    let message = format!("a tuple that holds a field cannot be {what}");
    Err(Fault::new(DiagCode::FieldInTuple, message)
        .help("reduce the field with a hood before it goes into the tuple"))
}

fn twice(export: bool) -> Fault {
    let message = if export {
        "this program tried to build a field twice with the same code path"
    } else {
        "this program tried to persist two objects within the same code path"
    };
    Fault::new(DiagCode::SamePathTwice, message).help(
        "a function given to a hood runs once for each neighbour at the same place: it must not \
         contain nbr, rep or share, nor read a field; compute those before the hood",
    )
}
