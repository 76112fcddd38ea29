//! Devices that run a round when something changed.

use crate::common::{HOPS, Watch, program, scenario};
use fieldrun_device::Micros;
use fieldrun_sim::{Flow, Intervention, Moment, Simulation, Summary, run};
use std::collections::BTreeMap;

const GRID: &str = "
    area = [0, 0, 100, 100]
    link = { radius = 15 }
    group = [{ place = 'grid', count = 100 }]
    set = [{ ids = [0], env = { source = true } }]
";

/// The rounds of each device, in seconds, and the summary.
fn rounds(text: &str, program_text: &str) -> (BTreeMap<usize, Vec<f64>>, Summary) {
    let mut rounds: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut watch = Watch(|moment: &Moment<'_>| {
        rounds.entry(moment.device).or_default().push(moment.at.seconds());
        Flow::Continue
    });
    let summary = run(&scenario(text), &program(program_text), &mut watch).expect("runs");
    (rounds, summary)
}

#[test]
fn a_settled_network_sends_only_heartbeats() {
    let reactive = "schedule = { kind = 'reactive', gap = '100ms', heartbeat = '10s' }";
    let (fired, summary) = rounds(&format!("{reactive}\nstop = '100s'\n{GRID}"), HOPS);
    let late = |rounds: &BTreeMap<usize, Vec<f64>>| {
        rounds.values().flatten().filter(|at| (20.0..100.0).contains(*at)).count()
    };
    // Eighty seconds are eight heartbeats of each device, whatever their phases.
    assert_eq!(late(&fired), 800);
    for times in fired.values() {
        for pair in times.windows(2) {
            let gap = pair[1] - pair[0];
            assert!((0.1 - 1e-9..=10.0 + 1e-9).contains(&gap), "a gap of {gap} s");
        }
    }
    // Periodic devices that are as quick (a message in each shortest gap) send a hundred times as much;
    // those of a period of 1 s, ten times.
    let periodic = "schedule = { period = '1s' }";
    let (often, steady) = rounds(&format!("{periodic}\nstop = '100s'\n{GRID}"), HOPS);
    // Each of 8000 gaps is 1 s give or take a tenth; the phase adds one round at most.
    assert!((7900..=8100).contains(&late(&often)), "{}", late(&often));
    assert!(summary.counts.messages * 5 < steady.counts.messages, "also with the start counted");
    assert_eq!(summary.values, steady.values, "both found the same");
}

#[test]
fn news_travel_one_link_in_each_gap() {
    let text = "
        schedule = { kind = 'reactive', gap = '100ms', heartbeat = '1h' }
        area = [0, 0, 190, 0]
        link = { radius = 10.5 }
        stop = '2100ms'
        group = [{ place = 'line', count = 20 }]
        set = [{ ids = [0], env = { source = true } }]
    ";
    let (fired, summary) = rounds(text, HOPS);
    // First rounds lie within one gap, and nobody waits longer than a gap to pass on what it hears:
    // nineteen links take less than 0.1 + 19 * 0.1 s.
    let numbers = summary.values.numbers.expect("numbers");
    assert_eq!((numbers.count, numbers.greatest), (20, 19.0));
    assert!(fired.values().all(|times| times[0] <= 0.1));
    // And then there is silence: far fewer rounds than the 21 that the gaps leave room for.
    let last = fired.values().flatten().fold(0.0, |a: f64, b| a.max(*b));
    assert!(last < 2.05, "the last round at {last} s");
}

#[test]
fn programs_that_never_settle_run_as_often_as_the_gap_allows() {
    let text = "
        schedule = { kind = 'reactive', gap = '200ms', heartbeat = '10s' }
        link = { radius = 2 }
        stop = '20s'
        node = [{ position = [0, 0] }, { position = [1, 0] }]
    ";
    let (fired, _) = rounds(text, "share (n <- 0) { max(0, maxHood(n)) + 1 }");
    for times in fired.values() {
        // A hundred gaps; each answers the other one, which comes first or second.
        assert!((95..=101).contains(&times.len()), "{} rounds", times.len());
    }
}

#[test]
fn what_a_device_senses_brings_its_round_forward() {
    let text = format!(
        "schedule = {{ kind = 'reactive', gap = '100ms', heartbeat = '1h' }}\nstop = '100s'\n{GRID}"
    );
    let mut simulation = Simulation::new(&scenario(&text), &program(HOPS)).expect("a network");
    simulation.run_until(Micros(50_000_000), &mut ()).expect("runs");
    let before = simulation.counts().events;
    let set: Intervention = "node 99 env source=true".parse().expect("an intervention");
    simulation.apply(&set).expect("device 99");
    simulation.run_until(Micros(50_000_000), &mut ()).expect("runs");
    let corner = simulation.world().value(99).and_then(|value| value.as_number());
    assert_eq!(corner, Some(0.0), "at once: its last round was long ago");
    assert!(simulation.counts().events > before);
}

#[test]
fn movement_is_sensed() {
    let text = "
        schedule = { kind = 'reactive', gap = '100ms', heartbeat = '1h' }
        mobility = { kind = 'waypoint', speed = 1 }
        area = [0, 0, 100, 100]
        stop = '10s'
        node = [{ position = [0, 0] }]
    ";
    let (fired, _) = rounds(text, "self.getCoordinates()");
    // The first one, and one for each of ten steps.
    assert_eq!(fired[&0].len(), 11, "{:?}", fired[&0]);
}
