//! One run of a sweep, and the line of text that keeps it.

use super::plan::Planned;
use crate::SimError;
use crate::metric::Metric;
use crate::scenario::Scenario;
use crate::simulation::Simulation;
use crate::world::{Flow, Observer};
use fieldrun_device::{Micros, Program};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most samples of one run.
const MAX_SAMPLES: usize = 100_000;

/// What is measured, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// What.
    pub metrics: Vec<Metric>,
    /// The simulated time between two samples; there is one more at the end.
    pub every: Micros,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The simulated time of each sample in seconds.
    pub times: Vec<f64>,
    /// For each metric its value in each sample; not a number where there is none.
    pub values: Vec<Vec<f64>>,
    /// Device rounds.
    pub rounds: u64,
    /// Rounds that failed.
    pub failed: u64,
    /// The first of them: device, time and diagnostic.
    pub failure: Option<String>,
}

impl Run {
    /// Runs a scenario to its end, or until `observer` stops it, and samples it on the way.
    ///
    /// # Errors
    /// The network is too large, or the observer cannot write.
    pub fn new(
        scenario: &Scenario,
        program: &Arc<Program>,
        sampling: &Sampling,
        observer: &mut dyn Observer,
    ) -> Result<Self, SimError> {
        let mut simulation = Simulation::new(scenario, program)?;
        let mut run = Self {
            times: Vec::new(),
            values: vec![Vec::new(); sampling.metrics.len()],
            rounds: 0,
            failed: 0,
            failure: None,
        };
        let mut next = sampling.every;
        while run.times.len() < MAX_SAMPLES
            && simulation.run_until(next, observer)? == Flow::Continue
            && !simulation.is_over()
        {
            run.sample(&simulation, sampling);
            next = Micros(next.0.saturating_add(sampling.every.0.max(1)));
        }
        simulation.run_until(Micros(u64::MAX), observer)?;
        run.sample(&simulation, sampling);
        let counts = simulation.counts();
        (run.rounds, run.failed) = (counts.events, counts.traps);
        run.failure = counts.first_trap.as_ref().map(|trap| {
            format!("device {} at {} s: {}", trap.device, trap.at.seconds(), trap.message)
        });
        Ok(run)
    }

    fn sample(&mut self, simulation: &Simulation, sampling: &Sampling) {
        let time = simulation.time().seconds();
        if self.times.last() == Some(&time) {
            return;
        }
        self.times.push(time);
        for (metric, values) in sampling.metrics.iter().zip(&mut self.values) {
            values.push(metric.of(simulation.world()));
        }
    }

    /// The value of a metric at the end.
    pub fn last(&self, metric: usize) -> f64 {
        self.values.get(metric).and_then(|values| values.last()).copied().unwrap_or(f64::NAN)
    }
}

/// A run as it is kept: one line of JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which run.
    pub planned: Planned,
    /// What came of it.
    pub run: Run,
}

/// The fields of a line. What is not a number is null.
#[derive(Serialize, Deserialize)]
struct Line {
    point: usize,
    seed: u64,
    t: Vec<f64>,
    values: Vec<Vec<Option<f64>>>,
    rounds: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    failure: Option<String>,
}

impl Row {
    /// The line, without its end.
    pub fn line(&self) -> String {
        let finite = |value: &f64| Some(*value).filter(|value| value.is_finite());
        let values = |values: &Vec<f64>| values.iter().map(finite).collect();
        let line = Line {
            point: self.planned.point,
            seed: self.planned.seed,
            t: self.run.times.clone(),
            values: self.run.values.iter().map(values).collect(),
            rounds: self.run.rounds,
            failed: self.run.failed,
            failure: self.run.failure.clone(),
        };
        serde_json::json!(line).to_string()
    }

    /// Reads a line with so many metrics; says what is wrong with it.
    ///
    /// # Errors
    /// It is not what [`Row::line`] writes: half a line, say.
    pub(super) fn read(line: &str, metrics: usize) -> Result<Self, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if line.values.len() != metrics {
            return Err(format!("it has {} metrics, not {metrics}", line.values.len()));
        }
        if line.values.iter().any(|values| values.len() != line.t.len()) {
            return Err("its metrics are not as long as its times".to_owned());
        }
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let values = |values: Vec<Option<f64>>| values.into_iter().map(number).collect();
        Ok(Self {
            planned: Planned { point: line.point, seed: line.seed },
            run: Run {
                times: line.t,
                values: line.values.into_iter().map(values).collect(),
                rounds: line.rounds,
                failed: line.failed,
                failure: line.failure,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_survives_being_written() {
        let run = Run {
            times: vec![0.1 + 0.2, 1.0],
            values: vec![vec![1.0 / 3.0, f64::NAN], vec![5e-324, 1e300]],
            rounds: 7,
            failed: 1,
            failure: Some("device 3".to_owned()),
        };
        let row = Row { planned: Planned { point: 2, seed: u64::MAX }, run };
        let back = Row::read(&row.line(), 2).expect("its own line");
        // Values that are not a number are not equal to themselves.
        assert_eq!(format!("{back:?}"), format!("{row:?}"));
        let half = row.line();
        assert!(Row::read(&half[..half.len() / 2], 2).is_err());
        assert!(Row::read(&row.line(), 3).expect_err("two").contains("2 metrics, not 3"));
    }
}
