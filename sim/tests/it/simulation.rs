//! Runs that are stopped, copied, changed and gone on with.

use crate::common::{HOPS, program, scenario};
use fieldrun_device::Micros;
use fieldrun_sim::record::JsonLines;
use fieldrun_sim::{Flow, Intervention, Simulation};

/// Six devices in a row, ten apart; the first one is the source.
const ROW: &str = "
    stop = { time = '60s' }
    schedule = { kind = 'periodic' }
    link = { radius = 12, delay = ['5ms', '40ms'], loss = 0.1 }
    record = { every = 1 }
    [[node]]
    position = [0, 0]
    env = { source = true }
    [[node]]
    position = [10, 0]
    [[node]]
    position = [20, 0]
    [[node]]
    position = [30, 0]
    [[node]]
    position = [40, 0]
    [[node]]
    position = [50, 0]
";

fn seconds(seconds: u64) -> Micros {
    Micros(seconds * 1_000_000)
}

fn start(program_text: &str) -> Simulation {
    Simulation::new(&scenario(ROW), &program(program_text)).expect("a network")
}

/// Goes on to a time, and gives what was recorded.
fn go_on(simulation: &mut Simulation, to: Micros) -> String {
    let mut json = Vec::new();
    simulation.run_until(to, &mut JsonLines::new(&mut json)).expect("runs");
    String::from_utf8(json).expect("UTF-8")
}

fn hops(simulation: &Simulation) -> Vec<String> {
    let world = simulation.world();
    (0..world.len())
        .map(|device| world.value(device).map_or_else(|| "-".to_owned(), ToString::to_string))
        .collect()
}

fn apply(simulation: &mut Simulation, text: &str) {
    let intervention: Intervention = text.parse().expect("an intervention");
    simulation.apply(&intervention).expect("it can be done");
}

#[test]
fn a_run_in_parts_and_its_copies_are_the_run_at_once() {
    let mut whole = start(HOPS);
    let all = go_on(&mut whole, Micros(u64::MAX));
    assert!(whole.is_over());

    let mut parts = start(HOPS);
    let first = go_on(&mut parts, Micros(12_345_678));
    assert_eq!(parts.time(), Micros(12_345_678));
    let mut copy = parts.clone();
    let mut rest = go_on(&mut parts, seconds(30));
    rest += &go_on(&mut parts, Micros(u64::MAX));
    assert_eq!(format!("{first}{rest}"), all);
    assert_eq!(go_on(&mut copy, Micros(u64::MAX)), rest, "the copy goes on as the original did");
    assert_eq!(copy.summary(), whole.summary());

    let mut steps = start(HOPS);
    let (mut json, mut count) = (Vec::new(), 0);
    let mut lines = JsonLines::new(&mut json);
    while steps.step(&mut lines).expect("runs") == Flow::Continue {
        count += 1;
        assert_eq!(steps.counts().events, count, "one event a step");
    }
    drop(lines);
    assert_eq!(String::from_utf8(json).expect("UTF-8"), all);
    assert_eq!(steps.summary(), whole.summary());
}

#[test]
fn interventions_change_what_they_say() {
    let mut simulation = start(HOPS);
    let settle = |simulation: &mut Simulation| {
        let to = Micros(simulation.time().0 + 9_000_000);
        simulation.run_until(to, &mut ()).expect("runs");
        hops(simulation)
    };
    assert_eq!(settle(&mut simulation), ["0.0", "1.0", "2.0", "3.0", "4.0", "5.0"]);
    apply(&mut simulation, "node 5 env source=true");
    assert_eq!(settle(&mut simulation), ["0.0", "1.0", "2.0", "2.0", "1.0", "0.0"]);
    apply(&mut simulation, "node 5 env source=false");
    apply(&mut simulation, "node 5 move 0 1");
    assert_eq!(simulation.world().position(5), [0.0, 1.0]);
    // It hears devices 0 and 1 there, and 4 hears nobody beyond 3.
    assert_eq!(settle(&mut simulation), ["0.0", "1.0", "2.0", "3.0", "4.0", "1.0"]);

    let mut cut = simulation.clone();
    apply(&mut cut, "link 2 1 cut");
    assert_eq!(cut.cuts().collect::<Vec<_>>(), [(1, 2)]);
    let values = settle(&mut cut);
    assert_eq!(values[1], "1.0");
    let far = |value: &String| value == "Infinity" || value.parse().is_ok_and(|x: f64| x > 4.0);
    assert!(values[2..5].iter().all(far), "nothing reaches them: {values:?}");
    apply(&mut cut, "link 1 2 restore");
    assert_eq!(settle(&mut cut), ["0.0", "1.0", "2.0", "3.0", "4.0", "1.0"]);

    let mut crash = simulation.clone();
    apply(&mut crash, "node 0 crash");
    assert!(crash.is_away(0));
    assert_eq!(settle(&mut crash)[0], "-");
    apply(&mut crash, "node 0 revive");
    assert_eq!(settle(&mut crash)[..2], ["0.0", "1.0"]);
    apply(&mut crash, "node 0 crash 2s");
    crash.run_until(Micros(crash.time().0 + 1_900_000), &mut ()).expect("runs");
    assert!(crash.is_away(0));
    crash.run_until(Micros(crash.time().0 + 200_000), &mut ()).expect("runs");
    assert!(!crash.is_away(0));

    // What was done to copies did nothing to the original.
    assert_eq!(settle(&mut simulation), ["0.0", "1.0", "2.0", "3.0", "4.0", "1.0"]);
    let nobody: Intervention = "node 9 crash".parse().expect("an intervention");
    let error = simulation.apply(&nobody).expect_err("no device 9").to_string();
    assert!(error.contains("the intervention names device 9"), "{error}");
}
