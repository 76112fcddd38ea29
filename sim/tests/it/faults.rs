//! Links that are named, clocks that drift, and faults of a scenario.

use crate::common::{HOPS, Watch, json_lines, outputs, program, scenario};
use fieldrun_sim::{Flow, Moment, Scenario, SimError, run};

/// Four devices in a line by their links, though all stand at one place.
const LINE: &str = "
    stop = { time = 40 }
    schedule = { kind = 'round-robin' }
    link = { pairs = [[0, 1], [1, 2], [3, 2]] }
    [[group]]
    count = 4
    area = [0, 0, 0, 0]
    [[set]]
    ids = [0]
    env = { source = true }
";

fn last(text: &str, program: &str) -> String {
    json_lines(text, program).pop().expect("events were recorded")
}

fn values(line: &str) -> &str {
    line.split_once("\"values\":").expect("a recorded event").1
}

#[test]
fn named_links_join_devices_wherever_they_are() {
    assert_eq!(values(&last(LINE, HOPS)), "{\"0\":0.0,\"1\":1.0,\"2\":2.0,\"3\":3.0}}");
}

/// How a value of device 3 goes over the rounds, one a second.
fn history(text: &str, text_of_program: &str) -> Vec<String> {
    let mut history = Vec::new();
    let mut watch = Watch(|moment: &Moment<'_>| {
        if moment.device == 3 {
            let value = moment.world.value(3);
            history.push(value.map_or_else(|| "nothing".to_owned(), ToString::to_string));
        }
        Flow::Continue
    });
    run(&scenario(text), &program(text_of_program), &mut watch).expect("runs");
    history
}

#[test]
fn a_counter_keeps_what_a_corruption_left_and_a_gradient_does_not() {
    let fault = format!("{LINE}\n[[fault]]\nkind = 'corrupt'\nat = 10\n");
    let counted = history(&fault, "rep (n <- 0) { n + 1 }");
    assert_eq!(counted[..9], ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "8.0", "9.0"]);
    assert_ne!(counted[39], "40.0", "the count before the fault is lost");
    let hops = history(&fault, HOPS);
    assert_eq!(hops[8], "3.0");
    assert!(hops[9..].iter().any(|hops| hops != "3.0"), "the fault is seen: {hops:?}");
    assert_eq!(hops[39], "3.0");
    // Corruption is a matter of the seed.
    let (first, ..) = outputs(&scenario(&fault), &program(HOPS));
    assert_eq!(first, outputs(&scenario(&fault), &program(HOPS)).0);
}

#[test]
fn a_restart_takes_a_device_away_and_brings_it_back_knowing_nothing() {
    let fault = format!("{LINE}\n[[fault]]\nkind = 'restart'\nat = 10\ndown = '4s'\nids = [3]\n");
    let counted = history(&fault, "rep (n <- 0) { n + 1 }");
    // Of 40 rounds, those at 10, 11, 12 and 13 s do not take place.
    let expected = (1..10).chain(1..28).map(|n| format!("{n}.0"));
    let away = counted.iter().filter(|value| *value == "nothing").count();
    assert_eq!(away, 4, "{counted:?}");
    assert!(
        counted.iter().filter(|value| *value != "nothing").cloned().eq(expected),
        "{counted:?}"
    );
    // Its neighbour does not hear it meanwhile.
    let fault = fault.replace("time = 40", "time = 12");
    assert!(values(&last(&fault, "sumHood(nbr(1))")).contains("\"2\":1.0"));
    let calm = LINE.replace("time = 40", "time = 12");
    assert!(values(&last(&calm, "sumHood(nbr(1))")).contains("\"2\":2.0"));
}

#[test]
fn mistakes_in_links_and_faults_are_named() {
    let mistakes = |text: &str| match Scenario::parse(&format!("program = 'p.pt'\n{text}"), "x") {
        Err(error @ SimError::Scenario(_)) => error.to_string(),
        other => panic!("mistakes expected, not {other:?}"),
    };
    let group = "[[group]]\ncount = 2\n";
    let both = mistakes(&format!("link = {{ radius = 1, pairs = [[0, 1]] }}\n{group}"));
    assert!(both.contains("`radius` has no meaning here"), "{both}");
    let self_link = mistakes(&format!("link = {{ pairs = [[1, 1]] }}\n{group}"));
    assert!(self_link.contains("pairs = [[0, 1], [1, 2]]"), "{self_link}");
    let kind = mistakes(&format!("{group}[[fault]]\nkind = 'corupt'\n"));
    assert!(kind.contains("The nearest known word is \"corrupt\""), "{kind}");
    let down = mistakes(&format!("{group}[[fault]]\nkind = 'corrupt'\ndown = 3\n"));
    assert!(down.contains("only \"restart\" and \"churn\" have it"), "{down}");
    let unknown = |text: &str| {
        let failed = run(&scenario(&format!("{text}\n{group}")), &program("1"), &mut ());
        failed.expect_err("there is no device 9").to_string()
    };
    assert!(unknown("link = { pairs = [[0, 9]] }").contains("[link] names device 9"));
    let fault = format!("{group}[[fault]]\nkind = 'corrupt'\nids = [9]\n");
    assert!(unknown(&fault).contains("[[fault]] names device 9"));
}

#[test]
fn the_page_of_faults_shows_scenarios_that_run() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let all: String = blocks.collect();
    let devices = "stop = { time = '2s' }\n[[group]]\ncount = 20\narea = [0, 0, 100, 100]\n";
    let text = all.replacen("[link]", &format!("{devices}[link]"), 1);
    assert!(text.matches("[[fault]]").count() >= 3, "the blocks are found: {text}");
    run(&scenario(&text), &program("1"), &mut ()).expect("it runs");
    // Each form that the tables of loss and delay show.
    let forms = page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| {
        let cell = line.split('|').nth(1)?;
        let form = cell.split("`, `").next()?.trim().trim_matches('`').to_owned();
        form.starts_with(['"', '[', '{', '0']).then_some(form)
    });
    let mut tried = 0;
    for form in forms {
        let key = if form.starts_with(['{', '0']) { "loss" } else { "delay" };
        if form.contains(|c: char| c.is_ascii_digit()) {
            scenario(&format!("link = {{ {key} = {form} }}\n[[group]]\ncount = 2\n"));
            tried += 1;
        }
    }
    assert_eq!(tried, 8, "five forms of delay, three of loss");
}
