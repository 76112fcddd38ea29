//! A small network that runs a program in a fixed order: the devices one after the other, again and
//! again, each message delivered at once. A round takes one second.

use fieldrun_device::host::{Action, Reading};
use fieldrun_lang::{
    Environment, Exports, Limits, Neighbor, NodeId, Program, RoundInput, State, Value, run_round,
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
            running.events(round);
            for (node, history) in outcomes.iter_mut().enumerate() {
                history.push(running.fire(node, round));
            }
        }
        outcomes
    }
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

struct Running<'a> {
    network: &'a Network,
    program: &'a Arc<Program>,
    links: BTreeSet<(usize, usize)>,
    silent: BTreeSet<usize>,
    devices: Vec<Dev>,
}

#[derive(Default)]
struct Dev {
    state: State,
    env: Environment,
    exports: Option<Exports>,
    random: u64,
    heard: BTreeMap<NodeId, usize>,
}

fn value(reading: &Reading) -> Value {
    match reading {
        Reading::Bool(b) => Value::Bool(*b),
        Reading::Number(x) => Value::Number(*x),
        Reading::Text(text) => Value::Text(text.clone()),
        Reading::List(items) => Value::tuple(items.iter().map(value).collect()),
    }
}

fn reading(value: &Value) -> Reading {
    match value {
        Value::Bool(b) => Reading::Bool(*b),
        Value::Number(x) => Reading::Number(*x),
        other => Reading::text(&other.to_string()),
    }
}

impl<'a> Running<'a> {
    fn new(network: &'a Network, program: &'a Arc<Program>) -> Self {
        let devices = (0..network.nodes.len())
            .map(|i| Dev { random: 1000 + i as u64, ..Dev::default() })
            .collect();
        let links = network.linked_at_first();
        Self { network, program, links, silent: BTreeSet::new(), devices }
    }

    fn index(&self, id: &NodeId) -> usize {
        self.network.nodes.iter().position(|(node, _)| node == id).expect("an event names a node")
    }

    fn events(&mut self, round: usize) {
        let events = self.network.events.iter().filter(|(at, _)| *at == round);
        for (_, event) in events {
            match event {
                Event::Link(a, b) => {
                    self.links.insert(pair(self.index(a), self.index(b)));
                }
                Event::Cut(a, b) => {
                    let (a, b) = (self.index(a), self.index(b));
                    self.links.remove(&pair(a, b));
                    self.gone(a, b);
                    self.gone(b, a);
                }
                Event::Silence(a) => {
                    self.silent.insert(self.index(a));
                }
                Event::Lose(a) => {
                    let a = self.index(a);
                    self.silent.insert(a);
                    (0..self.devices.len()).for_each(|other| self.gone(other, a));
                }
            }
        }
        for (from, node, name, reading) in &self.network.env {
            let due = *from == round;
            let nodes = self.network.nodes.iter().enumerate();
            for (i, _) in nodes.filter(|(_, (id, _))| due && node.as_ref().is_none_or(|n| n == id)) {
                self.devices[i].env.insert(Arc::from(name.as_str()), value(reading));
            }
        }
    }

    fn gone(&mut self, at: usize, who: usize) {
        let id = &self.network.nodes[who].0;
        self.devices[at].heard.remove(id);
    }

    fn fire(&mut self, node: usize, round: usize) -> Option<Outcome> {
        if self.silent.contains(&node) {
            return None;
        }
        let device = &self.devices[node];
        let neighbors: Vec<Neighbor<'_>> = device
            .heard
            .iter()
            .filter_map(|(id, i)| {
                let exports = self.devices[*i].exports.as_ref()?;
                Some(Neighbor { id, exports, lag: 1.0, delay: 1.0 })
            })
            .collect();
        let (id, position) = &self.network.nodes[node];
        let input = RoundInput {
            id,
            now: round as f64,
            delta: 1.0,
            position: position.as_deref(),
            neighbors: &neighbors,
            state: &device.state,
            environment: &device.env,
            random: device.random,
            limits: Limits::default(),
        };
        match run_round(self.program, &input) {
            Err(trap) => Some(Outcome { value: Err(trap.to_string()), actions: Vec::new() }),
            Ok(output) => {
                let device = &mut self.devices[node];
                device.state = output.state;
                device.env = output.environment;
                device.random = output.random;
                device.exports = Some(output.exports);
                let id = id.clone();
                for other in 0..self.devices.len() {
                    if self.links.contains(&pair(node, other)) && other != node {
                        self.devices[other].heard.insert(id.clone(), node);
                    }
                }
                let actions = output.actions.iter().map(|(name, args)| Action {
                    name: name.to_string(),
                    args: args.iter().map(reading).collect(),
                });
                Some(Outcome { value: Ok(output.value), actions: actions.collect() })
            }
        }
    }
}
