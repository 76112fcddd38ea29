//! The devices of a run and the messages between them.

use crate::faults::Corruption;
use crate::neighbors::Point;
use crate::population::Population;
use crate::queue::{Happening, Queue};
use crate::random::{Purpose, Stream, stream_seed};
use crate::scenario::{DESTINATION, Link, Scenario, Schedule};
use crate::summary::Counts;
use crate::tracing::Tracing;
use crate::world::World;
use fieldrun_device::host::Reading;
use fieldrun_device::trace::{CallSite, SiteReport};
use fieldrun_device::wire::{self, Frame};
use fieldrun_device::{
    Clock, Device, DeviceConfig, Environment, Input, Limits, Micros, NodeId, Output, Program,
    Reaction, Retention, SensorFrame, Trap, Value,
};
use rayon::prelude::*;
use std::sync::Arc;

/// All devices, in the order of the network.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    peers: Vec<Peer>,
    program: Arc<Program>,
    link: Link,
    limits: Limits,
}

/// A device with its surroundings.
#[derive(Clone, Debug)]
struct Peer {
    /// How it is made.
    config: DeviceConfig,
    device: Device,
    sensors: SensorFrame,
    /// Loss and delay of what it sends.
    links: Stream,
    /// When it comes back, if a fault took it away.
    down_until: Micros,
    /// When it ran its last round.
    last: Option<Micros>,
    /// Which of its rounds are asked what they see.
    tracing: Option<Box<Tracing>>,
    rounds: u64,
}

/// What a round of one device led to.
pub(crate) struct Outcome {
    /// None after a trap.
    pub(crate) sent: Option<Sent>,
    pub(crate) result: Option<Result<Value, Trap>>,
    pub(crate) actions: u64,
    pub(crate) steps: u64,
    /// What it saw at a call site, if it was asked.
    pub(crate) traced: Option<Box<SiteReport>>,
}

/// A message, encoded and decoded once for all receivers.
pub(crate) struct Sent {
    /// Or why no receiver can read it.
    frame: Result<Arc<Frame>, String>,
    bytes: usize,
}

impl Network {
    pub(crate) fn new(
        scenario: &Scenario,
        program: &Arc<Program>,
        population: &Population,
    ) -> Self {
        let peers: Vec<Peer> = population
            .members
            .iter()
            .enumerate()
            .map(|(number, member)| {
                let config = config(scenario, program, member.id.clone(), number as u64);
                let position = member.point.get(..population.dimension).map(<[f64]>::to_vec);
                Peer {
                    device: Device::new(config.clone()),
                    config,
                    sensors: SensorFrame { env: member.env.clone(), position },
                    links: Stream::new(scenario.seed, number as u64, Purpose::Link),
                    down_until: Micros(0),
                    last: None,
                    tracing: None,
                    rounds: 0,
                }
            })
            .collect();
        Self {
            peers,
            program: program.clone(),
            link: scenario.link.clone(),
            limits: Limits::deep(),
        }
    }

    /// Runs a round of each given device at its time, on all threads. No round may depend on
    /// another one. `firing` is ascending by device, without repetition; so are the outcomes.
    pub(crate) fn fire(&mut self, firing: impl Iterator<Item = (u32, Micros)>) -> Vec<Outcome> {
        let (limits, program) = (&self.limits, &*self.program);
        let mut chosen = Vec::new();
        let (mut rest, mut passed) = (self.peers.as_mut_slice(), 0);
        for (device, now) in firing {
            let Some((_, from)) = rest.split_at_mut_checked(device as usize - passed) else {
                break;
            };
            let Some((peer, after)) = from.split_first_mut() else { break };
            chosen.push((peer, now));
            (rest, passed) = (after, device as usize + 1);
        }
        match chosen.as_mut_slice() {
            // Not worth waking another thread.
            [(peer, now)] => vec![peer.fire(*now, program, limits)],
            _ => {
                chosen.into_par_iter().map(|(peer, now)| peer.fire(now, program, limits)).collect()
            }
        }
    }

