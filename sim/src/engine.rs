//! The event engine: complete devices, encoded messages, a queue of what happens when.
//!
//! Everything happens in the order of time, and at one time in a fixed order; so a run depends on
//! the scenario and the seed alone. A message is encoded once by its sender,
//! decoded once, and shared by all receivers.

use crate::SimError;
use crate::batch::Batch;
use crate::faults::{Strike, strikes};
use crate::links::Links;
use crate::mobility::Movement;
use crate::neighbors::Neighbors;
use crate::network::{Network, Outcome, Round, Sent};
use crate::obstacles::Obstacles;
use crate::population::Population;
use crate::queue::{Happening, Queue};
use crate::scenario::{Scenario, Schedule, Stop};
use crate::schedule::Firing;
use crate::summary::Counts;
use crate::world::{Flow, Moment, Observer, World};
use fieldrun_device::{Micros, Program, Trap, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Strike>,
    stop: Bounds,
    record: (u64, u64),
    schedule: Schedule,
    move_step: Micros,
    pub(crate) firing: Firing,
    batch: Batch,
    /// When each device fires next; a plan for another time is void.
    pub(crate) due: Vec<Micros>,
    pub(crate) queue: Queue,
    pub(crate) network: Network,
    links: Links,
    pub(crate) movement: Movement,
    /// Links that somebody cut; the lesser device first.
    pub(crate) cuts: BTreeSet<(u32, u32)>,
    pub(crate) world: World,
    pub(crate) counts: Counts,
    pub(crate) now: Micros,
    /// Up to when rounds may run: the end of the run, or before it where it is to be looked at.
    horizon: Micros,
    pub(crate) over: bool,
    /// Whether the run ends with the first round that fails.
    pub(crate) stop_on_error: bool,
    /// The device of the last event.
    pub(crate) last: usize,
    /// How many devices still lack rounds to the bound on rounds.
    pub(crate) lacking: usize,
    /// How many rounds are still to be traced; the run ends after the last one.
    pub(crate) traces: u64,
}

/// When to stop, with nothing left open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) events: u64,
    pub(crate) rounds: u64,
    pub(crate) time: Micros,
}

impl Bounds {
    pub(crate) fn new(stop: Stop) -> Self {
        Self {
            events: stop.events.unwrap_or(u64::MAX),
            rounds: stop.rounds.unwrap_or(u64::MAX),
            time: stop.latest(),
        }
    }

    pub(crate) fn progress(&self, event: u64, at: Micros, devices: usize) -> f64 {
        let share = |done: u64, of: u64| done as f64 / of.max(1) as f64;
        let by_rounds = share(event, self.rounds.saturating_mul(devices as u64));
        share(event, self.events).max(share(at.0, self.time.0)).max(by_rounds).min(1.0)
    }
}

impl Engine {
    pub(crate) fn new(scenario: &Scenario, program: &Arc<Program>) -> Result<Self, SimError> {
        let obstacles = Arc::new(Obstacles::new(&scenario.obstacles));
        let population = Population::new(scenario, &obstacles)?;
        let devices = population.members.len();
        let (world, links) = new_world(scenario, &population, obstacles.clone())?;
        let network = Network::new(scenario, program, &population);
        let default_every = match scenario.schedule {
            Schedule::RoundRobin { .. } => 1,
            _ => devices as u64,
        };
        let every = scenario.record.every.unwrap_or(default_every);
        let mut engine = Self {
            seed: scenario.seed,
            faults: strikes(scenario, &world)?,
            stop: Bounds::new(scenario.stop),
            record: (scenario.record.from_event, every.max(1)),
            schedule: scenario.schedule,
            move_step: scenario.move_step,
            firing: Firing::new(scenario.schedule, devices, scenario.seed),
            batch: Batch::new(devices, scenario.schedule.reacts()),
            due: vec![Micros(0); devices],
            queue: Queue::default(),
            network,
            links,
            movement: movement(scenario, &population, obstacles),
            cuts: BTreeSet::new(),
            world,
            counts: Counts::default(),
            now: Micros(0),
            horizon: scenario.stop.latest(),
            over: false,
            stop_on_error: false,
            last: 0,
            lacking: devices,
            traces: 0,
        };
        engine.plan_start();
        Ok(engine)
    }

