//! Daemons as processes of their own: killed, stopped, continued, ended by signal.

use crate::fixture::PATIENCE;
use crate::site::{ORDER, Site, program, service, status, until_at};
use fieldrun_glue::Status;
use fieldrun_runtime::admin::{Client, Request, StatusReport};
use fieldrun_runtime::cluster::ClusterEvent;
use fieldrun_runtime::{config, node};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Where the child process finds its configuration.
const CONFIG: &str = "FIELDRUN_TEST_CONFIG";

/// No test by itself: the process that the tests below start, kill and stop.
#[test]
#[ignore = "started as a child process by the other tests"]
fn daemon_process() {
    let Some(path) = std::env::var_os(CONFIG) else { return };
    let config = config::load(Path::new(&path)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(node::run(config, program(ORDER))).unwrap();
}

/// A daemon in a process of its own; killed when the test ends early.
struct Daemon(Child);

impl Daemon {
    fn start(config: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::daemon_process", "--ignored", "--nocapture"])
            .env(CONFIG, config)
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the daemon does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two daemons, `db` on a and `web` on b, which needs `db`.
struct Pair {
    site: Site,
    daemons: [Daemon; 2],
}

impl Pair {
    async fn start() -> Self {
        let site = Site::new(ORDER, &["a", "b"]);
        let a = site.write("a", &["b"], &[("db", &[])]);
        let b = site.write("b", &["a"], &[("web", &["db"])]);
        let pair = Self { daemons: [Daemon::start(&a), Daemon::start(&b)], site };
        pair.until_both_run("b").await;
        pair
    }

    fn config(&self, node: &str) -> std::path::PathBuf {
        self.site.cluster.path().join(format!("{node}.toml"))
    }

    async fn until(&self, node: &str, met: impl Fn(&StatusReport) -> bool) -> StatusReport {
        until_at(&self.site.socket(node), "the condition holds", met).await
    }

    async fn until_both_run(&self, node: &str) -> [Option<u32>; 2] {
        let report = self
            .until(node, |r| ["db", "web"].iter().all(|id| status(r, id) == Some(Status::Run)))
            .await;
        ["db", "web"].map(|id| service(&report, id).and_then(|s| s.pid))
    }

    async fn end(mut self) {
        for (node, daemon) in ["b", "a"].into_iter().zip(self.daemons.iter_mut().rev()) {
            let mut client = Client::connect(&self.site.socket(node)).await.unwrap();
            client.command(&Request::Shutdown { stop_services: true }).await.unwrap();
            assert!(daemon.ended().await.success());
        }
    }
}

/// A process that nobody has waited for yet is still listed, but dead (state Z).
fn is_alive(pid: Option<u32>) -> bool {
    let stat = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stat.is_some_and(|stat| !stat.contains(") Z "))
}

/// Changes of services that a watcher was told so far.
async fn changes(watch: &mut fieldrun_runtime::admin::Watch) -> Vec<String> {
    let mut seen = Vec::new();
    let wait = Duration::from_millis(200);
    while let Ok(event) = tokio::time::timeout(wait, watch.next()).await {
        if let ClusterEvent::Service { change, .. } = event.unwrap() {
            let event = change.event;
            seen.push(format!("{} {} -> {}", event.service, event.from, event.to));
        }
    }
    seen
}

#[tokio::test]
async fn a_killed_daemon_leaves_its_service_running_and_its_dependents_in_peace() {
    let mut pair = Pair::start().await;
    let pids = pair.until_both_run("b").await;
    let mut watch = Client::connect(&pair.site.socket("b")).await.unwrap().watch().await.unwrap();
    pair.daemons[0].signal(Signal::KILL);
    pair.daemons[0].ended().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(is_alive(pids[0]), "the service of a killed daemon died with it");
    let back = Instant::now();
    pair.daemons[0] = Daemon::start(&pair.config("a"));
    pair.until("a", |r| service(r, "db").is_some_and(|s| s.pid == pids[0])).await;
    pair.until("b", |r| r.transport.links.iter().any(|link| link.node == "a")).await;
    assert!(back.elapsed() < Duration::from_secs(4), "linked after {:?}", back.elapsed());
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(pair.until_both_run("b").await, pids);
    let seen = changes(&mut watch).await;
    assert!(seen.iter().all(|change| !change.starts_with("web")), "{seen:?}");
    pair.end().await;
    assert!(!is_alive(pids[0]) && !is_alive(pids[1]));
}

#[tokio::test]
async fn a_daemon_that_was_stopped_looks_around_before_it_acts() {
    let pair = Pair::start().await;
    let pids = pair.until_both_run("b").await;
    // Longer than any neighbour counts (5 s) and any link lives (3 s).
    pair.daemons[1].signal(Signal::STOP);
    tokio::time::sleep(Duration::from_secs(7)).await;
    pair.daemons[1].signal(Signal::CONT);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(pair.until_both_run("b").await, pids, "it took its neighbours for dead");
    pair.end().await;
}

#[tokio::test]
async fn a_daemon_that_is_told_to_end_exits_with_0_and_leaves_its_services() {
    let mut pair = Pair::start().await;
    let pids = pair.until_both_run("a").await;
    for (index, signal) in [(0, Signal::TERM), (1, Signal::INT)] {
        pair.daemons[index].signal(signal);
        assert!(pair.daemons[index].ended().await.success());
        assert!(is_alive(pids[index]));
    }
    assert!(!pair.site.socket("a").exists());
    for (index, node) in ["a", "b"].into_iter().enumerate() {
        pair.daemons[index] = Daemon::start(&pair.config(node));
    }
    assert_eq!(pair.until_both_run("a").await, pids);
    pair.end().await;
}
