//! Runs of small networks whose outcome can be worked out by hand.

use crate::common::{HOPS, Watch, json_lines, outputs, program, scenario};
use fieldrun_sim::{Counts, Flow, Moment, Scenario, Shown, run};
use std::path::Path;

const LINE: &str = "
    stop = { rounds = 2 }
    schedule = { kind = 'round-robin' }
    link = { radius = 1 }
    [[node]]
    id = 'a'
    position = [0, 0]
    env = { source = true }
    [[node]]
    id = 7
    position = [1, 0]
    [[node]]
    id = 'c'
    position = [2, 0]
";

#[test]
fn round_robin_fires_in_file_order_and_messages_arrive_at_once() {
    // Device 7 already knows of `a` in event 2, and `c` of 7 in event 3.
    let expected = [
        r#"{"event":1,"t":0.333333,"values":{"a":0.0}}"#,
        r#"{"event":2,"t":0.666666,"values":{"a":0.0,"7":1.0}}"#,
        r#"{"event":3,"t":1.0,"values":{"a":0.0,"7":1.0,"c":2.0}}"#,
        r#"{"event":4,"t":1.333333,"values":{"a":0.0,"7":1.0,"c":2.0}}"#,
        r#"{"event":5,"t":1.666666,"values":{"a":0.0,"7":1.0,"c":2.0}}"#,
        r#"{"event":6,"t":2.0,"values":{"a":0.0,"7":1.0,"c":2.0}}"#,
    ];
    assert_eq!(json_lines(LINE, HOPS), expected);
}

#[test]
fn recording_may_be_thinned_out() {
    let events = |record: &str| -> Vec<String> {
        let lines = json_lines(&format!("record = {record}\n{LINE}"), "1");
        let number = |line: &String| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            line["event"].to_string()
        };
        lines.iter().map(number).collect()
    };
    assert_eq!(events("{ every = 2 }"), ["2", "4", "6"]);
    assert_eq!(events("{ from_event = 5 }"), ["5", "6"]);
    assert_eq!(events("{ every = 2, from_event = 3 }"), ["4", "6"]);
}

