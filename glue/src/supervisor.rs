//! The task that keeps one service: it tells the machine what happens and does what it asks for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

use crate::clock;
use crate::handle::Shared;
use crate::log;
use crate::machine::{Effect, Event, Found, Machine, ProbeKind, Rules};
use crate::prober::{Abort, Probed, Prober, STOOD_STILL};
use crate::process::{self, Main, ProcessId};
use crate::record::{self, Files, Keeper, Past, Record};
use crate::spec::{ServiceSpec, StopAction};
use crate::status::{ServiceEvent, ServiceSnapshot, View, micros, millis};

/// How often to look whether processes are left while a service is being stopped. The end of the
/// main process is noticed at once; this is for those that it leaves behind.
const LOOK_FOR_LEFTOVERS: Duration = Duration::from_millis(20);

/// Keeps one service.
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    files: Files,
    boot: String,
    keeper: Keeper,
    events: broadcast::Sender<ServiceEvent>,
    /// The mark of the last run and its main process, also after its end.
    mark: Option<String>,
    process: Option<ProcessId>,
    /// The main process while it lives.
    main: Option<Main>,
    probers: [Option<Prober>; 2],
    next_prober: u64,
    results: (mpsc::Sender<Probed>, mpsc::Receiver<Probed>),
    hook: Option<Abort>,
    _tasks: [Abort; 2],
}

/// What woke the supervisor.
enum Woken {
    Command,
    Ended(String),
    Probed(Probed),
    /// A deadline or the time to look for leftovers.
    Time,
}

impl Supervisor {
    /// Takes over what an earlier daemon left, if anything.
    pub(crate) fn new(
        spec: ServiceSpec,
        files: Files,
        boot: String,
        past: Past,
        events: broadcast::Sender<ServiceEvent>,
    ) -> (Self, Arc<Shared>) {
        let now = clock::now();
        let mut machine = Machine::new(Rules::from(&spec), past.memory, now);
        let mut main = None;
        if let Some(mut found) = past.found {
            if let Found::Process(_) = found {
                main = past.process.and_then(Main::adopt);
                if main.is_none() {
                    // It has ended just now.
                    found = Found::Leftovers;
                }
            }
            machine.handle(now, Event::Found(found));
        }
        let mut snapshot = first_snapshot(&spec, &machine, process::missing(&spec));
        // Whoever looks before the first step sees the adopted process as well.
        snapshot.pid = main.as_ref().and_then(|main| u32::try_from(main.id().pid).ok());
        let shared = Arc::new(Shared::new(spec, machine, snapshot));
        let known = (past.mark, past.process, main);
        (Self::of(shared.clone(), files, boot, events, known), shared)
    }

    /// Goes on after an internal error ended the supervision: what is known of the service is in the
    /// machine, and its process is looked for as that of an earlier daemon would be.
    ///
    /// # Errors
    /// When the state file cannot be read.
    pub(crate) fn again(
        shared: Arc<Shared>,
        files: Files,
        boot: String,
        events: broadcast::Sender<ServiceEvent>,
    ) -> std::io::Result<Self> {
        let past = record::past(&shared.spec, &files.state, &boot)?;
        let main = past.process.and_then(Main::adopt);
        if main.is_none() && shared.machine().has_process() {
            let why = "its process ended while its supervision had an internal error".to_owned();
            shared.machine().handle(clock::now(), Event::Exited(why));
        }
        shared.gone.store(false, Ordering::Release);
        let known = (past.mark, past.process, main);
        Ok(Self::of(shared, files, boot, events, known))
    }

    fn of(
        shared: Arc<Shared>,
        files: Files,
        boot: String,
        events: broadcast::Sender<ServiceEvent>,
        (mark, process, main): (Option<String>, Option<ProcessId>, Option<Main>),
    ) -> Self {
        let (keeper, write_all) = Keeper::new(files.state.clone());
        let keep_short = log::keep_short(files.log.clone(), shared.spec.log_limit);
        Self {
            shared,
            files,
            boot,
            keeper,
            events,
            mark,
            process,
            main,
            probers: [None, None],
            next_prober: 0,
            results: mpsc::channel(16),
            hook: None,
            _tasks: [Abort(tokio::spawn(write_all)), Abort(tokio::spawn(keep_short))],
        }
    }

