//! The life of one service as a pure state machine: no clock, no process, no I/O.
//!
//! What happens comes in through [`Machine::command`] and [`Machine::handle`], with the time as a
//! parameter; what must be done comes out of [`Machine::poll`] until it is empty; and
//! [`Machine::deadline`] says when to call [`Machine::handle`] with [`Event::Timer`]. The invariant
//! on which everything rests: [`Effect::Spawn`] is given only when the machine was told
//! [`Event::Down`] since the previous one, so that there are never two copies.
//!
//! | from | what happens | to |
//! |---|---|---|
//! | stop | start, restart | starting |
//! | starting | ready | run |
//! | starting | exit, timeout | hung, and the stop ladder cleans up |
//! | starting, run | stop | stopping |
//! | run | the process ends | hung (crashed) |
//! | run | the alive probe fails | hung (faulty); the process is kept for diagnosis |
//! | run | the ready probe fails | run, not ready |
//! | stopping | no process left | stop, or starting when a restart pre-empted the stop |
//! | stopping | the ladder ran out | hung (faulty) |
//! | hung | restart | stopping, then starting |
//! | hung | stop | stopping, then stop |
//! | hung | probes pass again | run |
//!
//! Times are [`Duration`]s since some fixed instant of a monotonic clock.

mod events;
mod permits;

use std::collections::VecDeque;
use std::time::Duration;

pub use permits::{Command, Origin, Outcome, Refusal};

use crate::gauge::{Gauge, Thresholds};
use crate::spec::{Policy, Probe, RestartBudget, ServiceSpec};
use crate::status::{Desired, Fault, Repair, Status, View};

/// What the machine needs to know of a specification.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who may act.
    pub policy: Policy,
    /// How long a start may take.
    pub start_timeout: Duration,
    /// How long each step of the stop ladder may take.
    pub stop_steps: Vec<Duration>,
    /// The restart budget.
    pub restart: RestartBudget,
    /// The readiness probe, if there is one.
    pub ready: Option<ProbeRules>,
    /// The liveness probe, if there is one.
    pub alive: Option<ProbeRules>,
}

/// What the machine needs to know of a probe.
#[derive(Clone, Copy, Debug)]
pub struct ProbeRules {
    /// How many equal results make a verdict.
    pub thresholds: Thresholds,
    /// For so long after a start failures do not count.
    pub grace: Duration,
}

impl From<&Probe> for ProbeRules {
    fn from(probe: &Probe) -> Self {
        Self { thresholds: probe.thresholds, grace: probe.start_grace }
    }
}

impl From<&ServiceSpec> for Rules {
    fn from(spec: &ServiceSpec) -> Self {
        Self {
            policy: spec.policy,
            start_timeout: spec.start_timeout,
            stop_steps: spec.stop.iter().map(|step| step.timeout).collect(),
            restart: spec.restart,
            ready: spec.ready.as_ref().map(ProbeRules::from),
            alive: spec.alive.as_ref().map(ProbeRules::from),
        }
    }
}

/// What outlives a daemon besides the process itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// What the operator wants.
    pub desired: Desired,
    /// The restart budget is used up.
    pub latched: bool,
    /// When the service failed, as far as it still counts.
    pub failures: Vec<Duration>,
    /// How often the service was started.
    pub starts: u64,
    /// How long the last start took.
    pub start_duration: Option<Duration>,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

/// What a new daemon found of a service that an earlier one had started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its main process, last seen with this status.
    Process(Status),
    /// No main process, but others that it has left behind.
    Leftovers,
    /// No process; the service had been found hung and nobody has acted since.
    Hung(Fault),
}

/// Which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// Can the service be used?
    Ready,
    /// Does it react at all?
    Alive,
}

/// What happens to a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An earlier daemon had started the service. Only as the first event.
    Found(Found),
    /// The process asked for by [`Effect::Spawn`] exists.
    Spawned,
    /// The process asked for by [`Effect::Spawn`] could not be made.
    SpawnFailed(String),
    /// The main process has ended, for this reason.
    Exited(String),
    /// No process of the service is left.
    Down,
    /// A probe has a result.
    Probe(ProbeKind, Result<(), String>),
    /// The deadline is reached.
    Timer,
    /// The daemon itself stood still for so long (fault 12): time-outs are extended by it.
    Resumed(Duration),
}

