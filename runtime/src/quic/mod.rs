//! Links between nodes over QUIC: one UDP socket a node, certificates on both ends, newest wins.
//!
//! [`Transport`] sends frames and [`LinkEvents`] tells what arrived. A frame is any bytes; what they
//! mean is decided above. Nothing queues up: each [`Lane`] holds only its newest frame on the way
//! out, and [`events`](LinkEvent) of a slow receiver lose the oldest frames on the way in.
//!
//! * `settings`: every number, with its reason;
//! * `hub`: who is linked, which of two links stays, quarantine;
//! * `link`: how a link begins, and what goes over it; `outbox`: its sending half;
//! * `dial`: keeping a link to each configured peer; `failure`: what errors mean.

mod dial;
mod events;
mod failure;
mod hub;
mod link;
mod outbox;
mod settings;

pub use dial::PeerAddr;
pub(crate) use dial::mix;
pub use events::{DownReason, LinkEvent};
pub use hub::{LinkStatus, PeerStatus, Traffic, TransportStatus};
pub use outbox::{Lane, SendError};
pub use settings::MAX_FRAME;

use crate::files::RESET_KEY_BYTES;
use crate::refusals::Refusal;
use crate::tls::Credentials;
use bytes::Bytes;
use dial::Dial;
use failure::{Failure, code};
use fieldrun_device::Micros;
use hub::Hub;
use quinn::{Endpoint, Incoming, TokioRuntime};
use settings::{HANDSHAKE_TIME, MAX_HANDSHAKES, RETRY_ABOVE};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use thiserror::Error;

/// What a transport needs to know besides its credentials.
#[derive(Clone, Debug)]
pub struct TransportConfig {
    /// The UDP address to bind; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Peers to keep linked. Other nodes of the cluster may link on their own.
    pub peers: Vec<PeerAddr>,
    /// The round period: idle times follow from it.
    pub period: Duration,
    /// The key of stateless resets, see [`crate::files::reset_key`].
    pub reset_key: [u8; RESET_KEY_BYTES],
    /// Seed of the variation of pauses between attempts.
    pub seed: u64,
    /// How long a peer that sent many bad frames is kept out.
    pub quarantine: Duration,
}

impl TransportConfig {
    /// Quarantine unless set otherwise.
    pub const QUARANTINE: Duration = Duration::from_secs(30);
}

/// Why the transport cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QuicError {
    /// The UDP address is taken or not ours.
    #[error("cannot listen on UDP {addr}: {source}; is another node running there?")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS or QUIC refused its configuration.
    #[error("cannot configure QUIC: {0}")]
    Configuration(String),
}

/// What a node tells its peers when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// It and what it did are gone.
    ForGood,
    /// Only the daemon ends; its services run on, and the next daemon will speak for them.
    ServicesRunOn,
}

/// A handle to send with; cheap to clone.
#[derive(Clone)]
pub struct Transport {
    hub: Arc<Hub>,
    endpoint: Endpoint,
}

/// What links tell. When it is dropped, the transport ends.
pub struct LinkEvents {
    hub: Arc<Hub>,
    endpoint: Endpoint,
}

impl Transport {
    /// Binds the socket and begins to accept and dial. Must run within a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be bound, or QUIC refuses the configuration.
    pub fn start(
        credentials: &Credentials,
        config: TransportConfig,
    ) -> Result<(Self, LinkEvents), QuicError> {
        let server = settings::server(credentials, config.period);
        let server = server.map_err(QuicError::Configuration)?;
        let client = settings::client(credentials, config.period);
        let client = client.map_err(QuicError::Configuration)?;
        let bind = |source| QuicError::Bind { addr: config.listen, source };
        let socket = UdpSocket::bind(config.listen).map_err(bind)?;
        let mut endpoint = Endpoint::new(
            settings::endpoint(&config.reset_key),
            Some(server),
            socket,
            Arc::new(TokioRuntime),
        )
        .map_err(bind)?;
        endpoint.set_default_client_config(client);

        let frame_time = settings::idle_time(config.period);
        let micros = u64::try_from(config.quarantine.as_micros()).unwrap_or(u64::MAX);
        let peers = config.peers.iter().map(|peer| PeerStatus {
            addr: peer.addr.clone(),
            node: peer.node.clone(),
            state: "dialling".to_owned(),
        });
        let hub = Arc::new(Hub::new(credentials.who().clone(), Micros(micros), peers.collect()));
        tokio::spawn(accept(hub.clone(), endpoint.clone(), frame_time));
        for (index, peer) in config.peers.into_iter().enumerate() {
            let seed = mix(config.seed.wrapping_add(u64::try_from(index).unwrap_or(0)));
            let (hub, endpoint) = (hub.clone(), endpoint.clone());
            tokio::spawn(Dial { hub, endpoint, index, peer, frame_time, seed }.run());
        }
        let events = LinkEvents { hub: hub.clone(), endpoint: endpoint.clone() };
        Ok((Self { hub, endpoint }, events))
    }

