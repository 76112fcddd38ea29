//! The rules of docs/ARCHITECTURE.md: who may depend on whom, and what must not be in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn table(path: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(path)).expect("the file is in the repository");
    text.parse().expect("TOML")
}

/// Direct dependencies of every package in the lock file; versions do not matter here.
fn lock() -> BTreeMap<String, BTreeSet<String>> {
    let lock = table("Cargo.lock");
    let packages = lock["package"].as_array().expect("packages");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name").to_owned();
        let dependencies = package.get("dependencies").and_then(|d| d.as_array());
        let names = dependencies.into_iter().flatten().filter_map(|d| d.as_str());
        let names = names.filter_map(|d| d.split(' ').next()).map(str::to_owned);
        graph.entry(name).or_default().extend(names);
    }
    graph
}

/// The dependencies that a crate of ours declares outside of its tests.
fn declared(room: &str) -> BTreeSet<String> {
    let manifest = table(&format!("{room}/Cargo.toml"));
    let dependencies = manifest.get("dependencies").and_then(|d| d.as_table());
    dependencies.into_iter().flat_map(|d| d.keys().cloned()).collect()
}

/// Everything that a room needs to build, without its tests.
fn needs(room: &str) -> BTreeSet<String> {
    let graph = lock();
    let mut open: Vec<String> = declared(room).into_iter().collect();
    let mut all = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !all.insert(name.clone()) {
            continue;
        }
        match name.strip_prefix("fieldrun-") {
            // The lock file lists test dependencies of our own crates as well.
            Some(room) => open.extend(declared(room)),
            None => open.extend(graph.get(&name).into_iter().flatten().cloned()),
        }
    }
    all
}

#[test]
fn the_core_builds_without_a_network() {
    for room in ["lang", "netem", "stdlib", "device", "sim"] {
        let all = needs(room);
        for banned in ["tokio", "quinn", "rustls", "fieldrun-runtime", "fieldrun-glue"] {
            assert!(!all.contains(banned), "{room} needs {banned}");
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    let rooms = [
        ("lang", vec![]),
        ("netem", vec!["lang"]),
        ("stdlib", vec!["lang"]),
        ("device", vec!["lang", "stdlib"]),
        ("glue", vec!["device"]),
        ("runtime", vec!["lang", "stdlib", "device", "glue"]),
        ("sim", vec!["lang", "netem", "stdlib", "device"]),
        ("examples", vec!["lang", "stdlib", "device", "glue", "runtime", "sim"]),
    ];
    for (room, allowed) in rooms {
        let ours = declared(room)
            .into_iter()
            .filter_map(|d| Some(d.strip_prefix("fieldrun-")?.to_owned()));
        for used in ours {
            assert!(allowed.contains(&used.as_str()), "{room} uses {used}");
        }
    }
}

#[test]
fn what_is_banned_is_not_in_the_lock_file() {
    let lock = lock();
    let deny = table("deny.toml");
    let banned = deny["bans"]["deny"].as_array().expect("a list");
    assert!(banned.len() >= 9, "the list of deny.toml is read");
    for entry in banned {
        let name = entry["crate"].as_str().expect("a name");
        assert!(!lock.contains_key(name), "{name}: {}", entry["reason"]);
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let section = text.split("[workspace.dependencies]").nth(1).and_then(|s| s.split("\n[").next());
    let mut commented = false;
    let mut seen = 0;
    for line in section.expect("a section").lines() {
        if line.starts_with('#') {
            commented = true;
        } else if line.contains(" = ") && !line.starts_with("fieldrun-") {
            assert!(commented, "no reason above: {line}");
            commented = false;
            seen += 1;
        }
    }
    assert!(seen > 20, "the section is read");
}

#[test]
fn the_shipped_restart_programs_are_short() {
    for name in ["restart.pt", "restart-ddr.pt", "restart-manual.pt"] {
        let path = root().join("examples/enterprise").join(name);
        let text = std::fs::read_to_string(path).expect("the program");
        let mut in_comment = false;
        let code = text.lines().map(str::trim).filter(|line| {
            let starts = line.starts_with("/*");
            in_comment |= starts;
            let comment = in_comment || line.starts_with("//");
            if in_comment && line.ends_with("*/") {
                in_comment = false;
            }
            !comment && !line.is_empty()
        });
        // Requirement P2: "with very little code".
        assert!(code.count() <= 25, "{name}");
    }
}
