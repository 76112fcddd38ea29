//! Which settings are run with which seeds, and by whom.

use super::error::SweepError;
use super::vary::Vary;
use crate::random::{Purpose, Stream};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use toml::Value;

/// The most runs of a sweep.
const MAX_RUNS: u64 = 1_000_000;

/// How settings are made of what varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Every value with every other.
    Product,
    /// A Latin hypercube: so many settings, and of each key as many equal slices of its values, each
    /// taken once (McKay, Beckman and Conover 1979).
    Latin {
        /// How many settings.
        points: usize,
        /// Another seed draws others.
        seed: u64,
    },
}

/// Values of all keys that are varied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Keys and values, in the order in which they were named.
    pub params: Vec<(String, Value)>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.params.is_empty() {
            return f.write_str("the scenario as it is");
        }
        for (number, (key, value)) in self.params.iter().enumerate() {
            write!(f, "{}{key}={value}", if number == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// All runs of a sweep: each setting with each seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The settings.
    pub points: Vec<Point>,
    /// The first seed; the others follow it.
    pub first_seed: u64,
    /// How many seeds for each setting, at most.
    pub seeds: u64,
}

/// One run of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planned {
    /// The number of the setting, from 0.
    pub point: usize,
    /// The seed.
    pub seed: u64,
}

impl Plan {
    /// Plans a sweep.
    ///
    /// # Errors
    /// A key is varied twice or without end, or there are more than a million runs.
    pub fn new(vary: &[Vary], design: Design, seeds: (u64, u64)) -> Result<Self, SweepError> {
        for (number, one) in vary.iter().enumerate() {
            if vary.iter().take(number).any(|other| other.key == one.key) {
                return Err(SweepError::Twice { key: one.key.clone() });
            }
        }
        let (first_seed, seeds) = seeds;
        let most = |points: u128| match points.saturating_mul(u128::from(seeds)) {
            runs if runs > u128::from(MAX_RUNS) => {
                Err(SweepError::TooMany { runs, limit: MAX_RUNS })
            }
            _ => Ok(()),
        };
        let points = match design {
            Design::Latin { points, seed } => {
                most(points as u128)?;
                latin(vary, points, seed)
            }
            Design::Product => {
                let lists = vary.iter().map(Vary::list).collect::<Result<Vec<_>, _>>()?;
                most(lists.iter().fold(1, |all, list| all * list.len() as u128))?;
                product(vary, &lists)
            }
        };
        Ok(Self { points, first_seed, seeds })
    }

    /// All runs, in the order of the table.
    pub fn runs(&self) -> impl Iterator<Item = Planned> + '_ {
        let seeds = move || (0..self.seeds).map(|number| self.first_seed.wrapping_add(number));
        (0..self.points.len())
            .flat_map(move |point| seeds().map(move |seed| Planned { point, seed }))
    }
}

fn product(vary: &[Vary], lists: &[&[Value]]) -> Vec<Point> {
    let mut points = vec![Point::default()];
    for (one, list) in vary.iter().zip(lists) {
        let with = |point: &Point, value: &Value| {
            let mut params = point.params.clone();
            params.push((one.key.clone(), value.clone()));
            Point { params }
        };
        points = points.iter().flat_map(|point| list.iter().map(move |v| with(point, v))).collect();
    }
    points
}

fn latin(vary: &[Vary], points: usize, seed: u64) -> Vec<Point> {
    let mut settings = vec![Point::default(); points];
    for (number, one) in vary.iter().enumerate() {
        let mut random = Stream::new(seed, number as u64, Purpose::Latin);
        let mut slices: Vec<usize> = (0..points).collect();
        // Fisher and Yates.
        for last in (1..points).rev() {
            slices.swap(last, random.below(last + 1));
        }
        for (point, slice) in settings.iter_mut().zip(slices) {
            let share = (slice as f64 + random.unit()) / points as f64;
            point.params.push((one.key.clone(), one.at(share)));
        }
    }
    settings
}

/// One of several machines, or jobs, that share a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether this shard runs the setting with that seed. Settings whose seeds decide together when
    /// to stop stay together.
    pub fn takes(self, run: Planned, plan: &Plan, together: bool) -> bool {
        let seed = run.seed.wrapping_sub(plan.first_seed);
        let number = match together {
            true => run.point as u64,
            false => (run.point as u64).wrapping_mul(plan.seeds).wrapping_add(seed),
        };
        number % self.of == self.number - 1
    }

    /// Part of the name of its file of results.
    pub fn label(self) -> String {
        format!("{}of{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = SweepError;

    fn from_str(text: &str) -> Result<Self, SweepError> {
        let parts = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err(SweepError::Shard(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn vary(texts: &[&str]) -> Vec<Vary> {
        texts.iter().map(|text| text.parse().unwrap_or_else(|error| panic!("{error}"))).collect()
    }

    #[test]
    fn a_product_holds_every_pair_once() {
        let plan =
            Plan::new(&vary(&["a=1,2", "b=x,y,z"]), Design::Product, (5, 4)).expect("a plan");
        let points: BTreeSet<String> = plan.points.iter().map(Point::to_string).collect();
        assert_eq!((plan.points.len(), points.len()), (6, 6));
        assert_eq!(plan.runs().count(), 24);
        let seeds: BTreeSet<u64> = plan.runs().map(|run| run.seed).collect();
        assert_eq!(seeds.into_iter().collect::<Vec<_>>(), [5, 6, 7, 8]);
    }

    #[test]
    fn a_latin_hypercube_takes_every_slice_of_every_key_once() {
        let vary = vary(&["a=0.0..1.0", "b=p,q,r,s,t"]);
        let plan = Plan::new(&vary, Design::Latin { points: 10, seed: 3 }, (1, 1)).expect("a plan");
        let slices: BTreeSet<usize> = plan
            .points
            .iter()
            .map(|point| match &point.params[0].1 {
                Value::Float(number) => (number * 10.0) as usize,
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(slices.len(), 10);
        for text in ["p", "q", "r", "s", "t"] {
            let taken = |point: &&Point| point.params[1].1.as_str() == Some(text);
            assert_eq!(plan.points.iter().filter(taken).count(), 2, "{text}");
        }
        let other =
            Plan::new(&vary, Design::Latin { points: 10, seed: 4 }, (1, 1)).expect("a plan");
        assert_ne!(plan, other);
    }

    #[test]
    fn shards_share_the_runs_without_gaps() {
        let plan = Plan::new(&vary(&["a=1..7/7"]), Design::Product, (1, 5)).expect("a plan");
        for together in [false, true] {
            for run in plan.runs() {
                let takers = (1..=4).filter(|number| {
                    let shard: Shard = format!("{number}/4").parse().expect("a shard");
                    shard.takes(run, &plan, together)
                });
                assert_eq!(takers.count(), 1, "{run:?}");
            }
        }
        for text in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn plans_without_end_are_refused() {
        let refused = |texts: &[&str], seeds| {
            Plan::new(&vary(texts), Design::Product, (1, seeds)).expect_err("too much").to_string()
        };
        assert!(refused(&["a=0..1"], 1).contains("--latin"));
        assert!(refused(&["a=1..9999/9999", "b=1..9999/9999"], 1).contains("99980001 runs"));
        assert!(refused(&["a=1,2"], u64::MAX).contains("more than the limit"));
        assert!(refused(&["a=1", "a=2"], 1).contains("twice"));
    }
}