#[test]
fn under_round_robin_every_round_lasts_a_second() {
    let lines = json_lines(LINE, "[self.getDeltaTime(), maxHood(self.nbrLag())]");
    assert!(
        lines[1].contains(r#""a":[1.0,"#) && lines[1].contains(r#""7":[1.0,1.0]"#),
        "{lines:?}"
    );
    assert!(lines[5].ends_with(r#""values":{"a":[1.0,1.0],"7":[1.0,1.0],"c":[1.0,1.0]}}"#));
}

#[test]
fn programs_see_places_and_environments() {
    let text = "
        stop = { rounds = 2 }
        schedule = { kind = 'round-robin' }
        link = { radius = 5 }
        [[node]]
        position = [0, 0, 0]
        env = { list = [1, 'x'] }
        [[node]]
        position = [3, 4, 0]
    ";
    let program = "[self.getCoordinates(), maxHood(self.nbrRange()), env.get(\"list\", 0)]";
    let lines = json_lines(text, program);
    let expected = r#"{"0":[[0.0,0.0,0.0],5.0,[1.0,"x"]],"1":[[3.0,4.0,0.0],5.0,0.0]}"#;
    assert!(lines[3].contains(expected), "{}", lines[3]);
}

#[test]
fn a_failing_round_is_counted_and_the_others_go_on() {
    let text = LINE.replace("id = 7", "id = 7\n env = { bad = true }");
    let scenario = scenario(&text);
    let bad = "if (env.get(\"bad\", false)) { [1].get(5) } else { 1 }";
    let (json, csv, summary) = outputs(&scenario, &program(bad));
    let last = json.lines().last().expect("six events");
    assert!(last.ends_with(r#""values":{"a":1.0,"c":1.0}}"#), "{last}");
    assert!(csv.ends_with("6,2,7,1,0,\n6,2,c,2,0,1\n"), "{csv}");
    assert_eq!((summary.counts.events, summary.counts.traps), (6, 2));
    let first = summary.counts.first_trap.clone().expect("a failed round");
    assert_eq!(first.device.to_string(), "7");
    assert!(first.message.contains("test.pt:1"), "{}", first.message);
    assert!(summary.text(None).contains("the first, round 1 of device 7 at 0.666666 s"));
}

#[test]
fn endless_recursion_fails_a_round_and_not_the_threads() {
    let text = LINE.replace("round-robin", "lock-step");
    let endless = "def f(n) { if (n > 0) { 1 + f(n + 1) } else { 0 } } f(1)";
    let (_, _, summary) = outputs(&scenario(&text), &program(endless));
    assert_eq!((summary.counts.events, summary.counts.traps), (6, 6));
    assert_eq!(summary.counts.messages, 0, "a failed round sends nothing");
}

#[test]
fn lock_step_reads_what_was_sent_the_step_before() {
    let text = LINE.replace("round-robin", "lock-step").replace("rounds = 2", "events = 8");
    let lines = json_lines(&format!("record = {{ every = 1 }}\n{text}"), HOPS);
    // Values travel one link a step, so that `c` has none in step 2.
    let infinity = r#"{"number":"Infinity"}"#;
    let first =
        format!(r#"{{"event":3,"t":1.0,"values":{{"a":0.0,"7":{infinity},"c":{infinity}}}}}"#);
    let second = format!(r#"{{"event":6,"t":2.0,"values":{{"a":0.0,"7":1.0,"c":{infinity}}}}}"#);
    assert_eq!((lines[2].as_str(), lines[5].as_str()), (first.as_str(), second.as_str()));
    assert_eq!(lines.len(), 8, "the bound on events holds within a step");
}

#[test]
fn a_device_that_walks_away_is_gone() {
    let text = "
        area = [100, 100, 100, 100]
        stop = { time = '3s' }
        schedule = { kind = 'lock-step' }
        link = { radius = 1 }
        record = { every = 2 }
        [[node]]
        position = [0, 0]
        [[node]]
        position = [1, 0]
        mobility = { kind = 'waypoint', speed = 30 }
    ";
    // The walker moves before the rounds of the same time. Nothing was sent before second 1.
    let lines = json_lines(text, "sumHood(nbr(1))");
    let still = |line: &str| line.contains(r#""0":0.0"#);
    assert!(lines.iter().all(|line| still(line)), "{lines:?}");

    let late = text.replace("speed = 30", "speed = 30, step = '2s'");
    assert!(Scenario::parse(&late, "t").is_err(), "only [mobility] has a step");
    let late = format!("mobility = {{ step = '2500ms' }}\n{text}");
    let lines = json_lines(&late, "sumHood(nbr(1))");
    assert!(lines[1].contains(r#""0":1.0"#), "linked at second 2: {}", lines[1]);
    assert!(lines[2].contains(r#""0":0.0"#), "gone at second 3: {}", lines[2]);
}

#[test]
fn lost_messages_do_not_arrive() {
    let counts = |loss: &str| -> Counts {
        let text = LINE.replace("radius = 1", &format!("radius = 1, loss = {loss}"));
        let text = text.replace("rounds = 2", "rounds = 1000");
        outputs(&scenario(&format!("record = {{ every = 3000 }}\n{text}")), &program("1")).2.counts
    };
    let all = counts("1");
    assert_eq!((all.deliveries, all.lost), (0, 4000));
    let some = counts("0.3");
    assert_eq!(some.deliveries + some.lost, 4000);
    // Four standard deviations of a binomial of 4000 draws: 116.
    assert!((1084..=1316).contains(&some.lost), "{} lost", some.lost);
}

#[test]
fn delayed_messages_arrive_late() {
    // Device 7 fires at 2/3 s, 5/3 s, ...; what `a` sent at 1/3 s arrives at 1.833 s.
    let text = LINE.replace("radius = 1", "radius = 1, delay = '1500ms'");
    let lines = json_lines(&text.replace("rounds = 2", "rounds = 3"), HOPS);
    let infinity = r#""7":{"number":"Infinity"}"#;
    assert!(lines[4].contains(infinity), "second round of 7: {}", lines[4]);
    assert!(lines[7].contains(r#""7":1.0"#), "third round of 7: {}", lines[7]);
}

#[test]
fn an_observer_may_stop_the_run() {
    let mut scenario = Scenario::default_for(Path::new("test.pt"));
    scenario.seed = 3;
    let mut seen = 0;
    let mut watch = Watch(|moment: &Moment<'_>| {
        seen = moment.event;
        if moment.event == 250 { Flow::Stop } else { Flow::Continue }
    });
    let summary = run(&scenario, &program("1"), &mut watch).expect("runs");
    assert_eq!((seen, summary.counts.events), (250, 250));
}

#[test]
fn the_default_network_suits_a_gradient() {
    let scenario = Scenario::default_for(Path::new("gradient.pt"));
    let mut last = 0.0;
    let mut watch = Watch(|moment: &Moment<'_>| {
        assert!(moment.progress >= last, "progress goes forward");
        last = moment.progress;
        let source = moment.world.shown(0);
        assert!(matches!(source, Shown::Nothing | Shown::Number(0.0)), "device 0 is the source");
        Flow::Continue
    });
    let summary = run(&scenario, &program(HOPS), &mut watch).expect("runs");
    assert!(last > 0.99, "the last event is near the end: {last}");
    let degree = 2.0 * summary.links as f64 / summary.devices as f64;
    assert!((8.0..=12.0).contains(&degree), "{degree} neighbours");
    let numbers = summary.values.numbers.expect("numbers");
    assert_eq!((numbers.count, numbers.least), (100, 0.0), "the network is connected");
}

/// The place of device 0 each second, when its program puts `destination`.
fn steered(destination: &str) -> Vec<[f64; 2]> {
    let text = "
        area = [0, 0, 50, 50]
        stop = { time = '8s' }
        schedule = { kind = 'lock-step' }
        node = [{ position = [10, 10], mobility = { kind = 'steered', speed = 2 } }]
    ";
    let program = program(&format!("env.put('destination', {destination}); 0"));
    let mut places = Vec::new();
    let mut watch = Watch(|moment: &Moment<'_>| {
        places.push([moment.world.position(0)[0], moment.world.position(0)[1]]);
        Flow::Continue
    });
    run(&scenario(text), &program, &mut watch).expect("runs");
    places
}

#[test]
fn a_program_steers_its_device() {
    // Two a second from the first step after the first round on, and no further than the place.
    let xs: Vec<f64> = steered("[20, 10]").into_iter().map(|[x, _]| x).collect();
    assert!(xs.windows(2).all(|pair| (0.0..=2.0).contains(&(pair[1] - pair[0]))), "{xs:?}");
    assert_eq!((xs[0], xs[7]), (10.0, 20.0), "{xs:?}");
    // Outside the area it stops at the edge; two a second for seven seconds, from 10 down to 0.
    assert_eq!(steered("[10, -100]")[7], [10.0, 0.0]);
    // It can change its mind: forth until second 4, and back from then on.
    let back =
        "[self.getCoordinates().get(0) + (if (self.getCurrentTime() < 4) { 5 } else { -5 }), 10]";
    let xs: Vec<f64> = steered(back).into_iter().map(|[x, _]| x).collect();
    assert!(xs[3] > xs[0] && xs[7] < xs[4], "{xs:?}");
}

#[test]
fn space_has_three_dimensions_for_programs_and_movement() {
    let text = "
        area = [0, 0, 0, 50, 50, 50]
        stop = '9s'
        schedule = { kind = 'lock-step' }
        link = { radius = 20 }
        node = [
            { position = [10, 10, 10], mobility = { kind = 'steered', speed = 5 } },
            { position = [10, 10, 29] },
            { position = [10, 10, 31] },
        ]
    ";
    let text = format!("{text}\n[[group]]\ncount = 20\nmobility = {{ kind = 'waypoint' }}");
    let program = program("env.put('destination', [10, 10, 90]); minHood(self.nbrRange())");
    let mut heights = Vec::new();
    let mut first = None;
    let mut watch = Watch(|moment: &Moment<'_>| {
        let world = moment.world;
        heights.push(world.position(0)[2]);
        if moment.event == 23 {
            first = Some((world.neighbors(0).contains(&1), world.neighbors(0).contains(&2)));
        }
        assert!((3..23).all(|device| (0.0..=50.0).contains(&world.position(device)[2])));
        Flow::Continue
    });
    run(&scenario(&text), &program, &mut watch).expect("runs");
    assert_eq!(first, Some((true, false)), "19 above is near, 21 above is not");
    // Five a second up to the ceiling, from the step after the first round on.
    assert_eq!((heights[0], heights[heights.len() - 1]), (10.0, 50.0));
}

#[test]
fn what_is_no_place_steers_nobody() {
    for nonsense in ["'north'", "7", "[1]", "[]", "['a', 'b']", "[0 / 0, 1]", "[1 / 0, 1]"] {
        assert!(steered(nonsense).iter().all(|place| *place == [10.0, 10.0]), "{nonsense}");
    }
}
