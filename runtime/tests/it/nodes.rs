//! Whole nodes: devices, services, links and the socket together.

use crate::fixture::{PATIENCE, anywhere, unnamed};
use crate::site::{
    HOPS, ORDER, Site, command, end, ended, program, report, service, status, until, value,
};
use bytes::Bytes;
use fieldrun_glue::Status;
use fieldrun_runtime::admin::{Client, Request, StatusReport, Watch};
use fieldrun_runtime::cluster::ClusterEvent;
use fieldrun_runtime::node::End;
use fieldrun_runtime::refusals::Refusal;
use fieldrun_runtime::{config, envelope, view};
use std::path::PathBuf;
use std::time::Duration;

#[tokio::test]
async fn values_spread_hop_by_hop_and_any_node_answers_for_all() {
    let site = Site::new(HOPS, &["a", "b", "c"]);
    let a = site.start("a", &["b"], &[("src", &[])]).await;
    let b = site.start("b", &["a", "c"], &[]).await;
    let c = site.start("c", &["b"], &[]).await;
    let seen = until(&c, "the hops", |r| {
        [("src", "0"), ("b", "1"), ("c", "2")]
            .iter()
            .all(|(id, hops)| value(r, id).is_some_and(|v| v == *hops || v == format!("{hops}.0")))
    })
    .await;
    assert_eq!(seen.nodes.len(), 3, "c is not linked to a, and yet knows it");
    assert_eq!(seen.transport.links.len(), 1);
    for node in [&a, &b] {
        until(node, "all nodes", |r| r.nodes.len() == 3).await;
    }
}

#[tokio::test]
async fn services_start_and_stop_in_the_order_of_their_dependencies() {
    let site = Site::new(ORDER, &["a", "b", "c"]);
    let a = site.start("a", &["b"], &[("db", &[])]).await;
    let b = site.start("b", &["a", "c"], &[("b2b", &["db"])]).await;
    let c = site.start("c", &["b"], &[("portal", &["b2b"]), ("alone", &[])]).await;
    let mut watch = Client::connect(c.socket()).await.unwrap().watch().await.unwrap();
    let all = ["db", "b2b", "portal", "alone"];
    until(&c, "all run", |r| all.iter().all(|id| status(r, id) == Some(Status::Run))).await;

    let said = command(&a, Request::Stop { service: "db".into() }).await.unwrap();
    assert_eq!(said, "db: stop accepted");
    let down = ["db", "b2b", "portal"];
    until(&c, "the cascade", |r| down.iter().all(|id| status(r, id) == Some(Status::Stop))).await;
    assert_eq!(status(&report(&c).await, "alone"), Some(Status::Run));
    let table = view::table(&report(&c).await);
    assert!(table.contains("blocked by b2b <- db"), "{table}");

    command(&a, Request::Start { service: "db".into() }).await.unwrap();
    until(&a, "all run again", |r| all.iter().all(|id| status(r, id) == Some(Status::Run))).await;
    let events = all_until(&mut watch, "portal", 6).await;
    let times = |id: &str, to: Status| -> Vec<u64> {
        events.iter().filter(|e| e.0 == id && e.2 == to).map(|e| e.3).collect()
    };
    for (lower, upper) in [("db", "b2b"), ("b2b", "portal")] {
        let begun = times(upper, Status::Starting);
        let ran = times(lower, Status::Run);
        assert!(begun.last() > ran.last(), "{upper} began before {lower} ran");
        assert!(times(upper, Status::Stopping).last() > times(lower, Status::Stopping).last());
    }
    for node in [a, b, c] {
        end(node, End::StopServices).await;
    }
}

#[tokio::test]
async fn devices_of_one_node_are_neighbours() {
    let site = Site::new(ORDER, &["a"]);
    let services: &[(&str, &[&str])] = &[("web", &["db"]), ("db", &[])];
    let a = site.start("a", &[], services).await;
    let seen = until(&a, "both run", |r| {
        ["db", "web"].iter().all(|id| status(r, id) == Some(Status::Run))
    })
    .await;
    let devices = &seen.nodes[0].status.devices;
    assert_eq!(devices.iter().map(|d| d.hears).collect::<Vec<_>>(), [1, 1]);
    command(&a, Request::Stop { service: "db".into() }).await.unwrap();
    until(&a, "web stops", |r| status(r, "web") == Some(Status::Stop)).await;
    end(a, End::StopServices).await;
}

