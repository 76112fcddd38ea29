//! The files of a demonstration: certificates, configurations, the program.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fieldrun_runtime::ca;
use tempfile::TempDir;
use toml::{Table, Value};

use super::{DemoError, Options};
use crate::enterprise::{Enterprise, Member};

/// The program of a demonstration for which no other is given.
const PROGRAM: &str = include_str!("../../enterprise/restart.pt");
/// The service that is made to hang.
pub(crate) const ROOT: &str = "supplies-db";
/// The cluster of the certificates.
const CLUSTER: &str = "demo";

/// One node with its service, and where its files are.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) config: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) state: PathBuf,
    /// Where the daemon keeps the state of its services.
    pub(crate) services: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) fault: PathBuf,
    /// Where the service listens.
    pub(crate) address: String,
}

/// All files of a demonstration; they are removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) folder: TempDir,
    pub(crate) program: PathBuf,
    pub(crate) enterprise: Enterprise,
    pub(crate) nodes: Vec<Node>,
}

impl Plan {
    pub(crate) fn new(options: &Options) -> Result<Self, DemoError> {
        let mut enterprise = Enterprise::shipped()?;
        for member in enterprise.services.iter_mut().filter(|member| member.id == ROOT) {
            member.start = options.db_start.unwrap_or(member.start);
        }
        let folder = tempfile::Builder::new()
            .prefix("fieldrun-demo-")
            .tempdir()
            .map_err(DemoError::system("make a temporary folder"))?;
        let program = program(options, folder.path())?;
        let (links, services) = free_addresses(enterprise.services.len())?;
        let nodes: Vec<Node> = enterprise
            .services
            .iter()
            .zip(services)
            .enumerate()
            .map(|(index, (member, address))| {
                Node::new(folder.path(), &format!("n{}", index + 1), &member.id, address)
            })
            .collect();
        let plan = Self { folder, program, enterprise, nodes };
        plan.write(&links, options)?;
        Ok(plan)
    }

    fn write(&self, links: &[String], options: &Options) -> Result<(), DemoError> {
        let now = SystemTime::now();
        let validity = ca::Validity::days(now, 7);
        let authority = self.folder.path().join("ca");
        ca::init(&authority, CLUSTER, validity)?;
        let address_of: BTreeMap<&str, &str> = self
            .nodes
            .iter()
            .map(|node| node.service.as_str())
            .zip(links.iter().map(String::as_str))
            .collect();
        for (node, member) in self.nodes.iter().zip(&self.enterprise.services) {
            fs::create_dir_all(&node.state)
                .map_err(DemoError::system(format!("make {}", node.state.display())))?;
            let home = node.config.parent().unwrap_or_else(|| Path::new("."));
            let services = [node.service.clone()];
            let files = ca::issue(&authority, home, &node.name, &services, validity, now)?;
            let config = table([
                ("rounds", table([("every", text(format!("{}us", options.period.as_micros())))])),
                ("node", self.node_table(node, &address_of, &authority, &files)),
                ("service", Value::Array(vec![self.service_table(node, member, options)])),
            ]);
            let config = toml::to_string(&config)?;
            fs::write(&node.config, config)
                .map_err(DemoError::system(format!("write {}", node.config.display())))?;
        }
        Ok(())
    }

    fn node_table(
        &self,
        node: &Node,
        address_of: &BTreeMap<&str, &str>,
        authority: &Path,
        files: &ca::Files,
    ) -> Value {
        let address = |service: &str| text(address_of.get(service).copied().unwrap_or_default());
        let peers = self.enterprise.neighbors(&node.service).map(address).collect();
        table([
            ("name", text(&node.name)),
            ("cluster", text(CLUSTER)),
            ("listen", address(&node.service)),
            ("peers", Value::Array(peers)),
            (
                "tls",
                table([
                    ("ca", path(&authority.join("ca.pem"))),
                    ("cert", path(&files.certificate)),
                    ("key", path(&files.key)),
                ]),
            ),
            ("state_dir", path(&node.state)),
            ("socket", path(&node.socket)),
        ])
    }

