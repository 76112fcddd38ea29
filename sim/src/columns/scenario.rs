//! A scenario on the population engine.

use super::engine::{ColumnEngine, Devices};
use crate::SimError;
use crate::engine::{Bounds, new_world};
use crate::obstacles::Obstacles;
use crate::population::{Member, Population};
use crate::queue::Calendar;
use crate::random::{Purpose, stream_seed};
use crate::scenario::{EngineKind, Link, Mobility, Scenario, Schedule};
use crate::schedule::Firing;
use crate::summary::{Counts, Summary};
use crate::world::{Flow, Moment, Observer, World};
use fieldrun_device::host::{Reading, environment};
use fieldrun_device::{Environment, Micros, Program, Retention, random_stream};
use std::sync::Arc;

/// From how many devices on a scenario that leaves the choice runs without messages: smaller ones are
/// fast anyway, and tell what messages weigh.
const LARGE: usize = 5_000;
/// Rounds that are planned ahead.
const AHEAD: usize = 256;
/// Periods for which a neighbour counts that is not heard, unless said otherwise; as for devices.
const RETAINED: f64 = 3.0;

/// Why a scenario cannot run without messages; nothing if it can.
pub fn needs_messages(scenario: &Scenario) -> Option<&'static str> {
    let Link { topology, retention, .. } = scenario.link.clone();
    if scenario.link != (Link { topology, retention, ..Link::default() }) {
        return Some("messages are lost or late");
    }
    if !scenario.faults.is_empty() {
        return Some("there are faults");
    }
    match scenario.schedule {
        Schedule::LockStep { .. } | Schedule::Periodic { .. } | Schedule::Exponential { .. } => {
            None
        }
        // Devices that fire in turn have a clock of their own.
        Schedule::RoundRobin { .. } => Some("devices fire in turn"),
        Schedule::Reactive { .. } => Some("devices react to messages"),
    }
}

/// Which engine runs a scenario, by what it says and what it needs.
///
/// # Errors
/// It asks for the population engine, which cannot run it.
pub(crate) fn choose(
    scenario: &Scenario,
    program: &Program,
    members: &[Member],
) -> Result<EngineKind, SimError> {
    let moves = members.iter().any(|member| member.mobility != Mobility::Still);
    let why = match needs_messages(scenario) {
        None if moves => Some("devices move"),
        why => why,
    };
    match (scenario.engine, why) {
        (EngineKind::Events, _) => Ok(EngineKind::Events),
        (EngineKind::Population, None) => Ok(EngineKind::Population),
        (EngineKind::Population, Some(why)) => Err(SimError::NeedsMessages { why }),
        (EngineKind::Auto, None)
            if members.len() >= LARGE && ColumnEngine::can_run_together(program) =>
        {
            Ok(EngineKind::Population)
        }
        (EngineKind::Auto, _) => Ok(EngineKind::Events),
    }
}

/// A scenario of still devices and good links, run without messages.
pub(crate) struct StillRun<'a> {
    scenario: &'a Scenario,
    members: &'a [Member],
    engine: ColumnEngine,
    world: World,
    firing: Firing,
    stop: Bounds,
    record: (u64, u64),
    counts: Counts,
    now: Micros,
    last: usize,
    lacking: usize,
    stop_on_error: bool,
}

