//! Networks of many shapes settle to what a plain graph search computes.

use crate::common::{HOPS, Watch, program, scenario};
use fieldrun_sim::{Flow, Moment, Shown, World, run};
use std::collections::VecDeque;

/// Breadth-first search from device 0.
fn hops(world: &World) -> Vec<f64> {
    let mut hops = vec![f64::INFINITY; world.len()];
    hops[0] = 0.0;
    let mut queue = VecDeque::from([0]);
    while let Some(device) = queue.pop_front() {
        for other in world.neighbors(device) {
            if hops[*other as usize].is_infinite() {
                hops[*other as usize] = hops[device] + 1.0;
                queue.push_back(*other as usize);
            }
        }
    }
    hops
}

fn settles(text: &str) {
    let text = format!("{text}\n[[set]]\nids = [0]\nenv = {{ source = true }}");
    let mut found = Vec::new();
    let mut wanted = Vec::new();
    let mut watch = Watch(|moment: &Moment<'_>| {
        if moment.recorded {
            let world = moment.world;
            found = (0..world.len()).map(|device| world.shown(device)).collect();
            wanted = hops(world).into_iter().map(Shown::Number).collect();
        }
        Flow::Continue
    });
    run(&scenario(&text), &program(HOPS), &mut watch).expect("runs");
    assert!(!found.is_empty());
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn hop_counts_are_those_of_a_graph_search() {
    let lines =
        "area = [0, 0, 12, 0]\nlink = { radius = 1 }\n[[group]]\nplace = 'grid'\ncount = 12";
    let random = "area = [0, 0, 50, 50]\nlink = { radius = 9 }\n[[group]]\ncount = 80";
    let clusters =
        "link = { radius = 12 }\n[[group]]\nplace = 'clusters'\ncount = 60\nclusters = 3";
    for schedule in ["round-robin", "lock-step", "periodic"] {
        for network in [lines, random, clusters] {
            settles(&format!(
                "stop = {{ rounds = 40 }}\nschedule = {{ kind = '{schedule}' }}\n{network}"
            ));
        }
    }
}

#[test]
fn they_settle_in_spite_of_delay_and_loss() {
    settles(
        "stop = { rounds = 120 }
         link = { radius = 9, delay = ['100ms', '1200ms'], loss = 0.2, retention = 'forever' }
         area = [0, 0, 50, 50]
         [[group]]
         count = 80",
    );
}
