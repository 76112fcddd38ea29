//! A node: devices with their services, links to other nodes, and the round clock.
//!
//! One device runs for each managed service, named like it; a node without services runs one device
//! with its own name. Neighbours are the devices of linked nodes and the other devices of the same
//! node.
//!
//! * `daemon`: the loop, which waits for links, services, clients and the clock;
//! * `operator`, `drain`: commands to services, and planned stops in the order of the program; it has a thread of
//!   its own, so that a program that computes for long delays neither links nor probes;
//! * `core`: what it does with them; `hosted`: a device with its service;
//! * `reload`: other certificates, peers and values while it runs;
//! * `settling`: looking before acting after a start or a pause.

mod alone;
mod core;
mod daemon;
mod drain;
mod hosted;
mod operator;
mod reload;
mod settling;

pub use alone::run_alone;

use self::core::{Core, DEVICES};
use self::daemon::Daemon;
use self::drain::Drains;
use self::hosted::Hosted;
use self::reload::Reloads;
use crate::admin::{self, Call, Request};
use crate::ca::CertificateInfo;
use crate::claims::Claims;
use crate::clock::now_micros;
use crate::cluster::{ProgramStatus, Table};
use crate::config::NodeConfig;
use crate::files::{self, FileError};
use crate::identity::Identity;
use crate::quic::{LinkEvents, MAX_FRAME, QuicError, Transport, TransportConfig, mix};
use crate::tasks;
use crate::tls::{Credentials, TlsError};
use fieldrun_device::{
    Clock, Device, DeviceConfig, Limits, Micros, NodeId, Program, ROUND_STACK, Reaction, Retention,
};
use fieldrun_glue::{GlueError, Services};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use thiserror::Error;
use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Rounds in a row that news of neighbours may bring forward: enough for a cascade through a device
/// with many neighbours, not enough to matter where values change all the time.
const REACTIONS: u32 = 16;

/// Changes that a slow watcher may lag behind.
const MAX_LAG: usize = 1024;

/// Questions of clients that wait at most.
const MAX_CALLS: usize = 32;

/// How a node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The daemon ends alone; its services run on, and the next daemon adopts them.
    ServicesRunOn,
    /// Its services are stopped first.
    StopServices,
}

