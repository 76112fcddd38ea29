//! Two engines, one truth: complete devices with messages and columns without give the same bits.

use fieldrun_device::Program;
use fieldrun_sim::scenario::EngineKind;
use fieldrun_sim::{
    Fingerprint, Flow, Moment, Observer, Scenario, SimError, Summary, run_by_choice,
};
use fieldrun_stdlib::load_text;
use std::sync::Arc;

/// Writes down every event: what an observer can see of it.
#[derive(Default)]
struct Diary(Vec<String>);

impl Observer for Diary {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        let Moment { event, at, device, recorded, progress, world } = moment;
        let value = world.value(*device);
        self.0.push(format!(
            "{event} {at:?} {device} {recorded} {progress} {value:?} {}",
            world.rounds(*device)
        ));
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.0.push(format!("end {:?} {:?}", moment.at, moment.device));
        Ok(())
    }
}

fn program(text: &str) -> Arc<Program> {
    load_text("test.pt", text, &[]).expect("a good program").program
}

fn seen(scenario: &Scenario, program: &Arc<Program>, engine: EngineKind) -> (Vec<String>, Summary) {
    let mut diary = Diary::default();
    let mut scenario = scenario.clone();
    scenario.engine = engine;
    let summary = run_by_choice(&scenario, program, false, &mut diary).expect("it runs");
    (diary.0, summary)
}