/// What must be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Make the process; answer with [`Event::Spawned`] or [`Event::SpawnFailed`].
    Spawn,
    /// Take this step of the stop ladder, and answer with [`Event::Down`] once no process is left.
    StopStep(usize),
    /// Tell the world.
    Publish {
        /// What was known before.
        before: View,
        /// What is known now.
        after: View,
        /// Why.
        cause: String,
    },
}

/// Which probes are wanted at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probing {
    /// The readiness probe is wanted.
    pub ready: bool,
    /// The liveness probe is wanted.
    pub alive: bool,
    /// The service is starting: ask more often than the interval says.
    pub eager: bool,
}

/// Where the stop ladder stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ladder {
    step: usize,
    until: Duration,
}

/// The states; impossible combinations cannot be written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Stop,
    /// `adopted`: started by an earlier daemon, not yet found well by this one.
    Starting {
        until: Duration,
        adopted: bool,
    },
    Run,
    Stopping {
        ladder: Ladder,
        then_start: bool,
    },
    /// The process, if there still is one, is left alone.
    Hung,
    /// A start has failed and the ladder removes what is left of it.
    Cleaning(Ladder),
    /// The ladder ran out and something still lives.
    Stuck,
}

impl Phase {
    fn status(self) -> Status {
        match self {
            Self::Stop => Status::Stop,
            Self::Starting { .. } => Status::Starting,
            Self::Run => Status::Run,
            Self::Stopping { .. } => Status::Stopping,
            Self::Hung | Self::Cleaning(_) | Self::Stuck => Status::Hung,
        }
    }
}

/// The life of one service.
#[derive(Debug)]
pub struct Machine {
    rules: Rules,
    phase: Phase,
    /// A main process exists, as far as it is known.
    process: bool,
    ready: bool,
    desired: Desired,
    fault: Fault,
    repair: Repair,
    closing: bool,
    ready_gauge: Gauge,
    alive_gauge: Gauge,
    /// The verdict of each probe while the service is hung; both must pass for it to recover.
    recovered: (bool, bool),
    failures: VecDeque<Duration>,
    backoff_until: Duration,
    started_at: Duration,
    since: Duration,
    starts: u64,
    start_duration: Option<Duration>,
    last_error: Option<String>,
    /// What the probes of a start said last, for the message when it takes too long.
    start_error: Option<String>,
    effects: VecDeque<Effect>,
}

