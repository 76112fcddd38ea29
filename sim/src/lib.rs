//! The fieldrun simulator: runs the same programs as the daemon, on the same devices, on one
//! machine.
//!
//! * [`Scenario`] says what is simulated; read from TOML, or made for a program that has none.
//! * [`run`] runs it, event by event, and tells an [`Observer`]; a [`Simulation`] can be stopped,
//!   looked at, changed and copied on the way.
//! * [`Checkpoint`] is a run as a file, to go on with later; [`Intervention`] is what-if.
//! * [`trace`] runs it and tells what chosen devices see at a call site.
//! * [`record`] has the observers that write: JSON lines, CSV tables, pictures.
//! * [`live`] is a run that somebody watches and changes.
//! * [`chart`] draws values over time, [`scatter`] dots in a plane.
//! * [`sweep`] runs one scenario with many settings and seeds; [`Metric`]s say what a run comes to.
//! * [`Summary`] is what a run amounted to.
//! * [`run_by_choice`] runs it on the engine that fits: large still networks need no messages.
//! * [`ColumnEngine`] runs a program on a large still population, without messages.
//!
//! A run depends on the scenario and its seed alone: the same bytes each time, for any number of
//! threads. Only [`record`] and [`Scenario::load`] touch files; nothing reads a clock.
//!
//! Inside: `population` and `place` make devices from a scenario, `mobility` moves them,
//! `links` and `neighbors` link them around `obstacles`, `schedule` says when they fire, `network` holds the devices and their
//! messages, `queue` what happens when, `batch` which rounds may run at once, and `engine` drives all of it.

mod batch;
pub mod chart;
mod checkpoint;
mod circumstances;
mod columns;
mod engine;
mod error;
mod faults;
mod fingerprint;
mod intervention;
mod links;
pub mod live;
mod map;
mod metric;
mod mobility;
mod neighbors;
mod network;
mod obstacles;
mod picture;
mod place;
mod population;
mod queue;
mod random;
pub mod record;
pub mod scatter;
pub mod scenario;
mod schedule;
mod shown;
mod simulation;
mod summary;
pub mod sweep;
mod tracing;
pub mod verify;
mod whole;
pub mod workload;
mod world;

pub use checkpoint::{Checkpoint, Header};
pub use columns::{ColumnEngine, FailedRound, needs_messages};
pub use error::SimError;
pub use fingerprint::Fingerprint;
pub use intervention::Intervention;
pub use metric::{Key, Metric, MetricError};
pub use neighbors::MAX_LINKS;
pub use picture::{Color, Picture};
pub use scenario::Scenario;
pub use shown::Shown;
pub use simulation::{Simulation, run, run_by_choice, trace};
pub use summary::{Counts, FirstTrap, Numbers, Summary, Values};
pub use tracing::Tracing;
pub use world::{Flow, Moment, Observer, World};
