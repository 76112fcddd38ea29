//! `fieldrun bench sim`: the workloads on the population engine, beside loops written by hand.
//!
//! A run counts only if it settles to what plain algorithms compute: equal work first, speed second.

mod calendar;
mod graph;
mod memory;
mod oracle;
mod yardstick;

use crate::args::{BenchSchedule, BenchSimArgs};
use crate::output::{self, Failure, Outcome};
use calendar::Calendar;
use clap::ValueEnum;
use fieldrun_device::Micros;
use fieldrun_sim::workload::{self, Digest, RADIUS};
use fieldrun_sim::{ColumnEngine, FailedRound, Observer, Scenario};
use fieldrun_stdlib::load_text;
use graph::Graph;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use yardstick::ByHand;

/// The programs in `examples/workloads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Workload {
    /// Nothing but a round and a message
    W0,
    /// Hops to device 0
    W1,
    /// Distance to device 0
    W2,
    /// Count the network and tell everybody
    W3,
    /// The same for each region of the least id within 10 hops
    W4,
    /// Two branches and a mean
    W5,
}

impl Workload {
    fn text(self) -> &'static str {
        match self {
            Self::W0 => include_str!("../../../../../examples/workloads/w0.pt"),
            Self::W1 => include_str!("../../../../../examples/workloads/w1.pt"),
            Self::W2 => include_str!("../../../../../examples/workloads/w2.pt"),
            Self::W3 => include_str!("../../../../../examples/workloads/w3.pt"),
            Self::W4 => include_str!("../../../../../examples/workloads/w4.pt"),
            Self::W5 => include_str!("../../../../../examples/workloads/w5.pt"),
        }
    }

    /// Whether the loops by hand are of hops; nothing where there are none.
    fn by_hand(self) -> Option<bool> {
        match self {
            Self::W1 => Some(true),
            Self::W2 => Some(false),
            Self::W0 | Self::W3 | Self::W4 | Self::W5 => None,
        }
    }
}

/// Device rounds of one measurement, about, and most rounds of each device.
const TIMED: usize = 1_000_000;
const TIMED_EACH: usize = 400;
/// Measurements, in turn with those of the loop by hand: the fastest of each counts, because noise only
/// ever adds time.
const TURNS: usize = 5;
/// Rounds before the timed ones.
const WARM_UP: usize = 3;
/// Rounds in which a network of this many hops surely settles: three waves there and back.
const ROUNDS_PER_HOP: usize = 8;
/// Rounds that are planned ahead.
const AHEAD: usize = 256;

#[derive(Serialize)]
struct Row {
    workload: Workload,
    devices: usize,
    schedule: BenchSchedule,
    threads: usize,
    device_rounds_per_second: f64,
    /// Of one round of all devices.
    milliseconds: f64,
    /// How many times as long as by hand on one thread takes.
    times_by_hand: Option<f64>,
    /// What the operating system counts for each device, and how much of it is not the network.
    bytes_per_device: Option<f64>,
    bytes_beyond_network: Option<f64>,
    /// The most that the process had in memory so far.
    peak_bytes: Option<u64>,
    /// What complete devices send in a round, envelope included.
    bytes_per_message: f64,
    /// Rounds that ran by themselves and not with others.
    alone: f64,
    finite: usize,
    sum: f64,
    greatest: f64,
}

