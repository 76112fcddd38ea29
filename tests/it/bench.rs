//! The measuring commands measure what they say: their figures are not judged, their work is.

use std::process::Command;

fn rows(args: &[&str]) -> Vec<serde_json::Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    let output = command.arg("bench").args(args).arg("--json").output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// The command itself compares what the workloads settle to with plain algorithms, and fails if they
/// differ; these sums were computed once by a program of another language.
#[test]
fn workloads_settle_under_both_schedules() {
    let sums = [0.0, 1_004.0, 808.705_142, 40_000.0, 40_000.0, 6_195.495_073];
    for schedule in ["async", "lockstep"] {
        let rows = rows(&["sim", "--devices", "200", "--schedule", schedule]);
        assert_eq!(rows.len(), sums.len(), "w0 to w5");
        for (row, sum) in rows.iter().zip(sums) {
            assert_eq!(row["finite"], 200, "{row}");
            assert!((row["sum"].as_f64().expect("a sum") - sum).abs() < 1e-6, "{row}");
            let by_hand = ["w1", "w2"].contains(&row["workload"].as_str().expect("a name"));
            assert_eq!(row["times_by_hand"].is_number(), by_hand, "{row}");
        }
    }
}

/// The command fails if the machine gives another value than the loops by hand, or leaves a round
/// to the reference evaluator.
#[test]
fn rounds_of_the_machine_stand_beside_loops_by_hand() {
    let rows = rows(&["vm"]);
    assert_eq!(rows.len(), 18, "six kinds of work at 10, 30 and 50 neighbours");
    assert!(rows.iter().all(|row| row["nanoseconds"].as_f64() > Some(0.0)));
}
