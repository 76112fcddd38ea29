//! `fieldrun demo crowd`: programs are judged by what is true, and what is true follows from the
//! positions alone.

use fieldrun_examples::crowd::{self, Options, PROGRAMS, Region, Report, Rules, SCENARIO};
use fieldrun_sim::Scenario;
use fieldrun_sim::scenario::{Mobility, Schedule, Topology};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A square with people: a dense crowd of 50 within 45 m with 16 around it, a loose one of 24 within 80 m
/// whose density is far from what is dangerous, 30 who walk about, and 40 lamps.
const SQUARE: &str = r#"
program = "repaired.pt"
area = [0, 0, 700, 400]
stop = { time = "60s" }
link = { radius = 100 }

[[group]]
count = 40
place = "jittered-grid"

[[group]]
count = 30
mobility = { kind = "waypoint" }

[[group]]
count = 50
area = [120, 170, 180, 230]
mobility = { kind = "gather", place = [150, 200], radius = 45, pause = ["1m", "2m"] }

[[group]]
count = 16
area = [50, 100, 250, 300]
mobility = { kind = "gather", place = [150, 200], radius = 110, pause = ["1m", "2m"] }

[[group]]
count = 24
area = [490, 140, 610, 260]
mobility = { kind = "gather", place = [550, 200], radius = 80, pause = ["1m", "2m"] }
"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/marathon")
}

