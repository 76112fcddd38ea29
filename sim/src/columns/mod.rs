//! The population engine: one program on many devices that do not move, without messages.
//!
//! What devices export stands in columns, one for each slot of the program's layout, and a device
//! reads its neighbours straight from there. Nothing is encoded, lost or late: what a round says, neighbours
//! have with their next round. The values are those of complete devices under the same schedule.
//!
//! Devices are stored in blocks of neighbours. The rounds of a block, or of devices that fire one after
//! the other and do not depend on each other, run together, instruction by instruction; where that does not
//! go, device by device.

mod engine;
mod ground;
mod rounds;
mod scenario;
mod shared;

pub use engine::{ColumnEngine, FailedRound};
pub use scenario::needs_messages;
pub(crate) use scenario::{StillRun, choose};
