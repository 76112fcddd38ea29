//! The daemon dies alone: its services go on and belong to the next one.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use fieldrun_glue::{
    Command, GlueError, Origin, Repair, ServiceSpec, Services, Status, kill_abandoned,
};

use crate::{Bench, eventually, kill, lives, pid_in, sh, spec};

/// Where the daemon of [`daemon`] finds its folder.
const FOLDER: &str = "FIELDRUN_TEST_FOLDER";

/// Beats, and counts how often it was started.
fn beating(folder: &Path) -> ServiceSpec {
    let script = "echo $$ > pid; echo start >> starts; while :; do touch beat; sleep 0.02; done";
    let mut service = sh("a", script);
    service.cwd = Some(folder.to_owned());
    let beat = folder.join("beat");
    let probe = format!(
        "id = 'x'\nready = {{ exec = \"test -e {b}\" }}\n\
         alive = {{ exec = [\"sh\", \"-c\", \"rm -f {b}; sleep 0.25; test -e {b}\"], \
         interval = '300ms', timeout = '2s', fail = 2 }}",
        b = beat.display()
    );
    let probes = spec(&probe);
    (service.ready, service.alive) = (probes.ready, probes.alive);
    service
}

/// Not a test by itself: the daemon process that the test below kills.
#[tokio::test]
#[ignore = "is the daemon of another test"]
async fn daemon() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let services = Services::start(vec![beating(folder)], folder).await.unwrap();
    services.get("a").unwrap().command(Origin::Program, Command::Start).unwrap();
    std::future::pending::<()>().await;
}

fn start_daemon(folder: &Path) -> Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "adoption::daemon", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_killed_daemon_leaves_its_service_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = start_daemon(folder.path());
    let pid = pid_in(folder.path(), "pid").await;
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(lives(pid), "the service goes on");

    let path = folder.path().to_owned();
    let mut bench = Bench::within(folder, vec![beating(&path)]).await;
    // Well at once: nobody may take it for stopped or starting.
    let adopted = bench.the("a").snapshot();
    assert_eq!((adopted.status, adopted.pid, adopted.ready), (Status::Run, Some(pid), true));
    assert_eq!(bench.path(), ["starting", "run"], "probed before it is published");
    bench.the("a").command(Origin::Program, Command::Start).unwrap();
    bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(bench.read("starts"), "start\n", "never doubled, never restarted");

    kill(&pid.to_string(), "KILL");
    let hung = bench.reaches("a", Status::Hung).await;
    assert!(hung.last_error.unwrap().contains("an earlier daemon"));
    let ticket = bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    assert_eq!(ticket.settled().await.status, Status::Run);
    bench.services.shutdown().await;
}

#[tokio::test]
async fn a_running_service_whose_record_is_lost_is_found_and_not_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    for damage in [Some(""), None] {
        let folder = tempfile::tempdir_in(&path).unwrap();
        let inner = folder.path().to_owned();
        let bench = Bench::within(folder, vec![beating(&inner)]).await;
        let pid = bench.start("a").await.pid.unwrap();
        let folder = bench.abandon().await;
        let record = inner.join("a.service.json");
        match damage {
            Some(text) => std::fs::write(record, text).unwrap(),
            None => std::fs::remove_file(record).unwrap(),
        }
        let bench = Bench::within(folder, vec![beating(&inner)]).await;
        bench.the("a").command(Origin::Program, Command::Start).unwrap();
        let found = bench.reaches("a", Status::Run).await;
        assert_eq!((found.pid, lives(pid)), (Some(pid), true));
        assert_eq!(bench.read("starts"), "start\n", "never a second copy");
        bench.services.shutdown().await;
    }
}

