//! The main job from end to end, as somebody runs it who has just built the program: eight
//! daemons, eight services, certificates, QUIC, one command.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test may say what it expects"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// More than any step of a demonstration takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for all temporary files of one demonstration, by which its processes are known.
struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        Self(TempDir::with_prefix("fr").unwrap())
    }

    fn demo(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
        command.arg("demo").args(options).env("TMPDIR", self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, options: &[&str]) -> Output {
        self.demo(options).output().unwrap()
    }

    /// The processes of daemons and services, with their command lines.
    fn processes(&self) -> Vec<(i32, String)> {
        let folder = self.0.path().to_str().unwrap();
        let of = |entry: std::fs::DirEntry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(folder).then_some((pid, line))
        };
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(of).collect()
    }

    fn process(&self, part: &str) -> Option<i32> {
        self.processes().into_iter().find(|(_, line)| line.contains(part)).map(|(pid, _)| pid)
    }

    fn folder(&self) -> Option<PathBuf> {
        let mut entries = std::fs::read_dir(self.0.path()).unwrap().flatten();
        entries.next().map(|entry| entry.path())
    }
}

impl Drop for Stage {
    /// Nothing outlives a test, also one that fails.
    fn drop(&mut self) {
        for (pid, _) in self.processes() {
            signal(pid, "KILL");
        }
    }
}

fn signal(pid: i32, name: &str) {
    Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
}

fn pid(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn program(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/enterprise");
    folder.join(name).to_str().unwrap().to_owned()
}

/// Exactly the right sets, and the exit code says so.
fn good(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}\n{errors}", output.status));
    let verdict = &report["verdict"];
    assert_eq!(verdict["problems"], serde_json::json!([]), "{report:#}");
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(verdict["untouched"], serde_json::json!(["financial-db", "backup"]));
    let mut stopped: Vec<&str> =
        verdict["stopped"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let place = |id: &str| stopped.iter().position(|other| *other == id).unwrap();
    // Logistics is on a branch of its own and may be earlier or later than these.
    assert!(place("b2b-catalog") < place("firewall"), "outward: {stopped:?}");
    assert!(place("firewall") < place("portal-a").min(place("portal-b")), "outward: {stopped:?}");
    stopped.sort_unstable();
    assert_eq!(stopped, ["b2b-catalog", "firewall", "logistics", "portal-a", "portal-b"]);
    let started = verdict["started"].as_array().unwrap();
    let first = started.iter().position(|id| id == "supplies-db");
    // Where a service that stops and starts does not count as down, a dependent may begin while the
    // database is still being taken down to be restarted; the judge has seen to it that none is earlier.
    assert!(if verdict["demanded"] == "after-run" { first == Some(0) } else { first.is_some() });
    assert_eq!(verdict["figures"]["hops"].as_array().unwrap().len(), 5);
    report
}

#[test]
fn the_shipped_program_restarts_and_waits_until_what_it_needs_runs() {
    let stage = Stage::new();
    let report = good(&stage.run(&["--json"]));
    assert_eq!(report["verdict"]["rule"], "after-run");
    assert_eq!(report["marks"]["operator_us"], Value::Null);
    assert_eq!(stage.processes(), []);
    assert_eq!(stage.folder(), None, "its files are gone");
}

#[test]
fn the_program_of_2015_leaves_a_hung_service_to_a_human() {
    let report = good(&Stage::new().run(&["--json", "--program", &program("restart-manual.pt")]));
    assert_eq!(report["verdict"]["rule"], "after-starting");
    assert!(report["marks"]["operator_us"].is_u64());
}

#[test]
fn dependency_directed_recovery() {
    let report = good(&Stage::new().run(&["--json", "--program", &program("restart-ddr.pt")]));
    assert_eq!(report["verdict"]["rule"], "after-run");
    assert_eq!(report["marks"]["operator_us"], Value::Null);
}

#[test]
fn a_slow_start_never_counts_as_live() {
    let report = good(&Stage::new().run(&["--json", "--db-start", "6s", "--period", "100ms"]));
    assert_eq!(report["verdict"]["rule"], "after-run");
    assert!(report["verdict"]["figures"]["recover_us"].as_u64().unwrap() > 6_000_000);
}

#[test]
fn a_daemon_that_is_killed_meanwhile_changes_nothing() {
    let stage = Stage::new();
    let demo = stage.demo(&["--json"]).spawn().unwrap();
    let [daemon, service] = ["n2/node.toml", "--id financial-db"];
    eventually("its service", || stage.process(service).is_some());
    let (killed, served) = (stage.process(daemon).unwrap(), stage.process(service));
    // Its service has started and its neighbours have heard of it.
    std::thread::sleep(Duration::from_secs(4));
    signal(killed, "KILL");
    eventually("a new daemon", || stage.process(daemon).is_some_and(|pid| pid != killed));
    assert_eq!(stage.process(service), served, "the same process");
    good(&demo.wait_with_output().unwrap());
}

#[test]
fn an_interrupted_demonstration_leaves_nothing_behind() {
    let stage = Stage::new();
    let demo = stage.demo(&[]).spawn().unwrap();
    eventually("the first services", || stage.process("--id b2b-catalog").is_some());
    signal(pid(&demo), "INT");
    let output = demo.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    assert_eq!(stage.processes(), []);
    assert_eq!(stage.folder(), None);
}

#[test]
fn a_killed_demonstration_takes_its_processes_along() {
    let stage = Stage::new();
    let mut demo = stage.demo(&[]).spawn().unwrap();
    eventually("the first services", || stage.process("--id b2b-catalog").is_some());
    assert!(stage.processes().len() > 8);
    demo.kill().unwrap();
    demo.wait().unwrap();
    eventually("the end of all", || stage.processes().is_empty());
}

#[test]
fn a_program_with_an_error_is_shown_and_nothing_is_left() {
    let stage = Stage::new();
    let file = stage.0.path().join("broken.pt");
    std::fs::write(&file, "let status = env.get(\"managedServiceStatus\")\nstatus +\n").unwrap();
    let output = stage.run(&["--program", file.to_str().unwrap()]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("broken.pt:"), "{message}");
    let daemons = |(_, line): &(i32, String)| line.contains("node.toml");
    assert!(!stage.processes().iter().any(daemons));
}

#[test]
fn wrong_options_are_explained() {
    let stage = Stage::new();
    for (options, expected) in [
        (["--period", "1ms"], "at least 10ms"),
        (["--period", "quick"], "unknown unit"),
        (["--program", "/no/such/file.pt"], "cannot find /no/such/file.pt"),
        (["--after", "lunch"], "possible values: run, starting"),
    ] {
        let output = stage.run(&options);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.contains(expected), "{options:?}: {message}");
    }
}
