//! A manifest says all that is needed to run again what was run.

use std::path::Path;
use std::process::{Command, Output};

fn fieldrun(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    command.args(arguments).current_dir(folder).output().expect("it runs")
}

fn write(folder: &Path, file: &str, text: &str) {
    std::fs::create_dir_all(folder.join(file).parent().expect("a folder")).expect("a folder");
    std::fs::write(folder.join(file), text).expect("a file");
}

#[test]
fn a_run_is_repeated_from_its_manifest_alone() {
    let here = tempfile::tempdir().expect("a folder");
    let elsewhere = tempfile::tempdir().expect("a folder");
    write(
        here.path(),
        "net/s.toml",
        "program = \"../p.pt\"\npath = [\"lib\"]\nseed = 7\n\
        stop = { time = \"8s\" }\n[link]\nradius = 12\n[[node]]\nid = \"a\"\nposition = [0, 0]\n\
        [[group]]\ncount = 30\narea = [0, 0, 40, 40]\nenv = { source = false }\n[[set]]\nids = [0]\n\
        env = { source = true }\n",
    );
    write(
        here.path(),
        "p.pt",
        "import my:own\nhops(env.get(\"source\", false)) + self.nextRandomDouble()\n",
    );
    write(
        here.path(),
        "net/lib/my/own.pt",
        "module my:own\nimport protelis:coord:spreading\n\
        public def hops(source) = hopDistanceTo(source)\n",
    );
    let arguments = [
        "sim",
        "net/s.toml",
        "--out",
        "o",
        "--metrics",
        "o/m.csv",
        "--seed",
        "11",
        "--table",
        "t.jsonl",
        "--snapshot",
        "t=3",
        "o/map.png",
    ];
    let run = fieldrun(here.path(), &arguments);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    // All that was read is gone.
    std::fs::copy(here.path().join("o/manifest.json"), elsewhere.path().join("m.json"))
        .expect("a file");
    let table = std::fs::read(here.path().join("t.jsonl")).expect("a file");
    drop(here);
    let again = fieldrun(elsewhere.path(), &["repeat", "m.json", "--out", "again"]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "{said}");
    assert_eq!(said.matches("the same bytes").count(), 4, "{said}");
    let repeated = std::fs::read(elsewhere.path().join("again/t.jsonl")).expect("a file");
    assert!(table == repeated, "the tables are compared here once more");
    // Another program does not give the same: the comparison can fail.
    let text = std::fs::read_to_string(elsewhere.path().join("m.json")).expect("a file");
    write(
        elsewhere.path(),
        "m2.json",
        &text.replace("= hopDistanceTo(source)", "= 2 * hopDistanceTo(source)"),
    );
    let other = fieldrun(elsewhere.path(), &["repeat", "m2.json", "--out", "other"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("DIFFERS"));
    write(elsewhere.path(), "no.json", "{}");
    let wrong = fieldrun(elsewhere.path(), &["repeat", "no.json"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("is no manifest"));
}

#[test]
fn long_tables_hold_the_network_at_regular_times() {
    let here = tempfile::tempdir().expect("a folder");
    // The rounds of a device in lock-step: known at every time.
    write(
        here.path(),
        "s.toml",
        "program = \"p.pt\"\nstop = { time = \"5s\" }\n[link]\nradius = 12\n\
        [schedule]\nkind = \"lock-step\"\n[[group]]\ncount = 4\nplace = \"grid\"\narea = [0, 0, 20, 20]\n",
    );
    write(here.path(), "p.pt", "rep (n <- 0) { n + 1 }\n");
    for engine in ["events", "population"] {
        let arguments = [
            "sim",
            "s.toml",
            "--metrics",
            "m.csv",
            "--metric",
            "sum(result)",
            "--metric",
            "count(result > 3)",
            "--sample",
            "2s",
            "--table",
            "t.csv",
            "--value",
            "degree",
            "--engine",
            engine,
        ];
        let run = fieldrun(here.path(), &arguments);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let metrics = std::fs::read_to_string(here.path().join("m.csv")).expect("a file");
        // Four devices have counted to 2, 4 and, at the end, 5.
        assert_eq!(
            metrics,
            "seed,t,metric,value\n1,2,sum(result),8\n1,2,count(result > 3),0\n1,4,sum(result),16\n\
             1,4,count(result > 3),4\n1,5,sum(result),20\n1,5,count(result > 3),4\n",
            "{engine}"
        );
        let table = std::fs::read_to_string(here.path().join("t.csv")).expect("a file");
        assert_eq!(table.lines().nth(1), Some("1,2,0,5,5,degree,2"), "{engine}");
        assert_eq!(table.lines().count(), 1 + 3 * 4, "{engine}");
    }
    let wrong = fieldrun(here.path(), &["sim", "s.toml", "--metrics", "m.xlsx"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains(".csv or .jsonl"));
}
