//! Internal errors of a node: contained where they happen, and seen.

use super::*;
use crate::admin::{Client, StatusReport};
use crate::ca::{self, Validity};
use crate::{config, tasks};
use std::time::{Duration, Instant};

/// Starts a node without peers that counts its rounds.
async fn node(name: &str) -> (tempfile::TempDir, Node) {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    let year = Validity::days(now, 365);
    ca::init(dir.path(), "acme", year).unwrap();
    ca::issue(dir.path(), dir.path(), name, &[], year, now).unwrap();
    let text = format!(
        "[rounds]\nevery = \"50ms\"\n[node]\nname = \"{name}\"\nlisten = \"127.0.0.1:0\"\n\
         tls = {{ ca = \"ca.pem\", cert = \"{name}.pem\", key = \"{name}.key\" }}\n"
    );
    let config = config::parse(&dir.path().join("node.toml"), &text).unwrap();
    let program = fieldrun_stdlib::load_text("count.pt", "rep (n <- 0) { n + 1 }", &[]).unwrap();
    let node = Node::start(config, program.program).await.unwrap();
    (dir, node)
}

async fn until(node: &Node, what: &str, met: impl Fn(&StatusReport) -> bool) -> StatusReport {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let report = Client::connect(node.socket()).await.unwrap().status().await.unwrap();
        if met(&report) {
            return report;
        }
        assert!(Instant::now() < end, "{what}: {report:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn count(report: &StatusReport) -> f64 {
    report.nodes[0].status.devices[0].value.parse().unwrap_or(0.0)
}

#[tokio::test]
async fn a_round_that_panics_costs_this_round_and_its_state_goes_on() {
    let (_dir, node) = node("broken-round").await;
    let before = until(&node, "rounds", |r| count(r) >= 3.0).await;
    tasks::arm("a round of", "broken-round");
    let seen = until(&node, "the error", |r| !r.failing.is_empty()).await;
    assert!(seen.failing[0].diagnostic.contains("internal error"), "{seen:?}");
    assert!(seen.internal_errors["a round of"] >= 1);
    // The next round comes a second later, and knows what the former ones did.
    until(&node, "rounds go on", |r| count(r) > count(&before) && r.failing.is_empty()).await;
}

#[tokio::test]
async fn a_step_that_panics_does_not_end_the_daemon() {
    let (_dir, node) = node("broken-step").await;
    for step in ["telling", "signs of life", "planned stops", "rounds"] {
        tasks::arm(step, "broken-step");
        until(&node, step, |r| r.internal_errors.contains_key(step)).await;
    }
    let seen = until(&node, "it answers", |_| true).await;
    until(&node, "rounds go on", |r| count(r) > count(&seen) + 2.0).await;
}
