//! The `fieldrun:` blocks on random networks, held against plain algorithms, before and after the sources
//! move from several devices to one.

use crate::library::{
    DEVICES, RADIUS, SEEDS, SETTLED, distance, nearest, numbers, run, scattered, sources, values,
};
use crate::network::Network;
use fieldrun_device::Value;
use std::collections::BTreeSet;

/// Sums over several ways differ in the last bits by the order of addition, and in no others.
const ROUNDING: f64 = 1e-9;

fn length(network: &Network) -> impl Fn(usize, usize) -> f64 + '_ {
    |a, b| distance(network, a, b)
}

/// Devices that a source reaches.
fn reached(network: &Network, sources: &[usize]) -> Vec<usize> {
    let found = nearest(network, sources, |_, _| 1.0);
    (0..DEVICES).filter(|d| found[*d].0.is_finite()).collect()
}

/// A device and its neighbours.
fn seen(network: &Network, device: usize) -> BTreeSet<usize> {
    (0..DEVICES).filter(|d| distance(network, *d, device) <= RADIUS).collect()
}

#[test]
fn bounded_distances_are_the_shortest_paths_and_carry_the_nearest_value() {
    for seed in SEEDS {
        let network = scattered(seed);
        let outcomes = run(
            &network,
            "import fieldrun:distance
             let source = env.get(\"source\")
             [distance(source), cast(source, self.getDeviceUID().getId() + 0)]",
            40 + SETTLED,
        );
        for (round, sources) in sources() {
            let oracle = nearest(&network, &sources, length(&network));
            let found = values(&outcomes, round);
            for (device, (far, source)) in oracle.into_iter().enumerate() {
                let Some(source) = source else { continue };
                let expected = Value::tuple([far, source as f64].map(Value::Number).to_vec());
                // Equal to the last bit: the bound never lifts a value that is right.
                assert_eq!(found[device], expected, "seed {seed}, round {round}, device {device}");
            }
        }
    }
}

/// Two devices almost at one place hold each other up when their source is lost. The plain gradient
/// rises by twice their distance a round, the bounded one by the step: the rounds differ by the ratio.
#[test]
fn a_lost_source_is_forgotten_soon_however_near_devices_are() {
    let network = crate::spec::network(
        "node a 0 0\nnode b 0.01 0\nnode c 1 0\nenv source = false\nenv source at c = true\n\
         round 10: env source at c = false",
    );
    let above = |program: &str| {
        let outcomes = run(&network, program, 400);
        (10..=400).find(|round| numbers(&outcomes, *round)[0] > 5.0).expect("it rises") - 10
    };
    let bounded = above("import fieldrun:distance distance(env.get(\"source\"))");
    let plain = above("import protelis:coord:spreading distanceTo(env.get(\"source\"))");
    assert!(bounded < 15, "from 1 to 5 by 1 a round, and the first rounds: {bounded}");
    assert!(plain > 150, "from 1 to 5 by 0.02 a round: {plain}");
}

#[test]
fn weighted_ways_lose_and_double_nothing() {
    for seed in SEEDS {
        let network = scattered(seed);
        let outcomes = run(
            &network,
            "import fieldrun:collect import fieldrun:repaired import protelis:coord:spreading
             let p = distanceTo(env.get(\"source\"))
             let id = self.getDeviceUID().getId() + 0
             [weightedSum(p, 3, id), multiPathSum(p, id), weightedMean(p, 3, id), weightedMax(p, 3, id),
              diameterBound(env.get(\"source\"))]",
            40 + 2 * SETTLED,
        );
        // With several sinks the sum over them is what all devices have.
        let part = |round: usize, device: usize, at: usize| match &values(&outcomes, round)[device]
        {
            Value::Tuple(items) => items.get(at).and_then(Value::as_number).expect("a number"),
            other => panic!("{other}"),
        };
        let [(early, several), (_, single)] = sources();
        let total = |devices: &[usize]| devices.iter().sum::<usize>() as f64;
        let sums = |at: usize| several.iter().map(|sink| part(early, *sink, at)).sum::<f64>();
        for at in [0, 1] {
            let expected = total(&reached(&network, &several));
            assert!((sums(at) - expected).abs() < ROUNDING, "seed {seed}, {at}: {}", sums(at));
        }
        let (late, sink, all) = (40 + 2 * SETTLED, single[0], reached(&network, &single));
        for at in [0, 1] {
            let found = part(late, sink, at);
            assert!((found - total(&all)).abs() < ROUNDING, "seed {seed}, {at}: {found}");
        }
        let mean = total(&all) / all.len() as f64;
        assert!((part(late, sink, 2) - mean).abs() < ROUNDING, "seed {seed}");
        let largest = all.iter().copied().max().map(|d| d as f64);
        assert_eq!(Some(part(late, sink, 3)), largest, "seed {seed}");
        let oracle = nearest(&network, &single, length(&network));
        let farthest = all.iter().map(|d| oracle[*d].0).fold(0.0, f64::max);
        for device in all {
            assert_eq!(part(late, device, 4), 2.0 * farthest, "seed {seed}, device {device}");
        }
    }
}

/// Leaders from the strongest to the weakest: each takes the devices that are still free and within
/// the radius over free devices.
fn elected(network: &Network, radius: f64, strength: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut leader: Vec<Option<usize>> = vec![None; DEVICES];
    let mut candidates: Vec<usize> = (0..DEVICES).collect();
    candidates.sort_by(|a, b| strength(*b).total_cmp(&strength(*a)).then(a.cmp(b)));
    for candidate in candidates {
        if leader[candidate].is_some() {
            continue;
        }
        let free = leader.clone();
        let far = nearest(network, &[candidate], |a, b| match free[a].or(free[b]) {
            None => distance(network, a, b),
            Some(_) => f64::INFINITY,
        });
        for (device, (far, _)) in far.into_iter().enumerate() {
            if far <= radius && leader[device].is_none() {
                leader[device] = Some(candidate);
            }
        }
    }
    leader.into_iter().flatten().collect()
}

#[test]
fn elections_are_won_from_the_strongest_down() {
    for seed in SEEDS {
        for radius in [2.5, 5.0, 50.0] {
            let network = scattered(seed);
            // Equal strengths are among them, and the strongest change with the sources.
            let program = format!(
                "import fieldrun:elect
                 let id = self.getDeviceUID().getId() + 0
                 leader({radius}, if (env.get(\"source\")) {{ 100 }} else {{ id * 7 % 5 }}).getId() + 0"
            );
            let outcomes = run(&network, &program, 40 + SETTLED);
            for (round, sources) in sources() {
                let strength = |d: usize| {
                    if sources.contains(&d) { 100.0 } else { (d * 7 % 5) as f64 }
                };
                let expected = elected(&network, radius, strength);
                let found: Vec<usize> =
                    numbers(&outcomes, round).into_iter().map(|x| x as usize).collect();
                assert_eq!(found, expected, "seed {seed}, radius {radius}, round {round}");
            }
        }
    }
}

/// Device d starts in round d + 1. News of the oldest clock of its part of the network loses at most a
/// round at each hop; a device that follows its own clock alone is d rounds behind.
#[test]
fn clocks_follow_the_oldest() {
    for seed in SEEDS {
        let network = scattered(seed);
        let program = "import fieldrun:clock
             if (rep (n <- 0) { n + 1 } > self.getDeviceUID().getId()) { sharedClock() } else { 0 }";
        let outcomes = run(&network, program, DEVICES + SETTLED);
        let late = numbers(&outcomes, DEVICES + SETTLED);
        for (device, found) in late.into_iter().enumerate() {
            let oldest = reached(&network, &[device])[0];
            let hops = nearest(&network, &[oldest], |_, _| 1.0)[device].0;
            let ahead = (DEVICES + SETTLED - oldest) as f64;
            assert!(ahead - hops <= found && found <= ahead, "seed {seed}, {device}: {found}");
        }
    }
}

#[test]
fn replicated_gossip_follows_the_sources() {
    for seed in SEEDS {
        let network = scattered(seed);
        // News crosses a network of this size in fewer than the 20 rounds of two periods.
        let outcomes = run(
            &network,
            "import fieldrun:gossip
             let id = self.getDeviceUID().getId() + 0
             [sourcesNow(env.get(\"source\"), id, 10, 3), recentlyAnywhere(id == 8 && env.get(\"source\"), 10, 3)]",
            40 + SETTLED,
        );
        for (round, sources) in sources() {
            for (device, found) in values(&outcomes, round).into_iter().enumerate() {
                let around = reached(&network, &[device]);
                let here: Vec<Value> = sources
                    .iter()
                    .filter(|source| around.contains(source))
                    .map(|source| Value::Number(*source as f64))
                    .collect();
                let lately = sources.contains(&8) && around.contains(&8);
                let expected = Value::tuple(vec![Value::tuple(here), Value::Bool(lately)]);
                assert_eq!(found, expected, "seed {seed}, round {round}, device {device}");
            }
        }
    }
}

/// Each source begins a process of its name that reaches two hops, and ends it when it is none any more.
#[test]
fn processes_reach_as_far_as_they_want_and_end_everywhere() {
    for seed in SEEDS {
        let network = scattered(seed);
        let outcomes = run(
            &network,
            "import fieldrun:process import protelis:coord:spreading
             def around(key, source) {
                 let home = self.getDeviceUID().getId() == key
                 let hops = hopDistanceTo(home)
                 [hops, if (home && !source) {
                     \"terminated\"
                 } else {
                     if (hops <= 2) { \"output\" } else { \"external\" }
                 }]
             }
             let source = env.get(\"source\")
             let id = self.getDeviceUID().getId() + 0
             let begins = source && !rep (before <- false) { source } yield { before }
             spawn(around, if (begins) { [id] } else { [] }, source)",
            40 + SETTLED,
        );
        for (round, sources) in sources() {
            let hops: Vec<_> =
                sources.iter().map(|s| (*s, nearest(&network, &[*s], |_, _| 1.0))).collect();
            for (device, found) in values(&outcomes, round).into_iter().enumerate() {
                let expected = hops
                    .iter()
                    .filter(|(_, far)| far[device].0 <= 2.0)
                    .map(|(source, far)| [*source as f64, far[device].0])
                    .map(|pair| Value::tuple(pair.map(Value::Number).to_vec()))
                    .collect();
                assert_eq!(found, Value::tuple(expected), "seed {seed}, round {round}, {device}");
            }
        }
    }
}

#[test]
fn only_devices_that_all_see_the_same_are_stable() {
    let mut both = BTreeSet::new();
    for seed in SEEDS {
        let network = scattered(seed);
        let outcomes =
            run(&network, "import fieldrun:membership [stable(3), partition(3).size() + 0]", 20);
        for (device, found) in values(&outcomes, 20).into_iter().enumerate() {
            let mine = seen(&network, device);
            let stable = mine.iter().all(|other| seen(&network, *other) == mine);
            both.insert((stable, mine.len() > 1));
            // Who never was stable is sure of nobody but itself.
            let size = if stable { mine.len() } else { 1 };
            let expected = Value::tuple(vec![Value::Bool(stable), Value::Number(size as f64)]);
            assert_eq!(found, expected, "seed {seed}, device {device}");
        }
    }
    assert!(both.len() > 1, "the networks have stable devices and others: {both:?}");
}
