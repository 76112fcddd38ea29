//! A small network of devices whose messages are real: what they weigh is what is measured.

use crate::output::Failure;
use bytes::Bytes;
use fieldrun_device::host::Reading;
use fieldrun_device::wire::{self, Body, Frame};
use fieldrun_device::{
    Device, DeviceConfig, Input, Limits, Micros, NodeId, Output, Program, SensorFrame, Value,
};
use fieldrun_lang::Exports;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Devices in a row and in a column.
const SIDE: usize = 6;
const DEVICES: usize = SIDE * SIDE;
/// Devices nearer than this are linked: eight neighbours inside.
const REACH: f64 = 1.6;
/// Rounds until all has settled: paths are ten hops at most, and collection takes them twice.
const ROUNDS: u64 = 60;

/// A settled network.
pub(super) struct Network {
    pub(super) program: Arc<Program>,
    devices: Vec<Device>,
    sensors: Vec<SensorFrame>,
    links: Vec<Vec<usize>>,
    round: u64,
    /// What each device exported in each round.
    exports: Vec<BTreeMap<u64, Arc<Exports>>>,
    /// The last message and value of each device.
    sent: Vec<Bytes>,
    pub(super) values: Vec<Value>,
}

/// What one device sent in a round.
pub(super) struct Size {
    pub(super) head: usize,
    pub(super) body: usize,
    /// Whether it is changes to an earlier round.
    pub(super) changes: bool,
}

/// A number between nought and one that is the same in every run.
fn noise(i: usize) -> f64 {
    let z = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// Where a device stands: in a grid, out of line by up to a fifth.
fn place(i: usize) -> [f64; 2] {
    let at = |cell: usize, seed: usize| cell as f64 + 0.4 * (noise(2 * i + seed) - 0.5);
    [at(i % SIDE, 0), at(i / SIDE, 1)]
}

fn linked(a: usize, b: usize) -> bool {
    let ([ax, ay], [bx, by]) = (place(a), place(b));
    a != b && (ax - bx).hypot(ay - by) <= REACH
}

/// What the programs ask their environment for: who is the source, and a service that runs and
/// needs the one before it.
fn sensors(i: usize) -> SensorFrame {
    let text = |text: String| Reading::Text(text.into());
    let needs = i.checked_sub(1).map(|i| text(format!("service-{i}")));
    let env = [
        ("source", Reading::Bool(i == 0)),
        ("serviceID", text(format!("service-{i}"))),
        ("dependencies", Reading::List(needs.into_iter().collect())),
        ("managedServiceStatus", text("run".to_owned())),
        ("ready", Reading::Bool(true)),
        ("desired", text("up".to_owned())),
        ("policy", text("restart".to_owned())),
    ];
    let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    SensorFrame { env, position: Some(place(i).to_vec()) }
}

impl Network {
    pub(super) fn settled(program: &Arc<Program>) -> Result<Self, Failure> {
        let device =
            |i: usize| Device::new(DeviceConfig::new(NodeId::Int(i as i64), program.clone()));
        let near = |i: usize| (0..DEVICES).filter(|j| linked(i, *j)).collect();
        let mut network = Self {
            program: program.clone(),
            devices: (0..DEVICES).map(device).collect(),
            sensors: (0..DEVICES).map(sensors).collect(),
            links: (0..DEVICES).map(near).collect(),
            round: 0,
            exports: vec![BTreeMap::new(); DEVICES],
            sent: Vec::new(),
            values: Vec::new(),
        };
        // What a service says of itself, as daemons send it.
        for device in &mut network.devices {
            handle(device, Input::Status { status: &[2, 1] })?;
        }
        (0..ROUNDS).try_for_each(|_| network.step())?;
        Ok(network)
    }

    /// A round of all devices; then all messages arrive.
    fn step(&mut self) -> Result<(), Failure> {
        let now = Micros(self.round * Micros::SECOND.0);
        self.round += 1;
        (self.sent, self.values) = (Vec::new(), Vec::new());
        for (device, sensors) in self.devices.iter_mut().zip(&self.sensors) {
            for output in handle(device, Input::Tick { now, sensors })? {
                match output {
                    Output::Broadcast(bytes) => self.sent.push(bytes),
                    Output::Round(report) => {
                        self.values.push(report.result.map_err(Failure::failed)?);
                    }
                    Output::Actuate(_) | Output::WakeAt(_) => {}
                }
            }
        }
        for (bytes, known) in self.sent.iter().zip(&mut self.exports) {
            let frame = wire::decode(bytes, &self.program, &Limits::default());
            let frame = frame.map_err(Failure::failed)?;
            let exports = match frame.body {
                Body::Foreign => None,
                Body::Whole(exports) => Some(exports),
                Body::Changes(changes) => {
                    let base = known.get(&changes.base());
                    base.and_then(|base| changes.apply(base)).map(Arc::new)
                }
            };
            let exports = exports.ok_or_else(|| Failure::failed("changes to an unknown round"))?;
            known.insert(frame.head.round, exports);
        }
        for (i, bytes) in self.sent.iter().enumerate() {
            let from = NodeId::Int(i as i64);
            for to in self.links.get(i).into_iter().flatten() {
                if let Some(device) = self.devices.get_mut(*to) {
                    handle(device, Input::Message { now, from: &from, bytes })?;
                }
            }
        }
        Ok(())
    }

    /// The last round of each device as a whole frame.
    pub(super) fn whole(&self) -> Result<Vec<Frame>, Failure> {
        let frame = |(bytes, known): (&Bytes, &BTreeMap<u64, Arc<Exports>>)| {
            let (head, _) =
                wire::decode_head(bytes, &Limits::default()).map_err(Failure::failed)?;
            let exports = known.get(&head.round);
            let exports = exports.ok_or_else(|| Failure::failed("a round without exports"))?;
            Ok(Frame { head, body: Body::Whole(exports.clone()) })
        };
        self.sent.iter().zip(&self.exports).map(frame).collect()
    }

    /// What the last round's messages weigh.
    pub(super) fn sizes(&self) -> Result<Vec<Size>, Failure> {
        let size = |bytes: &Bytes| {
            let (_, head) = wire::decode_head(bytes, &Limits::default())?;
            let frame = wire::decode(bytes, &self.program, &Limits::default())?;
            let changes = matches!(frame.body, Body::Changes(_));
            Ok(Size { head, body: bytes.len() - head, changes })
        };
        let sizes: Result<_, wire::DecodeError> = self.sent.iter().map(size).collect();
        sizes.map_err(Failure::failed)
    }
}

fn handle(device: &mut Device, input: Input<'_>) -> Result<Vec<Output>, Failure> {
    device.handle(input).map_err(Failure::failed)?;
    Ok(std::iter::from_fn(|| device.poll()).collect())
}
