//! Events: what happens to a service, and what follows from it.

use std::time::Duration;

use super::{Effect, Event, Found, Ladder, Machine, Phase, ProbeKind};
use crate::gauge::Verdict;
use crate::status::{Desired, Fault, Repair, Status};

impl Machine {
    /// Takes in what has happened. What does not fit the present state is late news and ignored.
    pub fn handle(&mut self, now: Duration, event: Event) {
        match event {
            Event::Found(found) => self.found(now, found),
            Event::Spawned => self.spawned(now),
            Event::SpawnFailed(why) => {
                if matches!(self.phase, Phase::Starting { .. }) {
                    self.fail(now, Fault::Crashed, Phase::Hung, &why);
                }
            }
            Event::Exited(why) => self.exited(now, &why),
            Event::Down => self.down(now),
            Event::Probe(kind, result) => self.probed(now, kind, result),
            Event::Timer => self.timer(now),
            Event::Resumed(gap) => self.resumed(gap),
        }
    }

    fn found(&mut self, now: Duration, found: Found) {
        match found {
            Found::Process(status) => {
                self.process = true;
                match status {
                    Status::Stopping => self.begin_stop(now, false, "stop goes on"),
                    Status::Hung => self.change(now, "adopted", |m| {
                        m.phase = Phase::Hung;
                        m.fault = Fault::Faulty;
                    }),
                    Status::Stop | Status::Starting | Status::Run => self.adopt(now),
                }
            }
            Found::Leftovers => self.begin_stop(now, false, "processes were left behind"),
            Found::Hung(fault) => self.change(now, "still hung", |m| {
                m.phase = Phase::Hung;
                m.fault = fault;
            }),
        }
    }

    /// Never restarted, never doubled; published as `run` only after it was probed.
    fn adopt(&mut self, now: Duration) {
        let until = now.saturating_add(self.rules.start_timeout);
        self.started_at = now;
        self.change(now, "adopted", |m| m.phase = Phase::Starting { until, adopted: true });
        if self.rules.ready.is_none() && self.rules.alive.is_none() {
            self.enter_run(now, "adopted");
        }
    }

    fn spawned(&mut self, now: Duration) {
        self.process = true;
        let unprobed = self.rules.ready.is_none() && self.rules.alive.is_none();
        if unprobed && matches!(self.phase, Phase::Starting { .. }) {
            self.start_duration = Some(now.saturating_sub(self.started_at));
            self.enter_run(now, "started; no probe is configured");
        }
    }

    fn exited(&mut self, now: Duration, why: &str) {
        self.process = false;
        match self.phase {
            Phase::Starting { .. } => self.clean_up(now, Fault::Crashed, why),
            Phase::Run => self.fail(now, Fault::Crashed, Phase::Hung, why),
            Phase::Hung => {
                self.last_error = Some(why.to_owned());
                self.change(now, why, |m| m.fault = Fault::Crashed);
            }
            Phase::Stop | Phase::Stopping { .. } | Phase::Cleaning(_) | Phase::Stuck => {}
        }
    }

    /// A start has failed: nothing half-started may remain.
    fn clean_up(&mut self, now: Duration, fault: Fault, why: &str) {
        let ladder = self.first_step(now);
        self.fail(now, fault, Phase::Cleaning(ladder), why);
        self.effects.push_back(Effect::StopStep(0));
    }

    fn down(&mut self, now: Duration) {
        match self.phase {
            Phase::Stopping { then_start: true, .. } if self.desired == Desired::Up => {
                self.process = false;
                self.begin_start(now, "all processes have ended");
            }
            Phase::Stopping { .. } => {
                self.process = false;
                self.change(now, "all processes have ended", |m| {
                    m.phase = Phase::Stop;
                    m.fault = Fault::None;
                    if m.repair != Repair::Unrecoverable {
                        m.repair = Repair::None;
                    }
                });
            }
            Phase::Cleaning(_) | Phase::Stuck => {
                self.process = false;
                self.phase = Phase::Hung;
            }
            Phase::Stop | Phase::Starting { .. } | Phase::Run | Phase::Hung => {}
        }
    }

    fn timer(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.phase {
            Phase::Starting { adopted, .. } => {
                let limit = self.rules.start_timeout;
                let why = match &self.start_error {
                    Some(error) => format!("not ready within {limit:?}: {error}"),
                    None => format!("not ready within {limit:?}"),
                };
                if adopted {
                    self.fail(now, Fault::Faulty, Phase::Hung, &why);
                } else {
                    self.clean_up(now, Fault::Faulty, &why);
                }
            }
            Phase::Stopping { ladder, then_start } => match self.next_step(now, ladder) {
                Some(ladder) => self.phase = Phase::Stopping { ladder, then_start },
                None => self.stuck(now),
            },
            Phase::Cleaning(ladder) => match self.next_step(now, ladder) {
                Some(ladder) => self.phase = Phase::Cleaning(ladder),
                None => self.phase = Phase::Stuck,
            },
            Phase::Stop | Phase::Run | Phase::Hung | Phase::Stuck => {}
        }
    }

