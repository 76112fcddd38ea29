//! Observers that write what they see: JSON lines for scripts, tables for statistics, maps for
//! people. All of them write the same bytes for the same scenario and seed.

mod csv;
mod json;

pub use crate::map::SvgMaps;
pub use csv::Csv;
pub(crate) use csv::quoted;
pub use json::JsonLines;
