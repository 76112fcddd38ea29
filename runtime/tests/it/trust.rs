//! Whom nodes trust, and how that changes while they run: revocation, other authorities, reloads,
//! and members that lie.

use crate::fixture::{Cluster, Node, PATIENCE, anywhere, named, unnamed};
use crate::hostile::{connect, raw_config};
use crate::site::{HOPS, Site, command, end, program, report, until, value};
use bytes::Bytes;
use fieldrun_device::host::Reading;
use fieldrun_device::{Device, DeviceConfig, Input, Micros, NodeId, Output, SensorFrame};
use fieldrun_runtime::admin::{Request, StatusReport};
use fieldrun_runtime::ca::{self, Validity, Which};
use fieldrun_runtime::cluster::{NodeStatus, Told};
use fieldrun_runtime::envelope;
use fieldrun_runtime::node::End;
use fieldrun_runtime::quic::DownReason;
use fieldrun_runtime::refusals::Refusal;
use std::time::{Duration, Instant, SystemTime};

fn year() -> Validity {
    Validity::days(SystemTime::now(), 365)
}

fn since(node: &Node, peer: &str) -> Option<u64> {
    let links = node.transport.status().links;
    links.iter().find(|link| link.node == peer).map(|link| link.since)
}

#[tokio::test]
async fn a_revoked_node_is_cut_off_and_not_let_in_again_and_others_notice_nothing() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let b = cluster.start("b", anywhere(), &[named("a", a.addr())]);
    let _c = cluster.start("c", anywhere(), &[named("a", a.addr())]);
    a.until("both are linked", |a| a.linked() == ["b", "c"]).await;
    let before = since(&a, "c");

    let now = SystemTime::now();
    ca::revoke(cluster.path(), &Which::Node("b".to_owned()), None, now).unwrap();
    let cut = a.transport.renew(&cluster.load("a", now)).unwrap();
    assert_eq!(cut, [("b".to_owned(), "its certificate was revoked".to_owned())]);
    assert_eq!(a.down("b").await, DownReason::Revoked);
    b.until("hears why", |b| b.transport.status().peers[0].state.contains("was revoked")).await;
    a.until("refuses it", |a| a.refused(Refusal::RevokedCertificate) > 0).await;
    assert_eq!(a.linked(), ["c"]);
    assert_eq!(since(&a, "c"), before, "the link of another node was touched");
    let error = fieldrun_runtime::tls::Credentials::load(&cluster.tls("b"), now).unwrap_err();
    assert!(error.to_string().contains("was revoked"), "{error}");

    // A dialler looks as well: c does not link to b either.
    let b_addr = b.addr();
    let d = cluster.start("d", anywhere(), &[unnamed(b_addr)]);
    d.until("refuses it", |d| d.refused(Refusal::RevokedCertificate) > 0).await;

    // With a certificate of its own it is a member again.
    drop(b);
    for file in ["pem", "key"] {
        std::fs::remove_file(cluster.file("b", file)).unwrap();
    }
    let _b = cluster.start("b", anywhere(), &[named("a", a.addr())]);
    a.up("b").await;
}

