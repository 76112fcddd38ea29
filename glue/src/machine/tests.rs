//! The transition table, cell by cell, and what must hold for every sequence of events.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rules() -> Rules {
    let probe = ProbeRules { thresholds: Thresholds { fail: 3, pass: 2 }, grace: Duration::ZERO };
    Rules {
        policy: Policy::Restart,
        start_timeout: 60 * SECOND,
        stop_steps: vec![5 * SECOND, 2 * SECOND],
        restart: RestartBudget::default(),
        ready: Some(probe),
        alive: Some(probe),
    }
}

/// A machine with a clock that the test turns.
struct Bench {
    machine: Machine,
    now: Duration,
    effects: Vec<Effect>,
}

impl Bench {
    fn new(rules: Rules) -> Self {
        let now = 1000 * SECOND;
        Self { machine: Machine::new(rules, Memory::default(), now), now, effects: Vec::new() }
    }

    fn drain(&mut self) {
        while let Some(effect) = self.machine.poll() {
            self.effects.push(effect);
        }
    }

    fn handle(&mut self, event: Event) -> &mut Self {
        self.machine.handle(self.now, event);
        self.drain();
        self
    }

    fn command(&mut self, origin: Origin, command: Command) -> Result<Outcome, Refusal> {
        let result = self.machine.command(self.now, origin, command);
        self.drain();
        result
    }

    fn program(&mut self, command: Command) -> Result<Outcome, Refusal> {
        self.command(Origin::Program, command)
    }

    fn operator(&mut self, command: Command) -> Result<Outcome, Refusal> {
        self.command(Origin::Operator, command)
    }

    fn probe(&mut self, kind: ProbeKind, ok: bool, times: u32) -> &mut Self {
        for _ in 0..times {
            let result = if ok { Ok(()) } else { Err("no answer".to_owned()) };
            self.handle(Event::Probe(kind, result));
        }
        self
    }

    fn ready(&mut self, ok: bool) -> &mut Self {
        self.probe(ProbeKind::Ready, ok, if ok { 2 } else { 3 })
    }

    fn alive(&mut self, ok: bool) -> &mut Self {
        self.probe(ProbeKind::Alive, ok, if ok { 2 } else { 3 })
    }

    fn timer(&mut self) -> &mut Self {
        self.now = self.machine.deadline().unwrap_or(self.now);
        self.handle(Event::Timer)
    }

    fn exited(&mut self) -> &mut Self {
        self.handle(Event::Exited("exited with code 1".to_owned()))
    }

    fn run(&mut self) -> &mut Self {
        self.program(Command::Start).unwrap();
        self.handle(Event::Spawned).ready(true)
    }

    fn status(&self) -> Status {
        self.machine.view().status
    }

