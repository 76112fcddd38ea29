//! The population engine: one program on many devices that do not move, without messages.
//!
//! What devices export stands in columns, one for each slot of the program's layout, and a device
//! reads its neighbours straight from there. Nothing is encoded, lost or late: what a round says, neighbours
//! have with their next round. The values are those of complete devices under the same schedule.

mod engine;
mod store;
mod view;

pub use engine::{ColumnEngine, FailedRound};
