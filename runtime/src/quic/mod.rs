//! Links between nodes over QUIC: one UDP socket a node, certificates on both ends, newest wins.
//!
//! [`Transport`] sends frames and [`LinkEvents`] tells what arrived. A frame is any bytes; what they
//! mean is decided above. Nothing queues up: each [`Lane`] holds only its newest frame on the way
//! out, and [`events`](LinkEvent) of a slow receiver lose the oldest frames on the way in.
//!
//! * `settings`: every number, with its reason;
//! * `socket`, `keys`: the UDP socket, and what links are made with; both can be replaced;
//! * `rates`: how much strangers and peers may ask of this node;
//! * `hub`: who is linked, and which of two links stays; `conduct`: strikes, quarantine, twins;
//! * `status`: what can be seen of it;
//! * `link`: how a link begins, and what goes over it; `outbox`: its sending half;
//! * `dial`: keeping a link to each configured peer; `failure`: what errors mean.

mod conduct;
mod dial;
mod events;
mod failure;
mod hub;
mod keys;
mod link;
mod outbox;
mod rates;
mod settings;
mod socket;
mod status;
#[cfg(test)]
mod tests;

pub use dial::PeerAddr;
pub(crate) use dial::mix;
pub use events::{DownReason, LinkEvent};

pub use outbox::{Lane, SendError};
pub use settings::MAX_FRAME;
pub use status::{LinkStatus, PeerStatus, Traffic, TransportStatus};

use crate::clock::now_micros;
use crate::files::ResetKey;
use crate::refusals::Refusal;
use crate::tasks;
use crate::tls::Credentials;
use bytes::Bytes;
use dial::Dial;
use failure::{Failure, code};
use fieldrun_device::Micros;
use hub::Hub;
use keys::Keys;
use quinn::{Endpoint, Incoming, TokioRuntime};
use rates::{Admittance, Gate};
use settings::HANDSHAKE_TIME;
use socket::Socket;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

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
    pub reset_key: ResetKey,
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
    dials: Arc<Mutex<Dials>>,
}

/// What links tell. When it is dropped, the transport ends.
pub struct LinkEvents {
    hub: Arc<Hub>,
}

/// The configured peers that are being dialled.
struct Dials {
    runtime: Handle,
    seed: u64,
    period: Duration,
    next: usize,
    running: Vec<(usize, PeerAddr, AbortHandle)>,
}

impl Dials {
    /// Dials these peers and no others.
    fn set(&mut self, hub: &Arc<Hub>, peers: Vec<PeerAddr>) {
        let mut before = std::mem::take(&mut self.running);
        let mut listed = Vec::new();
        for peer in peers {
            let known = before.iter().position(|(_, other, _)| *other == peer);
            let dial = match known {
                Some(at) => before.swap_remove(at),
                None => self.dial(hub, peer),
            };
            let (addr, node) = (dial.1.addr.clone(), dial.1.node.clone());
            listed.push((dial.0, PeerStatus { addr, node, state: "dialling".to_owned() }));
            self.running.push(dial);
        }
        before.iter().for_each(|(_, _, task)| task.abort());
        hub.list_peers(listed);
    }

