//! What a configuration says of a service, as validated types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::gauge::Thresholds;
use crate::text::{parse_duration, split_words};

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

/// A command: a list of words, or one text that is split as a shell splits it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a command: a text or a list of texts")]
enum RawCommand {
    Words(Vec<String>),
    Line(String),
}

impl RawCommand {
    fn words(self) -> Result<Vec<String>, String> {
        let words = match self {
            Self::Words(words) => words,
            Self::Line(line) => split_words(&line)?,
        };
        if words.first().is_none_or(String::is_empty) {
            return Err("the command is empty; name the program to run".to_owned());
        }
        Ok(words)
    }
}

fn argv<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    RawCommand::deserialize(deserializer)?.words().map_err(de::Error::custom)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(de::Error::custom)
}

fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

fn ready_probe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Probe>, D::Error> {
    RawProbe::deserialize(deserializer)?.probe(1).map(Some).map_err(de::Error::custom)
}

fn alive_probe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Probe>, D::Error> {
    RawProbe::deserialize(deserializer)?.probe(2).map(Some).map_err(de::Error::custom)
}

/// A probe as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProbe {
    exec: Option<RawCommand>,
    tcp: Option<String>,
    http: Option<String>,
    query: Option<String>,
    send: Option<String>,
    expect: Option<String>,
    #[serde(default, deserialize_with = "optional_duration")]
    interval: Option<Duration>,
    #[serde(default, deserialize_with = "optional_duration")]
    timeout: Option<Duration>,
    fail: Option<u32>,
    pass: Option<u32>,
    #[serde(default, deserialize_with = "optional_duration")]
    start_grace: Option<Duration>,
}

impl RawProbe {
    fn probe(self, default_pass: u32) -> Result<Probe, String> {
        let (fail, pass) = (self.fail.unwrap_or(3), self.pass.unwrap_or(default_pass));
        if fail == 0 || pass == 0 {
            return Err("`fail` and `pass` count results in a row; use 1 or more".to_owned());
        }
        let interval = self.interval.unwrap_or(Duration::from_secs(1));
        let timeout = self.timeout.unwrap_or(Duration::from_millis(500));
        if interval < Duration::from_millis(10) || timeout < Duration::from_millis(1) {
            return Err("a probe needs an `interval` of at least 10ms and a `timeout` of at \
                        least 1ms"
                .to_owned());
        }
        let start_grace = self.start_grace.unwrap_or_default();
        let check = check(self.exec, self.tcp, self.http, self.query, self.send, self.expect)?;
        Ok(Probe { check, interval, timeout, thresholds: Thresholds { fail, pass }, start_grace })
    }
}

fn check(
    exec: Option<RawCommand>,
    tcp: Option<String>,
    http: Option<String>,
    query: Option<String>,
    send: Option<String>,
    expect: Option<String>,
) -> Result<Check, String> {
    if query.is_none() && (send.is_some() || expect.is_some()) {
        return Err("`send` and `expect` belong to a `query` probe".to_owned());
    }
    match (exec, tcp, http, query) {
        (Some(command), None, None, None) => Ok(Check::Exec(command.words()?)),
        (None, Some(address), None, None) => Ok(Check::Tcp(checked_address(address)?)),
        (None, None, Some(url), None) => http_check(&url),
        (None, None, None, Some(address)) => Ok(Check::Query {
            address: checked_address(address)?,
            send: one_line(send.unwrap_or_else(|| "health".to_owned()))?,
            expect: one_line(expect.unwrap_or_else(|| "ok".to_owned()))?,
        }),
        _ => Err("a probe needs exactly one of `exec`, `tcp`, `http` and `query`".to_owned()),
    }
}

fn one_line(text: String) -> Result<String, String> {
    if text.len() > MAX_ID_BYTES || text.contains(['\n', '\r']) {
        return Err(format!("`send` and `expect` are one line of at most {MAX_ID_BYTES} bytes"));
    }
    Ok(text)
}

fn checked_address(address: String) -> Result<String, String> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(port)) if port != 0 => Ok(address),
        _ => Err(format!("`{address}` is not an address; write `host:port`")),
    }
}

fn http_check(url: &str) -> Result<Check, String> {
    let Some(rest) = url.strip_prefix("http://") else {
        return Err(format!("`{url}` must begin with `http://`; for others use an `exec` probe"));
    };
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{url}` contains a blank; write it as %20"));
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    let address = if has_port { host.to_owned() } else { format!("{host}:80") };
    Ok(Check::Http { address: checked_address(address)?, path: path.to_owned() })
}

/// A stop step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    signal: Option<StopSignal>,
    exec: Option<RawCommand>,
    #[serde(default, deserialize_with = "optional_duration")]
    timeout: Option<Duration>,
}

impl TryFrom<RawStep> for StopStep {
    type Error = String;

    fn try_from(raw: RawStep) -> Result<Self, String> {
        let action = match (raw.signal, raw.exec) {
            (Some(signal), None) => StopAction::Signal(signal),
            (None, Some(command)) => StopAction::Exec(command.words()?),
            _ => return Err("a stop step needs exactly one of `signal` and `exec`".to_owned()),
        };
        Ok(Self { action, timeout: raw.timeout.unwrap_or(Duration::from_secs(5)) })
    }
}

/// A restart budget as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBudget {
    max: Option<u32>,
    #[serde(default, deserialize_with = "optional_duration")]
    per: Option<Duration>,
    backoff: Option<String>,
}

impl TryFrom<RawBudget> for RestartBudget {
    type Error = String;

    fn try_from(raw: RawBudget) -> Result<Self, String> {
        let mut budget = Self::default();
        budget.max = raw.max.unwrap_or(budget.max);
        budget.per = raw.per.unwrap_or(budget.per);
        if budget.max > 1000 {
            return Err("`max` is at most 1000".to_owned());
        }
        if let Some(range) = raw.backoff {
            let Some((from, to)) = range.split_once("..") else {
                return Err(format!("`{range}` is not a range; write `200ms..30s`"));
            };
            (budget.backoff_min, budget.backoff_max) = (parse_duration(from)?, parse_duration(to)?);
            if budget.backoff_min > budget.backoff_max {
                return Err(format!("`{range}` ends before it begins"));
            }
        }
        Ok(budget)
    }
}