    fn plan_start(&mut self) {
        if !self.movement.is_still() {
            self.queue.push(self.move_step, Happening::Move);
        }
        for (number, fault) in self.faults.iter_mut().enumerate() {
            if let Some(at) = fault.first() {
                self.queue.push(at, Happening::Fault(number as u32));
            }
        }
        match self.schedule {
            Schedule::LockStep { period } => self.queue.push(period, Happening::Step),
            _ => {
                for device in 0..self.world.len() {
                    let at = self.firing.next(device, 0, Micros(0));
                    self.plan(device as u32, at);
                }
            }
        }
    }

    /// Plans the next round of a device, instead of one that was planned before.
    fn plan(&mut self, device: u32, at: Micros) {
        if let Some(due) = self.due.get_mut(device as usize) {
            *due = at;
            self.queue.push(at, Happening::Fire(device));
        }
    }

    /// Brings the next round of a device forward whose surroundings changed.
    pub(crate) fn hasten(&mut self, device: u32) {
        let Schedule::Reactive { gap, .. } = self.schedule else { return };
        let Some(last) = self.network.last_round(device as usize) else { return };
        let soon = Micros(last.0.saturating_add(gap.0)).max(self.now);
        if self.due.get(device as usize).is_some_and(|due| soon < *due) {
            self.plan(device, soon);
        }
    }

    /// Carries out what happens up to a time; says whether there is more.
    pub(crate) fn run_until(
        &mut self,
        bound: Micros,
        observer: &mut dyn Observer,
    ) -> Result<Flow, SimError> {
        self.horizon = bound.min(self.stop.time);
        while let Some((at, happening)) = self.next() {
            self.pass(at, observer)?;
            if self.carry_out(at, happening, usize::MAX, observer)? == Flow::Stop {
                self.over = true;
            }
        }
        Ok(self.pause(bound))
    }

    /// Time goes on.
    fn pass(&mut self, at: Micros, observer: &mut dyn Observer) -> Result<(), SimError> {
        if at > self.now {
            observer.passes(&self.moment(false), at)?;
        }
        self.now = at;
        Ok(())
    }

    /// Nothing more happens up to a time.
    fn pause(&mut self, bound: Micros) -> Flow {
        if !self.over && !self.queue.is_empty() {
            self.now = self.horizon;
        }
        self.over |= self.queue.is_empty() || bound > self.stop.time;
        if self.over { Flow::Stop } else { Flow::Continue }
    }

    /// Carries out what happens up to the next event.
    pub(crate) fn step(&mut self, observer: &mut dyn Observer) -> Result<Flow, SimError> {
        self.horizon = self.stop.time;
        let before = self.counts.events;
        while before == self.counts.events {
            let Some((at, happening)) = self.next() else {
                return Ok(self.pause(Micros(u64::MAX)));
            };
            self.pass(at, observer)?;
            if self.carry_out(at, happening, 1, observer)? == Flow::Stop {
                self.over = true;
            }
        }
        Ok(if self.over { Flow::Stop } else { Flow::Continue })
    }

    /// What happens next, within the horizon.
    fn next(&mut self) -> Option<(Micros, Happening)> {
        let (at, _) = self.queue.peek()?;
        if self.over || at > self.horizon { None } else { self.queue.pop() }
    }

    /// Lets something happen, with at most so many rounds at once.
    fn carry_out(
        &mut self,
        at: Micros,
        happening: Happening,
        most: usize,
        observer: &mut dyn Observer,
    ) -> Result<Flow, SimError> {
        match happening {
            Happening::Fire(device) if self.due.get(device as usize) != Some(&at) => {}
            Happening::Fire(device) => return self.fire(device, most, observer),
            Happening::Step => return self.fire_all(observer),
            Happening::Move => self.advance()?,
            Happening::Fault(number) => self.strike(number as usize)?,
            Happening::Leave { fault, device } => self.leave(fault, device),
            Happening::Arrive { from, to, frame } => {
                // A link that broke while the message travelled does not deliver it.
                if self.world.neighbors.linked(to as usize, from)
                    && self.network.deliver(from, to, at, frame, &mut self.counts)
                {
                    self.hasten(to);
                }
            }
        }
        Ok(Flow::Continue)
    }