    fn service_table(&self, node: &Node, member: &Member, options: &Options) -> Value {
        let mut exec = options.service.clone();
        let start = format!("{}us", member.start.as_micros());
        let fault = node.fault.to_string_lossy();
        let lifeline = std::process::id().to_string();
        exec.extend(
            ["--id", &node.service, "--listen", &node.address, "--start-delay", &start]
                .map(str::to_owned),
        );
        exec.extend(["--fault-file", &fault, "--while", &lifeline].map(str::to_owned));
        for other in self.nodes.iter().filter(|other| member.dependencies.contains(&other.service))
        {
            exec.extend(["--query".to_owned(), other.address.clone()]);
        }
        // Hung after three half seconds without an answer: quick for people who watch, and patient
        // enough for a busy laptop.
        let alive = table([
            ("query", text(&node.address)),
            ("interval", text("500ms")),
            ("timeout", text("500ms")),
            ("fail", Value::Integer(3)),
        ]);
        let patience = Duration::from_secs(60) + member.start * 2;
        table([
            ("id", text(&node.service)),
            ("exec", Value::Array(exec.into_iter().map(Value::String).collect())),
            ("dependencies", Value::Array(member.dependencies.iter().map(text).collect())),
            ("start_timeout", text(format!("{}s", patience.as_secs()))),
            ("ready", table([("query", text(&node.address))])),
            ("alive", alive),
        ])
    }
}

impl Node {
    fn new(folder: &Path, name: &str, service: &str, address: String) -> Self {
        let home = folder.join(name);
        Self {
            service: service.to_owned(),
            name: name.to_owned(),
            config: home.join("node.toml"),
            socket: home.join("sock"),
            state: home.join("state"),
            services: home.join("state/services"),
            log: home.join("daemon.log"),
            fault: home.join("fault"),
            address,
        }
    }
}

fn program(options: &Options, folder: &Path) -> Result<PathBuf, DemoError> {
    if let Some(program) = &options.program {
        let absolute = fs::canonicalize(program);
        return absolute.map_err(DemoError::system(format!("find {}", program.display())));
    }
    let program = folder.join("restart.pt");
    fs::write(&program, PROGRAM)
        .map_err(DemoError::system(format!("write {}", program.display())))?;
    Ok(program)
}

/// Addresses that nobody uses: for links (UDP) and for services (TCP). All are held until the last
/// is found; that somebody takes one right after that cannot be ruled out.
fn free_addresses(count: usize) -> Result<(Vec<String>, Vec<String>), DemoError> {
    let failed = || DemoError::system("find a free port on 127.0.0.1");
    let mut held = (Vec::new(), Vec::new());
    let mut found = (Vec::new(), Vec::new());
    for _ in 0..count {
        let link = UdpSocket::bind("127.0.0.1:0").map_err(failed())?;
        found.0.push(link.local_addr().map_err(failed())?.to_string());
        held.0.push(link);
        let service = TcpListener::bind("127.0.0.1:0").map_err(failed())?;
        found.1.push(service.local_addr().map_err(failed())?.to_string());
        held.1.push(service);
    }
    Ok(found)
}

fn text(text: impl AsRef<str>) -> Value {
    Value::String(text.as_ref().to_owned())
}

fn path(path: &Path) -> Value {
    text(path.to_string_lossy())
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
    Value::Table(entries.collect::<Table>())
}

#[cfg(test)]
mod tests {
    use fieldrun_runtime::config;

    use super::*;

    #[test]
    fn the_configurations_are_what_a_daemon_reads() {
        let options = Options {
            daemon: vec!["fieldrun".to_owned(), "run".to_owned()],
            service: vec!["fieldrun".to_owned(), "qr-service".to_owned()],
            program: None,
            period: Duration::from_millis(200),
            db_start: Some(Duration::from_secs(30)),
            demanded: None,
            keep: false,
            json: false,
            terminal: false,
        };
        let plan = Plan::new(&options).unwrap();
        assert_eq!(plan.nodes.len(), 8);
        for node in &plan.nodes {
            let config = config::load(&node.config).unwrap();
            assert_eq!((config.name.as_str(), config.period), (node.name.as_str(), options.period));
            assert_eq!(config.services[0].id, node.service);
            assert!(config.peers.len() == plan.enterprise.neighbors(&node.service).count());
        }
        let root = config::load(&plan.nodes[0].config).unwrap();
        let service = &root.services[0];
        assert_eq!(service.exec[..4], ["fieldrun", "qr-service", "--id", ROOT]);
        let delay = service.exec.iter().position(|word| word == "--start-delay").unwrap();
        assert_eq!(service.exec[delay + 1], "30000000us");
        assert_eq!(service.start_timeout, Duration::from_secs(120));
        assert!(fs::read_to_string(&plan.program).unwrap().contains("restart"));
    }
}
