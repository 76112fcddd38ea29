//! The machine agrees with the reference evaluator on random programs, networks, schedules and
//! histories: the same values, exports, states, requests and errors, bit for bit.
//!
//! Two networks run side by side through one history. The devices of one are driven by the reference
//! evaluator alone, those of the other by a machine that they share; each hears its own kind. So
//! whatever differs in a round shows at once, and what a round left behind wrongly shows later.

mod grammar;

use super::options;
use fieldrun_lang::{
    Environment, Exports, Limits, Machine, Memory, Neighbor, NodeId, Program, RoundInput, Setting,
    Source, State, Trap, Value, load, run_round,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use std::sync::Arc;

/// What happens next.
#[derive(Clone, Debug)]
struct Happening {
    /// The device whose round it is.
    device: usize,
    /// Bit `i`: what device `i` sent last has arrived by now; otherwise what arrived before stays.
    arrives: u8,
    /// Bit `i`: device `i` has been silent for too long and no longer counts.
    silent: u8,
    /// What the environment says from now on.
    reading: u8,
}

fn happening() -> impl Strategy<Value = Happening> {
    let seldom = prop_oneof![4 => Just(0u8), 1 => any::<u8>()];
    (0..8usize, any::<u8>(), seldom, any::<u8>()).prop_map(|(device, arrives, silent, reading)| {
        Happening { device, arrives, silent, reading }
    })
}

/// What a device of either network has and did.
struct Side {
    memory: Memory,
    state: State,
    environment: Environment,
    random: u64,
    sent: Option<Exports>,
    /// What it heard last of each device.
    heard: Vec<Option<Exports>>,
    last: f64,
}

impl Side {
    fn new(devices: usize) -> Self {
        Self {
            memory: Memory::new(Environment::new(), 7),
            state: State::default(),
            environment: Environment::new(),
            random: 7,
            sent: None,
            heard: vec![None; devices],
            last: 0.0,
        }
    }

    fn read(&mut self, reading: u8) {
        let readings = [
            ("n", Value::Number(f64::from(reading % 5))),
            ("b", Value::Bool(reading & 8 == 0)),
            ("t", Value::Text(Arc::from(["x", "y"][usize::from(reading >> 4 & 1)]))),
        ];
        for (name, value) in readings {
            self.environment.insert(Arc::from(name), value.clone());
            self.memory.environment.insert(Arc::from(name), value);
        }
    }
}

/// Where devices are.
fn position(device: usize) -> [f64; 2] {
    [device as f64 * 1.5, (device * device % 3) as f64]
}

/// All of what a round left, as text: texts of values tell apart what bits tell apart, but for the sign
/// and payload of NaN, which the language does not show.
#[derive(Debug, PartialEq)]
struct Left {
    result: Result<String, String>,
    actions: String,
    exports: String,
    state: String,
    environment: String,
    random: u64,
}

fn walked(
    program: &Program,
    setting: &Setting<'_>,
    near: &Vec<Neighbor<'_>>,
    side: &mut Side,
) -> Left {
    let input = RoundInput {
        id: setting.id,
        now: setting.now,
        delta: setting.delta,
        position: setting.position,
        neighbors: near,
        state: &side.state,
        environment: &side.environment,
        random: side.random,
        limits: setting.limits,
    };
    let (result, actions) = match run_round(program, &input) {
        Ok(output) => {
            side.state = output.state;
            side.environment = output.environment;
            side.random = output.random;
            side.sent = Some(output.exports);
            (Ok(format!("{:?}", output.value)), format!("{:?}", output.actions))
        }
        Err(trap) => (Err(trap.to_string()), String::new()),
    };
    Left {
        result,
        actions,
        exports: format!("{:?}", side.sent.as_ref().map(Exports::cells)),
        state: format!("{:?}", side.state.cells()),
        environment: format!("{:?}", side.environment),
        random: side.random,
    }
}

fn compiled(
    program: &Program,
    setting: &Setting<'_>,
    near: &Vec<Neighbor<'_>>,
    side: &mut Side,
    machine: &mut Machine,
) -> Left {
    let outcome = machine.round(program, setting, near, &mut side.memory);
    let (result, actions) = match outcome {
        Ok(success) => {
            side.sent = Some(side.memory.exports().clone());
            (Ok(format!("{:?}", success.value)), format!("{:?}", success.actions))
        }
        Err(trap) => (Err(Trap::to_string(&trap)), String::new()),
    };
    Left {
        result,
        actions,
        exports: format!("{:?}", side.sent.as_ref().map(Exports::cells)),
        state: format!("{:?}", side.memory.state().cells()),
        environment: format!("{:?}", side.memory.environment),
        random: side.memory.random,
    }
}

/// What `network` hears of the others, in ascending id.
fn near<'n>(network: &'n [Option<Exports>], ids: &'n [NodeId]) -> Vec<Neighbor<'n>> {
    let lag = |device: usize| device as f64 * 0.5;
    let mut near: Vec<Neighbor<'_>> = network
        .iter()
        .enumerate()
        .filter_map(|(i, heard)| Some((i, heard.as_ref()?)))
        .map(|(i, exports)| Neighbor { id: &ids[i], exports, lag: lag(i), delay: 1.0 })
        .collect();
    near.sort_by(|a, b| a.id.cmp(b.id));
    near
}

/// What happens to a device before its round, in either network.
fn before_round(network: &mut [Side], me: usize, happening: &Happening) {
    for other in (0..network.len()).filter(|other| *other != me) {
        let sent = network[other].sent.clone();
        let heard = &mut network[me].heard[other];
        if happening.silent >> other & 1 == 1 {
            *heard = None;
        } else if happening.arrives >> other & 1 == 1 {
            *heard = sent.or_else(|| heard.take());
        }
    }
    network[me].read(happening.reading);
}

/// What came of a comparison.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    succeeded: u64,
    failed: u64,
    /// Rounds that the machine left to the reference evaluator from their start.
    left_over: u64,
}

