//! Faults inside the transport: a socket that fails, a task that panics.

use super::*;
use crate::ca::{self, Validity};
use crate::files;
use crate::tls::TlsPaths;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Runtime, UdpPoller};
use std::io::IoSliceMut;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

const PATIENCE: Duration = Duration::from_secs(10);

/// A runtime whose sockets fail when they are told to, once.
#[derive(Debug)]
struct Failing(Arc<AtomicBool>);

impl Runtime for Failing {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn quinn::AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        TokioRuntime.spawn(future);
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let inner = TokioRuntime.wrap_udp_socket(socket)?;
        Ok(Arc::new(FailingSocket { inner, fail: self.0.clone() }))
    }
}

#[derive(Debug)]
struct FailingSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    fail: Arc<AtomicBool>,
}

impl AsyncUdpSocket for FailingSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.inner.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        if self.fail.swap(false, Ordering::SeqCst) {
            return Poll::Ready(Err(io::Error::other("the network card is gone")));
        }
        self.inner.poll_recv(context, bufs, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// Two nodes, `lower` with sockets that can be made to fail, which are linked.
struct Pair {
    _dir: tempfile::TempDir,
    fail: Arc<AtomicBool>,
    nodes: [(Transport, LinkEvents); 2],
}

impl Pair {
    async fn start(lower: &str, upper: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let year = Validity::days(now, 365);
        ca::init(dir.path(), "acme", year).unwrap();
        let credentials = |node: &str| {
            let files = ca::issue(dir.path(), dir.path(), node, &[], year, now).unwrap();
            let ca = dir.path().join("ca.pem");
            let paths = TlsPaths { ca, cert: files.certificate, key: files.key, revoked: None };
            Credentials::load(&paths, now).unwrap()
        };
        let config = |node: &str, peers: Vec<PeerAddr>| {
            let state = dir.path().join(format!("{node}.state"));
            std::fs::create_dir(&state).unwrap();
            TransportConfig {
                listen: ([127, 0, 0, 1], 0).into(),
                peers,
                period: Duration::from_millis(100),
                reset_key: files::reset_key(&state).unwrap(),
                seed: 1,
                quarantine: Duration::from_secs(1),
            }
        };
        let fail = Arc::new(AtomicBool::new(false));
        let runtime = Arc::new(Failing(fail.clone()));
        let a = Transport::start_on(&credentials(lower), config(lower, vec![]), runtime).unwrap();
        let addr = a.0.local_addr().unwrap().to_string();
        let peers = vec![PeerAddr { node: Some(lower.to_owned()), addr }];
        let b = Transport::start(&credentials(upper), config(upper, peers)).unwrap();
        let mut pair = Self { _dir: dir, fail, nodes: [a, b] };
        pair.up(1).await;
        pair.up(0).await;
        pair
    }

    async fn event(&mut self, node: usize) -> LinkEvent {
        let next = self.nodes[node].1.next();
        tokio::time::timeout(PATIENCE, next).await.expect("in time").expect("no end")
    }

    async fn up(&mut self, node: usize) {
        while !matches!(self.event(node).await, LinkEvent::Up { .. }) {}
    }

    async fn down(&mut self, node: usize) -> DownReason {
        loop {
            if let LinkEvent::Down { reason, .. } = self.event(node).await {
                return reason;
            }
        }
    }

    fn addr(&self) -> SocketAddr {
        self.nodes[0].0.local_addr().unwrap()
    }
}

#[tokio::test]
async fn a_socket_that_fails_is_opened_anew_and_links_come_back() {
    let mut pair = Pair::start("a-socket", "b-socket").await;
    let addr = pair.addr();
    pair.fail.store(true, Ordering::SeqCst);
    // Something must arrive for the failure to show.
    pair.nodes[1].0.send("a-socket", 0, Bytes::from_static(b"x")).unwrap();
    pair.down(0).await;
    pair.up(0).await;
    assert_eq!(pair.addr(), addr, "peers find it where it was");
    // The peer dials anew; its former link counts as dead once the new socket has answered for it.
    pair.nodes[0].0.send("b-socket", 0, Bytes::from_static(b"back")).unwrap();
    loop {
        if let LinkEvent::Frame { bytes, .. } = pair.event(1).await {
            assert_eq!(bytes, Bytes::from_static(b"back"));
            break;
        }
    }
}

#[tokio::test]
async fn a_panic_in_a_link_costs_the_link_and_nothing_else() {
    let mut pair = Pair::start("a-link", "b-link").await;
    tasks::arm("a link to", "b-link");
    pair.nodes[1].0.send("a-link", 0, Bytes::from_static(b"x")).unwrap();
    assert!(matches!(pair.down(0).await, DownReason::Failed(why) if why.contains("internal")));
    pair.up(0).await;
    pair.nodes[1].0.send("a-link", 0, Bytes::from_static(b"y")).ok();
    assert!(tasks::panics()["a link to"] >= 1);
}

#[tokio::test]
async fn a_panic_while_dialling_does_not_end_it() {
    // Armed before the node starts: its first attempt panics, a later one links.
    tasks::arm("dialling", "b-dial");
    let _pair = Pair::start("a-dial", "b-dial").await;
    assert!(tasks::panics()["dialling"] >= 1);
}
