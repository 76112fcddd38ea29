//! Sweeps through the binary: the same tables however the runs are shared out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SCENARIO: &str = "\
program = \"hops.pt\"\nstop = { time = \"12s\" }\n[link]\nradius = 12\n[[group]]\ncount = 25\n\
area = [0, 0, 50, 50]\nplace = \"uniform\"\n[[set]]\nids = [0]\nenv = { source = true }\n";
const PROGRAM: &str = "\
import protelis:coord:spreading\nlet d = hopDistanceTo(env.get(\"source\", false))\n\
if (d < 100) { d + env.get(\"plus\", 0) } else { 0 - 1 }\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.toml"), SCENARIO).expect("a file");
    std::fs::write(folder.path().join("hops.pt"), PROGRAM).expect("a file");
    folder
}

fn fieldrun(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    command.args(arguments).current_dir(folder).output().expect("it runs")
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = fieldrun(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

const SWEEP: [&str; 10] = [
    "sweep",
    "s.toml",
    "--vary",
    "link.radius=10,14",
    "--vary",
    "env.plus=0,5",
    "--seeds",
    "3",
    "--metric",
    "mean(result)",
];

/// The three files that a sweep ends in.
fn tables(folder: &Path, out: &str) -> [String; 3] {
    let read = |name| std::fs::read_to_string(folder.join(out).join(name)).expect("a file");
    [read("runs.csv"), read("means.csv"), read("report.html")]
}

fn whole(folder: &Path) -> [String; 3] {
    done(folder, &[&SWEEP[..], &["--out", "whole", "--jobs", "1"]].concat());
    tables(folder, "whole")
}

#[test]
fn tables_do_not_depend_on_jobs_or_shards() {
    let folder = folder();
    let expected = whole(folder.path());
    done(folder.path(), &[&SWEEP[..], &["--out", "jobs", "--jobs", "4"]].concat());
    assert!(tables(folder.path(), "jobs") == expected);
    // Shards of two machines, the last one first.
    for (shard, out) in [("3/3", "a"), ("1/3", "b"), ("2/3", "a")] {
        done(folder.path(), &[&SWEEP[..], &["--out", out, "--shard", shard]].concat());
    }
    let lacking = fieldrun(folder.path(), &["merge", "a"]);
    assert_eq!(lacking.status.code(), Some(1));
    let said = String::from_utf8_lossy(&lacking.stderr);
    assert!(said.contains("4 runs are not there"), "{said}");
    done(folder.path(), &["merge", "a", "b", "--out", "merged"]);
    assert!(tables(folder.path(), "merged") == expected);
}

#[test]
fn a_sweep_that_was_ended_goes_on_where_it_was() {
    let folder = folder();
    let expected = whole(folder.path());
    // As after a power cut: five whole lines and half of the sixth.
    let runs = folder.path().join("whole/runs-1of1.jsonl");
    let text = std::fs::read_to_string(&runs).expect("lines");
    let lines: Vec<&str> = text.lines().collect();
    let half = format!("{}\n{}", lines[..5].join("\n"), &lines[5][..lines[5].len() / 2]);
    std::fs::write(&runs, half).expect("a file");
    let again = fieldrun(folder.path(), &[&SWEEP[..], &["--out", "whole"]].concat());
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("5 runs are there already"), "{said}");
    assert!(tables(folder.path(), "whole") == expected);
    let kept = std::fs::read_to_string(&runs).expect("lines");
    assert_eq!(kept.lines().count(), 12, "each run was kept once");
    // Another sweep does not mix with it.
    let other = fieldrun(folder.path(), &["sweep", "s.toml", "--seeds", "2", "--out", "whole"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("holds another sweep"));
    done(folder.path(), &["sweep", "s.toml", "--seeds", "2", "--out", "whole", "--fresh"]);
}

#[test]
fn means_are_those_of_the_runs_and_settings_reach_the_program() {
    let folder = folder();
    let [runs, means, page] = whole(folder.path());
    let rows: Vec<Vec<&str>> = runs.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let value = |row: &[&str]| row[6].parse::<f64>().expect("a number");
    for line in means.lines().skip(1) {
        let mean: Vec<&str> = line.split(',').collect();
        let same = |row: &&Vec<&str>| row[0] == mean[0] && row[4] == mean[3];
        let values: Vec<f64> = rows.iter().filter(same).map(|row| value(row)).collect();
        assert_eq!(mean[5], values.len().to_string());
        let own = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean[6].parse::<f64>().expect("a mean") - own).abs() < 1e-9, "{line}");
    }
    // With 5 more on every device that hears the source, the mean at the end rises by no more.
    let at_end = |point: &str| {
        let of = rows.iter().filter(|row| row[0] == point && row[4] == "12").map(|row| value(row));
        of.collect::<Vec<f64>>()
    };
    for (plain, more) in at_end("0").iter().zip(at_end("1")) {
        assert!(more > *plain && more <= plain + 5.0, "{plain} {more}");
    }
    // A link as long as 14 joins what one of 10 does: the field only grows.
    assert!(page.contains("link.radius") && page.contains("<svg"));
}

