//! What a device promises to whatever drives it: time, neighbours, versions, bad input.

use crate::spec::loaded;
use fieldrun_device::host::Reading;
use fieldrun_device::{
    Device, DeviceConfig, DeviceError, Input, Micros, NodeId, Output, Retention, SensorFrame,
};

/// A device on a real clock with one round a second.
fn device(id: i64, program: &str, change: impl Fn(&mut DeviceConfig)) -> Device {
    let (program, _) = loaded(program, &[]).expect("the program loads");
    let mut config = DeviceConfig::new(NodeId::Int(id), program);
    change(&mut config);
    Device::new(config)
}

/// A round at a time in milliseconds: the value or the error, and the bytes that were sent.
fn tick_with(device: &mut Device, at: u64, sensors: &SensorFrame) -> (String, Option<Vec<u8>>) {
    device
        .handle(Input::Tick { now: Micros(at * 1000), sensors })
        .expect("a tick is never refused");
    let (mut value, mut sent) = (String::new(), None);
    while let Some(output) = device.poll() {
        match output {
            Output::Broadcast(bytes) => sent = Some(bytes.to_vec()),
            Output::Round(report) => {
                value =
                    report.result.map_or_else(|trap| trap.to_string(), |value| value.to_string());
            }
            Output::Actuate(_) | Output::WakeAt(_) => {}
        }
    }
    (value, sent)
}

fn tick(device: &mut Device, at: u64) -> (String, Option<Vec<u8>>) {
    tick_with(device, at, &SensorFrame::default())
}

fn tell(device: &mut Device, at: u64, from: i64, bytes: &[u8]) -> Result<(), DeviceError> {
    let from = NodeId::Int(from);
    let result = device.handle(Input::Message { now: Micros(at * 1000), from: &from, bytes });
    while device.poll().is_some() {}
    result
}

const COUNT: &str = "rep (n <- 0) { n + 1 }";
const HEARD: &str = "unionHood(nbr(rep (n <- 0) { n + 1 }))";

#[test]
fn a_real_clock_starts_at_nought_and_measures_rounds() {
    let mut one = device(1, "self.getDeltaTime()", |_| ());
    assert_eq!(tick(&mut one, 5_000).0, "0.0");
    assert_eq!(tick(&mut one, 6_000).0, "1.0");
    assert_eq!(tick(&mut one, 8_500).0, "2.5");
}

#[test]
fn a_timer_ticks_in_a_first_round_that_takes_no_time() {
    let mut one = device(1, "import protelis:state:time cyclicTimer(2)", |_| ());
    let ticks: Vec<String> = (0..5).map(|round| tick(&mut one, round * 1000).0).collect();
    assert_eq!(ticks, ["true", "false", "false", "true", "false"]);
}

#[test]
fn a_failed_round_sends_nothing_and_its_time_counts_in_the_next() {
    let program = "if (env.get(\"bad\")) { [].get(0) } else { self.getDeltaTime() }";
    let mut one = device(1, program, |_| ());
    let sensors =
        |bad| SensorFrame { env: vec![("bad".into(), Reading::Bool(bad))], position: None };
    assert!(tick_with(&mut one, 0, &sensors(false)).1.is_some());
    let (error, sent) = tick_with(&mut one, 1_000, &sensors(true));
    assert!(error.contains("out of bounds") && sent.is_none(), "{error}");
    assert_eq!(tick_with(&mut one, 2_000, &sensors(false)).0, "2.0");
}

#[test]
fn the_newest_frame_of_a_neighbour_counts_whatever_comes_late_or_twice() {
    let mut sender = device(1, HEARD, |_| ());
    let frames: Vec<Vec<u8>> =
        (0..3).map(|i| tick(&mut sender, i * 1000).1.expect("sent")).collect();
    let mut receiver = device(2, HEARD, |_| ());
    for (frame, newest) in [(0, "[1.0]"), (2, "[3.0]"), (1, "[3.0]"), (2, "[3.0]"), (0, "[3.0]")] {
        tell(&mut receiver, 3_000, 1, &frames[frame]).expect("a frame is taken");
        assert_eq!(tick(&mut receiver, 3_000).0, newest, "after frame {frame}");
    }
    let mut again = device(1, HEARD, |config| config.incarnation = 2);
    let frame = tick(&mut again, 4_000).1.expect("sent");
    tell(&mut receiver, 4_000, 1, &frame).expect("a restarted device is heard");
    assert_eq!(tick(&mut receiver, 4_000).0, "[1.0]");
    tell(&mut receiver, 4_000, 1, &frames[2]).expect("what the old one said comes too late");
    assert_eq!(tick(&mut receiver, 4_500).0, "[1.0]");
}

