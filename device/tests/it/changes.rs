//! Large exports travel as changes to a round that all neighbours hold. Whatever is lost, late,
//! doubled or restarted on the way, a device sees of a neighbour exactly what that shared in one of
//! its rounds, or nothing.

use crate::config;
use bytes::Bytes;
use fieldrun_device::host::Reading;
use fieldrun_device::{
    Device, DeviceConfig, Input, Micros, NodeId, Output, Retention, SensorFrame, Value,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Each device shares texts that begin with its name, start and round, so that every value tells
/// which round it is from; one of them is long and new in each round, others change rarely. The last two
/// have no slot: their paths hold a key.
const PROGRAM: &str = "
let n = rep (n <- 0) { n + 1 }
let me = env.get(\"me\")
let now = me + \" \" + n
let slow = env.get(\"slow\")
let long = env.get(\"long\")
let keyed = (name, text) -> { alignedMap(nbr([[name, 1]]), (k, v) -> { true }, (k, v) -> { unionHood(nbr(text)) }, []) }
[
  unionHood(nbr(now)),
  unionHood(nbr(me + \" \" + slow)),
  unionHood(nbr(me + long)),
  unionHood(nbr(me + \" fixed\" + long)),
  keyed.apply(\"key\", now),
  keyed.apply(\"other\", me + slow)
]
";

const DEVICES: usize = 3;

/// Frames below this flag byte's bit are changes, see `docs/protocol.md`.
const CHANGES: u8 = 1;

#[derive(Clone, Debug)]
enum Event {
    Tick(usize),
    /// One of the messages on their way arrives, and perhaps stays on its way as well.
    Arrive(prop::sample::Index, bool),
    Lose(prop::sample::Index),
    Restart(usize),
    /// A device hears that another one is gone.
    Forget(usize, usize),
    /// A value that changes rarely.
    Change(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let device = || 0..DEVICES;
    let any = any::<prop::sample::Index>;
    prop_oneof![
        30 => device().prop_map(Event::Tick),
        60 => (any(), prop::bool::weighted(0.1)).prop_map(|(i, twice)| Event::Arrive(i, twice)),
        6 => any().prop_map(Event::Lose),
        1 => device().prop_map(Event::Restart),
        1 => (device(), device()).prop_map(|(a, b)| Event::Forget(a, b)),
        2 => device().prop_map(Event::Change),
    ]
}

struct Message {
    from: usize,
    to: usize,
    bytes: Bytes,
}

/// What a device shared in a round: its texts, by what all of them begin with.
type Shared = [String; 6];

struct One {
    device: Device,
    start: u64,
    round: u64,
    slow: u64,
}

impl One {
    fn new(id: usize, start: u64) -> Self {
        let config = DeviceConfig {
            retention: Retention::Forever,
            incarnation: start,
            ..config(id as i64, PROGRAM)
        };
        Self { device: Device::new(config), start, round: 0, slow: 0 }
    }
}

struct World {
    all: Vec<One>,
    ways: Vec<Message>,
    /// By sender, start and round.
    shared: BTreeMap<(usize, u64, u64), Shared>,
    /// What a receiver saw last of a sender: start and round.
    seen: BTreeMap<(usize, usize), (u64, u64)>,
    /// Whether the last frame of a device was changes.
    small: [bool; DEVICES],
}

impl World {
    fn new() -> Self {
        let all = (0..DEVICES).map(|id| One::new(id, 1)).collect();
        Self {
            all,
            ways: Vec::new(),
            shared: BTreeMap::new(),
            seen: BTreeMap::new(),
            small: [false; 3],
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Tick(id) => self.tick(*id),
            Event::Arrive(..) | Event::Lose(_) if self.ways.is_empty() => {}
            Event::Arrive(index, twice) => {
                let at = index.index(self.ways.len());
                self.arrive(at);
                if !twice {
                    self.ways.swap_remove(at);
                }
            }
            Event::Lose(index) => drop(self.ways.swap_remove(index.index(self.ways.len()))),
            Event::Restart(id) => {
                self.all[*id] = One::new(*id, self.all[*id].start + 1);
                self.seen.retain(|(to, _), _| to != id);
            }
            Event::Forget(id, other) if id != other => {
                let id_of = NodeId::Int(*other as i64);
                let device = &mut self.all[*id].device;
                device.handle(Input::NeighborGone { now: Micros(0), id: &id_of }).expect("taken");
                while device.poll().is_some() {}
                self.seen.remove(&(*id, *other));
            }
            Event::Forget(..) => {}
            Event::Change(id) => self.all[*id].slow += 1,
        }
    }

    fn arrive(&mut self, at: usize) {
        let Message { from, to, bytes } = &self.ways[at];
        let device = &mut self.all[*to].device;
        let from = NodeId::Int(*from as i64);
        let input = Input::Message { now: Micros(0), from: &from, bytes };
        device.handle(input).expect("what a device sends another one can decode");
        while device.poll().is_some() {}
    }

    fn tick(&mut self, id: usize) {
        let one = &mut self.all[id];
        one.round += 1;
        let me = format!("{id}.{}", one.start);
        let (slow, long) = (format!("slow{}", one.slow), format!("{}long", "-".repeat(60)));
        let now = format!("{me} {}.0", one.round);
        let texts = [
            now.clone(),
            format!("{me} {slow}"),
            format!("{me}{long}"),
            format!("{me} fixed{long}"),
            now,
            format!("{me}{slow}"),
        ];
        self.shared.insert((id, one.start, one.round), texts);
        let text = |name: &str, text: &str| (name.to_owned(), Reading::Text(text.into()));
        let env = vec![text("me", &me), text("slow", &slow), text("long", &long)];
        let sensors = SensorFrame { env, position: None };
        one.device.handle(Input::Tick { now: Micros(0), sensors: &sensors }).expect("taken");
        let mut value = None;
        while let Some(output) = one.device.poll() {
            match output {
                Output::Broadcast(bytes) => {
                    self.small[id] = bytes[1] & CHANGES != 0;
                    for to in (0..DEVICES).filter(|to| *to != id) {
                        self.ways.push(Message { from: id, to, bytes: bytes.clone() });
                    }
                }
                Output::Round(report) => value = Some(report.result.expect("it runs")),
                Output::Actuate(_) | Output::WakeAt(_) => {}
            }
        }
        self.check(id, &value.expect("a round gives a value"));
    }

    /// What a device sees of each neighbour is what that shared in one round, and never an older
    /// one than before.
    fn check(&mut self, id: usize, value: &Value) {
        let mut seen: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for column in items(value) {
            // `[[key, texts]]`, or the texts.
            let texts = match items(column).first() {
                Some(Value::Tuple(pair)) => pair.get(1).expect("a pair"),
                _ => column,
            };
            for text in items(texts) {
                let Value::Text(text) = text else { panic!("a text, not {text}") };
                let from = text.split('.').next().and_then(|id| id.parse().ok());
                seen.entry(from.expect("a name")).or_default().push(text.to_string());
            }
        }
        for (from, texts) in seen {
            let mut words = texts[0].split([' ', '.']).skip(1);
            let mut next = || words.next().and_then(|n| n.parse().ok()).expect("a number");
            let (start, round): (u64, u64) = (next(), next());
            assert_eq!(Some(&texts[..]), self.shared.get(&(from, start, round)).map(|t| &t[..]));
            let before = self.seen.insert((id, from), (start, round));
            assert!(before <= Some((start, round)), "{id} sees an older round of {from}");
        }
    }

    /// Rounds of all devices, in which every message arrives at once.
    fn calm(&mut self, rounds: usize) {
        self.ways.clear();
        for _ in 0..rounds {
            for id in 0..DEVICES {
                self.tick(id);
                (0..self.ways.len()).for_each(|at| self.arrive(at));
                self.ways.clear();
            }
        }
    }
}

fn items(value: &Value) -> &[Value] {
    let Value::Tuple(items) = value else { panic!("a tuple, not {value}") };
    items
}

proptest! {
    #[test]
    fn what_arrives_of_a_round_is_that_round(events in prop::collection::vec(event(), 1..200)) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
        }
        // An offer that was lost is made again after four rounds, and is used in the next but one.
        world.calm(7);
        prop_assert_eq!(world.small, [true; DEVICES], "all send changes again");
        for (id, from) in [(1, 0), (2, 0), (2, 1)] {
            let one = &world.all[from];
            prop_assert_eq!(world.seen.get(&(id, from)), Some(&(one.start, one.round)));
        }
    }
}

/// The paths of values without slots, and texts that stay the same, travel once.
#[test]
fn changes_are_as_small_as_what_changed() {
    let mut world = World::new();
    world.calm(3);
    let mut sizes = Vec::new();
    for _ in 0..5 {
        world.tick(0);
        sizes.push(world.ways[0].bytes.len());
        (0..world.ways.len()).for_each(|at| world.arrive(at));
        world.ways.clear();
    }
    // Two texts of 6 letters with their lengths, in one block; the rest is head and bits.
    assert!(sizes.iter().all(|size| *size < 50), "{sizes:?}");
    world.happen(&Event::Restart(1));
    world.calm(1);
    world.tick(0);
    assert!(world.ways[0].bytes.len() > 200, "a restarted neighbour holds nothing");
}

/// A text grows by ten letters a round beside one that stays: changes stay far below the limit of
/// both ends, but a new neighbour would need the whole.
#[test]
fn the_limit_holds_for_what_a_new_neighbor_would_get() {
    let text = "let t = rep (t <- \"\") { t + \"0123456789\" }; nbr(t) nbr(env.get(\"long\")) 1";
    let device = |id| {
        let mut config = config(id, text);
        config.limits.frame_bytes = 1_000;
        Device::new(config)
    };
    let mut devices = [0, 1].map(device);
    let long = Reading::Text("-".repeat(300).into());
    let sensors = SensorFrame { env: vec![("long".to_owned(), long)], position: None };
    let (mut sent, mut small) = ([0; 2], [0; 2]);
    for _ in 0..100 {
        for id in 0..2 {
            let now = Micros(0);
            devices[id].handle(Input::Tick { now, sensors: &sensors }).expect("a tick is taken");
            while let Some(output) = devices[id].poll() {
                let Output::Broadcast(bytes) = output else { continue };
                sent[id] += 1;
                small[id] += u32::from(bytes[1] & CHANGES);
                let from = NodeId::Int(id as i64);
                let message = Input::Message { now, from: &from, bytes: &bytes };
                devices[1 - id].handle(message).expect("a frame");
                while devices[1 - id].poll().is_some() {}
            }
        }
    }
    // 300 letters and their likes leave room for 66 rounds of ten letters.
    assert!(sent.iter().all(|sent| (60..70).contains(sent)), "{sent:?}");
    assert!(small.iter().all(|small| *small > 50), "{small:?}");
}