#[tokio::test]
async fn an_authority_is_replaced_while_nodes_stay_linked() {
    let cluster = Cluster::new("acme");
    let now = SystemTime::now();
    let a = cluster.start("a", anywhere(), &[]);
    let b = cluster.start("b", anywhere(), &[named("a", a.addr())]);
    a.until("linked", |a| a.linked() == ["b"]).await;
    let first = since(&a, "b");
    let left = cluster.credentials("left", &[]);

    ca::rotate(cluster.path(), year(), now).unwrap();
    // A node that trusts only the old authority refuses what the new one issues, so all learn of it
    // first.
    for node in [(&a, "a"), (&b, "b")] {
        assert_eq!(node.0.transport.renew(&cluster.load(node.1, now)).unwrap(), []);
    }
    for node in ["a", "b"] {
        ca::renew(cluster.path(), &cluster.file(node, "pem"), None, false, year(), now).unwrap();
    }
    // One has a certificate of the new authority, the other of the old: whoever dials, they link.
    b.transport.renew(&cluster.load("b", now)).unwrap();
    let c = cluster.start("c", anywhere(), &[named("a", a.addr()), named("b", b.addr())]);
    c.until("links to both", |c| c.linked() == ["a", "b"]).await;
    a.transport.renew(&cluster.load("a", now)).unwrap();
    assert_eq!(since(&a, "b"), first, "the link lived through all of it");

    ca::finish(cluster.path(), true, now).unwrap();
    let cut = a.transport.renew(&cluster.load("a", now)).unwrap();
    assert!(cut.iter().all(|(_, why)| why.contains("authority any more")), "{cut:?}");
    b.transport.renew(&cluster.load("b", now)).unwrap();
    // What was linked under the old certificates links anew under the new ones.
    a.until("linked again", |a| a.linked() == ["b", "c"] && since(a, "b") != first).await;
    let left = cluster.start_with(&left, anywhere(), &[named("a", a.addr())]);
    left.until("refuses the new", |n| n.refused(Refusal::ForeignCertificate) > 0).await;
    // One that trusts anybody is refused by the others.
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    let reckless = connect(&endpoint, raw_config(Some((&cluster, "left"))), a.addr());
    let _reckless = reckless.await;
    a.until("refuses the old", |a| a.refused(Refusal::ForeignCertificate) > 0).await;
    assert!(left.linked().is_empty() && a.linked() == ["b", "c"]);
}

