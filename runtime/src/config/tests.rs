use super::*;

const GOOD: &str = r#"
[rounds]
every = "200ms"

[node]
name = "n5"
cluster = "acme"
listen = "127.0.0.1:7946"
peers = ["127.0.0.1:7947", { node = "n2", addr = "n2.acme:7948" }]
tls = { ca = "ca.pem", cert = "n5.pem", key = "/keys/n5.key" }
position = [3, 4.5]

[env]
building = "west"
floors = [1, 2]

[[service]]
id = "b2b"
exec = "./run --fast"
dependencies = ["db"]

[[service.dep]]
on = "smtp"
kind = "hard"

[[service]]
id = "cache"
exec = ["redis"]
"#;

fn check(text: &str) -> Result<NodeConfig, Problems> {
    parse(Path::new("/etc/fr/node.toml"), text)
}

fn problems(text: &str) -> Vec<(usize, String)> {
    let problems = check(text).expect_err("problems").problems;
    problems.into_iter().map(|problem| (problem.line, problem.message)).collect()
}

#[test]
fn a_whole_file() {
    let config = check(GOOD).unwrap();
    assert_eq!(config.period, Duration::from_millis(200));
    assert_eq!((config.name.as_str(), config.cluster.as_deref()), ("n5", Some("acme")));
    assert_eq!(config.peers.len(), 2);
    assert_eq!(config.peers[1].node.as_deref(), Some("n2"));
    assert_eq!(config.tls.ca, Path::new("/etc/fr/ca.pem"));
    assert_eq!(config.tls.key, Path::new("/keys/n5.key"));
    assert_eq!(config.state_dir, Path::new("/etc/fr/state/n5"));
    assert_eq!(config.socket, Path::new("/etc/fr/state/n5/fieldrun.sock"));
    assert_eq!(config.position, Some(vec![3.0, 4.5]));
    assert_eq!(config.env[0], ("building".to_owned(), Reading::text("west")));
    assert_eq!(config.services[0].dependencies, ["db", "smtp"]);
    assert_eq!(config.services[0].exec, ["/etc/fr/./run", "--fast"]);
    assert_eq!(config.services[1].id, "cache");
    assert_eq!(config.stale_after, 25.0, "five seconds");
}

#[test]
fn every_problem_of_a_file_is_reported_at_its_line_in_one_run() {
    let text = GOOD
        .replace("every = \"200ms\"", "evry = \"200ms\"")
        .replace("listen = \"127.0.0.1:7946\"", "listen = \"here\"")
        .replace("position = [3, 4.5]", "position = \"west\"")
        .replace("kind = \"hard\"", "kind = \"soft\"")
        .replace("dependencies = [\"db\"]", "dependancies = [\"db\"]");
    let found = problems(&text);
    let expect = [
        (3, "unknown key `evry`; did you mean `every`?"),
        (8, "`here` is no address"),
        (11, "expected"),
        (20, "unknown key `dependancies`; did you mean `dependencies`?"),
        (24, "unknown value `soft`"),
    ];
    assert_eq!(found.len(), expect.len(), "{found:#?}");
    for ((line, message), (expected_line, part)) in found.iter().zip(expect) {
        assert_eq!(*line, expected_line, "{message}");
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn what_is_missing_is_named_with_the_remedy() {
    let found = problems("[node]\nlisten = \"127.0.0.1:1\"\n");
    assert!(found.iter().any(|(_, m)| m.contains("`name` is missing")), "{found:?}");
    assert!(found.iter().any(|(_, m)| m.contains("fieldrun ca issue")), "{found:?}");
    let found = problems("[node]\nname = \"a\"\ntls = { ca = \"ca.pem\" }\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(line, _)| *line == 3));
    let found = problems(&GOOD.replace("id = \"cache\"\n", ""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("`id` is missing"));
}

#[test]
fn contradictions_are_found() {
    let found = problems(&GOOD.replace("id = \"cache\"", "id = \"b2b\""));
    assert!(found[0].1.contains("`b2b` stands here twice"), "{found:?}");
    let found = problems(&GOOD.replace("dependencies = [\"db\"]", "dependencies = [\"b2b\"]"));
    assert!(found[0].1.contains("depends on itself"), "{found:?}");
    let found = problems(&GOOD.replace("exec = [\"redis\"]\n", ""));
    assert!(found[0].1.contains("no start command"), "{found:?}");
    let long = format!("socket = \"/{}\"\n[env]", "x".repeat(200));
    let found = problems(&GOOD.replace("[env]", &long));
    assert!(found[0].1.contains("set `socket` to a shorter one"), "{found:?}");
}

#[test]
fn bad_values_are_refused() {
    for (old, new, part) in [
        ("\"200ms\"", "\"200\"", "no unit"),
        ("\"200ms\"", "\"1us\"", "every 10ms"),
        ("\"127.0.0.1:7947\"", "\"127.0.0.1\"", "HOST:PORT"),
        ("\"127.0.0.1:7947\"", "7947", "HOST:PORT"),
        ("\"127.0.0.1:7947\"", "{ node = \"n2\", adr = \"127.0.0.1:1\" }", "did you mean `addr`"),
        ("name = \"n5\"", "name = \"N 5\"", "lower-case"),
        ("floors = [1, 2]", "floors = { a = 1 }", "values for programs"),
        ("exec = [\"redis\"]", "exec = \"\"", "command is empty"),
        ("[rounds]", "[rounds]\nstale_after = 0", "at least 1"),
    ] {
        let found = problems(&GOOD.replace(old, new));
        assert_eq!(found.len(), 1, "{new}: {found:?}");
        assert!(found[0].1.contains(part), "{new}: {found:?}");
    }
}

#[test]
fn syntax_errors_point_at_the_source() {
    let shown = check("[node\nname = \"a\"\n").unwrap_err().to_string();
    assert!(shown.contains("--> /etc/fr/node.toml:1:"), "{shown}");
    assert!(shown.contains("1 | [node"), "{shown}");
    let missing = load(Path::new("/nowhere/node.toml")).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/node.toml"), "{missing}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(text in "(\\PC|\n){0,200}") {
        let _ = check(&text);
    }

    /// Damage to a good file is survived too, and reaches deeper than random text.
    #[test]
    fn a_damaged_file_is_survived(at in 0usize..700, len in 0usize..20, with in "[\\[\\]{}=\"a1.\n]{0,5}") {
        let start = GOOD.floor_char_boundary(at.min(GOOD.len()));
        let end = GOOD.floor_char_boundary((start + len).min(GOOD.len()));
        let _ = check(&format!("{}{with}{}", &GOOD[..start], &GOOD[end..]));
    }
}

#[test]
fn a_cycle_of_dependencies_is_shown_at_one_of_its_services() {
    let services = "[[service]]\nid = \"a\"\nexec = [\"x\"]\ndependencies = [\"b\"]\n\
                    [[service]]\nid = \"b\"\nexec = [\"x\"]\ndependencies = [\"a\"]\n";
    let found = problems(&format!("{GOOD}{services}"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("a -> b -> a"), "{found:?}");
}