    /// The address of the socket.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Sends a frame to one peer; an unsent older frame of the lane is dropped.
    ///
    /// # Errors
    /// When there is no link, or the frame is larger than [`MAX_FRAME`].
    pub fn send(&self, peer: &str, lane: Lane, bytes: Bytes) -> Result<(), SendError> {
        self.hub.send(peer, lane, bytes)
    }

    /// Sends a frame to every linked peer; unsent older frames of the lane are dropped.
    ///
    /// # Errors
    /// When the frame is larger than [`MAX_FRAME`].
    pub fn broadcast(&self, lane: Lane, bytes: &Bytes) -> Result<(), SendError> {
        self.hub.broadcast(lane, bytes)
    }

    /// Takes note that a peer's frame was no good; many of them put the peer in quarantine.
    pub fn bad_frame(&self, peer: &str, kind: Refusal, reason: &str) {
        self.hub.strike(peer, kind, reason);
    }

    /// Takes note of something refused that does not speak against the peer's honesty.
    pub fn refused(&self, peer: &str, kind: Refusal, reason: &str) {
        self.hub.refuse(peer, kind, reason);
    }

    /// Whether there is a link to every configured peer.
    pub fn all_peers_linked(&self) -> bool {
        self.hub.all_peers_linked()
    }

    /// How much was refused since the start, over all peers and kinds.
    pub fn refused_total(&self) -> u64 {
        self.hub.refused_total()
    }

    /// Links, configured peers and refusals now.
    pub fn status(&self) -> TransportStatus {
        self.hub.status()
    }

    /// Says farewell to all peers and ends; waits, within bounds, until the farewells are sent.
    pub async fn shut_down(&self, farewell: Farewell) {
        self.hub.stop.send_replace(true);
        match farewell {
            Farewell::ForGood => self.endpoint.close(code::GOODBYE, b"goodbye"),
            Farewell::ServicesRunOn => self.endpoint.close(code::LEAVING, b"services run on"),
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), self.endpoint.wait_idle()).await;
        self.hub.events.close();
    }
}

impl LinkEvents {
    /// The next event; `None` after [`Transport::shut_down`]. Safe to cancel.
    pub async fn next(&mut self) -> Option<LinkEvent> {
        self.hub.events.next().await
    }
}

impl Drop for LinkEvents {
    fn drop(&mut self) {
        self.hub.stop.send_replace(true);
        self.endpoint.close(code::LEAVING, b"dropped");
    }
}

/// Takes connections until the endpoint is closed.
async fn accept(hub: Arc<Hub>, endpoint: Endpoint, frame_time: Duration) {
    let open = Arc::new(AtomicUsize::new(0));
    while let Some(incoming) = endpoint.accept().await {
        let handshakes = open.load(Ordering::Relaxed);
        if handshakes >= MAX_HANDSHAKES {
            incoming.refuse();
        } else if handshakes >= RETRY_ABOVE && !incoming.remote_address_validated() {
            // Fails only for validated addresses.
            let _ = incoming.retry();
        } else {
            open.fetch_add(1, Ordering::Relaxed);
            let (hub, open) = (hub.clone(), open.clone());
            tokio::spawn(async move {
                welcome(&hub, incoming, frame_time).await;
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
    if !*hub.stop.borrow() {
        tracing::error!("the QUIC socket failed; this node is cut off until it is restarted");
    }
}

/// Takes one connection.
async fn welcome(hub: &Arc<Hub>, incoming: Incoming, frame_time: Duration) {
    let addr = incoming.remote_address();
    let stranger = format!("address {}", addr.ip());
    let connecting = match incoming.accept() {
        Ok(connecting) => connecting,
        Err(error) => {
            hub.refuse(&stranger, Refusal::Handshake, &error.to_string());
            return;
        }
    };
    let failure = match tokio::time::timeout(HANDSHAKE_TIME, connecting).await {
        Ok(Ok(connection)) => match link::accepted(hub, connection, frame_time) {
            Ok(_) => return,
            Err((who, failure)) => (who, failure),
        },
        Ok(Err(error)) => (None, Failure::of_handshake(&error)),
        Err(_) => {
            let reason = "the handshake took too long".to_owned();
            (None, Failure::Refused(Refusal::Handshake, reason))
        }
    };
    match failure {
        (who, Failure::Refused(kind, reason)) => {
            let label = who.map_or(stranger, |who| who.node);
            hub.refuse(&label, kind, &reason);
        }
        // Their business, and they say so in their own log.
        (_, failure) => tracing::debug!(%addr, ?failure, "no link"),
    }
}
