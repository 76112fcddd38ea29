//! All services of a node: checked as a set, taken over or made known, and kept.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;
use tokio::task::JoinSet;

use crate::error::GlueError;
use crate::handle::{ServiceHandle, Shared};
use crate::machine::{Command, Origin};
use crate::prober::Abort;
use crate::process;
use crate::record::{self, Files};
use crate::spec::ServiceSpec;
use crate::status::{ServiceEvent, Status};
use crate::supervisor::Supervisor;
use crate::validate::validate;

/// A listener that falls further behind than this is told that it missed events.
const MAX_WAITING_EVENTS: usize = 1024;
/// How long to wait for the first answers of services that are taken over.
const SETTLE: Duration = Duration::from_secs(2);
/// Shortest and longest pause after an internal error of a supervision.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// A folder that is taken for longer belongs to another daemon.
const IN_USE: Duration = Duration::from_millis(500);

/// The managed services of one node. Dropping it ends the supervision and leaves the services
/// running, as a killed daemon does.
#[derive(Debug)]
pub struct Services {
    handles: Vec<ServiceHandle>,
    events: broadcast::Sender<ServiceEvent>,
    /// Holds the events since the beginning for the first who asks.
    first: Mutex<Option<broadcast::Receiver<ServiceEvent>>>,
    tasks: Vec<Abort>,
    _lock: Arc<File>,
}

impl Services {
    /// Takes the services under management, in the order given. Those that an earlier daemon with
    /// the same `state_dir` left running are adopted, and this waits for a moment for their first
    /// probe, so that nobody takes them for stopped. The others are `stop`: starting them is the
    /// program's decision.
    ///
    /// Must be called within a tokio runtime with time, I/O and processes enabled.
    ///
    /// # Errors
    /// When the set as such makes no sense, or the state folder cannot be used. A service that
    /// cannot be started is no error: it says so in its own snapshot.
    pub async fn start(specs: Vec<ServiceSpec>, state_dir: &Path) -> Result<Self, GlueError> {
        validate(&specs)?;
        let lock = Arc::new(lock(state_dir)?);
        let (events, first) = broadcast::channel(MAX_WAITING_EVENTS);
        let boot = process::boot_id();
        let mut handles = Vec::with_capacity(specs.len());
        let mut tasks = Vec::with_capacity(specs.len());
        for spec in specs {
            let files = Files::of(&spec.id, state_dir);
            let past = record::past(&spec, &files.state, &boot)
                .map_err(|source| GlueError::StateDir { path: files.state.clone(), source })?;
            let (supervisor, shared) =
                Supervisor::new(spec, files.clone(), boot.clone(), past, events.clone());
            let again = (shared.clone(), files.clone(), boot.clone(), events.clone());
            handles.push(ServiceHandle::new(shared));
            let lock = lock.clone();
            tasks.push(Abort(tokio::spawn(async move {
                // Held until the supervision has really ended.
                let _lock = lock;
                keep(supervisor, again).await;
            })));
        }
        let first = Mutex::new(Some(first));
        let services = Self { handles, events, first, tasks, _lock: lock };
        services.settle().await;
        Ok(services)
    }

    /// The services in the order of the configuration.
    pub fn handles(&self) -> &[ServiceHandle] {
        &self.handles
    }

    /// The service with this id.
    pub fn get(&self, id: &str) -> Option<&ServiceHandle> {
        self.handles.iter().find(|handle| handle.id() == id)
    }

    /// Every change of every service from now on; for the first caller also those that were
    /// before. A receiver that is too slow loses the oldest and is told how many; it never blocks
    /// the supervision (requirement P13).
    pub fn events(&self) -> broadcast::Receiver<ServiceEvent> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take().unwrap_or_else(|| self.events.subscribe())
    }

    /// Stops all services, side by side, and waits for the end of their stop ladders. They stay
    /// wanted: the next daemon's program starts them again. Commands are refused from now on.
    pub async fn shutdown(&self) {
        let mut tickets = Vec::with_capacity(self.handles.len());
        for handle in &self.handles {
            // Refused only when the supervision has ended already.
            tickets.extend(handle.command(Origin::Operator, Command::Shutdown));
        }
        for ticket in tickets {
            ticket.settled().await;
        }
    }

    /// Waits until the services that were adopted have answered or not.
    async fn settle(&self) {
        let deadline = tokio::time::Instant::now() + SETTLE;
        for handle in &self.handles {
            let left = deadline - tokio::time::Instant::now();
            // Whoever has not answered by then is shown as `starting`.
            let _ = handle.wait_for(left, |snapshot| snapshot.status != Status::Starting).await;
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        tracing::debug!(tasks = self.tasks.len(), "supervision ends; services live on");
    }
}

