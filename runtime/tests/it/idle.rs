//! What a cluster costs while nothing happens.

use crate::site::{HOPS, Site, end, report, until};
use fieldrun_runtime::admin::StatusReport;
use fieldrun_runtime::node::End;
use fieldrun_runtime::quic::LinkStatus;
use std::time::Duration;

/// Of every UDP datagram over IPv4.
const IP_AND_UDP: u64 = 28;

/// Packets and bytes that a node has sent, the same received, and when.
fn totals(report: &StatusReport) -> [u64; 5] {
    let links = &report.transport.links;
    let sum = |of: fn(&LinkStatus) -> u64| links.iter().map(of).sum();
    [
        sum(|l| l.sent.datagrams),
        sum(|l| l.sent.bytes + IP_AND_UDP * l.sent.datagrams),
        sum(|l| l.received.datagrams),
        sum(|l| l.received.bytes + IP_AND_UDP * l.received.datagrams),
        report.at_us,
    ]
}

/// Eleven nodes, each linked to the ten others, with a round a second. The bound is that of the
/// design: 3 kB a second and node, with QUIC, UDP and IP. Rounds, signs of life and what QUIC
/// acknowledges are counted; nothing else is sent while nothing changes.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_node_with_ten_neighbours_sends_at_most_three_kilobytes_a_second() {
    let names = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10"];
    let site = Site::new(HOPS, &names);
    let mut nodes = Vec::new();
    for name in names {
        let peers: Vec<&str> = names.into_iter().filter(|peer| *peer != name).collect();
        let services: &[(&str, &[&str])] = if name == "n0" { &[("src", &[])] } else { &[] };
        let config = site.config(name, &peers, services).replace("50ms", "1s");
        nodes.push(site.try_start(&config).await.unwrap_or_else(|error| panic!("{error}")));
    }
    let settled = |r: &StatusReport| {
        let devices: Vec<_> = r.nodes.iter().flat_map(|node| &node.status.devices).collect();
        r.transport.links.len() == 10
            && devices.len() == 11
            && devices.iter().all(|d| d.hears == 10)
    };
    for node in &nodes {
        until(node, "all are linked and known", settled).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = totals(&report(&nodes[5]).await);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let after = report(&nodes[5]).await;
    let now = totals(&after);
    let seconds = (now[4] - before[4]) as f64 / 1e6;
    let rate = |of: usize| (now[of] - before[of]) as f64 / seconds;
    let [packets, sent, packets_received, received] = [0, 1, 2, 3].map(rate);
    println!(
        "an idle node sends {packets:.1} packets and {sent:.0} bytes a second, and receives \
         {packets_received:.1} and {received:.0}"
    );
    assert!(sent < 3_000.0, "sent {sent} B/s");
    assert!(received < 3_000.0, "received {received} B/s");
    // It is no less alive for it.
    assert!(sent > 10.0 * 60.0, "ten neighbours get a round a second: {sent} B/s");
    assert!(after.nodes.iter().all(|node| node.age_ms < 5_000), "{:?}", after.nodes);
    for node in nodes {
        end(node, End::StopServices).await;
    }
}
