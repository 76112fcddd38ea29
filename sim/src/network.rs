//! The devices of a run and the messages between them.

use crate::faults::{Ailments, Broken, Corruption, Disturbance, Disturbances, Turn};
use crate::neighbors::Point;
use crate::population::Population;
use crate::queue::{Happening, Queue};
use crate::random::{Purpose, Stream, stream_seed};
use crate::scenario::{DESTINATION, Scenario, Schedule, SensorFault};
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
use fieldrun_netem::Conditions;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// All devices, in the order of the network.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    peers: Vec<Peer>,
    program: Arc<Program>,
    seed: u64,
    /// The longest time between two rounds of a device.
    period: Micros,
    conditions: Conditions,
    disturbances: Disturbances,
    limits: Limits,
    /// The copies of the message that is being sent.
    copies: Vec<Micros>,
}

/// A device with its surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) device: Device,
    pub(crate) sensors: SensorFrame,
    /// What becomes of what it sends.
    pub(crate) links: Stream,
    /// Receivers to which its link is in a bad spell.
    pub(crate) bad: BTreeSet<u32>,
    /// When it comes back, if a fault took it away.
    pub(crate) away_until: Micros,
    /// When it ran its last round, by true time and by its clock.
    pub(crate) last: Option<(Micros, Micros)>,
    /// What else is wrong with it.
    pub(crate) ailments: Option<Box<Ailments>>,
    /// Which of its rounds are asked what they see.
    tracing: Option<Box<Tracing>>,
    pub(crate) rounds: u64,
}

/// What a round of one device led to.
pub(crate) struct Outcome {
    /// None after a trap.
    pub(crate) sent: Option<Sent>,
    pub(crate) round: Round,
    pub(crate) actions: u64,
    pub(crate) steps: u64,
    /// What it saw at a call site, if it was asked.
    pub(crate) traced: Option<Box<SiteReport>>,
}

