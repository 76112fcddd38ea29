//! The daemons of a demonstration, and their orderly and their hasty end.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use fieldrun_runtime::admin::{AdminError, Client, Request};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::setup::{Node, Plan};
use super::{DemoError, Options};

/// How much of a daemon's log an error shows, in bytes.
const SHOWN_LOG: usize = 4096;
/// How long to wait for a daemon that is only asked whether all is well.
const ANSWER: Duration = Duration::from_millis(300);
/// How long the orderly end of a daemon with its service may take.
const CLOSING: Duration = Duration::from_secs(10);

/// The running network. Dropping it ends all its processes, hastily if they still run.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) plan: Plan,
    daemon: Vec<String>,
    daemons: Vec<Child>,
    /// Daemons that were ended in order while somebody played; they stay ended.
    ended: BTreeSet<usize>,
}

impl Company {
    /// Starts all daemons.
    pub(crate) fn found(plan: Plan, options: &Options) -> Result<Self, DemoError> {
        let mut company = Self {
            plan,
            daemon: options.daemon.clone(),
            daemons: Vec::new(),
            ended: BTreeSet::new(),
        };
        for index in 0..company.plan.nodes.len() {
            let child = company.start(index)?;
            company.daemons.push(child);
        }
        Ok(company)
    }

    fn start(&self, index: usize) -> Result<Child, DemoError> {
        let Some(((program, args), node)) =
            self.daemon.split_first().zip(self.plan.nodes.get(index))
        else {
            let nothing = std::io::ErrorKind::InvalidInput.into();
            return Err(DemoError::system("start a daemon")(nothing));
        };
        let failed = || DemoError::system(format!("start a daemon with `{program}`"));
        let log = OpenOptions::new().create(true).append(true).open(&node.log);
        let log: File = log.map_err(failed())?;
        let mut command = Command::new(program);
        command.args(args).arg(&self.plan.program).arg("-c").arg(&node.config);
        command.arg("--die-with-parent");
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed())?).stderr(log);
        // Ctrl-C on the terminal is for the demonstration, which then ends all in order.
        command.process_group(0).kill_on_drop(true);
        command.spawn().map_err(failed())
    }

    /// Starts daemons again that were killed; returns what happened to daemons, in words. One that
    /// ended in order stays ended if somebody plays.
    ///
    /// # Errors
    /// When a daemon has ended by itself, which a second start would not mend.
    pub(crate) fn revive(&mut self, playing: bool) -> Result<Vec<String>, DemoError> {
        let mut revived = Vec::new();
        for index in 0..self.daemons.len() {
            let ended =
                self.daemons.get_mut(index).and_then(|child| child.try_wait().ok().flatten());
            let (Some(status), Some(node)) = (ended, self.plan.nodes.get(index)) else { continue };
            let service = node.service.clone();
            if self.ended.contains(&index) {
                continue;
            }
            if status.success() && playing {
                self.ended.insert(index);
                revived.push(format!("the daemon of {service} was ended and stays so"));
                continue;
            }
            if status.signal().is_none() {
                let said = tail(&node.log);
                return Err(DemoError::DaemonEnded { service, status: status.to_string(), said });
            }
            let child = self.start(index)?;
            if let Some(slot) = self.daemons.get_mut(index) {
                *slot = child;
            }
            revived.push(format!("the daemon of {service} was killed; started again"));
        }
        Ok(revived)
    }

    /// The process of the daemon of each node, while it runs.
    pub(crate) fn daemons(&self) -> impl Iterator<Item = (&Node, Option<u32>)> {
        self.plan.nodes.iter().zip(self.daemons.iter().map(Child::id))
    }

    /// A service whose program failed in its last round, and what is wrong with the program.
    pub(crate) async fn failing(&self) -> Option<(String, String)> {
        for node in &self.plan.nodes {
            let report = async { Client::connect(&node.socket).await?.status().await };
            // A daemon that does not answer is a matter for those who wait for it.
            let Ok(Ok(report)) = timeout(ANSWER, report).await else { continue };
            if let Some(failing) = report.failing.into_iter().next() {
                return Some((failing.device, failing.diagnostic));
            }
        }
        None
    }

    /// Restarts a service in the place of a human.
    pub(crate) async fn restart(&self, service: &str) -> Result<(), DemoError> {
        let Some(node) = self.plan.nodes.iter().find(|node| node.service == service) else {
            return Ok(());
        };
        let request = Request::Restart { service: service.to_owned() };
        let result = command(node, &request).await;
        result.map_err(|source| DemoError::Daemon { service: service.to_owned(), source })
    }

    /// The orderly end: every daemon stops its service and ends. What does not end in time is left
    /// to the hasty end.
    pub(crate) async fn close(&mut self) {
        let request = Request::Shutdown { stop_services: true };
        let mut asked = Vec::new();
        for node in &self.plan.nodes {
            let (node, request) = (node.clone(), request.clone());
            asked.push(tokio::spawn(async move {
                // One that does not answer is ended hastily.
                let _ = timeout(CLOSING, command(&node, &request)).await;
            }));
        }
        for task in asked {
            let _ = task.await;
        }
        let all_ended = async {
            for child in &mut self.daemons {
                let _ = child.wait().await;
            }
        };
        let _ = timeout(CLOSING, all_ended).await;
    }
}

async fn command(node: &Node, request: &Request) -> Result<(), AdminError> {
    Client::connect(&node.socket).await?.command(request).await.map(drop)
}

impl Drop for Company {
    /// First the daemons, so that none starts a service again, then whatever is left of services.
    fn drop(&mut self) {
        for child in &mut self.daemons {
            let _ = child.start_kill();
        }
        for child in &mut self.daemons {
            while matches!(child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        for node in &self.plan.nodes {
            // Nothing can be done here about what cannot be killed; the services watch for the end
            // of this process as well.
            let _ = fieldrun_glue::kill_abandoned(&node.services);
        }
    }
}

/// The end of a log, from the beginning of a line.
fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let start = bytes.len().saturating_sub(SHOWN_LOG);
    let end = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default());
    let whole = if start == 0 { &*end } else { end.split_once('\n').map_or("", |(_, rest)| rest) };
    whole.trim_end().to_owned()
}
