//! Scenario files through the binary: what people see when they are right, and when they are wrong.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const HOPS: &str = r#"
share (d <- POSITIVE_INFINITY) {
    mux (env.get("source", false)) { 0 } else { minHood(d + 1) }
}
"#;
/// Far more than any of these takes on a slow machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Exit code, standard output and standard error of a command in a folder.
fn fieldrun(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    let output = command.args(words).current_dir(folder).output().expect("it runs");
    assert!(start.elapsed() < LONGEST, "{words:?} took {:?}", start.elapsed());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), bytes).expect("a file");
}

/// A folder with a program and a scenario.
fn prepared(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "p.pt", HOPS);
    write(folder.path(), "s.toml", format!("program = 'p.pt'\n{scenario}\n"));
    folder
}

/// The scenario is refused, with all of this said.
fn refused(folder: &Path, said: &[&str]) {
    let (code, _, error) = fieldrun(folder, &["sim", "s.toml", "--csv", "out.csv"]);
    assert_eq!(code, Some(2), "{error}");
    for part in said {
        assert!(error.contains(part), "{part:?} is not said: {error}");
    }
    assert!(!error.contains("panicked"), "{error}");
    let table = std::fs::read(folder.join("out.csv")).unwrap_or_default();
    assert!(table.is_empty(), "nothing is written");
}

fn wrong(scenario: &str, said: &[&str]) {
    refused(prepared(scenario).path(), said);
}

#[test]
fn contradictions_are_named_with_place_and_remedy() {
    wrong(
        "[schedule]\nkind = 'reactive'\ngap = '1m'\nheartbeat = '10s'\nperiod = '1s'\n[[node]]",
        &[
            "s.toml:4:1",
            "60s, is longer than the longest, 10s",
            "Lower `gap`",
            "s.toml:6:1",
            "have a `heartbeat`",
        ],
    );
    wrong(
        "link = { nearest = 3, radius = 5 }\n[[node]]",
        &["s.toml:2:23", "`nearest` says who is linked"],
    );
    wrong(
        "link = { sure = 9, radius = 5 }\n[[node]]",
        &["sure up to a distance", "less than `radius`"],
    );
    wrong("link = { kind = 'graph' }\n[[node]]", &["nobody says who is linked", "links.csv"]);
    wrong("link = { kind = 'fading' }\n[[node]]", &["nobody says how far"]);
    wrong("[[group]]\nplace = 'line'\nfrom = [0, 0]", &["a line with one end"]);
    wrong("[[group]]\nplace = 'ring'\ndistance = 3", &["only \"poisson-disc\" has it"]);
    wrong("[[group]]\nfile = 'n.csv'\ncount = 3", &["`count` has no meaning", "cannot read"]);
    wrong("[[set]]\nids = [0]\nwhere = 'x < 1'\n[[node]]", &["both `ids` and `where`"]);
    wrong("[[set]]\nenv = { a = 1 }\n[[node]]", &["nobody says which devices"]);
    wrong(
        "[[obstacle]]\nblocks = []\n[[node]]",
        &["what the obstacle looks like", "blocks nothing"],
    );
    wrong(
        "[[obstacle]]\nrectangle = [0, 0, 1, 1]\npolygon = [[0, 0]]\n[[node]]",
        &["`polygon` has no meaning here: `rectangle` says"],
    );
    wrong("[[obstacle]]\npolygon = [[0, 0], [1, 1]]\n[[node]]", &["a polygon of 2 corners"]);
    wrong("mobility = { kind = 'flock', pause = 1 }\n[[node]]", &["flocks never rest"]);
    wrong("mobility = { kind = 'levi' }\n[[node]]", &["nearest known word is \"levy\""]);
    wrong("mobility = { kind = 'trace' }\n[[node]]", &["in a [[group]] of its own"]);
    wrong("area = [0, 0, 1, 1, 1]\n[[node]]", &["4 or 6 numbers"]);
}