/// What became of a round that was due.
pub(crate) enum Round {
    /// The device is away, and has no value.
    Away,
    /// It did not run this one, and has the value that it had.
    Skipped,
    /// It ran.
    Ran(Result<Value, Trap>),
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
                    device: Device::new(config),
                    sensors: SensorFrame { env: member.env.clone(), position },
                    links: Stream::new(scenario.seed, number as u64, Purpose::Link),
                    bad: BTreeSet::new(),
                    away_until: Micros(0),
                    last: None,
                    ailments: None,
                    tracing: None,
                    rounds: 0,
                }
            })
            .collect();
        Self {
            peers,
            program: program.clone(),
            seed: scenario.seed,
            period: scenario.schedule.period(),
            conditions: scenario.link.conditions,
            disturbances: Disturbances::default(),
            limits: Limits::deep(),
            copies: Vec::new(),
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
        let calm = self.disturbances.are_none(now);
        if !calm {
            self.ail(sender);
        }
        let from = sender as u32;
        for to in world.neighbors(sender) {
            self.travel(from, *to, (!calm).then_some(now));
            if self.copies.is_empty() {
                counts.lost += 1;
            }
            for index in 0..self.copies.len() {
                let frame = frame.clone();
                match self.copies.get(index) {
                    None | Some(Micros(0)) => {
                        if self.deliver(from, *to, now, frame, counts) {
                            reached.push(*to);
                        }
                    }
                    Some(delay) => {
                        let at = Micros(now.0.saturating_add(delay.0));
                        queue.push(at, Happening::Arrive { from, to: *to, frame });
                    }
                }
            }
        }
        reached
    }

    /// The fate of one message to one receiver: the delays of its copies. `disturbed` is the time if
    /// anything may be wrong with links now.
    fn travel(&mut self, from: u32, to: u32, disturbed: Option<Micros>) {
        let Self { peers, conditions, disturbances, copies, .. } = self;
        copies.clear();
        let Some(peer) = peers.get_mut(from as usize) else { return };
        copies.push(Micros(0));
        if !conditions.are_perfect() {
            let mut bad = !peer.bad.is_empty() && peer.bad.remove(&to);
            conditions.pass(copies, &mut bad, &mut peer.links);
            if bad {
                peer.bad.insert(to);
            }
        }
        if let (Some(now), Some(ailments)) = (disturbed, &mut peer.ailments) {
            disturbances.pass(copies, (from, to), now, &mut ailments.sending);
        }
    }

    /// Hands a message to its receiver. Says whether it brings news to one that reacts to news.
    pub(crate) fn deliver(
        &mut self,
        from: u32,
        to: u32,
        now: Micros,
        frame: Arc<Frame>,
        counts: &mut Counts,
    ) -> bool {
        let Some(peer) = self.peers.get_mut(to as usize) else { return false };
        if now < peer.away_until {
            counts.lost += 1;
            return false;
        }
        if let Some(ailments) = &mut peer.ailments
            && now < ailments.paused_until
        {
            ailments.waiting.insert(from, frame);
            return false;
        }
        peer.hear(&frame, now, self.period, counts)
    }

    /// When a device ran its last round.
    pub(crate) fn last_round(&self, device: usize) -> Option<Micros> {
        self.peers.get(device)?.last.map(|(at, _)| at)
    }

    /// Makes values of a device, and those that it holds of its neighbours, arbitrary.
    pub(crate) fn corrupt(&mut self, device: usize, mut corruption: Corruption<'_>) {
        if let Some(peer) = self.peers.get_mut(device) {
            peer.device.disturb(|value| corruption.value(value));
        }
    }

    /// Takes a device away until a time. When it comes back it has heard nothing, and knows nothing
    /// unless it `keeps` what it kept from round to round.
    pub(crate) fn crash(&mut self, device: usize, until: Micros, keeps: bool) {
        let Some(peer) = self.peers.get_mut(device) else { return };
        peer.device.restart(keeps);
        peer.away_until = peer.away_until.max(until);
        if let Some(ailments) = &mut peer.ailments {
            ailments.waiting.clear();
        }
    }

    /// Brings a device back that is away, or paused.
    pub(crate) fn revive(&mut self, device: usize, now: Micros) {
        let Some(peer) = self.peers.get_mut(device) else { return };
        peer.away_until = peer.away_until.min(now);
        if let Some(ailments) = &mut peer.ailments {
            ailments.go_on(now);
        }
    }

    /// What is wrong with a device, to make it worse.
    pub(crate) fn ail(&mut self, device: usize) -> Option<&mut Ailments> {
        let new = || Box::new(Ailments::new(self.seed, device as u64));
        self.peers.get_mut(device).map(|peer| &mut **peer.ailments.get_or_insert_with(new))
    }

    /// A sensor of a device is broken until a time.
    pub(crate) fn break_sensor(
        &mut self,
        device: usize,
        name: &str,
        fault: SensorFault,
        until: Micros,
    ) {
        let truth = self.peers.get(device).map(|peer| &peer.sensors);
        let broken = truth.and_then(|truth| Broken::new(name, fault, until, truth));
        if let (Some(broken), Some(ailments)) = (broken, self.ail(device)) {
            ailments.break_sensor(broken);
        }
    }

    /// Something is wrong with links for a while.
    pub(crate) fn disturb(&mut self, disturbance: Disturbance, now: Micros) {
        self.disturbances.add(disturbance, now);
    }

    pub(crate) fn program(&self) -> &Arc<Program> {
        &self.program
    }

    pub(crate) fn peers(&self) -> &[Peer] {
        &self.peers
    }

    pub(crate) fn peers_mut(&mut self) -> &mut [Peer] {
        &mut self.peers
    }

    pub(crate) fn disturbances(&self) -> &Disturbances {
        &self.disturbances
    }

    /// By how much longer the time between two rounds of a device is than its clock says.
    pub(crate) fn stretch(&self, device: usize, now: Micros) -> f64 {
        let ailments = self.peers.get(device).and_then(|peer| peer.ailments.as_ref());
        ailments.map_or(1.0, |ailments| 1.0 / ailments.clock.speed(now))
    }

    /// What a device could read, were its sensors in order.
    pub(crate) fn sensors(&self, device: usize) -> Option<&SensorFrame> {
        self.peers.get(device).map(|peer| &peer.sensors)
    }

    /// What a round left in the environment of a device.
    pub(crate) fn environment(&self, device: usize) -> Option<&Environment> {
        self.peers.get(device).map(|peer| peer.device.environment())
    }

    /// What a device remembers, and where in the program.
    pub(crate) fn kept(&self, device: usize) -> Vec<(Option<String>, &Value)> {
        self.peers.get(device).map(|peer| peer.device.kept()).unwrap_or_default()
    }

    pub(crate) fn is_away(&self, device: usize, now: Micros) -> bool {
        self.peers.get(device).is_none_or(|peer| now < peer.away_until)
    }

    /// What a round would see now.
    pub(crate) fn explain(&self, device: usize, now: Micros, at: &CallSite) -> Option<SiteReport> {
        let mut peer = self.peers.get(device)?.clone();
        let now = peer.clock(now);
        Some(peer.device.explain(now, &peer.sensors, at))
    }

    /// Gives a device another reading.
    pub(crate) fn set(&mut self, device: usize, name: &str, value: Reading) {
        let Some(peer) = self.peers.get_mut(device) else { return };
        peer.sensors.env.retain(|(known, _)| known != name);
        peer.sensors.env.push((name.to_owned(), value));
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
        let now = peer.clock(now);
        // Only messages can be refused.
        let _ = peer.device.handle(Input::NeighborGone { now, id: neighbor });
        peer.drain();
    }
}