#[tokio::test]
async fn peers_come_and_go_while_the_node_runs() {
    let cluster = Cluster::new("acme");
    let (a, b) = (cluster.start("a", anywhere(), &[]), cluster.start("b", anywhere(), &[]));
    let c = cluster.start("c", anywhere(), &[named("a", a.addr())]);
    c.until("a", |c| c.linked() == ["a"]).await;
    let before = since(&c, "a");
    c.transport.set_peers(vec![named("b", b.addr()), named("a", a.addr())]);
    c.until("both", |c| c.linked() == ["a", "b"]).await;
    assert_eq!(since(&c, "a"), before, "a known peer keeps its link");
    let listed = |c: &Node| -> Vec<Option<String>> {
        c.transport.status().peers.into_iter().map(|peer| peer.node).collect()
    };
    assert_eq!(listed(&c), [Some("b".to_owned()), Some("a".to_owned())]);
    c.transport.set_peers(vec![named("b", b.addr())]);
    c.until("only b", |c| c.linked() == ["b"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((c.linked(), listed(&c).len()), (vec!["b".to_owned()], 1));
}

#[tokio::test]
async fn two_hosts_with_one_certificate_are_found_out_and_named() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let witness = cluster.start("witness", anywhere(), &[named("a", a.addr())]);
    let who = cluster.credentials("twin", &[]);
    let first = cluster.start_with(&who, anywhere(), &[named("a", a.addr())]);
    a.up("twin").await;
    let second = cluster.start_with(&who, anywhere(), &[named("a", a.addr())]);
    a.until("finds out", |a| a.refused(Refusal::Twin) > 0).await;
    let refusals = a.transport.status().refusals;
    let said = &refusals["twin"].last;
    for host in [first.addr(), second.addr()] {
        assert!(said.contains(&host.to_string()) || said.contains("quarantine"), "{said}");
    }
    assert_eq!(a.linked(), ["witness"], "neither counts");
    // One is stopped; after the quarantine (a second here) the other is welcome.
    drop(second);
    a.until("takes the other", |a| a.linked() == ["twin", "witness"]).await;
    assert_eq!(witness.linked(), ["a"]);
}

fn counted(report: &StatusReport, peer: &str, kind: Refusal) -> u64 {
    let refusals = report.transport.refusals.get(peer);
    refusals.and_then(|peer| peer.counts.get(&kind)).copied().unwrap_or(0)
}

/// A member speaks for others: in a device's frame, in the status of a linked node, and for a service
/// that its certificate does not name.
#[tokio::test]
async fn a_member_that_lies_is_not_believed() {
    let site = Site::new(HOPS, &["a", "b"]);
    let a = site.start("a", &["b"], &[]).await;
    let b = site.start("b", &["a"], &[("db", &[])]).await;
    until(&a, "b is linked", |r| r.transport.links.iter().any(|link| link.node == "b")).await;
    let honest = until(&a, "b's service", |r| crate::site::service(r, "db").is_some()).await;
    let known = |r: &StatusReport| {
        let b = r.nodes.iter().find(|node| node.status.node == "b").map(|n| n.status.clone());
        b.map(|status| (status.incarnation, status.services.len()))
    };
    let mut liar = site.cluster.start("liar", anywhere(), &[unnamed(a.addr())]);
    liar.up("a").await;

    let frame = envelope::device(&frames("db", &[true])[0]);
    liar.transport.send("a", 1, frame).unwrap();
    until(&a, "the device", |r| counted(r, "liar", Refusal::ForeignDevice) == 1).await;

    let tell = |node: &str, services| {
        let mut status =
            NodeStatus { node: node.to_owned(), incarnation: u64::MAX, ..NodeStatus::default() };
        status.services = services;
        envelope::status(&[Told { age_ms: 0, status }]).messages.remove(0)
    };
    liar.transport.send("a", 2, tell("b", Vec::new())).unwrap();
    let services = honest.nodes.iter().flat_map(|node| node.status.services.clone()).collect();
    liar.transport.send("a", 3, tell("liar", services)).unwrap();
    let seen = until(&a, "the service", |r| counted(r, "liar", Refusal::ForeignDevice) == 2).await;
    assert_eq!(known(&seen), known(&honest), "b speaks for itself");
    assert!(!seen.nodes.iter().any(|node| node.status.node == "liar"), "and nothing of it counts");
    end(a, End::StopServices).await;
    end(b, End::StopServices).await;
}

/// The frames of the first rounds of a device that runs [`HOPS`]; in each it is the source or not.
fn frames(id: &str, source: &[bool]) -> Vec<Bytes> {
    let mut device = Device::new(DeviceConfig::new(NodeId::text(id), program(HOPS)));
    let mut frames = Vec::new();
    for (round, source) in source.iter().enumerate() {
        let service = Reading::text(if *source { "src" } else { "" });
        let env = vec![("serviceID".to_owned(), service)];
        let sensors = SensorFrame { env, position: None };
        let now = Micros(1 + round as u64 * 1_000_000);
        device.handle(Input::Tick { now, sensors: &sensors }).unwrap();
        frames.extend(std::iter::from_fn(|| device.poll()).filter_map(|output| match output {
            Output::Broadcast(bytes) => Some(bytes),
            _ => None,
        }));
    }
    assert_eq!(frames.len(), source.len());
    frames
}

/// What a peer said in an earlier round does not come back, however often its bytes do.
#[tokio::test]
async fn frames_of_earlier_rounds_are_not_taken_again() {
    let site = Site::new(HOPS, &["a"]);
    let a = site.start("a", &[], &[]).await;
    let mut peer = site.cluster.start("peer", anywhere(), &[unnamed(a.addr())]);
    peer.up("a").await;
    let frames = frames("peer", &[true, true]);
    let send = |frame: &Bytes| peer.transport.send("a", 1, envelope::device(frame)).unwrap();
    send(&frames[0]);
    let far = |r: &StatusReport| {
        value(r, "a").is_some_and(|v| v.starts_with("1000") || v.starts_with("1001"))
    };
    until(&a, "the first round", far).await;
    send(&frames[1]);
    let near = |r: &StatusReport| value(r, "a").is_some_and(|v| v == "1" || v == "1.0");
    until(&a, "the second round", near).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        send(&frames[0]);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let seen = report(&a).await;
        assert!(near(&seen), "a replayed frame counts: {:?}", value(&seen, "a"));
    }
    end(a, End::ServicesRunOn).await;
}

