//! Managed services with real processes: what an operator would try, and what goes wrong.

#![expect(clippy::unwrap_used, reason = "a helper of a test may say what it expects")]

mod adoption;
mod faults;
mod lifecycle;
mod spec;

use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldrun_glue::{
    Command, Origin, ServiceEvent, ServiceHandle, ServiceSnapshot, ServiceSpec, Services, Status,
};
use tempfile::TempDir;
use tokio::sync::broadcast;

/// Long enough for a loaded machine; every wait ends as soon as it can.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder, the services in it, and their events.
struct Bench {
    folder: TempDir,
    services: Services,
    events: broadcast::Receiver<ServiceEvent>,
    _killer: Killer,
}

/// No failing test leaves processes behind.
struct Killer(Vec<ServiceHandle>);

impl Drop for Killer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for pid in self.0.iter().filter_map(|handle| handle.snapshot().pid) {
                kill(&format!("-{pid}"), "KILL");
            }
        }
    }
}

impl Bench {
    async fn new(specs: Vec<ServiceSpec>) -> Self {
        Self::within(TempDir::new().unwrap(), specs).await
    }

    async fn within(folder: TempDir, specs: Vec<ServiceSpec>) -> Self {
        let services = Services::start(specs, folder.path()).await.unwrap();
        let events = services.events();
        let killer = Killer(services.handles().to_vec());
        Self { folder, services, events, _killer: killer }
    }

    fn the(&self, id: &str) -> &ServiceHandle {
        self.services.get(id).unwrap()
    }

    /// Lets the program start the service and waits until it runs.
    async fn start(&self, id: &str) -> ServiceSnapshot {
        self.the(id).command(Origin::Program, Command::Start).unwrap();
        self.reaches(id, Status::Run).await
    }

    async fn reaches(&self, id: &str, status: Status) -> ServiceSnapshot {
        let found = self.the(id).wait_for(PATIENCE, |now| now.status == status).await;
        found.unwrap_or_else(|last| panic!("{id} did not reach {status}: {last:?}"))
    }

    /// The statuses that a service went through so far.
    fn path(&mut self) -> Vec<&'static str> {
        let mut path = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if event.from != event.to {
                path.push(event.to.as_str());
            }
        }
        path
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// Ends the supervision as a killed daemon does and keeps the folder.
    async fn abandon(self) -> TempDir {
        let Self { folder, services, .. } = self;
        drop(services);
        // The supervisors end at their next await.
        tokio::time::sleep(Duration::from_millis(50)).await;
        folder
    }
}

fn sh(id: &str, script: &str) -> ServiceSpec {
    ServiceSpec::new(id, &["sh", "-c", script])
}

/// A specification from the notation of configuration files.
fn spec(text: &str) -> ServiceSpec {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn kill(pid: &str, signal: &str) {
    let status = std::process::Command::new("kill").args(["-s", signal, "--", pid]).status();
    assert!(status.is_ok());
}

/// Whether a process exists and has not ended.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits for something that other processes bring about.
async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The number that a script wrote to a file.
async fn pid_in(folder: &Path, file: &str) -> u32 {
    let path: PathBuf = folder.join(file);
    let read = || std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
    eventually(file, || read().is_some()).await;
    read().unwrap()
}
