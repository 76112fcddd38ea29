//! The fieldrun language: text to program to one evaluated round.
//!
//! Pure: no I/O, no clock, no threads, no randomness of its own.

mod id;

pub use id::{Micros, NodeId};