/// Reads changes until one service had so many; checks that none is missing.
async fn all_until(watch: &mut Watch, last: &str, count: u64) -> Vec<(String, u64, Status, u64)> {
    let mut events: Vec<(String, u64, Status, u64)> = Vec::new();
    loop {
        let next = tokio::time::timeout(PATIENCE, watch.next()).await;
        let Ok(event) = next else { panic!("{last} had not {count} changes: {events:#?}") };
        let ClusterEvent::Service { change, .. } = event.unwrap() else { continue };
        let event = change.event;
        let before = events.iter().rev().find(|e| e.0 == event.service);
        assert!(before.is_none_or(|e| e.1 + 1 == event.seq), "a change is missing: {events:#?}");
        let done = event.service == last && event.seq >= count && event.to == Status::Run;
        events.push((event.service, event.seq, event.to, event.at_us));
        if done {
            return events;
        }
    }
}

#[tokio::test]
async fn a_daemon_dies_alone_and_adopts_its_services_when_it_is_back() {
    let site = Site::new(ORDER, &["a", "b"]);
    let a = site.start("a", &["b"], &[("db", &[])]).await;
    let b = site.start("b", &["a"], &[("web", &["db"])]).await;
    let before = until(&b, "both run", |r| {
        status(r, "db") == Some(Status::Run) && status(r, "web") == Some(Status::Run)
    })
    .await;
    let mut nodes = Vec::new();
    let pids = |r: &StatusReport| ["db", "web"].map(|id| service(r, id).unwrap().pid);
    for (node, peers, services) in
        [(a, "b", ("db", &[] as &[&str])), (b, "a", ("web", &["db"] as &[&str]))]
    {
        let name = node.name().to_owned();
        end(node, End::ServicesRunOn).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let back = site.start(&name, &[peers], &[services]).await;
        let again = until(&back, "both known", |r| {
            status(r, "db") == Some(Status::Run) && status(r, "web") == Some(Status::Run)
        })
        .await;
        assert_eq!(pids(&again), pids(&before), "after the restart of {name}");
        let us = again.nodes.iter().find(|node| node.status.node == name).unwrap();
        assert_eq!(us.status.incarnation, 2);
        // Long enough for hasty actions to show.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(pids(&report(&back).await), pids(&before));
        nodes.push(back);
    }
    for node in nodes {
        end(node, End::StopServices).await;
    }
}

