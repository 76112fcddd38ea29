//! The event engine: complete devices, encoded messages, a queue of what happens when.
//!
//! Everything happens in the order of time, and at one time in a fixed order; so a run depends on
//! the scenario and the seed alone. A message is encoded once by its sender,
//! decoded once, and shared by all receivers.

use crate::SimError;
use crate::batch::Batch;
use crate::mobility::Walker;
use crate::neighbors::{self, Neighbors};
use crate::network::{Network, Outcome, Sent};
use crate::population::Population;
use crate::queue::{Happening, Queue};
use crate::scenario::{Scenario, Schedule, Stop};
use crate::schedule::Firing;
use crate::summary::{Counts, Summary};
use crate::tracing::Tracing;
use crate::world::{Flow, Moment, Observer, World};
use fieldrun_device::{Micros, NodeId, Program};
use std::sync::Arc;

/// The neighbours of a device on average when the scenario names no radius.
const DEFAULT_DEGREE: usize = 10;

/// Runs a program in a scenario to its end and tells `observer` of every event.
///
/// A round that fails does not end the run; the summary counts such rounds and shows the first.
///
/// # Errors
/// The network is too large, or the observer cannot write.
pub fn run(
    scenario: &Scenario,
    program: &Arc<Program>,
    observer: &mut dyn Observer,
) -> Result<Summary, SimError> {
    let mut engine = Engine::new(scenario, program)?;
    engine.run(observer)?;
    observer.finish(&engine.moment(false))?;
    Ok(Summary::new(scenario, &engine.world, engine.now, engine.counts))
}

/// Runs a program in a scenario until the rounds to be traced are over, and tells `observer` what
/// they see, see [`Observer::traced`].
///
/// # Errors
/// The network is too large, a device to be traced does not exist, or the observer cannot write.
pub fn trace(
    scenario: &Scenario,
    program: &Arc<Program>,
    tracing: &Tracing,
    observer: &mut dyn Observer,
) -> Result<Summary, SimError> {
    let mut engine = Engine::new(scenario, program)?;
    let find = |id: &NodeId| {
        let device = engine.world.ids.iter().position(|known| known == id);
        device.ok_or_else(|| SimError::NoSuchDevice { id: id.to_string() })
    };
    let mut devices = tracing.devices.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    if devices.is_empty() {
        devices.push(0);
    }
    devices.iter().for_each(|device| engine.network.trace(*device, tracing));
    let rounds = (tracing.rounds.end() + 1).saturating_sub(*tracing.rounds.start());
    engine.traces = rounds.saturating_mul(devices.len() as u64);
    engine.run(observer)?;
    observer.finish(&engine.moment(false))?;
    Ok(Summary::new(scenario, &engine.world, engine.now, engine.counts))
}

struct Engine {
    stop: Bounds,
    record: (u64, u64),
    schedule: Schedule,
    move_step: Micros,
    firing: Firing,
    batch: Batch,
    queue: Queue,
    network: Network,
    walkers: Vec<Option<Walker>>,
    world: World,
    counts: Counts,
    now: Micros,
    /// The device of the last event.
    last: usize,
    /// How many devices still lack rounds to the bound on rounds.
    lacking: usize,
    /// How many rounds are still to be traced; the run ends after the last one.
    traces: u64,
}

/// When to stop, with nothing left open.
struct Bounds {
    events: u64,
    rounds: u64,
    time: Micros,
}

impl Bounds {
    fn new(stop: Stop) -> Self {
        Self {
            events: stop.events.unwrap_or(u64::MAX),
            rounds: stop.rounds.unwrap_or(u64::MAX),
            time: stop.latest(),
        }
    }

    fn progress(&self, event: u64, at: Micros, devices: usize) -> f64 {
        let share = |done: u64, of: u64| done as f64 / of.max(1) as f64;
        let by_rounds = share(event, self.rounds.saturating_mul(devices as u64));
        share(event, self.events).max(share(at.0, self.time.0)).max(by_rounds).min(1.0)
    }
}