impl Machine {
    /// A service of which no process is known.
    pub fn new(rules: Rules, memory: Memory, now: Duration) -> Self {
        Self {
            rules,
            phase: Phase::Stop,
            process: false,
            ready: false,
            desired: memory.desired,
            fault: Fault::None,
            repair: if memory.latched { Repair::Unrecoverable } else { Repair::None },
            closing: false,
            ready_gauge: Gauge::default(),
            alive_gauge: Gauge::default(),
            recovered: (false, false),
            failures: memory.failures.into(),
            backoff_until: Duration::ZERO,
            started_at: now,
            since: now,
            starts: memory.starts,
            start_duration: memory.start_duration,
            last_error: memory.last_error,
            start_error: None,
            effects: VecDeque::new(),
        }
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Event::Timer`] is due, if ever.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Starting { until, .. } => Some(until),
            Phase::Stopping { ladder, .. } | Phase::Cleaning(ladder) => Some(ladder.until),
            Phase::Stop | Phase::Run | Phase::Hung | Phase::Stuck => None,
        }
    }

    /// Status and attributes.
    pub fn view(&self) -> View {
        View {
            status: self.phase.status(),
            ready: self.ready,
            desired: self.desired,
            fault: self.fault,
            repair: self.repair,
        }
    }

    /// When the present status began.
    pub fn since(&self) -> Duration {
        self.since
    }

    /// What must outlive this daemon.
    pub fn memory(&self) -> Memory {
        Memory {
            desired: self.desired,
            latched: self.repair == Repair::Unrecoverable,
            failures: self.failures.iter().copied().collect(),
            starts: self.starts,
            start_duration: self.start_duration,
            last_error: self.last_error.clone(),
        }
    }

    /// Which probes are wanted at the moment.
    pub fn probing(&self) -> Probing {
        let (ready, alive) = (self.rules.ready.is_some(), self.rules.alive.is_some());
        match self.phase {
            _ if !self.process => Probing::default(),
            Phase::Starting { adopted, .. } => {
                Probing { ready, alive: alive && (adopted || !ready), eager: true }
            }
            Phase::Run | Phase::Hung => Probing { ready, alive, eager: false },
            Phase::Stop | Phase::Stopping { .. } | Phase::Cleaning(_) | Phase::Stuck => {
                Probing::default()
            }
        }
    }

    /// Whether a main process exists, as far as is known.
    pub fn has_process(&self) -> bool {
        self.process
    }

    /// Whether [`Event::Down`] is awaited.
    pub fn awaits_down(&self) -> bool {
        matches!(self.phase, Phase::Stopping { .. } | Phase::Cleaning(_) | Phase::Stuck)
    }

    /// Changes state and attributes together and publishes if anything that can be seen changed.
    fn change(&mut self, now: Duration, cause: &str, change: impl FnOnce(&mut Self)) {
        let before = self.view();
        change(self);
        let after = self.view();
        if before.status != after.status {
            self.since = now;
        }
        if before != after {
            self.effects.push_back(Effect::Publish { before, after, cause: cause.to_owned() });
        }
    }

    fn begin_start(&mut self, now: Duration, cause: &str) {
        self.ready_gauge.reset();
        self.alive_gauge.reset();
        self.start_error = None;
        self.started_at = now;
        self.starts = self.starts.saturating_add(1);
        let until = now.saturating_add(self.rules.start_timeout);
        self.change(now, cause, |m| {
            m.ready = false;
            m.phase = Phase::Starting { until, adopted: false };
        });
        self.effects.push_back(Effect::Spawn);
    }

    fn begin_stop(&mut self, now: Duration, then_start: bool, cause: &str) {
        let ladder = self.first_step(now);
        let repairs = then_start && self.phase.status() == Status::Hung;
        self.change(now, cause, |m| {
            m.ready = false;
            m.phase = Phase::Stopping { ladder, then_start };
            if repairs && m.repair != Repair::Unrecoverable {
                m.repair = Repair::Repairing;
            }
        });
        self.effects.push_back(Effect::StopStep(0));
    }

    fn first_step(&self, now: Duration) -> Ladder {
        let timeout = self.rules.stop_steps.first().copied().unwrap_or_default();
        Ladder { step: 0, until: now.saturating_add(timeout) }
    }

    fn enter_run(&mut self, now: Duration, cause: &str) {
        self.ready_gauge.reset();
        self.alive_gauge.reset();
        self.change(now, cause, |m| {
            m.phase = Phase::Run;
            m.ready = true;
            m.fault = Fault::None;
            if m.repair == Repair::Repairing {
                m.repair = Repair::Repaired;
            }
        });
    }

    /// A failure: remembered for the budget, and the end of a repair that was under way.
    fn fail(&mut self, now: Duration, fault: Fault, phase: Phase, cause: &str) {
        let budget = self.rules.restart;
        self.failures.push_back(now);
        self.forget_old_failures(now);
        let count = u32::try_from(self.failures.len()).unwrap_or(u32::MAX);
        self.backoff_until = now.saturating_add(backoff(&budget, count));
        self.recovered = (false, false);
        self.ready_gauge.reset();
        self.alive_gauge.reset();
        self.last_error = Some(cause.to_owned());
        let exhausted = count > budget.max;
        self.change(now, cause, |m| {
            m.phase = phase;
            m.ready = false;
            m.fault = fault;
            if exhausted {
                m.repair = Repair::Unrecoverable;
            } else if m.repair != Repair::Unrecoverable {
                m.repair = Repair::None;
            }
        });
    }

    fn forget_old_failures(&mut self, now: Duration) {
        let per = self.rules.restart.per;
        // One more than the budget is enough to know that it is used up.
        let keep = self.rules.restart.max as usize + 1;
        while self.failures.len() > keep
            || self.failures.front().is_some_and(|at| now.saturating_sub(*at) > per)
        {
            self.failures.pop_front();
        }
    }
}

/// None after the first failure, then the minimum, doubling up to the maximum.
fn backoff(budget: &RestartBudget, failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        n => {
            let factor = 1_u32.checked_shl(n - 2).unwrap_or(u32::MAX);
            budget.backoff_min.saturating_mul(factor).min(budget.backoff_max)
        }
    }
}

#[cfg(test)]
mod tests;
