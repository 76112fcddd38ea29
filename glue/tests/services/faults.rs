//! Services that misbehave: the fault catalogue, one box.

use std::time::{Duration, Instant};

use fieldrun_glue::{Command, Fault, GlueError, Origin, Refusal, Repair, Services, Status};

use crate::{Bench, eventually, kill, lives, pid_in, sh, spec};

/// A service that touches a file all the time, and a probe that sees when it does not.
fn heartbeat(folder: &std::path::Path) -> fieldrun_glue::ServiceSpec {
    let beat = folder.join("beat");
    let beat = beat.display();
    let mut service = sh("a", &format!("while :; do touch {beat}; sleep 0.02; done"));
    let probe = format!(
        "id = 'x'\nalive = {{ exec = [\"sh\", \"-c\", \"rm -f {beat}; sleep 0.25; test -e {beat}\"], \
         interval = '300ms', timeout = '2s', fail = 2, pass = 2 }}"
    );
    service.alive = spec(&probe).alive;
    service
}

#[tokio::test]
async fn a_stopped_process_is_found_hung_and_can_still_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let service = heartbeat(folder.path());
    let mut bench = Bench::within(folder, vec![service]).await;
    let pid = bench.start("a").await.pid.unwrap();
    kill(&format!("-{pid}"), "STOP");
    let hung = bench.reaches("a", Status::Hung).await;
    assert_eq!((hung.fault, hung.pid), (Fault::Faulty, Some(pid)));
    assert!(lives(pid), "kept for diagnosis");
    let begun = Instant::now();
    let ticket = bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    let running = ticket.settled().await;
    assert_eq!((running.status, running.repair), (Status::Run, Repair::Repaired));
    assert!(begun.elapsed() < Duration::from_secs(4), "TERM woke it; no need for KILL");
    assert!(!lives(pid));
    bench.services.shutdown().await;
    let expected = ["starting", "run", "hung", "stopping", "starting", "run", "stopping", "stop"];
    assert_eq!(bench.path(), expected);
}

#[tokio::test]
async fn a_hung_service_that_answers_again_recovers_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let service = heartbeat(folder.path());
    let bench = Bench::within(folder, vec![service]).await;
    let pid = bench.start("a").await.pid.unwrap();
    kill(&format!("-{pid}"), "STOP");
    bench.reaches("a", Status::Hung).await;
    kill(&format!("-{pid}"), "CONT");
    let running = bench.reaches("a", Status::Run).await;
    assert_eq!((running.pid, running.restarts), (Some(pid), 0));
    bench.services.shutdown().await;
}

#[tokio::test]
async fn a_service_that_ignores_term_is_killed() {
    let mut service = sh("a", "trap '' TERM; echo up; while :; do sleep 0.05; done");
    service.stop[0].timeout = Duration::from_millis(400);
    let bench = Bench::new(vec![service]).await;
    let pid = bench.start("a").await.pid.unwrap();
    eventually("the trap", || bench.read("a.log").contains("up")).await;
    let begun = Instant::now();
    let ticket = bench.the("a").command(Origin::Program, Command::Stop).unwrap();
    assert_eq!(ticket.settled().await.status, Status::Stop);
    assert!(begun.elapsed() >= Duration::from_millis(400) && !lives(pid));
}

#[tokio::test]
async fn a_stop_can_begin_with_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let stop = folder.path().join("please-stop");
    let script = format!("trap '' TERM; until test -e {}; do sleep 0.02; done", stop.display());
    let mut service = sh("a", &script);
    let ladder = format!(
        "id = 'x'\nstop = [{{ exec = 'touch {}' }}, {{ signal = 'KILL' }}]",
        stop.display()
    );
    service.stop = spec(&ladder).stop;
    let mut bench = Bench::within(folder, vec![service]).await;
    bench.start("a").await;
    let ticket = bench.the("a").command(Origin::Program, Command::Stop).unwrap();
    assert_eq!(ticket.settled().await.status, Status::Stop);
    assert!(stop.exists());
    assert_eq!(bench.path(), ["starting", "run", "stopping", "stop"]);
}

#[tokio::test]
async fn orphans_end_with_the_service() {
    // The second grandchild leaves the process group for a session of its own.
    let script = "sh -c 'sleep 600 & echo $! > near'; \
                  setsid sh -c 'echo $$ > far; exec sleep 600' & \
                  sleep 0.3; exec sleep 600";
    let mut service = sh("a", script);
    let folder = tempfile::tempdir().unwrap();
    service.cwd = Some(folder.path().to_owned());
    let bench = Bench::within(folder, vec![service]).await;
    bench.start("a").await;
    let near = pid_in(bench.folder.path(), "near").await;
    let far = pid_in(bench.folder.path(), "far").await;
    assert!(lives(near) && lives(far));
    bench.the("a").command(Origin::Program, Command::Stop).unwrap().settled().await;
    assert!(!lives(near), "in the group");
    assert!(!lives(far), "outside of the group");
}

