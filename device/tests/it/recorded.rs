//! Messages of the present format, recorded in `tests/data/frame-2`. Nodes of all versions that
//! speak it must write and read exactly these bytes; whoever changes them makes a new version.

use crate::{config, hear, tick};
use fieldrun_device::wire::{self, Body, Frame, Head};
use fieldrun_device::{Device, DeviceConfig, Input, Limits, Micros, NodeId, Program, Value};
use fieldrun_lang::{Arity, Exports, Field, Function, List};
use std::sync::Arc;

const SECOND: u64 = Micros::SECOND.0;

fn recorded(name: &str, bytes: &[u8], program: &Program) {
    let path = format!("{}/tests/data/frame-2/{name}.bin", env!("CARGO_MANIFEST_DIR"));
    let mut file = std::fs::read(path).expect("a recorded message");
    // The shape is a hash of program and slots, not part of the format.
    file[2..10].copy_from_slice(&wire::shape(program).to_le_bytes());
    assert_eq!(bytes, file, "{name}: the format changed without a new version");
    let frame = wire::decode(&file, program, &Limits::default()).expect("it is read");
    assert_eq!(frame.encode(program).as_deref(), Some(&file[..]), "{name}");
}

#[test]
fn messages_of_devices_are_as_recorded() {
    for (name, id, text) in [
        ("gradient", "hr-db", "share (d <- 3.5) { minHood PlusSelf(d) + 1.1 }"),
        ("branches", "a", "if (env.has(\"x\")) { nbr([1, \"x\"]) 1 } else { nbr(2) nbr(true) 1 }"),
    ] {
        let config = DeviceConfig { id: NodeId::text(id), ..config(0, text) };
        let program = config.program.clone();
        let mut device = Device::new(config);
        device.handle(Input::Status { status: &[2, 1] }).expect("always");
        while device.poll().is_some() {}
        let bytes = tick(&mut device, 0).frame.expect("it runs");
        recorded(name, &bytes, &program);
    }
}

#[test]
fn an_offer_notes_and_changes_are_as_recorded() {
    let text = "let n = rep (n <- 0) { n + 1 }; nbr(n) nbr([1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]) nbr(\"a long text that never changes\") 1";
    let mut devices = [1, 2].map(|id| Device::new(config(id, text)));
    let program = config(1, text).program;
    let mut sent = Vec::new();
    for round in 0..5 {
        for (at, from) in [(0, 1), (1, 2)] {
            let bytes = tick(&mut devices[at], round * SECOND).frame.expect("it runs");
            hear(&mut devices[1 - at], round * SECOND, from, &bytes).expect("a frame");
            sent.push(bytes);
        }
    }
    // From the second round on both have a neighbour, and know that changes are worth it.
    recorded("offer", &sent[4], &program);
    recorded("notes", &sent[5], &program);
    recorded("changes", &sent[8], &program);
}

#[test]
fn every_kind_of_value_is_as_recorded() {
    let values = vec![
        Value::Unit,
        Value::Environment,
        Value::Bool(true),
        Value::Bool(false),
        Value::Option(None),
        Value::Number(-3.0),
        Value::Number(281_474_976_710_655.0),
        Value::Number(0.5),
        Value::Number(-0.0),
        Value::Number(f64::NAN),
        Value::Number(0.1),
        Value::Int(-7),
        Value::Int(i64::MIN),
        Value::text("é"),
        Value::tuple(vec![Value::Number(1.0), Value::Unit]),
        Value::Uid(NodeId::Int(4)),
        Value::Device(NodeId::text("b")),
        Value::Option(Some(Arc::new(Value::Int(1)))),
        Value::Function(Arc::new(Function::received(5, 6, "m:f", Arity::Exactly(2)))),
        Value::Function(Arc::new(Function::received(5, 6, "m:g", Arity::Short))),
        Value::Function(Arc::new(Function::received(5, 6, "m:h", Arity::Between(1, 255)))),
        Value::Map(Arc::new(vec![(Value::Int(1), Value::Int(2))])),
        Value::Set(Arc::new(vec![Value::Int(1)])),
        Value::List(List::new(vec![Value::Int(1)])),
        Value::Field(Arc::new(Field::new(
            Value::Int(1),
            vec![(NodeId::Int(2), Value::Int(3)), (NodeId::text("x"), Value::Unit)],
        ))),
    ];
    let cells = (1..).map(|i| i * 1_000_003).zip(values).collect();
    let exports = Arc::new(Exports::from_cells(&Arc::default(), cells));
    let program = config(0, "nbr(1) 1").program;
    let head = Head {
        from: NodeId::text("all"),
        incarnation: 3,
        round: 70_000,
        period: Micros::SECOND,
        shape: wire::shape(&program),
        status: Vec::new(),
        offer: false,
        notes: Vec::new(),
    };
    let frame = Frame { head, body: Body::Whole(exports) };
    recorded("values", &frame.encode(&program).expect("of this program"), &program);
}
