//! One program, three ways to run it: the event engine, the population engine, and daemons that talk
//! over QUIC. All settle to the same values.
//!
//! The programs are self-stabilising and their inputs stay as they are. So each has one fixpoint, which
//! depends on the network alone: neither on who runs first, nor on how often, nor on what was heard late.
//! Floating-point sums depend on their order besides. Along a path it is that of the hops, and among
//! neighbours that of their ids, in all three. So the values must be equal to the last bit, and a
//! tolerance would only hide that one of the three aligns, folds, measures or encodes in another way.

use fieldrun_device::{Program, Value};
use fieldrun_runtime::admin::Client;
use fieldrun_runtime::ca::{self, Validity};
use fieldrun_runtime::cluster::DeviceStatus;
use fieldrun_runtime::config;
use fieldrun_runtime::node::{End, Node};
use fieldrun_sim::scenario::EngineKind;
use fieldrun_sim::{Flow, Moment, Observer, Scenario, SimError, run_by_choice};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Daemons that need longer than this are broken: they settle within some ten rounds of 50 ms.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds of each device for which settled values must stay: more than the nine in which distances settle,
/// values flow to the source and their sum flows back, each of them three hops.
const STAYS: u64 = 10;

/// Values longer than this are cut in the status of a daemon; in characters.
const SHOWN: usize = 200;

/// A device: id, name, position, load, rank. Where it stands, what it carries, how well it leads.
type Member = (&'static str, &'static str, [f64; 2], f64, f64);

/// Six devices in a line, and an island of two, in the opposite order of their ids. No two paths from the
/// source are of equal length, and the loads are numbers whose sum depends on the order.
const MEMBERS: [Member; 8] = [
    ("x", "ξ", [20.0, 0.0], 0.4, 7.0),
    ("w", "ω", [21.3, 0.9], 0.5, 8.0),
    ("f", "φ", [2.3, -0.2], 0.3, 2.0),
    ("e", "ε", [4.4, 0.1], 1.1, 9.0),
    ("d", "δ", [0.0, 0.0], 0.1, 1.0),
    ("c", "γ", [5.2, -0.6], 0.6, 4.0),
    ("b", "β", [3.1, 0.7], 0.7, 3.0),
    ("a", "α", [1.1, 0.3], 0.2, 5.0),
];

/// The line d-a-f-b-e-c, shortcuts from its start to its last two, and the island.
const LINKS: [(&str, &str); 8] = [
    ("d", "a"),
    ("a", "f"),
    ("f", "b"),
    ("b", "e"),
    ("e", "c"),
    ("d", "e"),
    ("d", "c"),
    ("x", "w"),
];

/// The device from which distances count and to which values flow.
const SOURCE: &str = "d";

/// A program, and what some devices must come to, by hand: equal values could be wrong three times.
struct Case {
    name: &'static str,
    program: &'static str,
    known: &'static [(&'static str, &'static str)],
}

const CASES: [Case; 4] = [
    Case {
        name: "distances",
        program: "import protelis:coord:spreading\ndistanceTo(env.get(\"source\"))",
        // The shortcut to e is the root of 4.4² + 0.1², its way along the line would be 5.08.
        known: &[("d", "0.0"), ("e", "4.401136216933078"), ("x", "Infinity"), ("w", "Infinity")],
    },
    Case {
        name: "collection",
        program: "import protelis:coord:accumulation\nimport protelis:lang:utils\n\
            let sink = env.get(\"source\")\n\
            [summarize(sink, sum, 1, 0), summarize(sink, sum, env.get(\"load\"), 0)]",
        // To d come 1.2 by way of a, 0.6 from c and 1.1 from e: backwards the sum would be
        // 3.0000000000000004. An island without a sink has nobody to tell it more than it knows.
        known: &[
            ("d", "[6.0, 3.0]"),
            ("b", "[6.0, 3.0]"),
            ("x", "[1.0, 0.4]"),
            ("w", "[1.0, 0.5]"),
        ],
    },
    Case {
        name: "election",
        program: "import protelis:coord:sparsechoice\nimport protelis:coord:spreading\n\
            boundedElection(env.get(\"name\"), 3, env.get(\"rank\"), nbrRange)",
        // e is the strongest and f within 3 of it, by way of b; a and d are not.
        known: &[("e", "ε"), ("c", "ε"), ("f", "ε"), ("a", "α"), ("d", "α"), ("x", "ω")],
    },
    Case {
        name: "routes",
        program: "import protelis:coord:spreading\n\
            let me = env.get(\"name\")\n\
            [G(env.get(\"source\"), me, nbrRange, { v -> v + \"/\" + me }), unionHood(nbr([me]))]",
        // To c it is nearer by its shortcut than by that to e, to b along the line.
        known: &[
            ("c", "[\"δ/γ\", [\"δ\", \"ε\"]]"),
            ("b", "[\"δ/α/φ/β\", [\"ε\", \"φ\"]]"),
            ("x", "[\"ξ\", [\"ω\"]]"),
        ],
    },
];

/// Texts of values by the ids of their devices.
type Texts = BTreeMap<String, String>;

/// The text of a value, from which it can be read back: then equal texts are equal bits. Numbers have
/// as many digits as that takes, and a negative zero has its sign.
fn exact(value: &Value) -> String {
    match value {
        Value::Number(x) => {
            let read: f64 = value.to_string().parse().expect("a number");
            assert_eq!(read.to_bits(), x.to_bits(), "{value}");
        }
        Value::Tuple(items) => items.iter().for_each(|item| drop(exact(item))),
        _ => {}
    }
    let text = value.to_string();
    assert!(text.chars().count() < SHOWN, "a daemon would not show all of {text}");
    text
}

