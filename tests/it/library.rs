//! Blocks of the library on random networks, held against plain algorithms.

use crate::network::{Network, Outcome};
use crate::spec::loaded;
use fieldrun_device::host::Reading;
use fieldrun_device::{NodeId, Value};

pub(crate) const DEVICES: usize = 24;
pub(crate) const RADIUS: f64 = 3.0;
/// Rounds after which a network of this size has settled, also after a change of its sources.
pub(crate) const SETTLED: usize = 60;
pub(crate) const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// A number in [0, 1) from a counter, as SplitMix64 makes it.
fn random(seed: u64, counter: u64) -> f64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(counter << 17);
    for factor in [0xbf58_476d_1ce4_e5b9_u64, 0x94d0_49bb_1331_11eb] {
        x = (x ^ (x >> 30)).wrapping_mul(factor);
    }
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Devices at random places of a square of 10 by 10; device 0 and every eighth are sources, and from
/// round 40 on only device 5 is.
pub(crate) fn scattered(seed: u64) -> Network {
    let mut network = Network { radius: RADIUS, ..Network::default() };
    for i in 0..DEVICES {
        let place = vec![10.0 * random(seed, 2 * i as u64), 10.0 * random(seed, 2 * i as u64 + 1)];
        network.nodes.push((NodeId::Int(i as i64), Some(place)));
        let id = Some(NodeId::Int(i as i64));
        for (round, source) in [(1, i % 8 == 0), (40, i == 5)] {
            network.env.push((round, id.clone(), "source".to_owned(), Reading::Bool(source)));
        }
    }
    network
}

