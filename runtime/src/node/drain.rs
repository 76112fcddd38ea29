//! Planned stops. A program that looks at what the operator wants (`env.get("desired")`) decides when
//! a service stops, so that its users can go first; it has a bounded time for that. Where the
//! program does not look, the service stops at once.

use fieldrun_device::{Micros, Program};
use fieldrun_glue::{Command, Desired, Origin, Services, Status};
use std::collections::BTreeMap;

/// How long a program may take to stop a service that is not wanted any more.
const PATIENCE: Micros = Micros(30_000_000);

/// Services that the operator took down and the program has yet to stop.
pub(super) struct Drains {
    program_decides: bool,
    /// When the program's time is over.
    open: BTreeMap<String, Micros>,
}

impl Drains {
    pub(super) fn new(program: &Program) -> Self {
        Self { program_decides: program.reads_environment("desired"), open: BTreeMap::new() }
    }

    /// What a stop means to a service.
    pub(super) fn command(&self) -> Command {
        if self.program_decides { Command::Drain } else { Command::Stop }
    }

    /// A stop was accepted.
    pub(super) fn begun(&mut self, now: Micros, service: &str) {
        if self.program_decides {
            self.open.insert(service.to_owned(), Micros(now.0.saturating_add(PATIENCE.0)));
        }
    }

    /// Stops what the program did not stop in time.
    pub(super) fn enforce(&mut self, now: Micros, services: &Services) {
        self.open.retain(|id, until| {
            let Some(service) = services.get(id) else { return false };
            let snapshot = service.snapshot();
            let still_up = !matches!(snapshot.status, Status::Stop | Status::Stopping);
            if !still_up || snapshot.desired == Desired::Up {
                return false;
            }
            let over = *until <= now;
            if over {
                tracing::warn!(service = id, "the program did not stop it in time; stopping it");
                if let Err(refusal) = service.command(Origin::Operator, Command::Stop) {
                    tracing::error!(service = id, %refusal, "it cannot be stopped");
                }
            }
            !over
        });
    }
}
