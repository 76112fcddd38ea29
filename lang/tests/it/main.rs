//! The language from outside: programs in, values and messages out.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "a test may say what it expects")]

mod agreement;
mod allocations;
mod checks;
mod codes;
mod diagnostics;
mod disasm;
mod limits;
mod network;

use fieldrun_lang::{
    Environment, Exports, Limits, LoadOptions, Neighbor, NoModules, NodeId, Program, RoundInput,
    RoundOutput, Source, State, Trap, load, run_round,
};
use std::sync::Arc;

fn options() -> LoadOptions {
    LoadOptions {
        modules: Arc::new(NoModules),
        host_functions: Arc::from(["stopService".to_owned()]),
        dialect: false,
    }
}

fn program(text: &str) -> Program {
    load(&Source::new("test.pt", text), &options()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A device with its state; neighbours are given for each round.
struct Lone {
    id: NodeId,
    state: State,
    environment: Environment,
    limits: Limits,
}

impl Lone {
    fn new(id: i64) -> Self {
        let (state, environment) = (State::default(), Environment::new());
        Self { id: NodeId::Int(id), state, environment, limits: Limits::default() }
    }

    fn round(
        &mut self,
        program: &Program,
        heard: &[(NodeId, Exports)],
    ) -> Result<RoundOutput, Trap> {
        let neighbors: Vec<Neighbor<'_>> = heard
            .iter()
            .map(|(id, exports)| Neighbor { id, exports, lag: 1.0, delay: 1.0 })
            .collect();
        let input = RoundInput {
            id: &self.id,
            now: 0.0,
            delta: 1.0,
            position: None,
            neighbors: &neighbors,
            state: &self.state,
            environment: &self.environment,
            random: 7,
            limits: self.limits,
        };
        let output = run_round(program, &input)?;
        self.state = output.state.clone();
        self.environment = output.environment.clone();
        Ok(output)
    }
}

/// The message of a program that fails in its first round.
fn trap(text: &str) -> String {
    match Lone::new(0).round(&program(text), &[]) {
        Ok(output) => panic!("gave {}", output.value),
        Err(trap) => trap.to_string(),
    }
}
