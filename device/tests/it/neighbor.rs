//! What a device does with bytes from a neighbour that may be hostile: the entry of the fuzzer in
//! `fuzz/`, and of the tests in `hostile.rs`.

use fieldrun_device::wire::{self, Body, Frame};
use fieldrun_device::{
    Device, DeviceConfig, Input, Limits, Micros, NodeId, Output, Program, SensorFrame, Value,
};
use fieldrun_lang::Exports;
use std::sync::{Arc, LazyLock};

/// A program with slots in several regions and places without slots. Its rounds read what
/// neighbours say in every way there is.
const PROGRAM: &str = "
let a = env.get(\"a\", false)
let shown = if (a) { unionHood(nbr(\"text\")) } else { if (env.get(\"b\", false)) { sumHood(nbr(2.5)) } else { minHood(nbr(1)) } }
let count = share (n, theirs <- 0) { 1 + maxHood(theirs) }
let keyed = alignedMap(nbr([[1, 2], [\"k\", 3]]), (k, v) -> { true }, (k, v) -> { unionHood(nbr(1)) }, [])
[shown, count, keyed, unionHood(nbr(\"0123456789012345678901234567890123456789\"))]
";

static LOADED: LazyLock<Arc<Program>> = LazyLock::new(|| {
    fieldrun_stdlib::load_text("neighbor.pt", PROGRAM, &[]).expect("the program loads").program
});

/// The neighbour is device 1.
const NEIGHBOR: NodeId = NodeId::Int(1);

/// Takes the bytes as they come from the network, and runs a round with what they say. A shape of
/// noughts stands for that of the program, which no fuzzer would guess.
pub(crate) fn sends(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some(shape) = bytes.get_mut(2..10).filter(|shape| **shape == [0; 8]) {
        shape.copy_from_slice(&wire::shape(&LOADED).to_le_bytes());
    }
    let decoded = wire::decode(&bytes, &LOADED, &Limits::default());
    if let Ok(frame) = &decoded {
        assert!(values(frame) <= bytes.len(), "no more values than bytes");
        let again = frame.encode(&LOADED);
        assert!(again.is_none_or(|again| again == bytes), "one form");
    }
    let mut device = receiver();
    let message = Input::Message { now: Micros(3), from: &NEIGHBOR, bytes: &bytes };
    let taken = device.handle(message);
    assert!(taken.is_err() || decoded.is_ok(), "what does not decode is not taken");
    drain(&mut device);
    // Values of any kind may make the round fail, with a trap.
    let sensors = SensorFrame::default();
    device.handle(Input::Tick { now: Micros(3), sensors: &sensors }).expect("a tick is taken");
    let outputs = drain(&mut device);
    assert!(matches!(outputs.last(), Some(Output::WakeAt(_))));
}

/// A device that heard the neighbour before, and holds its third round as base of changes.
fn receiver() -> Device {
    let sensors = SensorFrame::default();
    let device = |id| Device::new(DeviceConfig::new(id, LOADED.clone()));
    let (mut one, mut two) = (device(NEIGHBOR), device(NodeId::Int(0)));
    for round in 0..3 {
        for _ in 0..2 {
            let now = Micros(round);
            one.handle(Input::Tick { now, sensors: &sensors }).expect("a tick is taken");
            for output in drain(&mut one) {
                if let Output::Broadcast(bytes) = output {
                    let message = Input::Message { now, from: one.id(), bytes: &bytes };
                    two.handle(message).expect("a good frame");
                    drain(&mut two);
                }
            }
            std::mem::swap(&mut one, &mut two);
        }
    }
    assert_eq!(two.neighbors().count(), 1, "the neighbour was heard");
    two
}

fn drain(device: &mut Device) -> Vec<Output> {
    std::iter::from_fn(|| device.poll()).collect()
}

/// How many values a frame holds, those in others included.
fn values(frame: &Frame) -> usize {
    fn inner<'v>(values: impl IntoIterator<Item = &'v Value>) -> usize {
        values.into_iter().map(count).sum()
    }
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Tuple(items) => inner(items.iter()),
            Value::Set(items) => inner(items.iter()),
            Value::List(list) => inner(&list.snapshot()[..]),
            Value::Map(entries) => inner(entries.iter().flat_map(|(k, v)| [k, v])),
            Value::Option(value) => inner(value.as_deref()),
            Value::Field(field) => inner(field.neighbors().iter().map(|(_, v)| v)),
            _ => 0,
        }
    }
    let all = |exports: &Exports| inner(exports.cells().into_iter().map(|(_, value)| value));
    match &frame.body {
        Body::Whole(exports) => all(exports),
        Body::Foreign | Body::Changes(_) => 0,
    }
}
