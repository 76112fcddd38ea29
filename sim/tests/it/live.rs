//! A run that somebody watches: going on, going back, changing things.

use crate::common::{HOPS, program, scenario};
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId};
use fieldrun_sim::live::{Command, Key, Session, Text};
use fieldrun_sim::scenario::DeviceFault;
use fieldrun_sim::{Flow, Intervention, Moment, Observer, Shown, SimError, Simulation};
use std::time::Duration;

const NETWORK: &str = "
    seed = 5
    area = [0, 0, 100, 100]
    link = { radius = 30, delay = ['10ms', '60ms'], loss = 0.1 }
    mobility = { kind = 'waypoint', speed = [1, 3] }
    [[group]]
    count = 40
    env = { source = false }
    [[set]]
    ids = [0]
    env = { source = true }
";

fn session(text: &str) -> Session {
    let text = Text { name: "test.pt".to_owned(), text: text.to_owned() };
    Session::new(&scenario(NETWORK), &program(&text.text), text).expect("a good scenario")
}

/// Runs until nothing is left to do.
fn settle(session: &mut Session) {
    while session.is_busy() {
        session.advance(Duration::from_millis(50), &mut || true).expect("runs");
    }
}

fn seek(session: &mut Session, seconds: f64) {
    let at = Micros((seconds * 1e6) as u64);
    session.command(Command::Seek(at)).expect("a time");
    settle(session);
    assert_eq!(session.simulation().time(), at);
}

/// All that can be seen of the network.
fn seen(session: &Session) -> (Vec<Shown>, Vec<Vec<f64>>, Vec<u8>) {
    let world = session.world();
    let values = (0..world.len()).map(|device| world.shown(device)).collect();
    let places = (0..world.len()).map(|device| world.position(device).to_vec()).collect();
    (values, places, session.links())
}

fn set(device: i64, value: bool) -> Command {
    Command::Change(Intervention::Set {
        device: NodeId::Int(device),
        name: "source".to_owned(),
        value: Reading::Bool(value),
    })
}

struct Ignore;

impl Observer for Ignore {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }
}

#[test]
fn a_watched_run_is_the_run_itself() {
    let mut session = session(HOPS);
    seek(&mut session, 20.0);
    let mut plain = Simulation::new(&scenario(NETWORK), &program(HOPS)).expect("good");
    plain.run_until(Micros(20_000_000), &mut Ignore).expect("runs");
    let (values, ..) = seen(&session);
    let wanted: Vec<Shown> = (0..40).map(|device| plain.world().shown(device)).collect();
    assert_eq!(values, wanted, "pieces make no difference");
    assert_eq!(session.simulation().counts(), plain.counts());
}

#[test]
fn time_goes_back_and_the_same_happens_again() {
    let mut session = session(HOPS);
    let times = [3.3, 7.0, 12.5, 20.0];
    let mut was = Vec::new();
    for at in times {
        seek(&mut session, at);
        if at == 7.0 {
            session.command(set(7, true)).expect("a device");
        }
        was.push(seen(&session));
    }
    assert_ne!(was[1].0, was[3].0, "something happens");
    for (at, was) in times.into_iter().zip(&was).rev() {
        seek(&mut session, at);
        // At 7 s the change is made, but no round has seen it.
        assert_eq!(&seen(&session), was, "back at {at} s");
    }
    seek(&mut session, 20.0);
    assert_eq!(seen(&session), was[3], "and forward again, with what was done");
}

#[test]
fn what_is_done_in_the_past_makes_another_future() {
    let mut session = session(HOPS);
    seek(&mut session, 6.0);
    session.command(set(7, true)).expect("a device");
    seek(&mut session, 15.0);
    let first = seen(&session);
    seek(&mut session, 5.0);
    session.command(set(9, true)).expect("a device");
    seek(&mut session, 15.0);
    let source =
        |session: &Session, device| Key::Env("source".to_owned()).of(session.simulation(), device);
    assert_eq!(source(&session, 9), Shown::Truth(true));
    assert_eq!(source(&session, 7), Shown::Truth(false), "the other future is forgotten");
    assert_ne!(seen(&session), first);
}

#[test]
fn a_peek_goes_to_a_kept_time_at_once() {
    let mut session = session(HOPS);
    seek(&mut session, 30.0);
    session.command(Command::Peek(Micros(17_900_000))).expect("a time");
    let at = session.simulation().time();
    assert!(!session.is_busy(), "nothing is run again");
    // A copy is kept each period of a second.
    assert!(at <= Micros(17_900_000) && at >= Micros(16_800_000), "{at:?}");
}

#[test]
fn steps_are_one_event_and_one_period() {
    let mut session = session(HOPS);
    session.command(Command::StepEvent).expect("an event");
    assert_eq!(session.simulation().counts().events, 1);
    let at = session.simulation().time();
    session.command(Command::StepPeriod).expect("a step");
    settle(&mut session);
    assert_eq!(session.simulation().time(), Micros(at.0 + 1_000_000));
    // Each device has run once, give or take the jitter of a tenth.
    let events = session.simulation().counts().events;
    assert!((36..=46).contains(&events), "{events}");
}