    /// Works until it is aborted. The process of the service lives on then.
    pub(crate) async fn run(mut self) {
        loop {
            #[cfg(test)]
            lab::trip(&self.shared.spec.id);
            self.carry_out().await;
            self.set_probers();
            self.tell();
            let due = self.due();
            let woken = tokio::select! {
                () = self.shared.wake.notified() => Woken::Command,
                why = ended(&mut self.main) => Woken::Ended(why),
                Some(result) = self.results.1.recv() => Woken::Probed(result),
                () = sleep_until_due(due) => Woken::Time,
            };
            self.take_in(woken, due);
        }
    }

    fn machine<T>(&self, step: impl FnOnce(&mut Machine, Duration) -> T) -> T {
        step(&mut self.shared.machine(), clock::now())
    }

    /// When something has to be looked at, if nothing else happens.
    fn due(&self) -> Option<Instant> {
        let (deadline, awaits_down) = self.machine(|m, _| (m.deadline(), m.awaits_down()));
        let left = deadline.map(|deadline| deadline.saturating_sub(clock::now()));
        let look = awaits_down.then_some(LOOK_FOR_LEFTOVERS);
        let wait = left.into_iter().chain(look).min()?;
        Some(Instant::now() + wait)
    }

    fn take_in(&mut self, woken: Woken, due: Option<Instant>) {
        match woken {
            Woken::Command => {}
            Woken::Ended(why) => {
                self.main = None;
                self.machine(|m, now| m.handle(now, Event::Exited(why)));
            }
            Woken::Probed((number, kind, result)) => {
                let current = self.probers.iter().flatten().any(|p| p.number == number);
                if current {
                    self.machine(|m, now| m.handle(now, Event::Probe(kind, result)));
                }
            }
            Woken::Time => {
                let late = due.map_or(Duration::ZERO, |due| Instant::now() - due);
                if late > STOOD_STILL {
                    tracing::warn!(service = %self.shared.spec.id, pause = ?late,
                        "this daemon stood still; time-outs are extended");
                    self.machine(|m, now| m.handle(now, Event::Resumed(late)));
                }
                self.machine(|m, now| m.handle(now, Event::Timer));
            }
        }
        self.look_for_leftovers();
    }

    fn look_for_leftovers(&mut self) {
        if !self.machine(|m, _| m.awaits_down()) || self.main.is_some() {
            return;
        }
        let left =
            self.mark.as_ref().is_some_and(|m| !process::members(m, self.process).is_empty());
        if !left {
            self.hook = None;
            self.machine(|m, now| m.handle(now, Event::Down));
        }
    }

    /// Does what the machine asks for until it asks for nothing more.
    async fn carry_out(&mut self) {
        while let Some(effect) = self.machine(|m, _| m.poll()) {
            match effect {
                Effect::Publish { before, after, cause } => self.publish(before, after, cause),
                Effect::Spawn => self.spawn().await,
                Effect::StopStep(step) => self.stop_step(step),
            }
        }
    }

    async fn spawn(&mut self) {
        let spec = &self.shared.spec;
        // Written before there is a process: a daemon that dies right after the start must be
        // able to find it by this mark.
        let prefix = record::mark_prefix(&spec.id, &self.files.state);
        let mark = format!("{prefix}{}:{}", std::process::id(), micros(clock::now()));
        self.mark = Some(mark.clone());
        self.process = None;
        self.keep();
        self.keeper.flush().await;
        let event = match process::spawn(&self.shared.spec, &mark, &self.files.log) {
            Ok(child) => match Main::own(child) {
                Some(main) => {
                    self.process = Some(main.id());
                    self.main = Some(main);
                    Event::Spawned
                }
                None => Event::SpawnFailed("the process cannot be found in /proc".to_owned()),
            },
            Err(why) => Event::SpawnFailed(why),
        };
        self.machine(|m, now| m.handle(now, event));
    }

    fn stop_step(&mut self, step: usize) {
        self.hook = None;
        let id = &self.shared.spec.id;
        let Some(step) = self.shared.spec.stop.get(step) else { return };
        match &step.action {
            StopAction::Signal(signal) => {
                if let Some(mark) = &self.mark {
                    let members = process::signal(mark, self.process, *signal);
                    tracing::debug!(service = %id, ?signal, ?members, "signalled");
                }
            }
            StopAction::Exec(words) => {
                let (words, id) = (words.clone(), id.clone());
                self.hook = Some(Abort(tokio::spawn(async move {
                    if let Err(error) = crate::check::exec(&words).await {
                        tracing::warn!(service = %id, %error, "a stop step failed");
                    }
                })));
            }
        }
        self.look_for_leftovers();
    }