/// Keeps the values with which a run ends.
#[derive(Default)]
struct Last(Texts);

impl Observer for Last {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        let world = moment.world;
        for device in 0..world.len() {
            let id = world.id(device).expect("a device").to_string();
            let value = world.value(device).unwrap_or_else(|| panic!("{id} has no value"));
            self.0.insert(id, exact(value));
        }
        Ok(())
    }
}

fn scenario(schedule: &str, seconds: u32) -> Scenario {
    let pairs: Vec<[&str; 2]> = LINKS.iter().map(|(a, b)| [*a, *b]).collect();
    let mut text = format!(
        "program = \"p.pt\"\nstop = \"{seconds}s\"\nschedule = {{ kind = \"{schedule}\" }}\n\
         [link]\npairs = {pairs:?}\n"
    );
    for member in &MEMBERS {
        let (id, _, position, ..) = member;
        text += &format!("[[node]]\nid = \"{id}\"\nposition = {position:?}\n[node.env]\n");
        text += &environment(member);
    }
    Scenario::parse(&text, "parity.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn environment((id, name, _, load, rank): &Member) -> String {
    let source = *id == SOURCE;
    format!("source = {source}\nname = \"{name}\"\nload = {load:?}\nrank = {rank:?}\n")
}

/// What an engine settles to: the values after twenty seconds, which are those after forty.
fn simulated(engine: EngineKind, schedule: &str, program: &Arc<Program>) -> Texts {
    let run = |seconds| {
        let mut last = Last::default();
        let mut scenario = scenario(schedule, seconds);
        scenario.engine = engine;
        let summary = run_by_choice(&scenario, program, true, &mut last);
        let summary = summary.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(summary.counts.first_trap, None);
        last.0
    };
    let settled = run(20);
    assert_eq!(settled, run(40), "{engine:?} does not settle");
    settled
}

/// Starts a daemon for each member on ports of loopback that are free. Each is told of the peers that
/// run already; a link has no direction.
async fn start(folder: &Path, program: &Arc<Program>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for member in &MEMBERS {
        let (id, _, position, ..) = member;
        let linked = |other: &str| LINKS.contains(&(*id, other)) || LINKS.contains(&(other, *id));
        let peers = nodes.iter().filter(|node| linked(node.name()));
        let peers: Vec<String> = peers.map(|node| node.addr().to_string()).collect();
        let text = format!(
            "[rounds]\nevery = \"50ms\"\n[node]\nname = \"{id}\"\ncluster = \"acme\"\n\
             listen = \"127.0.0.1:0\"\npeers = {peers:?}\nposition = {position:?}\n\
             tls = {{ ca = \"ca.pem\", cert = \"{id}.pem\", key = \"{id}.key\", \
             revoked = \"revoked.pem\" }}\n[env]\n{}",
            environment(member)
        );
        let config = config::parse(&folder.join(format!("{id}.toml")), &text);
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let node = Node::start(config, program.clone()).await;
        nodes.push(node.unwrap_or_else(|error| panic!("{error}")));
    }
    nodes
}

/// What a daemon says of its own device, as `fieldrun status` would be told.
async fn own_device(node: &Node) -> DeviceStatus {
    let mut client = Client::connect(node.socket()).await.expect("a socket");
    let report = client.status().await.expect("a report");
    let mut devices = report.nodes.into_iter().flat_map(|node| node.status.devices);
    devices.find(|device| device.id == node.name()).expect("its device")
}

/// Rounds of each device, and the values of all.
async fn look(nodes: &[Node]) -> (Vec<u64>, Texts) {
    let mut seen = (Vec::new(), Texts::new());
    for node in nodes {
        let device = own_device(node).await;
        assert_eq!(device.traps, 0, "{}: {}", device.id, device.value);
        seen.0.push(device.rounds);
        seen.1.insert(device.id, device.value);
    }
    seen
}

/// Waits until daemons have the expected values and keep them for some rounds of each.
async fn settles_to(expected: &Texts, nodes: &[Node], case: &str) {
    let end = Instant::now() + PATIENCE;
    let mut since: Option<Vec<u64>> = None;
    loop {
        let (rounds, values) = look(nodes).await;
        if values == *expected {
            let first = since.get_or_insert_with(|| rounds.clone());
            if rounds.iter().zip(first).all(|(now, then)| *now >= *then + STAYS) {
                return;
            }
        } else {
            since = None;
        }
        if Instant::now() >= end {
            assert_eq!(values, *expected, "{case}: daemons on the left, simulated on the right");
            panic!("{case}: the daemons do not keep their values, or run no rounds: {rounds:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_and_daemons_over_quic_settle_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now();
    ca::init(folder.path(), "acme", Validity::days(now, 10)).expect("an authority");
    for (id, ..) in &MEMBERS {
        ca::issue(folder.path(), folder.path(), id, &[], Validity::days(now, 5), now)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    for Case { name, program, known } in &CASES {
        let loaded = fieldrun_stdlib::load_text("p.pt", program, &[]);
        let program = loaded.unwrap_or_else(|error| panic!("{error}")).program;
        // Schedules differ, too: a device after the other at its own pace, and all at once.
        let events = simulated(EngineKind::Events, "periodic", &program);
        let population = simulated(EngineKind::Population, "lock-step", &program);
        assert_eq!(events, population, "{name}: event engine on the left, population on the right");
        for (id, value) in *known {
            assert_eq!(events[*id], *value, "{name}: {id}");
        }
        let mut nodes = start(folder.path(), &program).await;
        settles_to(&events, &nodes, name).await;
        nodes.iter().for_each(|node| node.end(End::ServicesRunOn));
        for node in &mut nodes {
            tokio::time::timeout(PATIENCE, node.ended()).await.expect("the node ends");
        }
    }
}
