//! The chapters in `tests/spec`, executed. `tests/spec/README.md` says how they are written.

mod chapter;
mod check;
mod marks;
mod nets;

use crate::network::Network;
use chapter::Chapter;
pub(crate) use check::loaded;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/spec")
}

/// A network as in a `net` block.
pub(crate) fn network(text: &str) -> Network {
    let lines: Vec<&str> = text.lines().collect();
    nets::read(1, &lines).expect("a network that can be read")
}

/// Runs a chapter and tells of every case that does not hold.
fn hold(name: &str) {
    let path = folder().join(format!("{name}.md"));
    let text = std::fs::read_to_string(&path).expect("the chapter is there");
    let chapter =
        Chapter::read(&text).unwrap_or_else(|error| panic!("tests/spec/{name}.md:{error}"));
    assert!(!chapter.cases.is_empty(), "tests/spec/{name}.md has no cases");
    let failures: Vec<String> = chapter
        .cases
        .iter()
        .flat_map(|case| check::failures(case, &chapter.modules))
        .map(|failure| format!("tests/spec/{name}.md:{failure}"))
        .collect();
    let count = chapter.cases.len();
    assert!(
        failures.is_empty(),
        "{} of {count} cases:\n\n{}\n",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Every public function of the library is called in some table or program of a chapter.
#[test]
fn every_library_function_has_a_case() {
    let chapters: Vec<Chapter> = std::fs::read_dir(folder())
        .expect("the folder is there")
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
        .filter_map(|text| Chapter::read(&text).ok())
        .collect();
    let programs: Vec<&str> = chapters
        .iter()
        .flat_map(|chapter| &chapter.cases)
        .map(|case| case.program.as_str())
        .collect();
    let mut missing = Vec::new();
    for (module, text) in fieldrun_stdlib::modules() {
        let functions = text.lines().filter_map(|line| line.strip_prefix("public def "));
        for name in functions.filter_map(|rest| rest.split_once('(')).map(|(name, _)| name) {
            let uses = |program: &&str| {
                program.contains(module)
                    && program.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
            };
            if !programs.iter().any(uses) {
                missing.push(format!("{module}:{name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

macro_rules! chapters {
    ($($function:ident => $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $function() {
                hold($file);
            }
        )*

        #[test]
        fn every_chapter_is_executed() {
            let mut files: Vec<String> = std::fs::read_dir(folder())
                .expect("the folder is there")
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()))
                .filter(|name| name != "README")
                .collect();
            files.sort();
            let mut known = vec![$($file),*];
            known.sort_unstable();
            assert_eq!(files, known);
        }
    };
}

chapters! {
    aligned_map => "alignedmap",
    alignment => "alignment",
    closures => "closures",
    dialect => "dialect",
    errors => "errors",
    eval => "eval",
    fields => "fields",
    hoods => "hoods",
    lexical => "lexical",
    mixed => "mixed",
    library_accumulation => "lib-accumulation",
    library_classic => "lib-classic",
    library_graph_and_gossip => "lib-graph-and-gossip",
    library_meta => "lib-meta",
    library_moving => "lib-moving",
    library_processes => "lib-processes",
    library_repaired => "lib-repaired",
    library_spreading => "lib-spreading",
    library_time => "lib-time",
    library_time_history => "lib-time-history",
    library_trees_and_leaders => "lib-trees-and-leaders",
    library_utils => "lib-utils",
    names => "names",
    natives => "natives",
    numbers => "numbers",
    operators => "operators",
    option => "option",
    self_and_env => "self-env",
    state => "state",
    statements => "statements",
    traps => "traps",
    tuples => "tuples",
}