/// Everything that may change at run time does, what may not is named, and a file that is wrong
/// changes nothing.
#[tokio::test]
async fn a_reload_takes_over_what_is_right_and_keeps_what_is_wrong_out() {
    let here = r#"if (env.get("far", false)) { 7 } else { 3 }"#;
    let site = Site::new(here, &["a", "b"]);
    let b = site.start("b", &[], &[]).await;
    let path = site.write("a", &[], &[]);
    let text = std::fs::read_to_string(&path).unwrap();
    let a = site.start_file("a").await;
    until(&a, "it runs", |r| value(r, "a").is_some_and(|v| v.starts_with('3'))).await;

    let peers = format!("peers = [\"{}\"]", site.addr("b"));
    let good = text.replace("peers = []", &peers).replace("50ms", "60ms") + "[env]\nfar = true\n";
    std::fs::write(&path, &good).unwrap();
    let said = command(&a, Request::Reload).await.unwrap();
    assert!(said.contains("1 peers") && said.contains("[env] changed"), "{said}");
    assert!(said.contains("after a restart only: rounds.every"), "{said}");
    until(&a, "the new value", |r| value(r, "a").is_some_and(|v| v.starts_with('7'))).await;
    let seen = until(&a, "the new peer", |r| r.transport.links.len() == 1).await;

    let other = Cluster::new("acme");
    other.credentials("a", &[]);
    let now = SystemTime::now();
    let pem = site.cluster.file("a", "pem");
    let (certificate, list) =
        (std::fs::read(&pem).unwrap(), site.cluster.path().join("revoked.pem"));
    let old_list = std::fs::read(&list).unwrap();
    ca::revoke(site.cluster.path(), &Which::Node("b".into()), None, now).unwrap();
    let new_list = std::fs::read(&list).unwrap();
    std::fs::write(&list, &old_list).unwrap();
    for (what, wrong, part) in [
        ("syntax", good.replace("[node]", "[node"), "a.toml"),
        ("an unknown key", good.replace("peers =", "pears ="), "did you mean `peers`"),
        ("no list", good.replace(", revoked = \"revoked.pem\"", ""), "could come back"),
        ("another node", good.replace("\"a.pem", "\"b.pem").replace("\"a.key", "\"b.key"), "`b`"),
        ("a missing file", good.replace("\"a.key", "\"none.key"), "none.key"),
    ] {
        std::fs::write(&path, wrong).unwrap();
        let error = command(&a, Request::Reload).await.unwrap_err().to_string();
        assert!(error.contains("changed nothing"), "{what}: {error}");
        assert!(error.contains(part), "{what}: {error}");
    }
    std::fs::write(&path, &good).unwrap();
    std::fs::copy(other.file("a", "pem"), &pem).unwrap();
    let error = command(&a, Request::Reload).await.unwrap_err().to_string();
    assert!(error.contains("was not issued by the authority"), "{error}");
    std::fs::write(&pem, certificate).unwrap();
    let after = report(&a).await;
    assert_eq!(after.transport.links[0].since, seen.transport.links[0].since, "the link stayed");

    // The list that revokes b, and after it the older one again.
    std::fs::write(&list, new_list).unwrap();
    let said = command(&a, Request::Reload).await.unwrap();
    assert!(said.contains("cut the link to b: its certificate was revoked"), "{said}");
    std::fs::write(&list, old_list).unwrap();
    let error = command(&a, Request::Reload).await.unwrap_err().to_string();
    assert!(error.contains("is older than"), "{error}");
    let seen = until(&a, "refuses b", |r| {
        r.transport.links.is_empty()
            && r.transport
                .refusals
                .values()
                .any(|p| p.counts.contains_key(&Refusal::RevokedCertificate))
    });
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
    end(a, End::ServicesRunOn).await;
    end(b, End::ServicesRunOn).await;
}
