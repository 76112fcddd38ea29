//! A run that goes on from a checkpoint is the run that went through.

use crate::common::{outputs, program, scenario};
use fieldrun_device::Micros;
use fieldrun_sim::record::JsonLines;
use fieldrun_sim::{Checkpoint, Intervention, Scenario, Simulation};
use proptest::prelude::*;
use std::path::Path;

/// Keeps functions, draws, tuples, states in branches, and reads its sensors.
const PROGRAM: &str = r#"
    def twice(x) { x * 2 }
    let n = rep (n <- 0) { n + 1 }
    let f = rep (f <- { x -> x + 1 }) { mux (n % 3 == 0) { twice } else { f } }
    let far = share (d <- POSITIVE_INFINITY) {
        mux (env.get("source", false)) { 0 } else { minHood(d + self.nbrRange()) }
    }
    let luck = if (n % 4 < 2) { rep (k <- self.nextRandomDouble()) { k + 1 } } else { -1 }
    [far, f.apply(n), luck, env.get("level", "none"), self.getCoordinates(), self.getCurrentTime(),
     sumHood(nbr(n)), eval("rep (z <- 1) { z + 2 }")]
"#;

/// Everything at once.
const EVERYTHING: &str = "
    area = [0, 0, 60, 60]
    stop = { time = '40s' }
    schedule = { kind = 'periodic', period = '900ms', jitter = 0.3 }
    link = { radius = 18, delay = 'lognormal(300ms, 400ms)', loss = { share = 0.2, burst = 4 }, duplicate = 0.1, reorder = { share = 0.1, by = '2s' }, retention = 3 }
    record = { every = 1 }
    mobility = { kind = 'gather', place = [30, 30], radius = 10, share = 0.5, speed = [1, 4], pause = ['0s', '3s'], start = '3s', end = '25s', ramp = '5s' }
    [[group]]
    count = 16
    env = { level = 5 }
    [[set]]
    ids = [0, 1]
    env = { source = true }
    [[fault]]
    kind = 'crash'
    every = '5s'
    for = '4s'
    [[fault]]
    kind = 'pause'
    every = '4s'
    for = '6s'
    share = 0.1
    [[fault]]
    kind = 'slow'
    factor = 2.5
    at = '5s'
    for = '20s'
    share = 0.3
    [[fault]]
    kind = 'drift'
    rate = 0.1
    at = '3s'
    for = '15s'
    share = 0.5
    [[fault]]
    kind = 'jump'
    by = '-2s'
    every = '7s'
    [[fault]]
    kind = 'noise'
    name = 'level'
    for = '9s'
    every = '3s'
    [[fault]]
    kind = 'stuck'
    name = 'position'
    at = '8s'
    for = '20s'
    ids = [3, 4]
    [[fault]]
    kind = 'link'
    loss = { share = 0.5, burst = 3 }
    delay = 'exponential(200ms)'
    at = '10s'
    for = '12s'
    share = 0.5
    [[fault]]
    kind = 'partition'
    between = ['x < 30', [4, 5, 6, 7, 8]]
    one_way = true
    at = '12s'
    for = '9s'
    [[fault]]
    kind = 'corrupt'
    every = '6s'
    [[fault]]
    kind = 'churn'
    up = '9s'
    down = '3s'
    ids = [9, 10, 11, 12]
";