#[tokio::test]
async fn no_second_copy_while_something_of_the_first_is_left() {
    // The main process ends by itself and leaves a child that ignores TERM.
    let script = "sh -c 'trap \"\" TERM; echo $$ > child; while :; do sleep 0.05; done' & \
                  until test -s child; do sleep 0.01; done; sleep 0.2; exit 7";
    let mut service = sh("a", script);
    let folder = tempfile::tempdir().unwrap();
    service.cwd = Some(folder.path().to_owned());
    service.stop[0].timeout = Duration::from_millis(300);
    let bench = Bench::within(folder, vec![service]).await;
    bench.start("a").await;
    let child = pid_in(bench.folder.path(), "child").await;
    let hung = bench.reaches("a", Status::Hung).await;
    assert_eq!(hung.last_error.as_deref(), Some("exited with code 7"));
    assert!(lives(child), "nobody has acted yet");
    bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    let again = bench.the("a").wait_for(crate::PATIENCE, |now| now.restarts == 1).await;
    assert!(again.is_ok() && !lives(child));
    bench.the("a").command(Origin::Operator, Command::Stop).unwrap().settled().await;
}

#[tokio::test]
async fn a_crash_loop_ends_in_the_latch() {
    let mut service = sh("a", "echo started; exit 1");
    service.restart.max = 3;
    service.restart.backoff_min = Duration::from_millis(20);
    let bench = Bench::new(vec![service]).await;
    let begun = Instant::now();
    // A program asks in every round, whatever it is told.
    let refused = loop {
        let a = bench.the("a");
        let command = match a.snapshot().status {
            Status::Hung => Command::Restart,
            _ => Command::Start,
        };
        match a.command(Origin::Program, command) {
            Err(Refusal::BackOff(_)) | Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(refusal) => break refusal,
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it never ends");
    };
    assert_eq!(refused, Refusal::Unrecoverable);
    let latched = bench.reaches("a", Status::Hung).await;
    assert_eq!(latched.repair, Repair::Unrecoverable);
    assert_eq!(bench.read("a.log").lines().count(), 4, "one start and three restarts");
    bench.the("a").command(Origin::Operator, Command::Reset).unwrap();
    bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    eventually("one more start", || bench.read("a.log").lines().count() == 5).await;
    bench.services.shutdown().await;
}

#[tokio::test]
async fn a_service_that_cannot_be_started_does_not_disturb_the_others() {
    let broken = spec("id = 'broken'\nexec = 'no-such-program --flag'");
    let bench = Bench::new(vec![broken, sh("a", "exec sleep 600")]).await;
    let early = bench.the("broken").snapshot();
    assert_eq!(early.status, Status::Stop);
    assert!(early.last_error.unwrap().contains("`no-such-program` is not found in PATH"));
    bench.start("a").await;
    bench.the("broken").command(Origin::Program, Command::Start).unwrap();
    let hung = bench.reaches("broken", Status::Hung).await;
    assert!(hung.last_error.unwrap().contains("not found in PATH"));
    assert_eq!(bench.the("a").snapshot().status, Status::Run);
    bench.services.shutdown().await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_leaves_nothing_behind() {
    let text = "id = 'a'\nexec = 'sleep 600'\nready = { exec = 'false' }\nstart_timeout = '400ms'";
    let mut bench = Bench::new(vec![spec(text)]).await;
    bench.the("a").command(Origin::Program, Command::Start).unwrap();
    let starting = bench.the("a").wait_for(crate::PATIENCE, |now| now.pid.is_some()).await;
    let pid = starting.unwrap().pid.unwrap();
    let hung = bench.reaches("a", Status::Hung).await;
    assert!(hung.last_error.unwrap().contains("not ready within 400ms"));
    eventually("the clean-up", || !lives(pid)).await;
    assert_eq!(bench.path(), ["starting", "hung"]);
}

#[tokio::test]
async fn a_flood_of_output_is_capped() {
    let mut service = sh("a", "yes a line of output that nobody wants to read");
    service.log_limit = 64 << 10;
    let bench = Bench::new(vec![service]).await;
    bench.start("a").await;
    let previous = bench.folder.path().join("a.log.1");
    eventually("a first cut", || previous.exists()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    bench.the("a").command(Origin::Program, Command::Stop).unwrap().settled().await;
    let size = |name: &str| std::fs::metadata(bench.folder.path().join(name)).unwrap().len();
    eventually("a last cut", || size("a.log") <= 64 << 10).await;
    assert!(size("a.log.1") <= 64 << 10);
}

#[tokio::test]
async fn a_set_that_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut a = sh("a", "true");
    a.dependencies = vec!["b".to_owned()];
    let mut b = sh("b", "true");
    b.dependencies = vec!["a".to_owned()];
    let error = Services::start(vec![a.clone(), b], folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("a -> b -> a"), "{error}");
    let error = Services::start(vec![a.clone(), a], folder.path()).await.unwrap_err();
    assert!(matches!(error, GlueError::DuplicateId { .. }));
}