impl Peer {
    /// What the clock of the device shows.
    fn clock(&mut self, now: Micros) -> Micros {
        self.ailments.as_mut().map_or(now, |ailments| ailments.clock.read(now))
    }

    /// Takes a message; says whether it is news that brings the next round forward, which without
    /// news is one period after the last.
    fn hear(&mut self, frame: &Frame, now: Micros, period: Micros, counts: &mut Counts) -> bool {
        let now = self.clock(now);
        match self.device.handle(Input::Frame { now, frame }) {
            Ok(()) => counts.deliveries += 1,
            Err(error) => counts.refused(error.to_string()),
        }
        let plan = self.last.map(|(_, last)| Micros(last.0.saturating_add(period.0)));
        self.drain().zip(plan).is_some_and(|(wake, plan)| wake < plan)
    }

    fn fire(&mut self, now: Micros, program: &Program, limits: &Limits) -> Outcome {
        let mut outcome =
            Outcome { sent: None, round: Round::Away, actions: 0, steps: 0, traced: None };
        if now < self.away_until {
            return outcome;
        }
        let (mut local, mut sensors) = (now, Cow::Borrowed(&self.sensors));
        if let Some(ailments) = &mut self.ailments {
            if ailments.turn(now) == Turn::Skips {
                return Outcome { round: Round::Skipped, ..outcome };
            }
            local = ailments.clock.read(now);
            for frame in std::mem::take(&mut ailments.waiting).into_values() {
                // What cannot be taken was told when it arrived elsewhere.
                let _ = self.device.handle(Input::Frame { now: local, frame: &frame });
                while self.device.poll().is_some() {}
            }
            sensors = ailments.read(now, &self.sensors);
        }
        self.rounds += 1;
        self.last = Some((now, local));
        let asked = self.tracing.as_ref().filter(|t| t.rounds.contains(&self.rounds));
        outcome.traced = asked.map(|t| Box::new(self.device.explain(local, &sensors, &t.at)));
        // Only messages can be refused.
        let _ = self.device.handle(Input::Tick { now: local, sensors: &sensors });
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
                    outcome.round = Round::Ran(report.result);
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
        // As often as the gap allows: nobody has a million rounds to lose.
        config.reaction = Some(Reaction { gap, burst: u32::MAX / 8 });
    }
    if let Some(retention) = scenario.link.retention {
        config.retention = retention;
    }
    config
}
