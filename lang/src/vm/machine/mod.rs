//! The machine that runs compiled rounds.

mod bridge;
mod fields;
mod hoods;
mod run;
mod values;

use super::code::Code;
use super::columns::{Column, Columns, Mask};
use crate::diag::DiagCode;
use crate::eval::{
    ActionRequest, Effects, Environment, Limits, RoundInput, RoundOutput, Trap, run_round,
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
#[derive(Debug, Default)]
pub struct Memory {
    /// What the program keeps.
    pub(super) state: State,
    /// The environment.
    pub environment: Environment,
    /// State of the device's generator of random numbers.
    pub random: u64,
    /// Of the last successful round.
    pub(super) exports: Exports,
    /// Buffers of the round before, to be filled by the next one.
    spare: Option<Box<Spare>>,
}

/// What a round fills while that of the round before is still in use.
#[derive(Debug)]
pub(super) struct Spare {
    pub(super) state: State,
    pub(super) exports: Exports,
    pub(super) effects: Effects,
}

impl Memory {
    /// Before the first round.
    pub fn new(environment: Environment, random: u64) -> Self {
        Self { environment, random, ..Self::default() }
    }

    /// What the last successful round exported.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// What the last successful round kept.
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// What a round gave, besides what is in the device's memory.
#[derive(Debug)]
pub struct Success {
    /// The value of the program.
    pub value: Value,
    /// Requests to the host, in the order of the calls.
    pub actions: Vec<ActionRequest>,
}

/// Registers and buffers for rounds of any device and program, one at a time.
///
/// A round in a machine that has run a round of that size before allocates nothing, as long as
/// the program computes with numbers, Booleans, ids and tuples of them.
#[derive(Debug, Default)]
pub struct Machine {
    pub(super) cells: Vec<Cell>,
    /// The code whose constants are in the registers.
    loaded: Option<Arc<Code>>,
    pub(super) columns: Columns,
    /// Masks of the layout's regions, where they were asked for.
    pub(super) regions: Vec<Option<Mask>>,
    /// Which regions of the code ran.
    pub(super) ran: Vec<bool>,
    /// Tuples that nobody holds any more, by length.
    pub(super) tuples: Vec<Vec<Arc<[Value]>>>,
    pub(super) row: Vec<Value>,
    pub(super) lane_values: Vec<Value>,
    /// The value of the last compiled round.
    pub(super) value: Value,
    walked: u64,
    rounds: u64,
    verify: bool,
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
        if let Some(code) = &program.code
            && let Some(mut next) = self.compiled(program, code, setting, neighbors, memory)
        {
            if self.verify {
                let walked = run_round(program, &input(setting, neighbors, memory));
                self.verify(&next, walked)?;
            }
            let accepted = accept(&next.exports);
            if accepted.is_ok() {
                Self::commit(memory, &mut next);
            }
            let actions = std::mem::take(&mut next.effects.actions);
            memory.spare = Some(next);
            accepted?;
            let value = std::mem::replace(&mut self.value, Value::Null);
            return Ok(Success { value, actions });
        }
        self.walked += 1;
        let output = run_round(program, &input(setting, neighbors, memory))?;
        accept(&output.exports)?;
        memory.state = output.state;
        memory.environment = output.environment;
        memory.random = output.random;
        memory.exports = output.exports;
        Ok(Success { value: output.value, actions: output.actions })
    }

    fn compiled<S: NeighborSource>(
        &mut self,
        program: &Program,
        code: &Arc<Code>,
        setting: &Setting<'_>,
        neighbors: &S,
        memory: &mut Memory,
    ) -> Option<Box<Spare>> {
        let layout = &program.layout;
        if code.deepest >= setting.limits.depth || !neighbors.follows(layout) {
            return None;
        }
        self.load(code);
        if !memory.state.follows(layout) {
            memory.state = State::rearranged(std::mem::take(&mut memory.state), layout);
        }
        let mut spare = memory
            .spare
            .take()
            .filter(|spare| spare.state.follows(layout) && spare.exports.follows(layout))
            .unwrap_or_else(|| {
                let (state, exports) = (State::empty(layout), Exports::empty(layout));
                Box::new(Spare { state, exports, effects: Effects::default() })
            });
        let input = input(setting, neighbors, memory);
        match self.run(program, code, &input, neighbors, &mut spare) {
            Ok(()) => Some(spare),
            Err(Stuck) => {
                memory.spare = Some(spare);
                None
            }
        }
    }

    /// Makes what a compiled round left the device's own.
    fn commit(memory: &mut Memory, next: &mut Spare) {
        std::mem::swap(&mut memory.state, &mut next.state);
        std::mem::swap(&mut memory.exports, &mut next.exports);
        memory.random = next.effects.random;
        if let Some(environment) = next.effects.changed.take() {
            memory.environment = environment;
        }
    }

    /// Makes the registers those of a program.
    fn load(&mut self, code: &Arc<Code>) {
        if self.loaded.as_ref().is_some_and(|loaded| Arc::ptr_eq(loaded, code)) {
            return;
        }
        self.cells.clear();
        self.cells.resize(code.registers, Cell::Value(Value::Null));
        for (reg, value) in &code.constants {
            if let Some(cell) = self.cells.get_mut(usize::from(*reg)) {
                *cell = Cell::Value(value.clone());
            }
        }
        self.loaded = Some(code.clone());
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
        state: &memory.state,
        environment: &memory.environment,
        random: memory.random,
        limits: setting.limits,
    }
}

impl Machine {
    /// Refuses a round on which the two evaluators differ.
    fn verify(&self, next: &Spare, walked: Result<RoundOutput, Trap>) -> Result<(), Trap> {
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
        differ("the value", text(&self.value), text(&walked.value))?;
        differ("exports", text(&next.exports.cells()), text(&walked.exports.cells()))?;
        differ("state", text(&next.state.cells()), text(&walked.state.cells()))?;
        differ("requests", text(&next.effects.actions), text(&walked.actions))?;
        differ("random numbers", text(&next.effects.random), text(&walked.random))?;
        match &next.effects.changed {
            Some(changed) => differ("the environment", text(changed), text(&walked.environment)),
            None => Ok(()),
        }
    }
}
