//! Certificates, roles and secrets with the real binary: real daemons, other users, full disks.
//!
//! What needs to become another user or to mount a file system runs as root only; everything else
//! runs for anybody.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Everything on one machine is done by then, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// `nobody`, who owns nothing.
const NOBODY: u32 = 65_534;

/// Users and groups that no system knows by name.
const READER: u32 = 54_321;
const OPERATOR: u32 = 54_322;
const STRANGER: u32 = 54_323;

/// Starts its service whenever that is wanted.
const PROGRAM: &str = r#"
let st = env.get("managedServiceStatus", "none");
if (st == "stop") { self.startService() } else { st }
"#;

/// Text that must not turn up where anybody reads.
const CANARY: &str = "canary-5f1d9c-do-not-show";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A folder that everybody may enter, with the binary in it: other users cannot see that of the build.
struct Ground {
    dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).expect("its mode");
        let ground = Self { dir };
        let binary = Path::new(env!("CARGO_BIN_EXE_fieldrun"));
        let here = ground.path("fieldrun");
        if std::fs::hard_link(binary, &here).is_err() {
            std::fs::copy(binary, &here).expect("a copy of the binary");
        }
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.path("fieldrun"));
        command.args(words).current_dir(self.dir.path()).env_remove("FIELDRUN_SOCKET");
        command
    }

    fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("it runs")
    }

    /// What a command prints that must not fail.
    fn run(&self, words: &[&str]) -> String {
        let output = self.output(words);
        let text = both(&output);
        assert!(output.status.success(), "{words:?}: {text}");
        text
    }

    /// What a command says that must fail.
    fn fails(&self, words: &[&str]) -> String {
        let output = self.output(words);
        assert!(!output.status.success(), "{words:?} did not fail: {}", both(&output));
        both(&output)
    }

    /// A cluster with nodes `a`, which manages `db`, and `b`.
    fn cluster(&self) {
        self.run(&["ca", "init", "--cluster", "acme", "--dir", "ca"]);
        self.run(&["ca", "issue", "a", "--service", "db", "--ca", "ca", "--out", "keys"]);
        self.run(&["ca", "issue", "b", "--ca", "ca", "--out", "keys"]);
        self.write("p.pt", PROGRAM);
    }

    /// Gives everything but the authority to a user.
    fn give(&self, uid: u32) {
        for name in ["keys", "state", "run"] {
            let path = self.path(name);
            std::fs::create_dir_all(&path).expect("the folder");
            let entries = std::fs::read_dir(&path).expect("the folder");
            for entry in entries.filter_map(Result::ok).map(|entry| entry.path()).chain([path]) {
                std::os::unix::fs::chown(entry, Some(uid), Some(uid)).expect("given");
            }
        }
    }

    fn config(&self, node: &str, port: u16, peer: u16, rest: &str) -> PathBuf {
        let text = format!(
            "[rounds]\nevery = \"100ms\"\n[node]\nname = \"{node}\"\nlisten = \"127.0.0.1:{port}\"\n\
             peers = [\"127.0.0.1:{peer}\"]\nsocket = \"run/{node}.sock\"\n\
             tls = {{ ca = \"ca/ca.pem\", cert = \"keys/{node}.pem\", key = \"keys/{node}.key\", \
             revoked = \"ca/revoked.pem\" }}\n{rest}"
        );
        self.write(&format!("{node}.toml"), &text)
    }

    /// Starts a daemon, as another user if this one may; its log is in `NODE.log`.
    fn daemon(&self, node: &str, level: &str) -> Daemon {
        let log = std::fs::File::create(self.path(&format!("{node}.log"))).expect("a log");
        let config = format!("{node}.toml");
        let mut command = self.command(&["run", "p.pt", "-c", &config, "--log", level]);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
        Daemon(child)
    }

    fn log(&self, node: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{node}.log"))).expect("a log")
    }

    /// Asks again and again until the answer satisfies.
    fn until(&self, what: &str, words: &[&str], met: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let said = both(&self.output(words));
            if met(&said) {
                return said;
            }
            assert!(Instant::now() < end, "{what}: {said}\n{}", self.log("a"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn both(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

struct Daemon(Child);

impl Daemon {
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process"), signal).expect("it lives");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Gone already when the test ended it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two free ports.
fn ports() -> [u16; 2] {
    let sockets = [0; 2].map(|_| std::net::UdpSocket::bind("127.0.0.1:0").expect("a port"));
    sockets.map(|socket| socket.local_addr().expect("its address").port())
}

#[test]
fn the_life_of_an_authority_on_the_command_line() {
    let ground = Ground::new();
    ground.cluster();
    let again = ground.fails(&["ca", "init", "--cluster", "acme", "--dir", "ca"]);
    assert!(again.contains("exists already"), "{again}");
    for key in ["ca/ca.key", "keys/a.key"] {
        let mode = std::fs::metadata(ground.path(key)).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let shown = ground.run(&["ca", "show", "keys/a.pem", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&shown["node"], &shown["services"][0]), (&"a".into(), &"db".into()));
    assert!(matches!(shown["days_left"].as_i64(), Some(364 | 365)), "{shown}");
    let serial = shown["serial"].as_str().expect("a serial number");

    let renewed = ground.run(&["ca", "renew", "keys/a.pem", "--ca", "ca", "--days", "5"]);
    assert!(renewed.contains("the same as before") && renewed.contains("a.pem.old"), "{renewed}");
    let listed = ground.run(&["ca", "list", "--ca", "ca"]);
    assert_eq!(listed.matches("renewed").count(), 1, "{listed}");
    assert!(!listed.contains("warning"), "{listed}");
    let revoked = ground.run(&["ca", "revoke", "--serial", serial, "--ca", "ca"]);
    assert!(revoked.contains(serial), "{revoked}");
    let shown = ground.run(&["ca", "show", "ca/revoked.pem"]);
    assert!(shown.contains(serial), "{shown}");
    let nobody = ground.fails(&["ca", "revoke", "nobody", "--ca", "ca"]);
    assert!(nobody.contains("fieldrun ca list"), "{nobody}");

    let steps = ground.run(&["ca", "rotate", "--ca", "ca"]);
    assert!(steps.contains("1. copy") && steps.contains("--finish"), "{steps}");
    let listed = ground.run(&["ca", "list", "--ca", "ca"]);
    assert!(listed.contains("warning: the certificate of b is of the old authority"), "{listed}");
    let early = ground.fails(&["ca", "rotate", "--ca", "ca", "--finish"]);
    assert!(early.contains("a, b"), "{early}");
    for file in ["keys/a.pem", "keys/b.pem"] {
        ground.run(&["ca", "renew", file, "--ca", "ca"]);
    }
    let done = ground.run(&["ca", "rotate", "--ca", "ca", "--finish"]);
    assert!(done.contains("destroy it"), "{done}");
    let lines = ground.run(&["ca", "list", "--ca", "ca", "--json"]);
    let standings: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|one| one["standing"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(standings, ["revoked", "renewed", "renewed", "valid", "valid"]);
}

/// A whole run at the most talkative level, without root: nothing secret is in the log, in the status
/// or in what a watcher reads.
#[test]
fn secrets_are_never_shown_and_a_reload_by_signal_keeps_links() {
    let ground = Ground::new();
    ground.cluster();
    let [a, b] = ports();
    let service = format!(
        "[env]\nsecret = \"{CANARY}\"\n[[service]]\nid = \"db\"\n\
         exec = [\"sleep\", \"1000\"]\nenv = {{ PASSWORD = \"{CANARY}\" }}\n"
    );
    ground.config("a", a, b, &service);
    ground.config("b", b, a, "");
    ground.give(daemon_user());
    let daemon = ground.daemon("a", "trace");
    let _other = ground.daemon("b", "trace");
    let linked =
        |said: &str| said.contains("\"links\"") && said.matches("\"node\": \"b\"").count() > 1;
    let status = ["status", "--socket", "run/a.sock", "--json"];
    ground.until("linked", &status, |said| linked(said) && said.contains("\"run\""));

    ground.run(&["ca", "renew", "keys/a.pem", "--ca", "ca", "--new-key"]);
    ground.give(daemon_user());
    daemon.signal(rustix::process::Signal::HUP);
    let end = Instant::now() + PATIENCE;
    while !ground.log("a").contains("reloaded: certificate") {
        assert!(Instant::now() < end, "no reload: {}", ground.log("a"));
        std::thread::sleep(Duration::from_millis(50));
    }
    let shown = both(&ground.output(&status)) + &ground.run(&["status", "--socket", "run/a.sock"]);
    let said = ground.run(&["shutdown", "--stop-services", "--socket", "run/a.sock"]);
    assert!(said.contains("the daemon ends"), "{said}");
    drop(daemon);
    let logs = ground.log("a") + &ground.log("b");
    assert!(logs.contains("TRACE") && logs.contains("operator command"), "a whole log");
    let mut secrets = vec!["PRIVATE KEY".to_owned(), CANARY.to_owned()];
    for file in ["keys/a.key", "keys/a.key.old", "keys/b.key", "ca/ca.key"] {
        let pem = std::fs::read_to_string(ground.path(file)).expect("a key");
        secrets.extend(pem.lines().filter(|line| !line.starts_with('-')).map(str::to_owned));
    }
    let key = std::fs::read_to_string(ground.path("state/a/reset-key")).expect("the reset key");
    secrets.push(key.split_whitespace().last().expect("its digits").to_owned());
    for secret in secrets {
        assert!(secret.len() > 8, "{secret}");
        assert!(!logs.contains(&secret), "the log shows {secret}");
        assert!(!shown.contains(&secret), "the status shows {secret}");
    }
}

/// Whose the daemons of these tests are: nobody's if that can be, else ours.
fn daemon_user() -> u32 {
    if is_root() { NOBODY } else { rustix::process::geteuid().as_raw() }
}

/// The system says who a client is; what it may do follows from the configuration, also after a
/// reload, and who did what is written down.
#[test]
fn readers_may_ask_operators_may_command_and_strangers_nothing() {
    if !is_root() {
        return;
    }
    let ground = Ground::new();
    ground.cluster();
    let [a, b] = ports();
    let service = "[[service]]\nid = \"db\"\nexec = [\"sleep\", \"1000\"]\n";
    let admin =
        format!("[admin]\nreaders = [\"uid:{READER}\"]\noperators = [\"gid:{OPERATOR}\"]\n");
    ground.config("a", a, b, &format!("{admin}{service}"));
    ground.give(NOBODY);
    let _daemon = ground.daemon("a", "info");
    let ask = |uid: u32, words: &[&str]| {
        let mut words = words.to_vec();
        words.extend(["--socket", "run/a.sock"]);
        both(&ground.command(&words).uid(uid).gid(uid).output().expect("it runs"))
    };
    ground.until("it runs", &["status", "--socket", "run/a.sock"], |said| said.contains(" run "));
    assert!(ask(READER, &["status"]).contains("CLUSTER acme"));
    let refused = ask(READER, &["stop", "db"]);
    assert!(refused.contains("may not stop") && refused.contains("`operators`"), "{refused}");
    for words in [&["status"][..], &["watch"], &["stop", "db"], &["shutdown"]] {
        let refused = ask(STRANGER, words);
        assert!(refused.contains("user 54323 may not connect"), "{refused}");
    }
    assert!(ask(OPERATOR, &["stop", "db"]).contains("db: stop accepted"));
    assert!(ask(NOBODY, &["start", "db"]).contains("db: start accepted"), "the daemon's own user");
    let log = ground.log("a");
    let stopped = log.lines().find(|line| line.contains("operator command")).expect("an audit");
    for part in ["uid=54322", "command=\"stop\"", "service=\"db\"", "accepted=true", "pid="] {
        assert!(stopped.contains(part), "{part}: {stopped}");
    }
    assert!(
        log.contains("refused from uid 54323") && log.contains("refused from uid 54321"),
        "{log}"
    );

    ground.config("a", a, b, service);
    assert!(ask(NOBODY, &["reload"]).contains("[admin] changed"));
    let refused = ask(READER, &["status"]);
    assert!(refused.contains("Permission denied"), "{refused}");
}

/// Runs a shell script, as root with mounts of its own; `None` where that is not allowed.
fn with_mounts(ground: &Ground, script: &str) -> Option<Command> {
    let may = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|s| s.success());
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-ec", script]).current_dir(ground.dir.path());
    (is_root() && may).then_some(command)
}

/// A daemon as `nobody`, from a shell.
const AS_NOBODY: &str =
    "setpriv --reuid 65534 --regid 65534 --clear-groups ./fieldrun run p.pt -c a.toml --log info";

fn single(ground: &Ground) {
    ground.cluster();
    let [a, b] = ports();
    let service = "[[service]]\nid = \"db\"\nexec = [\"sleep\", \"1000\"]\n";
    ground.config("a", a, b, service);
    ground.give(NOBODY);
}

#[test]
fn a_daemon_that_cannot_keep_its_number_does_not_start_and_says_why() {
    let ground = Ground::new();
    single(&ground);
    for (setup, why) in [
        (
            "mount -t tmpfs -o size=64k,uid=65534 none state; head -c 1M /dev/zero > state/x || true",
            "No space left",
        ),
        ("mount -t tmpfs -o ro none state", "Read-only file system"),
    ] {
        let Some(mut command) = with_mounts(&ground, &format!("{setup}; exec {AS_NOBODY}")) else {
            return;
        };
        let output = command.output().expect("it runs");
        let said = both(&output);
        assert!(!output.status.success() && said.contains(why), "{said}");
        assert!(said.contains("state/a"), "it names the place: {said}");
    }
}

/// What can no longer be written down is said; services are started and stopped all the same.
#[test]
fn a_disk_that_fills_up_keeps_no_service_from_its_supervision() {
    let ground = Ground::new();
    single(&ground);
    let script = format!(
        "mount -t tmpfs -o size=64k,uid=65534 none state\n\
         (until [ -e go ]; do sleep 0.1; done; head -c 1M /dev/zero > state/x || true; touch full) &\n\
         exec {AS_NOBODY} 2> a.log"
    );
    let Some(mut command) = with_mounts(&ground, &script) else { return };
    let _daemon = Daemon(command.spawn().expect("it starts"));
    let status = ["status", "--socket", "run/a.sock", "--json"];
    let running = |said: &str| said.contains("\"status\": \"run\"");
    ground.until("it runs", &status, running);
    ground.write("go", "");
    let end = Instant::now() + PATIENCE;
    while !ground.path("full").exists() {
        assert!(Instant::now() < end, "the disk does not fill up");
        std::thread::sleep(Duration::from_millis(50));
    }
    ground.run(&["stop", "db", "--socket", "run/a.sock"]);
    ground.until("it stops", &status, |said| said.contains("\"status\": \"stop\""));
    ground.run(&["start", "db", "--socket", "run/a.sock"]);
    ground.until("it runs again", &status, running);
    assert!(ground.log("a").contains("No space left"), "{}", ground.log("a"));
    ground.run(&["shutdown", "--stop-services", "--socket", "run/a.sock"]);
}