/// What a supervision is made from anew.
type Again = (Arc<Shared>, Files, String, broadcast::Sender<ServiceEvent>);

/// Runs the supervision of a service, again after each internal error of it.
async fn keep(supervisor: Supervisor, (shared, files, boot, events): Again) {
    let mut supervisor = Ok(supervisor);
    let mut pause = PAUSE.0;
    loop {
        let service = &shared.spec.id;
        match supervisor {
            Ok(supervisor) => {
                // Aborts the work when this is aborted.
                let mut work = JoinSet::new();
                work.spawn(supervisor.run());
                match work.join_next().await {
                    Some(Err(error)) if error.is_panic() => {
                        tracing::error!(
                            service,
                            "an internal error in its supervision is contained"
                        );
                    }
                    _ => return,
                }
            }
            Err(error) => tracing::error!(service, %error, "its supervision cannot go on yet"),
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSE.1);
        supervisor = Supervisor::again(shared.clone(), files.clone(), boot.clone(), events.clone());
    }
}

/// Ends what dead daemons have left running: kills every process of every service that is written
/// down in the state folder, and returns how many there were. For tools that clean up; a daemon
/// that comes back adopts its services instead.
///
/// # Errors
/// When a daemon uses the folder, or it cannot be read.
pub fn kill_abandoned(state_dir: &Path) -> Result<usize, GlueError> {
    let _lock = lock(state_dir)?;
    let failed = |source| GlueError::StateDir { path: state_dir.to_owned(), source };
    let boot = process::boot_id();
    let mut killed = 0;
    for entry in std::fs::read_dir(state_dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if record::is_state_file(&path) {
            killed += record::kill(&path, &boot).map_err(failed)?;
        }
    }
    Ok(killed)
}

/// Takes the folder for this process. Blocks the thread for a moment when it is taken: a child that
/// a killed daemon was about to start holds its lock until it has become another program.
fn lock(folder: &Path) -> Result<File, GlueError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| GlueError::StateDir { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let path = folder.join("services.lock");
    let file = File::create(&path).map_err(failed(&path))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < IN_USE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(GlueError::InUse { path: folder.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(GlueError::StateDir { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::lab;

    /// The supervision of a running service panics: the service is not touched, its supervision goes on
    /// with the same process, and its changes are numbered on.
    #[tokio::test]
    async fn an_internal_error_of_a_supervision_costs_the_service_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let text = "id = \"a-panic\"\nexec = [\"sleep\", \"100\"]\n";
        let spec: ServiceSpec = toml::from_str(text).unwrap();
        let services = Services::start(vec![spec], folder.path()).await.unwrap();
        let mut events = services.events();
        let service = services.get("a-panic").unwrap();
        let patience = Duration::from_secs(20);
        service.command(Origin::Operator, Command::Start).unwrap();
        let running = service.wait_for(patience, |s| s.status == Status::Run).await.unwrap();
        lab::arm("a-panic");
        // Wakes the supervision; nothing is to be done.
        service.command(Origin::Operator, Command::Reset).unwrap();
        tokio::time::sleep(PAUSE.0 * 4).await;
        assert_eq!(service.snapshot().pid, running.pid);
        service.command(Origin::Operator, Command::Stop).unwrap();
        service.wait_for(patience, |s| s.status == Status::Stop).await.unwrap();
        let mut numbers = Vec::new();
        while let Ok(event) = events.try_recv() {
            numbers.push(event.seq);
        }
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert!(numbers.len() >= 4, "starting, run, stopping, stop: {numbers:?}");
    }
}
