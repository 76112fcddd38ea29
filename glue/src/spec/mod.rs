//! What a configuration says of a service, as validated types.

mod notation;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::notation::{RawBudget, RawStep, alive_probe, argv, duration, ready_probe};
use crate::gauge::Thresholds;

/// The longest id, name or single word of a specification, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// The most dependencies of one service.
pub const MAX_DEPENDENCIES: usize = 1024;
/// The most words of a command line, and the most environment entries.
pub const MAX_WORDS: usize = 4096;

/// Who may act on a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Programs start, stop and restart it.
    #[default]
    Restart,
    /// Programs start and stop it, but a hung one waits for a human (requirement H20).
    Manual,
    /// Programs never act; only the operator does.
    Observe,
}

impl Policy {
    /// The word that programs and people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Manual => "manual",
            Self::Observe => "observe",
        }
    }
}

/// One managed service.
///
/// In a file every key but `id` and `exec` may be missing:
///
/// ```toml
/// id = "b2b-catalog"
/// exec = "/opt/b2b/bin/serve --port 8080"   # or a list of words; no shell is involved
/// cwd = "/opt/b2b"
/// env = { LANG = "C" }
/// dependencies = ["supplies-db"]
/// policy = "restart"                        # restart | manual | observe
/// autostart = true                          # false: desired is `down` until the operator starts it
/// start_timeout = "60s"
/// ready = { http = "http://127.0.0.1:8080/ready" }
/// alive = { tcp = "127.0.0.1:8080", interval = "1s", timeout = "500ms", fail = 3, pass = 2 }
/// stop = [{ signal = "TERM", timeout = "5s" }, { signal = "KILL", timeout = "2s" }]
/// restart = { max = 5, per = "60s", backoff = "200ms..30s" }
/// log_limit = 1048576                       # bytes of output kept, twice
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    /// The name, unique in the whole network.
    pub id: String,
    /// The program to run and its arguments. Never passed through a shell.
    #[serde(default, deserialize_with = "argv")]
    pub exec: Vec<String>,
    /// The working directory; that of the daemon when missing.
    #[serde(default)]
    pub cwd: Option<PathBuf>,
    /// Environment entries on top of the daemon's own.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Ids of the services without which this one must not run, wherever they live.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// How to find out that the service can be used. Without it a service is ready when `alive`
    /// passes, and without that too, when its process exists.
    #[serde(default, deserialize_with = "ready_probe")]
    pub ready: Option<Probe>,
    /// How to find out that the service hangs. Without it only the end of the process is noticed.
    #[serde(default, deserialize_with = "alive_probe")]
    pub alive: Option<Probe>,
    /// Who may act.
    #[serde(default)]
    pub policy: Policy,
    /// Whether the service is wanted from the beginning. The program, not the daemon, starts it.
    #[serde(default = "yes")]
    pub autostart: bool,
    /// A service that is not ready by then is stopped and counts as hung.
    #[serde(default = "sixty_seconds", deserialize_with = "duration")]
    pub start_timeout: Duration,
    /// What to do, in this order, until no process of the service is left.
    #[serde(default = "default_ladder")]
    pub stop: Vec<StopStep>,
    /// How many failures are tolerated before a human has to look.
    #[serde(default)]
    pub restart: RestartBudget,
    /// How many bytes of output the log file keeps; as many again are kept of what came before.
    #[serde(default = "one_mebibyte")]
    pub log_limit: u64,
}

/// One way to ask a service how it is, with its rhythm.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// What is done.
    pub check: Check,
    /// The time from the beginning of one check to the beginning of the next.
    pub interval: Duration,
    /// A check that takes longer has failed.
    pub timeout: Duration,
    /// How many equal results make a verdict.
    pub thresholds: Thresholds,
    /// For so long after a start failures do not count.
    pub start_grace: Duration,
}

