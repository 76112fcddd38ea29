//! The machine that runs compiled rounds.

mod bridge;
mod fields;
mod hoods;
mod run;
mod values;

pub(super) use hoods::{fold, total};

use super::code::{Code, Reg};
use super::columns::{Column, Columns, Mask};
use crate::diag::DiagCode;
use crate::eval::{
    ActionRequest, Effects, Environment, Limits, RoundInput, RoundOutput, Trap, evaluated_text,
    run_round,
};
use crate::id::NodeId;
use crate::layout::{Exports, State};
use crate::neighbors::NeighborSource;
use crate::program::Program;
use crate::value::Value;
use std::sync::Arc;

/// The compiled round cannot go on: the reference evaluator runs it from the start.
#[derive(Debug)]
pub(super) struct Stuck;

/// What a register holds: fields are columns, never values.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Value(Value),
    Column(Column),
}

const _: () = assert!(size_of::<Cell>() <= 24);

/// Where and when a round takes place.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The device's own name.
    pub id: &'a NodeId,
    /// The device's clock in seconds.
    pub now: f64,
    /// Seconds since its round before; zero in the first round of a real clock.
    pub delta: f64,
    /// Where it is, in metres, if it knows.
    pub position: Option<&'a [f64]>,
    /// What the round may use.
    pub limits: Limits,
}

/// What a device remembers from one round to the next.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What the last successful round left.
    pub(super) last: Box<Left>,
    /// The environment.
    pub environment: Environment,
    /// State of the device's generator of random numbers.
    pub random: u64,
}

/// What a round leaves.
#[derive(Clone, Debug, Default)]
pub(in crate::vm) struct Left {
    pub(in crate::vm) state: State,
    pub(in crate::vm) exports: Exports,
}

impl Memory {
    /// Before the first round.
    pub fn new(environment: Environment, random: u64) -> Self {
        Self { environment, random, ..Self::default() }
    }

    /// The memory that a round of `program` left, from the parts that were saved of it: what was kept by
    /// path, evaluated texts by path, the environment and the state of the random numbers. What the
    /// round exported is not known then.
    ///
    /// # Errors
    /// An evaluated text does not load; says which.
    pub fn restored(
        program: &Program,
        kept: Vec<(u64, Value)>,
        texts: Vec<(u64, Arc<str>)>,
        environment: Environment,
        random: u64,
    ) -> Result<Self, String> {
        let load = |(path, text): (u64, Arc<str>)| match evaluated_text(program, &text) {
            Ok(unit) => Ok((path, (text, Arc::new(unit)))),
            Err(_) => Err(format!("the evaluated text `{text}` does not load")),
        };
        let texts = texts.into_iter().map(load).collect::<Result<_, _>>()?;
        let state = State::from_cells(&program.layout, kept, texts);
        let last = Box::new(Left { state, exports: Exports::default() });
        Ok(Self { last, environment, random })
    }

    /// What the last successful round exported.
    pub fn exports(&self) -> &Exports {
        &self.last.exports
    }

    /// What the last successful round kept.
    pub fn state(&self) -> &State {
        &self.last.state
    }

    /// Replaces every value that the last successful round kept, as a fault of the memory does;
    /// `change` must not give null, which stands for nothing.
    pub fn replace_state(&mut self, change: impl FnMut(&Value) -> Value) {
        self.last.state.replace(change);
    }
}

/// What a round gave, besides what is in the device's memory.
#[derive(Debug)]
pub struct Success {
    /// The value of the program.
    pub value: Value,
    /// Requests to the host, in the order of the calls.
    pub actions: Vec<ActionRequest>,
    /// What it used of its fuel. With more than thirty neighbours a compiled round counts each lane of all that
    /// it does, which is rather too much.
    pub steps: u64,
    /// Whether the environment may be another one than before.
    pub environment_changed: bool,
}