#[test]
fn a_silent_neighbour_is_forgotten_after_three_of_its_own_periods() {
    let slow = |config: &mut DeviceConfig| config.period = Micros(10 * Micros::SECOND.0);
    let quick = tick(&mut device(1, HEARD, |_| ()), 0).1.expect("sent");
    let slow = tick(&mut device(3, HEARD, slow), 0).1.expect("sent");
    let mut receiver = device(2, "sumHood(nbr(rep (n <- 0) { n + 1 }))", |_| ());
    // The frames are of another program: the neighbours are known, their values are not used.
    tell(&mut receiver, 0, 1, &quick).expect("taken");
    tell(&mut receiver, 0, 3, &slow).expect("taken");
    let known = |device: &Device| device.neighbors().map(|n| n.id.to_string()).collect::<Vec<_>>();
    assert_eq!(tick(&mut receiver, 2_900).0, "0.0");
    assert_eq!(known(&receiver), ["1", "3"]);
    tick(&mut receiver, 3_100);
    assert_eq!(known(&receiver), ["3"]);
    tick(&mut receiver, 31_000);
    assert_eq!(known(&receiver), Vec::<String>::new());
}

#[test]
fn two_programs_side_by_side_do_not_mix_their_values() {
    let old = "let v = 1; sumHood(nbr(v))";
    let new = "let v = 2; sumHood(nbr(v))";
    let mut devices = [device(1, old, |_| ()), device(2, new, |_| ()), device(3, new, |_| ())];
    let mut values = vec![String::new(); 3];
    for round in 0..4 {
        for i in 0..3 {
            let (value, sent) = tick(&mut devices[i], round * 1000);
            values[i] = value;
            let sent = sent.expect("sent");
            for (j, other) in devices.iter_mut().enumerate().filter(|(j, _)| *j != i) {
                tell(other, round * 1000, i as i64 + 1, &sent)
                    .unwrap_or_else(|e| panic!("{j}: {e}"));
            }
        }
    }
    assert_eq!(values, ["0.0", "2.0", "2.0"]);
    let others: Vec<bool> = devices[1].neighbors().map(|n| n.other_program).collect();
    assert_eq!(others, [true, false]);
}

#[test]
fn what_is_no_frame_of_the_sender_is_refused_and_changes_nothing() {
    let frame = tick(&mut device(1, COUNT, |_| ()), 0).1.expect("sent");
    let mut receiver = device(2, COUNT, |config| config.retention = Retention::Forever);
    assert!(matches!(tell(&mut receiver, 0, 7, &frame), Err(DeviceError::ForeignSender { .. })));
    let own = tick(&mut device(2, COUNT, |_| ()), 0).1.expect("sent");
    assert!(matches!(tell(&mut receiver, 0, 2, &own), Err(DeviceError::OwnId(_))));
    assert!(matches!(tell(&mut receiver, 0, 1, b"garbage"), Err(DeviceError::Decode(_))));
    assert!(matches!(
        tell(&mut receiver, 0, 1, &frame[..frame.len() - 1]),
        Err(DeviceError::Decode(_))
    ));
    assert!(matches!(tell(&mut receiver, 0, 1, &vec![0; 10 << 20]), Err(DeviceError::Decode(_))));
    assert_eq!(receiver.neighbors().count(), 0);
    assert_eq!(tick(&mut receiver, 0).0, "1.0");
    let mut full = device(3, COUNT, |config| config.limits.neighbors = 1);
    tell(&mut full, 0, 1, &frame).expect("there is room for one");
    let second = tick(&mut device(2, COUNT, |_| ()), 0).1.expect("sent");
    assert!(matches!(tell(&mut full, 0, 2, &second), Err(DeviceError::TooManyNeighbors(1))));
}
