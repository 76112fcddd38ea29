//! The crowd example does what its page says.

use crate::common::Watch;
use fieldrun_device::Micros;
use fieldrun_sim::scenario::{Area, Mobility};
use fieldrun_sim::{Flow, Moment, Scenario, Shown, run};
use std::path::Path;

/// A quarter of the example: as dense, over the same time, in a quarter of the time to wait.
fn quarter() -> Scenario {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/crowd/crowd.toml");
    let mut scenario = Scenario::load(&file).unwrap_or_else(|error| panic!("{error}"));
    scenario.area = Some(Area::flat([0.0, 0.0, 400.0, 300.0]));
    scenario.groups[0].count = 250;
    if let Mobility::Gather { place, radius, .. } = &mut scenario.mobility {
        *place = [200.0, 150.0];
        *radius = 30.0;
    }
    scenario
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    calm: usize,
    danger: usize,
    warned: usize,
}

fn count(moment: &Moment<'_>) -> Seen {
    let mut seen = Seen::default();
    for device in 0..moment.world.len() {
        let Shown::Text(status) = moment.world.shown(device) else { continue };
        match status.as_str() {
            "calm" => seen.calm += 1,
            "danger" => seen.danger += 1,
            "warned" => seen.warned += 1,
            other => assert_eq!(other, "crowded"),
        }
    }
    seen
}

#[test]
fn people_near_a_dense_crowd_are_warned_until_it_disperses() {
    let scenario = quarter();
    let program = scenario.load_program().unwrap_or_else(|error| panic!("{error}"));
    assert!(program.findings.is_empty(), "{:?}", program.findings);
    let mut each_second = Vec::new();
    let mut watch = Watch(|moment: &Moment<'_>| {
        if moment.recorded {
            each_second.push((moment.at, count(moment)));
        }
        Flow::Continue
    });
    let summary = run(&scenario, &program.program, &mut watch).expect("runs");
    assert_eq!(summary.counts.first_trap, None);
    assert_eq!(summary.counts.first_refusal, None);
    let at = |second: u64| {
        let time = Micros(second * Micros::SECOND.0);
        each_second.iter().rfind(|(at, _)| *at <= time).expect("recorded").1
    };
    let (before, during, after) = (at(10), at(135), at(235));
    assert!(before.calm > 200 && before.danger == 0, "before: {before:?}");
    assert!(during.danger > 20 && during.warned > 20, "during: {during:?}");
    assert!(after.danger + after.warned == 0, "after: {after:?}");
}
