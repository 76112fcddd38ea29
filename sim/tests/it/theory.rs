//! Faults compared with what theory says of them.

use crate::common::{HOPS, Watch, outputs, program, scenario};
use fieldrun_device::{Micros, Value};
use fieldrun_sim::{Flow, Moment, Simulation, Summary, run};

/// A hundred devices within reach of each other's neighbours, for a minute.
const GRID: &str = "
    area = [0, 0, 100, 100]
    stop = { time = '60s' }
    [[group]]
    place = 'grid'
    count = 100
    [[set]]
    ids = [0]
    env = { source = true }
";

fn summary(text: &str) -> Summary {
    outputs(&scenario(text), &program(HOPS)).2
}

/// The share of messages to single receivers that were lost, and how many there were.
fn lost(summary: &Summary) -> (f64, f64) {
    let all = (summary.counts.lost + summary.counts.deliveries) as f64;
    (summary.counts.lost as f64 / all, all)
}

#[test]
fn links_lose_the_share_that_was_asked_for() {
    for loss in [0.02, 0.3] {
        let (share, all) =
            lost(&summary(&format!("link = {{ radius = 15, loss = {loss} }}\n{GRID}")));
        let error = (loss * (1.0 - loss) / all).sqrt();
        assert!((share - loss).abs() < 4.0 * error, "{share} of {all} for {loss}");
    }
    // Bursts of five: as if there were a ninth as many independent messages, (1 + r) / (1 - r) with
    // the correlation r = 1 - 1/5 - 0.05 of neighbouring messages.
    let bursts = "link = { radius = 15, loss = { share = 0.2, burst = 5 } }";
    let (share, all) = lost(&summary(&format!("{bursts}\n{GRID}")));
    let error = (0.2 * 0.8 * 7.0 / all).sqrt();
    assert!((share - 0.2).abs() < 4.0 * error, "{share} of {all}");
}

#[test]
fn a_fault_of_links_lasts_as_long_and_befalls_whom_it_says() {
    let fault = "[[fault]]\nkind = 'link'\nloss = 1\nat = '20s'\nfor = '15s'\n";
    let (share, all) = lost(&summary(&format!("link = {{ radius = 15 }}\n{GRID}{fault}")));
    // A quarter of the time, give or take the round that straddles an end.
    assert!((share - 0.25).abs() < 0.01, "{share} of {all}");
    // Device 0 is in the corner and has three neighbours: nothing else is lost.
    let one = format!("link = {{ radius = 15 }}\n{GRID}{fault}ids = [0]\n");
    let one = summary(&one);
    assert!((80..=100).contains(&one.counts.lost), "2 × 3 links × 15 rounds: {}", one.counts.lost);
}

#[test]
fn messages_are_late_by_the_mean_that_was_asked_for() {
    // Two devices; each tells its time, and notes how old the newest word of the other is. A message
    // that is not yet replaced is between d and d + 1 periods old: on average d + 1/2.
    let text = "
        stop = { time = '2000s' }
        schedule = { kind = 'periodic', period = '1s', jitter = 0.2 }
        link = { radius = 5, delay = 'exponential(300ms)' }
        [[node]]
        position = [0, 0]
        [[node]]
        position = [1, 0]
    ";
    let age = "self.getCurrentTime() - maxHood(nbr(self.getCurrentTime()))";
    let (mut sum, mut count) = (0.0, 0.0);
    let mut watch = Watch(|moment: &Moment<'_>| {
        if let Some(Value::Number(age)) = moment.world.value(moment.device)
            && age.is_finite()
        {
            sum += age;
            count += 1.0;
        }
        Flow::Continue
    });
    run(&scenario(text), &program(age), &mut watch).expect("runs");
    // The newest message counts, and some overtake others: with exponential delays of 0.3 periods
    // that makes the word younger by the mean of min over later ones, about 0.01.
    let mean = sum / count;
    assert!((mean - 0.8).abs() < 0.05, "{mean} over {count}");
}

