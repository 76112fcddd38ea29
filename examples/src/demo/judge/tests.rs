//! Stories that are well, and one for each way in which they may not be.

use super::super::story::{Change, Marks};
use super::*;

const SECOND: u64 = 1_000_000;

/// Reads lines such as `12.5 firewall run>stopping`; times are seconds.
fn story(lines: &str, operator: bool) -> Story {
    let change = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (from, to) = words[2].split_once('>').unwrap();
        let status = |word: &str| serde_json_status(word);
        Change {
            service: words[1].to_owned(),
            at_us: (words[0].parse::<f64>().unwrap() * 1e6) as u64,
            from: status(from),
            to: status(to),
            cause: "because".to_owned(),
        }
    };
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut changes: Vec<Change> = lines.map(change).collect();
    changes.sort_by_key(|change| change.at_us);
    let marks = Marks {
        fault_us: 10 * SECOND,
        restore_us: 20 * SECOND,
        operator_us: operator.then_some(21 * SECOND),
        end_us: 40 * SECOND,
    };
    Story { root: "supplies-db".to_owned(), changes, marks }
}

fn serde_json_status(word: &str) -> Status {
    let all = [Status::Stop, Status::Starting, Status::Run, Status::Stopping, Status::Hung];
    all.into_iter().find(|status| status.as_str() == word).unwrap()
}

/// The first start, in order.
const START: &str = "
    1.0 supplies-db stop>starting
    1.0 financial-db stop>starting
    1.0 backup stop>starting
    1.5 backup starting>run
    2.0 supplies-db starting>run
    2.0 financial-db starting>run
    2.1 logistics stop>starting
    2.2 b2b-catalog stop>starting
    2.7 logistics starting>run
    2.7 b2b-catalog starting>run
    2.8 firewall stop>starting
    3.1 firewall starting>run
    3.2 portal-a stop>starting
    3.2 portal-b stop>starting
    3.7 portal-a starting>run
    3.7 portal-b starting>run
";

/// The cascade, outward.
const CASCADE: &str = "
    13.0 supplies-db run>hung
    13.1 b2b-catalog run>stopping
    13.15 b2b-catalog stopping>stop
    13.1 logistics run>stopping
    13.2 logistics stopping>stop
    13.3 firewall run>stopping
    13.35 firewall stopping>stop
    13.5 portal-a run>stopping
    13.55 portal-a stopping>stop
    13.6 portal-b run>stopping
    13.7 portal-b stopping>stop
";

/// The return, in dependency order.
const RETURN: &str = "
    13.05 supplies-db hung>stopping
    13.06 supplies-db stopping>starting
    21.0 supplies-db starting>run
    21.1 b2b-catalog stop>starting
    21.2 logistics stop>starting
    21.65 b2b-catalog starting>run
    21.8 logistics starting>run
    21.7 firewall stop>starting
    22.1 firewall starting>run
    22.2 portal-a stop>starting
    22.3 portal-b stop>starting
    22.8 portal-a starting>run
    22.9 portal-b starting>run
";

fn verdict(lines: &str, operator: bool) -> Verdict {
    judge(&Enterprise::shipped().unwrap(), &story(lines, operator), None)
}

/// The good story with some lines replaced; `""` takes a line away.
fn changed(replacements: &[(&str, &str)]) -> Verdict {
    let mut lines = [START, CASCADE, RETURN].concat();
    for (old, new) in replacements {
        assert!(lines.contains(old), "{old}");
        lines = lines.replace(old, new);
    }
    verdict(&lines, false)
}

#[test]
fn a_good_story_and_its_figures() {
    let verdict = changed(&[]);
    assert_eq!(verdict.problems, Vec::<String>::new());
    assert_eq!((verdict.rule, verdict.demanded), (Rule::AfterRun, Rule::AfterRun));
    assert_eq!(verdict.untouched, ["financial-db", "backup"]);
    let order = ["b2b-catalog", "logistics", "firewall", "portal-a", "portal-b"];
    assert_eq!(verdict.stopped, order);
    assert_eq!(verdict.started[0], "supplies-db");
    assert_eq!(verdict.started[1..], order.map(str::to_owned));
    let figures = &verdict.figures;
    assert_eq!(figures.detect_us, Some(3 * SECOND));
    assert_eq!(figures.stop_us, Some(700_000));
    assert_eq!(figures.recover_us, Some(2_900_000));
    assert_eq!(figures.hops.len(), 5);
    let firewall = figures.hops.iter().find(|hop| hop.service == "firewall").unwrap();
    assert_eq!((firewall.after.as_str(), firewall.reaction_us), ("b2b-catalog", 50_000));
    assert_eq!(firewall.readiness_us, 100_000, "0.4 s for a start of 0.3 s");
    assert_eq!(figures.hop_overhead_us(), Some((220_000, 300_000)));
}

