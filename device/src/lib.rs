//! The sans-IO device.

pub mod host;

pub use fieldrun_lang::{Micros, NodeId};
