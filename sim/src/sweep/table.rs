//! Runs put together: a long table of all of them, and their means by setting.

use super::plan::{Plan, Planned, Point};
use super::run::{Row, Sampling};
use super::spread::Interval;
use crate::shown::Plain;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::Value;

/// Runs of a plan, in its order.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    pub(super) plan: &'a Plan,
    pub(super) sampling: &'a Sampling,
    rows: BTreeMap<Planned, Row>,
}

/// What the runs of one setting amount to, for one metric at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The number of the setting.
    pub point: usize,
    /// The number of the metric.
    pub metric: usize,
    /// Simulated time in seconds.
    pub t: f64,
    /// Over the seeds.
    pub interval: Interval,
}

impl<'a> Table<'a> {
    /// A table without runs.
    pub fn new(plan: &'a Plan, sampling: &'a Sampling) -> Self {
        Self { plan, sampling, rows: BTreeMap::new() }
    }

    /// Adds a run. One that is there already stays: both are the same.
    pub fn add(&mut self, row: Row) {
        self.rows.entry(row.planned).or_insert(row);
    }

    /// Whether a run is there.
    pub fn has(&self, planned: Planned) -> bool {
        self.rows.contains_key(&planned)
    }

    /// The runs that are there.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// The runs of a setting, in the order of their seeds.
    pub fn runs_of(&self, point: usize) -> impl Iterator<Item = &Row> {
        let from = Planned { point, seed: 0 }..=Planned { point, seed: u64::MAX };
        self.rows.range(from).map(|(_, row)| row)
    }

    /// How sure the first metric of a setting is at the end, from the first `seeds` seeds.
    pub fn certainty(&self, point: usize, seeds: u64) -> Interval {
        let first = self.plan.first_seed;
        let among = |row: &&Row| row.planned.seed.wrapping_sub(first) < seeds;
        Interval::of(self.runs_of(point).filter(among).map(|row| row.run.last(0)))
    }

    /// All means, by setting, metric and time.
    pub fn cells(&self) -> Vec<Cell> {
        let points = 0..self.plan.points.len();
        let metrics = self.sampling.metrics.len();
        points.flat_map(|point| (0..metrics).flat_map(move |metric| self.over_time(point, metric))).collect()
    }

    /// The means of one metric of one setting over time.
    pub fn over_time(&self, point: usize, metric: usize) -> Vec<Cell> {
        let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for row in self.runs_of(point) {
            let values = row.run.values.get(metric).into_iter().flatten();
            for (t, value) in row.run.times.iter().zip(values) {
                // Times are not negative: their bits are in their order.
                at.entry(t.to_bits()).or_default().push(*value);
            }
        }
        let cell = |(t, values): (u64, Vec<f64>)| Cell {
            point,
            metric,
            t: f64::from_bits(t),
            interval: Interval::of(values),
        };
        at.into_iter().map(cell).collect()
    }

    /// The mean of one metric of one setting at the end.
    pub fn at_end(&self, point: usize, metric: usize) -> Interval {
        Interval::of(self.runs_of(point).map(|row| row.run.last(metric)))
    }

    /// All runs as CSV: `point,KEY…,seed,t,metric,value`.
    pub fn runs_csv(&self) -> String {
        let mut text = self.header("seed,t,metric,value");
        for row in self.rows.values() {
            for (metric, values) in self.sampling.metrics.iter().zip(&row.run.values) {
                for (t, value) in row.run.times.iter().zip(values) {
                    self.start(&mut text, row.planned.point);
                    let (metric, value) = (quoted(&metric.to_string()), blank(*value));
                    let seed = row.planned.seed;
                    // Writing to a String cannot fail.
                    let _ = writeln!(text, "{seed},{},{metric},{value}", Plain(*t));
                }
            }
        }
        text
    }

    /// All means as CSV: `point,KEY…,t,metric,n,mean,sd,low,high`; `low` and `high` bound the 95 %
    /// confidence interval of the mean.
    pub fn means_csv(&self) -> String {
        let mut text = self.header("t,metric,n,mean,sd,low,high");
        for cell in self.cells() {
            let Some(metric) = self.sampling.metrics.get(cell.metric) else { continue };
            self.start(&mut text, cell.point);
            let Interval { count, mean, deviation, .. } = cell.interval;
            let (low, high) = cell.interval.bounds();
            let [mean, deviation, low, high] = [mean, deviation, low, high].map(blank);
            let (t, metric) = (Plain(cell.t), quoted(&metric.to_string()));
            let _ = writeln!(text, "{t},{metric},{count},{mean},{deviation},{low},{high}");
        }
        text
    }

    fn header(&self, rest: &str) -> String {
        let keys = self.plan.points.first().map(|point| &point.params).into_iter().flatten();
        let keys: String = keys.map(|(key, _)| format!("{},", quoted(key))).collect();
        format!("point,{keys}{rest}\n")
    }

    fn start(&self, text: &mut String, point: usize) {
        let _ = write!(text, "{point},");
        let params = self.plan.points.get(point).map(|Point { params }| params);
        for (_, value) in params.into_iter().flatten() {
            let _ = write!(text, "{},", quoted(&plain(value)));
        }
    }
}

/// A value of a key without the quotes of a text.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn blank(number: f64) -> String {
    if number.is_nan() { String::new() } else { Plain(number).to_string() }
}

/// A field as RFC 4180 wants it.
fn quoted(field: &str) -> String {
    crate::record::quoted(field).into_owned()
}