    /// One device runs a round, and what it sends without delay arrives; the same for the
    /// devices that fire next, as long as they do not depend on the ones before.
    fn fire(
        &mut self,
        device: u32,
        most: usize,
        observer: &mut dyn Observer,
    ) -> Result<Flow, SimError> {
        self.batch.clear();
        self.join(device, self.now);
        while let Some((at, Happening::Fire(next))) = self.queue.peek() {
            let next = *next;
            let full = self.batch.rounds.len() >= most;
            if at > self.horizon || full || !self.join(next, at) {
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
            self.pass(*at, observer)?;
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
            let stretch = match self.schedule {
                // There somebody else says when it is whose turn.
                Schedule::RoundRobin { .. } | Schedule::LockStep { .. } => 1.0,
                _ => self.network.stretch(device as usize, at),
            };
            let next = if stretch == 1.0 { next } else { stretched(at, next, stretch) };
            self.plan(device, next);
        }
        joins
    }

    /// All devices run a round on what they heard before; then all messages travel.
    fn fire_all(&mut self, observer: &mut dyn Observer) -> Result<Flow, SimError> {
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
        for reached in network.send(device, sent, *now, world, queue, counts) {
            self.hasten(reached);
        }
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
        self.counts.steps += outcome.steps;
        self.last = device;
        let failed = match outcome.round {
            Round::Skipped => false,
            Round::Away => self.show(device, None),
            Round::Ran(Ok(value)) => self.show(device, Some(value)),
            Round::Ran(Err(trap)) => {
                self.fail(device, &trap);
                true
            }
        };
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
        let failed = failed && self.stop_on_error;
        let over = failed || event >= self.stop.events || self.lacking == 0 || traced;
        Ok(if over { Flow::Stop } else { flow })
    }

    /// A device has another value.
    fn show(&mut self, device: usize, value: Option<Value>) -> bool {
        if let Some(slot) = self.world.values.get_mut(device) {
            *slot = value;
        }
        false
    }

    /// A round failed: the device has no value, and of the first such round is kept what it met.
    fn fail(&mut self, device: usize, trap: &Trap) {
        let readings = self.network.sensors(device).map_or(&[][..], |sensors| &sensors.env);
        self.counts.trap(&self.world, device, self.now, readings, trap);
        self.show(device, None);
    }

    /// Moves all walkers by one step and makes and breaks links.
    fn advance(&mut self) -> Result<(), SimError> {
        let Self { movement, world, network, now, move_step, .. } = self;
        let destination = |device| network.destination(device);
        for device in movement.advance(&mut world.points, *now, *move_step, destination) {
            if self.network.place(device, self.world.position(device)) {
                self.hasten(device as u32);
            }
        }
        self.relink()?;
        self.queue.push(Micros(self.now.0.saturating_add(self.move_step.0)), Happening::Move);
        Ok(())
    }

    /// Links devices by where they are now. Those whose link breaks forget each other.
    pub(crate) fn relink(&mut self) -> Result<(), SimError> {
        let neighbors = self.linked()?;
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
        Ok(())
    }

    /// The links of devices by where they are now.
    pub(crate) fn linked(&self) -> Result<Neighbors, SimError> {
        let neighbors = self.links.neighbors(&self.world.points)?;
        Ok(if self.cuts.is_empty() { neighbors } else { neighbors.without(&self.cuts) })
    }

    pub(crate) fn moment(&self, recorded: bool) -> Moment<'_> {
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

/// A time as many times as far away.
fn stretched(now: Micros, at: Micros, factor: f64) -> Micros {
    let gap = (at.since(now).0 as f64 * factor).round() as u64;
    Micros(now.0.saturating_add(gap.max(1)))
}

pub(crate) fn new_world(
    scenario: &Scenario,
    population: &Population,
    obstacles: Arc<Obstacles>,
) -> Result<(World, Links), SimError> {
    let points: Vec<_> = population.members.iter().map(|member| member.point).collect();
    let ids: Vec<_> = population.members.iter().map(|member| member.id.clone()).collect();
    let links = Links::new(scenario, &ids, &points, obstacles.clone())?;
    let neighbors = links.neighbors(&points)?;
    let world = World {
        ids,
        dimension: population.dimension,
        radius: links.reach(&points, &neighbors),
        neighbors,
        values: vec![None; points.len()],
        rounds: vec![0; points.len()],
        points,
        obstacles,
    };
    Ok((world, links))
}

fn movement(scenario: &Scenario, population: &Population, obstacles: Arc<Obstacles>) -> Movement {
    let models: Vec<_> = population.members.iter().map(|member| &member.mobility).collect();
    Movement::new(&models, population.area, scenario.seed, obstacles)
}
