//! The device from outside: inputs and what they bring about.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test may say what it expects")]

mod changes;
mod hostile;
mod neighbor;
mod recorded;
mod saved;
mod trace;

use fieldrun_device::host::Reading;
use fieldrun_device::{
    Clock, Device, DeviceConfig, DeviceError, Input, Micros, NodeId, Output, Reaction, Retention,
    SensorFrame, wire,
};
use fieldrun_stdlib::load_text;

const SECOND: u64 = Micros::SECOND.0;

fn config(id: i64, text: &str) -> DeviceConfig {
    let program = load_text("test.pt", text, &[]).expect("the program loads").program;
    DeviceConfig::new(NodeId::Int(id), program)
}

/// What one tick brought about.
#[derive(Default)]
struct Ticked {
    value: Option<String>,
    frame: Option<bytes::Bytes>,
    actions: Vec<String>,
    wake_at: Option<Micros>,
}

fn tick_with(device: &mut Device, now: u64, sensors: &SensorFrame) -> Ticked {
    device.handle(Input::Tick { now: Micros(now), sensors }).expect("a tick is always taken");
    let mut ticked = Ticked::default();
    while let Some(output) = device.poll() {
        assert!(ticked.wake_at.is_none(), "WakeAt is the last output");
        match output {
            Output::Broadcast(bytes) => ticked.frame = Some(bytes),
            Output::Actuate(action) => ticked.actions.push(action.name),
            Output::Round(report) => ticked.value = report.result.ok().map(|v| v.to_string()),
            Output::WakeAt(at) => ticked.wake_at = Some(at),
        }
    }
    ticked
}

fn tick(device: &mut Device, now: u64) -> Ticked {
    tick_with(device, now, &SensorFrame::default())
}

/// Hands over bytes and returns when the device wants to wake.
fn hear(
    device: &mut Device,
    now: u64,
    from: i64,
    bytes: &[u8],
) -> Result<Option<Micros>, DeviceError> {
    device.handle(Input::Message { now: Micros(now), from: &NodeId::Int(from), bytes })?;
    let mut wake = None;
    while let Some(output) = device.poll() {
        if let Output::WakeAt(at) = output {
            wake = Some(at);
        }
    }
    Ok(wake)
}

#[test]
fn time_is_measured_on_a_real_clock_and_one_on_a_logical_one() {
    let mut real = Device::new(config(0, "self.getDeltaTime()"));
    let seen: Vec<_> = [0, 1, 3].map(|s| tick(&mut real, s * SECOND).value).into();
    assert_eq!(seen, ["0.0", "1.0", "2.0"].map(|v| Some(v.to_owned())));
    let config = DeviceConfig { clock: Clock::Logical, ..config(0, "self.getDeltaTime()") };
    let mut logical = Device::new(config);
    let seen: Vec<_> = [0, 1, 3].map(|s| tick(&mut logical, s * SECOND).value).into();
    assert_eq!(seen, ["1.0", "1.0", "1.0"].map(|v| Some(v.to_owned())));
}