/// How many neighbours each of four devices in a row hears at 25 s.
fn heard(fault: &str) -> Vec<String> {
    let nodes: String = (0..4).map(|x| format!("[[node]]\nposition = [{x}, 0]\n")).collect();
    let text = format!("stop = {{ time = '25s' }}\nlink = {{ radius = 1 }}\n{nodes}{fault}");
    let mut simulation =
        Simulation::new(&scenario(&text), &program("sumHood(nbr(1))")).expect("a network");
    simulation.run_until(Micros(25_000_000), &mut ()).expect("runs");
    let heard =
        |device| simulation.world().value(device).map_or_else(String::new, ToString::to_string);
    (0..4).map(heard).collect()
}

#[test]
fn partitions_part_whom_they_say_in_the_direction_that_they_say() {
    assert_eq!(heard(""), ["1.0", "2.0", "2.0", "1.0"]);
    let parted = "[[fault]]\nkind = 'partition'\nat = '10s'\nbetween = [[0, 1], [2, 3]]\n";
    assert_eq!(heard(parted), ["1.0", "1.0", "1.0", "1.0"]);
    assert_eq!(heard(&format!("{parted}one_way = true\n")), ["1.0", "2.0", "1.0", "1.0"]);
    let halves = "[[fault]]\nkind = 'partition'\nat = '10s'\nbetween = ['x < 1.5', 'x > 1.5']\n";
    assert_eq!(heard(halves), heard(parted));
    let some = "[[fault]]\nkind = 'crash'\nat = '10s'\nwhere = 'x > 1.5'\n";
    assert_eq!(heard(some)[..2], ["1.0", "1.0"]);
    assert_eq!(heard(&format!("{parted}for = '5s'\n")), ["1.0", "2.0", "2.0", "1.0"]);
}

#[test]
fn crashed_and_paused_devices_are_not_heard_and_come_back_as_they_should() {
    assert_eq!(heard("[[fault]]\nkind = 'crash'\nat = '10s'\nids = [0]\nfor = '5s'\n")[1], "2.0");
    let count = |fault: &str| {
        let text = format!(
            "stop = {{ time = '40s' }}\nschedule = {{ kind = 'lock-step' }}\n\
             [[node]]\nposition = [0, 0]\n[[fault]]\nat = '10500ms'\n{fault}"
        );
        let mut simulation =
            Simulation::new(&scenario(&text), &program("rep (n <- 0) { n + 1 }")).expect("one");
        let mut at = |seconds: u64| {
            simulation.run_until(Micros(seconds * 1_000_000), &mut ()).expect("runs");
            simulation.world().value(0).map(ToString::to_string)
        };
        [at(10), at(15), at(40)]
    };
    let some = |text: &str| Some(text.to_owned());
    // Rounds at 1, 2, 3 … s: ten before the fault, ten during it, twenty after it.
    let lost = count("kind = 'crash'\nfor = '10s'\n");
    assert_eq!(lost, [some("10.0"), None, some("20.0")]);
    let kept = count("kind = 'crash'\nstate = 'kept'\nfor = '10s'\n");
    assert_eq!(kept, [some("10.0"), None, some("30.0")]);
    let paused = count("kind = 'pause'\nfor = '10s'\n");
    assert_eq!(paused, [some("10.0"), some("10.0"), some("30.0")]);
    let slow = count("kind = 'slow'\nfactor = 5\nfor = '10s'\n");
    assert_eq!(slow, [some("10.0"), some("11.0"), some("32.0")]);
}

