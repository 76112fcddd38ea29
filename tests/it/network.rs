//! A small network that runs a program in a fixed order: the devices one after the other, again and
//! again, each message delivered at once. A round takes one second.

use fieldrun_device::host::{Action, Reading};
use fieldrun_device::{
    Clock, Device, DeviceConfig, Input, Machine, Micros, NodeId, Output, Program, Retention,
    SensorFrame, Value,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A network as a case describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// Devices in the order in which they run.
    pub(crate) nodes: Vec<(NodeId, Option<Vec<f64>>)>,
    /// Devices at this distance and less are neighbours.
    pub(crate) radius: f64,
    /// Neighbours whatever the distance.
    pub(crate) links: Vec<(NodeId, NodeId)>,
    /// What the environment says from a round on (the first is 1), and where.
    pub(crate) env: Vec<(usize, Option<NodeId>, String, Reading)>,
    /// What happens at the start of a round.
    pub(crate) events: Vec<(usize, Event)>,
}

/// Something that happens to a network.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Link(NodeId, NodeId),
    Cut(NodeId, NodeId),
    Silence(NodeId),
    Lose(NodeId),
}

/// What a device did in a round.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) value: Result<Value, String>,
    pub(crate) actions: Vec<Action>,
}

impl Network {
    /// One device at the origin.
    pub(crate) fn alone() -> Self {
        Self { nodes: vec![(NodeId::Int(0), Some(vec![0.0, 0.0]))], radius: 1.0, ..Self::default() }
    }

    fn linked_at_first(&self) -> BTreeSet<(usize, usize)> {
        let index = |id: &NodeId| {
            self.nodes.iter().position(|(node, _)| node == id).expect("a link names a node")
        };
        let mut pairs = BTreeSet::new();
        for (i, (_, a)) in self.nodes.iter().enumerate() {
            for (j, (_, b)) in self.nodes.iter().enumerate().skip(i + 1) {
                let (Some(a), Some(b)) = (a, b) else { continue };
                let distance = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
                if distance <= self.radius {
                    pairs.insert((i, j));
                }
            }
        }
        pairs.extend(self.links.iter().map(|(a, b)| pair(index(a), index(b))));
        pairs
    }

    /// Runs all devices for some rounds: outcomes by device and round.
    pub(crate) fn run(&self, program: &Arc<Program>, rounds: usize) -> Vec<Vec<Option<Outcome>>> {
        let mut running = Running::new(self, program);
        let mut outcomes: Vec<Vec<Option<Outcome>>> = vec![Vec::new(); self.nodes.len()];
        for round in 1..=rounds {
            running.begin(round);
            for (node, history) in outcomes.iter_mut().enumerate() {
                history.push(running.fire(node));
            }
        }
        outcomes
    }
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// A network at work.
pub(crate) struct Running<'a> {
    network: &'a Network,
    links: BTreeSet<(usize, usize)>,
    silent: BTreeSet<usize>,
    devices: Vec<Device>,
    sensed: Vec<BTreeMap<String, Reading>>,
    now: Micros,
    machine: Machine,
}

impl<'a> Running<'a> {
    pub(crate) fn new(network: &'a Network, program: &Arc<Program>) -> Self {
        let device = |(id, _): &(NodeId, Option<Vec<f64>>)| {
            Device::new(DeviceConfig {
                clock: Clock::Logical,
                retention: Retention::Forever,
                ..DeviceConfig::new(id.clone(), program.clone())
            })
        };
        Self {
            network,
            links: network.linked_at_first(),
            silent: BTreeSet::new(),
            devices: network.nodes.iter().map(device).collect(),
            sensed: vec![BTreeMap::new(); network.nodes.len()],
            now: Micros(0),
            machine: Machine::verifying(),
        }
    }

    /// What a device will sense from its next round on.
    pub(crate) fn sense(&mut self, node: usize, name: &str, reading: Reading) {
        self.sensed[node].insert(name.to_owned(), reading);
    }

    fn index(&self, id: &NodeId) -> usize {
        self.network.nodes.iter().position(|(node, _)| node == id).expect("an event names a node")
    }

    /// Starts a round: what is to happen then happens.
    pub(crate) fn begin(&mut self, round: usize) {
        self.now = Micros(round as u64 * Micros::SECOND.0);
        let network = self.network;
        for (_, event) in network.events.iter().filter(|(at, _)| *at == round) {
            self.happen(event);
        }
        for (_, node, name, reading) in network.env.iter().filter(|(from, ..)| *from == round) {
            for (i, (id, _)) in network.nodes.iter().enumerate() {
                if node.as_ref().is_none_or(|node| node == id) {
                    self.sense(i, name, reading.clone());
                }
            }
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Link(a, b) => {
                self.links.insert(pair(self.index(a), self.index(b)));
            }
            Event::Cut(a, b) => {
                let (at, bt) = (self.index(a), self.index(b));
                self.links.remove(&pair(at, bt));
                self.gone(at, b);
                self.gone(bt, a);
            }
            Event::Silence(a) => {
                self.silent.insert(self.index(a));
            }
            Event::Lose(a) => {
                self.silent.insert(self.index(a));
                (0..self.devices.len()).for_each(|other| self.gone(other, a));
            }
        }
    }

    fn gone(&mut self, at: usize, id: &NodeId) {
        let device = &mut self.devices[at];
        device
            .handle(Input::NeighborGone { now: self.now, id })
            .expect("only messages are refused");
        while device.poll().is_some() {}
    }

    /// Runs a round of one device and delivers its message.
    pub(crate) fn fire(&mut self, node: usize) -> Option<Outcome> {
        if self.silent.contains(&node) {
            return None;
        }
        let sensors = SensorFrame {
            env: self.sensed[node].iter().map(|(n, r)| (n.clone(), r.clone())).collect(),
            position: self.network.nodes[node].1.clone(),
        };
        let device = &mut self.devices[node];
        // Every round of every case runs compiled and walked, and both must agree.
        device.tick(self.now, &sensors, &mut self.machine);
        let outputs: Vec<Output> = std::iter::from_fn(|| device.poll()).collect();
        let mut outcome = None;
        let mut actions = Vec::new();
        for output in outputs {
            match output {
                Output::Broadcast(bytes) => self.deliver(node, &bytes),
                Output::Actuate(action) => actions.push(action),
                Output::Round(report) => {
                    outcome = Some(report.result.map_err(|trap| trap.to_string()))
                }
                Output::WakeAt(_) => {}
            }
        }
        Some(Outcome { value: outcome.expect("a tick reports its round"), actions })
    }

    fn deliver(&mut self, from: usize, bytes: &[u8]) {
        let id = &self.network.nodes[from].0;
        for (to, device) in self.devices.iter_mut().enumerate() {
            if to != from && self.links.contains(&pair(from, to)) {
                let message = Input::Message { now: self.now, from: id, bytes };
                device.handle(message).expect("what a device sends another one understands");
                while device.poll().is_some() {}
            }
        }
    }
}