/// Runs rounds of any device and program, one at a time.
///
/// A round in a machine that has run a round of that size before allocates nothing, as long as
/// the program computes with numbers, Booleans, ids and tuples of them.
#[derive(Debug, Default)]
pub struct Machine {
    registers: Registers,
    /// What the running round uses up and asks for.
    effects: Effects,
    /// Buffers that the next round fills: what it leaves is swapped with what the device had.
    spare: Option<Box<Left>>,
    /// The code whose constants are in the registers.
    loaded: Option<Arc<Code>>,
    walked: u64,
    rounds: u64,
    verify: bool,
}

/// Registers and buffers of the running round.
#[derive(Debug, Default)]
pub(super) struct Registers {
    pub(super) cells: Vec<Cell>,
    pub(super) columns: Columns,
    /// The round, as a mark on what was found out in it: no list has to be cleared before the next.
    pub(super) round: Stamp,
    /// Masks of the layout's regions, where they were asked for.
    pub(super) masks: Vec<(Stamp, Mask)>,
    /// When each region of the code ran last.
    pub(super) ran: Vec<Stamp>,
    /// Tuples that nobody holds any more, by length.
    pub(super) tuples: Vec<Vec<Arc<[Value]>>>,
    pub(super) row: Vec<Value>,
    pub(super) lane_values: Vec<Value>,
}

/// The number of a round of a machine since it loaded a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Registers {
    /// Makes the registers those of a program.
    fn load(&mut self, code: &Code, regions: usize) {
        self.cells.clear();
        self.cells.resize(code.registers, Cell::Value(Value::Null));
        for (reg, value) in &code.constants {
            if let Some(cell) = self.cells.get_mut(usize::from(*reg)) {
                *cell = Cell::Value(value.clone());
            }
        }
        self.round = Stamp::default();
        self.masks.clear();
        self.masks.resize(regions, (Stamp::default(), Mask::ALL));
        self.ran.clear();
        self.ran.resize(code.regions.len(), Stamp::default());
    }

    /// Begins a round with so many neighbours.
    fn begin(&mut self, neighbors: usize) {
        self.round.0 += 1;
        self.columns.reset(neighbors);
    }
}

impl Machine {
    /// A machine that has run nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A machine that runs each round in the reference evaluator as well, and fails rounds in which
    /// the two do not agree on every bit.
    pub fn verifying() -> Self {
        Self { verify: true, ..Self::default() }
    }

    /// How many rounds ran, and how many of them from the start in the reference evaluator.
    pub fn counts(&self) -> (u64, u64) {
        (self.rounds, self.walked)
    }

    /// Runs one round and, if it succeeds, keeps what it leaves in the device's memory.
    ///
    /// # Errors
    /// The program failed or ran out of a limit; the memory is as before.
    pub fn round<S: NeighborSource>(
        &mut self,
        program: &Program,
        setting: &Setting<'_>,
        neighbors: &S,
        memory: &mut Memory,
    ) -> Result<Success, Trap> {
        self.round_if(program, setting, neighbors, memory, |_| Ok(()))
    }

    /// The same if `accept` takes what the round exports, as it does not when that cannot be sent.
    ///
    /// # Errors
    /// The program failed or ran out of a limit, or `accept` refused; the memory is as before.
    pub fn round_if<S: NeighborSource>(
        &mut self,
        program: &Program,
        setting: &Setting<'_>,
        neighbors: &S,
        memory: &mut Memory,
        accept: impl FnOnce(&Exports) -> Result<(), Trap>,
    ) -> Result<Success, Trap> {
        self.rounds += 1;
        let Some((mut next, result)) = self.compiled(program, setting, neighbors, memory) else {
            return self.walked(program, setting, neighbors, memory, accept);
        };
        if self.verify {
            let walked = run_round(program, &input(setting, neighbors, memory));
            let value = self.registers.result(result, neighbors);
            self.verify(&value, &next, walked)?;
        }
        let accepted = accept(&next.exports);
        if accepted.is_ok() {
            std::mem::swap(&mut memory.last, &mut next);
            memory.random = self.effects.random;
        }
        let changed = self.effects.changed.take().filter(|_| accepted.is_ok());
        let environment_changed = changed.is_some();
        if let Some(environment) = changed {
            memory.environment = environment;
        }
        self.spare = Some(next);
        accepted?;
        Ok(Success {
            steps: setting.limits.fuel - self.effects.fuel,
            value: self.registers.result(result, neighbors),
            actions: std::mem::take(&mut self.effects.actions),
            environment_changed,
        })
    }