/// Why a node cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// A state file is not usable.
    #[error(transparent)]
    File(#[from] FileError),
    /// The certificates are not usable.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The transport cannot start.
    #[error(transparent)]
    Quic(#[from] QuicError),
    /// The services cannot be managed.
    #[error(transparent)]
    Services(#[from] GlueError),
    /// The admin socket cannot be served, or another daemon serves it.
    #[error("{0}")]
    Socket(String),
    /// Configuration and certificate name different things.
    #[error("{}: the configuration says {what} `{configured}`, the certificate `{certified}`; correct one of them", path.display())]
    Contradiction {
        /// The configuration file.
        path: PathBuf,
        /// `node` or `cluster`.
        what: &'static str,
        /// In the configuration.
        configured: String,
        /// In the certificate.
        certified: String,
    },
    /// The certificate does not name a service of the configuration.
    #[error("{}: the certificate of `{node}` does not name service `{service}`, so that no peer would believe its status; issue one that names all its services, after moving the old one away: `fieldrun ca issue {node}{all}`", path.display())]
    NotCertified {
        /// The configuration file.
        path: PathBuf,
        /// The node.
        node: String,
        /// The service.
        service: String,
        /// All services of the configuration, as options of the command.
        all: String,
    },
    /// The thread of the rounds ended by itself.
    #[error(
        "the thread of the rounds ended by an internal error; services run on, start the daemon again"
    )]
    Ended,
    /// There is no thread for the rounds.
    #[error("cannot start the thread of the rounds: {0}")]
    Thread(std::io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
}

/// A running node. When it is dropped the daemon ends; its services run on.
pub struct Node {
    name: String,
    addr: SocketAddr,
    socket: PathBuf,
    end: watch::Sender<Option<End>>,
    ended: Option<oneshot::Receiver<()>>,
    calls: mpsc::Sender<Call>,
}

impl Node {
    /// Starts a node. Must run within a tokio runtime with time, I/O, processes and signals.
    ///
    /// # Errors
    /// When configuration, certificates or state do not allow it. Nothing is left behind then, and
    /// services of an earlier daemon run on.
    pub async fn start(config: NodeConfig, program: Arc<Program>) -> Result<Self, NodeError> {
        let credentials = Credentials::load(&config.tls, SystemTime::now())?;
        check_identity(&config, credentials.who())?;
        let certificates = Certificates::of(&credentials);
        warn_before_expiry(&certificates);
        // The socket comes first: it tells whether a daemon runs here already.
        let listener = admin::bind(&config.socket, config.admin.is_shared()).await;
        let listener = listener.map_err(|error| NodeError::Socket(error.to_string()))?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.state_dir)
            .map_err(|error| FileError::new("create folder", &config.state_dir, error))?;
        let (call, calls) = mpsc::channel(MAX_CALLS);
        let (watchers, _) = broadcast::channel(MAX_LAG);
        let (access, allowed) = watch::channel(config.admin.clone());
        let service =
            admin::Service { calls: call.clone(), events: watchers.clone(), access: allowed };
        let admin = admin::serve(&config.socket, listener, service);
        let (done, reloaded) = mpsc::channel(1);
        let reloads = Reloads { runtime: Handle::current(), done, busy: false };

        let seed = RandomState::new().hash_one(&config.name);
        let incarnation = files::next_incarnation(&config.state_dir)?;
        let (transport, links) = start_transport(&config, &credentials, seed)?;
        let addr = transport
            .local_addr()
            .map_err(|source| NodeError::Quic(QuicError::Bind { addr: config.listen, source }))?;
        let state = config.state_dir.join("services");
        let services = Arc::new(Services::start(config.services.clone(), &state).await?);
        let stirred = follow_snapshots(&services);

        let (name, socket) = (config.name.clone(), config.socket.clone());
        let end = watch::Sender::new(None);
        let running = config.clone();
        let start = Start { config, who: credentials.who().clone(), program, incarnation, seed };
        let drains = Drains::new(&start.program);
        let core = start.core(&services, transport, watchers);
        tracing::info!(
            node = name, incarnation, %addr, socket = %socket.display(),
            program = core.program.name, devices = core.devices.len(), "node started"
        );
        let daemon = Daemon {
            core,
            links,
            changes: services.events(),
            services,
            stirred,
            calls,
            end: end.subscribe(),
            ask_end: end.clone(),
            certificates,
            config: running,
            access,
            reloads,
            reloaded,
            drains,
            _admin: admin,
        };
        let ended = Some(in_own_thread(daemon)?);
        Ok(Self { name, addr, socket, end, ended, calls: call })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The UDP address of its QUIC socket.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The path of its Unix socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks it to end; see [`Self::ended`].
    pub fn end(&self, end: End) {
        self.end.send_replace(Some(end));
    }

    /// Reads certificates, peers and values anew; says what changed.
    ///
    /// # Errors
    /// When something is wrong with them; nothing is changed then.
    pub async fn reload(&self) -> Result<String, String> {
        let (answer, outcome) = oneshot::channel();
        let ended = || "the daemon is ending".to_owned();
        self.calls.send(Call::Command(Request::Reload, answer)).await.map_err(|_| ended())?;
        outcome.await.map_err(|_| ended())?
    }

    /// Waits until it has ended; whether it did so as it was asked to. Safe to cancel.
    pub async fn ended(&mut self) -> bool {
        let Some(ended) = &mut self.ended else { return true };
        // An error means that the thread of the rounds is gone without a farewell.
        let asked = ended.await.is_ok();
        self.ended = None;
        asked
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.end.borrow().is_none() {
            self.end(End::ServicesRunOn);
        }
    }
}

/// Runs the loop in a thread of its own: however long a program computes, links answer their peers
/// and probes their services in the caller's runtime.
fn in_own_thread(daemon: Daemon) -> Result<oneshot::Receiver<()>, NodeError> {
    let runtime = Builder::new_current_thread().enable_time().build().map_err(NodeError::Thread)?;
    let (done, ended) = oneshot::channel();
    let run = move || {
        runtime.block_on(daemon.run());
        // Fails when nobody waits for it.
        let _ = done.send(());
    };
    let thread = std::thread::Builder::new().name("rounds".to_owned()).stack_size(ROUND_STACK);
    thread.spawn(run).map_err(NodeError::Thread)?;
    Ok(ended)
}

/// Runs a node until SIGTERM, SIGINT or a `shutdown` command ends it. On a signal its services run
/// on. SIGHUP makes it reload.
///
/// # Errors
/// When it cannot start, or its rounds end by themselves.
pub async fn run(config: NodeConfig, program: Arc<Program>) -> Result<(), NodeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(NodeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(NodeError::Signals)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(NodeError::Signals)?;
    tasks::log_panics();
    let mut node = Node::start(config, program).await?;
    loop {
        tokio::select! {
            asked = node.ended() => return if asked { Ok(()) } else { Err(NodeError::Ended) },
            _ = hangup.recv() => {
                // What came of it is in the log.
                let _ = node.reload().await;
            }
            _ = terminate.recv() => node.end(End::ServicesRunOn),
            _ = interrupt.recv() => node.end(End::ServicesRunOn),
        }
    }
}

/// Configuration and certificate must agree: peers believe the certificate.
fn check_identity(config: &NodeConfig, who: &Identity) -> Result<(), NodeError> {
    let path = config.path.clone();
    let contradiction = |what, configured: &str, certified: &str| {
        let (configured, certified) = (configured.to_owned(), certified.to_owned());
        Err(NodeError::Contradiction { path: path.clone(), what, configured, certified })
    };
    if config.name != who.node {
        return contradiction("node", &config.name, &who.node);
    }
    if let Some(cluster) = config.cluster.as_ref().filter(|cluster| **cluster != who.cluster) {
        return contradiction("cluster", cluster, &who.cluster);
    }
    match config.services.iter().find(|service| !who.services.contains(&service.id)) {
        None => Ok(()),
        Some(service) => {
            let (node, service) = (who.node.clone(), service.id.clone());
            let all = config.services.iter().map(|s| format!(" --service {}", s.id)).collect();
            Err(NodeError::NotCertified { path, node, service, all })
        }
    }
}

/// What a node's certificates say.
struct Certificates {
    node: CertificateInfo,
    authorities: Vec<CertificateInfo>,
    /// Number of the newest revocation list, and how many certificates are on them.
    revocations: Option<(u64, usize)>,
}

impl Certificates {
    fn of(credentials: &Credentials) -> Self {
        Self {
            node: credentials.certificate().clone(),
            authorities: credentials.authorities().to_vec(),
            revocations: credentials.revocations(),
        }
    }

    /// The days that are left of the authority that lasts longest, if these are few.
    fn authority_ends_soon(&self, now: i64) -> Option<i64> {
        let last = self.authorities.iter().max_by_key(|info| info.valid_until_seconds)?;
        last.ends_soon(now)
    }
}

fn warn_before_expiry(certificates: &Certificates) {
    let now = crate::ca::unix_seconds(SystemTime::now());
    if let Some(days) = certificates.node.ends_soon(now) {
        let until = &certificates.node.valid_until;
        tracing::warn!(days, until, "the node's certificate ends soon: `fieldrun ca renew`");
    }
    if let Some(days) = certificates.authority_ends_soon(now) {
        tracing::warn!(days, "the cluster's authority ends soon: `fieldrun ca rotate`");
    }
}

fn start_transport(
    config: &NodeConfig,
    credentials: &Credentials,
    seed: u64,
) -> Result<(Transport, LinkEvents), NodeError> {
    let transport = TransportConfig {
        listen: config.listen,
        peers: config.peers.clone(),
        period: config.period,
        reset_key: files::reset_key(&config.state_dir)?,
        seed,
        quarantine: TransportConfig::QUARANTINE,
    };
    Ok(Transport::start(credentials, transport)?)
}

/// Tells the ids of services whose snapshot changed. The tasks end with the services.
fn follow_snapshots(services: &Services) -> mpsc::Receiver<String> {
    let (stir, stirred) = mpsc::channel(MAX_CALLS);
    for service in services.handles() {
        let (mut follow, stir) = (service.subscribe(), stir.clone());
        let id = service.id().to_owned();
        tokio::spawn(async move {
            while follow.changed().await.is_ok() && stir.send(id.clone()).await.is_ok() {}
        });
    }
    stirred
}

/// What the core is made from.
struct Start {
    config: NodeConfig,
    who: Identity,
    program: Arc<Program>,
    incarnation: u64,
    seed: u64,
}

impl Start {
    fn core(
        self,
        services: &Services,
        transport: Transport,
        watchers: broadcast::Sender<Arc<crate::cluster::ClusterEvent>>,
    ) -> Core {
        let now = now_micros();
        let period = Micros(u64::try_from(self.config.period.as_micros()).unwrap_or(u64::MAX));
        let stale = Micros((self.config.stale_after * period.0 as f64) as u64);
        // The envelope takes two bytes of what the transport carries.
        let limits = Limits { frame_bytes: MAX_FRAME - 2, ..Limits::deep() };
        let mut core = Core {
            program: ProgramStatus {
                name: base_name(self.program.name()).to_owned(),
                fingerprint: format!("{:016x}", self.program.fingerprint()),
            },
            devices: self.devices(services, now, period, limits),
            incarnation: self.incarnation,
            period,
            running: self.program,
            env: self.config.env,
            position: self.config.position,
            limits,
            claims: Claims::new(stale),
            table: Table::new(&self.who.node),
            who: self.who,
            transport,
            watchers,
            settling: None,
            entry: core::Entry::default(),
            peers: BTreeMap::new(),
            recent: VecDeque::new(),
            changed: true,
            started: now,
            said_slow: None,
            known_problems: BTreeSet::new(),
        };
        core.settle(now);
        core
    }

    /// One device for each service, or one for the node.
    fn devices(
        &self,
        services: &Services,
        now: Micros,
        period: Micros,
        limits: Limits,
    ) -> Vec<Hosted> {
        let mut hosts: Vec<_> = services.handles().iter().cloned().map(Some).collect();
        if hosts.is_empty() {
            hosts.push(None);
        }
        hosts.sort_by(|a, b| a.as_ref().map(|s| s.id()).cmp(&b.as_ref().map(|s| s.id())));
        let lanes = (DEVICES..).zip(hosts);
        lanes
            .map(|(lane, service)| {
                let name = service.as_ref().map_or(&*self.who.node, |service| service.id());
                let seed = mix(self.seed.wrapping_add(u64::from(lane)));
                let device = Device::new(DeviceConfig {
                    id: NodeId::text(name),
                    program: self.program.clone(),
                    period,
                    clock: Clock::Real,
                    retention: Retention::Periods(self.config.stale_after),
                    reaction: Some(Reaction { gap: hosted::MIN_GAP, burst: REACTIONS }),
                    seed,
                    incarnation: self.incarnation,
                    limits,
                });
                // Devices start at different phases, so that they do not all send at once.
                let due = Micros(now.0.saturating_add(seed % period.0.max(1)));
                Hosted::new(device, Arc::from(name), lane, service.clone(), due)
            })
            .collect()
    }
}

/// A program's name without the folder it lies in.
fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
