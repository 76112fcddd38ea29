//! `fieldrun bench sim`: the workloads on the population engine, beside loops written by hand.
//!
//! A run counts only if it settles to what plain algorithms compute: equal work first, speed second.

mod calendar;
mod graph;
mod oracle;
mod yardstick;

use crate::args::{BenchSchedule, BenchSimArgs};
use crate::output::{self, Failure, Outcome};
use calendar::Calendar;
use clap::ValueEnum;
use fieldrun_sim::workload::{self, Digest, RADIUS};
use fieldrun_sim::{ColumnEngine, FailedRound};
use fieldrun_stdlib::load_text;
use graph::Graph;
use serde::Serialize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

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

/// Device rounds that are timed, about, and most rounds of each device.
const TIMED: usize = 400_000;
const TIMED_EACH: usize = 100;
/// Rounds before the timed ones.
const WARM_UP: usize = 3;
/// Rounds in which a network of this many hops surely settles: three waves there and back.
const ROUNDS_PER_HOP: usize = 8;

#[derive(Serialize)]
struct Row {
    workload: Workload,
    devices: usize,
    schedule: BenchSchedule,
    device_rounds_per_second: f64,
    /// How many times as long as by hand takes.
    times_by_hand: Option<f64>,
    finite: usize,
    sum: f64,
    greatest: f64,
}

pub(super) fn bench(args: &BenchSimArgs) -> Outcome {
    let workloads = match args.workload {
        Some(one) => vec![one],
        None => Workload::value_variants().to_vec(),
    };
    if !args.json {
        output::line(
            "work  devices  schedule  rounds/s  times by hand  settled to (finite, sum, greatest)",
        )?;
    }
    for workload in workloads {
        let row = measure(workload, args.devices as usize, args.schedule)?;
        if args.json {
            output::line(&serde_json::to_string(&row).map_err(Failure::failed)?)?;
            continue;
        }
        let ratio = row.times_by_hand.map(|ratio| format!("{ratio:.1}"));
        let schedule = row.schedule.name();
        output::line(&format!(
            "{workload:?}    {:>7}  {schedule:<8}  {:>8.0}  {:>13}  {}, {:.6}, {:.6}",
            row.devices,
            row.device_rounds_per_second,
            ratio.as_deref().unwrap_or("-"),
            row.finite,
            row.sum,
            row.greatest
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A running workload under a schedule.
struct Run {
    engine: ColumnEngine,
    calendar: Option<Calendar>,
    rounds: usize,
}

impl Run {
    /// So many rounds of every device, about.
    fn rounds(&mut self, count: usize) -> Result<(), FailedRound> {
        match &mut self.calendar {
            None => {
                for _ in 0..count {
                    self.rounds += 1;
                    self.engine.lock_step(self.rounds as f64)?;
                }
            }
            Some(calendar) => {
                for _ in 0..count * self.engine.len() {
                    let (now, device) = calendar.next();
                    self.engine.fire(device, now)?;
                }
            }
        }
        Ok(())
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.engine.values().iter().map(|value| value.as_number().unwrap_or(f64::NAN))
    }
}

fn measure(workload: Workload, devices: usize, schedule: BenchSchedule) -> Result<Row, Failure> {
    let program = load_text("workload", workload.text(), &[]).map_err(Failure::failed)?.program;
    let points = workload::points(devices);
    let engine =
        ColumnEngine::new(Arc::clone(&program), points, RADIUS, 0).map_err(Failure::failed)?;
    let graph = Graph::of(&engine);
    let calendar = (schedule == BenchSchedule::Async).then(|| Calendar::new(devices));
    let mut run = Run { engine, calendar, rounds: 0 };
    let timed = (TIMED / devices.max(1)).clamp(2, TIMED_EACH);
    run.rounds(WARM_UP).map_err(Failure::failed)?;
    let begun = Instant::now();
    run.rounds(timed).map_err(Failure::failed)?;
    let speed = (timed * devices) as f64 / begun.elapsed().as_secs_f64();
    let by_hand = workload.by_hand().map(|hops| match schedule {
        BenchSchedule::Async => yardstick::asynchronous(&graph, timed, hops),
        BenchSchedule::Lockstep => yardstick::lock_step(&graph, timed, hops),
    });
    let digest = settle(workload, &graph, &mut run, timed + WARM_UP)?;
    Ok(Row {
        workload,
        devices,
        schedule,
        device_rounds_per_second: speed,
        times_by_hand: by_hand.map(|by_hand| by_hand / speed),
        finite: digest.finite,
        sum: digest.sum,
        greatest: digest.greatest,
    })
}

/// Runs on until everything must have settled, and compares.
fn settle(
    workload: Workload,
    graph: &Graph,
    run: &mut Run,
    done: usize,
) -> Result<Digest, Failure> {
    let hops = oracle::digest(Workload::W1, graph).greatest.max(1.0) as usize;
    run.rounds((ROUNDS_PER_HOP * hops + 8).saturating_sub(done)).map_err(Failure::failed)?;
    let (expected, found) = (oracle::digest(workload, graph), Digest::of(run.values()));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    if expected.finite == found.finite
        && near(expected.sum, found.sum)
        && near(expected.greatest, found.greatest)
    {
        return Ok(found);
    }
    let message = format!("{workload:?} settled to {found:?}, plain algorithms give {expected:?}");
    Err(Failure::failed(message))
}