/// Programs that have in them what crowds do: all kinds of values and sensors, branches within branches,
/// state, draws of random numbers, and in the last ones what only devices by themselves do, or what fails.
const PROGRAMS: &[&str] = &[
    "share (d <- POSITIVE_INFINITY) { mux (env.get(\"source\")) { 0 } else { minHood(d + self.nbrRange()) } }",
    "let id = self.getDeviceUID().getId()
     let n = rep (n <- 0) { n + 1 }
     if (id % 3 == 0) { if (n % 2 == 0) { sumHood(nbr(n)) } else { sumHood(nbr(1)) } } else { maxHood(nbr(id)) }",
    "let x = self.nextRandomDouble()
     let bad = anyHood(nbr(x > 0.9))
     [minHood PlusSelf([nbr(x), nbr(self.getDeviceUID().getId())]), bad, allHood PlusSelf(nbr(x < 0.99))]",
    "let last = 0
     if (self.getCurrentTime() > 3) { last = maxHood(self.nbrLag()) } else { last = 0 - self.getDeltaTime() }
     rep (sum <- 0) { sum + last + meanHood PlusSelf(self.nbrDelay()) }",
    "let v = self.nbrVector()
     let far = sumHood(mux (self.nbrRange() > 8) { v } else { [0, 0] })
     [far.get(0), far.get(1), self.getCoordinates().get(0), !env.has(\"source\")]",
    "let where = self.nbrRange()
     if (env.get(\"source\")) { minHood(where) } else { minHood(where + nbr(2)) }",
    "import protelis:coord:spreading\ndistanceTo(env.get(\"source\"))",
    "alignedMap(nbr([[\"a\", self.getDeviceUID().getId()]]), { k, f -> true }, { k, f -> minHood(f) }, 0)",
    "rep (n <- 0) { n + 1 }.toString() + \" rounds\"",
    "let n = rep (n <- 0) { n + 1 }
     let x = if (n % 4 == self.getDeviceUID().getId() % 4) { \"four\" } else { n }
     [localHood(nbr(x)), rep (y <- 0) { mux (n > 5) { x } else { n } }]",
    "let x = rep (x <- [0, true]) { [x.get(0) + 1, !x.get(1)] }
     let y = minHood(nbr(x.get(0))) + min(x.get(0), 3)
     if (x.get(1)) { if (y > 4) { [y, sumHood(nbr(y))] } else { [y, 0] } } else { [0 - y, minHood(nbr(2 ^ y))] }",
    "let n = rep (n <- 0) { n + 1 }\nif (n == 4 && self.getDeviceUID().getId() == 7) { [1].get(n) } else { sumHood(nbr(n)) }",
    "let id = self.getDeviceUID().getId()\nif (id == 3 && rep (n <- 0) { n + 1 } > 2) { [1].get(id) } else { sumHood(nbr(1)) }",
];

const SCHEDULES: &[&str] = &[
    "kind = \"lock-step\"",
    "kind = \"periodic\"\njitter = 0.3",
    "kind = \"exponential\"",
    "kind = \"periodic\"\nperiod = \"300ms\"\njitter = 0.5\ndrift = 0.2",
];

/// Thirty devices on a jittered grid, in steps and each at its own times: every event of both engines is
/// the same. Failing rounds included: who fails is silent, and is forgotten after three periods.
#[test]
fn both_engines_give_the_same_bits_in_every_round() {
    for text in PROGRAMS {
        let program = program(text);
        for schedule in SCHEDULES {
            let scenario = format!(
                "program = \"test.pt\"\nseed = 5\narea = [0, 0, 60, 50]\nstop = {{ time = \"9s\" }}\n\
                 [schedule]\n{schedule}\n[[group]]\ncount = 30\nplace = \"jittered-grid\"\njitter = 0.8\n\
                 env = {{ source = false }}\n[[set]]\nids = [4]\nenv = {{ source = true }}\n"
            );
            let scenario = Scenario::parse(&scenario, "test.toml").expect("a good scenario");
            let (events, whole) = seen(&scenario, &program, EngineKind::Events);
            let (columns, still) = seen(&scenario, &program, EngineKind::Population);
            let compared = events.len().min(columns.len());
            for (event, column) in events.iter().zip(&columns) {
                assert_eq!(event, column, "{text}\n{schedule}");
            }
            assert_eq!(
                (events.len(), events.len()),
                (columns.len(), compared),
                "{text}, {schedule}"
            );
            assert_eq!(whole.values, still.values);
            assert_eq!(whole.rounds, still.rounds);
            assert_eq!(
                (whole.counts.traps, whole.counts.steps, whole.counts.actions),
                (still.counts.traps, still.counts.steps, still.counts.actions),
                "{text}"
            );
            assert_eq!(whole.counts.first_trap, still.counts.first_trap);
            assert!(whole.counts.messages > 0 && still.counts.messages == 0);
        }
    }
}

fn crowd(engine: EngineKind, count: usize, rounds: usize) -> Scenario {
    let text = format!(
        "program = \"test.pt\"\nstop = {{ rounds = {rounds} }}\n[schedule]\nkind = \"lock-step\"\n\
         [[group]]\ncount = {count}\nenv = {{ source = false }}\n[[set]]\nids = [4]\n\
         env = {{ source = true }}\n"
    );
    let mut scenario = Scenario::parse(&text, "test.toml").expect("a good scenario");
    scenario.engine = engine;
    scenario
}

/// Two thousand devices are eight blocks, which threads share in any way.
#[test]
fn threads_change_no_bit_of_a_population() {
    // Rounds that run together, that do so in part, and that fail.
    for text in [PROGRAMS[0], PROGRAMS[1], PROGRAMS[2], PROGRAMS[8], PROGRAMS[9]] {
        let program = program(text);
        let digest = |threads: usize| {
            let run = || {
                let mut seen = Fingerprint::default();
                let run = run_by_choice(
                    &crowd(EngineKind::Population, 2_000, 6),
                    &program,
                    false,
                    &mut seen,
                );
                seen.digest(&run.expect("it runs"))
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().expect("a pool").install(run)
        };
        let one = digest(1);
        assert_eq!([digest(2), digest(16)], [one, one], "{text}");
    }
}

/// One value more or less changes the digest.
#[test]
fn a_fingerprint_sees_every_value() {
    let digest = |text: &str| {
        let mut seen = Fingerprint::default();
        let run =
            run_by_choice(&crowd(EngineKind::Population, 100, 2), &program(text), false, &mut seen);
        (seen.digest(&run.expect("it runs")), format!("{seen:?}"))
    };
    let same = "if (self.getDeviceUID().getId() == 99) { 1 } else { 1 }";
    let other = "if (self.getDeviceUID().getId() == 99) { 1.0000000000000002 } else { 1 }";
    assert_eq!(digest(same), digest(same));
    assert_ne!(digest(same).1, digest(other).1);
}

#[test]
fn large_still_networks_need_no_messages_and_others_do() {
    let program = program(PROGRAMS[0]);
    let sent = |scenario: &Scenario| {
        let mut nobody: Vec<Box<dyn Observer>> = Vec::new();
        run_by_choice(scenario, &program, false, &mut nobody).map(|summary| summary.counts.messages)
    };
    let large = crowd(EngineKind::Auto, 5_000, 2);
    assert_eq!(sent(&large).expect("it runs"), 0);
    assert!(sent(&crowd(EngineKind::Events, 100, 2)).expect("it runs") > 0);
    let lossy = |engine: &str| {
        let text = format!(
            "program = \"test.pt\"\nstop = {{ rounds = 2 }}\n[engine]\nkind = \"{engine}\"\n\
             [link]\nloss = 0.1\n[[group]]\ncount = 5000\nenv = {{ source = false }}\n"
        );
        Scenario::parse(&text, "test.toml").expect("a good scenario")
    };
    assert!(sent(&lossy("auto")).expect("it runs") > 0);
    let refused = sent(&lossy("population")).expect_err("messages are lost").to_string();
    assert!(
        refused.contains("messages are lost") && refused.contains("--engine events"),
        "{refused}"
    );
}