#[test]
fn numbers_that_are_none_are_refused() {
    wrong("area = [0, 0, nan, 1]\n[[node]]", &["s.toml:2:15", "not a finite number"]);
    wrong("area = [0, 0, '1 parsec', 1]\n[[node]]", &["is not a length", "30m"]);
    wrong("link = { radius = -1 }\n[[node]]", &["-1 is out of range", "at least 0"]);
    wrong("link = { radius = inf }\n[[node]]", &["not a finite number"]);
    wrong("[[group]]\ncount = -5", &["Write 1 or more"]);
    wrong("[[group]]\nplace = 'poisson-disc'\ndistance = 0", &["a length of zero"]);
    wrong("[[group]]\nplace = 'ring'\nradius = -3", &["-3 is out of range"]);
    wrong("area = [-1e308, 0, 1e308, 1]\n[[node]]", &["too large to measure"]);
    wrong("mobility = { kind = 'waypoint', speed = '5 knots' }\n[[node]]", &["is not a speed"]);
    wrong("[[node]]\nposition = [1, 2, 3, 4]", &["two or three coordinates"]);
}

#[test]
fn what_is_too_much_is_refused_at_once() {
    wrong(
        "link = { nearest = 1000000 }\n[[group]]\ncount = 1000000",
        &["100000000 links", "`nearest`"],
    );
    wrong("[[group]]\ncount = 1000001", &["1000001 devices are too many"]);
    wrong(
        "[[group]]\nplace = 'poisson-disc'\ndistance = 50\narea = [0, 0, 100, 100]",
        &["of 100 devices find room at a distance of 50", "lower `distance`"],
    );
}

#[test]
fn expressions_are_shown_where_they_are_wrong() {
    wrong(
        "[[group]]\nenv = { source = { expr = 'x < widht' } }",
        &["s.toml:3:32", "`widht` is not defined", "x, y, z, id and index"],
    );
    wrong("[[set]]\nwhere = 'x <'\n[[node]]", &["s.toml:3:13", "expected an expression"]);
    wrong("[[node]]\nenv = { a = { exp = 'x' } }", &["programs cannot read tables", "expr ="]);
    wrong(
        "[[group]]\ncount = 3\nenv = { a = { expr = 'x.get(7)' } }",
        &["`x.get(7)` fails for device 0 at"],
    );
    wrong("[[set]]\nwhere = 'x + 1'\n[[node]]", &["neither true nor false"]);
}

#[test]
fn files_that_are_wrong_are_named_with_line_and_column() {
    let with = |scenario: &str, name: &str, bytes: &[u8], said: &[&str]| {
        let folder = prepared(scenario);
        write(folder.path(), name, bytes);
        refused(folder.path(), said);
    };
    let group = "[[group]]\nfile = 'n.csv'";
    with(group, "n.csv", b"id,x,y\n1,0,0\n2,abc,1\n", &["n.csv:3:3", "\"abc\"", "s.toml:3:8"]);
    with(group, "n.csv", b"id,x,y\n1,0\n", &["n.csv:2:1", "2 fields"]);
    with(group, "n.csv", b"id,x,y\n1,0,inf\n", &["n.csv:2:5", "finite"]);
    with(group, "n.csv", b"id,x,y\n\xff,0,0\n", &["n.csv:2", "UTF-8"]);
    let link = "link = { file = 'l.csv' }\n[[group]]\ncount = 3";
    with(link, "l.csv", b"0,1\n1,2,3\n", &["l.csv:2:1", "not two devices"]);
    with(link, "l.csv", b"0,7\n", &["[link] names device 7"]);
    let trace = "[[group]]\ntrace = 't.csv'";
    with(trace, "t.csv", b"id,t,x,y\na,-5,0,0\n", &["t.csv:2:3", "-5 s"]);
    with("[[group]]\ntrace = 't.gpx'", "t.gpx", b"<gpx>\n<trk></gpx>", &["t.gpx:2"]);
    let image = "area = [0, 0, 9, 9]\n[[obstacle]]\nimage = 'a.png'\n[[node]]";
    with(image, "a.png", b"P5 2 2 255 ....", &["a.png is no PNG picture"]);
    with("[[obstacle]]\nimage = 'a.png'\n[[node]]", "a.png", b"", &["where the picture lies"]);
}