    fn dial(&mut self, hub: &Arc<Hub>, peer: PeerAddr) -> (usize, PeerAddr, AbortHandle) {
        let index = self.next;
        self.next += 1;
        let seed = mix(self.seed.wrapping_add(u64::try_from(index).unwrap_or(0)));
        let frame_time = settings::idle_time(self.period);
        let dial = Dial { hub: hub.clone(), index, peer: peer.clone(), frame_time, seed };
        let addr = peer.addr.clone();
        let task = self.runtime.spawn(tasks::keep("dialling", addr, move || dial.clone().run()));
        (index, peer, task.abort_handle())
    }
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
        Self::start_on(credentials, config, Arc::new(TokioRuntime))
    }

    fn start_on(
        credentials: &Credentials,
        config: TransportConfig,
        runtime: Arc<dyn quinn::Runtime>,
    ) -> Result<(Self, LinkEvents), QuicError> {
        let keys = Keys::new(credentials, config.period)?;
        let socket = Socket::open(config.listen, config.reset_key, runtime, &keys)
            .map_err(|source| QuicError::Bind { addr: config.listen, source })?;
        let micros = u64::try_from(config.quarantine.as_micros()).unwrap_or(u64::MAX);
        let hub = Arc::new(Hub::new(credentials.who().clone(), Micros(micros), socket, keys));
        let frame_time = settings::idle_time(config.period);
        let acceptor = hub.clone();
        tokio::spawn(async move {
            let accept = || accept(acceptor.clone(), frame_time);
            tasks::keep("the QUIC socket of", &acceptor.us.node, accept).await;
        });
        let mut dials = Dials {
            runtime: Handle::current(),
            seed: config.seed,
            period: config.period,
            next: 0,
            running: Vec::new(),
        };
        dials.set(&hub, config.peers);
        let events = LinkEvents { hub: hub.clone() };
        Ok((Self { hub, dials: Arc::new(Mutex::new(dials)) }, events))
    }

    /// Dials these peers from now on and no others.
    pub fn set_peers(&self, peers: Vec<PeerAddr>) {
        let mut dials = self.dials.lock().unwrap_or_else(PoisonError::into_inner);
        dials.set(&self.hub, peers);
    }

    /// Makes links with other credentials of the same node from now on. Links stay, but for those
    /// whose peer's certificate was revoked or is of an authority that no longer counts; returns
    /// these peers, each with why.
    ///
    /// # Errors
    /// When QUIC refuses the credentials; nothing is changed then.
    pub fn renew(&self, credentials: &Credentials) -> Result<Vec<(String, String)>, QuicError> {
        let period = self.dials.lock().unwrap_or_else(PoisonError::into_inner).period;
        Ok(self.hub.renew(Keys::new(credentials, period)?))
    }

    /// The address of the socket.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.hub.socket.endpoint().local_addr()
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
        let endpoint = self.hub.socket.endpoint();
        match farewell {
            Farewell::ForGood => endpoint.close(code::GOODBYE, b"goodbye"),
            Farewell::ServicesRunOn => endpoint.close(code::LEAVING, b"services run on"),
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), endpoint.wait_idle()).await;
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
        self.hub.socket.endpoint().close(code::LEAVING, b"dropped");
    }
}

/// Takes connections until the transport ends. A socket that fails is opened anew, for as long as it
/// takes: links are lost then, and come back.
async fn accept(hub: Arc<Hub>, frame_time: Duration) {
    const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
    let mut pause = PAUSE.0;
    loop {
        accept_on(&hub, hub.socket.endpoint(), frame_time).await;
        while !*hub.stop.borrow() {
            tracing::error!("the QUIC socket failed; it is opened anew");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(PAUSE.1);
            match hub.socket.reopen(&hub.keys()) {
                Ok(()) => break,
                Err(error) => tracing::error!(%error, "the QUIC socket cannot be opened"),
            }
        }
        if *hub.stop.borrow() {
            // One that was opened while the transport ended.
            hub.socket.endpoint().close(code::LEAVING, b"ended");
            return;
        }
    }
}

async fn accept_on(hub: &Arc<Hub>, endpoint: Endpoint, frame_time: Duration) {
    let open = Arc::new(AtomicUsize::new(0));
    let mut gate = Gate::default();
    while let Some(incoming) = endpoint.accept().await {
        let addr = incoming.remote_address().ip();
        let shown = incoming.remote_address_validated();
        match gate.admit(now_micros(), addr, shown, open.load(Ordering::Relaxed)) {
            Admittance::TurnAway => {
                incoming.refuse();
                let reason = "more handshakes than an address may begin, or than are taken at once";
                hub.refuse(&format!("address {addr}"), Refusal::TooManyHandshakes, reason);
            }
            Admittance::ShowAddress => {
                // Fails only for addresses that were shown.
                let _ = incoming.retry();
            }
            Admittance::Begin => {
                open.fetch_add(1, Ordering::Relaxed);
                let (hub, open) = (hub.clone(), open.clone());
                tokio::spawn(async move {
                    let welcome = welcome(&hub, incoming, frame_time);
                    tasks::contained("a handshake with", &addr, welcome).await;
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
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