    /// The effects so far in short: `spawn`, `step0`, `stop>starting`, and `~` for a change of an
    /// attribute only.
    fn trace(&mut self) -> String {
        let words = self.effects.drain(..).map(|effect| match effect {
            Effect::Spawn => "spawn".to_owned(),
            Effect::StopStep(step) => format!("step{step}"),
            Effect::Publish { before, after, .. } if before.status == after.status => "~".into(),
            Effect::Publish { before, after, .. } => format!("{}>{}", before.status, after.status),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The row names of the table and how to get there.
fn in_phase(name: &str) -> Bench {
    let mut bench = Bench::new(rules());
    match name {
        "stop" => {}
        "starting" => {
            bench.program(Command::Start).unwrap();
            bench.handle(Event::Spawned);
        }
        "adopted" => {
            bench.handle(Event::Found(Found::Process(Status::Run)));
        }
        "run" => {
            bench.run();
        }
        "unready" => {
            bench.run().ready(false);
        }
        "stopping" => {
            bench.run().program(Command::Stop).unwrap();
        }
        "restarting" => {
            bench.run().alive(false).program(Command::Restart).unwrap();
        }
        "hung" => {
            bench.run().alive(false);
        }
        "dead" => {
            bench.run().exited();
        }
        "cleaning" => {
            bench.program(Command::Start).unwrap();
            bench.handle(Event::Spawned).timer();
        }
        "stuck" => {
            bench.run().program(Command::Stop).unwrap();
            bench.timer().timer();
        }
        other => panic!("no phase {other}"),
    }
    bench.effects.clear();
    bench
}

/// Applies the stimulus that a column of the table names.
fn apply(bench: &mut Bench, stimulus: &str) {
    use Command::{Drain, Reset, Restart, Shutdown, Start, Stop};
    let program = |bench: &mut Bench, command| drop(bench.program(command));
    let operator = |bench: &mut Bench, command| drop(bench.operator(command));
    match stimulus {
        "p.start" => program(bench, Start),
        "p.stop" => program(bench, Stop),
        "p.restart" => program(bench, Restart),
        "o.start" => operator(bench, Start),
        "o.stop" => operator(bench, Stop),
        "o.restart" => operator(bench, Restart),
        "o.reset" => operator(bench, Reset),
        "o.drain" => operator(bench, Drain),
        "o.shutdown" => operator(bench, Shutdown),
        "ready" => drop(bench.ready(true)),
        "unready" => drop(bench.ready(false)),
        "alive" => drop(bench.alive(true)),
        "dead" => drop(bench.alive(false)),
        "exit" => drop(bench.exited()),
        "nospawn" => drop(bench.handle(Event::SpawnFailed("not found".to_owned()))),
        "down" => drop(bench.handle(Event::Down)),
        "timer" => drop(bench.timer()),
        other => panic!("no stimulus {other}"),
    }
}

/// What each stimulus causes in each phase; what is not listed causes nothing.
const TABLE: &[(&str, &[(&str, &str)])] = &[
    (
        "stop",
        &[
            ("p.start", "stop>starting spawn"),
            ("p.restart", "stop>starting spawn"),
            ("o.start", "stop>starting spawn"),
            ("o.restart", "stop>starting spawn"),
            ("o.stop", "~"),
            ("o.drain", "~"),
        ],
    ),
    (
        "starting",
        &[
            ("p.stop", "starting>stopping step0"),
            ("o.stop", "~ starting>stopping step0"),
            ("o.restart", "starting>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "starting>stopping step0"),
            ("ready", "starting>run"),
            ("exit", "starting>hung step0"),
            ("nospawn", "starting>hung"),
            ("timer", "starting>hung step0"),
        ],
    ),
    (
        "adopted",
        &[
            ("p.stop", "starting>stopping step0"),
            ("o.stop", "~ starting>stopping step0"),
            ("o.restart", "starting>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "starting>stopping step0"),
            ("ready", "starting>run"),
            ("dead", "starting>hung"),
            ("exit", "starting>hung step0"),
            ("nospawn", "starting>hung"),
            ("timer", "starting>hung"),
        ],
    ),
    (
        "run",
        &[
            ("p.stop", "run>stopping step0"),
            ("o.stop", "~ run>stopping step0"),
            ("o.restart", "run>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "run>stopping step0"),
            ("unready", "~"),
            ("dead", "run>hung"),
            ("exit", "run>hung"),
        ],
    ),
    (
        "unready",
        &[
            ("p.stop", "run>stopping step0"),
            ("o.stop", "~ run>stopping step0"),
            ("o.restart", "run>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "run>stopping step0"),
            ("ready", "~"),
            ("dead", "run>hung"),
            ("exit", "run>hung"),
        ],
    ),
    (
        "stopping",
        &[("o.stop", "~"), ("o.drain", "~"), ("down", "stopping>stop"), ("timer", "step1")],
    ),
    (
        "restarting",
        &[
            ("o.stop", "~"),
            ("o.drain", "~"),
            ("down", "stopping>starting spawn"),
            ("timer", "step1"),
        ],
    ),
    (
        "hung",
        &[
            ("p.stop", "hung>stopping step0"),
            ("p.restart", "hung>stopping step0"),
            ("o.start", "hung>stopping step0"),
            ("o.restart", "hung>stopping step0"),
            ("o.stop", "~ hung>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "hung>stopping step0"),
            ("exit", "~"),
        ],
    ),
    (
        "dead",
        &[
            ("p.stop", "hung>stopping step0"),
            ("p.restart", "hung>stopping step0"),
            ("o.start", "hung>stopping step0"),
            ("o.restart", "hung>stopping step0"),
            ("o.stop", "~ hung>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "hung>stopping step0"),
        ],
    ),
    (
        "cleaning",
        &[
            ("p.stop", "hung>stopping step0"),
            ("p.restart", "hung>stopping step0"),
            ("o.start", "hung>stopping step0"),
            ("o.restart", "hung>stopping step0"),
            ("o.stop", "~ hung>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "hung>stopping step0"),
            ("timer", "step1"),
        ],
    ),
    (
        "stuck",
        &[
            ("p.stop", "hung>stopping step0"),
            ("p.restart", "hung>stopping step0"),
            ("o.start", "hung>stopping step0"),
            ("o.restart", "hung>stopping step0"),
            ("o.stop", "~ hung>stopping step0"),
            ("o.drain", "~"),
            ("o.shutdown", "hung>stopping step0"),
        ],
    ),
];

const STIMULI: &[&str] = &[
    "p.start",
    "p.stop",
    "p.restart",
    "o.start",
    "o.stop",
    "o.restart",
    "o.reset",
    "o.drain",
    "o.shutdown",
    "ready",
    "unready",
    "alive",
    "dead",
    "exit",
    "nospawn",
    "down",
    "timer",
];

#[test]
fn every_cell_of_the_transition_table() {
    for (phase, row) in TABLE {
        for stimulus in STIMULI {
            let expected = row.iter().find(|(name, _)| name == stimulus).map_or("", |(_, e)| e);
            let mut bench = in_phase(phase);
            apply(&mut bench, stimulus);
            assert_eq!(bench.trace(), expected, "{stimulus} in phase {phase}");
        }
    }
}

#[test]
fn run_means_ready() {
    let mut bench = in_phase("starting");
    bench.alive(true).probe(ProbeKind::Ready, true, 1);
    assert_eq!(bench.status(), Status::Starting, "one pass of two");
    bench.now += 3 * SECOND;
    bench.probe(ProbeKind::Ready, true, 1);
    assert!(bench.machine.view().ready);
    assert_eq!(bench.machine.memory().start_duration, Some(3 * SECOND));
}

#[test]
fn a_slow_start_is_not_killed_early_and_says_why_it_failed() {
    let mut bench = in_phase("starting");
    bench.now += 59 * SECOND;
    bench.ready(false).handle(Event::Timer);
    assert_eq!(bench.status(), Status::Starting);
    bench.now += SECOND;
    bench.handle(Event::Timer);
    assert_eq!(bench.status(), Status::Hung);
    let error = bench.machine.memory().last_error.unwrap();
    assert!(error.contains("not ready within 60s") && error.contains("no answer"), "{error}");
}

#[test]
fn a_hung_service_recovers_only_when_all_its_probes_pass() {
    let mut bench = in_phase("hung");
    assert_eq!(bench.machine.view().fault, Fault::Faulty);
    bench.alive(true);
    assert_eq!(bench.status(), Status::Hung);
    bench.ready(true);
    assert_eq!(bench.status(), Status::Run);
    assert_eq!(bench.machine.view().fault, Fault::None);
}

#[test]
fn the_latest_wish_wins_while_stopping() {
    let mut bench = in_phase("stopping");
    assert_eq!(bench.program(Command::Start), Ok(Outcome::Accepted));
    assert_eq!(bench.program(Command::Start), Ok(Outcome::Unchanged));
    bench.handle(Event::Down);
    assert_eq!(bench.trace(), "stopping>starting spawn");

    let mut bench = in_phase("restarting");
    assert_eq!(bench.program(Command::Stop), Ok(Outcome::Accepted));
    assert_eq!(bench.program(Command::Stop), Ok(Outcome::Unchanged));
    bench.handle(Event::Down);
    assert_eq!(bench.trace(), "stopping>stop");

    let mut bench = in_phase("restarting");
    bench.operator(Command::Drain).unwrap();
    bench.handle(Event::Down);
    assert_eq!(bench.status(), Status::Stop, "no longer wanted");
}

#[test]
fn the_operator_overrules_the_program() {
    let mut bench = in_phase("run");
    bench.operator(Command::Stop).unwrap();
    bench.handle(Event::Down);
    assert_eq!(bench.program(Command::Start), Err(Refusal::DesiredDown));
    assert_eq!(bench.program(Command::Restart), Err(Refusal::DesiredDown));
    bench.operator(Command::Start).unwrap();
    assert_eq!(bench.status(), Status::Starting);
    assert_eq!(bench.program(Command::Drain), Err(Refusal::OperatorOnly));
}

#[test]
fn policies() {
    let mut manual = in_phase("hung");
    manual.machine.rules.policy = Policy::Manual;
    assert_eq!(manual.program(Command::Restart), Err(Refusal::WaitsForHuman));
    assert_eq!(manual.program(Command::Stop), Err(Refusal::WaitsForHuman));
    assert_eq!(manual.operator(Command::Restart), Ok(Outcome::Accepted));
    manual.handle(Event::Down).handle(Event::Spawned).ready(true);
    assert_eq!(manual.program(Command::Stop), Ok(Outcome::Accepted));

    let mut observe = in_phase("stop");
    observe.machine.rules.policy = Policy::Observe;
    assert_eq!(observe.program(Command::Start), Err(Refusal::ObserveOnly));
    assert_eq!(observe.operator(Command::Start), Ok(Outcome::Accepted));
    assert_eq!(observe.program(Command::Stop), Err(Refusal::ObserveOnly));
}

/// Restarts with growing waits until the budget is used up; returns the waits in milliseconds.
fn crash_loop(bench: &mut Bench) -> Vec<u128> {
    let mut waits = Vec::new();
    bench.program(Command::Start).unwrap();
    loop {
        bench.handle(Event::Spawned).exited().handle(Event::Down);
        let mut wait = Duration::ZERO;
        match bench.program(Command::Restart) {
            Ok(outcome) => assert_eq!(outcome, Outcome::Accepted),
            Err(Refusal::BackOff(left)) => {
                wait = left;
                bench.now += left;
                assert_eq!(bench.program(Command::Restart), Ok(Outcome::Accepted));
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Unrecoverable);
                return waits;
            }
        }
        waits.push(wait.as_millis());
        bench.handle(Event::Down);
    }
}

#[test]
fn a_crash_loop_ends_in_the_latch() {
    let mut bench = Bench::new(rules());
    assert_eq!(crash_loop(&mut bench), [0, 200, 400, 800, 1600]);
    let view = bench.machine.view();
    assert_eq!((view.status, view.repair), (Status::Hung, Repair::Unrecoverable));
    bench.now += 3600 * SECOND;
    assert_eq!(bench.program(Command::Restart), Err(Refusal::Unrecoverable), "time does not heal");
    assert_eq!(bench.program(Command::Stop), Err(Refusal::Unrecoverable), "no way around");
    assert_eq!(bench.operator(Command::Reset), Ok(Outcome::Accepted));
    assert_eq!(bench.program(Command::Restart), Ok(Outcome::Accepted));
}

#[test]
fn the_latch_outlives_the_daemon() {
    let mut bench = Bench::new(rules());
    crash_loop(&mut bench);
    let mut next = Machine::new(rules(), bench.machine.memory(), bench.now);
    let refused = next.command(bench.now, Origin::Program, Command::Start);
    assert_eq!(refused, Err(Refusal::Unrecoverable));
}

#[test]
fn rare_failures_never_latch() {
    let mut bench = in_phase("run");
    for _ in 0..20 {
        bench.now += 61 * SECOND;
        bench.exited();
        assert_eq!(bench.program(Command::Restart), Ok(Outcome::Accepted));
        bench.handle(Event::Down).handle(Event::Spawned).ready(true);
        assert_eq!(bench.machine.view().repair, Repair::Repaired);
    }
}

#[test]
fn a_pause_of_the_daemon_is_not_held_against_the_service() {
    let mut bench = in_phase("starting");
    let deadline = bench.machine.deadline().unwrap();
    bench.handle(Event::Resumed(30 * SECOND));
    assert_eq!(bench.machine.deadline(), Some(deadline + 30 * SECOND));
    let mut bench = in_phase("run");
    bench.probe(ProbeKind::Alive, false, 2).handle(Event::Resumed(30 * SECOND));
    bench.probe(ProbeKind::Alive, false, 2);
    assert_eq!(bench.status(), Status::Run);
}

#[test]
fn failures_within_the_grace_time_do_not_count() {
    let mut rules = rules();
    rules.alive.as_mut().unwrap().grace = 10 * SECOND;
    let mut bench = Bench::new(rules);
    bench.run().alive(false);
    assert_eq!(bench.status(), Status::Run);
    bench.now += 10 * SECOND;
    bench.alive(false);
    assert_eq!(bench.status(), Status::Hung);
}

#[test]
fn without_probes_a_process_is_enough() {
    let mut bench = Bench::new(Rules { ready: None, alive: None, ..rules() });
    bench.program(Command::Start).unwrap();
    bench.handle(Event::Spawned);
    assert_eq!(bench.status(), Status::Run);
    let mut bench = Bench::new(Rules { ready: None, ..rules() });
    bench.program(Command::Start).unwrap();
    bench.handle(Event::Spawned);
    assert_eq!(bench.status(), Status::Starting);
    bench.alive(true);
    assert_eq!(bench.status(), Status::Run);
}

#[test]
fn what_an_earlier_daemon_left_behind() {
    for (found, expected) in [
        (Found::Process(Status::Run), "stop>starting"),
        (Found::Process(Status::Starting), "stop>starting"),
        (Found::Process(Status::Stopping), "stop>stopping step0"),
        (Found::Process(Status::Hung), "stop>hung"),
        (Found::Leftovers, "stop>stopping step0"),
        (Found::Hung(Fault::Crashed), "stop>hung"),
    ] {
        let mut bench = Bench::new(rules());
        bench.handle(Event::Found(found));
        assert_eq!(bench.trace(), expected, "{found:?}");
    }
}

/// The other side of the machine: one process table, in which a second copy is an error.
#[derive(Debug, Default)]
struct World {
    alive: bool,
    may_spawn: bool,
}

fn stimulus() -> impl Strategy<Value = &'static str> {
    prop::sample::select(STIMULI)
        .prop_filter("the world says these", |s| !matches!(*s, "exit" | "nospawn" | "down"))
}

proptest! {
    /// Whatever is asked, in whatever order, and whatever the process does meanwhile.
    #[test]
    fn never_two_processes(
        steps in prop::collection::vec((stimulus(), 0..6_u8, 0..20_000_u64), 1..200)
    ) {
        let mut bench = Bench::new(rules());
        let mut world = World { alive: false, may_spawn: true };
        for (stimulus, chance, millis) in steps {
            bench.now += Duration::from_millis(millis);
            apply(&mut bench, stimulus);
            let mut report = Vec::new();
            match chance {
                0 if world.alive => {
                    world.alive = false;
                    bench.exited();
                }
                1 if bench.machine.awaits_down() => {
                    if std::mem::take(&mut world.alive) {
                        bench.exited();
                    }
                    world.may_spawn = true;
                    bench.handle(Event::Down);
                }
                _ => {}
            }
            loop {
                for effect in std::mem::take(&mut bench.effects) {
                    if effect == Effect::Spawn {
                        prop_assert!(!world.alive, "two copies");
                        prop_assert!(world.may_spawn, "spawned before all was known to be down");
                        world.may_spawn = false;
                        world.alive = chance != 2;
                        report.push(if world.alive {
                            Event::Spawned
                        } else {
                            Event::SpawnFailed("not found".to_owned())
                        });
                    }
                }
                match report.pop() {
                    Some(event) => drop(bench.handle(event)),
                    None => break,
                }
            }
            let view = bench.machine.view();
            prop_assert!(!view.ready || view.status == Status::Run);
            prop_assert!(view.status != Status::Run || world.alive, "runs without a process");
            prop_assert!(view.status != Status::Stop || !world.alive, "stopped with a process");
        }
    }

    /// A command that was just accepted changes nothing when it is repeated at once.
    #[test]
    fn repeated_calls_are_idempotent(
        steps in prop::collection::vec(stimulus(), 0..40),
        command in prop::sample::select(&[Command::Start, Command::Stop, Command::Restart][..]),
    ) {
        let mut bench = Bench::new(rules());
        for step in steps {
            apply(&mut bench, step);
        }
        if bench.program(command).is_ok() {
            bench.effects.clear();
            prop_assert_eq!(bench.program(command), Ok(Outcome::Unchanged));
            prop_assert!(bench.effects.is_empty());
        }
    }
}