#[test]
fn playing_goes_at_its_speed_and_stops_when_told() {
    let mut session = session(HOPS);
    let mut play = |command, passed| {
        session.command(command).expect("done");
        session.advance(Duration::from_millis(passed), &mut || true).expect("runs");
        session.simulation().time().seconds()
    };
    assert_eq!(play(Command::Play, 100), 0.1);
    assert_eq!(play(Command::Speed(10.0), 100), 1.1);
    // What takes longer than that is not made up for.
    assert_eq!(play(Command::Speed(1.0), 60_000), 1.3);
    assert_eq!(play(Command::Pause, 100), 1.3);
    assert_eq!(play(Command::Speed(f64::NAN), 100), 1.3);
    session.command(Command::Speed(f64::INFINITY)).expect("done");
    session.command(Command::Play).expect("done");
    let mut turns = 0;
    let mut four = || {
        turns += 1;
        turns <= 4
    };
    session.advance(Duration::from_millis(1), &mut four).expect("runs");
    // As far as there is time: four pieces of a sixty-fourth of the period.
    assert_eq!(session.simulation().time(), Micros(1_300_000 + 4 * 15_625));
}

#[test]
fn a_frame_says_all_that_a_map_needs() {
    let mut session = session(HOPS);
    seek(&mut session, 10.0);
    let crash = DeviceFault::Crash { keeps: false };
    let device = NodeId::Int(3);
    let crash = Intervention::Fault { device, fault: crash, lasting: None };
    session.command(Command::Change(crash)).expect("a device");
    let bytes = session.frame(9);
    let length = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[4..4 + length]).expect("JSON");
    assert_eq!(header["number"], 9);
    assert_eq!(header["devices"], 40);
    assert_eq!(header["t"], 10.0);
    assert_eq!(header["keys"], serde_json::json!(["value", "env.source", "rounds", "neighbors"]));
    let body = &bytes[4 + length..];
    assert_eq!(body.len(), 40 * (8 + 4 + 1));
    let number = |at: usize| f32::from_le_bytes(body[4 * at..4 * at + 4].try_into().expect("four"));
    let world = session.world();
    assert_eq!(number(0), world.position(0)[0] as f32);
    assert_eq!(number(2 * 17 + 1), world.position(17)[1] as f32);
    assert_eq!(number(80), 0.0, "the source has the value 0");
    assert_eq!(body[12 * 40], 1, "a number");
    assert_eq!(body[12 * 40 + 3] & 8, 8, "away");
    assert_eq!(session.links().len(), 8 * world.links());
}

#[test]
fn a_device_tells_what_it_knows() {
    let mut session = session(HOPS);
    seek(&mut session, 10.0);
    let device = session.inspect(0, None).expect("a device");
    assert_eq!(device.value.as_deref(), Some("0.0"));
    assert_eq!(device.sensors, [("source".to_owned(), serde_json::json!(true))]);
    assert_eq!(device.kept.len(), 1, "what share keeps: {:?}", device.kept);
    assert_eq!(device.neighbors.len(), session.world().neighbors(0).len());
    assert_eq!(device.lines, [2, 3], "the lines of share and of minHood(d + 1)");
    let site = session.inspect(0, Some(2)).and_then(|device| device.site).expect("a report");
    assert!(site.sites[0].text.starts_with("share"), "{site:?}");
    assert!(session.inspect(40, None).is_none());
}

#[test]
fn series_have_a_sample_a_period_and_forget_another_future() {
    let mut session = session(HOPS);
    seek(&mut session, 12.0);
    let samples = session.series().of(&Key::Value);
    let times: Vec<f64> = samples.iter().map(|sample| sample.t).collect();
    assert_eq!(times, (1..=12).map(f64::from).collect::<Vec<_>>());
    assert_eq!(samples[11].numbers.expect("numbers")[0], 0.0, "the source");
    assert_eq!(session.series().of(&Key::Rounds)[11].count, 40);
    seek(&mut session, 4.5);
    assert_eq!(session.series().of(&Key::Value).len(), 12, "looking back forgets nothing");
    session.command(set(9, true)).expect("a device");
    assert_eq!(session.series().of(&Key::Value).len(), 4);
    seek(&mut session, 6.0);
    assert_eq!(session.series().of(&Key::Value).len(), 6);
}

#[test]
fn starting_anew_takes_another_program_or_seed() {
    let mut session = session(HOPS);
    seek(&mut session, 5.0);
    let (values, places, _) = seen(&session);
    session.command(Command::Restart(None)).expect("starts");
    assert_eq!(session.simulation().time(), Micros(0));
    seek(&mut session, 5.0);
    assert_eq!((seen(&session).0, seen(&session).1), (values, places.clone()));
    session.command(Command::Restart(Some(6))).expect("starts");
    assert_ne!(seen(&session).1, places, "another seed, other places");
    let text = Text { name: "test.pt".to_owned(), text: "42".to_owned() };
    session.command(Command::Load(program("42"), text)).expect("starts");
    seek(&mut session, 3.0);
    assert!(seen(&session).0.iter().all(|value| *value == Shown::Number(42.0)));
}

#[test]
fn what_does_not_exist_is_refused() {
    let mut session = session(HOPS);
    let device = NodeId::Int(99);
    let error = session.command(Command::Change(Intervention::Revive { device }));
    assert!(error.expect_err("no device 99").to_string().contains("99"));
}