    /// Sends a message to all neighbours of `sender`, at once or by the queue. Gives those for whom
    /// it brings news at once, if they react to news.
    pub(crate) fn send(
        &mut self,
        sender: usize,
        sent: Sent,
        now: Micros,
        world: &World,
        queue: &mut Queue,
        counts: &mut Counts,
    ) -> Vec<u32> {
        let mut reached = Vec::new();
        counts.sent(sent.bytes);
        let frame = match sent.frame {
            Ok(frame) => frame,
            Err(reason) => {
                counts.refused(reason);
                return reached;
            }
        };
        for to in world.neighbors(sender) {
            match self.travel(sender) {
                Travel::Lost => counts.lost += 1,
                Travel::Immediate => {
                    if self.deliver(*to, now, frame.clone(), counts) {
                        reached.push(*to);
                    }
                }
                Travel::Takes(delay) => {
                    let at = Micros(now.0.saturating_add(delay.0));
                    let frame = frame.clone();
                    queue.push(at, Happening::Arrive { from: sender as u32, to: *to, frame });
                }
            }
        }
        reached
    }

    /// The fate of one message to one receiver.
    fn travel(&mut self, sender: usize) -> Travel {
        let (loss, delay) = (self.link.loss, self.link.delay);
        let Some(peer) = self.peers.get_mut(sender) else { return Travel::Lost };
        // Nothing is drawn for what the scenario leaves out.
        if loss > 0.0 && peer.links.unit() < loss {
            return Travel::Lost;
        }
        match delay {
            None => Travel::Immediate,
            Some((least, most)) => {
                let delay = peer.links.between(least.0 as f64, most.0 as f64);
                Travel::Takes(Micros(delay.round() as u64))
            }
        }
    }

    /// Hands a message to its receiver. Says whether it brings news to one that reacts to news.
    pub(crate) fn deliver(
        &mut self,
        to: u32,
        now: Micros,
        frame: Arc<Frame>,
        counts: &mut Counts,
    ) -> bool {
        let Some(peer) = self.peers.get_mut(to as usize) else { return false };
        if now < peer.down_until {
            counts.lost += 1;
            return false;
        }
        match peer.device.handle(Input::Frame { now, frame: &frame }) {
            Ok(()) => counts.deliveries += 1,
            Err(error) => counts.refused(error.to_string()),
        }
        let period = peer.config.period;
        let plan = peer.last.map(|last| Micros(last.0.saturating_add(period.0)));
        peer.drain().zip(plan).is_some_and(|(wake, plan)| wake < plan)
    }

    /// When a device ran its last round.
    pub(crate) fn last_round(&self, device: usize) -> Option<Micros> {
        self.peers.get(device)?.last
    }

    /// Makes values of a device, and those that it holds of its neighbours, arbitrary.
    pub(crate) fn corrupt(&mut self, device: usize, mut corruption: Corruption<'_>) {
        if let Some(peer) = self.peers.get_mut(device) {
            peer.device.disturb(|value| corruption.value(value));
        }
    }

    /// Starts a device anew, which is away until a time.
    pub(crate) fn restart(&mut self, device: usize, until: Micros) {
        if let Some(peer) = self.peers.get_mut(device) {
            peer.config.incarnation += 1;
            peer.device = Device::new(peer.config.clone());
            peer.down_until = until;
        }
    }

    /// Asks rounds of a device what they see.
    pub(crate) fn trace(&mut self, device: usize, tracing: &Tracing) {
        if let Some(peer) = self.peers.get_mut(device) {
            peer.tracing = Some(Box::new(tracing.clone()));
        }
    }

    /// Tells a device where it is; says whether it was elsewhere before.
    pub(crate) fn place(&mut self, device: usize, to: &[f64]) -> bool {
        let peer = self.peers.get_mut(device);
        let position = peer.and_then(|peer| peer.sensors.position.as_deref_mut());
        position.is_some_and(|position| {
            let moved = position != to;
            position.iter_mut().zip(to).for_each(|(at, to)| *at = *to);
            moved
        })
    }

    /// What a device reads.
    pub(crate) fn sensors(&self, device: usize) -> Option<&SensorFrame> {
        self.peers.get(device).map(|peer| &peer.sensors)
    }

    /// What a round left in the environment of a device.
    pub(crate) fn environment(&self, device: usize) -> Option<&Environment> {
        self.peers.get(device).map(|peer| peer.device.environment())
    }

    pub(crate) fn is_away(&self, device: usize, now: Micros) -> bool {
        self.peers.get(device).is_none_or(|peer| now < peer.down_until)
    }