    fn walked<S: NeighborSource>(
        &mut self,
        program: &Program,
        setting: &Setting<'_>,
        neighbors: &S,
        memory: &mut Memory,
        accept: impl FnOnce(&Exports) -> Result<(), Trap>,
    ) -> Result<Success, Trap> {
        self.walked += 1;
        let output = run_round(program, &input(setting, neighbors, memory))?;
        accept(&output.exports)?;
        *memory.last = Left { state: output.state, exports: output.exports };
        memory.environment = output.environment;
        memory.random = output.random;
        let RoundOutput { value, actions, steps, .. } = output;
        Ok(Success { value, actions, steps, environment_changed: true })
    }

    /// What a round leaves and the register of its value, if the machine can run it by itself; its
    /// effects are in the machine.
    fn compiled<S: NeighborSource>(
        &mut self,
        program: &Program,
        setting: &Setting<'_>,
        neighbors: &S,
        memory: &mut Memory,
    ) -> Option<(Box<Left>, Reg)> {
        let (code, layout) = (program.code.as_ref()?, &program.layout);
        if code.deepest >= setting.limits.depth || !neighbors.follows(layout) {
            return None;
        }
        if !self.loaded.as_ref().is_some_and(|loaded| Arc::ptr_eq(loaded, code)) {
            self.registers.load(code, layout.regions().len());
            self.loaded = Some(code.clone());
        }
        if !memory.last.state.follows(layout) {
            memory.last.state = std::mem::take(&mut memory.last.state).rearranged(layout);
        }
        let mut next = match self.spare.take() {
            Some(left) if left.state.follows(layout) && left.exports.follows(layout) => left,
            _ => Box::new(Left { state: State::empty(layout), exports: Exports::empty(layout) }),
        };
        let input = input(setting, neighbors, memory);
        self.effects.renew(&input);
        let (registers, effects) = (&mut self.registers, &mut self.effects);
        match registers.run(program, code, &input, neighbors, (&mut next, effects)) {
            Ok(result) => Some((next, result)),
            Err(Stuck) => {
                self.spare = Some(next);
                None
            }
        }
    }
}

fn input<'a, S: NeighborSource>(
    setting: &Setting<'a>,
    neighbors: &'a S,
    memory: &'a Memory,
) -> RoundInput<'a> {
    RoundInput {
        id: setting.id,
        now: setting.now,
        delta: setting.delta,
        position: setting.position,
        neighbors,
        state: &memory.last.state,
        environment: &memory.environment,
        random: memory.random,
        limits: setting.limits,
    }
}

impl Machine {
    /// Refuses a round on which the two evaluators differ.
    fn verify(
        &self,
        value: &Value,
        next: &Left,
        walked: Result<RoundOutput, Trap>,
    ) -> Result<(), Trap> {
        let differ = |what: &str, compiled: String, walked: String| {
            if compiled == walked {
                return Ok(());
            }
            let message =
                format!("compiled and walked round differ in {what}: {compiled} and {walked}");
            Err(Trap::without_place(
                DiagCode::MachinesDiffer,
                message,
                "this is a defect of fieldrun: report it",
            ))
        };
        let walked = match walked {
            Ok(walked) => walked,
            Err(trap) => return differ("success", "success".to_owned(), trap.to_string()),
        };
        let text = |x: &dyn std::fmt::Debug| format!("{x:?}");
        differ("the value", text(value), text(&walked.value))?;
        differ("exports", text(&next.exports.cells()), text(&walked.exports.cells()))?;
        differ("state", text(&next.state.cells()), text(&walked.state.cells()))?;
        differ("requests", text(&self.effects.actions), text(&walked.actions))?;
        differ("random numbers", text(&self.effects.random), text(&walked.random))?;
        match &self.effects.changed {
            Some(changed) => differ("the environment", text(changed), text(&walked.environment)),
            None => Ok(()),
        }
    }
}