/// Runs a history in both networks, or says at which step they differ in what.
fn compare(program: &Program, ids: &[i64], history: &[Happening]) -> Result<Tally, String> {
    let ids: Vec<NodeId> = ids.iter().map(|id| NodeId::Int(*id)).collect();
    let network = || ids.iter().map(|_| Side::new(ids.len())).collect::<Vec<_>>();
    let (mut oracle, mut tested) = (network(), network());
    let mut machine = Machine::new();
    let mut tally = Tally::default();
    for (step, happening) in history.iter().enumerate() {
        let me = happening.device % ids.len();
        let (now, at) = (1.0 + step as f64 * 0.25, position(me));
        // Little fuel now and then: running out of it has to happen in the same rounds.
        let fuel = if happening.reading == 255 { 40 } else { 200_000 };
        let setting = Setting {
            id: &ids[me],
            now,
            delta: now - oracle[me].last,
            position: Some(&at),
            limits: Limits { fuel, ..Limits::default() },
        };
        before_round(&mut oracle, me, happening);
        before_round(&mut tested, me, happening);
        let heard = [oracle[me].heard.clone(), tested[me].heard.clone()];
        let expected = walked(program, &setting, &near(&heard[0], &ids), &mut oracle[me]);
        let found =
            compiled(program, &setting, &near(&heard[1], &ids), &mut tested[me], &mut machine);
        if found != expected {
            return Err(format!("step {step}: {found:#?}\nbut expected {expected:#?}"));
        }
        if expected.result.is_ok() {
            oracle[me].last = now;
            tally.succeeded += 1;
        } else {
            tally.failed += 1;
        }
    }
    tally.left_over = machine.counts().1;
    Ok(tally)
}

fn loaded(bytes: &[u8]) -> Option<(String, Program)> {
    let text = grammar::program(bytes);
    let program = load(&Source::new("random.pt", text.as_str()), &options()).ok()?;
    Some((text, program))
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_agrees_with_the_reference_evaluator(
        bytes in prop::collection::vec(any::<u8>(), 0..1200),
        ids in prop::sample::subsequence(vec![-3i64, 1, 2, 5, 8, 13, 70], 1..7).prop_shuffle(),
        history in prop::collection::vec(happening(), 1..24),
    ) {
        let Some((text, program)) = loaded(&bytes) else {
            return Err(TestCaseError::reject("this text does not load"));
        };
        if let Err(difference) = compare(&program, &ids, &history) {
            prop_assert!(false, "{text}\n{difference}");
        }
    }
}

/// The property would hold of a machine that leaves everything to the evaluator, and of programs that
/// always fail. Neither is so: of these two hundred programs more than half the rounds succeed, and
/// of those the machine runs nine of ten by itself.
#[test]
fn random_programs_mostly_run_and_mostly_in_the_machine() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 50..400);
    let history = prop::collection::vec(happening(), 8..16);
    let (mut all, mut programs) = (Tally::default(), 0);
    for _ in 0..200 {
        let bytes = bytes.new_tree(&mut runner).expect("bytes").current();
        let history = history.new_tree(&mut runner).expect("a history").current();
        let Some((text, program)) = loaded(&bytes) else { continue };
        let tally = compare(&program, &[1, 2, 3, 4], &history)
            .unwrap_or_else(|difference| panic!("{text}\n{difference}"));
        programs += 1;
        all.succeeded += tally.succeeded;
        all.failed += tally.failed;
        all.left_over += tally.left_over;
    }
    assert!(programs > 150, "{programs} of 200 programs load");
    assert!(all.succeeded > all.failed, "{all:?}");
    // Rounds that fail are always left over.
    assert!(all.left_over - all.failed < all.succeeded / 10, "{all:?}");
}