    /// What a round would see now.
    pub(crate) fn explain(&self, device: usize, now: Micros, at: &CallSite) -> Option<SiteReport> {
        let peer = self.peers.get(device)?;
        Some(peer.device.clone().explain(now, &peer.sensors, at))
    }

    /// Gives a device another reading.
    pub(crate) fn set(&mut self, device: usize, name: &str, value: Reading) {
        let Some(peer) = self.peers.get_mut(device) else { return };
        peer.sensors.env.retain(|(known, _)| known != name);
        peer.sensors.env.push((name.to_owned(), value));
    }

    /// Takes a device away until a time. It loses all that it knows.
    pub(crate) fn crash(&mut self, device: usize, until: Micros) {
        self.restart(device, until);
    }

    /// Brings a device back that is away.
    pub(crate) fn revive(&mut self, device: usize, now: Micros) {
        if let Some(peer) = self.peers.get_mut(device) {
            peer.down_until = peer.down_until.min(now);
        }
    }

    /// Where the program of a device wants to be: two or three finite numbers.
    pub(crate) fn destination(&self, device: usize) -> Option<Point> {
        let peer = self.peers.get(device)?;
        let Some(Value::Tuple(place)) = peer.device.environment().get(DESTINATION) else {
            return None;
        };
        let height = || peer.sensors.position.as_ref()?.get(2).copied();
        let z = match place.get(2) {
            Some(z) => z.as_number()?,
            None => height().unwrap_or(0.0),
        };
        let [x, y] = place.get(..2)? else { return None };
        let at = [x.as_number()?, y.as_number()?, z];
        at.iter().all(|x| x.is_finite()).then_some(at)
    }

    /// Tells a device that a link is gone.
    pub(crate) fn part(&mut self, device: usize, neighbor: &NodeId, now: Micros) {
        let Some(peer) = self.peers.get_mut(device) else { return };
        // Only messages can be refused.
        let _ = peer.device.handle(Input::NeighborGone { now, id: neighbor });
        peer.drain();
    }
}

enum Travel {
    Lost,
    Immediate,
    Takes(Micros),
}

impl Peer {
    fn fire(&mut self, now: Micros, program: &Program, limits: &Limits) -> Outcome {
        let mut outcome = Outcome { sent: None, result: None, actions: 0, steps: 0, traced: None };
        if now < self.down_until {
            return outcome;
        }
        self.rounds += 1;
        self.last = Some(now);
        let asked = self.tracing.as_ref().filter(|t| t.rounds.contains(&self.rounds));
        outcome.traced = asked.map(|t| Box::new(self.device.explain(now, &self.sensors, &t.at)));
        // Only messages can be refused.
        let _ = self.device.handle(Input::Tick { now, sensors: &self.sensors });
        while let Some(output) = self.device.poll() {
            match output {
                Output::Broadcast(bytes) => {
                    let frame = wire::decode(&bytes, program, limits);
                    let frame = frame.map(Arc::new).map_err(|error| error.to_string());
                    outcome.sent = Some(Sent { frame, bytes: bytes.len() });
                }
                Output::Actuate(_) => outcome.actions += 1,
                Output::Round(report) => {
                    outcome.steps = report.steps;
                    outcome.result = Some(report.result);
                }
                Output::WakeAt(_) => {}
            }
        }
        outcome
    }

    /// After a message there is nothing but advice on when to wake.
    fn drain(&mut self) -> Option<Micros> {
        let advice = std::iter::from_fn(|| self.device.poll());
        advice
            .filter_map(|output| match output {
                Output::WakeAt(at) => Some(at),
                _ => None,
            })
            .last()
    }
}

fn config(scenario: &Scenario, program: &Arc<Program>, id: NodeId, number: u64) -> DeviceConfig {
    let mut config = DeviceConfig::new(id, program.clone());
    config.period = scenario.schedule.period();
    config.seed = stream_seed(scenario.seed, number, Purpose::Program);
    if let Schedule::RoundRobin { period } = scenario.schedule {
        config.retention = Retention::Forever;
        config.clock = if period == Micros::SECOND { Clock::Logical } else { Clock::Real };
    }
    if let Schedule::Reactive { gap, .. } = scenario.schedule {
        // As often as the gap allows: the least share of a round is given back each time.
        config.reaction = Some(Reaction { gap, burst: u32::MAX / 8 });
    }
    if let Some(retention) = scenario.link.retention {
        config.retention = retention;
    }
    config
}
