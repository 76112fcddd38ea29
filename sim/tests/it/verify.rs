//! Blocks of the library pass, sabotaged ones do not, and what fails is shown by a scenario.

use fieldrun_sim::verify::{
    Block, Case, Failure, Plan, Promise, Report, Shape, Subject, WrongCase, blocks, find, verify,
};
use fieldrun_sim::{Flow, Moment, Observer, Scenario, SimError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A block as the library has it, or with modules of a folder in its place.
pub(crate) fn subject(name: &str, folders: &[PathBuf]) -> Subject {
    let block = find(name).unwrap_or_else(|| panic!("{name} is in the table"));
    let loaded = fieldrun_stdlib::load_text("program.pt", &block.program(), folders);
    let program = loaded.unwrap_or_else(|error| panic!("{name}: {error}")).program;
    Subject { name: name.to_owned(), program, block: Some(block) }
}

pub(crate) fn run(subject: &Subject, seed: u64, cases: u64) -> Report {
    tried(subject, Plan { seed, cases, shrink: true })
}

pub(crate) fn tried(subject: &Subject, plan: Plan) -> Report {
    verify(subject, plan, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

fn wrong(report: Report) -> Option<Box<WrongCase>> {
    match report.failure? {
        Failure::Wrong(wrong) => Some(wrong),
        Failure::Recovers => panic!("a block that remembers forgot"),
    }
}

/// Ten cases have every kind of fault, every schedule and every shape.
#[test]
fn every_block_of_the_table_keeps_its_promise() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || blocks().skip(first).step_by(threads).for_each(keeps_its_promise));
        }
    });
}

fn keeps_its_promise(block: &Block) {
    let report = run(&subject(block.name, &[]), 1, 10);
    let remembers = block.promise == Promise::Remembers;
    assert_eq!(report.kept > 0, remembers, "{}", block.name);
    if let Some(wrong) = wrong(report) {
        panic!("{} fails\n{}", block.name, wrong.scenario("program.pt", &[], &[]));
    }
}

/// Nobody adds a function to the library without putting it to the test.
#[test]
fn every_public_function_is_in_the_table() {
    let all = fieldrun_stdlib::modules().flat_map(|(module, _)| fieldrun_stdlib::functions(module));
    let all: BTreeSet<String> = all.map(|function| function.full_name()).collect();
    let tested: BTreeSet<String> = blocks().map(|block| block.name.to_owned()).collect();
    assert_eq!(tested, all);
    assert_eq!(blocks().count(), all.len(), "a function is there twice");
    let pages: BTreeSet<String> = blocks().map(|block| block.page()).collect();
    assert_eq!(pages.len(), all.len(), "two functions share a card");
}

const NEVER_RISES: &str = "public def hopDistanceTo(source) =
    share (mine, theirs <- POSITIVE_INFINITY) {
        mux (source) { 0 } else { min(mine, minHood(theirs + 1)) } }
def unused(source) =";

/// Texts of the library, each with a mistake, and a block that must notice.
const SABOTAGED: [(&str, &str, &str, &str); 9] = [
    // Every link counts twice.
    (
        "distanceTo",
        "coord/spreading",
        "{ v -> addRangeWithMetric(v, metric) }",
        "{ v -> v + 2 * metric() }",
    ),
    // What fell never rises again: right but for faults.
    ("hopDistanceTo", "coord/spreading", "public def hopDistanceTo(source) =", NEVER_RISES),
    // Values come from the highest neighbour.
    (
        "gradcast",
        "coord/spreading",
        "minHood([nbr(gradient), accumulate(theirs)])",
        "maxHood([nbr(gradient), accumulate(theirs)])",
    ),
    // The obstacle itself does not count.
    ("directProjection", "coord/spreading", "{ v -> or(v, obstacle) }", "{ v -> v }"),
    // A value flows to all lower neighbours: who has two is counted twice.
    (
        "countDevices",
        "coord/accumulation",
        "mux (nbr(parent) == self)",
        "mux (nbr(potential) > potential)",
    ),
    // What was collected once stays collected.
    (
        "C",
        "coord/accumulation",
        "share (_, theirs <- local) {\n        reduce(local,",
        "share (mine, theirs <- local) {\n        max(mine, local) + 0 * reduce(local,",
    ),
    // Leaders that are not there any more live on.
    (
        "boundedElection",
        "coord/sparsechoice",
        "theirs.get(2) == localId || distance >= radius",
        "theirs.get(2) == localId",
    ),
    // A little too far.
    ("boundedElection", "coord/sparsechoice", "distance >= radius", "distance >= radius + 4"),
    // The countdown goes on below zero.
    (
        "countDown",
        "state/time",
        "T(length, 0, { left -> left - dt })",
        "T(length, -3, { left -> left - dt })",
    ),
];