#[test]
fn clocks_that_drift_are_off_by_more_and_more() {
    let text = "
        stop = { time = '101s' }
        schedule = { kind = 'lock-step' }
        [[group]]
        count = 2
        [[fault]]
        kind = 'drift'
        rate = 0.02
        ids = [1]
        [[fault]]
        kind = 'jump'
        by = '-10s'
        at = '90500ms'
        ids = [0]
    ";
    let scenario = scenario(text);
    let mut simulation =
        Simulation::new(&scenario, &program("self.getCurrentTime()")).expect("two");
    let mut times = |seconds: u64| {
        simulation.run_until(Micros(seconds * 1_000_000), &mut ()).expect("runs");
        [0, 1].map(|device| simulation.world().value(device).and_then(Value::as_number))
    };
    assert_eq!(times(10), [Some(10.0), Some(10.2)]);
    assert_eq!(times(50), [Some(50.0), Some(51.0)]);
    // The clock that was set back stands still for ten seconds, and is behind from there on.
    assert_eq!(times(95), [Some(90.5), Some(96.9)]);
    assert_eq!(times(101), [Some(91.0), Some(103.02)]);
}

#[test]
fn a_device_whose_clock_runs_fast_runs_more_rounds() {
    let text = "
        stop = { time = '1000s' }
        schedule = { kind = 'periodic', jitter = 0.1 }
        [[group]]
        count = 2
        [[fault]]
        kind = 'drift'
        rate = 0.25
        ids = [1]
    ";
    let rounds = |device| {
        let mut simulation = Simulation::new(&scenario(text), &program("1")).expect("two");
        simulation.run_until(Micros(u64::MAX), &mut ()).expect("runs");
        simulation.world().rounds(device)
    };
    // Gaps are uniform within a tenth: a thousand of them are off by 0.1 / sqrt(3) * sqrt(1000) = 1.8.
    assert!(rounds(0).abs_diff(1000) <= 8, "{}", rounds(0));
    assert!(rounds(1).abs_diff(1250) <= 9, "{}", rounds(1));
}

#[test]
fn broken_sensors_read_what_they_should_not() {
    let at = |fault: &str| {
        let text = format!(
            "stop = {{ time = '30s' }}\nschedule = {{ kind = 'lock-step' }}\n[[node]]\n\
             position = [3, 4]\nenv = {{ level = 5 }}\n[[fault]]\nkind = 'set'\nat = '5500ms'\n\
             env = {{ level = 7 }}\n[[fault]]\nat = '2500ms'\nfor = '10s'\n{fault}"
        );
        let program = program("[env.get('level', 'none'), self.getCoordinates()]");
        let mut simulation = Simulation::new(&scenario(&text), &program).expect("one");
        [2, 4, 8, 20].map(|seconds| {
            simulation.run_until(Micros(seconds * 1_000_000), &mut ()).expect("runs");
            simulation.world().value(0).expect("a value").to_string()
        })
    };
    let (five, seven) = ("[5.0, [3.0, 4.0]]", "[7.0, [3.0, 4.0]]");
    assert_eq!(at("kind = 'stuck'\nname = 'level'\n"), [five, five, five, seven]);
    let none = "[\"none\", [3.0, 4.0]]";
    assert_eq!(at("kind = 'missing'\nname = 'level'\n"), [five, none, none, seven]);
    let nine = "[9.0, [3.0, 4.0]]";
    assert_eq!(at("kind = 'set'\nenv = { level = 9 }\n"), [five, nine, nine, seven]);
    let noisy = at("kind = 'noise'\nname = 'position'\ndeviation = 0.5\n");
    assert_eq!((noisy[0].as_str(), noisy[3].as_str()), (five, seven));
    assert!(noisy[1] != five && noisy[1].starts_with("[5.0, ["), "{noisy:?}");
}

/// The mean error of the distance in links, over devices and recorded events of the second half.
fn gradient_error(loss: f64) -> f64 {
    let text = format!(
        "stop = {{ time = '200s' }}\nlink = {{ radius = 15, loss = {loss}, retention = 1.5 }}\n\
         area = [0, 0, 100, 100]\n[[group]]\nplace = 'grid'\ncount = 100\n\
         [[set]]\nids = [0]\nenv = {{ source = true }}\n"
    );
    let (mut sum, mut count) = (0.0, 0.0);
    let mut watch = Watch(|moment: &Moment<'_>| {
        if moment.recorded && moment.at > Micros(100_000_000) {
            for device in 0..100 {
                // Grid and radius make it the distance of kings.
                let truth = (device % 10).max(device / 10) as f64;
                let value = moment.world.value(device).and_then(Value::as_number);
                sum += value.map_or(20.0, |value| (value - truth).abs().min(20.0));
                count += 1.0;
            }
        }
        Flow::Continue
    });
    run(&scenario(&text), &program(HOPS), &mut watch).expect("runs");
    sum / count
}