/// What a probe does.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// Runs a command; exit code 0 is a pass.
    Exec(Vec<String>),
    /// Opens a TCP connection to `host:port`.
    Tcp(String),
    /// Sends `GET path` to `host:port`; a status of 2xx or 3xx is a pass.
    Http {
        /// Where to connect.
        address: String,
        /// What to ask for; begins with `/`.
        path: String,
    },
    /// Sends one line to `host:port` and expects one line back.
    Query {
        /// Where to connect.
        address: String,
        /// The line to send, without its end.
        send: String,
        /// What the answer must begin with.
        expect: String,
    },
}

/// One step of stopping a service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawStep")]
pub struct StopStep {
    /// What is done.
    pub action: StopAction,
    /// How long to wait for the end of all processes before the next step.
    pub timeout: Duration,
}

/// What a step of stopping does.
#[derive(Clone, Debug, PartialEq)]
pub enum StopAction {
    /// Sends a signal to all processes of the service.
    Signal(StopSignal),
    /// Runs a command.
    Exec(Vec<String>),
}

/// The signals that stop services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names of the signals say it")]
pub enum StopSignal {
    Hup,
    Int,
    Quit,
    Term,
    Usr1,
    Usr2,
    Kill,
}

/// How many failures are tolerated, and how long to wait between restarts (requirement H18).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawBudget")]
pub struct RestartBudget {
    /// This many failures within `per` are repaired; one more latches `unrecoverable`.
    pub max: u32,
    /// The sliding time in which failures are counted.
    pub per: Duration,
    /// The wait after the second failure. After the first, a program may restart at once.
    pub backoff_min: Duration,
    /// The wait doubles up to this.
    pub backoff_max: Duration,
}

impl Default for RestartBudget {
    fn default() -> Self {
        Self {
            max: 5,
            per: Duration::from_secs(60),
            backoff_min: Duration::from_millis(200),
            backoff_max: Duration::from_secs(30),
        }
    }
}

impl ServiceSpec {
    /// A specification with nothing but an id and a command.
    pub fn new(id: &str, exec: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            exec: exec.iter().map(|word| (*word).to_owned()).collect(),
            cwd: None,
            env: BTreeMap::new(),
            dependencies: Vec::new(),
            ready: None,
            alive: None,
            policy: Policy::default(),
            autostart: yes(),
            start_timeout: sixty_seconds(),
            stop: default_ladder(),
            restart: RestartBudget::default(),
            log_limit: one_mebibyte(),
        }
    }

    /// Makes relative paths relative to `base`, the folder of the file they stand in: the working
    /// directory, and programs named with a slash (`./serve`, `bin/serve`).
    pub fn rebase(&mut self, base: &Path) {
        if let Some(cwd) = &mut self.cwd {
            *cwd = base.join(&*cwd);
        }
        rebase_program(&mut self.exec, base);
        for probe in self.ready.iter_mut().chain(&mut self.alive) {
            if let Check::Exec(words) = &mut probe.check {
                rebase_program(words, base);
            }
        }
        for step in &mut self.stop {
            if let StopAction::Exec(words) = &mut step.action {
                rebase_program(words, base);
            }
        }
    }
}

/// A program named with a slash is a path; one without is looked up in `PATH`.
fn rebase_program(words: &mut [String], base: &Path) {
    if let Some(program) = words.first_mut()
        && program.contains('/')
    {
        *program = base.join(&*program).to_string_lossy().into_owned();
    }
}

fn yes() -> bool {
    true
}

fn sixty_seconds() -> Duration {
    Duration::from_secs(60)
}

fn one_mebibyte() -> u64 {
    1 << 20
}

fn default_ladder() -> Vec<StopStep> {
    let step = |signal, seconds| StopStep {
        action: StopAction::Signal(signal),
        timeout: Duration::from_secs(seconds),
    };
    vec![step(StopSignal::Term, 5), step(StopSignal::Kill, 2)]
}
