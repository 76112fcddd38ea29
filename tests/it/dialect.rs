//! Programs as their authors published them in 2015 (`tests/dialect`) do what the modern ones do.

use crate::network::{Network, Outcome};
use crate::spec::{loaded, network};
use std::path::PathBuf;
use std::sync::Arc;

fn text(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).expect("the program is there")
}

/// A program, and what was said when it was loaded.
fn program(path: &str) -> (Arc<fieldrun_lang::Program>, Vec<String>) {
    loaded(&text(path), &[]).unwrap_or_else(|error| panic!("{path} does not load:\n{error}"))
}

/// The names of the actions by device and round; the old spellings count as the new ones.
fn actions(outcomes: &[Vec<Option<Outcome>>]) -> Vec<Vec<String>> {
    let of_round = |outcome: &Option<Outcome>| {
        let outcome = outcome.as_ref().expect("the device ran");
        if let Err(error) = &outcome.value {
            panic!("{error}");
        }
        let names: Vec<String> =
            outcome.actions.iter().map(|a| a.name.replace("Process", "Service")).collect();
        names.join(" ")
    };
    outcomes.iter().map(|rounds| rounds.iter().map(of_round).collect()).collect()
}

/// Five services in a chain and beside it; states change in the course of the rounds.
fn services() -> Network {
    network(
        r#"
node db
node b2b
node firewall
node portal
node logistics
link db b2b
link db logistics
link b2b firewall
link firewall portal
env serviceID at db = "db"
env serviceID at b2b = "b2b"
env serviceID at firewall = "firewall"
env serviceID at portal = "portal"
env serviceID at logistics = "logistics"
env managedService at db = "handle-db"
env managedService at b2b = "handle-b2b"
env managedService at firewall = "handle-firewall"
env managedService at portal = "handle-portal"
env managedService at logistics = "handle-logistics"
env dependencies at db = []
env dependencies at b2b = ["db"]
env dependencies at firewall = ["b2b"]
env dependencies at portal = ["firewall"]
env dependencies at logistics = ["db"]
env managedServiceStatus = "run"
env serviceStatus = "run"
env ready = true
env desired = "up"
env policy = "restart"
round 5: env managedServiceStatus at db = "hung"
round 5: env serviceStatus at db = "hung"
round 6: env managedServiceStatus at b2b logistics = "stopping"
round 7: env managedServiceStatus at b2b logistics = "stop"
round 7: env serviceStatus at b2b logistics = "stop"
round 9: env managedServiceStatus at firewall = "stop"
round 9: env serviceStatus at firewall = "stop"
round 11: env managedServiceStatus at portal = "stop"
round 11: env serviceStatus at portal = "stop"
round 14: env managedServiceStatus at db = "starting"
round 14: env serviceStatus at db = "stop"
round 16: env managedServiceStatus at db = "run"
round 16: env serviceStatus at db = "run"
round 19: env managedServiceStatus at b2b = "run"
round 19: env serviceStatus at b2b = "run"
round 21: lose logistics
"#,
    )
}

fn run(path: &str, network: &Network, rounds: usize) -> Vec<Vec<Option<Outcome>>> {
    network.run(&program(path).0, rounds)
}

#[test]
fn the_published_restart_program_acts_like_the_modern_one() {
    let network = services();
    let published = actions(&run("tests/dialect/network-services.pt", &network, 20));
    let modern = actions(&run("examples/enterprise/restart-manual.pt", &network, 20));
    assert_eq!(published, modern);
    // db hangs in round 5: those that need it stop, and nobody starts db.
    let (db, b2b, firewall) = (&modern[0], &modern[1], &modern[2]);
    assert!(db.iter().all(String::is_empty), "{db:?}");
    assert_eq!(b2b[3..6], ["", "stopService", ""]);
    assert_eq!(firewall[5..8], ["", "stopService", "stopService"]);
    // A dependency that is starting does not count as down in this program.
    assert_eq!(b2b[12..15], ["", "startService", "startService"]);
}

#[test]
fn the_published_recovery_program_acts_like_the_modern_one() {
    let network = services();
    let published = actions(&run("tests/dialect/ddr.pt", &network, 20));
    let modern = actions(&run("examples/enterprise/restart-ddr.pt", &network, 20));
    assert_eq!(published, modern);
    let (db, b2b) = (&modern[0], &modern[1]);
    assert_eq!(db[3..6], ["", "restartService", "restartService"]);
    // Not before db runs again, in round 16.
    assert_eq!(b2b[13..16], ["", "", "restartService"]);
}

#[test]
fn a_load_in_the_dialect_says_what_it_rewrote() {
    let (_, said) = program("tests/dialect/network-services.pt");
    let said = said.join("\n");
    for word in [
        "2015 dialect",
        "serviceID",
        "dependencies",
        "managedServiceStatus",
        "#contains",
        "env.get",
    ] {
        assert!(said.contains(word), "`{word}` is not in\n{said}");
    }
    for path in ["restart-manual", "restart-ddr", "restart"] {
        let (_, said) = program(&format!("examples/enterprise/{path}.pt"));
        assert_eq!(said, Vec::<String>::new(), "{path}.pt");
    }
}

/// 24 devices in a square of 3 m by 5 m, and a line of others that leads away from it, 18 m apart.
fn crowd() -> Network {
    let mut lines = vec!["radius 20".to_owned()];
    for i in 0..24 {
        lines.push(format!("node {i} {} {}", i % 4, i / 4));
    }
    for i in 0..5 {
        lines.push(format!("node {} {} 0", 24 + i, 20 + 18 * i));
    }
    network(&lines.join("\n"))
}

fn values(outcomes: &[Vec<Option<Outcome>>], round: usize) -> Vec<String> {
    outcomes
        .iter()
        .map(|rounds| match &rounds[round - 1].as_ref().expect("the device ran").value {
            Ok(value) => value.to_string(),
            Err(error) => panic!("{error}"),
        })
        .collect()
}

#[test]
fn the_published_crowd_program_gives_the_values_of_the_modern_one() {
    let network = crowd();
    let published = run("tests/dialect/crowd-article.pt", &network, 40);
    let modern = run("tests/dialect/crowd-modern.pt", &network, 40);
    for round in 1..=40 {
        assert_eq!(values(&published, round), values(&modern, round), "round {round}");
    }
    // 24 devices with 1 % of the people on 707 m^2: 3.4 a square metre, 2400 people. All of them are
    // warned, and the first of the line, 17 m away; the second is 35 m away.
    let warned = values(&modern, 40);
    let expected: Vec<String> = (0..29).map(|device| (device < 25).to_string()).collect();
    assert_eq!(warned, expected);
}

#[test]
fn the_misprint_of_the_web_page_never_warns() {
    let published = run("tests/dialect/crowd-website.pt", &crowd(), 40);
    for round in [1, 20, 40] {
        assert!(values(&published, round).iter().all(|warned| warned == "false"));
    }
}