fn judged(program: &str, out: Option<&Path>, time: &str) -> Report {
    let text = SQUARE.replace("60s", time);
    let mut scenario = Scenario::parse(&text, "square.toml").unwrap_or_else(|e| panic!("{e}"));
    scenario.program = folder().join(program);
    let loaded = scenario.load_program().unwrap_or_else(|error| panic!("{error}"));
    let options = Options {
        scenario,
        program: program.to_owned(),
        rules: Rules::PUBLISHED,
        out: out.map(Path::to_owned),
    };
    crowd::run(&options, &loaded.program, &mut ()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_repaired_program_finds_a_dangerous_crowd_and_warns_those_near_to_it() {
    let report = judged("repaired.pt", None, "40s");
    assert_eq!(report.summary.counts.first_trap, None);
    let last = report.rows.last().expect("seconds");
    // Danger is there, and not everywhere: who says "always" or "never" fails below.
    assert!((40..80).contains(&last.truth.dangerous), "{last:?}");
    assert!(last.truth.warned > last.truth.dangerous && last.truth.warned < 100, "{last:?}");
    let good = |precision: f64, recall: f64, figures: &crowd::Figures| {
        assert!(figures.precision >= Some(precision), "{figures:?}");
        assert!(figures.recall >= Some(recall), "{figures:?}");
    };
    // Half of those who are counted are to be warned: to warn everybody would have a precision of
    // 60 %, and to warn by chance a recall of 60 % at the most.
    good(0.95, 0.95, &report.crowded);
    good(0.8, 0.8, &report.dangerous);
    good(0.8, 0.8, &report.warned);
    // A leader is elected and hears of its region within a few rounds of a second.
    assert!(report.warned.delay_median_s.is_some_and(|delay| delay <= 8.0), "{:?}", report.warned);
}

#[test]
fn the_misprint_never_warns_and_is_all_that_was_corrected() {
    let report = judged("published.pt", None, "40s");
    // There is a crowd, which it sees; there is danger, of which it says nothing.
    assert!(report.crowded.recall > Some(0.95), "{:?}", report.crowded);
    assert!(report.rows.iter().all(|row| row.said.dangerous == 0 && row.said.warned == 0));
    assert_eq!((report.warned.precision, report.warned.recall), (None, Some(0.0)));
    assert!(report.warned.misses > 1000, "{:?}", report.warned);
    assert!(report.text().contains("Nobody was ever warned"), "{}", report.text());

    let code = |name: &str| {
        let (_, _, text) = PROGRAMS.iter().find(|(known, ..)| *known == name).expect("shipped");
        let lines = text.lines().filter(|line| !line.starts_with("//"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (published, corrected) = (code("published"), code("corrected"));
    let pairs = published.iter().zip(&corrected).filter(|(a, b)| a != b);
    let differ: Vec<(&str, &str)> = pairs.map(|(a, b)| (a.trim(), b.trim())).collect();
    let expected = (
        "if (crowdRgn) { densityEst(p, r) } else { none };",
        "if (crowdRgn) { dangerousDensity(p, r) } else { none };",
    );
    assert_eq!(differ, [expected]);
    assert_eq!(published.len(), corrected.len());
}

/// Where radio reaches farther than a region, leaders take the values of other regions: the crowd is
/// counted by few leaders, and the others see nobody.
#[test]
fn without_the_misprint_danger_is_seen_but_not_by_all() {
    let corrected = judged("corrected.pt", None, "30s");
    let repaired = judged("repaired.pt", None, "30s");
    assert!(corrected.warned.hits > 0, "it warns: {:?}", corrected.warned);
    let recall = |report: &Report| report.dangerous.recall.expect("there is danger");
    let (more, less) = (recall(&repaired), recall(&corrected));
    assert!(more > less + 0.1, "{more} of the danger is seen, {less} without regions apart");
}

#[test]
fn same_seed_same_bytes() {
    let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("one"));
    let first = judged("repaired.pt", Some(one.path()), "12s");
    let second = judged("repaired.pt", Some(two.path()), "12s");
    assert_eq!(first.text(), second.text());
    assert_eq!(first.files.len(), 4);
    for file in &first.files {
        let name = file.file_name().expect("a name");
        let bytes = |folder: &Path| std::fs::read(folder.join(name)).expect("it is written");
        assert!(bytes(one.path()) == bytes(two.path()), "{name:?} differs");
    }
}

/// The table of devices holds what is needed to compute the truth anew; here without a grid, straight
/// from the definition.
#[test]
fn the_truth_follows_from_the_positions_in_the_table() {
    let out = tempfile::tempdir().expect("a folder");
    judged("repaired.pt", Some(out.path()), "20s");
    let table = std::fs::read_to_string(out.path().join("devices.csv")).expect("the table");
    let mut lines = table.lines();
    let header = "t,id,mobile,x,y,said_crowded,said_dangerous,said_warned,\
                  true_crowded,true_dangerous,true_warned";
    assert_eq!(lines.next(), Some(header));
    let mut seconds: BTreeMap<u64, Vec<Vec<f64>>> = BTreeMap::new();
    for line in lines {
        let row: Vec<f64> = line.split(',').map(|n| n.parse().expect("a number")).collect();
        seconds.entry(row[0] as u64).or_default().push(row);
    }
    assert_eq!(seconds.len(), 20);
    let mut dense_at: Vec<Option<u64>> = vec![None; 160];
    let mut warned = 0;
    for (t, rows) in &seconds {
        assert_eq!(rows.len(), 160);
        let distance = |a: usize, b: usize| {
            ((rows[a][3] - rows[b][3]).powi(2) + (rows[a][4] - rows[b][4]).powi(2)).sqrt()
        };
        let near = |a: usize, reach: f64| (0..160).filter(move |b| distance(a, *b) < reach);
        let area = 0.005 * std::f64::consts::PI * 900.0 * 0.25;
        let density: Vec<f64> = (0..160).map(|a| near(a, 30.0).count() as f64 / area).collect();
        for (last, density) in dense_at.iter_mut().zip(&density) {
            *last = if *density > 1.08 { Some(*t) } else { *last };
        }
        let crowded = |a: usize| dense_at[a].is_some_and(|at| t - at < 60);
        let dangerous: Vec<bool> = (0..160)
            .map(|a| {
                let region: Vec<f64> =
                    near(a, 60.0).filter(|b| crowded(*b)).map(|b| density[b]).collect();
                let mean = region.iter().sum::<f64>() / region.len() as f64;
                crowded(a) && mean > 2.17 && region.len() as f64 / 0.005 > 300.0
            })
            .collect();
        for (device, row) in rows.iter().enumerate() {
            let warn = near(device, 60.0).any(|b| dangerous[b]);
            let truth =
                [crowded(device), dangerous[device], warn].map(|is| f64::from(u8::from(is)));
            assert_eq!(row[8..], truth, "device {device} at {t} s");
            warned += u32::from(warn);
        }
    }
    assert!(warned > 500, "there is something to see: {warned}");
}

#[test]
fn the_shipped_scenario_has_the_published_size() {
    let scenario = Scenario::parse(SCENARIO, "marathon.toml").unwrap_or_else(|e| panic!("{e}"));
    let count = |moves: bool| -> usize {
        let still = |own: &Option<Mobility>| own.as_ref().is_none_or(|own| *own == Mobility::Still);
        let groups = scenario.groups.iter().filter(|group| still(&group.mobility) != moves);
        groups.map(|group| group.count).sum()
    };
    assert_eq!((count(false), count(true)), (1000, 1479));
    assert_eq!(scenario.link.topology, Topology::Disc { radius: Some(100.0) });
    assert_eq!(scenario.stop.latest().seconds(), 900.0);
    let Schedule::Periodic { period, .. } = scenario.schedule else { panic!("asynchronous") };
    assert_eq!(period.seconds(), 1.0);
    for (name, file, text) in PROGRAMS {
        let loaded = fieldrun_stdlib::load_text(file, text, &[]);
        assert!(loaded.is_ok(), "{name}: {:?}", loaded.err());
    }
    assert_eq!(Rules::PUBLISHED.region, Region::Around);
}

fn demo(words: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    command.args(["demo", "crowd"]).args(words).current_dir(folder).output().expect("it runs")
}

#[test]
fn the_command_prints_one_json_report_and_refuses_what_it_cannot_judge() {
    let here = tempfile::tempdir().expect("a folder");
    std::fs::write(here.path().join("square.toml"), SQUARE.replace("60s", "5s")).expect("a file");
    let square = ["--scenario", "square.toml", "--program", "published", "--json"];
    let output = demo(&square, here.path());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["devices"], &report["counted"]), (&160.into(), &120.into()));
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(5));
    assert!(report["warned"]["precision"].is_null(), "{report}");
    assert!(!here.path().join("fieldrun-out").exists(), "nothing is written unasked");

    std::fs::write(here.path().join("other.pt"), "42").expect("a file");
    let output = demo(&["--scenario", "square.toml", "--program", "other.pt"], here.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("says `42`") && said.contains("[tracking, warned]"), "{said}");
    let short = ["--program", "repaired", "--time", "10ms", "--json"];
    let output = demo(&short, here.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("shorter than a second") && said.contains("--time"), "{said}");
}