/// Runs through, and runs with a pause for a checkpoint in a file; gives what was recorded by each.
fn both(scenario: &Scenario, at: Micros) -> (String, String) {
    let program = program(PROGRAM);
    let (whole, _, summary) = outputs(scenario, &program);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.checkpoint");
    let mut json = Vec::new();
    let mut lines = JsonLines::new(&mut json);
    let mut first = Simulation::new(scenario, &program).expect("a network");
    first.run_until(at, &mut lines).expect("runs");
    let saved = Checkpoint::of(&first, Path::new("test.toml")).expect("it can be saved");
    saved.write(&file).expect("a file");
    drop(first);

    let read = Checkpoint::read(&file).expect("a checkpoint");
    assert_eq!(read.header, saved.header);
    let mut second = read.resume(scenario, &program).expect("it goes on");
    let again = Checkpoint::of(&second, Path::new("test.toml")).expect("it can be saved");
    again.write(&folder.path().join("b.checkpoint")).expect("a file");
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
    assert!(bytes("a.checkpoint") == bytes("b.checkpoint"), "what is resumed is what was saved");
    second.run_until(Micros(u64::MAX), &mut lines).expect("runs");
    let resumed = second.finish(&mut lines).expect("ends");
    drop(lines);
    assert_eq!(resumed, summary);
    (whole, String::from_utf8(json).expect("UTF-8"))
}

#[test]
fn a_run_with_everything_goes_on_with_the_same_bits() {
    for kind in ["periodic", "round-robin", "lock-step"] {
        let text = EVERYTHING.replace("'periodic'", &format!("'{kind}'"));
        let jitter = if kind == "periodic" { ", jitter = 0.3" } else { "" };
        let scenario = scenario(&text.replace(", jitter = 0.3", jitter));
        for at in [0, 7_000_001, 14_300_000] {
            let (whole, parts) = both(&scenario, Micros(at));
            assert!(whole.lines().count() > 400, "{kind}");
            assert!(whole == parts, "{kind} at {at}");
        }
    }
}

#[test]
fn faults_give_the_same_bytes_with_any_number_of_threads() {
    let scenario = scenario(EVERYTHING);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| outputs(&scenario, &program(PROGRAM)))
    };
    let once = run(1);
    assert!(once == run(2) && once == run(5));
}

