//! What changes over time: a fire, an evacuation, a peak that passes, lamps that blink.

use super::plane::Plane;
use super::{Played, Snapshot, assert_same, play, played, scenario};

/// What a fire alarm that sees everything says at a moment.
fn alarm(run: &Played, snapshot: &Snapshot, time: f64) -> Vec<String> {
    let (temperatures, burns) =
        (run.readings("temperature", f64::NAN), run.readings("burns", f64::INFINITY));
    let plane = run.plane(snapshot);
    let hot: Vec<usize> =
        (0..plane.len()).filter(|d| temperatures[*d] > 60.0 || burns[*d] <= time).collect();
    let fire: Vec<usize> =
        hot.iter().copied().filter(|device| plane.patch(*device, &hot).len() >= 5).collect();
    let far = plane.distances(&fire, |_| true);
    let word = |device: usize| match device {
        _ if fire.contains(&device) => "fire",
        _ if hot.contains(&device) => "suspicious",
        _ if far[device] < 40.0 => "warned",
        _ => "quiet",
    };
    (0..plane.len()).map(|device| word(device).to_owned()).collect()
}

#[test]
fn fire_is_raised_by_five_sensors_together_and_never_by_broken_ones() {
    let run = played("fire");
    // Before the fire only broken sensors are hot; half a minute after it stopped to spread all
    // has settled.
    for time in [15.0, 90.0] {
        let snapshot = run.at(time);
        assert_same(
            &snapshot.texts(),
            &alarm(&run, snapshot, time),
            &format!("after {time} seconds"),
        );
    }
    // In between: no alarm before five sensors burn together, and one soon after. The patch is two
    // hops wide: six rounds are enough to elect, to count and to tell, and then four seconds pass.
    let end = run.end();
    let burning = |snapshot: &&Snapshot| alarm(&run, end, snapshot.at).contains(&"fire".to_owned());
    let raised = |snapshot: &&Snapshot| snapshot.texts().contains(&"fire".to_owned());
    let burns = run.snapshots.iter().find(burning).expect("it burns").at;
    let alarms = run.snapshots.iter().find(raised).expect("an alarm").at;
    assert!(
        (burns..burns + 10.0).contains(&alarms),
        "it burns at {burns}, the alarm is at {alarms}"
    );
}

/// How far everybody is from an exit: that of the best beacon in sight.
fn progress(plane: &Plane, ways: &[f64], people: &[usize]) -> Vec<f64> {
    let best = |person: &usize| {
        let beacons = (0..ways.len()).filter(|beacon| plane.linked(*person, *beacon));
        beacons.map(|beacon| ways[beacon]).fold(f64::INFINITY, f64::min)
    };
    people.iter().map(best).collect()
}

#[test]
fn evacuation_brings_everybody_nearer_to_an_open_exit_until_all_are_out() {
    let run = played("evacuation");
    let (people, exits, smoke) = (run.flagged("person"), run.flagged("exit"), run.flagged("smoke"));
    let closes = run.readings("closes", f64::INFINITY);
    let beacons = run.end().places.len() - people.len();
    let clear = |device: usize| device < beacons && !smoke.contains(&device);
    let close = exits.iter().map(|exit| closes[*exit]).fold(f64::INFINITY, f64::min);
    let out = |snapshot: &Snapshot, person: usize| snapshot.texts()[person] == "safe";
    let mut before: Option<Vec<f64>> = None;
    for snapshot in &run.snapshots {
        // News of the exit that closed need some rounds, in which people may walk the wrong way.
        // Wrong distances rise by the length of a link and back in two rounds at most: by ten metres a
        // round. They need less than twenty rounds to exceed the longest way, which is less than 200.
        if (close..close + 20.0).contains(&snapshot.at) || snapshot.at < 20.0 {
            before = None;
            continue;
        }
        let open: Vec<usize> =
            exits.iter().copied().filter(|exit| closes[*exit] > snapshot.at).collect();
        let plane = run.plane(snapshot);
        let mut ways = plane.distances(&open, clear);
        ways.truncate(beacons);
        let now = progress(&plane, &ways, &people);
        for (index, person) in people.iter().enumerate().filter(|(_, p)| !out(snapshot, **p)) {
            let was = before.as_ref().map_or(f64::INFINITY, |was| was[index]);
            assert!(now[index] <= was, "{person} at {}: {} after {was}", snapshot.at, now[index]);
        }
        // Who was in the smoke has left it, and nobody walks into it: a beacon in the smoke is ten
        // metres from clear ones, and nobody comes as near to it as half of that.
        for (person, dark) in people.iter().flat_map(|p| smoke.iter().map(move |s| (*p, *s))) {
            assert!(plane.range(person, dark) > 5.0, "{person} is in the smoke at {}", snapshot.at);
        }
        before = Some(now);
    }
    // In the end all are out: at the exit that stays open, or at the other one if they came in time.
    let (end, plane) = (run.end(), run.plane(run.end()));
    let mut left = [0, 0];
    for person in &people {
        assert!(out(end, *person), "{person} is still inside");
        let at = exits.iter().position(|exit| plane.range(*person, *exit) < 1.0);
        let at = at.unwrap_or_else(|| panic!("{person} is at no exit"));
        assert!(
            closes[exits[at]] > close || out(run.at(close + 1.0), *person),
            "{person} was late"
        );
        left[at] += 1;
    }
    assert!(left.iter().all(|count| *count > 5), "both exits are used: {left:?}");
}

