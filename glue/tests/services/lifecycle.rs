//! Starting, stopping, and what programs see.

use std::time::{Duration, Instant};

use fieldrun_device::host::{Action, Actuator, Reading, Sensor};
use fieldrun_glue::{Command, Desired, Fault, Origin, Outcome, Refusal, Status};

use crate::{Bench, PATIENCE, eventually, kill, lives, sh, spec};

#[tokio::test]
async fn a_service_is_started_by_the_program_and_stopped_again() {
    let mut bench = Bench::new(vec![sh("a", "exec sleep 600")]).await;
    assert_eq!(bench.the("a").snapshot().status, Status::Stop, "nothing starts by itself");
    let running = bench.start("a").await;
    let pid = running.pid.unwrap();
    assert!(lives(pid) && running.ready && running.restarts == 0);
    let ticket = bench.the("a").command(Origin::Program, Command::Stop).unwrap();
    assert_eq!(ticket.outcome(), Outcome::Accepted);
    assert_eq!(ticket.settled().await.status, Status::Stop);
    assert!(!lives(pid));
    assert_eq!(bench.path(), ["starting", "run", "stopping", "stop"]);
}

#[tokio::test]
async fn run_means_that_the_readiness_probe_has_passed() {
    let mut a = sh("a", "sleep 0.5; touch ready; exec sleep 600");
    a.ready = spec("id = 'x'\nready = { exec = 'test -e ready', interval = '1s' }").ready;
    let folder = tempfile::tempdir().unwrap();
    let probe = format!("test -e {}/ready", folder.path().display());
    a.ready = spec(&format!("id = 'x'\nready = {{ exec = '{probe}' }}")).ready;
    a.cwd = Some(folder.path().to_owned());
    let mut bench = Bench::within(folder, vec![a]).await;
    bench.the("a").command(Origin::Program, Command::Start).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bench.the("a").snapshot().status, Status::Starting);
    let running = bench.reaches("a", Status::Run).await;
    let took = running.start_duration_ms.unwrap();
    assert!((500..5000).contains(&took), "{took} ms");
    bench.services.shutdown().await;
    assert_eq!(bench.path(), ["starting", "run", "stopping", "stop"]);
}

#[tokio::test]
async fn the_end_of_a_process_is_noticed_at_once() {
    let bench = Bench::new(vec![sh("a", "exec sleep 600")]).await;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let pid = bench.start("a").await.pid.unwrap();
        kill(&pid.to_string(), "KILL");
        eventually("its end", || !lives(pid)).await;
        let ended = Instant::now();
        let hung = bench.reaches("a", Status::Hung).await;
        best = best.min(ended.elapsed());
        assert_eq!(hung.fault, Fault::Crashed);
        assert_eq!(hung.last_error.as_deref(), Some("killed by signal 9"));
        bench.the("a").command(Origin::Operator, Command::Stop).unwrap().settled().await;
        bench.the("a").command(Origin::Operator, Command::Start).unwrap().settled().await;
        bench.the("a").command(Origin::Operator, Command::Stop).unwrap().settled().await;
        bench.the("a").command(Origin::Operator, Command::Start).unwrap().settled().await;
    }
    assert!(best <= Duration::from_millis(50), "{best:?}");
    bench.services.shutdown().await;
}

#[tokio::test]
async fn start_while_stopping_starts_after_the_stop() {
    // Takes a moment to die, so that the start comes in between.
    let script = "trap 'sleep 0.4; exit 0' TERM; while :; do sleep 0.05; done";
    let mut bench = Bench::new(vec![sh("a", script)]).await;
    let first = bench.start("a").await.pid.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.the("a").command(Origin::Program, Command::Stop).unwrap();
    bench.reaches("a", Status::Stopping).await;
    let ticket = bench.the("a").command(Origin::Program, Command::Start).unwrap();
    assert!(lives(first), "the first still lives when the start is asked for");
    let again = bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    assert_eq!(again.outcome(), Outcome::Unchanged, "idempotent");
    let second = ticket.settled().await;
    assert_eq!(second.status, Status::Run);
    assert!(second.pid.unwrap() != first && !lives(first));
    assert_eq!(bench.path(), ["starting", "run", "stopping", "starting", "run"]);
    bench.services.shutdown().await;
}

