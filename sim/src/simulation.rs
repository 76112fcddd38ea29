//! A run that can be stopped, looked at, changed, copied and gone on with.

use crate::SimError;
use crate::columns::{StillRun, choose};
use crate::engine::Engine;
use crate::intervention::Intervention;
use crate::obstacles::Obstacles;
use crate::population::Population;
use crate::scenario::{EngineKind, Scenario};
use crate::summary::{Counts, Summary};
use crate::tracing::Tracing;
use crate::world::{Flow, Moment, Observer, World};
use fieldrun_device::trace::{CallSite, SiteReport};
use fieldrun_device::{Environment, Micros, NodeId, Program, SensorFrame};
use std::sync::Arc;

/// A run of a program in a scenario.
///
/// It goes on by [`Simulation::run_until`] and [`Simulation::step`]; in between it may be looked at
/// and changed. A clone is a copy of the network at that moment, and goes on as the original would: it
/// is the snapshot that one goes back to.
#[derive(Clone, Debug)]
pub struct Simulation {
    scenario: Arc<Scenario>,
    pub(crate) engine: Engine,
}

impl Simulation {
    /// The network at time zero.
    ///
    /// # Errors
    /// The network is too large, or a part of the scenario names a device that does not exist.
    pub fn new(scenario: &Scenario, program: &Arc<Program>) -> Result<Self, SimError> {
        let engine = Engine::new(scenario, program)?;
        Ok(Self { scenario: Arc::new(scenario.clone()), engine })
    }

    /// Goes on up to the time `at`, or to the end, and tells `observer` of every event. What happens
    /// at that very time has happened then. Says [`Flow::Stop`] once the run is over: then there is
    /// nothing to go on with.
    ///
    /// # Errors
    /// The network becomes too dense, or the observer cannot write.
    pub fn run_until(&mut self, at: Micros, observer: &mut dyn Observer) -> Result<Flow, SimError> {
        self.engine.run_until(at, observer)
    }

    /// Goes on by one event; where all devices fire at once, by one round of them all.
    ///
    /// # Errors
    /// As [`Simulation::run_until`].
    pub fn step(&mut self, observer: &mut dyn Observer) -> Result<Flow, SimError> {
        self.engine.step(observer)
    }

    /// Changes something now.
    ///
    /// # Errors
    /// There is no such device, or the network becomes too dense.
    pub fn apply(&mut self, intervention: &Intervention) -> Result<(), SimError> {
        self.engine.apply(intervention)
    }

    /// Whether the run ends with the first round that fails; at first it goes on.
    pub fn stop_on_error(&mut self, stop: bool) {
        self.engine.stop_on_error = stop;
    }

    /// The network now.
    pub fn world(&self) -> &World {
        &self.engine.world
    }

    /// Simulated time.
    pub fn time(&self) -> Micros {
        self.engine.now
    }

    /// Whether the run has reached its end.
    pub fn is_over(&self) -> bool {
        self.engine.over
    }

    /// What was counted so far.
    pub fn counts(&self) -> &Counts {
        &self.engine.counts
    }

    /// What is run.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The last event, as observers saw it.
    pub fn moment(&self) -> Moment<'_> {
        self.engine.moment(false)
    }

    /// What the run amounts to so far.
    pub fn summary(&self) -> Summary {
        let Engine { world, now, counts, .. } = &self.engine;
        Summary::new(&self.scenario, world, *now, counts.clone())
    }

    /// Tells the observer that the run ends here, and sums it up.
    ///
    /// # Errors
    /// The observer cannot write.
    pub fn finish(&self, observer: &mut dyn Observer) -> Result<Summary, SimError> {
        observer.finish(&self.moment())?;
        Ok(self.summary())
    }

    /// What a device reads before its next round.
    pub fn sensors(&self, device: usize) -> Option<&SensorFrame> {
        self.engine.network.sensors(device)
    }

    /// What the last round of a device left in its environment.
    pub fn environment(&self, device: usize) -> Option<&Environment> {
        self.engine.network.environment(device)
    }

    /// What a device remembers of its last successful round, as the language writes it; each with
    /// where in the program that is, if it is known.
    pub fn kept(&self, device: usize) -> Vec<(Option<String>, String)> {
        let kept = self.engine.network.kept(device).into_iter();
        kept.map(|(place, value)| (place, value.to_string())).collect()
    }

    /// Whether a device is away: it runs no rounds and hears nothing.
    pub fn is_away(&self, device: usize) -> bool {
        self.engine.network.is_away(device, self.engine.now)
    }

    /// Links that were cut, by their devices.
    pub fn cuts(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.engine.cuts.iter().map(|(a, b)| (*a as usize, *b as usize))
    }

    /// What the next round of a device would see at a call site if it ran now; see
    /// [`Device::explain`](fieldrun_device::Device::explain).
    pub fn explain(&self, device: usize, at: &CallSite) -> Option<SiteReport> {
        self.engine.network.explain(device, self.engine.now, at)
    }
}

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
    let mut simulation = Simulation::new(scenario, program)?;
    simulation.run_until(Micros(u64::MAX), observer)?;
    simulation.finish(observer)
}

/// The same on the engine that the scenario asks for, or the one that fits: both give the same values, but
/// the population engine sends no messages that could be counted. With `stop_on_error`, a round that fails
/// ends the run.
///
/// # Errors
/// The network is too large, the observer cannot write, or the scenario asks for an engine that cannot
/// run it.
pub fn run_by_choice(
    scenario: &Scenario,
    program: &Arc<Program>,
    stop_on_error: bool,
    observer: &mut dyn Observer,
) -> Result<Summary, SimError> {
    let obstacles = Arc::new(Obstacles::new(&scenario.obstacles));
    let population = Population::new(scenario, &obstacles)?;
    if choose(scenario, program, &population.members)? == EngineKind::Population {
        let run = StillRun::new(scenario, program, &population, obstacles)?;
        return run.run(stop_on_error, observer);
    }
    drop(population);
    let mut simulation = Simulation::new(scenario, program)?;
    simulation.stop_on_error(stop_on_error);
    simulation.run_until(Micros(u64::MAX), observer)?;
    simulation.finish(observer)
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
    let mut simulation = Simulation::new(scenario, program)?;
    let engine = &mut simulation.engine;
    let find = |id: &NodeId| engine.world.find(id, "the trace");
    let mut devices = tracing.devices.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    if devices.is_empty() {
        devices.push(0);
    }
    devices.iter().for_each(|device| engine.network.trace(*device, tracing));
    let rounds = (tracing.rounds.end() + 1).saturating_sub(*tracing.rounds.start());
    engine.traces = rounds.saturating_mul(devices.len() as u64);
    simulation.run_until(Micros(u64::MAX), observer)?;
    simulation.finish(observer)
}