#[test]
fn gossip_remembers_a_peak_for_ever_and_replicated_gossip_does_not() {
    let run = played("gossip");
    let (peaks, until) = (run.readings("peak", f64::NAN), run.readings("until", 0.0));
    let normal = run.readings("normal", f64::NAN);
    let greatest = |time: f64| {
        let measured = |d: usize| if time < until[d] { peaks[d] } else { normal[d] };
        (0..normal.len()).map(measured).fold(f64::NEG_INFINITY, f64::max)
    };
    let at = |time: f64| run.at(time).tuples();
    // The news of a peak cross the network in ten rounds. A replica lives for 8 ticks of the common
    // clock, of 4 seconds and a round each: those that knew a peak have died 45 seconds after it.
    for (time, ever, now) in [(20.0, 95.0, 95.0), (75.0, 95.0, 60.0), (150.0, 95.0, 20.0)] {
        assert_eq!(greatest(time), now, "what the scenario measures at {time}");
        for (device, value) in at(time).into_iter().enumerate() {
            assert_eq!(value, [ever, now], "device {device} after {time} seconds");
        }
    }
}

/// The share of snapshots, from the tenth second on, in which all lamps are alike.
fn unison(run: &Played) -> f64 {
    let settled = run.snapshots.iter().filter(|snapshot| snapshot.at >= 10.0);
    let alike: Vec<bool> =
        settled.map(|snapshot| snapshot.values.iter().all(|v| *v == snapshot.values[0])).collect();
    alike.iter().filter(|alike| **alike).count() as f64 / alike.len() as f64
}

#[test]
fn timer_makes_all_lamps_blink_together_at_the_pace_of_the_fastest_clock() {
    let run = played("timer");
    // A change needs less than a second to cross the network: ten hops, each within the tenth of a
    // second in which the next device has its round. So three quarters of a period all are alike.
    assert!(unison(&run) > 0.75, "alike in {}", unison(&run));
    // The same lamps, when they do not hear each other: after some periods each blinks on its own.
    let mut alone = scenario("timer");
    alone.link.topology = fieldrun_sim::scenario::Topology::Disc { radius: Some(0.0) };
    assert!(unison(&play(alone)) < 0.3, "without messages they are not alike");

    // The pace: the fastest of a hundred clocks is about a twentieth too fast, and a tick comes up to
    // two rounds after its time.
    let lit = |snapshot: &Snapshot| {
        snapshot.texts().iter().filter(|text| *text == "on").count() * 2 > snapshot.values.len()
    };
    let changes: Vec<f64> = run
        .snapshots
        .windows(2)
        .filter(|pair| lit(&pair[0]) != lit(&pair[1]))
        .map(|pair| pair[1].at)
        .collect();
    assert!(changes.len() >= 12, "{} changes in a minute", changes.len());
    for pair in changes.windows(2) {
        let period = pair[1] - pair[0];
        assert!((4.0 / 1.06..4.3).contains(&period), "a period of {period}");
    }
}
