//! Scenario files: what they mean, and what people read when they are wrong.

use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId, Retention};
use fieldrun_netem::{Conditions, Delay, Loss};
use fieldrun_sim::Color;
use fieldrun_sim::scenario::{
    Area, Given, Link, Mobility, Place, Record, Schedule, Stop, Topology, Walk,
};
use fieldrun_sim::{Scenario, SimError};
use std::path::Path;

fn parse(text: &str) -> Scenario {
    Scenario::parse(text, "test.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn mistakes(text: &str) -> String {
    match Scenario::parse(text, "test.toml") {
        Err(error @ SimError::Scenario(_)) => error.to_string(),
        other => panic!("mistakes expected, not {other:?}"),
    }
}

#[test]
fn every_key_has_its_meaning() {
    let scenario = parse(
        r##"
        program = "p.pt"
        path = ["lib", "more"]
        seed = 7
        area = [0, -5, 10, 5.5]
        stop = { time = "2m", rounds = 30, events = 1000 }
        schedule = { kind = "periodic", period = "500ms", jitter = 0.25 }
        link = { radius = 1.5, delay = ["10ms", 1], loss = 0.5, retention = 3 }
        record = { every = 10, from_event = 5 }
        map = { title = "T", colors = { a = "#Ff0000" } }
        mobility = { kind = "waypoint", speed = 2, pause = ["1s", "2s"], step = "100ms" }
        [[node]]
        id = "gate"
        position = [1, 2, 3]
        env = { n = 1, x = 0.5, b = true, t = "text", l = [1, [true]], i = inf }
        mobility = { kind = "still" }
        [[group]]
        place = "clusters"
        count = 12
        clusters = 2
        spread = 3
        area = [0, 0, 1, 1]
        "##,
    );
    assert_eq!((scenario.program.as_path(), scenario.seed), (Path::new("p.pt"), 7));
    assert_eq!(scenario.path, [Path::new("lib"), Path::new("more")]);
    assert_eq!(scenario.area, Some(Area::flat([0.0, -5.0, 10.0, 5.5])));
    let time = Some(Micros(120_000_000));
    assert_eq!(scenario.stop, Stop { events: Some(1000), rounds: Some(30), time });
    assert_eq!(
        scenario.schedule,
        Schedule::Periodic { period: Micros(500_000), jitter: 0.25, drift: 0.0 }
    );
    let link = Link {
        topology: Topology::Disc { radius: Some(1.5) },
        conditions: Conditions {
            loss: Loss::Uniform(0.5),
            delay: Some(Delay::Uniform(Micros(10_000), Micros::SECOND)),
            ..Conditions::default()
        },
        retention: Some(Retention::Periods(3.0)),
    };
    assert_eq!(scenario.link, link);
    assert_eq!(scenario.record, Record { from_event: 5, every: Some(10) });
    let pause = (Micros(1_000_000), Micros(2_000_000));
    assert_eq!(scenario.mobility, Mobility::Waypoint(Walk { speed: (2.0, 2.0), pause }));
    assert_eq!(scenario.move_step, Micros(100_000));
    assert_eq!(scenario.map.colors, [("a".to_owned(), Color(255, 0, 0))]);
    let node = &scenario.nodes[0];
    assert_eq!(node.id, Some(NodeId::text("gate")));
    assert_eq!(node.position, [1.0, 2.0, 3.0]);
    assert_eq!(node.mobility, Some(Mobility::Still));
    let list = Reading::List(vec![Reading::Number(1.0), Reading::List(vec![Reading::Bool(true)])]);
    let expected = [
        ("b", Reading::Bool(true)),
        ("i", Reading::Number(f64::INFINITY)),
        ("l", list),
        ("n", Reading::Number(1.0)),
        ("t", Reading::text("text")),
        ("x", Reading::Number(0.5)),
    ];
    assert_eq!(node.env, expected.map(|(name, value)| (name.to_owned(), Given::Value(value))));
    let group = &scenario.groups[0];
    assert_eq!(group.place, Place::Clusters { clusters: 2, spread: 3.0 });
    assert_eq!((group.count, group.area), (12, Some(Area::flat([0.0, 0.0, 1.0, 1.0]))));
}

#[test]
fn nearly_every_key_may_be_left_out() {
    let scenario = parse("program = 'p.pt'\n[[node]]\n[[group]]");
    assert_eq!(scenario.stop, Stop::default());
    assert_eq!(
        scenario.schedule,
        Schedule::Periodic { period: Micros::SECOND, jitter: 0.1, drift: 0.0 }
    );
    assert_eq!(scenario.nodes[0].position, [0.0, 0.0]);
    assert_eq!(scenario.groups[0].count, 100);
    assert_eq!(scenario.link, Link::default());
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    insta::assert_snapshot!(mistakes(
        r#"program = "p.pt"
sede = 3

[link]
radios = 10

[[node]]
id = 1
position = [0, 0]
evn = { source = true }
xyzzy = 1
"#
    ));
}

#[test]
fn wrong_values_say_what_to_write() {
    insta::assert_snapshot!(mistakes(
        r#"program = 7
seed = -1
stop = { time = "5 parsecs", rounds = 0 }

[schedule]
kind = "periodc"
jitter = 2

[link]
radius = "far"
delay = ["2s", "1s"]
loss = 1.5
retention = "ever"

[[node]]
id = 1.5
position = [1]
env = { when = 2024-01-01, big = [1, 99999999999999999999] }

[[group]]
count = 0
place = "circle"

[map]
colors = { a = "red" }
"#
    ));
}

#[test]
fn contradictions_are_mistakes() {
    insta::assert_snapshot!(mistakes(
        r#"area = [10, 0, 0, 10]

[schedule]
kind = "round-robin"
jitter = 0.5

[mobility]
kind = "gather"
start = "10s"
end = "5s"

[[node]]
id = "a"
position = [0, 0]

[[node]]
id = "7"

[[node]]
id = 7
position = [0, 0, 0]

[[group]]
place = "grid"
spread = 3
mobility = { kind = "still", speed = 3 }

[[group]]
count = 2000000
"#
    ));
}

#[test]
fn steered_devices_have_a_speed_and_nothing_else() {
    let text = "program = 'p.pt'\nnode = [{ mobility = { kind = 'steered', speed = [1, 3] } }]";
    let steered = Some(Mobility::Steered { speed: (1.0, 3.0) });
    assert_eq!(parse(text).nodes[0].mobility, steered);
    let mistakes = mistakes(
        "program = 'p.pt'
[[node]]
mobility = { kind = 'steered', pause = '1s', radius = 3, sped = 1 }
",
    );
    for mistake in
        ["`pause` has no meaning here", "`radius` has no meaning", "known key is `speed`"]
    {
        assert!(mistakes.contains(mistake), "{mistakes}");
    }
}

#[test]
fn a_scenario_without_devices_or_program_is_a_mistake() {
    insta::assert_snapshot!(mistakes("seed = 1\n"));
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    insta::assert_snapshot!(mistakes("program = \"p.pt\n[link\nradius = 1\n"));
}

#[test]
fn any_bytes_are_read_without_panic() {
    let text = include_str!("../../../examples/crowd/crowd.toml");
    for end in 0..text.len() {
        if let Some(part) = text.get(..end) {
            let _ = Scenario::parse(part, "cut.toml");
        }
        let mut bytes = text.as_bytes().to_vec();
        bytes[end] = b'[';
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = Scenario::parse(&text, "broken.toml");
        }
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let error = Scenario::load(Path::new("no/such.toml")).expect_err("there is no such file");
    assert!(error.to_string().contains("no/such.toml"), "{error}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.toml");
    std::fs::write(&file, "program = 'p.pt'\npath = ['lib']\n[[node]]").expect("written");
    let scenario = Scenario::load(&file).expect("good");
    assert_eq!(scenario.program, folder.path().join("p.pt"));
    assert_eq!(scenario.path, [folder.path().join("lib")]);
    assert_eq!(scenario.name, "s");
}

#[test]
fn the_documented_scenario_is_one() {
    let page = include_str!("../../../docs/simulator.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        let effective = parse(example).effective();
        effective.unwrap_or_else(|error| panic!("its devices can be placed: {error}"));
    }
}

#[test]
fn the_page_explains_every_word() {
    let page = include_str!("../../../docs/simulator.md");
    let places = ["[schedule]\nkind", "[link]\nkind", "[mobility]\nkind", "[[group]]\nplace"];
    for place in places {
        let said = mistakes(&format!("program = 'p.pt'\n{place} = '?'\n"));
        let (_, words) = said.split_once("Known words: ").expect("they are listed");
        let words = words.split('.').next().unwrap_or_default();
        for word in words.split(", ") {
            assert!(page.contains(&format!("| `\"{word}\"` |")), "{place}: {word}");
        }
    }
}
