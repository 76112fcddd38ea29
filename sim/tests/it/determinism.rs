//! The same scenario and seed give the same bytes, for any number of threads.

use crate::common::{outputs, program, scenario};
use fieldrun_sim::record::{Snapshots, Wanted};
use fieldrun_sim::{Scenario, run};

/// Everything random at once: places, movement, firing, delay, loss, and the program itself.
const TEXT: &str = "
    area = [0, 0, 100, 60]
    stop = { time = '20s' }
    schedule = { kind = 'KIND', period = '700ms' }
    link = { radius = 12, delay = ['0ms', '900ms'], loss = 0.1, retention = 3 }
    record = { every = 37 }
    mobility = { kind = 'gather', place = [30, 30], radius = 10, share = 0.5, speed = [1, 4], pause = ['0s', '3s'], start = '3s', end = '12s', ramp = '2s' }
    [[group]]
    count = 70
    [[group]]
    place = 'jittered-grid'
    count = 30
    env = { source = true }
";
const PROGRAM: &str = "
    [minHood(nbr(self.nextRandomDouble())), sumHood(self.nbrRange()),
     rep (n <- 0) { n + self.getDeltaTime() }]
";

fn bytes(scenario: &Scenario, threads: usize) -> (String, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("map.svg");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| {
        let program = program(PROGRAM);
        let (json, csv, _) = outputs(scenario, &program);
        let wanted = vec![Wanted::new("end", &file).expect("a picture")];
        let mut maps = Snapshots::new(scenario, wanted).expect("maps");
        run(scenario, &program, &mut maps).expect("runs");
        (json, csv, std::fs::read_to_string(&file).expect("a map"))
    })
}

#[test]
fn the_same_bytes_twice_and_with_any_number_of_threads() {
    for kind in ["periodic", "round-robin", "lock-step"] {
        let mut scenario = scenario(&TEXT.replace("KIND", kind));
        let once = bytes(&scenario, 1);
        assert!(once.0.lines().count() > 20, "{kind}: {} lines", once.0.lines().count());
        assert_eq!(once, bytes(&scenario, 1), "{kind}, again");
        assert_eq!(once, bytes(&scenario, 2), "{kind}, two threads");
        assert_eq!(once, bytes(&scenario, 5), "{kind}, five threads");
        scenario.link.conditions.delay = None;
        let immediate = bytes(&scenario, 1);
        assert_eq!(immediate, bytes(&scenario, 3), "{kind}, immediate");
        scenario.seed = 2;
        assert_ne!(immediate, bytes(&scenario, 1), "{kind}, another seed");
    }
}
