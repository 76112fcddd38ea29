//! Commands: who may ask for what, and what comes of it.

use std::time::Duration;

use super::{Machine, Phase};
use crate::spec::Policy;
use crate::status::{Desired, Repair, Status};

/// What can be asked of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run, from `stop`. From the operator also from `hung`, and the service is wanted again.
    Start,
    /// End all processes. From the operator the service is also no longer wanted.
    Stop,
    /// Run, from `stop` or `hung`. From the operator a running service is stopped and started.
    Restart,
    /// Forget failures: the human has looked. Ends `unrecoverable`.
    Reset,
    /// The service is no longer wanted, but the program decides when it stops (operator only).
    Drain,
    /// The daemon ends and takes the service with it; it stays wanted (operator only).
    Shutdown,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The aggregate program.
    Program,
    /// A human, or a tool in a human's name.
    Operator,
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work has begun.
    Accepted,
    /// Nothing to do: it is so already, or under way.
    Unchanged,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The operator has stopped the service.
    #[error("the operator stopped this service; `fieldrun start` makes it wanted again")]
    DesiredDown,
    /// Too many failures.
    #[error("the restart budget is used up; find the cause, then use `fieldrun reset`")]
    Unrecoverable,
    /// The policy is `manual`.
    #[error("policy `manual`: a hung service waits for a human; use `fieldrun restart`")]
    WaitsForHuman,
    /// The policy is `observe`.
    #[error("policy `observe`: programs do not act on this service")]
    ObserveOnly,
    /// Too early after a failure.
    #[error("waiting {} ms after the last failure before the next start", .0.as_millis())]
    BackOff(Duration),
    /// The daemon is going down.
    #[error("the daemon is shutting down")]
    Closing,
    /// Only the operator may ask for this.
    #[error("programs may not do this; only the operator may")]
    OperatorOnly,
    /// The task that keeps the service has ended.
    #[error("the service is no longer managed: its daemon has ended")]
    Gone,
}

impl Machine {
    /// Asks for something.
    ///
    /// # Errors
    /// Says why it is refused; nothing has changed then.
    pub fn command(
        &mut self,
        now: Duration,
        origin: Origin,
        command: Command,
    ) -> Result<Outcome, Refusal> {
        if self.closing && command != Command::Shutdown {
            return Err(Refusal::Closing);
        }
        match origin {
            Origin::Program => self.program_command(now, command),
            Origin::Operator => Ok(self.operator_command(now, command)),
        }
    }