#[test]
fn a_trace_with_gaps_runs_and_says_so_once() {
    let folder = prepared("stop = '30s'\n[[group]]\ntrace = 't.csv'\ngap = '10s'");
    let rows = "id,t,x,y\na,0,0,0\na,10,10,0\na,100,50,0\na,300,0,0\nb,0,0,1\n";
    write(folder.path(), "t.csv", rows);
    let (code, _, error) = fieldrun(folder.path(), &["sim", "s.toml", "--csv", "out.csv"]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(error.matches("note: ").count(), 1, "{error}");
    assert!(
        error.contains("where a was from 10 s to 100 s") && error.contains("one more"),
        "{error}"
    );
    let table = std::fs::read_to_string(folder.path().join("out.csv")).expect("a table");
    let last = table.lines().rfind(|line| line.contains(",a,")).expect("a row");
    assert!(last.contains(",a,10,0,"), "it waits where it was seen: {last}");
}

#[test]
fn the_effective_scenario_is_printed_and_runs_to_the_same_bytes() {
    let folder = prepared(
        "link = { radius = '15m' }\n[[group]]\ncount = 50\n[[set]]\nwhere = 'x < 20'\nenv = { source = true }",
    );
    let run = |scenario: &str, table: &str| {
        let (code, _, error) = fieldrun(folder.path(), &["sim", scenario, "--csv", table]);
        assert_eq!(code, Some(0), "{error}");
        std::fs::read(folder.path().join(table)).expect("a table")
    };
    let words = ["sim", "s.toml", "--explain", "--seed", "5", "--time", "9s"];
    let (code, effective, error) = fieldrun(folder.path(), &words);
    assert_eq!(code, Some(0), "{error}");
    assert!(effective.contains("seed = 5\n") && effective.contains("stop = { time = \"9s\" }\n"));
    write(folder.path(), "full.toml", &effective);
    fieldrun(folder.path(), &["sim", "s.toml", "--seed", "5", "--time", "9s", "--csv", "a.csv"]);
    let table = std::fs::read(folder.path().join("a.csv")).expect("a table");
    assert_eq!(table, run("full.toml", "b.csv"));
    let (_, json, _) = fieldrun(folder.path(), &["sim", "s.toml", "--explain", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["link"]["radius"], "15m");
    assert!(!folder.path().join("fieldrun-out").exists(), "explaining writes nothing");
    // A program without a scenario has one as well.
    let (_, default, _) = fieldrun(folder.path(), &["sim", "p.pt", "--explain"]);
    write(folder.path(), "default.toml", default);
    assert_eq!(run("p.pt", "c.csv"), run("default.toml", "d.csv"));
}

#[test]
fn a_new_program_runs_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said, error) = fieldrun(folder.path(), &["new", "work/swarm"]);
    assert_eq!(code, Some(0), "{error}");
    let next =
        said.lines().find_map(|line| line.trim().strip_prefix("fieldrun ")).expect("a command");
    let words: Vec<&str> = next.split(' ').collect();
    let (code, summary, error) = fieldrun(folder.path(), &words);
    assert_eq!(code, Some(0), "{error}");
    // All 150 devices find their way to a source, around the wall; the corner opposite is far away.
    assert!(summary.contains("values    150 devices: 0 to 12"), "{summary}");
    assert!(folder.path().join("fieldrun-out/swarm/map.svg").exists());
    let (code, _, error) = fieldrun(folder.path(), &["check", "work/swarm/swarm.pt"]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "without remarks");
    let (code, _, error) = fieldrun(folder.path(), &["new", "work/swarm"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("exists already"), "{error}");
    let (code, said, _) = fieldrun(folder.path(), &["new"]);
    assert!(code == Some(0) && said.contains("first/first.toml"), "{said}");
}
