//! Maps and tables of small runs.

use crate::common::{HOPS, outputs, program, scenario};
use fieldrun_sim::record::{Snapshots, Trend, Wanted};
use fieldrun_sim::{Scenario, run};

const NETWORK: &str = "
    stop = { rounds = 3 }
    schedule = { kind = 'round-robin' }
    link = { radius = 1 }
    map = { title = 'Hops & <more>', colors = { Infinity = '#000000' } }
    [[node]]
    position = [0, 0]
    env = { source = true }
    [[node]]
    position = [0.6, 0.8]
    [[node]]
    id = 'far, away'
    position = [3, 0]
";

/// Runs a scenario and gives the files of the pictures that are wanted of it.
fn pictures(scenario: &Scenario, text: &str, wanted: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let wanted: Vec<Wanted> = wanted
        .iter()
        .map(|(when, name)| Wanted::new(when, &file(name)).expect("a picture"))
        .collect();
    let mut snapshots = Snapshots::new(scenario, wanted.clone()).expect("pictures");
    run(scenario, &program(text), &mut snapshots).expect("runs");
    wanted.iter().map(|wanted| std::fs::read(&wanted.file).expect("a picture")).collect()
}

fn maps(scenario: &Scenario, text: &str, when: &[&str]) -> Vec<String> {
    let wanted: Vec<(String, String)> =
        when.iter().zip(0..).map(|(when, n)| ((*when).to_owned(), format!("{n}.svg"))).collect();
    let wanted: Vec<(&str, &str)> = wanted.iter().map(|(w, f)| (w.as_str(), f.as_str())).collect();
    let files = pictures(scenario, text, &wanted).into_iter();
    files.map(|bytes| String::from_utf8(bytes).expect("UTF-8")).collect()
}

#[test]
fn a_map_shows_devices_links_values_and_a_legend() {
    let maps = maps(&scenario(NETWORK), HOPS, &["end"]);
    insta::assert_snapshot!(maps[0]);
}

#[test]
fn maps_show_the_first_event_at_or_after_their_time() {
    let maps = maps(&scenario(NETWORK), HOPS, &["t=1.5", "t=1"]);
    assert!(maps[0].contains("t = 1.67 s"), "{}", maps[0]);
    assert!(maps[1].contains("t = 1 s"), "{}", maps[1]);
}

#[test]
fn a_film_strip_has_one_panel_a_moment_and_one_scale() {
    let strips = maps(&scenario(NETWORK), HOPS, &["t=1,2,3", "every=1"]);
    for strip in &strips {
        for moment in ["t = 1 s", "t = 2 s", "t = 3 s"] {
            assert_eq!(strip.matches(&format!(">{moment}<")).count(), 1, "{moment}: {strip}");
        }
        assert_eq!(strip.matches(">value<").count(), 1, "one legend");
        // Three devices on each panel, and the entry of Infinity.
        let panels = strip.matches("<title>").count();
        assert_eq!(panels % 3, 0, "{panels}");
    }
}

#[test]
fn png_shows_what_svg_shows_with_the_same_bytes_each_time() {
    let scenario = scenario(NETWORK);
    let wanted = [("end", "m.png"), ("end", "m.svg"), ("end", "again.png")];
    let files = pictures(&scenario, HOPS, &wanted);
    assert!(files[0] == files[2], "the same bytes in one run");
    assert!(files[0] == pictures(&scenario, HOPS, &wanted)[0], "the same bytes in another run");
    let pixels = tiny_skia::Pixmap::decode_png(&files[0]).expect("a PNG");
    let svg = std::str::from_utf8(&files[1]).expect("UTF-8");
    // Every dot of a device has its colour in the middle.
    let mut dots = 0;
    for dot in svg.split("<circle ").skip(1).filter(|dot| dot.contains("<title>")) {
        let of = |name: &str| dot.split(&format!("{name}=\"")).nth(1)?.split('"').next();
        let at = |name| of(name).and_then(|x| x.parse::<f64>().ok()).expect("a number") * 2.0;
        let pixel = pixels.pixel(at("cx") as u32, at("cy") as u32).expect("inside");
        let color = format!("#{:02x}{:02x}{:02x}", pixel.red(), pixel.green(), pixel.blue());
        assert_eq!(Some(color.as_str()), of("fill"));
        dots += 1;
    }
    assert_eq!(dots, 3);
    let digest = files[0].iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(
        format!("{digest:016x}"),
        "6a744f735da38e27",
        "the drawing or the packing of PNG changed"
    );
}

