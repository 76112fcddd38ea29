//! Why a neighbour is, or is not, aligned at a call site: each reason in a network where it occurs.

use super::*;
use fieldrun_device::trace::{CallSite, Own, SiteReport, Standing, Way, Why};

fn env(readings: &[(&str, Reading)]) -> SensorFrame {
    let env = readings.iter().map(|(name, r)| ((*name).to_owned(), r.clone())).collect();
    SensorFrame { env, position: None }
}

/// A flag of the environment.
fn flag(name: &str, value: bool) -> SensorFrame {
    env(&[(name, Reading::Bool(value))])
}

/// Lets a neighbour run one round of a program, and hands over what it sends.
fn hear_round(device: &mut Device, now: u64, from: i64, text: &str, sensors: &SensorFrame) {
    let frame = tick_with(&mut Device::new(config(from, text)), now, sensors).frame;
    hear(device, now, from, &frame.expect("the round succeeds")).expect("it is taken");
}

fn ask(device: &mut Device, now: u64, sensors: &SensorFrame, at: &str) -> SiteReport {
    device.explain(Micros(now), sensors, &at.parse().expect("a place"))
}

/// What device 0 sees at a place of a program that its neighbours 1, 2, … run as well.
fn seen(text: &str, at: &str, own: &SensorFrame, others: &[SensorFrame]) -> SiteReport {
    let mut device = Device::new(config(0, text));
    for (id, sensors) in (1..).zip(others) {
        hear_round(&mut device, SECOND, id, text, sensors);
    }
    ask(&mut device, SECOND, own, at)
}

fn aligned(standing: &Standing) -> Option<&str> {
    match standing {
        Standing::Aligned(value) => value.as_ref().map(|value| value.text.as_str()),
        _ => None,
    }
}

/// The places at which a neighbour may have gone another way, and the way taken here.
fn ways(standing: &Standing) -> Vec<(String, String)> {
    let Standing::Apart(ways) = standing else { panic!("apart is expected: {standing:?}") };
    let way = |way: &Way| match way {
        Way::Branch(outcome) => outcome.to_string(),
        Way::Function(name) => name.clone(),
        Way::Key(key) => key.text.clone(),
    };
    ways.iter().map(|parting| (parting.place.clone(), way(&parting.here))).collect()
}

#[test]
fn another_branch_is_named_with_its_condition() {
    let text = "let x = 3\nif (env.get(\"a\")) { sumHood(nbr(x)) } else { minHood(nbr(9)) }";
    let others = [flag("a", true), flag("a", false)];
    let report = seen(text, "test.pt:2", &flag("a", true), &others);
    let [here, there] = report.sites.as_slice() else { panic!("two sites: {report:?}") };
    assert!(matches!(&here.own, Own::Shared(value) if value.text == "3.0"));
    assert_eq!(aligned(&here.neighbors[0].standing), Some("3.0"));
    let branch = ("test.pt:2:5".to_owned(), "true".to_owned());
    assert_eq!(ways(&here.neighbors[1].standing), [branch]);
    // The other branch: not reached, for the same reason, and neighbour 2 is there.
    assert!(matches!(&there.own, Own::NotReached(Some(way)) if way.place == "test.pt:2:5"));
    assert!(matches!(there.neighbors[0].standing, Standing::Elsewhere(None)));
    let value = |s: &Standing| matches!(s, Standing::Elsewhere(Some(v)) if v.text == "9.0");
    assert!(value(&there.neighbors[1].standing));
}

#[test]
fn of_nested_branches_the_one_is_named_that_the_message_tells_apart() {
    let inner = "if (env.get(\"b\")) { sumHood(nbr(1)) } else { 7 }";
    let flags = |a, b| env(&[("a", Reading::Bool(a)), ("b", Reading::Bool(b))]);
    // The outer branch shares something of its own: a neighbour that sent that was there.
    let text = format!("if (env.get(\"a\")) {{\nlet n = nbr(0)\n{inner}\n}} else {{ 8 }}");
    let others = [flags(true, false), flags(false, true)];
    let report = seen(&text, "test.pt:3", &flags(true, true), &others);
    let rows = &report.sites[0].neighbors;
    assert_eq!(ways(&rows[0].standing), [("test.pt:3:5".to_owned(), "true".to_owned())]);
    // Without a slot in the other branch the message cannot tell at which of the two it was.
    let both = ["test.pt:1:5", "test.pt:3:5"].map(|place| (place.to_owned(), "true".to_owned()));
    assert_eq!(ways(&rows[1].standing), both);
}

