//! Observers that write what they see: JSON lines for scripts, tables for statistics, pictures
//! for people. All of them write the same bytes for the same scenario and seed.

mod csv;
mod json;
mod samples;
mod sheet;
mod trend;

pub use crate::map::{Snapshots, Wanted, When, map};
pub use crate::whole::{WholeFile, write_whole};
pub use csv::Csv;
pub(crate) use csv::quoted;
pub use json::JsonLines;
pub use samples::Samples;
pub use trend::Trend;