#[test]
fn an_animation_has_a_frame_for_each_moment() {
    let wanted = [("t=1,2,3", "m.gif"), ("t=1,2,3", "again.gif")];
    let files = pictures(&scenario(NETWORK), HOPS, &wanted);
    assert!(files[0] == files[1], "the same bytes");
    let mut decoder = gif::DecodeOptions::new().read_info(files[0].as_slice()).expect("a GIF");
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        delays.push(frame.delay);
    }
    assert_eq!(delays, [10, 10, 150]);
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let at = |when: &str, name: &str| vec![Wanted::new(when, name.as_ref()).expect("a picture")];
    let short = scenario(&NETWORK.replace("rounds = 3", "time = '3s'"));
    let late = Snapshots::new(&short, at("t=3.000001", "m.svg"));
    let error = late.err().expect("too late").to_string();
    assert!(error.contains("ends at 3 s"), "{error}");
    let mut many = Snapshots::new(&short, at("every=100ms", "m.svg")).expect("pictures");
    let long = scenario(&NETWORK.replace("rounds = 3", "time = '30s'"));
    let error = run(&long, &program(HOPS), &mut many).expect_err("too many").to_string();
    assert!(error.contains("m.svg would show more than 24 moments"), "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere").join("m.png").to_string_lossy().into_owned();
    let mut lost = Snapshots::new(&short, at("end", &nowhere)).expect("pictures");
    let error = run(&short, &program(HOPS), &mut lost).expect_err("no folder").to_string();
    assert!(error.contains("cannot write") && error.contains(&nowhere), "{error}");
}

#[test]
fn a_trend_shows_numbers_and_how_many_have_which_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trend.svg");
    let scenario = scenario(NETWORK);
    let mut trend = Trend::new(&scenario, &file).expect("an SVG");
    run(&scenario, &program(HOPS), &mut trend).expect("runs");
    let chart = trend.chart();
    let [numbers, counts] = chart.panels.as_slice() else { panic!("two panels: {chart:?}") };
    // The source has 0 from its first round on; its neighbour has 1.
    assert_eq!(numbers.lines[0].points.last(), Some(&[3.0, 0.5]));
    assert_eq!(numbers.bands[0].points.last(), Some(&[3.0, 0.0, 1.0]));
    let line = |name: &str| counts.lines.iter().find(|line| line.name == name).map(|l| &l.points);
    assert_eq!(line("numbers").and_then(|points| points.last()), Some(&[3.0, 2.0]));
    assert_eq!(line("Infinity").and_then(|points| points.last()), Some(&[3.0, 1.0]));
    assert_eq!(line("no value").and_then(|points| points.first()), Some(&[0.333333, 2.0]));
    insta::assert_snapshot!(std::fs::read_to_string(&file).expect("a chart"));
}

#[test]
fn tables_are_long_and_tidy() {
    let scenario = scenario(&format!("record = {{ from_event = 9 }}\n{NETWORK}"));
    let (_, csv, summary) = outputs(&scenario, &program(HOPS));
    let expected = "event,t,id,x,y,value\n\
                    9,3,0,0,0,0\n\
                    9,3,1,0.6,0.8,1\n\
                    9,3,\"far, away\",3,0,Infinity\n";
    assert_eq!(csv, expected);
    // All but the sizes of messages, which belong to the codec.
    let text = summary.text(None);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("messages")).collect();
    let expected = [
        "network   3 devices, 1 link at the end (0.7 neighbours each, radius 1)",
        "time      3 s simulated, seed 1",
        "rounds    9 rounds, 3 on each device",
        "values    2 devices: 0 to 1, mean 0.5",
        "values    1 device: Infinity",
    ];
    assert_eq!(lines, expected);
}