pub(crate) fn distance(network: &Network, a: usize, b: usize) -> f64 {
    let place = |i: usize| network.nodes[i].1.clone().expect("every device has a place");
    place(a).iter().zip(&place(b)).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

/// Shortest distances from sources, and the source that each device is nearest to: relaxed until
/// nothing changes, in the order source to device, so that the sums are the same to the last bit.
pub(crate) fn nearest(
    network: &Network,
    sources: &[usize],
    length: impl Fn(usize, usize) -> f64,
) -> Vec<(f64, Option<usize>)> {
    let mut best: Vec<(f64, Option<usize>)> = vec![(f64::INFINITY, None); network.nodes.len()];
    for source in sources {
        best[*source] = (0.0, Some(*source));
    }
    let mut changed = true;
    while changed {
        changed = false;
        for a in 0..best.len() {
            for b in 0..best.len() {
                if a == b || distance(network, a, b) > RADIUS {
                    continue;
                }
                let through = best[a].0 + length(a, b);
                if through < best[b].0 {
                    best[b] = (through, best[a].1);
                    changed = true;
                }
            }
        }
    }
    best
}

/// Where values flow to from a device: always to the lowest neighbour. (That is not always the
/// nearest source: the lowest neighbour of a device may lie in another cell.)
fn bottom(network: &Network, potential: &[f64], mut device: usize) -> usize {
    loop {
        let neighbors = (0..potential.len())
            .filter(|d| *d != device && distance(network, *d, device) <= RADIUS);
        let lowest = neighbors.min_by(|a, b| potential[*a].total_cmp(&potential[*b]));
        match lowest {
            Some(lowest) if potential[lowest] < potential[device] => device = lowest,
            _ => return device,
        }
    }
}

pub(crate) fn run(network: &Network, program: &str, rounds: usize) -> Vec<Vec<Option<Outcome>>> {
    let (program, _) = loaded(program, &[]).unwrap_or_else(|error| panic!("{error}"));
    network.run(&program, rounds)
}

/// The values of all devices in a round.
pub(crate) fn values(outcomes: &[Vec<Option<Outcome>>], round: usize) -> Vec<Value> {
    let value = |history: &Vec<Option<Outcome>>| match &history[round - 1] {
        Some(Outcome { value: Ok(value), .. }) => value.clone(),
        other => panic!("{other:?}"),
    };
    outcomes.iter().map(value).collect()
}

pub(crate) fn numbers(outcomes: &[Vec<Option<Outcome>>], round: usize) -> Vec<f64> {
    let number = |value: Value| match value {
        Value::Number(x) => x,
        other => panic!("{other} is no number"),
    };
    values(outcomes, round).into_iter().map(number).collect()
}

/// The sources before round 40 and after.
pub(crate) fn sources() -> [(usize, Vec<usize>); 2] {
    [(39, (0..DEVICES).step_by(8).collect()), (40 + SETTLED, vec![5])]
}

#[test]
fn distances_are_the_shortest_paths_and_heal_when_sources_change() {
    let gradients = [
        "distanceTo(env.get(\"source\"))",
        "distanceToWithMetric(env.get(\"source\"), nbrRange)",
        "gradient(env.get(\"source\"), 0, nbrRange, { v -> v }).get(0)",
        "G(env.get(\"source\"), if (env.get(\"source\")) { 0 } else { POSITIVE_INFINITY }, nbrRange, addRange)",
        "bisGradient(env.get(\"source\"), 3, 0.001)",
        "crfGradient(env.get(\"source\"), 3)",
    ];
    for seed in SEEDS {
        let network = scattered(seed);
        for gradient in gradients {
            // The last two rise in small steps where a source is lost: they need their time.
            let extra =
                if gradient.starts_with("crf") || gradient.starts_with("bis") { 400 } else { 0 };
            let outcomes =
                run(&network, &format!("import protelis:coord:spreading {gradient}"), 100 + extra);
            for (round, sources) in sources() {
                let round = if round > 40 { round + extra } else { round };
                let oracle = nearest(&network, &sources, |a, b| distance(&network, a, b));
                let expected: Vec<f64> = oracle.iter().map(|(d, _)| *d).collect();
                let mut found = numbers(&outcomes, round);
                // Devices out of reach of the new source count up without end, except for G's.
                for (d, e) in found.iter_mut().zip(&expected) {
                    if e.is_infinite() && round > 40 {
                        assert!(*d > 10.0, "{gradient}: {d} where no source is");
                        *d = f64::INFINITY;
                    }
                }
                assert_eq!(found, expected, "{gradient}, seed {seed}, round {round}");
            }
        }
    }
}

#[test]
fn hops_are_those_of_a_breadth_first_search() {
    for seed in SEEDS {
        let network = scattered(seed);
        let program = "import protelis:coord:spreading hopDistanceTo(env.get(\"source\"))";
        let outcomes = run(&network, program, 39);
        let (round, sources) = &sources()[0];
        let expected: Vec<f64> =
            nearest(&network, sources, |_, _| 1.0).iter().map(|(d, _)| *d).collect();
        assert_eq!(numbers(&outcomes, *round), expected, "seed {seed}");
    }
}

#[test]
fn everyone_hears_its_nearest_source_and_sums_up_its_region() {
    for seed in SEEDS {
        let network = scattered(seed);
        let outcomes = run(
            &network,
            "import protelis:coord:spreading import protelis:coord:accumulation import protelis:lang:utils
             let source = env.get(\"source\")
             let id = self.getDeviceUID().getId() + 0
             [broadcast(source, id), voronoiPatitioning(source, id), summarize(source, sum, 1, 0),
              summarize(source, max, id, -1), average(id == 5, id)]",
            39,
        );
        let oracle = nearest(&network, &sources()[0].1, |a, b| distance(&network, a, b));
        let single = nearest(&network, &[5], |a, b| distance(&network, a, b));
        let reached: Vec<usize> = (0..DEVICES).filter(|d| single[*d].0.is_finite()).collect();
        let potential: Vec<f64> = oracle.iter().map(|(d, _)| *d).collect();
        for (device, value) in values(&outcomes, 39).into_iter().enumerate() {
            // A device that no source reaches is a region of its own.
            let region: Vec<usize> = match oracle[device].1 {
                Some(source) => {
                    (0..DEVICES).filter(|d| bottom(&network, &potential, *d) == source).collect()
                }
                None => vec![device],
            };
            let named = oracle[device].1.unwrap_or(device) as f64;
            let count = region.len() as f64;
            let largest = region.iter().copied().max().unwrap_or(device) as f64;
            let mean = match single[device].0.is_finite() {
                true => reached.iter().sum::<usize>() as f64 / reached.len() as f64,
                false => device as f64,
            };
            let expected =
                Value::tuple([named, named, count, largest, mean].map(Value::Number).to_vec());
            assert_eq!(value, expected, "seed {seed}, device {device}");
        }
    }
}

#[test]
fn leaders_keep_their_distance_and_everyone_has_one() {
    for seed in SEEDS {
        for grain in [2.0, 4.0, 8.0] {
            let network = scattered(seed);
            let program = format!(
                "import protelis:coord:spreading import protelis:coord:sparsechoice S({grain}, nbrRange)"
            );
            let outcomes = run(&network, &program, 150);
            let leaders: Vec<usize> = values(&outcomes, 100)
                .iter()
                .enumerate()
                .filter_map(|(i, value)| (*value == Value::Bool(true)).then_some(i))
                .collect();
            for round in 101..=150 {
                assert_eq!(
                    values(&outcomes, round),
                    values(&outcomes, 100),
                    "seed {seed}, grain {grain}"
                );
            }
            let length = |a: usize, b: usize| distance(&network, a, b);
            for (device, (d, _)) in nearest(&network, &leaders, length).into_iter().enumerate() {
                assert!(
                    d <= grain,
                    "device {device} is {d} from a leader, seed {seed}, grain {grain}"
                );
            }
            for leader in &leaders {
                let others: Vec<usize> = leaders.iter().copied().filter(|l| l != leader).collect();
                let (d, _) = nearest(&network, &others, length)[*leader];
                assert!(d >= grain / 2.0, "leaders {d} apart, seed {seed}, grain {grain}");
            }
        }
    }
}

#[test]
fn the_strongest_within_reach_leads() {
    for seed in SEEDS {
        let network = scattered(seed);
        let outcomes = run(
            &network,
            "import protelis:coord:spreading import protelis:coord:sparsechoice
             let id = self.getDeviceUID().getId() + 0
             boundedElection(id, 1000, id, nbrRange)",
            60,
        );
        for (device, leader) in numbers(&outcomes, 60).into_iter().enumerate() {
            let reach = nearest(&network, &[device], |_, _| 1.0);
            let strongest = (0..DEVICES).filter(|d| reach[*d].0.is_finite()).max();
            assert_eq!(Some(leader as usize), strongest, "seed {seed}, device {device}");
        }
    }
}
