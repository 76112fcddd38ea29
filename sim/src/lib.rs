//! The fieldrun simulator: runs the same programs as the daemon, on the same devices, on one
//! machine.
//!
//! * [`Scenario`] says what is simulated; read from TOML, or made for a program that has none.
//! * [`run`] runs it, event by event, and tells an [`Observer`].
//! * [`trace`] runs it and tells what chosen devices see at a call site.
//! * [`chart`] draws lines and dots on a page, of whatever data.
//! * [`record`] has the observers that write: JSON lines, CSV tables, SVG maps.
//! * [`Summary`] is what a run amounted to.
//! * [`ColumnEngine`] runs a program on a large still population, without messages.
//!
//! A run depends on the scenario and its seed alone: the same bytes each time, for any number of
//! threads. Only [`record`] and [`Scenario::load`] touch files; nothing reads a clock.
//!
//! Inside: `population` and `place` make devices from a scenario, `mobility` moves them,
//! `neighbors` links them, `schedule` says when they fire, `network` holds the devices and their
//! messages, `queue` what happens when, `batch` which rounds may run at once, and `engine` drives all of it.

mod batch;
pub mod chart;
mod columns;
mod engine;
mod error;
mod faults;
mod map;
mod mobility;
mod neighbors;
mod network;
mod place;
mod population;
mod queue;
mod random;
pub mod record;
pub mod scenario;
mod schedule;
mod shown;
mod summary;
mod tracing;
pub mod verify;
pub mod workload;
mod world;

pub use columns::{ColumnEngine, FailedRound};
pub use engine::{run, trace};
pub use error::SimError;
pub use neighbors::MAX_LINKS;
pub use scenario::Scenario;
pub use shown::Shown;
pub use summary::{Counts, FirstTrap, Numbers, Summary, Values};
pub use tracing::Tracing;
pub use world::{Flow, Moment, Observer, World};
