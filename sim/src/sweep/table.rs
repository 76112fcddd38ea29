//! Runs put together: a long table of all of them, and their means by setting.

use super::plan::{Plan, Planned, Point, Shard};
use super::run::{Row, Sampling};
use super::spread::{Interval, MIN_SEEDS};
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

    /// Reads the line of a run of this table; says what is wrong with it.
    ///
    /// # Errors
    /// It is not what [`Row::line`] writes, or of another plan.
    pub fn read(&self, line: &str) -> Result<Row, String> {
        let row = Row::read(line, self.sampling.metrics.len())?;
        let seed = row.planned.seed.wrapping_sub(self.plan.first_seed);
        match row.planned.point < self.plan.points.len() && seed < self.plan.seeds {
            true => Ok(row),
            false => Err("its run is not in the plan".to_owned()),
        }
    }

    /// Whether a run is there.
    fn has(&self, planned: Planned) -> bool {
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

    /// The runs that a shard has to do next; none when it is done. With `until`, a setting gets more
    /// seeds, a few at a time, as long as half the confidence interval of its first metric at the end
    /// is wider than this share of the mean. Which runs these are does not depend on who does them.
    pub fn due(&self, shard: Shard, until: Option<f64>) -> Vec<Planned> {
        let Plan { points, first_seed, seeds } = self.plan;
        let mut due = Vec::new();
        for point in 0..points.len() {
            let mut wanted = if until.is_some() { MIN_SEEDS.min(*seeds) } else { *seeds };
            loop {
                let planned = (0..wanted)
                    .map(|seed| Planned { point, seed: first_seed.wrapping_add(seed) })
                    .filter(|run| shard.takes(*run, self.plan, until.is_some()));
                let before = due.len();
                due.extend(planned.filter(|run| !self.has(*run)));
                let sure = |share| self.certainty(point, wanted).is_within(share);
                if due.len() > before || wanted >= *seeds || until.is_none_or(sure) {
                    break;
                }
                wanted = wanted.saturating_add(MIN_SEEDS).min(*seeds);
            }
        }
        due
    }

    /// How sure the first metric of a setting is at the end, from the first `seeds` seeds.
    fn certainty(&self, point: usize, seeds: u64) -> Interval {
        let first = self.plan.first_seed;
        let among = |row: &&Row| row.planned.seed.wrapping_sub(first) < seeds;
        Interval::of(self.runs_of(point).filter(among).map(|row| row.run.last(0)))
    }

    /// All means, by setting, metric and time.
    pub fn cells(&self) -> Vec<Cell> {
        let points = 0..self.plan.points.len();
        let metrics = self.sampling.metrics.len();
        points
            .flat_map(|point| (0..metrics).flat_map(move |metric| self.over_time(point, metric)))
            .collect()
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

#[cfg(test)]
mod tests {
    use super::super::plan::Design;
    use super::super::run::Run;
    use super::*;
    use crate::metric::Metric;
    use fieldrun_device::Micros;

    /// Of setting 0 all values are equal, of setting 1 they are far apart.
    fn row(planned: Planned) -> Row {
        let value = if planned.point == 0 { 3.0 } else { planned.seed as f64 };
        let run = Run {
            times: vec![1.0],
            values: vec![vec![value]],
            rounds: 1,
            failed: 0,
            failure: None,
        };
        Row { planned, run }
    }

    #[test]
    fn settings_get_seeds_until_they_are_sure() {
        let vary = ["a=1,2".parse().expect("a list")];
        let plan = Plan::new(&vary, Design::Product, (1, 17)).expect("a plan");
        let sampling = Sampling { metrics: Metric::usual(), every: Micros::SECOND };
        let until = |until, shard: &str| {
            let shard: Shard = shard.parse().expect("a shard");
            let mut table = Table::new(&plan, &sampling);
            loop {
                let due = table.due(shard, until);
                if due.is_empty() {
                    break (table.runs_of(0).count(), table.runs_of(1).count());
                }
                due.into_iter().for_each(|planned| table.add(row(planned)));
            }
        };
        assert_eq!(until(None, "1/1"), (17, 17));
        assert_eq!(until(Some(0.05), "1/1"), (5, 17));
        // Numbers from 1 to n are sure to 60 % once n is 10: 2.26 * 3.03 / sqrt(10) is 39 % of
        // 5.5; of five, 2.78 * 1.58 / sqrt(5) is 65 % of 3.
        assert_eq!(until(Some(0.6), "1/1"), (5, 10));
        assert_eq!(until(Some(0.05), "2/2"), (0, 17), "a setting stays with one shard");
    }

    #[test]
    fn tables_do_not_depend_on_the_order_of_the_runs() {
        let vary = ["a=1,\"x,y\"".parse().expect("a list")];
        let plan = Plan::new(&vary, Design::Product, (1, 2)).expect("a plan");
        let sampling = Sampling { metrics: Metric::usual()[..1].to_vec(), every: Micros::SECOND };
        let mut table = Table::new(&plan, &sampling);
        let mut runs: Vec<Planned> = plan.runs().collect();
        runs.reverse();
        runs.into_iter().for_each(|planned| table.add(row(planned)));
        assert_eq!(
            table.runs_csv(),
            "point,a,seed,t,metric,value\n0,1,1,1,mean(result),3\n0,1,2,1,mean(result),3\n\
             1,\"x,y\",1,1,mean(result),1\n1,\"x,y\",2,1,mean(result),2\n"
        );
        let means = table.means_csv();
        assert!(means.contains("0,1,1,mean(result),2,3,0,3,3\n"), "{means}");
    }
}