#[tokio::test]
async fn the_operator_restarts_a_running_service_and_the_program_does_not() {
    let bench = Bench::new(vec![sh("a", "exec sleep 600")]).await;
    let first = bench.start("a").await.pid.unwrap();
    let ticket = bench.the("a").command(Origin::Program, Command::Restart).unwrap();
    assert_eq!(ticket.outcome(), Outcome::Unchanged);
    let ticket = bench.the("a").command(Origin::Operator, Command::Restart).unwrap();
    let second = ticket.settled().await;
    assert!(second.pid.unwrap() != first && second.restarts == 1);
    bench.services.shutdown().await;
}

#[tokio::test]
async fn what_programs_see_and_do() {
    let text = "id = 'db'\nexec = 'sleep 600'\ndependencies = ['net', 'disk']\npolicy = 'manual'";
    let bench = Bench::new(vec![spec(text)]).await;
    let db = bench.the("db");
    let see = |name: &str| {
        let found = db.readings().into_iter().find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("no reading {name}")).1
    };
    assert_eq!(see("serviceID"), Reading::text("db"));
    assert_eq!(see("managedService"), Reading::text("db"));
    let dependencies = vec![Reading::text("net"), Reading::text("disk")];
    assert_eq!(see("dependencies"), Reading::List(dependencies));
    assert_eq!(see("managedServiceStatus"), Reading::text("stop"));
    assert_eq!((see("ready"), see("desired")), (Reading::Bool(false), Reading::text("up")));
    assert_eq!(see("policy"), Reading::text("manual"));
    let act = |name: &str, args: Vec<Reading>| db.act(&Action { name: name.to_owned(), args });
    for (name, args, expected) in [
        ("explodeService", vec![], "not an action of services"),
        ("startProcess", vec![Reading::text("other")], "own service only"),
        ("startProcess", vec![Reading::Number(1.0)], "own service only"),
    ] {
        let refused = act(name, args).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    act("startProcess", vec![Reading::text("db")]).unwrap();
    db.wait_for(PATIENCE, |now| now.status == Status::Run).await.unwrap();
    assert_eq!(see("managedServiceStatus"), Reading::text("run"));
    assert_eq!((see("serviceStatus"), see("ready")), (Reading::text("run"), Reading::Bool(true)));
    act("restartService", vec![]).unwrap();
    act("stopService", vec![]).unwrap();
    assert_eq!(see("serviceStatus"), Reading::text("run"), "the work goes on after the call");
    db.wait_for(PATIENCE, |now| now.status == Status::Stop).await.unwrap();
    db.command(Origin::Operator, Command::Stop).unwrap();
    let refused = act("startService", vec![]).unwrap_err();
    assert!(refused.contains("the operator stopped this service"), "{refused}");
}

#[tokio::test]
async fn what_the_operator_wants_outlives_the_daemon() {
    let specs = || {
        let off = spec("id = 'off'\nexec = 'sleep 600'\nautostart = false");
        vec![sh("a", "exec sleep 600"), off]
    };
    let bench = Bench::new(specs()).await;
    assert_eq!(bench.the("off").snapshot().desired, Desired::Down);
    bench.start("a").await;
    bench.the("a").command(Origin::Operator, Command::Stop).unwrap().settled().await;
    bench.the("off").command(Origin::Operator, Command::Start).unwrap().settled().await;
    bench.services.shutdown().await;
    let closed = bench.the("off").command(Origin::Operator, Command::Start);
    assert_eq!(closed.map(|ticket| ticket.outcome()), Err(Refusal::Closing));
    let bench = Bench::within(bench.abandon().await, specs()).await;
    assert_eq!(bench.the("a").snapshot().desired, Desired::Down);
    assert_eq!(bench.the("off").snapshot().desired, Desired::Up);
    assert_eq!(bench.the("off").snapshot().status, Status::Stop, "the shutdown took it along");
}

#[tokio::test]
async fn a_handle_without_its_daemon_says_so() {
    let bench = Bench::new(vec![sh("a", "exec sleep 600")]).await;
    let a = bench.the("a").clone();
    bench.abandon().await;
    assert_eq!(a.command(Origin::Program, Command::Start).unwrap_err(), Refusal::Gone);
}
