//! A cluster in a temporary folder, and transports of its nodes.

use fieldrun_runtime::ca::{self, Validity};
use fieldrun_runtime::files;
use fieldrun_runtime::quic::{
    DownReason, LinkEvent, LinkEvents, PeerAddr, Transport, TransportConfig,
};
use fieldrun_runtime::tls::{Credentials, TlsPaths};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Nothing on loopback takes longer than this unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const PERIOD: Duration = Duration::from_millis(100);

/// A cluster authority with the certificates of its nodes.
pub(crate) struct Cluster {
    dir: tempfile::TempDir,
}

impl Cluster {
    pub(crate) fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Older than any certificate of a test, also of those whose clock is behind.
        let yesterday = SystemTime::now() - Duration::from_secs(86_400);
        ca::init(dir.path(), name, Validity::days(yesterday, 10)).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Issues (once) and loads the credentials of a node.
    pub(crate) fn credentials(&self, node: &str, services: &[&str]) -> Credentials {
        let validity = Validity::days(SystemTime::now(), 5);
        self.issue(node, services, validity);
        self.load(node, SystemTime::now())
    }

    pub(crate) fn issue(&self, node: &str, services: &[&str], validity: Validity) {
        let services: Vec<String> = services.iter().map(|id| (*id).to_owned()).collect();
        if !self.file(node, "pem").exists() {
            ca::issue(self.path(), self.path(), node, &services, validity, SystemTime::now())
                .unwrap();
        }
    }

    pub(crate) fn load(&self, node: &str, now: SystemTime) -> Credentials {
        Credentials::load(&self.tls(node), now).unwrap()
    }

    /// Where the files of a node are.
    pub(crate) fn tls(&self, node: &str) -> TlsPaths {
        TlsPaths {
            ca: self.path().join("ca.pem"),
            cert: self.file(node, "pem"),
            key: self.file(node, "key"),
            revoked: Some(self.path().join("revoked.pem")),
        }
    }

    pub(crate) fn file(&self, node: &str, extension: &str) -> PathBuf {
        self.path().join(format!("{node}.{extension}"))
    }

    /// Starts the transport of a node; its reset key lives as long as the cluster's folder.
    pub(crate) fn start(&self, node: &str, listen: SocketAddr, peers: &[PeerAddr]) -> Node {
        self.start_with(&self.credentials(node, &[]), listen, peers)
    }

    pub(crate) fn start_with(
        &self,
        who: &Credentials,
        listen: SocketAddr,
        peers: &[PeerAddr],
    ) -> Node {
        let state = self.path().join(format!("{}.state", who.who().node));
        std::fs::create_dir_all(&state).unwrap();
        let config = TransportConfig {
            listen,
            peers: peers.to_vec(),
            period: PERIOD,
            reset_key: files::reset_key(&state).unwrap(),
            seed: 1,
            quarantine: Duration::from_secs(1),
        };
        let (transport, events) = Transport::start(who, config).unwrap();
        Node { transport, events }
    }
}

/// Any free port on loopback.
pub(crate) fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

pub(crate) fn unnamed(addr: SocketAddr) -> PeerAddr {
    PeerAddr { node: None, addr: addr.to_string() }
}

pub(crate) fn named(node: &str, addr: SocketAddr) -> PeerAddr {
    PeerAddr { node: Some(node.to_owned()), addr: addr.to_string() }
}

/// A running transport.
pub(crate) struct Node {
    pub(crate) transport: Transport,
    pub(crate) events: LinkEvents,
}

impl Node {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.transport.local_addr().unwrap()
    }

    pub(crate) async fn event(&mut self) -> LinkEvent {
        tokio::time::timeout(PATIENCE, self.events.next()).await.expect("an event").expect("no end")
    }

    /// Waits for the link to a peer; returns the services of its certificate.
    pub(crate) async fn up(&mut self, peer: &str) -> Vec<String> {
        loop {
            if let LinkEvent::Up { who, .. } = self.event().await
                && who.node == peer
            {
                return who.services.clone();
            }
        }
    }

    pub(crate) async fn down(&mut self, peer: &str) -> DownReason {
        loop {
            if let LinkEvent::Down { peer: p, reason } = self.event().await
                && &*p == peer
            {
                return reason;
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> (String, Vec<u8>) {
        loop {
            if let LinkEvent::Frame { peer, bytes } = self.event().await {
                return (peer.to_string(), bytes.to_vec());
            }
        }
    }

    pub(crate) fn linked(&self) -> Vec<String> {
        self.transport.status().links.into_iter().map(|link| link.node).collect()
    }

    /// Waits until the status satisfies a condition.
    pub(crate) async fn until(&self, what: &str, met: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !met(self) {
            assert!(tokio::time::Instant::now() < end, "{what}: {:?}", self.transport.status());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How often something of this kind was refused, over all peers.
    pub(crate) fn refused(&self, kind: fieldrun_runtime::refusals::Refusal) -> u64 {
        let refusals = self.transport.status().refusals;
        refusals.values().filter_map(|peer| peer.counts.get(&kind)).sum()
    }
}