impl Engine {
    fn new(scenario: &Scenario, program: &Arc<Program>) -> Result<Self, SimError> {
        let population = Population::new(scenario)?;
        let devices = population.members.len();
        let world = new_world(scenario, &population)?;
        let network = Network::new(scenario, program, &population);
        let default_every = match scenario.schedule {
            Schedule::RoundRobin { .. } => 1,
            Schedule::LockStep { .. } | Schedule::Periodic { .. } => devices as u64,
        };
        let every = scenario.record.every.unwrap_or(default_every);
        let mut engine = Self {
            stop: Bounds::new(scenario.stop),
            record: (scenario.record.from_event, every.max(1)),
            schedule: scenario.schedule,
            move_step: scenario.move_step,
            firing: Firing::new(scenario.schedule, devices, scenario.seed),
            batch: Batch::new(devices),
            queue: Queue::default(),
            network,
            walkers: population.members.into_iter().map(|member| member.walker).collect(),
            world,
            counts: Counts::default(),
            now: Micros(0),
            last: 0,
            lacking: devices,
            traces: 0,
        };
        engine.plan_start();
        Ok(engine)
    }

    fn plan_start(&mut self) {
        if self.walkers.iter().any(Option::is_some) {
            self.queue.push(self.move_step, Happening::Move);
        }
        match self.schedule {
            Schedule::LockStep { period } => self.queue.push(period, Happening::Step),
            Schedule::RoundRobin { .. } | Schedule::Periodic { .. } => {
                for device in 0..self.world.len() {
                    let at = self.firing.next(device, 0, Micros(0));
                    self.queue.push(at, Happening::Fire(device as u32));
                }
            }
        }
    }

    fn run(&mut self, observer: &mut dyn Observer) -> Result<(), SimError> {
        while let Some((at, happening)) = self.queue.pop() {
            if at > self.stop.time {
                self.now = self.stop.time;
                break;
            }
            self.now = at;
            let flow = match happening {
                Happening::Fire(device) => self.fire(device, observer)?,
                Happening::Step => self.step(observer)?,
                Happening::Move => {
                    self.advance()?;
                    Flow::Continue
                }
                Happening::Arrive { from, to, frame } => {
                    // A link that broke while the message travelled does not deliver it.
                    if self.world.neighbors.linked(to as usize, from) {
                        self.network.deliver(to, at, frame, &mut self.counts);
                    }
                    Flow::Continue
                }
            };
            if flow == Flow::Stop {
                break;
            }
        }
        Ok(())
    }