#[tokio::test]
async fn one_device_on_two_nodes_counts_for_neither() {
    let site = Site::new(ORDER, &["a", "b", "c"]);
    let a = site.start("a", &["c"], &[("db", &[])]).await;
    let c = site.start("c", &["a", "b"], &[("web", &["db"])]).await;
    until(&c, "web runs", |r| status(r, "web") == Some(Status::Run)).await;
    let mut watch = Client::connect(c.socket()).await.unwrap().watch().await.unwrap();
    let b = site.start("b", &["c"], &[("db", &[])]).await;
    let flagged = async {
        loop {
            if let ClusterEvent::Conflict { id, nodes, .. } = watch.next().await.unwrap() {
                return (id, nodes);
            }
        }
    };
    let flagged = tokio::time::timeout(PATIENCE, flagged).await.unwrap();
    assert_eq!(flagged, ("db".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
    let seen = until(&c, "web stops", |r| status(r, "web") == Some(Status::Stop)).await;
    let own = seen.nodes.iter().find(|node| node.status.node == "c").unwrap();
    assert_eq!(own.status.conflicts, ["db"]);
    assert!(
        seen.transport.refusals.values().any(|p| p.counts.contains_key(&Refusal::DuplicateDevice))
    );
    end(b, End::StopServices).await;
    until(&c, "web runs again", |r| status(r, "web") == Some(Status::Run)).await;
    end(a, End::StopServices).await;
    end(c, End::StopServices).await;
}

/// While a cluster is upgraded, both versions of a program run side by side: no value is shared
/// between them, yet each knows what has become of the other's services.
#[tokio::test]
async fn a_neighbour_of_another_program_tells_its_service_all_the_same() {
    let site = Site::new(HOPS, &["a", "b"]);
    let a = site.start("a", &["b"], &[("src", &[])]).await;
    let start =
        r#"if (env.get("managedServiceStatus") == "stop") { self.startService() } else { 7 }"#;
    let b = site.config("b", &["a"], &[("db", &[])]);
    let b = site.try_start_with(&b, program(start)).await.unwrap_or_else(|error| panic!("{error}"));
    let seen = until(&a, "the other program's service", |r| {
        let devices = r.nodes.iter().flat_map(|node| &node.status.devices);
        let mut heard = devices.filter(|d| d.id == "src").flat_map(|d| &d.neighbors);
        heard.any(|n| n.id == "db" && n.other_program && n.service.is_some_and(|s| s.ready))
    })
    .await;
    assert!(view::table(&seen).contains("db(other program, run)"), "{}", view::table(&seen));
    end(b, End::StopServices).await;
    end(a, End::StopServices).await;
}

#[tokio::test]
async fn garbage_and_foreign_devices_of_a_member_are_refused() {
    let site = Site::new(HOPS, &["a", "b"]);
    let a = site.start("a", &["b"], &[("src", &[])]).await;
    let b = site.start("b", &["a"], &[]).await;
    let mut rogue = site.cluster.start("rogue", anywhere(), &[unnamed(a.addr())]);
    rogue.up("a").await;
    let count = |r: &StatusReport, kind: Refusal| {
        r.transport.refusals.get("rogue").and_then(|p| p.counts.get(&kind)).copied().unwrap_or(0)
    };
    rogue.transport.send("a", 1, envelope::device(&frame_of("b"))).unwrap();
    until(&a, "the foreign device", |r| count(r, Refusal::ForeignDevice) == 1).await;
    rogue.transport.send("a", 1, Bytes::from_static(b"\x01\x01nonsense")).unwrap();
    until(&a, "the garbage", |r| count(r, Refusal::Garbage) == 1).await;
    for i in 0..20u8 {
        rogue.transport.send("a", 100 + u32::from(i), Bytes::from(vec![1, 2, 0xc1, i])).ok();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seen =
        until(&a, "quarantine", |r| !r.transport.links.iter().any(|link| link.node == "rogue"))
            .await;
    assert!(view::table(&seen).contains("refused from rogue"), "{}", view::table(&seen));
    until(&b, "b still hears a", |r| value(r, "b").is_some_and(|v| v.starts_with('1'))).await;
    end(a, End::StopServices).await;
}

fn frame_of(id: &str) -> Bytes {
    use fieldrun_device::{Device, DeviceConfig, Input, Micros, NodeId, Output, SensorFrame};
    let mut device = Device::new(DeviceConfig::new(NodeId::text(id), program(HOPS)));
    let sensors = SensorFrame { env: Vec::new(), position: None };
    device.handle(Input::Tick { now: Micros(1), sensors: &sensors }).unwrap();
    let frame = std::iter::from_fn(|| device.poll()).find_map(|output| match output {
        Output::Broadcast(bytes) => Some(bytes),
        _ => None,
    });
    frame.unwrap()
}

#[tokio::test]
async fn a_program_that_fails_is_counted_and_touches_nothing() {
    let failing = r#"if (env.get("managedServiceStatus") == "stop") { self.startService() } else { env.get("nothing").foo(1) }"#;
    let site = Site::new(failing, &["a"]);
    let a = site.start("a", &[], &[("db", &[])]).await;
    let seen = until(&a, "traps", |r| {
        r.nodes[0].status.devices[0].traps > 3 && status(r, "db") == Some(Status::Run)
    })
    .await;
    assert!(!seen.nodes[0].status.devices[0].value.is_empty());
    assert!(view::table(&seen).contains("rounds failed"), "{}", view::table(&seen));
    end(a, End::StopServices).await;
}

/// A program without end is cut off by its fuel, again and again. The node answers, its links stay
/// up, and its neighbour's rounds go on.
#[tokio::test]
async fn a_program_without_end_keeps_the_node_from_nothing() {
    let endless = r#"
def f(n) { if (n == 0) { 0 } else { f(n - 1) + f(n - 1) } }
if (env.has("calm")) { 1 } else { f(60) }
"#;
    let site = Site::new(endless, &["a", "b"]);
    let a = site.start("a", &["b"], &[]).await;
    let calm = site.config("b", &["a"], &[]) + "[env]\ncalm = true\n";
    let b = site.try_start(&calm).await.unwrap_or_else(|error| panic!("{error}"));
    let own = |r: &StatusReport, name: &str| {
        r.nodes.iter().find(|n| n.status.node == name).map(|n| n.status.devices[0].clone())
    };
    let first = until(&a, "a trap", |r| own(r, "a").is_some_and(|d| d.traps > 0)).await;
    let since = first.transport.links[0].since;
    let before = own(&report(&b).await, "b").unwrap().rounds;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let seen = report(&a).await;
    assert_eq!(seen.transport.links[0].since, since, "the link went down");
    assert!(own(&seen, "a").unwrap().traps > 1);
    let rounds = own(&report(&b).await, "b").unwrap().rounds - before;
    assert!(rounds > 40, "{rounds} rounds of 50 ms in 5 s");
    end(b, End::ServicesRunOn).await;
    end(a, End::ServicesRunOn).await;
}

#[tokio::test]
async fn mistakes_are_named_before_anything_starts() {
    let site = Site::new(HOPS, &["a", "b"]);
    let a = site.start("a", &[], &[]).await;
    let text = site.config("a", &[], &[]);
    let error = site.try_start(&text).await.err().unwrap().to_string();
    assert!(error.contains("already running"), "{error}");

    let text = site.config("b", &[], &[("db", &[])]);
    let other = text.replace("cluster = \"acme\"", "cluster = \"other\"");
    let error = site.try_start(&other).await.err().unwrap().to_string();
    assert!(error.contains("cluster `other`") && error.contains("`acme`"), "{error}");
    let error = site.try_start(&text.replace("\"db\"", "\"web\"")).await.err().unwrap().to_string();
    assert!(error.contains("fieldrun ca issue b --service web"), "{error}");
    let cycle = text.clone() + "dependencies = []\n";
    assert!(config::parse(&PathBuf::from("x"), &cycle).is_err(), "a key given twice");
    let busy = text.replace(&site.addr("b").to_string(), &site.addr("a").to_string());
    let error = site.try_start(&busy).await.err().unwrap().to_string();
    assert!(error.contains("is another node running there"), "{error}");
    end(a, End::ServicesRunOn).await;
}

#[tokio::test]
async fn the_socket_is_private_bounded_and_helpful() {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;
    let site = Site::new(HOPS, &["a", "b"]);
    let a = site.start("a", &["b"], &[("src", &[])]).await;
    let b = site.start("b", &["a"], &[("web", &[])]).await;
    let mode = std::fs::metadata(a.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    until(&a, "b is known", |r| service(r, "web").is_some()).await;
    let error = command(&a, Request::Stop { service: "web".into() }).await.unwrap_err();
    assert!(error.to_string().contains("managed by node b"), "{error}");
    let error = command(&a, Request::Stop { service: "wbe".into() }).await.unwrap_err();
    assert!(error.to_string().contains("this node manages: src"), "{error}");

    let path = a.socket().to_owned();
    let raw = tokio::task::spawn_blocking(move || {
        let ask = |line: &[u8]| {
            let mut stream = UnixStream::connect(&path).unwrap();
            // A daemon that has refused may close before all is written.
            let _ = stream.write_all(line);
            let mut answer = String::new();
            let _ = BufReader::new(stream).read_line(&mut answer);
            answer
        };
        let idle: Vec<_> = (0..40).map(|_| UnixStream::connect(&path).unwrap()).collect();
        std::thread::sleep(Duration::from_millis(200));
        let crowded = ask(b"");
        drop(idle);
        std::thread::sleep(Duration::from_millis(200));
        [crowded, ask(b"nonsense\n"), ask(b"{\"cmd\":\"sotp\"}\n"), ask(&[b'x'; 100_000])]
    });
    let [crowded, nonsense, unknown, long] = raw.await.unwrap();
    assert!(crowded.contains("more than 32 clients"), "{crowded}");
    assert!(nonsense.contains("refused"), "{nonsense}");
    assert!(unknown.contains("sotp") && unknown.contains("stop"), "{unknown}");
    assert!(long.contains("more than 4096 bytes"), "{long}");

    // A socket that nobody serves is replaced; a daemon that is told to ends with its services.
    let (pid, socket) =
        (service(&report(&b).await, "web").and_then(|s| s.pid), b.socket().to_owned());
    assert_eq!(pid, None, "the program starts nothing here");
    let mut b = b;
    command(&b, Request::Shutdown { stop_services: true }).await.unwrap();
    ended(&mut b).await;
    assert!(!socket.exists());
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let b = site.start("b", &["a"], &[("web", &[])]).await;
    until(&b, "it answers", |r| r.node == "b").await;
    end(a, End::StopServices).await;
}
