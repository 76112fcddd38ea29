//! Distances, corridors, leaders, counts, clusters.

use super::plane::close;
use super::{assert_same, play, played, scenario};
use std::collections::BTreeSet;

#[test]
fn gradient_is_the_length_of_the_shortest_way_to_a_station() {
    let run = played("gradient");
    let (end, stations) = (run.end(), run.flagged("station"));
    let expected = run.plane(end).distances(&stations, |_| true);
    assert_eq!(stations.len(), 3);
    for (device, value) in end.numbers().into_iter().enumerate() {
        assert!(close(value, expected[device]), "{device}: {value}, not {}", expected[device]);
    }
}

#[test]
fn channel_is_where_the_ways_to_both_ends_are_hardly_longer_than_the_shortest_way() {
    const SLACK: f64 = 8.0;
    let run = played("channel");
    let (end, walls) = (run.end(), run.flagged("wall"));
    let (source, destination) = (run.flagged("source"), run.flagged("destination"));
    let plane = run.plane(end);
    // How much longer than the shortest way the way over each device is.
    let detours = |open: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let there = plane.distances(&source, open);
        let back = plane.distances(&destination, open);
        (0..plane.len()).map(|d| there[d] + back[d] - there[destination[0]]).collect()
    };
    let around = detours(&|device| !walls.contains(&device));
    let word = |device: usize, detours: &[f64]| match device {
        _ if walls.contains(&device) => "wall",
        _ if source.contains(&device) || destination.contains(&device) => "end",
        _ if detours[device] <= SLACK => "channel",
        _ => "free",
    };
    let expected: Vec<String> =
        (0..plane.len()).map(|device| word(device, &around).to_owned()).collect();
    // No device lies so near the limit that rounding could decide.
    assert!(around.iter().all(|detour| (detour - SLACK).abs() > 1e-6));
    assert_same(&end.texts(), &expected, "at the end");
    // The wall matters: without it the channel would lie elsewhere.
    let through = detours(&|_| true);
    assert!((0..plane.len()).any(|device| word(device, &through) != expected[device]));
}

#[test]
fn election_finds_the_strongest_of_each_island_and_the_next_one_when_it_fails() {
    let run = played("election");
    let (batteries, fails) = (run.readings("battery", 0.0), run.readings("fails", f64::INFINITY));
    let plane = run.plane(run.end());
    let leaders_at = |time: f64| -> Vec<usize> {
        let strength =
            |device: &usize| if fails[*device] <= time { -1.0 } else { batteries[*device] };
        let strongest = |island: Vec<usize>| {
            island.into_iter().max_by(|a, b| strength(a).total_cmp(&strength(b))).expect("a device")
        };
        (0..plane.len()).map(|device| strongest(plane.island(device))).collect()
    };
    // Right before the failure, and a minute after it.
    let (before, after) = (leaders_at(59.0), leaders_at(120.0));
    assert_ne!(before, after, "a leader fails");
    assert_eq!(after.iter().collect::<BTreeSet<_>>().len(), 3, "three islands");
    for (seconds, expected) in [(59.0, before), (120.0, after)] {
        let expected: Vec<String> = expected.iter().map(|id| format!("led by {id}")).collect();
        assert_same(&run.at(seconds).texts(), &expected, &format!("after {seconds} seconds"));
    }
}

#[test]
fn count_is_the_size_of_the_field_and_its_mean_temperature() {
    let run = played("count");
    let (end, temperatures) = (run.end(), run.readings("temperature", f64::NAN));
    let plane = run.plane(end);
    let mut sizes = BTreeSet::new();
    for (device, value) in end.tuples().into_iter().enumerate() {
        let field = plane.island(device);
        let sum: f64 = field.iter().map(|other| temperatures[*other]).sum();
        assert_eq!(value[0], field.len() as f64, "{device}");
        assert!(close(value[1], sum / field.len() as f64), "{device}: {value:?}");
        sizes.insert(field.len());
    }
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [40, 80]);
}

/// For any seed: what is checked is what the election promises, not what it happened to choose.
#[test]
fn clusters_have_heads_apart_and_everybody_belongs_to_the_nearest() {
    const GRAIN: f64 = 130.0;
    for seed in [8, 9, 10] {
        let mut scenario = scenario("clusters");
        scenario.seed = seed;
        let run = play(scenario);
        let (end, texts) = (run.end(), run.end().texts());
        let plane = run.plane(end);
        let heads: Vec<usize> = (0..plane.len()).filter(|d| texts[*d] == "head").collect();
        assert!((2..20).contains(&heads.len()), "{} heads in {} devices", heads.len(), plane.len());
        let ways: Vec<Vec<f64>> =
            heads.iter().map(|head| plane.distances(&[*head], |_| true)).collect();
        for (a, way) in ways.iter().enumerate() {
            // Two heads nearer than half the grain would both be candidates of the devices between.
            let near = heads.iter().enumerate().find(|(b, h)| *b != a && way[**h] < GRAIN / 2.0);
            assert_eq!(near, None, "seed {seed}: heads near {}", heads[a]);
        }
        for device in 0..plane.len() {
            let nearest =
                (0..heads.len()).min_by(|a, b| ways[*a][device].total_cmp(&ways[*b][device]));
            let nearest = nearest.expect("a head");
            assert!(ways[nearest][device] <= GRAIN, "seed {seed}: {device} is far from all heads");
            let expected = match heads.contains(&device) {
                true => "head".to_owned(),
                false => format!("cluster of {}", heads[nearest]),
            };
            assert_eq!(texts[device], expected, "seed {seed}: device {device}");
        }
    }
}
