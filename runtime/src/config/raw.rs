//! From the text of a file to a checked configuration.

use super::collect::{Collector, unknown_name};
use super::problems::Problem;
use super::{MAX_PEERS, MAX_SERVICES, NodeConfig, TlsPaths, default_stale_after};
use crate::admin::Access;
use crate::identity::check_name;
use crate::quic::PeerAddr;
use fieldrun_device::host::Reading;
use fieldrun_glue::{GlueError, ServiceSpec, parse_duration};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const DEFAULT_PERIOD: Duration = Duration::from_secs(1);
const PERIODS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(3600));

/// The address of a Unix socket holds so many bytes (unix(7)).
const MAX_SOCKET_PATH: usize = 107;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawFile {
    rounds: RawRounds,
    node: RawNode,
    admin: RawAdmin,
    env: BTreeMap<String, Spanned<toml::Value>>,
    /// Taken out of the tree before; here for the message about unknown keys only.
    service: Option<Vec<toml::Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawRounds {
    every: Option<Spanned<String>>,
    stale_after: Option<Spanned<f64>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawNode {
    name: Option<Spanned<String>>,
    cluster: Option<Spanned<String>>,
    listen: Option<Spanned<String>>,
    peers: Vec<Spanned<toml::Value>>,
    tls: Option<RawTls>,
    state_dir: Option<PathBuf>,
    socket: Option<Spanned<PathBuf>>,
    position: Option<Spanned<Vec<f64>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTls {
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    revoked: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAdmin {
    readers: Vec<Spanned<String>>,
    operators: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDependency {
    on: String,
    #[serde(default)]
    kind: RawKind,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    #[default]
    Hard,
}

/// Where a message about something missing points: at the header of its table, else at the start.
struct Places {
    node: Range<usize>,
    tls: Range<usize>,
}

pub(super) fn parse(path: &Path, text: &str) -> Result<NodeConfig, Vec<Problem>> {
    let mut collector = Collector::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            collector.add(error.span().unwrap_or(0..0), error.message());
        }
        return Err(collector.finish());
    }
    let span = root.span();
    let mut root = root.into_inner();
    let places = places(&root);
    let services = root.remove("service");
    let base = path.parent().unwrap_or_else(|| Path::new("")).to_owned();

    let services =
        services.map_or_else(Vec::new, |list| read_services(&mut collector, list, &base));
    let raw: RawFile = collector.read(Spanned::new(span, DeValue::Table(root))).unwrap_or_default();
    let config = check(&mut collector, raw, services, path, &base, &places);
    let problems = collector.finish();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

fn places(root: &DeTable<'_>) -> Places {
    let node = root.get("node");
    let start = node.map_or(0..0, Spanned::span);
    let tls = node.and_then(|node| node.get_ref().get("tls"));
    Places { tls: tls.map_or_else(|| start.clone(), Spanned::span), node: start }
}

/// Reads `[[service]]` tables, each with its `[[service.dep]]` tables.
fn read_services(
    collector: &mut Collector<'_>,
    list: Spanned<DeValue<'_>>,
    base: &Path,
) -> Vec<ServiceSpec> {
    let span = list.span();
    let DeValue::Array(list) = list.into_inner() else {
        collector.add(span, "services are written as `[[service]]` tables");
        return Vec::new();
    };
    if list.len() > MAX_SERVICES {
        let message = format!("{} services; a node manages at most {MAX_SERVICES}", list.len());
        collector.add(span, message);
        return Vec::new();
    }
    let mut seen = BTreeMap::new();
    let mut places = BTreeMap::new();
    let mut specs = Vec::new();
    for mut service in list {
        let dependencies = match service.get_mut() {
            DeValue::Table(table) => table.remove("dep"),
            _ => None,
        };
        let place = service.get_ref().get("id").map_or_else(|| service.span(), Spanned::span);
        let before = collector.count();
        let Some(mut spec) = collector.read::<ServiceSpec>(service) else { continue };
        let whole = collector.count() == before;
        for dependency in read_dependencies(collector, dependencies) {
            if !spec.dependencies.contains(&dependency) {
                spec.dependencies.push(dependency);
            }
        }
        // What was taken out because it is wrong must not be called missing as well.
        let checked = fieldrun_glue::validate(std::slice::from_ref(&spec));
        if let (true, Err(problem)) = (whole, checked) {
            collector.add(place.clone(), problem.to_string());
        }
        places.entry(spec.id.clone()).or_insert_with(|| place.clone());
        if seen.insert(spec.id.clone(), ()).is_some() {
            let message = format!("service `{}` stands here twice; ids must differ", spec.id);
            collector.add(place, message);
        }
        spec.rebase(base);
        specs.push(spec);
    }
    if let Err(GlueError::Cycle { cycle }) = fieldrun_glue::validate(&specs) {
        let place = cycle.first().and_then(|id| places.remove(id)).unwrap_or(span);
        collector.add(place, GlueError::Cycle { cycle }.to_string());
    }
    specs
}

fn read_dependencies(
    collector: &mut Collector<'_>,
    list: Option<Spanned<DeValue<'_>>>,
) -> Vec<String> {
    let Some(list) = list else { return Vec::new() };
    let read: Option<Vec<RawDependency>> = collector.read(list);
    read.unwrap_or_default()
        .into_iter()
        .map(|RawDependency { on, kind: RawKind::Hard }| on)
        .collect()
}

/// Checks what the types do not say, and fills in defaults. `None` when something needed is missing;
/// then there is a problem that says so.
fn check(
    collector: &mut Collector<'_>,
    raw: RawFile,
    services: Vec<ServiceSpec>,
    path: &Path,
    base: &Path,
    places: &Places,
) -> Option<NodeConfig> {
    let RawFile { rounds, node, admin, env, service: _ } = raw;
    let admin = access(collector, admin);
    let period = rounds.every.and_then(|every| period(collector, &every)).unwrap_or(DEFAULT_PERIOD);
    let stale_after = match rounds.stale_after {
        None => default_stale_after(period),
        Some(stale) => {
            if !(stale.get_ref().is_finite() && *stale.get_ref() >= 1.0) {
                collector.add(stale.span(), "`stale_after` is a number of periods, at least 1");
            }
            stale.into_inner()
        }
    };
    let cluster = node.cluster.map(|cluster| named(collector, "cluster", cluster));
    let listen = match node.listen {
        None => Some(SocketAddr::from(([127, 0, 0, 1], 7946))),
        Some(listen) => listen_addr(collector, &listen),
    };
    if node.peers.len() > MAX_PEERS {
        let message = format!("{} peers; a node keeps at most {MAX_PEERS}", node.peers.len());
        collector.add(places.node.clone(), message);
    }
    let peers = node.peers.into_iter().filter_map(|peer| check_peer(collector, peer)).collect();
    let tls = tls(collector, node.tls, places, base);
    let position = node.position.and_then(|position| check_position(collector, position));
    let env =
        env.into_iter().filter_map(|(name, value)| reading(collector, name, &value)).collect();
    let Some(name) = node.name else {
        let message = "the key `name` is missing in [node]; add `name = \"n1\"`, the node's \
                       name in its certificate";
        collector.add(places.node.clone(), message);
        return None;
    };
    let name = named(collector, "node", name);
    let state_dir = base.join(node.state_dir.unwrap_or_else(|| PathBuf::from("state").join(&name)));
    let socket_place = node.socket.as_ref().map_or_else(|| places.node.clone(), Spanned::span);
    let socket = node
        .socket
        .map_or_else(|| state_dir.join("fieldrun.sock"), |socket| base.join(socket.into_inner()));
    if socket.as_os_str().len() > MAX_SOCKET_PATH {
        let message = format!(
            "the socket's path `{}` has {} bytes, the system allows {MAX_SOCKET_PATH}; set \
             `socket` to a shorter one",
            socket.display(),
            socket.as_os_str().len()
        );
        collector.add(socket_place, message);
    }
    Some(NodeConfig {
        path: path.to_owned(),
        period,
        stale_after,
        name,
        cluster,
        listen: listen?,
        peers,
        tls: tls?,
        state_dir,
        socket,
        position,
        admin,
        env,
        services,
    })
}

fn access(collector: &mut Collector<'_>, raw: RawAdmin) -> Access {
    let mut read = |list: Vec<Spanned<String>>| {
        let mut principals = Vec::new();
        for text in list {
            match text.get_ref().parse() {
                Ok(principal) => principals.push(principal),
                Err(message) => collector.add(text.span(), message),
            }
        }
        principals
    };
    Access { readers: read(raw.readers), operators: read(raw.operators) }
}

fn period(collector: &mut Collector<'_>, every: &Spanned<String>) -> Option<Duration> {
    match parse_duration(every.get_ref()) {
        Ok(period) if period >= PERIODS.0 && period <= PERIODS.1 => return Some(period),
        Ok(_) => collector.add(every.span(), "a round is every 10ms at most, every 1h at least"),
        Err(message) => collector.add(every.span(), message),
    }
    None
}

fn named(collector: &mut Collector<'_>, kind: &'static str, name: Spanned<String>) -> String {
    if let Err(error) = check_name(kind, name.get_ref()) {
        collector.add(name.span(), error.to_string());
    }
    name.into_inner()
}

fn listen_addr(collector: &mut Collector<'_>, listen: &Spanned<String>) -> Option<SocketAddr> {
    let parsed = listen.get_ref().parse();
    if parsed.is_err() {
        let message = format!(
            "`{}` is no address to listen on; write `ADDRESS:PORT`, such as \"0.0.0.0:7946\"",
            listen.get_ref()
        );
        collector.add(listen.span(), message);
    }
    parsed.ok()
}

/// `"HOST:PORT"` or `{ node = "NAME", addr = "HOST:PORT" }`.
fn check_peer(collector: &mut Collector<'_>, peer: Spanned<toml::Value>) -> Option<PeerAddr> {
    const FORM: &str = "a peer is \"HOST:PORT\" or { node = \"NAME\", addr = \"HOST:PORT\" }";
    let span = peer.span();
    let (node, addr) = match peer.into_inner() {
        toml::Value::String(addr) => (None, addr),
        toml::Value::Table(mut table) => {
            let (node, addr) = (table.remove("node"), table.remove("addr"));
            if let Some(unknown) = table.keys().next() {
                collector.add(span, unknown_name("key", unknown, &["node", "addr"]));
                return None;
            }
            let text = |value: toml::Value| value.as_str().map(str::to_owned);
            match (node.map(text), addr.and_then(text)) {
                (None, Some(addr)) => (None, addr),
                (Some(Some(node)), Some(addr)) => (Some(node), addr),
                _ => {
                    collector.add(span, FORM);
                    return None;
                }
            }
        }
        _ => {
            collector.add(span, FORM);
            return None;
        }
    };
    if let Some(node) = &node
        && let Err(error) = check_name("node", node)
    {
        collector.add(span, error.to_string());
        return None;
    }
    let port = addr.rsplit_once(':').and_then(|(host, port)| {
        let port: u16 = port.parse().ok()?;
        (!host.is_empty() && port != 0).then_some(port)
    });
    if port.is_none() {
        collector.add(span, format!("`{addr}` is no peer; write \"HOST:PORT\""));
        return None;
    }
    Some(PeerAddr { node, addr })
}

fn tls(
    collector: &mut Collector<'_>,
    raw: Option<RawTls>,
    places: &Places,
    base: &Path,
) -> Option<TlsPaths> {
    let Some(raw) = raw else {
        let message = "the key `tls` is missing in [node]; add `tls = { ca = \"ca.pem\", cert = \
                       \"NAME.pem\", key = \"NAME.key\" }`, made with `fieldrun ca issue`";
        collector.add(places.node.clone(), message);
        return None;
    };
    let mut need = |name: &str, value: Option<PathBuf>| {
        if value.is_none() {
            collector.add(places.tls.clone(), format!("the key `{name}` is missing in `tls`"));
        }
        value.map(|path| base.join(path))
    };
    let (ca, cert, key) = (need("ca", raw.ca), need("cert", raw.cert), need("key", raw.key));
    let revoked = raw.revoked.map(|path| base.join(path));
    Some(TlsPaths { ca: ca?, cert: cert?, key: key?, revoked })
}

fn check_position(collector: &mut Collector<'_>, position: Spanned<Vec<f64>>) -> Option<Vec<f64>> {
    let coordinates = position.get_ref();
    if !(1..=3).contains(&coordinates.len()) || coordinates.iter().any(|x| !x.is_finite()) {
        collector.add(position.span(), "a position is a list of one to three finite numbers");
        return None;
    }
    Some(position.into_inner())
}

fn reading(
    collector: &mut Collector<'_>,
    name: String,
    value: &Spanned<toml::Value>,
) -> Option<(String, Reading)> {
    match to_reading(value.get_ref()) {
        Some(reading) => Some((name, reading)),
        None => {
            let message = "values for programs are texts, numbers, true, false and lists of these";
            collector.add(value.span(), message);
            None
        }
    }
}

fn to_reading(value: &toml::Value) -> Option<Reading> {
    Some(match value {
        toml::Value::String(text) => Reading::Text(Arc::from(text.as_str())),
        toml::Value::Integer(number) => Reading::Number(*number as f64),
        toml::Value::Float(number) => Reading::Number(*number),
        toml::Value::Boolean(truth) => Reading::Bool(*truth),
        toml::Value::Array(list) => {
            Reading::List(list.iter().map(to_reading).collect::<Option<_>>()?)
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => return None,
    })
}