/// Random scenarios, as text.
fn scenarios() -> impl Strategy<Value = String> {
    let schedule = prop_oneof![
        Just("kind = 'periodic', jitter = 0.4, drift = 0.2"),
        Just("kind = 'round-robin'"),
        Just("kind = 'lock-step', period = '700ms'"),
        Just("kind = 'exponential'"),
        Just("kind = 'reactive', gap = '300ms', heartbeat = '4s'"),
    ];
    let loss = prop_oneof![
        Just(String::new()),
        (0.0..1.0).prop_map(|loss: f64| format!(", loss = {loss:?}")),
        (0.0..0.6).prop_map(|share: f64| format!(", loss = {{ share = {share:?}, burst = 3 }}")),
    ];
    let delay = prop_oneof![
        Just(String::new()),
        Just(", delay = '400ms'".to_owned()),
        Just(", delay = 'normal(1s, 700ms)', duplicate = 0.3".to_owned()),
        Just(", delay = ['10ms', '3s'], reorder = { share = 0.4, by = '1s' }".to_owned()),
    ];
    let walk = prop_oneof![
        Just(""),
        Just("mobility = { kind = 'flock', speed = [1, 3] }"),
        Just("mobility = { kind = 'levy', speed = [1, 9] }"),
        Just(
            "mobility = { kind = 'waypoint', speed = [0, 9], pause = ['0s', '4s'], step = '600ms' }"
        ),
    ];
    let device = prop_oneof![
        Just("'corrupt'"),
        Just("'restart'\ndown = '2s'"),
        Just("'crash'\nfor = '3s'"),
        Just("'crash'\nstate = 'kept'\nfor = '5s'"),
        Just("'pause'\nfor = '4s'"),
        Just("'slow'\nfactor = 3\nfor = '8s'"),
        Just("'drift'\nrate = -0.3\nfor = '6s'"),
        Just("'jump'\nby = '1500ms'"),
        Just("'missing'\nname = 'level'\nfor = '4s'"),
        Just("'set'\nenv = { level = [1, 'x'] }\nfor = '7s'"),
        Just("'set'\nenv = { source = true }"),
        Just("'link'\nloss = 0.7\nfor = '5s'"),
        Just("'noise'\nname = 'position'\nfor = '9s'"),
    ];
    let when = prop_oneof![
        (0_u64..20_000, 1_usize..5)
            .prop_map(|(at, count)| format!("at = '{at}ms'\ncount = {count}")),
        (1_000_u64..9_000).prop_map(|mean| format!("every = '{mean}ms'")),
        (1_000_u64..9_000)
            .prop_map(|mean| format!("every = '{mean}ms'\nat = '3s'\nuntil = '15s'\nshare = 0.4")),
    ];
    let fault =
        (device, when).prop_map(|(kind, when)| format!("[[fault]]\nkind = {kind}\n{when}\n"));
    let faults = prop::collection::vec(fault, 0..5).prop_map(|faults| faults.concat());
    (schedule, loss, delay, walk, faults, 1_usize..14, any::<u32>()).prop_map(
        |(schedule, loss, delay, walk, faults, count, seed)| {
            format!(
                "seed = {seed}\narea = [0, 0, 40, 40]\nstop = {{ time = '20s' }}\nschedule = {{ {schedule} }}\n\
                 link = {{ radius = 20{loss}{delay} }}\nrecord = {{ every = 1 }}\n{walk}\n\
                 [[group]]\ncount = {count}\nenv = {{ level = 5 }}\n\
                 [[set]]\nids = [0]\nenv = {{ source = true }}\n{faults}"
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_run_is_its_parts(text in scenarios(), at in 0_u64..20_000_000) {
        let (whole, parts) = both(&scenario(&text), Micros(at));
        prop_assert!(whole == parts, "{} at {}", text, at);
    }
}

#[test]
fn interventions_are_saved_as_well() {
    let scenario = scenario(EVERYTHING);
    let program = program(PROGRAM);
    let mut simulation = Simulation::new(&scenario, &program).expect("a network");
    simulation.run_until(Micros(5_000_000), &mut ()).expect("runs");
    for text in [
        "link 0 1 cut",
        "node 2 crash 3s",
        "node 3 env level=9",
        "node 4 move 30 30",
        "node 5 slow 3",
    ] {
        let intervention: Intervention = text.parse().expect("an intervention");
        simulation.apply(&intervention).expect("it can be done");
    }
    let saved = Checkpoint::of(&simulation, Path::new("x")).expect("it can be saved");
    let mut resumed = saved.resume(&scenario, &program).expect("it goes on");
    assert_eq!(resumed.cuts().collect::<Vec<_>>(), [(0, 1)]);
    let end = |simulation: &mut Simulation| {
        simulation.run_until(Micros(u64::MAX), &mut ()).expect("runs");
        simulation.summary()
    };
    assert_eq!(end(&mut resumed), end(&mut simulation));
}

#[test]
fn a_checkpoint_of_something_else_is_refused_and_says_what_differs() {
    let (here, program_here) = (scenario(EVERYTHING), program(PROGRAM));
    let simulation = Simulation::new(&here, &program_here).expect("a network");
    let saved = Checkpoint::of(&simulation, Path::new("x")).expect("it can be saved");
    let refused = |scenario: &Scenario, text: &str| {
        saved.resume(scenario, &program(text)).expect_err("it differs").to_string()
    };
    assert!(refused(&here, "1").contains("of another program"));
    let other = scenario(&EVERYTHING.replace("radius = 18", "radius = 19"));
    assert!(refused(&other, PROGRAM).contains("of another scenario"));
    let mut seed = here.clone();
    seed.seed = 99;
    assert!(refused(&seed, PROGRAM).contains("of another seed"));
    // Another end is no other scenario.
    let mut longer = here.clone();
    longer.stop.time = Some(Micros(50_000_000));
    let mut resumed = saved.resume(&longer, &program_here).expect("it goes on");
    resumed.run_until(Micros(u64::MAX), &mut ()).expect("runs");
    assert_eq!(resumed.time(), Micros(50_000_000));
}
