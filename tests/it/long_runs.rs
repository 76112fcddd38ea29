//! Long runs: checkpoints, what-if, rounds that fail, Ctrl-C, disks that fill up.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const PROGRAM: &str = "share (d <- POSITIVE_INFINITY) { \
    mux (env.get(\"source\", false)) { 0 } else { minHood(d + 1) } }";
const SCENARIO: &str = "
    program = 'hops.pt'
    stop = { time = '30s' }
    link = { radius = 12, delay = 'lognormal(50ms, 30ms)', loss = 0.1 }
    [[group]]
    place = 'jittered-grid'
    count = 49
    [[set]]
    ids = [0]
    env = { source = true }
    [[fault]]
    kind = 'crash'
    every = '5s'
    for = '4s'
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("hops.pt"), PROGRAM).expect("a file");
    std::fs::write(folder.path().join("net.toml"), SCENARIO).expect("a file");
    folder
}

fn sim(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let command = Command::new(env!("CARGO_BIN_EXE_fieldrun"))
        .arg("sim")
        .args(args)
        .current_dir(folder)
        .output();
    told(command.expect("it runs"))
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code(), out, err)
}

#[test]
fn a_run_goes_on_from_its_checkpoint_and_what_if_is_another_run() {
    let folder = folder();
    let at = folder.path();
    let (code, whole, err) = sim(at, &["net.toml", "--json", "--checkpoint", "every=10s"]);
    assert_eq!(code, Some(0), "{err}");
    let file = "fieldrun-out/net/20s.checkpoint";
    assert!(at.join("fieldrun-out/net/10s.checkpoint").exists() && at.join(file).exists(), "{err}");

    let (code, rest, err) = sim(at, &["--from", file, "--json"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(rest.lines().count() > 5 && whole.ends_with(&rest), "{rest}");
    let (_, other, _) = sim(at, &["--from", file, "--json", "--set", "node 7 crash"]);
    assert_ne!(other, rest);
    assert!(other.lines().last().is_some_and(|line| !line.contains("\"7\":")), "{other}");
    let (_, longer, _) = sim(at, &["--from", file, "--json", "--time", "35s"]);
    assert!(longer.starts_with(&rest) && longer.len() > rest.len());

    let (code, _, err) = sim(at, &["--from", file, "--set", "node 7 fly"]);
    assert!(code == Some(2) && err.contains("node 3 move 10 20"), "{err}");
    let (code, _, err) = sim(at, &["--from", "net.toml"]);
    assert!(code == Some(2) && err.contains("net.toml is no checkpoint to go on from"), "{err}");
    std::fs::write(at.join("hops.pt"), "1").expect("a file");
    let (code, _, err) = sim(at, &["--from", file]);
    assert!(code == Some(2) && err.contains("of another program"), "{err}");
    let mut bytes = std::fs::read(at.join(file)).expect("a file");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(at.join("half"), bytes).expect("a file");
    let (code, _, err) = sim(at, &["--from", "half"]);
    assert!(code == Some(2) && err.contains("damaged or incomplete"), "{err}");
}

#[test]
fn a_round_that_fails_is_shown_with_what_it_met() {
    let folder = folder();
    let at = folder.path();
    let failing = "let n = rep (n <- 0) { n + 1 }\n\
        if (n == 25 && env.get(\"source\", false)) { \"a\".charAt(7) } else { n }";
    std::fs::write(at.join("hops.pt"), failing).expect("a file");
    let (code, out, _) = sim(at, &["net.toml"]);
    assert_eq!(code, Some(0), "{out}");
    for part in [" rounds; the first, round 25 of device 0 at ", "source = true", "neighbour 1: "] {
        assert!(out.contains(part), "no {part:?}: {out}");
    }
    let (code, out, err) = sim(at, &["net.toml", "--on-error", "stop"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("--on-error stop") && out.contains("of device 0"), "{out}{err}");
    // It stops there, long before the end at 30 s, and writes what there is.
    let time = out.lines().find(|line| line.starts_with("time")).expect("a line");
    assert!(!time.contains("30 s"), "{time}");
    assert!(at.join("fieldrun-out/net/values.csv").exists());
}

#[test]
fn ctrl_c_writes_what_there_is() {
    let folder = folder();
    let at = folder.path();
    let child = Command::new(env!("CARGO_BIN_EXE_fieldrun"))
        .args(["sim", "net.toml", "--time", "1000h"])
        .current_dir(at)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    // The table is begun when the run is; it is not complete, so it has no name yet.
    let part = at.join("fieldrun-out/net/values.csv.part");
    for _ in 0..600 {
        if std::fs::metadata(&part).is_ok_and(|data| data.len() > 0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(part.exists() && !at.join("fieldrun-out/net/values.csv").exists());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let (code, out, err) = told(child.wait_with_output().expect("it ends"));
    assert_eq!(code, Some(130), "{err}");
    assert!(out.contains("s simulated") && err.contains("interrupted at"), "{out}{err}");
    assert!(at.join("fieldrun-out/net/map.svg").exists() && !part.exists());
    let table = std::fs::read_to_string(at.join("fieldrun-out/net/values.csv")).expect("a table");
    assert!(table.ends_with('\n') && table.lines().count() > 10);
}

#[test]
fn a_disk_that_fills_up_leaves_nothing_half_written_that_looks_complete() {
    let folder = folder();
    let at = folder.path();
    let (code, _, err) = sim(at, &["net.toml", "--csv", "/dev/full"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("cannot write the table") && err.contains("No space left"), "{err}");

    // Files of at most eight blocks, which is less than the table and the checkpoint.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let limited = |args: &[&str]| {
        let command = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_fieldrun"), "sim", "net.toml", "--out", "out"])
            .args(args)
            .current_dir(at)
            .output();
        told(command.expect("sh runs"))
    };
    let (code, _, err) = limited(&[]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("cannot write the table") && err.contains(".part"), "{err}");
    assert!(!at.join("out/values.csv").exists(), "only whole files have their name");
    let (code, _, err) = limited(&["--csv", "small.csv", "--checkpoint", "t=1"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("1s.checkpoint"), "{err}");
    assert!(!at.join("out/1s.checkpoint").exists());
}