    /// One device runs a round, and what it sends without delay arrives; the same for the
    /// devices that fire next, as long as they do not depend on the ones before.
    fn fire(&mut self, device: u32, observer: &mut dyn Observer) -> Result<Flow, SimError> {
        self.batch.clear();
        self.join(device, self.now);
        while let Some((at, Happening::Fire(next))) = self.queue.peek() {
            let next = *next;
            if at > self.stop.time || !self.join(next, at) {
                break;
            }
            self.queue.pop();
        }
        let planned = std::mem::take(&mut self.batch.rounds);
        // The network takes them by device; they are carried out as planned.
        let mut by_device: Vec<(usize, &(u32, Micros))> = planned.iter().enumerate().collect();
        by_device.sort_unstable_by_key(|(_, (device, _))| *device);
        let outcomes = self.network.fire(by_device.iter().map(|(_, round)| **round));
        let mut outcomes: Vec<_> = by_device.into_iter().zip(outcomes).collect();
        outcomes.sort_unstable_by_key(|((order, _), _)| *order);
        for ((_, (device, at)), mut outcome) in outcomes {
            self.now = *at;
            self.send(*device as usize, outcome.sent.take());
            if self.commit(*device as usize, outcome, observer)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        self.batch.rounds = planned;
        Ok(Flow::Continue)
    }

    /// Adds a round to the batch and plans the one after it.
    fn join(&mut self, device: u32, at: Micros) -> bool {
        let joins = self.batch.join(device, at, &self.world.neighbors);
        if joins {
            let rounds = self.world.rounds(device as usize) + 1;
            let next = self.firing.next(device as usize, rounds, at);
            self.queue.push(next, Happening::Fire(device));
        }
        joins
    }

    /// All devices run a round on what they heard before; then all messages travel.
    fn step(&mut self, observer: &mut dyn Observer) -> Result<Flow, SimError> {
        let firing = (0..self.world.len() as u32).map(|device| (device, self.now));
        let mut outcomes = self.network.fire(firing);
        for (device, outcome) in outcomes.iter_mut().enumerate() {
            self.send(device, outcome.sent.take());
        }
        self.queue.push(self.firing.next(0, 0, self.now), Happening::Step);
        for (device, outcome) in outcomes.into_iter().enumerate() {
            if self.commit(device, outcome, observer)? == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::Continue)
    }

    fn send(&mut self, device: usize, sent: Option<Sent>) {
        let Some(sent) = sent else { return };
        let Self { network, now, world, queue, counts, .. } = self;
        network.send(device, sent, *now, world, queue, counts);
    }

    /// Makes the result of a round visible and tells the observer.
    fn commit(
        &mut self,
        device: usize,
        outcome: Outcome,
        observer: &mut dyn Observer,
    ) -> Result<Flow, SimError> {
        self.counts.events += 1;
        self.counts.actions += outcome.actions;
        self.last = device;
        let value = match outcome.result {
            Some(Ok(value)) => Some(value),
            Some(Err(trap)) => {
                self.counts.trap(self.world.id(device), self.now, &trap);
                None
            }
            None => None,
        };
        if let Some(slot) = self.world.values.get_mut(device) {
            *slot = value;
        }
        if let Some(rounds) = self.world.rounds.get_mut(device) {
            *rounds += 1;
            if *rounds == self.stop.rounds {
                self.lacking -= 1;
            }
        }
        let mut traced = false;
        if let Some(report) = &outcome.traced {
            observer.traced(report)?;
            self.traces = self.traces.saturating_sub(1);
            traced = self.traces == 0;
        }
        let (from, every) = self.record;
        let event = self.counts.events;
        let flow = observer.event(&self.moment(event >= from && event.is_multiple_of(every)))?;
        let over = event >= self.stop.events || self.lacking == 0 || traced;
        Ok(if over { Flow::Stop } else { flow })
    }

    /// Moves all walkers by one step and makes and breaks links.
    fn advance(&mut self) -> Result<(), SimError> {
        for (device, walker) in self.walkers.iter_mut().enumerate() {
            let (Some(walker), Some([x, y, _])) = (walker, self.world.points.get_mut(device))
            else {
                continue;
            };
            let mut position = [*x, *y];
            walker.steer(|| self.network.destination(device));
            walker.advance(&mut position, self.now, self.move_step);
            [*x, *y] = position;
            self.network.place(device, &position);
        }
        let neighbors = Neighbors::within(&self.world.points, self.world.radius)?;
        let before = std::mem::replace(&mut self.world.neighbors, neighbors);
        for device in 0..self.world.len() {
            for other in before.of(device) {
                if !self.world.neighbors.linked(device, *other)
                    && let Some(id) = self.world.ids.get(*other as usize)
                {
                    self.network.part(device, id, self.now);
                }
            }
        }
        self.queue.push(Micros(self.now.0.saturating_add(self.move_step.0)), Happening::Move);
        Ok(())
    }

    fn moment(&self, recorded: bool) -> Moment<'_> {
        Moment {
            event: self.counts.events,
            at: self.now,
            device: self.last,
            recorded,
            progress: self.stop.progress(self.counts.events, self.now, self.world.len()),
            world: &self.world,
        }
    }
}

fn new_world(scenario: &Scenario, population: &Population) -> Result<World, SimError> {
    let points: Vec<_> = population.members.iter().map(|member| member.point).collect();
    let radius = match scenario.link.radius {
        Some(radius) => radius,
        None => neighbors::radius_for(&points, DEFAULT_DEGREE),
    };
    Ok(World {
        ids: population.members.iter().map(|member| member.id.clone()).collect(),
        dimension: population.dimension,
        radius,
        neighbors: Neighbors::within(&points, radius)?,
        values: vec![None; points.len()],
        rounds: vec![0; points.len()],
        points,
    })
}
