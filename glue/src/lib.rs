//! Managed services: real child processes with a life cycle, probes and memory, and what
//! aggregate programs see of them.
//!
//! # Theory of operation
//!
//! Each service has one task (a *supervisor*) that owns its process. What the service should do
//! next is decided by [`machine::Machine`], a pure state machine without clock and I/O; the
//! supervisor feeds it with what happens (a process ended, a probe failed, a command came) and
//! carries out what it asks for.
mod gauge;
pub mod machine;
mod spec;
mod status;
mod text;

pub use gauge::{Gauge, Thresholds, Verdict};
pub use machine::{Command, Origin, Outcome, Refusal};
pub use spec::{
    Check, MAX_DEPENDENCIES, MAX_ID_BYTES, MAX_WORDS, Policy, Probe, RestartBudget, ServiceSpec,
    StopAction, StopSignal, StopStep,
};
pub use status::{Desired, Fault, Repair, ServiceEvent, ServiceSnapshot, Status, View};
pub use text::{parse_duration, split_words};
