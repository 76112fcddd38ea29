//! Sweeps: one scenario, many settings and seeds, and what they amount to.
//!
//! * [`Vary`] and [`Design`] say which settings are tried; [`Plan`] lists the runs.
//! * [`Run`] is what came of one run: [`Metric`](crate::Metric)s over time. [`Row`]s of text keep it.
//! * [`Table`] sums up runs by setting: mean and confidence interval over the seeds.
//!
//! All of it is pure: a plan, the order of its runs and every number depend on the arguments alone,
//! not on who ran what, in which order, on how many machines.

mod edit;
mod error;
mod plan;
mod report;
mod run;
mod spread;
mod table;
mod vary;

pub use error::SweepError;
pub use plan::{Design, Plan, Planned, Point, Shard};
pub use run::{Row, Run, Sampling};
pub use spread::{Interval, MIN_SEEDS};
pub use table::{Cell, Table};
pub use vary::Vary;
