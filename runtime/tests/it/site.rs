//! Nodes of a cluster with their configurations, and questions to their sockets.

use crate::fixture::{Cluster, PATIENCE, anywhere};
use fieldrun_device::Program;
use fieldrun_glue::Status;
use fieldrun_runtime::admin::{AdminError, Client, Request, StatusReport};
use fieldrun_runtime::node::{End, Node};
use fieldrun_runtime::{config, view};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hops to the nearest device with the service `src`.
pub(crate) const HOPS: &str = r#"
rep (d <- 999) { mux (env.get("serviceID", "") == "src") { 0 } else { 1 + minHood(nbr(d)) } }
"#;

/// A service runs while all that it depends on do.
pub(crate) const ORDER: &str = r#"
let me = env.get("serviceID");
let deps = env.get("dependencies");
let st = env.get("managedServiceStatus");
let live = if (st == "run" && env.get("ready")) { [me] } else { [] };
let safe = deps.subtract(unionHood(nbr(live))).isEmpty();
if (!safe && st == "run") { self.stopService() } else {
  if (safe && (st == "stop" || st == "hung")) { self.restartService() } else { st }
}
"#;

pub(crate) fn program(text: &str) -> Arc<Program> {
    let loaded = fieldrun_stdlib::load_text("test.pt", text, &[]);
    loaded.unwrap_or_else(|error| panic!("{error}")).program
}

pub(crate) fn free_port() -> SocketAddr {
    std::net::UdpSocket::bind(anywhere()).unwrap().local_addr().unwrap()
}

/// Nodes of a cluster, each with services that only sleep.
pub(crate) struct Site {
    pub(crate) cluster: Cluster,
    program: Arc<Program>,
    ports: Vec<(&'static str, SocketAddr)>,
}

impl Site {
    pub(crate) fn new(program_text: &str, nodes: &[&'static str]) -> Self {
        let ports = nodes.iter().map(|node| (*node, free_port())).collect();
        Self { cluster: Cluster::new("acme"), program: program(program_text), ports }
    }

    pub(crate) fn addr(&self, node: &str) -> SocketAddr {
        self.ports.iter().find(|(name, _)| *name == node).unwrap().1
    }

    /// The configuration of a node. `services` are ids with their dependencies.
    pub(crate) fn config(
        &self,
        node: &str,
        peers: &[&str],
        services: &[(&str, &[&str])],
    ) -> String {
        let ids: Vec<&str> = services.iter().map(|(id, _)| *id).collect();
        self.cluster.credentials(node, &ids);
        let peers: Vec<String> = peers.iter().map(|peer| self.addr(peer).to_string()).collect();
        let mut text = format!(
            "[rounds]\nevery = \"50ms\"\n[node]\nname = \"{node}\"\ncluster = \"acme\"\n\
             listen = \"{}\"\npeers = {peers:?}\n\
             tls = {{ ca = \"ca.pem\", cert = \"{node}.pem\", key = \"{node}.key\", revoked = \"revoked.pem\" }}\n",
            self.addr(node)
        );
        for (id, dependencies) in services {
            text.push_str(&format!(
                "[[service]]\nid = \"{id}\"\nexec = [\"sleep\", \"100\"]\n\
                 dependencies = {dependencies:?}\n"
            ));
        }
        text
    }

    pub(crate) async fn start(
        &self,
        node: &str,
        peers: &[&str],
        services: &[(&str, &[&str])],
    ) -> Node {
        let text = self.config(node, peers, services);
        self.try_start(&text).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Writes the configuration of a node to a file.
    pub(crate) fn write(
        &self,
        node: &str,
        peers: &[&str],
        services: &[(&str, &[&str])],
    ) -> PathBuf {
        let path = self.cluster.path().join(format!("{node}.toml"));
        std::fs::write(&path, self.config(node, peers, services)).unwrap();
        path
    }

    pub(crate) fn socket(&self, node: &str) -> PathBuf {
        self.cluster.path().join("state").join(node).join("fieldrun.sock")
    }

    pub(crate) async fn try_start(
        &self,
        text: &str,
    ) -> Result<Node, fieldrun_runtime::node::NodeError> {
        self.try_start_with(text, self.program.clone()).await
    }

    /// Starts a node whose configuration lies in its file.
    pub(crate) async fn start_file(&self, node: &str) -> Node {
        let path = self.cluster.path().join(format!("{node}.toml"));
        let config = config::load(&path).unwrap_or_else(|error| panic!("{error}"));
        let started = Node::start(config, self.program.clone()).await;
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same for a node that runs another program than the others.
    pub(crate) async fn try_start_with(
        &self,
        text: &str,
        program: Arc<Program>,
    ) -> Result<Node, fieldrun_runtime::node::NodeError> {
        let path = self.cluster.path().join("node.toml");
        let config = config::parse(&path, text).unwrap_or_else(|error| panic!("{error}"));
        Node::start(config, program).await
    }
}

pub(crate) async fn report(node: &Node) -> StatusReport {
    Client::connect(node.socket()).await.unwrap().status().await.unwrap()
}

/// Waits until the report of a node satisfies a condition.
pub(crate) async fn until(
    node: &Node,
    what: &str,
    met: impl Fn(&StatusReport) -> bool,
) -> StatusReport {
    until_at(node.socket(), what, met).await
}

/// The same for a node in another process, which may not answer yet.
pub(crate) async fn until_at(
    socket: &Path,
    what: &str,
    met: impl Fn(&StatusReport) -> bool,
) -> StatusReport {
    let end = Instant::now() + PATIENCE;
    loop {
        let report = match Client::connect(socket).await {
            Ok(mut client) => client.status().await,
            Err(error) => Err(error),
        };
        let shown = match report {
            Ok(report) if met(&report) => return report,
            Ok(report) => format!("{}\n{report:#?}", view::table(&report)),
            Err(error) => error.to_string(),
        };
        assert!(Instant::now() < end, "{what}:\n{shown}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn service(report: &StatusReport, id: &str) -> Option<fieldrun_glue::ServiceSnapshot> {
    report.nodes.iter().flat_map(|node| &node.status.services).find(|s| s.id == id).cloned()
}

pub(crate) fn status(report: &StatusReport, id: &str) -> Option<Status> {
    service(report, id).map(|service| service.status)
}

pub(crate) fn value(report: &StatusReport, device: &str) -> Option<String> {
    let mut devices = report.nodes.iter().flat_map(|node| &node.status.devices);
    devices.find(|d| d.id == device).map(|device| device.value.clone())
}

pub(crate) async fn command(node: &Node, request: Request) -> Result<String, AdminError> {
    Client::connect(node.socket()).await.unwrap().command(&request).await
}

pub(crate) async fn end(mut node: Node, how: End) {
    node.end(how);
    ended(&mut node).await;
}

/// Waits until a node has ended and its port is free. The socket is closed by a task of this
/// runtime a moment after the node has ended; for a daemon it is the end of the process.
pub(crate) async fn ended(node: &mut Node) {
    let free = async {
        node.ended().await;
        while std::net::UdpSocket::bind(node.addr()).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("the node ends");
}