    /// Starts and ends the rhythms of the probes as the machine wants them now.
    fn set_probers(&mut self) {
        let wanted = self.machine(|m, _| m.probing());
        let spec = &self.shared.spec;
        let kinds = [
            (ProbeKind::Ready, wanted.ready, &spec.ready),
            (ProbeKind::Alive, wanted.alive, &spec.alive),
        ];
        for (slot, (kind, wanted_now, probe)) in self.probers.iter_mut().zip(kinds) {
            match (probe, wanted_now) {
                (Some(probe), true) => {
                    if slot.as_ref().is_none_or(|prober| prober.eager != wanted.eager) {
                        self.next_prober += 1;
                        let results = self.results.0.clone();
                        let probe = probe.clone();
                        let eager = wanted.eager;
                        *slot = Some(Prober::start(self.next_prober, kind, probe, eager, results));
                    }
                }
                _ => *slot = None,
            }
        }
    }

    fn publish(&mut self, before: View, after: View, cause: String) {
        let seq = self.shared.told.fetch_add(1, Ordering::AcqRel) + 1;
        let event = ServiceEvent {
            service: self.shared.spec.id.clone(),
            seq,
            at_us: micros(clock::now()),
            from: before.status,
            to: after.status,
            ready: after.ready,
            desired: after.desired,
            fault: after.fault,
            repair: after.repair,
            pid: self.pid(),
            cause,
        };
        tracing::info!(service = %event.service, from = %event.from, to = %event.to,
            ready = event.ready, pid = event.pid, cause = %event.cause, "service_state");
        // An error means that nobody listens.
        let _ = self.events.send(event);
    }

    fn pid(&self) -> Option<u32> {
        let main = self.main.as_ref()?;
        u32::try_from(main.id().pid).ok()
    }

    /// Writes down and shows what is so now.
    fn tell(&mut self) {
        self.keep();
        let pid = self.pid();
        let (view, since, memory) = self.machine(|m, _| (m.view(), m.since(), m.memory()));
        self.shared.snapshot.send_if_modified(|snapshot| {
            let mut next = snapshot.clone();
            show(&mut next, view, since);
            next.pid = pid;
            next.restarts = memory.starts.saturating_sub(1);
            next.start_duration_ms = memory.start_duration.map(millis);
            if memory.last_error.is_some() {
                next.last_error = memory.last_error;
            }
            let changed = next != *snapshot;
            *snapshot = next;
            changed
        });
    }

    fn keep(&self) {
        let (view, memory) = self.machine(|m, _| (m.view(), m.memory()));
        let known = (view.status, view.fault);
        let mark = self.mark.clone();
        self.keeper.keep(Record::new(&self.boot, mark, self.process, known, memory));
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Release);
        // Wakes those who wait for something that will not come any more.
        self.shared.snapshot.send_modify(|_| {});
    }
}

async fn ended(main: &mut Option<Main>) -> String {
    match main {
        Some(main) => main.ended().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until_due(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn show(snapshot: &mut ServiceSnapshot, view: View, since: Duration) {
    snapshot.status = view.status;
    snapshot.ready = view.ready;
    snapshot.desired = view.desired;
    snapshot.fault = view.fault;
    snapshot.repair = view.repair;
    snapshot.since_us = micros(since);
}

fn first_snapshot(spec: &ServiceSpec, machine: &Machine, error: Option<String>) -> ServiceSnapshot {
    let (view, memory) = (machine.view(), machine.memory());
    ServiceSnapshot {
        id: spec.id.clone(),
        status: view.status,
        ready: view.ready,
        desired: view.desired,
        fault: view.fault,
        repair: view.repair,
        policy: spec.policy,
        pid: None,
        since_us: micros(machine.since()),
        age_ms: 0,
        restarts: memory.starts.saturating_sub(1),
        start_duration_ms: memory.start_duration.map(millis),
        last_error: error.or(memory.last_error),
        dependencies: spec.dependencies.clone(),
    }
}

/// Where tests make the supervision of a service panic, once.
#[cfg(test)]
pub(crate) mod lab {
    use std::sync::{Mutex, PoisonError};

    static ARMED: Mutex<Vec<String>> = Mutex::new(Vec::new());

    pub(crate) fn arm(service: &str) {
        ARMED.lock().unwrap_or_else(PoisonError::into_inner).push(service.to_owned());
    }

    pub(super) fn trip(service: &str) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        let found = armed.iter().position(|other| other == service);
        let found = found.map(|at| armed.swap_remove(at));
        drop(armed);
        assert!(found.is_none(), "armed by a test");
    }
}
