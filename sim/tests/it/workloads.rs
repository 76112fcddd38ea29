//! The workloads on the network that any language can reproduce, in columns and on complete devices.

use fieldrun_device::{
    Clock, Device, DeviceConfig, Input, Micros, NodeId, Output, Program, Retention, SensorFrame,
    Value,
};
use fieldrun_sim::ColumnEngine;
use fieldrun_sim::workload::{self, Digest, Firings, RADIUS};
use fieldrun_stdlib::load_file;
use std::path::Path;
use std::sync::Arc;

fn program(name: &str) -> Arc<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/workloads");
    load_file(&folder.join(name), &[]).expect("a workload").program
}

fn numbers(engine: &ColumnEngine) -> impl Iterator<Item = f64> + '_ {
    engine.values().map(|value| value.as_number().expect("a number"))
}

fn second(round: usize) -> Micros {
    Micros(round as u64 * Micros::SECOND.0)
}

/// Rounds in lock-step until nothing changes any more; fails if that takes longer than `most`.
fn settled(name: &str, devices: usize, most: usize) -> Digest {
    let mut engine =
        ColumnEngine::new(program(name), workload::points(devices), RADIUS, 0).expect("few links");
    let mut before = Vec::new();
    for round in 1..=most {
        engine.lock_step(second(round)).unwrap_or_else(|failed| panic!("{failed}"));
        let now: Vec<u64> = numbers(&engine).map(f64::to_bits).collect();
        if now == before {
            // A value may rest for a round while what it depends on still moves far away; so once more for as long.
            if round > most / 2 {
                let (_, _, walked) = engine.counts();
                assert_eq!(walked, 0, "every round of {name} is compiled");
                return Digest::of(numbers(&engine));
            }
        } else {
            assert!(round < most, "{name} did not settle in {most} rounds");
        }
        before = now;
    }
    panic!("{name} did not settle in {most} rounds");
}

/// The digests were computed without any aggregate engine: breadth first, Dijkstra, and sums along trees.
#[test]
fn workloads_settle_to_what_plain_algorithms_compute() {
    for (name, sum, greatest) in [
        ("w1.pt", 11_411.0, 23.0),
        ("w2.pt", 9_317.074_309, 18.254_860),
        ("w3.pt", 1_000_000.0, 1_000.0),
        ("w4.pt", 338_286.0, 417.0),
        ("w5.pt", 65_897.825_410, 1_000.0),
    ] {
        let digest = settled(name, 1_000, 240);
        assert_eq!(digest.finite, 1_000, "{name}");
        // They are printed with six decimals.
        assert!((digest.sum - sum).abs() < 1e-6, "{name}: {digest:?}");
        assert!((digest.greatest - greatest).abs() < 1e-6, "{name}: {digest:?}");
    }
}

/// A complete device for each point, fired at the same times; messages are encoded and arrive at once.
struct Complete {
    devices: Vec<Device>,
    sensors: Vec<SensorFrame>,
    values: Vec<Value>,
}

impl Complete {
    fn new(program: &Arc<Program>, points: &[[f64; 2]]) -> Self {
        let device = |id: usize| {
            let id = NodeId::Int(id as i64);
            Device::new(DeviceConfig {
                clock: Clock::Real,
                retention: Retention::Forever,
                ..DeviceConfig::new(id, program.clone())
            })
        };
        let sensors =
            |point: &[f64; 2]| SensorFrame { position: Some(point.to_vec()), env: Vec::new() };
        Self {
            devices: (0..points.len()).map(device).collect(),
            sensors: points.iter().map(sensors).collect(),
            values: vec![Value::Unit; points.len()],
        }
    }

    fn fire(&mut self, number: usize, now: Micros, neighbors: &[u32]) {
        let sensors = &self.sensors[number];
        self.devices[number].handle(Input::Tick { now, sensors }).expect("a tick");
        let mut sent = None;
        while let Some(output) = self.devices[number].poll() {
            match output {
                Output::Broadcast(bytes) => sent = Some(bytes),
                Output::Round(report) => self.values[number] = report.result.expect("a value"),
                _ => {}
            }
        }
        let (from, bytes) = (NodeId::Int(number as i64), sent.expect("a message"));
        for neighbor in neighbors {
            let device = &mut self.devices[*neighbor as usize];
            let message = Input::Message { now, from: &from, bytes: &bytes };
            device.handle(message).expect("a good message");
            while device.poll().is_some() {}
        }
    }
}

/// Whole microseconds, so that both clocks mean the same instants.
fn firings(devices: usize, each: usize) -> Vec<(Micros, usize)> {
    let times = |device: usize| {
        let micros = |seconds: f64| Micros((seconds * 1e6) as u64 + 1);
        Firings::of(device as u64).take(each).map(move |seconds| (micros(seconds), device))
    };
    let mut all: Vec<_> = (0..devices).flat_map(times).collect();
    all.sort();
    all
}