#[test]
fn each_way_to_go_wrong_is_named() {
    let none: (&str, &str) = ("1.0 backup stop>starting", "1.0 backup stop>starting");
    for (replacement, expected) in [
        (("13.0 supplies-db run>hung", ""), "never found hung"),
        (
            ("13.35 firewall stopping>stop", "13.35 firewall stopping>hung"),
            "firewall was `hung`, not `stop`",
        ),
        (("13.7 portal-b stopping>stop", ""), "portal-b was `stopping`, not `stop`"),
        (
            ("1.5 backup starting>run", "1.5 backup starting>run\n14.0 backup run>stopping"),
            "backup does not depend on supplies-db",
        ),
        (
            ("13.3 firewall run>stopping", "13.01 firewall run>stopping"),
            "firewall stopped before anything that it depends on",
        ),
        (("22.8 portal-a starting>run", ""), "portal-a is `starting` at the end"),
        (
            ("21.1 b2b-catalog stop>starting", "20.9 b2b-catalog stop>starting"),
            "b2b-catalog began to start while supplies-db was starting",
        ),
        (
            ("22.2 portal-a stop>starting", "21.65 portal-a stop>starting"),
            "portal-a began to start while firewall was stop",
        ),
        (
            ("2.8 firewall stop>starting", "2.1 firewall stop>starting"),
            "firewall began to start while b2b-catalog was stop",
        ),
        (
            (
                "22.2 portal-a stop>starting",
                "22.15 portal-a stop>starting\n22.16 portal-a starting>hung\n\
                 22.2 portal-a hung>starting",
            ),
            "portal-a was started 2 times",
        ),
    ] {
        let verdict = changed(&[replacement, none]);
        assert!(
            verdict.problems.iter().any(|problem| problem.contains(expected)),
            "{replacement:?}: {:?}",
            verdict.problems
        );
    }
}

#[test]
fn one_that_never_noticed_is_missed() {
    let lines = [START, CASCADE, RETURN].concat();
    let without: Vec<&str> = lines
        .lines()
        .filter(|line| !line.contains("portal-a") || line.trim().starts_with('3'))
        .collect();
    let verdict = verdict(&without.join("\n"), false);
    assert!(verdict.problems.contains(&"portal-a did not stop".to_owned()), "{verdict:?}");
}

#[test]
fn a_program_that_waits_for_a_human_may_start_after_starting() {
    let patient = "
        21.0 supplies-db hung>stopping
        21.1 supplies-db stopping>starting
        21.2 b2b-catalog stop>starting
        21.3 logistics stop>starting
        21.4 firewall stop>starting
        21.6 portal-a stop>starting
        21.6 portal-b stop>starting
        21.7 b2b-catalog starting>run
        21.8 firewall starting>run
        21.9 logistics starting>run
        22.0 supplies-db starting>run
        22.1 portal-a starting>run
        22.1 portal-b starting>run
    ";
    let lines = [START, CASCADE, patient].concat();
    let tolerant = verdict(&lines, true);
    assert_eq!(tolerant.problems, Vec::<String>::new());
    assert_eq!((tolerant.rule, tolerant.demanded), (Rule::AfterStarting, Rule::AfterStarting));
    let b2b = tolerant.figures.hops.iter().find(|hop| hop.service == "b2b-catalog").unwrap();
    assert_eq!(b2b.reaction_us, 100_000, "measured from what it waited for");

    let enterprise = Enterprise::shipped().unwrap();
    let strict = judge(&enterprise, &story(&lines, true), Some(Rule::AfterRun));
    assert_eq!(strict.problems.len(), 5, "{:?}", strict.problems);

    let restarting = verdict(&lines.replace("21.3 logistics", "21.05 logistics"), true);
    assert_eq!(restarting.problems, Vec::<String>::new(), "while it is being restarted");
    let stopping = lines.replace("21.3 logistics", "21.05 logistics").replace(
        "21.1 supplies-db stopping>starting",
        "21.06 supplies-db stopping>stop\n21.1 supplies-db stop>starting",
    );
    let stopping = verdict(&stopping, true);
    assert_eq!(stopping.problems, ["logistics began to start while supplies-db was stopping"]);

    let early = lines.replace("21.4 firewall", "21.15 firewall");
    let early = verdict(&early, true);
    assert_eq!(early.problems, ["firewall began to start while b2b-catalog was stop"]);
}