fn sabotaged(name: &str, module: &str, good: &str, bad: &str) -> (tempfile::TempDir, Subject) {
    let key = format!("protelis:{}", module.replace('/', ":"));
    let text = fieldrun_stdlib::module(&key).expect("a module");
    assert!(text.contains(good), "{module} does not say {good}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(format!("protelis/{module}.pt"));
    std::fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
    std::fs::write(&file, text.replacen(good, bad, 1)).expect("written");
    let subject = subject(name, &[folder.path().to_owned()]);
    (folder, subject)
}

/// Values of all devices at the end of a scenario, by id.
#[derive(Default)]
struct Ends(BTreeMap<String, String>);

impl Observer for Ends {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        let world = moment.world;
        let end = |device| Some((world.id(device)?.to_string(), world.value(device)?.to_string()));
        self.0 = (0..world.len()).filter_map(end).collect();
        Ok(())
    }
}

#[test]
fn sabotage_is_found_made_small_and_shown_by_a_scenario() {
    for (name, module, good, bad) in SABOTAGED {
        let (_folder, subject) = sabotaged(name, module, good, bad);
        let wrong = wrong(run(&subject, 1, 60)).unwrap_or_else(|| panic!("{name}: {bad} passes"));
        let size = |case: &Case| case.spots.len() + case.pairs.len() + case.strikes.len();
        assert!(size(&wrong.case) <= size(&wrong.found), "{name}");
        assert!(wrong.case.spots.len() <= 5, "{name}: {} devices", wrong.case.spots.len());
        let text = wrong.scenario("program.pt", &[], &["A note".to_owned()]);
        let scenario = Scenario::parse(&text, "x.toml").unwrap_or_else(|error| panic!("{error}"));
        let mut ends = Ends::default();
        fieldrun_sim::run(&scenario, &subject.program, &mut ends).expect("it runs");
        for wrong in &wrong.wrong {
            assert_eq!(ends.0.get(&wrong.device.to_string()), Some(&wrong.found), "{name}\n{text}");
            assert_ne!(wrong.found, wrong.wanted);
        }
        assert!(!wrong.wrong.is_empty());
    }
}

fn own(text: &str) -> Subject {
    let program = fieldrun_stdlib::load_text("own.pt", text, &[]);
    let program = program.unwrap_or_else(|error| panic!("{error}")).program;
    Subject { name: "own.pt".to_owned(), program, block: None }
}

#[test]
fn programs_are_held_to_what_they_do_undisturbed() {
    let gradient = "share (d <- POSITIVE_INFINITY) {
        mux (env.get(\"source\")) { 0 } else { minHood(d + 1) } }";
    assert!(run(&own(gradient), 3, 30).failure.is_none());
    // A maximum that never forgets differs once a fault has left a greater one.
    let gossip = "share (m <- env.get(\"value\")) { max(env.get(\"value\"), maxHood PlusSelf(m)) }";
    let failed = wrong(run(&own(gossip), 3, 30)).expect("it does not recover");
    assert!(failed.case.trouble().corrupts() && failed.case.spots.len() <= 2);
    // One that never rests has no right values.
    let counter = wrong(run(&own("rep (n <- 0) { n + 1 }"), 3, 30)).expect("it never rests");
    assert!(counter.wrong.is_empty());
}

#[test]
fn cases_are_varied_and_a_matter_of_the_seed() {
    let cases: Vec<Case> = (0..252).map(|number| Case::new(1, number)).collect();
    let kinds: BTreeSet<_> = cases
        .iter()
        .map(|case| (case.shape.name(), case.order.name(), case.trouble().name()))
        .collect();
    // All combinations but those in which chance befell nobody with a restart.
    assert!(kinds.len() >= 200, "{}", kinds.len());
    assert_eq!(cases[7], Case::new(1, 7));
    assert_ne!(cases[7], Case::new(2, 7));
    let parts = cases.iter().filter(|case| case.shape == Shape::Disconnected);
    // Some have a part without a source, in which distances stay infinite.
    let lost = |case: &&Case| case.spots.iter().filter(|spot| spot.source).count() == 1;
    assert!(parts.filter(lost).count() > 5);
    let report = |seed| format!("{:?}", run(&subject("C", &[]), seed, 6).measured);
    assert_eq!(report(1), report(1));
    assert_ne!(report(1), report(2));
}
