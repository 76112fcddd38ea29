//! Maps and tables of small runs.

use crate::common::{HOPS, outputs, program, scenario};
use fieldrun_device::Micros;
use fieldrun_sim::record::SvgMaps;
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

fn maps(scenario: &Scenario, text: &str, times: &[u64]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let times = times.iter().map(|time| Micros(*time)).collect();
    let mut maps = SvgMaps::new(scenario, &folder.path().join("m.svg"), times).expect("maps");
    run(scenario, &program(text), &mut maps).expect("runs");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let text = std::fs::read_to_string(entry.path()).expect("text");
            (entry.file_name().into_string().expect("UTF-8"), text)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_map_shows_devices_links_values_and_a_legend() {
    let files = maps(&scenario(NETWORK), HOPS, &[]);
    let [(name, map)] = files.as_slice() else { panic!("one map, not {files:?}") };
    assert_eq!(name, "m.svg");
    insta::assert_snapshot!(map);
}

#[test]
fn maps_of_several_times_have_the_time_in_their_names() {
    let files = maps(&scenario(NETWORK), HOPS, &[1_500_000, 1_000_000]);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["m-1.5s.svg", "m-1s.svg", "m.svg"]);
    assert!(files[1].1.contains("t = 1 s"), "{}", files[1].1);
}

#[test]
fn a_map_after_the_end_is_refused() {
    let scenario = scenario(&NETWORK.replace("rounds = 3", "time = '3s'"));
    let late = SvgMaps::new(&scenario, "m.svg".as_ref(), vec![Micros(3_000_001)]);
    let error = late.err().expect("too late").to_string();
    assert!(error.contains("ends at 3 s"), "{error}");
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