#[test]
fn the_error_of_a_gradient_grows_with_loss() {
    let errors = [0.0, 0.2, 0.5, 0.8].map(gradient_error);
    assert_eq!(errors[0], 0.0);
    // Each step more than doubles it; the runs are long enough that noise is far below that.
    assert!(errors.windows(2).skip(1).all(|pair| pair[1] > 2.0 * pair[0]), "{errors:?}");
    assert!(errors[1] > 0.0 && errors[3] < 20.0, "{errors:?}");
}

#[test]
fn devices_come_and_go_at_the_rate_that_was_asked_for() {
    let text = "
        stop = { time = '2000s' }
        schedule = { kind = 'lock-step', period = '1s' }
        [[group]]
        count = 100
        [[fault]]
        kind = 'churn'
        up = '60s'
        down = '20s'
    ";
    let (mut away, mut all, mut left) = (0.0, 0.0, 0.0);
    let mut present = [true; 100];
    let mut watch = Watch(|moment: &Moment<'_>| {
        let there = moment.world.value(moment.device).is_some();
        // Long enough after the start that nobody remembers it.
        if moment.at > Micros(500_000_000) {
            all += 1.0;
            away += f64::from(u8::from(!there));
            left += f64::from(u8::from(present[moment.device] && !there));
        }
        present[moment.device] = there;
        Flow::Continue
    });
    run(&scenario(text), &program("1"), &mut watch).expect("runs");
    // 100 devices over 1500 s: 1875 departures, give or take at most sqrt(1875) = 43. What is away less
    // than a second may not be seen: 1 in 40 of them.
    let seen = 1875.0 * (1.0 - 1.0 / 40.0);
    assert!((left - seen).abs() < 4.0 * 43.0, "{left} departures");
    // Each departure adds 20 s give or take 20 s: the error of the share is 0.25 * sqrt(2 / 1875).
    assert!((away / all - 0.25).abs() < 4.0 * 0.0082, "away {}", away / all);
}

#[test]
fn processes_strike_at_their_rate_and_befall_as_many_as_they_should() {
    let text = |how: &str| {
        format!(
            "stop = {{ time = '1000s' }}\nschedule = {{ kind = 'lock-step' }}\n[[group]]\ncount = 50\n\
             [[fault]]\nkind = 'restart'\n{how}"
        )
    };
    let restarts = |how: &str| {
        let mut ages = vec![0.0; 50];
        let mut strikes = 0;
        let mut watch = Watch(|moment: &Moment<'_>| {
            let age = moment.world.value(moment.device).and_then(Value::as_number).unwrap_or(0.0);
            let before = std::mem::replace(&mut ages[moment.device], age);
            strikes += u32::from(age <= before);
            Flow::Continue
        });
        let program = program("rep (n <- 0) { n + 1 }");
        run(&scenario(&text(how)), &program, &mut watch).expect("runs");
        strikes
    };
    // A hundred strikes give or take ten, on one device each, which is rarely struck twice a second.
    let some = restarts("every = '10s'\n");
    assert!((60..=140).contains(&some), "{some}");
    assert_eq!(restarts("at = '10s'\nshare = 0.3\n"), 15);
    assert_eq!(restarts("at = '10s'\ncount = 7\nids = [1, 2, 3, 4, 5, 6, 7, 8]\n"), 7);
    let until = restarts("every = '10s'\nat = '100s'\nuntil = '300s'\nshare = 0.1\n");
    // Twenty strikes give or take 4.5, on five devices each.
    assert!((10..=190).contains(&until), "{until}");
}
