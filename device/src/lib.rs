//! The sans-IO device: inbox, retention, round, export, and the wire codec.
//!
//! A [`Device`] runs one copy of a program. Whatever surrounds it (the daemon, the simulator, a
//! test) feeds it [`Input`]s and carries out its [`Output`]s; the core reads no clock, opens no
//! socket and starts no thread. Hosts offer readings and take actions through [`host`].
#![forbid(unsafe_code)]

mod absent;
mod bases;
mod device;
pub mod host;
mod host_values;
mod inbox;
pub mod json;
pub mod saved;
pub mod trace;
pub mod wire;

pub use device::{
    Clock, Device, DeviceConfig, DeviceError, Input, Limits, Output, ROUND_STACK, Reaction,
    RoundReport, SensorFrame, random_stream,
};
/// Limits of one round of evaluation.
pub use fieldrun_lang::Limits as RoundLimits;
pub use fieldrun_lang::{
    Bulk, Cells, Crowd, CrowdLeft, Environment, Exports, Kept, Layout, Machine, Memory, Micros,
    NeighborSource, NodeId, Program, Setting, State, Trap, Value, region_words,
};
pub use inbox::{NeighborInfo, Retention};