#[test]
fn a_failed_round_sends_nothing_does_nothing_and_keeps_the_state() {
    let text = "let n = rep (n <- 0) { n + 1 }
                self.stopService()
                if (env.get(\"bad\")) { [n].get(5) } else { n }";
    let mut device = Device::new(config(0, text));
    let bad = |is| SensorFrame { env: vec![("bad".to_owned(), Reading::Bool(is))], position: None };
    let good = tick_with(&mut device, 0, &bad(false));
    assert_eq!(
        (good.value.as_deref(), good.actions.len(), good.frame.is_some()),
        (Some("1.0"), 1, true)
    );
    let failed = tick_with(&mut device, SECOND, &bad(true));
    assert_eq!((failed.value, failed.actions.len(), failed.frame.is_some()), (None, 0, false));
    assert!(failed.wake_at.is_some(), "the next round comes all the same");
    assert_eq!(tick_with(&mut device, 2 * SECOND, &bad(false)).value.as_deref(), Some("2.0"));
}

#[test]
fn what_a_program_puts_into_its_environment_stays_until_the_reading_changes() {
    let mut device =
        Device::new(config(0, "let old = env.get(\"x\"); env.put(\"x\", old + 1); old"));
    let reading =
        |x| SensorFrame { env: vec![("x".to_owned(), Reading::Number(x))], position: None };
    let seen: Vec<_> = [(0, 5.0), (1, 5.0), (2, 5.0), (3, 1.0)]
        .map(|(s, x)| tick_with(&mut device, s * SECOND, &reading(x)).value.expect("runs"))
        .into();
    assert_eq!(seen, ["5.0", "6.0", "7.0", "1.0"]);
}

#[test]
fn a_neighbour_counts_for_its_own_periods_and_the_newest_frame_wins() {
    let text = "sumHood(nbr(1))";
    let mut sender = Device::new(config(1, text));
    let frames: Vec<_> =
        (0..3).map(|s| tick(&mut sender, s * SECOND).frame.expect("runs")).collect();
    let config = DeviceConfig { retention: Retention::Periods(3.0), ..config(0, text) };
    let mut device = Device::new(config);
    hear(&mut device, 0, 1, &frames[2]).expect("a frame");
    // Late and repeated frames change nothing, not even when the neighbour was last heard.
    hear(&mut device, 2 * SECOND, 1, &frames[0]).expect("a late frame is no error");
    hear(&mut device, 2 * SECOND, 1, &frames[2]).expect("a repeated frame is no error");
    assert_eq!(tick(&mut device, 3 * SECOND).value.as_deref(), Some("1.0"));
    assert_eq!(tick(&mut device, 3 * SECOND + 1).value.as_deref(), Some("0.0"));
}

#[test]
fn a_restarted_neighbour_is_newer_whatever_its_round() {
    let text = "sumHood(nbr(self.getDeltaTime()))";
    let mut old = Device::new(config(1, "nbr(1) 1"));
    let mut device = Device::new(config(0, text));
    for s in 0..9 {
        hear(&mut device, s, 1, &tick(&mut old, s * SECOND).frame.expect("runs")).expect("a frame");
    }
    let mut new = Device::new(DeviceConfig { incarnation: 2, ..config(1, text) });
    hear(&mut device, 9, 1, &tick(&mut new, 0).frame.expect("runs")).expect("a frame");
    let heard: Vec<_> = device.neighbors().map(|n| (n.incarnation, n.round)).collect();
    assert_eq!(heard, [(2, 1)]);
}

#[test]
fn devices_of_other_programs_are_not_seen() {
    let mut other = Device::new(config(1, "nbr(1) + 0"));
    let mut device = Device::new(config(0, "sumHood(nbr(1))"));
    hear(&mut device, 0, 1, &tick(&mut other, 0).frame.expect("runs")).expect("a frame");
    assert_eq!(tick(&mut device, 1).value.as_deref(), Some("0.0"));
    assert!(device.neighbors().all(|n| n.other_program));
}

#[test]
fn what_a_host_says_of_itself_is_heard_whatever_runs() {
    let mut other = Device::new(config(1, "nbr(1) + 0"));
    let mut device = Device::new(config(0, "sumHood(nbr(1))"));
    for (second, status) in [b"up".as_slice(), &[7; 99], b""].into_iter().enumerate() {
        other.handle(Input::Status { status }).expect("always");
        while other.poll().is_some() {}
        let frame = tick(&mut other, second as u64 * SECOND).frame.expect("runs");
        hear(&mut device, 0, 1, &frame).expect("a frame");
        let heard = device.neighbors().next().expect("a neighbour");
        assert_eq!(heard.status, status[..status.len().min(wire::MAX_STATUS)]);
    }
}

#[test]
fn only_the_sender_may_speak_for_itself() {
    let text = "nbr(1) 1";
    let frame = tick(&mut Device::new(config(1, text)), 0).frame.expect("runs");
    let mut device = Device::new(config(0, text));
    assert!(matches!(hear(&mut device, 0, 2, &frame), Err(DeviceError::ForeignSender { .. })));
    assert!(matches!(
        hear(&mut Device::new(config(1, text)), 0, 1, &frame),
        Err(DeviceError::OwnId(_))
    ));
    assert_eq!(device.neighbors().count(), 0);
}

#[test]
fn a_message_that_grows_without_bound_is_stopped() {
    let mut config = config(0, "nbr(rep (x <- \"ab\") { x + x }) 1");
    config.limits.frame_bytes = 1_000;
    let mut device = Device::new(config);
    let sent: Vec<bool> = (0..20).map(|s| tick(&mut device, s * SECOND).frame.is_some()).collect();
    // 2^9 letters and their frame fit, 2^10 do not; the state stays at the last that did.
    assert_eq!(sent.iter().filter(|sent| **sent).count(), 8);
    assert!(sent.is_sorted_by(|a, b| a >= b), "once it does not fit it never does again");
}

#[test]
fn news_bring_the_next_round_forward_but_not_on_and_on() {
    let reaction = Some(Reaction { gap: Micros(20_000), burst: 2 });
    let text = "nbr(rep (n <- 0) { n + 1 }) 1";
    let mut talker = Device::new(config(1, text));
    let mut device = Device::new(DeviceConfig { reaction, ..config(0, text) });
    tick(&mut device, 0);
    let mut wakes = Vec::new();
    for i in 0..4u64 {
        let frame = tick(&mut talker, i).frame.expect("runs");
        let now = 1_000 * (i + 1);
        wakes.push(hear(&mut device, now, 1, &frame).expect("a frame").expect("advice").0);
    }
    // The first brings it forward to the gap; the others cannot do better.
    assert_eq!(wakes, [20_000; 4]);
    // Values that change all the time use the burst up; then the period holds.
    let mut now = 20_000;
    let mut early = 0;
    for i in 4..40u64 {
        let wake = tick(&mut device, now).wake_at.expect("advice").0;
        let frame = tick(&mut talker, i).frame.expect("runs");
        let at = hear(&mut device, now + 1, 1, &frame).expect("a frame").expect("advice").0;
        early += u64::from(at < wake);
        now = at;
    }
    // Two at once, and one more for each eight of the 36 rounds.
    assert!((2..=2 + 36 / 8).contains(&early), "{early} of 36 rounds were brought forward");
}

#[test]
fn a_frame_that_says_the_same_brings_nothing_forward() {
    let reaction = Some(Reaction { gap: Micros(20_000), burst: 8 });
    let mut talker = Device::new(config(1, "nbr(1) 1"));
    let mut device = Device::new(DeviceConfig { reaction, ..config(0, "nbr(1) 1") });
    tick(&mut device, 0);
    hear(&mut device, 1, 1, &tick(&mut talker, 0).frame.expect("runs")).expect("a frame");
    let period = tick(&mut device, 50_000).wake_at;
    let same = tick(&mut talker, SECOND).frame.expect("runs");
    assert_eq!(hear(&mut device, 60_000, 1, &same).expect("a frame"), period);
}

#[test]
fn a_decoded_frame_does_what_its_bytes_do() {
    let text = "sumHood(nbr(2))";
    let bytes = tick(&mut Device::new(config(1, text)), 0).frame.expect("runs");
    let config = config(0, text);
    let frame = wire::decode(&bytes, &config.program, &config.limits).expect("a frame");
    let mut device = Device::new(config);
    device.handle(Input::Frame { now: Micros(0), frame: &frame }).expect("a frame");
    while device.poll().is_some() {}
    assert_eq!(tick(&mut device, 1).value.as_deref(), Some("2.0"));
    device.handle(Input::NeighborGone { now: Micros(2), id: &NodeId::Int(1) }).expect("always");
    while device.poll().is_some() {}
    assert_eq!(tick(&mut device, 3).value.as_deref(), Some("0.0"));
}