#[tokio::test]
async fn an_adopted_service_that_hangs_is_found_hung() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let bench = Bench::within(folder, vec![beating(&path)]).await;
    let pid = bench.start("a").await.pid.unwrap();
    let folder = bench.abandon().await;
    kill(&format!("-{pid}"), "STOP");
    let _ = std::fs::remove_file(path.join("beat"));
    let bench = Bench::within(folder, vec![beating(&path)]).await;
    let hung = bench.reaches("a", Status::Hung).await;
    assert_eq!(hung.pid, Some(pid));
    assert!(lives(pid), "kept for diagnosis");
    // Remembered as hung by one more daemon, and still not touched.
    let bench = Bench::within(bench.abandon().await, vec![beating(&path)]).await;
    assert_eq!(bench.the("a").snapshot().status, Status::Hung);
    kill(&format!("-{pid}"), "CONT");
    bench.reaches("a", Status::Run).await;
    bench.services.shutdown().await;
}

#[tokio::test]
async fn a_service_that_died_unwatched_is_stopped_and_its_children_removed() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 600 & echo $! > child; exec sleep 601";
    let service = || ServiceSpec { cwd: Some(folder.path().to_owned()), ..sh("a", script) };
    let state = tempfile::tempdir().unwrap();
    let bench = Bench::within(state, vec![service()]).await;
    let pid = bench.start("a").await.pid.unwrap();
    let child = pid_in(folder.path(), "child").await;
    let state = bench.abandon().await;
    kill(&pid.to_string(), "KILL");
    eventually("its end", || !lives(pid)).await;
    assert!(lives(child));
    let bench = Bench::within(state, vec![service()]).await;
    bench.reaches("a", Status::Stop).await;
    assert!(!lives(child), "no second copy of anything");
}

#[tokio::test]
async fn a_damaged_state_file_is_put_aside() {
    let bench = Bench::new(vec![sh("a", "exec sleep 600")]).await;
    bench.start("a").await;
    bench.services.shutdown().await;
    let folder = bench.abandon().await;
    let file = folder.path().join("a.service.json");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let bench = Bench::within(folder, vec![sh("a", "exec sleep 600")]).await;
    assert_eq!(bench.the("a").snapshot().status, Status::Stop);
    assert!(bench.folder.path().join("a.service.json.corrupt").exists());
}

#[tokio::test]
async fn the_latch_outlives_the_daemon() {
    let service = || {
        let mut service = sh("a", "exit 1");
        service.restart.max = 0;
        service
    };
    let bench = Bench::new(vec![service()]).await;
    bench.the("a").command(Origin::Program, Command::Start).unwrap();
    assert_eq!(bench.reaches("a", Status::Hung).await.repair, Repair::Unrecoverable);
    // What happens right before the end is written in the background.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let bench = Bench::within(bench.abandon().await, vec![service()]).await;
    let snapshot = bench.the("a").snapshot();
    assert_eq!((snapshot.status, snapshot.repair), (Status::Hung, Repair::Unrecoverable));
}

#[tokio::test]
async fn what_dead_daemons_left_can_be_cleaned_up() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 600 & echo $! > child; exec sleep 601";
    let service = ServiceSpec { cwd: Some(folder.path().to_owned()), ..sh("a", script) };
    let bench = Bench::new(vec![service]).await;
    let pid = bench.start("a").await.pid.unwrap();
    let child = pid_in(folder.path(), "child").await;
    let in_use = kill_abandoned(bench.folder.path());
    assert!(matches!(in_use, Err(GlueError::InUse { .. })), "not while a daemon is there");
    // The number is written in the background, and found by its mark even without.
    let state = bench.abandon().await;
    assert_eq!(kill_abandoned(state.path()).unwrap(), 2);
    eventually("their end", || !lives(pid) && !lives(child)).await;
    assert_eq!(kill_abandoned(state.path()).unwrap(), 0);
}

#[tokio::test]
async fn two_daemons_do_not_share_a_state_folder() {
    let bench = Bench::new(vec![sh("a", "exec sleep 600")]).await;
    let second = Services::start(vec![], bench.folder.path()).await;
    assert!(matches!(second, Err(GlueError::InUse { .. })));
    let folder = bench.abandon().await;
    assert!(Services::start(vec![], folder.path()).await.is_ok());
}