#[test]
fn columns_and_complete_devices_give_the_same_bits() {
    const DEVICES: usize = 80;
    for name in ["w0.pt", "w1.pt", "w2.pt", "w3.pt", "w4.pt", "w5.pt"] {
        let program = program(name);
        let points = workload::points(DEVICES);
        let mut engine =
            ColumnEngine::new(program.clone(), points.clone(), RADIUS, 0).expect("few links");
        let mut complete = Complete::new(&program, &points);
        for (now, device) in firings(DEVICES, 12) {
            engine.fire(device, now).unwrap_or_else(|failed| panic!("{failed}"));
            let neighbors: Vec<u32> = engine.neighbors(device).map(|other| other as u32).collect();
            complete.fire(device, now, &neighbors);
            let (columns, whole) = (engine.value(device), &complete.values[device]);
            assert_eq!(format!("{columns:?}"), format!("{whole:?}"), "{name} at {now:?}, {device}");
        }
    }
}

/// After a few rounds all buffers have their size, and what a round needs it finds.
#[test]
fn a_steady_round_allocates_nothing() {
    for name in ["w0.pt", "w1.pt", "w2.pt", "w3.pt", "w4.pt", "w5.pt"] {
        let points = workload::points(150);
        let mut engine = ColumnEngine::new(program(name), points, RADIUS, 0).expect("few links");
        let rounds = |engine: &mut ColumnEngine, from: usize, to: usize| {
            for round in from..to {
                engine.lock_step(second(round)).unwrap_or_else(|failed| panic!("{failed}"));
            }
        };
        rounds(&mut engine, 1, 40);
        let counted = allocation_counter::measure(|| rounds(&mut engine, 40, 45));
        assert_eq!(counted.count_total, 0, "{name}: {counted:?} in 750 rounds");
        let later = |now: Micros| Micros(now.0 + second(45).0);
        let plan: Vec<(u32, Micros)> =
            firings(150, 12).into_iter().map(|(now, device)| (device as u32, later(now))).collect();
        let (before, after) = plan.split_at(1_200);
        let mut fire = |mut plan: &[(u32, Micros)]| {
            while !plan.is_empty() {
                plan = &plan[engine.fire_next(plan)..];
            }
        };
        fire(before);
        let counted = allocation_counter::measure(|| fire(after));
        assert_eq!(counted.count_total, 0, "{name}: {counted:?} in 600 rounds of their own");
    }
}

const NAMES: [&str; 6] = ["w0.pt", "w1.pt", "w2.pt", "w3.pt", "w4.pt", "w5.pt"];

/// All that can be seen of an engine, bit by bit.
fn seen(engine: &ColumnEngine, program: &Program) -> Vec<String> {
    let slots = program.layout().exports();
    let one = |device: usize| {
        let sent = slots.iter().map(|slot| engine.exported(device, slot.path));
        format!("{:?} {:?}", engine.value(device), sent.collect::<Vec<_>>())
    };
    (0..engine.len()).map(one).collect()
}

/// What many devices compute together is what each computes by itself, in both schedules, from the first
/// round on: values, exports and what it costs.
#[test]
fn rounds_together_are_rounds_one_by_one() {
    for name in NAMES {
        let (program, points) = (program(name), workload::points(700));
        let engine = || ColumnEngine::new(program.clone(), points.clone(), RADIUS, 3);
        let (mut together, mut apart) =
            (engine().expect("few links"), engine().expect("few links"));
        apart.one_by_one();
        for round in 1..=12 {
            together.lock_step(second(round)).expect("it runs");
            apart.lock_step(second(round)).expect("it runs");
            assert_eq!(seen(&together, &program), seen(&apart, &program), "{name}, {round}");
        }
        let plan: Vec<(u32, Micros)> = firings(700, 6)
            .into_iter()
            .map(|(now, device)| (device as u32, Micros(now.0 + second(12).0)))
            .collect();
        for engine in [&mut together, &mut apart] {
            let mut next = 0;
            while next < plan.len() {
                next += engine.fire_next(&plan[next..]);
                assert!(engine.failed().is_empty());
            }
        }
        assert_eq!(
            seen(&together, &program),
            seen(&apart, &program),
            "{name}, one after the other"
        );
        assert_eq!(together.steps(), apart.steps(), "{name}");
        let ((rounds, alone, _), (same, all, _)) = (together.counts(), apart.counts());
        assert_eq!((rounds, all), (same, same), "{name}");
        // In the first two rounds many devices have nobody to hear, which is for the machine.
        assert!(alone * 4 < rounds, "{name}: {alone} of {rounds} rounds ran by themselves");
    }
}