pub(super) fn bench(args: &BenchSimArgs) -> Outcome {
    let workloads = match args.workload {
        Some(one) => vec![one],
        None => Workload::value_variants().to_vec(),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads as usize);
    pool.stack_size(fieldrun_device::ROUND_STACK).build_global().map_err(Failure::usage)?;
    if !args.json {
        output::line(
            "work  devices  schedule  threads  rounds/s   ms a round  times by hand  \
             B/device (beyond network)  B/message  settled to (finite, sum, greatest)",
        )?;
    }
    for workload in workloads {
        for devices in &args.devices {
            let row = measure(workload, *devices as usize, args.schedule)?;
            let line = match args.json {
                true => serde_json::to_string(&row).map_err(Failure::failed)?,
                false => row.text(),
            };
            output::line(&line)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Row {
    fn text(&self) -> String {
        let or_dash = |x: Option<f64>, digits: usize| match x {
            Some(x) => format!("{x:.digits$}"),
            None => "-".to_owned(),
        };
        format!(
            "{:?}    {:>7}  {:<8}  {:>7}  {:>9.0}  {:>10.3}  {:>13}  {:>8} ({:>13})   {:>9.1}  {}, {:.6}, {:.6}",
            self.workload,
            self.devices,
            self.schedule.name(),
            self.threads,
            self.device_rounds_per_second,
            self.milliseconds,
            or_dash(self.times_by_hand, 2),
            or_dash(self.bytes_per_device, 0),
            or_dash(self.bytes_beyond_network, 0),
            self.bytes_per_message,
            self.finite,
            self.sum,
            self.greatest
        )
    }
}

/// A running workload under a schedule.
struct Run {
    engine: ColumnEngine,
    calendar: Option<Calendar>,
    rounds: u64,
    planned: Vec<(u32, Micros)>,
}

impl Run {
    /// So many rounds of every device, about.
    fn rounds(&mut self, count: usize) -> Result<(), FailedRound> {
        let Self { engine, calendar, rounds, planned } = self;
        let Some(calendar) = calendar else {
            for _ in 0..count {
                *rounds += 1;
                engine.lock_step(Micros(*rounds * Micros::SECOND.0))?;
            }
            return Ok(());
        };
        let mut left = count * engine.len();
        while left > 0 {
            while planned.len() < AHEAD {
                let (now, device) = calendar.next();
                planned.push((device as u32, Micros((now * 1e6) as u64)));
            }
            let ran = engine.fire_next(planned.get(..AHEAD.min(left)).unwrap_or_default());
            planned.drain(..ran);
            left -= ran;
        }
        Ok(())
    }

    fn digest(&self) -> Digest {
        Digest::of(self.engine.values().map(|value| value.as_number().unwrap_or(f64::NAN)))
    }
}

fn measure(workload: Workload, devices: usize, schedule: BenchSchedule) -> Result<Row, Failure> {
    let program = load_text("workload", workload.text(), &[]).map_err(Failure::failed)?.program;
    let points = workload::points(devices);
    let before = memory::resident();
    let engine =
        ColumnEngine::new(Arc::clone(&program), points, RADIUS, 0).map_err(Failure::failed)?;
    let asynchronous = schedule == BenchSchedule::Async;
    let calendar = asynchronous.then(|| Calendar::new(devices));
    let mut run = Run { engine, calendar, rounds: 0, planned: Vec::new() };
    run.rounds(WARM_UP).map_err(Failure::failed)?;
    let grown = before
        .zip(memory::resident())
        .map(|((before, _), (after, _))| after.saturating_sub(before) as f64 / devices as f64);
    let graph = Graph::of(&run.engine);
    let mut by_hand = workload.by_hand().map(|hops| ByHand::new(&graph, hops, asynchronous));
    let each = (TIMED / devices.max(1)).clamp(1, TIMED_EACH);
    let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        let begun = Instant::now();
        run.rounds(each).map_err(Failure::failed)?;
        ours = ours.min(begun.elapsed().as_secs_f64());
        if let Some(by_hand) = &mut by_hand {
            let begun = Instant::now();
            by_hand.rounds(each);
            theirs = theirs.min(begun.elapsed().as_secs_f64());
        }
    }
    let digest = settle(workload, &graph, &mut run)?;
    let network = run.engine.network_bytes() as f64 / devices as f64;
    let (rounds, alone, _) = run.engine.counts();
    Ok(Row {
        workload,
        devices,
        schedule,
        threads: match schedule {
            BenchSchedule::Lockstep => rayon::current_num_threads(),
            BenchSchedule::Async => 1,
        },
        device_rounds_per_second: (each * devices) as f64 / ours,
        milliseconds: ours * 1e3 / each as f64,
        times_by_hand: by_hand.is_some().then(|| ours / theirs),
        bytes_per_device: grown,
        bytes_beyond_network: grown.map(|grown| grown - network),
        peak_bytes: memory::resident().map(|(_, most)| most),
        bytes_per_message: message(&program)?,
        alone: alone as f64 / rounds.max(1) as f64,
        finite: digest.finite,
        sum: digest.sum,
        greatest: digest.greatest,
    })
}

/// What a hundred complete devices send on average in a minute.
fn message(program: &Arc<fieldrun_device::Program>) -> Result<f64, Failure> {
    let scenario = Scenario::default_for(Path::new("workload.pt"));
    let mut nobody: Vec<Box<dyn Observer>> = Vec::new();
    let summary = fieldrun_sim::run(&scenario, program, &mut nobody).map_err(Failure::failed)?;
    Ok(summary.counts.bytes as f64 / summary.counts.messages.max(1) as f64)
}

/// Runs on until everything has settled to what plain algorithms compute; fails if that does not come.
fn settle(workload: Workload, graph: &Graph, run: &mut Run) -> Result<Digest, Failure> {
    let hops = oracle::digest(Workload::W1, graph).greatest.max(1.0) as usize;
    let expected = oracle::digest(workload, graph);
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    let step = (hops / 2).max(8);
    let mut done = 0;
    loop {
        let found = run.digest();
        if expected.finite == found.finite
            && near(expected.sum, found.sum)
            && near(expected.greatest, found.greatest)
        {
            return Ok(found);
        }
        if done > ROUNDS_PER_HOP * hops + 8 {
            return Err(Failure::failed(format!(
                "{workload:?} settled to {found:?}, plain algorithms give {expected:?}"
            )));
        }
        run.rounds(step).map_err(Failure::failed)?;
        done += step;
    }
}
