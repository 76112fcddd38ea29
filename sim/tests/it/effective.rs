//! The effective scenario: it can be run again, and gives the same bytes.

use crate::common::{HOPS, outputs};
use fieldrun_device::Micros;
use fieldrun_sim::Scenario;
use fieldrun_sim::scenario::Stop;
use std::path::Path;

/// Writes what the scenarios name.
fn write_files(folder: &Path) {
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).expect("a file");
    write("p.pt", HOPS.as_bytes());
    write("nodes.csv", b"id,x,y,source,kind\n0,1,1,true,gate\n1,4,1,,\nz,7,1,false,\"a, b\"\n");
    write("links.csv", b"from,to\n0,1\n1,z\n");
    write("walks.csv", b"id,t,x,y\na,0,0,0\na,10,9,9\na,200,0,9\nb,0,5,5\nb,20,6,5\n");
    write("walls.png", WALLS);
}

/// A picture of two by two pixels, the upper left one black.
const WALLS: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x00, 0x57, 0xdd, 0x52,
    0xf8, 0x00, 0x00, 0x00, 0x0e, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x60, 0xf8, 0xcf, 0xf0,
    0xff, 0x3f, 0x00, 0x06, 0xff, 0x02, 0xfe, 0xd8, 0x85, 0x81, 0x1a, 0x00, 0x00, 0x00, 0x00, 0x49,
    0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

const SCENARIOS: [&str; 9] = [
    "[[node]]",
    "stop = { rounds = 5, events = 1000 }\nschedule = { kind = 'round-robin', period = '500ms' }
     [[group]]\ncount = 9\nplace = 'ring'\nenv = { source = { expr = 'random() < 0.3' }, 'a b' = 1e300 }",
    "seed = 7\nlink = { nearest = 3 }\nmap = { title = 'T', colors = { 'a b' = '#ff0000' } }
     group = [{ count = 30, place = 'clusters', spread = '2m', area = [0, 0, 0, 50, 50, '0.05km'] }]
     mobility = { kind = 'levy', length = [2, 9] }\nschedule = { kind = 'exponential', period = 2 }",
    "group = [{ file = 'nodes.csv', env = { source = false } }]\nlink = { file = 'links.csv' }
     schedule = { kind = 'reactive' }",
    "link = { radius = 6 }\ngroup = [{ trace = 'walks.csv' }]\nset = [{ where = 'x > 1', env = { source = true } }]",
    "area = [0, 0, 40, 40]\nmobility = { kind = 'flock' }\ngroup = [{ count = 40, place = 'poisson-disc' }]
     obstacle = [{ image = 'walls.png', blocks = ['links'] }, { polygon = [[0, 0], [9, 0], [0, 9]], height = [0, 2] }]",
    "area = [0, 0, 40, 40]\nlink = { sure = 3, radius = 12, loss = 0.2, delay = ['10ms', '30ms'] }
     group = [{ count = 40, mobility = { kind = 'random-walk', speed = '3.6km/h' } }]",
    "group = [{ count = 10, place = 'line' }]\nfault = [{ kind = 'crash', at = '2s', ids = [3] }]
     link = { loss = { share = 0.2, burst = 3 } }",
    "area = [0, 0, 90, 90]\ngroup = [{ count = 60 }]\nmobility = { kind = 'gather', place = [40, 40], share = 0.5 }",
];

#[test]
fn effective_scenarios_give_the_same_bytes_and_are_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    write_files(folder.path());
    for (number, text) in SCENARIOS.iter().enumerate() {
        let text = format!("program = 'p.pt'\nrecord = {{ every = 7 }}\n{text}\n");
        let load = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("a file");
            Scenario::load(&file).unwrap_or_else(|error| panic!("{error}\n{text}"))
        };
        let mut scenario = load(&format!("s{number}.toml"), &text);
        // As the command line does it.
        scenario.seed += 1;
        if number % 2 == 1 {
            scenario.stop = Stop { time: Some(Micros(8_500_000)), ..Stop::default() };
        }
        let effective = scenario.effective().expect("a network").toml();
        // Paths are as seen from here, so it may stand anywhere that is no folder away from here:
        // absolute ones in this test.
        let again = load("again.toml", &effective);
        assert_eq!((again.name.as_str(), again.seed), (scenario.name.as_str(), scenario.seed));
        let program = scenario.load_program().expect("a program").program;
        assert_eq!(outputs(&scenario, &program), outputs(&again, &program), "{effective}");
        // Nothing is left out any more, and nothing is added.
        let twice = again.effective().expect("a network").toml();
        let keys = |text: &str| text.replace("  # default", "");
        assert_eq!(keys(&twice), keys(&effective));
        assert!(!twice.contains("# default"), "{twice}");
    }
}

#[test]
fn what_is_left_out_is_marked() {
    let scenario =
        Scenario::parse("program = 'p.pt'\n[[group]]\ncount = 4\nplace = 'jittered-grid'", "s");
    let effective = scenario.expect("a scenario").effective().expect("a network");
    let text = effective.toml();
    let lines = [
        "jitter = 0.5  # default",
        "period = \"1s\"  # default",
        "seed = 1  # default",
        "stop = { time = \"60s\" }  # default",
        "count = 4\n",
        "# 4 devices",
        "# they are placed and move in [0, 0, 20, 20]",
    ];
    for line in lines {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let json = effective.json();
    assert_eq!(json["group"][0]["jitter"], 0.5);
    assert_eq!(json["schedule"]["period"], "1s");
}
