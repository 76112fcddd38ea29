//! Links between honest nodes.

use crate::fixture::{Cluster, Node, anywhere, named, unnamed};
use bytes::Bytes;
use fieldrun_runtime::quic::{DownReason, Farewell, LinkEvent, MAX_FRAME, SendError};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

#[tokio::test]
async fn frames_go_both_ways_as_datagram_and_as_stream() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start_with(&cluster.credentials("a", &["db"]), anywhere(), &[]);
    let mut b = cluster.start("b", anywhere(), &[unnamed(a.addr())]);
    assert_eq!(b.up("a").await, ["db"], "what a may publish comes from its certificate");
    a.up("b").await;

    a.transport.broadcast(0, &Bytes::from_static(b"small")).unwrap();
    assert_eq!(b.frame().await, ("a".to_owned(), b"small".to_vec()));
    let large: Vec<u8> = (0..200_000u32).map(|i| i as u8).collect();
    b.transport.send("a", 0, large.clone().into()).unwrap();
    assert_eq!(a.frame().await, ("b".to_owned(), large));
    let largest = vec![7; MAX_FRAME];
    a.transport.send("b", 0, largest.clone().into()).unwrap();
    assert_eq!(b.frame().await.1, largest);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let cluster = Cluster::new("acme");
    let a = cluster.start("a", anywhere(), &[]);
    let gone = a.transport.send("b", 0, Bytes::from_static(b"x"));
    assert_eq!(gone, Err(SendError::NoLink("b".to_owned())));
    let large = a.transport.broadcast(0, &vec![0; MAX_FRAME + 1].into());
    assert_eq!(large, Err(SendError::TooLarge(MAX_FRAME + 1)));
}

#[tokio::test]
async fn a_newer_large_frame_takes_the_place_of_an_unfinished_one() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let mut b = cluster.start("b", anywhere(), &[unnamed(a.addr())]);
    b.up("a").await;
    a.up("b").await;
    let rounds = 200u32;
    for round in 0..rounds {
        b.transport.send("a", 0, vec![round as u8; 400_000].into()).unwrap();
        tokio::task::yield_now().await;
    }
    let mut seen = Vec::new();
    while seen.last() != Some(&((rounds - 1) as u8)) {
        seen.push(a.frame().await.1[0]);
    }
    assert!(seen.len() < rounds as usize / 2, "stale frames were sent: {seen:?}");
    assert_eq!(b.linked(), ["a"]);
}

#[tokio::test]
async fn both_ends_dial_and_one_link_remains() {
    let cluster = Cluster::new("acme");
    let probe = std::net::UdpSocket::bind(anywhere()).unwrap();
    let place = probe.local_addr().unwrap();
    drop(probe);
    let a = cluster.start("a", anywhere(), &[unnamed(place)]);
    let b = cluster.start("b", place, &[unnamed(a.addr())]);
    a.until("linked", |a| a.linked() == ["b"]).await;
    b.until("linked", |b| b.linked() == ["a"]).await;
    // Once settled, the link stays: it is the same one after a while.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (since_a, since_b) = (a.transport.status().links, b.transport.status().links);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(a.transport.status().links[0].since, since_a[0].since);
    assert_eq!(b.transport.status().links[0].since, since_b[0].since);
    assert!(a.transport.status().refusals.is_empty() && b.transport.status().refusals.is_empty());
    assert_eq!(a.transport.status().peers[0].state, "linked");
    assert_eq!(b.transport.status().peers[0].node.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_goodbye_is_noticed_at_once() {
    let cluster = Cluster::new("acme");
    let a = cluster.start("a", anywhere(), &[]);
    let mut b = cluster.start("b", anywhere(), &[named("a", a.addr())]);
    b.up("a").await;
    let asked = Instant::now();
    a.transport.shut_down(Farewell::ForGood).await;
    assert_eq!(b.down("a").await, DownReason::Goodbye);
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
}

/// The process dies without a word and another takes its place at the same address. The peer learns
/// it from the answer to the first packet that it sends, not from the idle time-out of 3 s.
#[tokio::test]
async fn a_restarted_peer_is_noticed_in_a_round_trip() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let who = cluster.credentials("b", &[]);
    let peers = [named("a", a.addr())];
    let (victim, b) = in_own_runtime(|| cluster.start_with(&who, anywhere(), &peers));
    a.up("b").await;
    let place = b.addr();
    // Its tasks are gone first, so that nothing can send a goodbye when its handles are dropped.
    let end = move || victim.shutdown_timeout(Duration::from_secs(1));
    tokio::task::spawn_blocking(end).await.unwrap();
    drop(b);

    let restarted = Instant::now();
    let _b = cluster.start_with(&who, place, &[]);
    a.transport.send("b", 0, vec![0; 600].into()).unwrap();
    assert_eq!(a.down("b").await, DownReason::Restarted);
    assert!(restarted.elapsed() < Duration::from_secs(1), "{:?}", restarted.elapsed());
}

/// Starts a node in a runtime of its own, with one thread, that a test can stop or block.
fn in_own_runtime(start: impl FnOnce() -> Node) -> (Runtime, Node) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let node = {
        let _inside = runtime.enter();
        start()
    };
    (runtime, node)
}

#[tokio::test]
async fn a_link_comes_back_after_a_restart() {
    let cluster = Cluster::new("acme");
    let b = cluster.start("b", anywhere(), &[]);
    let place = b.addr();
    let mut a = cluster.start("a", anywhere(), &[unnamed(place)]);
    a.up("b").await;
    b.transport.shut_down(Farewell::ServicesRunOn).await;
    drop(b);
    assert_eq!(a.down("b").await, DownReason::Leaving);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let back = Instant::now();
    let _b = cluster.start("b", place, &[]);
    a.up("b").await;
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
}

/// A peer that is stopped as by SIGSTOP says nothing and answers nothing.
#[tokio::test]
async fn silence_ends_a_link_after_the_idle_time() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let (who, peers) = (cluster.credentials("b", &[]), [unnamed(a.addr())]);
    let (stopped, b) = in_own_runtime(|| cluster.start_with(&who, anywhere(), &peers));
    a.up("b").await;
    let began = Instant::now();
    stopped.spawn(async { std::thread::sleep(Duration::from_secs(6)) });
    assert_eq!(a.down("b").await, DownReason::Silent);
    let took = began.elapsed();
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(5), "{took:?}");
    drop(b);
    stopped.shutdown_background();
}

#[tokio::test]
async fn a_slow_node_loses_old_frames_only() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let mut b = cluster.start("b", anywhere(), &[unnamed(a.addr())]);
    b.up("a").await;
    a.up("b").await;
    for i in 0..2_000u32 {
        b.transport.send("a", i % 8, i.to_le_bytes().to_vec().into()).unwrap();
        if i % 8 == 7 {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut frames = Vec::new();
    while let Ok(Some(event)) =
        tokio::time::timeout(Duration::from_millis(100), a.events.next()).await
    {
        if let LinkEvent::Frame { bytes, .. } = event {
            frames.push(u32::from_le_bytes(bytes.as_ref().try_into().unwrap()));
        }
    }
    assert!(frames.len() <= 64, "{} frames waited", frames.len());
    assert_eq!(frames.last(), Some(&1_999));
}
