//! Managed services: real child processes with a life cycle, probes and memory, and what
//! aggregate programs see of them.
//!
//! # Theory of operation
//!
//! Each service has one task, its *supervisor*, that owns its process. What is to be done next is
//! decided by a [`machine::Machine`], a pure state machine without clock and I/O; the supervisor
//! tells it what happens (a process ended, a probe failed) and carries out what it asks for. A
//! [`ServiceHandle`] gives commands to the same machine and gets the answer at once; the work that
//! follows is the supervisor's. [`Services`] checks a set of services and keeps their supervisors.
//!
//! A service is a process group of its own, writes its output to a file and is not tied to the
//! daemon in any way: when the daemon is killed its services go on. Every change is written down,
//! so that the next daemon with the same state folder adopts them; a start is written down before
//! it is done, so that no instant of dying leads to a second copy.
//!
//! Programs see a service through [`fieldrun_device::host::Sensor`] and act on it through
//! [`fieldrun_device::host::Actuator`]; this crate knows nothing of their language.
//!
//! ```no_run
//! # async fn example() -> Result<(), fieldrun_glue::GlueError> {
//! use fieldrun_glue::{Command, Origin, ServiceSpec, Services};
//!
//! let specs = vec![ServiceSpec::new("web", &["python3", "-m", "http.server"])];
//! let services = Services::start(specs, "state".as_ref()).await?;
//! if let Some(web) = services.get("web") {
//!     if let Ok(ticket) = web.command(Origin::Operator, Command::Start) {
//!         println!("{}", ticket.settled().await.status);
//!     }
//! }
//! # Ok(()) }
//! ```

mod check;
pub mod clock;
pub mod durable;
mod error;
mod gauge;
mod handle;
mod log;
pub mod machine;
mod prober;
mod process;
mod record;
mod services;
mod spec;
mod status;
mod supervisor;
mod text;
mod validate;

pub use error::GlueError;
pub use gauge::{Gauge, Thresholds, Verdict};
pub use handle::{ServiceHandle, Ticket};
pub use machine::{Command, Origin, Outcome, Refusal};
pub use services::{Services, kill_abandoned};
pub use spec::{
    Check, MAX_DEPENDENCIES, MAX_ID_BYTES, MAX_WORDS, Policy, Probe, RestartBudget, ServiceSpec,
    StopAction, StopSignal, StopStep,
};
pub use status::{Desired, Fault, Repair, ServiceEvent, ServiceSnapshot, Status, View};
pub use text::{parse_duration, split_words};
pub use validate::validate;
