//! `fieldrun verify` and `fieldrun lib` as commands, and the cards that they write.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fieldrun(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    command.args(arguments).current_dir(folder).output().expect("it runs")
}

fn printed(arguments: &[&str], folder: &Path) -> String {
    let output = fieldrun(arguments, folder);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command says that cannot do what it is asked.
fn refused(arguments: &[&str], folder: &Path) -> String {
    let output = fieldrun(arguments, folder);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_library_reads_as_a_book() {
    let here = root();
    assert!(printed(&["lib", "list"], &here).contains("protelis:coord:spreading"));
    let listed = printed(&["lib", "list", "spreading"], &here);
    assert!(listed.lines().any(|line| line.starts_with("distanceTo(source) ")), "{listed}");
    let shown = printed(&["lib", "show", "distanceTo"], &here);
    assert!(shown.contains("Self-stabilising.") && shown.contains("public def distanceTo("));
    let module = printed(&["lib", "show", "protelis:coord:tree"], &here);
    assert_eq!(Some(module.as_str()), fieldrun_stdlib::module("protelis:coord:tree"));
    let json = printed(&["lib", "show", "distanceTo", "--json"], &here);
    let object: serde_json::Value = serde_json::from_str(&json).expect("an object");
    assert_eq!(object["signature"], "distanceTo(source)");
    assert!(refused(&["lib", "show", "distancTo"], &here).contains("did you mean distanceTo?"));
    // Two modules have a `time` at their end.
    let both = refused(&["lib", "show", "time"], &here);
    assert!(both.contains("protelis:state:nonselfstabilizing:time"), "{both}");
}

/// The page says what is printed, and the scenario that is written ends at the wrong value.
#[test]
fn a_program_that_does_not_recover_fails_as_the_page_shows() {
    let page = fs::read_to_string(root().join("docs/tools.md")).expect("the page");
    let from = page.find("```pt\nlet value").expect("a program") + "```pt\n".len();
    let (program, rest) = page[from..].split_once("```").expect("its end");
    let command = "$ fieldrun verify loudest.pt\n";
    let shown = rest.split_once(command).and_then(|(_, rest)| rest.split_once("```"));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("loudest.pt"), program).expect("a program");
    let output = fieldrun(&["verify", "loudest.pt"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.starts_with(shown.expect("what it prints").0), "{found}");

    let (_, wrong) = found.split_once("ends at ").expect("a wrong value");
    let wrong = wrong.split_once(';').expect("its end").0;
    printed(&["sim", "fieldrun-out/verify/loudest.toml"], folder.path());
    let table = fs::read_to_string(folder.path().join("fieldrun-out/loudest/values.csv"));
    let table = table.expect("a table");
    let last = table.lines().last().expect("a line");
    assert!(last.contains(wrong), "{wrong} is not in {last}");
}

/// A module of one's own stands in for the library's, and is held to the same algorithm.
#[test]
fn sabotage_is_found_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let module = folder.path().join("mods/protelis/coord/sparsechoice.pt");
    fs::create_dir_all(module.parent().expect("a parent")).expect("folders");
    let text = fieldrun_stdlib::module("protelis:coord:sparsechoice").expect("a module");
    let bad = text.replace("distance >= radius", "distance >= radius + 4");
    assert_ne!(bad, text);
    fs::write(&module, bad).expect("a module");
    let arguments = ["verify", "boundedElection", "--path", "mods", "--json"];
    let output = fieldrun(&arguments, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object");
    assert_eq!(object["passes"], false);
    let written = object["file"].as_str().expect("a file");
    printed(&["sim", written], folder.path());
    // The same cases pass with the library's own text.
    printed(&["verify", "boundedElection", "--budget", "5"], folder.path());
}

/// Of each kind one: a distance, a collection, an election, and one that remembers.
#[test]
fn cards_say_what_is_measured_today() {
    let cards = root().join("docs/library");
    let index = fs::read_to_string(cards.join("README.md")).expect("the table");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["hopDistanceTo", "countDevices", "boundedElection", "gossip"] {
        printed(&["lib", "card", name, "--out", "."], folder.path());
        let page = |folder: &Path| fs::read_to_string(folder.join(format!("{name}.md")));
        let (now, kept) = (page(folder.path()).expect("a card"), page(&cards).expect("a card"));
        let remedy = "run `fieldrun lib card --all --out docs/library`";
        assert_eq!(now, kept, "the card of {name} is of another day; {remedy}");
        let heals = if now.contains("| self-stabilising | yes") { "yes" } else { "no" };
        assert!(index.contains(&format!("| [{name}]({name}.md) | {heals} |")), "{name}; {remedy}");
    }
    let blocks = fieldrun_sim::verify::blocks().map(|block| format!("{}.md", block.page()));
    let expected: BTreeSet<String> = blocks.chain(["README.md".to_owned()]).collect();
    let files = fs::read_dir(&cards).expect("the cards").filter_map(Result::ok);
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), expected);
}