    fn program_command(&mut self, now: Duration, command: Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Reset | Command::Drain | Command::Shutdown => Err(Refusal::OperatorOnly),
            Command::Start | Command::Restart => {
                if self.start_has_no_effect(command) {
                    return Ok(Outcome::Unchanged);
                }
                self.program_may_start(now)?;
                Ok(self.start(now, "asked by the program"))
            }
            Command::Stop => {
                if self.phase == Phase::Stop {
                    return Ok(Outcome::Unchanged);
                }
                self.program_may_stop()?;
                Ok(self.stop(now, "asked by the program"))
            }
        }
    }

    /// A start of what is up, or coming up, is no error and no work. `start` leaves a hung service
    /// alone; `restart` does not.
    fn start_has_no_effect(&self, command: Command) -> bool {
        match self.phase.status() {
            Status::Starting | Status::Run => true,
            Status::Hung => command == Command::Start,
            Status::Stopping => matches!(self.phase, Phase::Stopping { then_start: true, .. }),
            Status::Stop => false,
        }
    }

    fn program_may_start(&self, now: Duration) -> Result<(), Refusal> {
        let hung = self.phase.status() == Status::Hung;
        match self.rules.policy {
            Policy::Observe => return Err(Refusal::ObserveOnly),
            Policy::Manual if hung => return Err(Refusal::WaitsForHuman),
            Policy::Manual | Policy::Restart => {}
        }
        if self.desired == Desired::Down {
            return Err(Refusal::DesiredDown);
        }
        if self.repair == Repair::Unrecoverable {
            return Err(Refusal::Unrecoverable);
        }
        if now < self.backoff_until {
            return Err(Refusal::BackOff(self.backoff_until - now));
        }
        Ok(())
    }

    /// Stopping a hung service would let a program start it afterwards, past the human and past
    /// the latch.
    fn program_may_stop(&self) -> Result<(), Refusal> {
        let hung = self.phase.status() == Status::Hung;
        match self.rules.policy {
            Policy::Observe => Err(Refusal::ObserveOnly),
            Policy::Manual if hung => Err(Refusal::WaitsForHuman),
            _ if hung && self.repair == Repair::Unrecoverable => Err(Refusal::Unrecoverable),
            Policy::Manual | Policy::Restart => Ok(()),
        }
    }

    fn operator_command(&mut self, now: Duration, command: Command) -> Outcome {
        match command {
            Command::Start => {
                let cause = "asked by the operator";
                let wanted = self.want(now, Desired::Up, cause);
                match self.phase {
                    Phase::Starting { .. } | Phase::Run => wanted,
                    _ => either(self.reset(now, cause), either(wanted, self.start(now, cause))),
                }
            }
            Command::Restart => {
                let cause = "asked by the operator";
                self.want(now, Desired::Up, cause);
                self.reset(now, cause);
                match self.phase {
                    Phase::Starting { .. } | Phase::Run => {
                        self.begin_stop(now, true, cause);
                        Outcome::Accepted
                    }
                    _ => self.start(now, cause),
                }
            }
            Command::Stop => {
                let wanted = self.want(now, Desired::Down, "asked by the operator");
                either(wanted, self.stop(now, "asked by the operator"))
            }
            Command::Drain => self.want(now, Desired::Down, "drained by the operator"),
            Command::Reset => self.reset(now, "reset by the operator"),
            Command::Shutdown => {
                self.closing = true;
                self.stop(now, "the daemon is shutting down")
            }
        }
    }

    fn want(&mut self, now: Duration, desired: Desired, cause: &str) -> Outcome {
        if self.desired == desired {
            return Outcome::Unchanged;
        }
        self.change(now, cause, |m| m.desired = desired);
        Outcome::Accepted
    }

    fn reset(&mut self, now: Duration, cause: &str) -> Outcome {
        self.failures.clear();
        self.backoff_until = now;
        if self.repair != Repair::Unrecoverable {
            return Outcome::Unchanged;
        }
        self.change(now, cause, |m| m.repair = Repair::None);
        Outcome::Accepted
    }

    /// From anything that is not up: start, after whatever is left has ended.
    fn start(&mut self, now: Duration, cause: &str) -> Outcome {
        match &mut self.phase {
            Phase::Stop => self.begin_start(now, cause),
            Phase::Starting { .. } | Phase::Run => return Outcome::Unchanged,
            Phase::Stopping { then_start, .. } => {
                let before = std::mem::replace(then_start, true);
                return if before { Outcome::Unchanged } else { Outcome::Accepted };
            }
            Phase::Hung | Phase::Cleaning(_) | Phase::Stuck => self.begin_stop(now, true, cause),
        }
        Outcome::Accepted
    }

    fn stop(&mut self, now: Duration, cause: &str) -> Outcome {
        match &mut self.phase {
            Phase::Stop => return Outcome::Unchanged,
            Phase::Stopping { then_start, .. } => {
                let before = std::mem::replace(then_start, false);
                return if before { Outcome::Accepted } else { Outcome::Unchanged };
            }
            Phase::Starting { .. }
            | Phase::Run
            | Phase::Hung
            | Phase::Cleaning(_)
            | Phase::Stuck => self.begin_stop(now, false, cause),
        }
        Outcome::Accepted
    }
}

fn either(a: Outcome, b: Outcome) -> Outcome {
    if a == Outcome::Accepted { a } else { b }
}