#[test]
fn another_function_is_named() {
    let text = "def one() = nbr(1)\ndef two() = nbr(2)
        let f = mux (env.get(\"a\")) { one } else { two }\nsumHood(f())";
    let others = [flag("a", true), flag("a", false)];
    // The line of the call shares nothing by itself: what it calls is shown.
    let report = seen(text, "test.pt:4", &flag("a", true), &others);
    let [site] = report.sites.as_slice() else { panic!("one site: {report:?}") };
    assert_eq!(
        (site.place.as_str(), site.calls.as_slice()),
        ("test.pt:1:13", &["test.pt:4:9".to_owned()][..])
    );
    assert_eq!(aligned(&site.neighbors[0].standing), Some("1.0"));
    let ways = ways(&site.neighbors[1].standing);
    assert_eq!((ways.len(), ways[0].0.as_str()), (1, "test.pt:4:9"));
    assert!(ways[0].1.contains("one"), "{ways:?}");
}

#[test]
fn another_key_is_named() {
    let text =
        "alignedMap(nbr(env.get(\"keys\")), { k, f -> true }, { k, f ->\nunionHood(nbr(k))\n}, 0)";
    let keys = |keys: &[&str]| {
        let pair = |key: &&str| Reading::List(vec![Reading::text(key), Reading::Number(1.0)]);
        env(&[("keys", Reading::List(keys.iter().map(pair).collect()))])
    };
    let report = seen(text, "test.pt:2", &keys(&["x"]), &[keys(&["x", "y"]), keys(&["y"])]);
    // Both keys run here, as a neighbour holds the second one.
    let of_key = |key: &str| {
        let sites = report.sites.iter();
        let mut sites = sites.filter(|s| matches!(&s.own, Own::Shared(v) if v.text == key));
        sites.next().unwrap_or_else(|| panic!("{key}: {report:?}"))
    };
    let rows = &of_key("x").neighbors;
    assert_eq!(aligned(&rows[0].standing), Some("x"));
    assert!(matches!(&rows[1].standing, Standing::OtherKey(key) if key.text == "x"));
    assert!(of_key("y").neighbors.iter().all(|row| !matches!(row.standing, Standing::OtherKey(_))));
}

#[test]
fn another_version_is_named() {
    let mut device = Device::new(config(0, "sumHood(nbr(1))"));
    hear_round(&mut device, SECOND, 1, "sumHood(nbr(1)) ", &SensorFrame::default());
    let report = ask(&mut device, SECOND, &SensorFrame::default(), "test.pt:1");
    assert!(matches!(report.sites[0].neighbors[0].standing, Standing::OtherProgram));
}

#[test]
fn who_is_gone_is_remembered_with_the_reason_until_heard_again() {
    let (text, nothing) = ("sumHood(nbr(1))", SensorFrame::default());
    let mut device = Device::new(config(0, text));
    for id in [1, 2] {
        hear_round(&mut device, SECOND, id, text, &nothing);
    }
    let (two, now) = (NodeId::Int(2), Micros(2 * SECOND));
    device.handle(Input::NeighborGone { now, id: &two }).expect("always taken");
    for n in 1..=2 {
        let refused = hear(&mut device, 3 * SECOND, 3, b"nonsense");
        assert!(refused.is_err(), "message {n} is no frame");
    }
    let report = ask(&mut device, 11 * SECOND, &nothing, "test.pt:1");
    assert!(report.sites[0].neighbors.is_empty(), "nobody counts any more: {report:?}");
    let [expired, left, undecodable] = report.absent.as_slice() else { panic!("{report:?}") };
    assert!(matches!(expired.why, Why::Expired { silent: 10.0, period: 1.0 }), "{expired:?}");
    assert!(matches!(left.why, Why::Left) && left.since == 9.0, "{left:?}");
    assert!(matches!(undecodable.why, Why::Undecodable { count: 2, .. }), "{undecodable:?}");
    for id in [1, 2, 3] {
        hear_round(&mut device, 11 * SECOND, id, text, &nothing);
    }
    let report = ask(&mut device, 11 * SECOND, &nothing, "test.pt:1");
    assert_eq!((report.sites[0].neighbors.len(), report.absent.len()), (3, 0));
}

#[test]
fn asking_changes_nothing() {
    let text = "let n = rep (n <- 0) { n + self.nextRandomDouble() }\nsumHood(nbr(n)) + n";
    let run = |asks: bool| {
        let mut device = Device::new(config(0, text));
        let rounds = (1..6).map(|second| {
            hear_round(&mut device, second * SECOND, 1, text, &SensorFrame::default());
            if asks {
                let report =
                    ask(&mut device, second * SECOND, &SensorFrame::default(), "test.pt:2");
                assert_eq!((report.round, report.sites.len()), (second, 1));
            }
            tick(&mut device, second * SECOND).frame
        });
        rounds.collect::<Vec<_>>()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn places_are_read_or_refused() {
    let read = |text: &str| text.parse::<CallSite>().map(|at| (at.file, at.line, at.column));
    assert_eq!(read("a/b.pt:3"), Ok(("a/b.pt".to_owned(), 3, None)));
    assert_eq!(read("b.pt:3:14"), Ok(("b.pt".to_owned(), 3, Some(14))));
    assert_eq!(read("a:b:3"), Ok(("a:b".to_owned(), 3, None)));
    for wrong in ["", "3", ":3", "b.pt", "b.pt:0", "b.pt:x", "b.pt:3:0"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
