//! Rounds of a population.

use super::store::Store;
use super::view::View;
use crate::SimError;
use crate::neighbors::{Neighbors, Point, distance};
use fieldrun_device::{Environment, Machine, Memory, NodeId, Program, Setting, Trap, Value};
use std::sync::Arc;
use thiserror::Error;

/// A round that failed. The device is as it was before, and so is what it sent.
#[derive(Debug, Error)]
#[error("device {device}, at {at} s: {trap}")]
pub struct FailedRound {
    /// The number of the device.
    pub device: usize,
    /// When, in seconds.
    pub at: f64,
    /// Why.
    pub trap: Trap,
}

/// One program on devices 0, 1, 2, … that stand still: without messages, each device reads what its
/// neighbours exported last straight from columns.
///
/// A device is a neighbour from its first successful round on.
#[derive(Debug)]
pub struct ColumnEngine {
    program: Arc<Program>,
    links: Links,
    devices: Vec<Device>,
    ids: Vec<NodeId>,
    values: Vec<Value>,
    /// When each device sent last; not a number if it never has.
    sent_at: Vec<f64>,
    unsent: usize,
    store: Store,
    /// What devices export while all read what was exported before, in lock-step.
    next: Option<Store>,
    machine: Machine,
    limits: fieldrun_device::RoundLimits,
    /// Neighbours that have sent, for as long as some device has not.
    present: (Vec<u32>, Vec<f64>),
}

#[derive(Debug)]
struct Device {
    memory: Memory,
    /// When it ran last.
    last: Option<f64>,
}

/// Who is linked to whom, and how far apart they are.
#[derive(Debug)]
struct Links {
    points: Vec<[f64; 2]>,
    neighbors: Neighbors,
    lengths: Vec<f64>,
}

impl Links {
    fn new(points: Vec<[f64; 2]>, radius: f64) -> Result<Self, SimError> {
        let places: Vec<Point> = points.iter().map(|[x, y]| [*x, *y, 0.0]).collect();
        let neighbors = Neighbors::within(&places, radius)?;
        let near = |device: usize| neighbors.of(device).iter().map(move |other| (device, *other));
        let place = |device: usize| places.get(device).copied().unwrap_or_default();
        let length = |(a, b): (usize, u32)| distance(place(b as usize), place(a));
        let lengths = (0..points.len()).flat_map(near).map(length).collect();
        Ok(Self { points, neighbors, lengths })
    }

    fn of(&self, device: usize) -> (&[u32], &[f64]) {
        let range = self.neighbors.range(device).unwrap_or_default();
        let lengths = self.lengths.get(range).unwrap_or_default();
        (self.neighbors.of(device), lengths)
    }
}

impl ColumnEngine {
    /// Devices at these places in metres, each linked to all that are no farther than `radius`.
    ///
    /// # Errors
    /// There are too many links.
    pub fn new(
        program: Arc<Program>,
        points: Vec<[f64; 2]>,
        radius: f64,
        seed: u64,
    ) -> Result<Self, SimError> {
        let count = points.len();
        let device = |number: u64| {
            let random = seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            Device { memory: Memory::new(Environment::new(), random), last: None }
        };
        Ok(Self {
            store: Store::new(program.layout(), count),
            program,
            links: Links::new(points, radius)?,
            devices: (0..count as u64).map(device).collect(),
            ids: (0..count as i64).map(NodeId::Int).collect(),
            values: vec![Value::Unit; count],
            sent_at: vec![f64::NAN; count],
            unsent: count,
            next: None,
            machine: Machine::new(),
            limits: fieldrun_device::RoundLimits::default(),
            present: (Vec::new(), Vec::new()),
        })
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The value of each device's last successful round; unit before the first.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The environment of a device, to be changed before its next round.
    pub fn environment_mut(&mut self, device: usize) -> Option<&mut Environment> {
        self.devices.get_mut(device).map(|device| &mut device.memory.environment)
    }

    /// How many rounds ran, and how many of them in the reference evaluator from their start.
    pub fn counts(&self) -> (u64, u64) {
        self.machine.counts()
    }

    /// The neighbours of a device, ascending.
    pub fn neighbors(&self, device: usize) -> &[u32] {
        self.links.neighbors.of(device)
    }

    /// The distances to the neighbours of a device, in their order.
    pub fn lengths(&self, device: usize) -> &[f64] {
        self.links.of(device).1
    }

    /// A round of one device at a time in seconds. What it exports reaches its neighbours at once.
    ///
    /// # Errors
    /// The program failed there.
    pub fn fire(&mut self, device: usize, now: f64) -> Result<(), FailedRound> {
        self.round(device, now)?;
        if let Some(device_state) = self.devices.get(device) {
            self.store.put(device, device_state.memory.exports());
        }
        self.note_sent(device, now);
        Ok(())
    }

    /// A round of every device at a time in seconds, each of which reads what the others exported
    /// before.
    ///
    /// # Errors
    /// The program failed on some device, the first of which is named; the others ran.
    pub fn lock_step(&mut self, now: f64) -> Result<(), FailedRound> {
        let mut next =
            self.next.take().unwrap_or_else(|| Store::new(self.program.layout(), self.len()));
        let mut failed = None;
        for device in 0..self.len() {
            match self.round(device, now) {
                Ok(()) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
            // After a failed round what was sent before still holds.
            if let Some(device_state) = self.devices.get(device)
                && device_state.last.is_some()
            {
                next.put(device, device_state.memory.exports());
            }
        }
        for device in 0..self.len() {
            if self.devices.get(device).is_some_and(|device| device.last == Some(now)) {
                self.note_sent(device, now);
            }
        }
        self.next = Some(std::mem::replace(&mut self.store, next));
        failed.map_or(Ok(()), Err)
    }

    fn note_sent(&mut self, device: usize, now: f64) {
        if let Some(sent) = self.sent_at.get_mut(device) {
            self.unsent -= usize::from(sent.is_nan());
            *sent = now;
        }
    }

    fn round(&mut self, number: usize, now: f64) -> Result<(), FailedRound> {
        let Some(device) = self.devices.get_mut(number) else { return Ok(()) };
        let (mut devices, mut lengths) = self.links.of(number);
        if self.unsent > 0 {
            let has_sent =
                |device: u32| self.sent_at.get(device as usize).is_some_and(|sent| !sent.is_nan());
            self.present.0.clear();
            self.present.1.clear();
            for (device, length) in devices.iter().zip(lengths) {
                if has_sent(*device) {
                    self.present.0.push(*device);
                    self.present.1.push(*length);
                }
            }
            (devices, lengths) = (&self.present.0, &self.present.1);
        }
        let view = View {
            store: &self.store,
            ids: &self.ids,
            devices,
            lengths,
            sent_at: &self.sent_at,
            now,
        };
        let (Some(id), Some(point)) = (self.ids.get(number), self.links.points.get(number)) else {
            return Ok(());
        };
        let setting = Setting {
            id,
            now,
            delta: device.last.map_or(0.0, |last| now - last),
            position: Some(point),
            limits: self.limits,
        };
        let done = self.machine.round(&self.program, &setting, &view, &mut device.memory);
        let success = done.map_err(|trap| FailedRound { device: number, at: now, trap })?;
        device.last = Some(now);
        if let Some(value) = self.values.get_mut(number) {
            *value = success.value;
        }
        Ok(())
    }
}