impl<'a> StillRun<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        program: &Arc<Program>,
        population: &'a Population,
        obstacles: Arc<Obstacles>,
    ) -> Result<Self, SimError> {
        let (world, _) = new_world(scenario, population, obstacles)?;
        let random = |number: usize| {
            let seed = stream_seed(scenario.seed, number as u64, Purpose::Program);
            world.id(number).map_or(0, |id| random_stream(seed, id))
        };
        let random: Vec<u64> = (0..world.len()).map(random).collect();
        let devices = Devices {
            ids: &world.ids,
            points: &world.points,
            dimension: world.dimension,
            neighbors: &world.neighbors,
            random: &random,
        };
        let mut engine = ColumnEngine::of(program.clone(), &devices)?;
        let period = scenario.schedule.period();
        engine.set_period(period);
        let retention = scenario.link.retention.unwrap_or(Retention::Periods(RETAINED));
        if let Retention::Periods(periods) = retention {
            // Where rounds are farther apart than that, neighbours come and go.
            let gap = match scenario.schedule {
                Schedule::Periodic { jitter, drift, .. } => (1.0 + jitter) * (1.0 + drift),
                Schedule::Exponential { .. } => f64::INFINITY,
                _ => 1.0,
            };
            engine.set_retention(periods * period.0 as f64, gap > periods);
        }
        surround(&mut engine, &population.members);
        let devices = world.len();
        let every = scenario.record.every.unwrap_or(devices as u64);
        Ok(Self {
            scenario,
            members: &population.members,
            engine,
            firing: Firing::new(scenario.schedule, devices, scenario.seed),
            stop: Bounds::new(scenario.stop),
            record: (scenario.record.from_event, every.max(1)),
            counts: Counts::default(),
            now: Micros(0),
            last: 0,
            lacking: devices,
            stop_on_error: false,
            world,
        })
    }

    /// Runs to the end, as the event engine does.
    pub(crate) fn run(
        mut self,
        stop_on_error: bool,
        observer: &mut dyn Observer,
    ) -> Result<Summary, SimError> {
        self.stop_on_error = stop_on_error;
        match self.scenario.schedule {
            Schedule::LockStep { .. } => self.in_step(observer)?,
            _ => self.one_by_one(observer)?,
        }
        self.counts.steps = self.engine.steps();
        self.counts.actions = self.engine.actions();
        observer.finish(&self.moment(false))?;
        Ok(Summary::new(self.scenario, &self.world, self.now, self.counts))
    }

    fn in_step(&mut self, observer: &mut dyn Observer) -> Result<(), SimError> {
        let mut at = self.firing.next(0, 0, Micros(0));
        while at <= self.stop.time {
            self.pass(at, observer)?;
            self.engine.step(at);
            let mut failed = 0;
            for device in 0..self.world.len() {
                let broken = self.engine.failed().get(failed).is_some_and(|f| f.device == device);
                let trap = broken.then_some(failed);
                failed += usize::from(broken);
                if self.commit(device, trap, observer)? == Flow::Stop {
                    return Ok(());
                }
            }
            at = self.firing.next(0, 0, at);
        }
        self.now = self.stop.time;
        Ok(())
    }

    fn one_by_one(&mut self, observer: &mut dyn Observer) -> Result<(), SimError> {
        let mut calendar = Calendar::default();
        let mut rounds = vec![0u64; self.world.len()];
        for device in 0..self.world.len() {
            calendar.push(self.firing.next(device, 0, Micros(0)), device as u32);
        }
        let mut planned: Vec<(u32, Micros)> = Vec::with_capacity(AHEAD);
        loop {
            while planned.len() < AHEAD
                && let Some((at, device)) = calendar.pop_until(self.stop.time)
            {
                planned.push((device, at));
                let Some(rounds) = rounds.get_mut(device as usize) else { continue };
                *rounds += 1;
                calendar.push(self.firing.next(device as usize, *rounds, at), device);
            }
            if planned.is_empty() {
                self.now = self.stop.time;
                return Ok(());
            }
            let ran = self.engine.fire_next(&planned);
            let mut failed = 0;
            for (device, at) in planned.drain(..ran) {
                self.pass(at, observer)?;
                let device = device as usize;
                let broken = self.engine.failed().get(failed).is_some_and(|f| f.device == device);
                let trap = broken.then_some(failed);
                failed += usize::from(broken);
                if self.commit(device, trap, observer)? == Flow::Stop {
                    return Ok(());
                }
            }
        }
    }

    /// Time goes on.
    fn pass(&mut self, at: Micros, observer: &mut dyn Observer) -> Result<(), SimError> {
        if at > self.now {
            observer.passes(&self.moment(false), at)?;
        }
        self.now = at;
        Ok(())
    }

    /// Makes the result of a round visible and tells the observer.
    fn commit(
        &mut self,
        device: usize,
        failed: Option<usize>,
        observer: &mut dyn Observer,
    ) -> Result<Flow, SimError> {
        self.counts.events += 1;
        self.last = device;
        let failed = failed.and_then(|index| self.engine.failed().get(index));
        let ends = failed.is_some() && self.stop_on_error;
        let value = match failed {
            Some(failed) => {
                let readings = self.members.get(device).map_or(&[][..], |member| &member.env);
                self.counts.trap(&self.world, device, self.now, readings, &failed.trap);
                None
            }
            None => Some(self.engine.value(device)),
        };
        if let Some(slot) = self.world.values.get_mut(device) {
            *slot = value;
        }
        if let Some(rounds) = self.world.rounds.get_mut(device) {
            *rounds += 1;
            self.lacking -= usize::from(*rounds == self.stop.rounds);
        }
        let (from, every) = self.record;
        let event = self.counts.events;
        let flow = observer.event(&self.moment(event >= from && event.is_multiple_of(every)))?;
        let over = ends || event >= self.stop.events || self.lacking == 0;
        Ok(if over { Flow::Stop } else { flow })
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

/// Gives devices their environments; those who see the same share one.
fn surround(engine: &mut ColumnEngine, members: &[Member]) {
    /// Different ones that are remembered.
    const KNOWN: usize = 16;
    type Seen<'a> = (&'a [(String, Reading)], Arc<Environment>);
    let mut known: Vec<Seen<'_>> = Vec::new();
    for (device, member) in members.iter().enumerate() {
        let found = known.iter().find(|(env, _)| *env == member.env.as_slice());
        let environment = match found {
            Some((_, environment)) => environment.clone(),
            None => {
                let made = Arc::new(environment(&member.env));
                if known.len() < KNOWN {
                    known.push((&member.env, made.clone()));
                }
                made
            }
        };
        engine.set_environment(device, environment);
    }
}
