//! Links over a bad network: a UDP relay that loses, doubles and delays packets, or stops passing
//! large ones.

use crate::fixture::{Cluster, Node, anywhere, unnamed};
use bytes::Bytes;
use fieldrun_runtime::quic::LinkEvent;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

/// What happens to packets; the choices follow from a seed.
struct Relay {
    addr: SocketAddr,
    loss_percent: AtomicU64,
    max_len: AtomicUsize,
    dropped_large: AtomicUsize,
    random: AtomicU64,
}

impl Relay {
    /// Relays between whoever sends first and `target`.
    async fn start(target: SocketAddr) -> Arc<Self> {
        let socket = Arc::new(UdpSocket::bind(anywhere()).await.unwrap());
        let relay = Arc::new(Self {
            addr: socket.local_addr().unwrap(),
            loss_percent: AtomicU64::new(0),
            max_len: AtomicUsize::new(usize::MAX),
            dropped_large: AtomicUsize::new(0),
            random: AtomicU64::new(7),
        });
        tokio::spawn(relay.clone().run(socket, target));
        relay
    }

    async fn run(self: Arc<Self>, socket: Arc<UdpSocket>, target: SocketAddr) {
        let mut client = None;
        let mut buffer = vec![0; 65_536];
        while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
            let to = if from == target { client } else { Some(target) };
            if from != target {
                client = Some(from);
            }
            let Some(to) = to else { continue };
            if len > self.max_len.load(Ordering::Relaxed) {
                self.dropped_large.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            if self.chance(self.loss_percent.load(Ordering::Relaxed)) {
                continue;
            }
            let copies = if self.chance(5) { 2 } else { 1 };
            for _ in 0..copies {
                let delay = Duration::from_millis(if self.chance(20) { 15 } else { 1 });
                let (socket, packet) = (socket.clone(), buffer[..len].to_vec());
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = socket.send_to(&packet, to).await;
                });
            }
        }
    }

    /// True in so many of a hundred cases (xorshift).
    fn chance(&self, percent: u64) -> bool {
        let mut x = self.random.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.store(x, Ordering::Relaxed);
        (x >> 20) % 100 < percent
    }
}

async fn linked() -> (Node, Node, Arc<Relay>) {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    let relay = Relay::start(a.addr()).await;
    let mut b = cluster.start("b", anywhere(), &[unnamed(relay.addr)]);
    b.up("a").await;
    a.up("b").await;
    // The certificates are read; the files may go.
    drop(cluster);
    (a, b, relay)
}

/// The longest time without a frame of b while it sends ten a second for `time`. The link must not
/// go down meanwhile.
async fn longest_silence(a: &mut Node, b: &Node, time: Duration, len: usize) -> Duration {
    let (began, mut last, mut longest) = (Instant::now(), Instant::now(), Duration::ZERO);
    let mut next = began;
    while began.elapsed() < time {
        if next <= Instant::now() {
            b.transport.send("a", 0, Bytes::from(vec![1; len])).unwrap();
            next += Duration::from_millis(100);
        }
        let wait = next.saturating_duration_since(Instant::now());
        match tokio::time::timeout(wait, a.events.next()).await {
            Ok(Some(LinkEvent::Frame { .. })) => {
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    }
    longest.max(last.elapsed())
}

#[tokio::test]
async fn a_quarter_of_packets_lost_others_doubled_and_late_takes_no_link_down() {
    let (mut a, b, relay) = linked().await;
    relay.loss_percent.store(25, Ordering::Relaxed);
    let time = Duration::from_secs(6);
    let small = longest_silence(&mut a, &b, time, 300).await;
    assert!(small < Duration::from_secs(2), "no datagram for {small:?}");
    let large = longest_silence(&mut a, &b, time, 5_000).await;
    assert!(large < Duration::from_secs(4), "no stream for {large:?}");
}

#[tokio::test]
async fn when_large_packets_vanish_frames_still_arrive() {
    let (mut a, b, relay) = linked().await;
    // Long enough for both ends to have found out that larger packets pass.
    longest_silence(&mut a, &b, Duration::from_secs(1), 1_300).await;
    relay.max_len.store(1_200, Ordering::Relaxed);
    longest_silence(&mut a, &b, Duration::from_secs(3), 1_300).await;
    assert!(relay.dropped_large.load(Ordering::Relaxed) > 0, "nothing was ever large");
    let after = longest_silence(&mut a, &b, Duration::from_secs(2), 1_300).await;
    assert!(after < Duration::from_secs(1), "no frame for {after:?}");
    b.transport.send("a", 1, vec![2; 200_000].into()).unwrap();
    while a.frame().await.1.len() != 200_000 {}
}

#[tokio::test]
async fn a_link_comes_back_after_a_cut() {
    let (mut a, mut b, relay) = linked().await;
    relay.loss_percent.store(100, Ordering::Relaxed);
    b.down("a").await;
    a.down("b").await;
    relay.loss_percent.store(0, Ordering::Relaxed);
    let healed = Instant::now();
    b.up("a").await;
    a.up("b").await;
    assert!(healed.elapsed() < Duration::from_secs(8), "{:?}", healed.elapsed());
}
