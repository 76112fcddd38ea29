//! The handle of a service: what the daemon, operators and programs hold of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fieldrun_device::host::{Action, Actuator, Reading, Sensor};
use tokio::sync::{Notify, watch};

use crate::clock;
use crate::machine::{Command, Machine, Origin, Outcome, Refusal};
use crate::spec::ServiceSpec;
use crate::status::{ServiceSnapshot, Status, millis};

/// What handles and the supervisor share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) spec: ServiceSpec,
    machine: Mutex<Machine>,
    /// Tells the supervisor that the machine was given a command.
    pub(crate) wake: Notify,
    pub(crate) snapshot: watch::Sender<ServiceSnapshot>,
    pub(crate) gone: AtomicBool,
    /// Changes that were told so far; they are numbered without gaps.
    pub(crate) told: AtomicU64,
}

impl Shared {
    pub(crate) fn new(spec: ServiceSpec, machine: Machine, snapshot: ServiceSnapshot) -> Self {
        Self {
            spec,
            machine: Mutex::new(machine),
            wake: Notify::new(),
            snapshot: watch::Sender::new(snapshot),
            gone: AtomicBool::new(false),
            told: AtomicU64::new(0),
        }
    }

    /// The machine; held only for one step of it, never across an await.
    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        // A step that panicked would be a bug of the machine; its state is still a valid one.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A managed service. Cheap to clone; dropping handles changes nothing.
#[derive(Clone, Debug)]
pub struct ServiceHandle {
    shared: Arc<Shared>,
}

impl ServiceHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The id of the service.
    pub fn id(&self) -> &str {
        &self.shared.spec.id
    }

    /// What was configured.
    pub fn spec(&self) -> &ServiceSpec {
        &self.shared.spec
    }

    /// All that is known of the service now.
    pub fn snapshot(&self) -> ServiceSnapshot {
        let mut snapshot = self.shared.snapshot.borrow().clone();
        let age = clock::now().saturating_sub(Duration::from_micros(snapshot.since_us));
        snapshot.age_ms = millis(age);
        snapshot
    }

    /// Follows the newest snapshot; intermediate ones may be skipped. `age_ms` in these is 0; see
    /// `since_us`. For every single change see [`crate::Services::events`].
    pub fn subscribe(&self) -> watch::Receiver<ServiceSnapshot> {
        self.shared.snapshot.subscribe()
    }

    /// Asks for something. The answer is immediate, the work goes on behind it; see [`Ticket`].
    ///
    /// # Errors
    /// Says why it is refused; the service is left as it is then.
    pub fn command(&self, origin: Origin, command: Command) -> Result<Ticket, Refusal> {
        if self.shared.gone.load(Ordering::Acquire) {
            return Err(Refusal::Gone);
        }
        let outcome = self.shared.machine().command(clock::now(), origin, command)?;
        self.shared.wake.notify_one();
        Ok(Ticket { outcome, service: self.clone() })
    }

    /// Waits until the condition holds, at most for so long.
    ///
    /// # Errors
    /// The last snapshot, when the time is over or the service is no longer managed.
    pub async fn wait_for(
        &self,
        timeout: Duration,
        condition: impl FnMut(&ServiceSnapshot) -> bool,
    ) -> Result<ServiceSnapshot, ServiceSnapshot> {
        let mut follow = self.subscribe();
        let found = tokio::time::timeout(timeout, follow.wait_for(condition)).await;
        match found {
            Ok(Ok(snapshot)) => Ok(snapshot.clone()),
            Ok(Err(_)) | Err(_) => Err(self.snapshot()),
        }
    }
}

/// A command that was accepted. Dropping it cancels nothing.
#[derive(Debug)]
pub struct Ticket {
    outcome: Outcome,
    service: ServiceHandle,
}

impl Ticket {
    /// Whether work has begun or nothing was to be done.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Waits until the service has come to rest: it runs, is stopped, or hangs. Bounded by the
    /// service's own time-outs for starting and stopping. Returns what was known then.
    pub async fn settled(self) -> ServiceSnapshot {
        let shared = &self.service.shared;
        let mut follow = shared.snapshot.subscribe();
        // The machine knows of the command already; the snapshot follows it.
        let settled = |snapshot: &ServiceSnapshot| {
            let status = shared.machine().view().status;
            let at_rest = matches!(status, Status::Stop | Status::Run | Status::Hung);
            shared.gone.load(Ordering::Acquire) || (at_rest && snapshot.status == status)
        };
        // The sender lives as long as the handle, so that this cannot fail.
        let _ = follow.wait_for(settled).await;
        self.service.snapshot()
    }
}

impl Sensor for ServiceHandle {
    /// What programs see of the service (requirement P9):
    ///
    /// | name | value |
    /// |---|---|
    /// | `serviceID`, `managedService` | text: the id |
    /// | `dependencies` | tuple of texts |
    /// | `managedServiceStatus` | `stop`, `starting`, `run`, `stopping` or `hung` |
    /// | `serviceStatus` | `stop`, `run` or `hung` |
    /// | `ready` | whether it runs and is ready |
    /// | `desired` | `up` or `down` |
    /// | `policy` | `restart`, `manual` or `observe` |
    fn readings(&self) -> Vec<(String, Reading)> {
        let snapshot = self.shared.snapshot.borrow();
        let dependencies = snapshot.dependencies.iter().map(|id| Reading::text(id)).collect();
        [
            ("serviceID", Reading::text(&snapshot.id)),
            ("dependencies", Reading::List(dependencies)),
            ("managedServiceStatus", Reading::text(snapshot.status.as_str())),
            ("managedService", Reading::text(&snapshot.id)),
            ("serviceStatus", Reading::text(snapshot.status.three_valued())),
            ("ready", Reading::Bool(snapshot.ready)),
            ("desired", Reading::text(snapshot.desired.as_str())),
            ("policy", Reading::text(snapshot.policy.as_str())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

impl Actuator for ServiceHandle {
    /// `startService`, `stopService`, `restartService` and the published spellings with
    /// `…Process` (requirement P11). The handle of the service may be given as the argument.
    fn act(&self, action: &Action) -> Result<(), String> {
        let command = match action.name.as_str() {
            "startService" | "startProcess" => Command::Start,
            "stopService" | "stopProcess" => Command::Stop,
            "restartService" | "restartProcess" => Command::Restart,
            other => {
                return Err(format!(
                    "`{other}` is not an action of services; there are startService, \
                     stopService and restartService"
                ));
            }
        };
        match action.args.as_slice() {
            [] => {}
            [Reading::Text(id)] if **id == *self.id() => {}
            _ => {
                return Err(format!(
                    "`{}` acts on the device's own service only; leave out the argument or give \
                     `managedService`",
                    action.name
                ));
            }
        }
        let result = self.command(Origin::Program, command);
        result.map(drop).map_err(|refusal| format!("{}: {refusal}", action.name))
    }
}