    fn next_step(&mut self, now: Duration, ladder: Ladder) -> Option<Ladder> {
        let step = ladder.step + 1;
        let timeout = *self.rules.stop_steps.get(step)?;
        self.effects.push_back(Effect::StopStep(step));
        Some(Ladder { step, until: now.saturating_add(timeout) })
    }

    fn stuck(&mut self, now: Duration) {
        let why = "processes are left after the last step of the stop ladder";
        self.fail(now, Fault::Faulty, Phase::Stuck, why);
    }

    fn probed(&mut self, now: Duration, kind: ProbeKind, result: Result<(), String>) {
        let probing = self.probing();
        let (wanted, rules, gauge) = match kind {
            ProbeKind::Ready => (probing.ready, self.rules.ready, &mut self.ready_gauge),
            ProbeKind::Alive => (probing.alive, self.rules.alive, &mut self.alive_gauge),
        };
        let Some(rules) = rules.filter(|_| wanted) else { return };
        let graced = now < self.started_at.saturating_add(rules.grace);
        if result.is_err() && graced {
            return;
        }
        let verdict = gauge.feed(result.is_ok(), rules.thresholds);
        let why = match result {
            Ok(()) => String::new(),
            Err(error) => format!("{error} ({} in a row)", gauge.fails()),
        };
        match self.phase {
            Phase::Starting { adopted, .. } => {
                self.probed_starting(now, kind, verdict, adopted, &why);
            }
            Phase::Run => self.probed_running(now, kind, verdict, &why),
            Phase::Hung => self.probed_hung(now, kind, verdict),
            Phase::Stop | Phase::Stopping { .. } | Phase::Cleaning(_) | Phase::Stuck => {}
        }
    }

    fn probed_starting(
        &mut self,
        now: Duration,
        kind: ProbeKind,
        verdict: Option<Verdict>,
        adopted: bool,
        why: &str,
    ) {
        let decides = kind == ProbeKind::Ready || self.rules.ready.is_none();
        match verdict {
            Some(Verdict::Pass) if decides => {
                if !adopted {
                    self.start_duration = Some(now.saturating_sub(self.started_at));
                }
                let cause = if adopted { "adopted and found well" } else { "ready" };
                self.enter_run(now, cause);
            }
            Some(Verdict::Fail) if adopted && kind == ProbeKind::Alive => {
                self.fail(now, Fault::Faulty, Phase::Hung, &format!("alive probe: {why}"));
            }
            _ if !why.is_empty() => self.start_error = Some(why.to_owned()),
            _ => {}
        }
    }

    fn probed_running(
        &mut self,
        now: Duration,
        kind: ProbeKind,
        verdict: Option<Verdict>,
        why: &str,
    ) {
        match (kind, verdict) {
            (ProbeKind::Alive, Some(Verdict::Fail)) => {
                self.fail(now, Fault::Faulty, Phase::Hung, &format!("alive probe: {why}"));
            }
            (ProbeKind::Ready, Some(Verdict::Fail)) if self.ready => {
                let why = format!("ready probe: {why}");
                self.last_error = Some(why.clone());
                self.change(now, &why, |m| m.ready = false);
            }
            (ProbeKind::Ready, Some(Verdict::Pass)) => {
                self.change(now, "ready again", |m| m.ready = true);
            }
            _ => {}
        }
    }

    /// Only a process that was kept can recover, and only when all its probes say so.
    fn probed_hung(&mut self, now: Duration, kind: ProbeKind, verdict: Option<Verdict>) {
        let passed = verdict == Some(Verdict::Pass);
        match kind {
            ProbeKind::Ready => self.recovered.0 = passed,
            ProbeKind::Alive => self.recovered.1 = passed,
        }
        let ready = self.recovered.0 || self.rules.ready.is_none();
        let alive = self.recovered.1 || self.rules.alive.is_none();
        if ready && alive {
            self.enter_run(now, "self_recovered: its probes pass again");
        }
    }

    /// Nothing that was measured across a pause of the daemon says anything about the service.
    fn resumed(&mut self, gap: Duration) {
        self.ready_gauge.reset();
        self.alive_gauge.reset();
        match &mut self.phase {
            Phase::Starting { until, .. } => *until = until.saturating_add(gap),
            Phase::Stopping { ladder, .. } | Phase::Cleaning(ladder) => {
                ladder.until = ladder.until.saturating_add(gap);
            }
            Phase::Stop | Phase::Run | Phase::Hung | Phase::Stuck => {}
        }
    }
}
