//! The notation of services in configuration files.

use std::path::Path;
use std::time::Duration;

use fieldrun_glue::{Check, Policy, ServiceSpec, StopAction, StopSignal, Thresholds};

use crate::spec;

fn complaint(text: &str) -> String {
    match toml::from_str::<ServiceSpec>(text) {
        Ok(spec) => panic!("accepted: {spec:?}"),
        Err(error) => error.message().to_owned(),
    }
}

#[test]
fn what_is_not_said_has_a_sensible_value() {
    let spec = spec("id = 'a'\nexec = 'serve --port 80'");
    assert_eq!(spec, ServiceSpec::new("a", &["serve", "--port", "80"]));
    assert_eq!(spec.start_timeout, Duration::from_secs(60));
    assert_eq!((spec.policy, spec.autostart), (Policy::Restart, true));
    assert_eq!(spec.stop.len(), 2);
    assert_eq!(spec.stop[0].action, StopAction::Signal(StopSignal::Term));
    assert_eq!(spec.stop[1].timeout, Duration::from_secs(2));
    assert_eq!((spec.restart.max, spec.restart.per), (5, Duration::from_secs(60)));
}

#[test]
fn everything_can_be_said() {
    let mut spec = spec(
        r#"
        id = "b2b"
        exec = ["./serve", "two words"]
        cwd = "work"
        env = { A = "1" }
        dependencies = ["db"]
        policy = "observe"
        autostart = false
        start_timeout = "2m"
        ready = { http = "http://127.0.0.1:8080/ready?x=1" }
        alive = { query = "localhost:9", send = "hi", expect = "yes", interval = "250ms", fail = 4 }
        stop = [{ exec = "bin/stop --now" }, { signal = "KILL", timeout = "1s" }]
        restart = { max = 2, per = "1h", backoff = "1s..2s" }
        log_limit = 4096
        "#,
    );
    let ready = spec.ready.as_ref().unwrap();
    let http = Check::Http { address: "127.0.0.1:8080".into(), path: "/ready?x=1".into() };
    assert_eq!((&ready.check, ready.thresholds), (&http, Thresholds { fail: 3, pass: 1 }));
    let alive = spec.alive.as_ref().unwrap();
    let query =
        Check::Query { address: "localhost:9".into(), send: "hi".into(), expect: "yes".into() };
    assert_eq!((&alive.check, alive.thresholds), (&query, Thresholds { fail: 4, pass: 2 }));
    assert_eq!(alive.interval, Duration::from_millis(250));
    spec.rebase(Path::new("/etc/fieldrun"));
    assert_eq!(spec.exec[0], "/etc/fieldrun/./serve");
    assert_eq!(spec.cwd.as_deref(), Some(Path::new("/etc/fieldrun/work")));
    let StopAction::Exec(words) = &spec.stop[0].action else { panic!("{:?}", spec.stop) };
    assert_eq!(words[0], "/etc/fieldrun/bin/stop");
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    for (text, expected) in [
        ("exec = 'a'", "missing field `id`"),
        ("id = 'a'\nexecute = 'a'", "unknown field `execute`, expected one of `id`, `exec`"),
        ("id = 'a'\nexec = ''", "the command is empty"),
        ("id = 'a'\nexec = 3", "a text or a list of texts"),
        ("id = 'a'\nexec = \"a 'b\"", "closing"),
        ("id = 'a'\nstart_timeout = '60'", "no unit"),
        ("id = 'a'\npolicy = 'always'", "expected one of `restart`, `manual`, `observe`"),
        ("id = 'a'\nready = {}", "exactly one of `exec`, `tcp`, `http` and `query`"),
        ("id = 'a'\nready = { tcp = 'a:1', exec = 'b' }", "exactly one of"),
        ("id = 'a'\nready = { tcp = 'nowhere' }", "write `host:port`"),
        ("id = 'a'\nready = { tcp = 'a:99999' }", "write `host:port`"),
        ("id = 'a'\nready = { http = 'https://a' }", "must begin with `http://`"),
        ("id = 'a'\nready = { tcp = 'a:1', send = 'x' }", "belong to a `query` probe"),
        ("id = 'a'\nalive = { tcp = 'a:1', fail = 0 }", "1 or more"),
        ("id = 'a'\nalive = { tcp = 'a:1', interval = '0s' }", "at least 10ms"),
        ("id = 'a'\nstop = [{ timeout = '1s' }]", "exactly one of `signal` and `exec`"),
        ("id = 'a'\nstop = [{ signal = 'BANG' }]", "unknown variant `BANG`"),
        ("id = 'a'\nrestart = { backoff = '1s' }", "write `200ms..30s`"),
        ("id = 'a'\nrestart = { backoff = '2s..1s' }", "ends before it begins"),
        ("id = 'a'\nrestart = { most = 3 }", "unknown field `most`"),
    ] {
        let complaint = complaint(text);
        assert!(complaint.contains(expected), "{text}\n{complaint}");
    }
}