/// The same through GNU parallel, as any array of jobs would.
#[test]
fn gnu_parallel_runs_the_shards() {
    let folder = folder();
    let expected = whole(folder.path());
    let exe = PathBuf::from(env!("CARGO_BIN_EXE_fieldrun"));
    let mut parallel = Command::new("parallel");
    parallel.arg("-j2").arg(&exe).args(SWEEP.map(|word| match word.contains('(') {
        // A shell takes the command line apart again.
        true => format!("'{word}'"),
        false => word.to_owned(),
    }));
    parallel.args(["--out", "cluster", "--shard", "{}/4", ":::", "1", "2", "3", "4"]);
    let output = match parallel.current_dir(folder.path()).output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("FIELDRUN_PARALLEL").is_none(), "GNU parallel: {error}");
            eprintln!("NOT TESTED: GNU parallel is not installed ({error})");
            return;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    done(folder.path(), &["merge", "cluster"]);
    assert!(tables(folder.path(), "cluster") == expected);
}

#[test]
fn settings_get_more_seeds_until_they_are_sure() {
    let folder = folder();
    let arguments = [
        "sweep",
        "s.toml",
        "--vary",
        "env.plus=0,1000000",
        "--seeds",
        "40",
        "--until-ci",
        "20%",
        "--json",
        "--out",
        "ci",
    ];
    let printed = done(folder.path(), &arguments);
    let runs: Vec<(u64, f64)> = printed
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let mean = &line["metrics"]["mean(result)"];
            let half =
                mean["high"].as_f64().expect("a bound") - mean["mean"].as_f64().expect("a mean");
            (line["runs"].as_u64().expect("a count"), half / mean["mean"].as_f64().expect("a mean"))
        })
        .collect();
    assert!(runs.iter().all(|(runs, _)| runs % 5 == 0 && *runs >= 5), "{runs:?}");
    assert!(runs.iter().all(|(runs, share)| *runs == 40 || *share <= 0.2), "{runs:?}");
    // The file of a sweep says all of it: merging finds nothing lacking.
    done(folder.path(), &["merge", "ci"]);
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let folder = folder();
    let cases: [(&[&str], &str); 8] = [
        (&["--vary", "link.radios=3"], "radius"),
        (&["--vary", "link.radius=-3"], "radius"),
        (&["--vary", "link.radius=1..3"], "--latin"),
        (&["--vary", "group.7.count=3"], "`group` has 1 items"),
        (&["--metric", "maen(result)"], "nearest is `mean`"),
        (&["--shard", "5/4"], "no shard"),
        (&["--until-ci", "0"], "no share"),
        (&["--vary", "program=none.pt"], "none.pt"),
    ];
    for (arguments, said) in cases {
        let output =
            fieldrun(folder.path(), &[&["sweep", "s.toml", "--out", "x"], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
        assert!(!folder.path().join("x/runs.csv").exists());
    }
    let nothing = fieldrun(folder.path(), &["merge", "."]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("is no sweep"));
}
