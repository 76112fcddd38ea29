//! The programs in `examples/enterprise`, in a closed loop with services that start and stop.

use crate::network::{Event, Network, Running};
use crate::spec::{loaded, network};
use fieldrun_device::NodeId;
use fieldrun_device::host::Reading;
use std::path::PathBuf;

const MANUAL: &str = "restart-manual";
const DDR: &str = "restart-ddr";
const OURS: &str = "restart";

fn text(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/enterprise");
    std::fs::read_to_string(folder.join(format!("{name}.pt"))).expect("the program is there")
}

#[test]
fn each_program_has_at_most_25_lines() {
    for name in [MANUAL, DDR, OURS] {
        let text = text(name);
        let mut in_comment = false;
        let code = text.lines().map(str::trim).filter(|line| {
            let comment = in_comment || line.starts_with("/*") || line.starts_with("//");
            in_comment = (in_comment || line.starts_with("/*")) && !line.ends_with("*/");
            !comment && !line.is_empty()
        });
        let count = code.count();
        assert!((1..=25).contains(&count), "{name}.pt has {count} lines");
    }
}

/// What a device and its service look like to the program.
fn sensors(status: &str, ready: bool) -> [(&'static str, Reading); 3] {
    let three = match status {
        "run" | "hung" => status,
        _ => "stop",
    };
    [
        ("managedServiceStatus", Reading::text(status)),
        ("serviceStatus", Reading::text(three)),
        ("ready", Reading::Bool(ready)),
    ]
}

/// What becomes of `me`, who needs `db`, in each case of the decision table.
fn decision(program: &str, status: &str, db: Option<&str>, policy: &str, desired: &str) -> String {
    let mut net = network(
        "node db\nnode me\nlink db me\nenv dependencies at db = []\nenv dependencies at me = [\"db\"]\n\
         env serviceID at db = \"db\"\nenv serviceID at me = \"me\"\nenv desired at db = \"up\"",
    );
    if db.is_none() {
        net.links.clear();
    }
    let (program, _) = loaded(&text(program), &[]).expect("the program loads");
    let mut running = Running::new(&net, &program);
    running.begin(1);
    for (node, status) in [(0, db.unwrap_or("run")), (1, status)] {
        for (name, reading) in sensors(status, status == "run") {
            running.sense(node, name, reading);
        }
    }
    running.sense(0, "policy", Reading::text("restart"));
    running.sense(1, "policy", Reading::text(policy));
    running.sense(1, "desired", Reading::text(desired));
    running.fire(0);
    let outcome = running.fire(1).expect("the device runs");
    assert!(outcome.value.is_ok(), "{:?}", outcome.value);
    outcome.actions.iter().map(|a| a.name.clone()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_program_decides_as_its_table_says() {
    // Status, then the action with a dependency that runs, is hung, and is out of contact.
    let manual = [
        ("run", ["", "stopService", "stopService"]),
        ("stop", ["startService", "", ""]),
        ("hung", ["", "", ""]),
        ("starting", ["", "", ""]),
        ("stopping", ["", "", ""]),
    ];
    let ddr = [
        ("run", ["", "stopService", "stopService"]),
        ("stop", ["restartService", "", ""]),
        ("hung", ["restartService", "", ""]),
    ];
    let ours = [
        ("run", ["", "stopService", ""]),
        ("stop", ["startService", "", ""]),
        ("hung", ["restartService", "stopService", ""]),
        ("starting", ["", "stopService", ""]),
        ("stopping", ["", "", ""]),
    ];
    let rows = [(MANUAL, &manual[..]), (DDR, &ddr[..]), (OURS, &ours[..])];
    for (program, table) in rows {
        for (status, actions) in table {
            let found = [Some("run"), Some("hung"), None]
                .map(|db| decision(program, status, db, "restart", "up"));
            assert_eq!(found, *actions, "{program}, {status}");
        }
    }
}

#[test]
fn ours_waits_for_a_dependency_in_every_state_but_run() {
    for db in ["stop", "starting", "stopping", "hung"] {
        assert_eq!(decision(OURS, "stop", Some(db), "restart", "up"), "", "{db}");
        assert_eq!(decision(OURS, "run", Some(db), "restart", "up"), "stopService", "{db}");
    }
}

#[test]
fn ours_leaves_a_hung_service_to_a_human_if_its_policy_says_so() {
    for db in [Some("run"), Some("hung"), None] {
        assert_eq!(decision(OURS, "hung", db, "manual", "up"), "");
    }
    assert_eq!(decision(OURS, "stop", Some("run"), "manual", "up"), "startService");
}

#[test]
fn ours_takes_down_what_the_operator_takes_down() {
    for db in [Some("run"), Some("hung"), None] {
        for status in ["run", "starting", "hung"] {
            assert_eq!(decision(OURS, status, db, "restart", "down"), "stopService");
        }
        for status in ["stop", "stopping"] {
            assert_eq!(decision(OURS, status, db, "restart", "down"), "");
        }
    }
}

/// The company: eight services, each at a device of its own.
fn company() -> Network {
    let services: [(&str, &[&str]); 8] = [
        ("supplies", &[]),
        ("financial", &[]),
        ("backup", &[]),
        ("logistics", &["supplies", "financial"]),
        ("b2b", &["supplies"]),
        ("firewall", &["b2b"]),
        ("portal-a", &["firewall"]),
        ("portal-b", &["firewall"]),
    ];
    let mut lines: Vec<String> = Vec::new();
    for (id, needs) in services {
        lines.push(format!("node {id}"));
        lines.push(format!("env serviceID at {id} = \"{id}\""));
        lines.push(format!("env dependencies at {id} = {needs:?}"));
        lines.extend(needs.iter().map(|need| format!("link {id} {need}")));
    }
    for database in ["supplies", "financial", "logistics"] {
        lines.push(format!("link backup {database}"));
    }
    lines.push("env policy = \"restart\"".to_owned());
    lines.push("env desired = \"up\"".to_owned());
    network(&lines.join("\n"))
}

/// A service: what it is, and the rounds until it is something else.
#[derive(Clone, Debug)]
struct Service {
    status: &'static str,
    left: u32,
    /// Rounds that a start takes.
    start: u32,
    /// What follows a stop.
    again: bool,
}

/// The company at work, with the log of all changes: round, service, status.
struct Company<'a> {
    running: Running<'a>,
    ids: Vec<String>,
    services: Vec<Service>,
    round: usize,
    log: Vec<(usize, String, &'static str)>,
}

impl<'a> Company<'a> {
    /// All services are in `status`.
    fn new(network: &'a Network, program: &str, status: &'static str) -> Self {
        let (program, _) = loaded(&text(program), &[]).expect("the program loads");
        let service = Service { status, left: 0, start: 3, again: false };
        Self {
            running: Running::new(network, &program),
            ids: network.nodes.iter().map(|(id, _)| id.to_string()).collect(),
            services: vec![service; network.nodes.len()],
            round: 0,
            log: Vec::new(),
        }
    }

    fn index(&self, id: &str) -> usize {
        self.ids.iter().position(|known| known == id).expect("a service of the company")
    }

    fn set(&mut self, node: usize, status: &'static str) {
        self.services[node].status = status;
        self.log.push((self.round, self.ids[node].clone(), status));
    }

    /// The service moves on by a round.
    fn advance(&mut self, node: usize) {
        let service = &mut self.services[node];
        service.left = service.left.saturating_sub(1);
        match (service.status, service.left, service.again) {
            ("starting", 0, _) => self.set(node, "run"),
            ("stopping", 0, false) => self.set(node, "stop"),
            ("stopping", 0, true) => self.start(node),
            _ => {}
        }
    }

    fn start(&mut self, node: usize) {
        let service = &mut self.services[node];
        (service.left, service.again) = (service.start, false);
        self.set(node, "starting");
    }

    fn act(&mut self, node: usize, action: &str) {
        match (action, self.services[node].status) {
            ("stopService", "run" | "starting" | "hung") => {
                self.services[node].left = 1;
                self.set(node, "stopping");
            }
            ("startService" | "restartService", "stop") => self.start(node),
            ("restartService", "hung") => {
                (self.services[node].left, self.services[node].again) = (1, true);
                self.set(node, "stopping");
            }
            _ => {}
        }
    }

    fn rounds(&mut self, count: usize) {
        for _ in 0..count {
            self.round += 1;
            self.running.begin(self.round);
            for node in 0..self.services.len() {
                self.advance(node);
                let status = self.services[node].status;
                for (name, reading) in sensors(status, status == "run") {
                    self.running.sense(node, name, reading);
                }
                let Some(outcome) = self.running.fire(node) else { continue };
                assert!(outcome.value.is_ok(), "{:?}", outcome.value);
                for action in outcome.actions {
                    self.act(node, &action.name);
                }
            }
        }
    }

    fn desire(&mut self, id: &str, what: &str) {
        let node = self.index(id);
        self.running.sense(node, "desired", Reading::text(what));
    }

    /// Who is in a status now.
    fn in_status(&self, status: &str) -> Vec<&str> {
        let ids = self.ids.iter().zip(&self.services);
        ids.filter(|(_, s)| s.status == status).map(|(id, _)| id.as_str()).collect()
    }

    /// The round in which a service last came into a status.
    fn when(&self, id: &str, status: &str) -> usize {
        let entry = self.log.iter().rev().find(|(_, who, what)| who == id && *what == status);
        entry.unwrap_or_else(|| panic!("{id} never was in {status}: {:?}", self.log)).0
    }

    /// Asserts that services came into a status one group after the other.
    fn assert_order(&self, status: &str, groups: &[&[&str]]) {
        for pair in groups.windows(2) {
            for earlier in pair[0] {
                for later in pair[1] {
                    let (a, b) = (self.when(earlier, status), self.when(later, status));
                    assert!(
                        a < b,
                        "{earlier} {status} in round {a}, {later} in {b}: {:?}",
                        self.log
                    );
                }
            }
        }
    }

    fn untouched(&self, ids: &[&str]) {
        let touched: Vec<_> =
            self.log.iter().filter(|(_, id, _)| ids.contains(&id.as_str())).collect();
        assert!(touched.is_empty(), "{touched:?}");
    }
}

const AFFECTED: [&str; 5] = ["logistics", "b2b", "firewall", "portal-a", "portal-b"];
const OUTWARD: [&[&str]; 3] = [&["b2b"], &["firewall"], &["portal-a", "portal-b"]];

#[test]
fn a_hung_database_takes_down_exactly_those_that_need_it() {
    for program in [MANUAL, DDR, OURS] {
        let network = company();
        let mut company = Company::new(&network, program, "run");
        company.rounds(5);
        company.untouched(&company.ids.iter().map(String::as_str).collect::<Vec<_>>());
        let supplies = company.index("supplies");
        // A start that takes longer than the whole cascade.
        company.services[supplies].start = 30;
        company.set(supplies, "hung");
        company.rounds(15);
        company.assert_order("stopping", &OUTWARD);
        for id in AFFECTED {
            assert!(
                company.log.iter().any(|(_, who, what)| who == id && *what == "stop"),
                "{program}: {id}"
            );
        }
        company.untouched(&["backup", "financial"]);
        if program == MANUAL {
            assert_eq!(company.services[supplies].status, "hung", "it waits for a human");
            company.start(supplies);
        }
        company.rounds(60);
        assert_eq!(company.in_status("run").len(), 8, "{program}: {:?}", company.log);
        // In the program of the SAC paper a dependency that is starting is not down any more.
        let up = if program == MANUAL { "starting" } else { "run" };
        company
            .assert_order(up, &[&["supplies"], &["b2b"], &["firewall"], &["portal-a", "portal-b"]]);
        company.untouched(&["backup", "financial"]);
    }
}

#[test]
fn ours_starts_nobody_while_a_slow_database_starts() {
    let network = company();
    let mut company = Company::new(&network, OURS, "stop");
    let supplies = company.index("supplies");
    company.services[supplies].start = 30;
    company.rounds(29);
    assert_eq!(company.in_status("starting"), ["supplies"]);
    assert_eq!(company.in_status("stop"), AFFECTED);
    company.rounds(40);
    assert_eq!(company.in_status("run").len(), 8);
    for (id, need) in [("b2b", "supplies"), ("logistics", "supplies"), ("firewall", "b2b")] {
        assert!(company.when(id, "starting") >= company.when(need, "run"), "{:?}", company.log);
    }
    // Everyone started once.
    let starts = company.log.iter().filter(|(_, _, status)| *status == "starting").count();
    assert_eq!(starts, 8, "{:?}", company.log);
}

#[test]
fn ours_touches_nothing_when_contact_is_lost() {
    let mut network = company();
    network.events.push((5, Event::Lose(NodeId::text("supplies"))));
    let mut company = Company::new(&network, OURS, "run");
    company.rounds(40);
    assert_eq!(company.log, []);
    // The recovery program of 2015 takes silence for failure.
    let mut company = Company::new(&network, DDR, "run");
    company.rounds(40);
    assert_eq!(company.in_status("stop"), AFFECTED);
}

#[test]
fn a_planned_stop_begins_with_the_users_and_the_return_with_the_roots() {
    let network = company();
    let mut company = Company::new(&network, OURS, "run");
    company.rounds(5);
    company.desire("supplies", "down");
    company.rounds(30);
    let mut down = vec!["supplies"];
    down.extend(AFFECTED);
    assert_eq!(company.in_status("stop"), down);
    company
        .assert_order("stop", &[&["portal-a", "portal-b"], &["firewall"], &["b2b"], &["supplies"]]);
    company.assert_order("stop", &[&["logistics"], &["supplies"]]);
    company.untouched(&["backup", "financial"]);
    company.desire("supplies", "up");
    company.rounds(40);
    assert_eq!(company.in_status("run").len(), 8);
    company
        .assert_order("run", &[&["supplies"], &["b2b"], &["firewall"], &["portal-a", "portal-b"]]);
}
