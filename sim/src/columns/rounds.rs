//! Rounds of some devices of a population: together where that goes, else one by one.

use super::shared::{Shared, View};
use fieldrun_device::{
    Bulk, Crowd, CrowdLeft, Environment, Exports, Kept, Machine, Memory, Setting, State, Trap,
};
use std::sync::Arc;

/// Crowds that came apart so often are not tried together again for a while.
const PATIENCE: u32 = 4;
/// How many rounds such a crowd runs one by one before it is tried again.
const PAUSE: u32 = 60;

/// What a thread needs to run rounds.
#[derive(Debug, Default)]
pub(super) struct Worker {
    bulk: Bulk,
    machine: Machine,
    memory: Memory,
    /// The environment that is in the memory.
    held: Option<Arc<Environment>>,
    now: Vec<f64>,
    delta: Vec<f64>,
    starts: Vec<u32>,
    others: Vec<u32>,
    lengths: Vec<f64>,
}

/// Rounds that take place together, and what they leave.
#[derive(Debug)]
pub(super) struct Group {
    /// What each keeps.
    pub(super) states: Vec<Kept>,
    pub(super) left: CrowdLeft,
    /// Whose rounds failed, by place in the group.
    pub(super) failed: Vec<(usize, Trap)>,
    /// What does not fit into columns, by place in the population.
    pub(super) odd: Vec<(u32, Option<Exports>, Option<State>)>,
    pub(super) environments: Vec<(u32, Arc<Environment>)>,
    /// Requests to the host.
    pub(super) actions: u64,
    /// Rounds that ran one by one in a row, at most `PATIENCE`, and for how many more that goes on.
    parted: u32,
    pause: u32,
}

/// Which rounds: devices by place, and when each runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'a> {
    pub(super) places: &'a [u32],
    pub(super) clock: &'a [u64],
    /// Whether the places are those of the round before, one after the other.
    pub(super) fixed: bool,
}

impl Group {
    pub(super) fn new(shared: &Shared, capacity: usize) -> Self {
        let layout = shared.program.layout();
        Self {
            states: Kept::none(layout, capacity),
            left: CrowdLeft::new(layout, capacity),
            failed: Vec::new(),
            odd: Vec::new(),
            environments: Vec::new(),
            actions: 0,
            parted: 0,
            pause: 0,
        }
    }

    /// Runs the rounds. What others may read is as before; what devices keep is in `left`.
    pub(super) fn run(&mut self, shared: &Shared, worker: &mut Worker, planned: Planned<'_>) {
        self.failed.clear();
        self.odd.clear();
        self.environments.clear();
        self.actions = 0;
        worker.look(shared, planned);
        if self.pause > 0 {
            self.pause -= 1;
        } else if shared.together && shared.odd.is_empty() && shared.odd_states.is_empty() {
            if worker.together(shared, planned, self) {
                self.parted = 0;
                return;
            }
            self.parted += 1;
            if self.parted >= PATIENCE {
                self.pause = PAUSE;
            }
        }
        self.left.forget();
        for (index, (place, now)) in planned.places.iter().zip(planned.clock).enumerate() {
            worker.alone(shared, self, index, *place, *now);
        }
    }
}

impl Worker {
    /// How many rounds ran one by one, and how many of them in the reference evaluator.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.machine.counts()
    }

    /// Finds out when the rounds before were, and which neighbours have sent.
    fn look(&mut self, shared: &Shared, planned: Planned<'_>) {
        self.now.clear();
        self.now.extend(planned.clock.iter().map(|now| fieldrun_device::Micros(*now).seconds()));
        self.delta.clear();
        let rounds = planned.places.iter().zip(planned.clock);
        self.delta.extend(rounds.map(|(place, now)| shared.delta(*place as usize, *now)));
        if planned.fixed && shared.all_count() {
            return;
        }
        self.starts.clear();
        self.others.clear();
        self.lengths.clear();
        self.starts.push(0);
        for (place, now) in planned.places.iter().zip(planned.clock) {
            let (others, lengths) = shared.ground.near(*place as usize);
            if shared.all_count() {
                self.others.extend_from_slice(others);
                self.lengths.extend_from_slice(lengths);
            } else {
                let links = others.iter().zip(lengths);
                for (other, length) in
                    links.filter(|(other, _)| shared.counts(**other as usize, *now))
                {
                    self.others.push(*other);
                    self.lengths.push(*length);
                }
            }
            self.starts.push(self.others.len() as u32);
        }
    }

    /// The links of the planned devices: where those of each begin, neighbours, lengths.
    fn links<'a>(
        &'a self,
        shared: &'a Shared,
        planned: Planned<'_>,
    ) -> (&'a [u32], &'a [u32], &'a [f64]) {
        if !planned.fixed || !shared.all_count() {
            return (&self.starts, &self.others, &self.lengths);
        }
        let ground = &shared.ground;
        let first = planned.places.first().map_or(0, |place| *place as usize);
        let starts = ground.starts.get(first..=first + planned.places.len()).unwrap_or_default();
        let range = match starts {
            [start, .., end] => *start as usize..*end as usize,
            _ => 0..0,
        };
        let others = ground.others.get(range.clone()).unwrap_or_default();
        (starts, others, ground.lengths.get(range).unwrap_or_default())
    }

    fn together(&mut self, shared: &Shared, planned: Planned<'_>, group: &mut Group) -> bool {
        let mut bulk = std::mem::take(&mut self.bulk);
        let (starts, others, lengths) = self.links(shared, planned);
        let crowd = Crowd {
            devices: planned.places,
            settled: planned.fixed,
            clock: planned.clock,
            now: &self.now,
            delta: &self.delta,
            states: &group.states,
            starts,
            others,
            lengths,
            ids: &shared.ground.ids,
            places: &shared.ground.points,
            dimension: shared.ground.dimension,
            environments: &shared.environments,
            random: &shared.random,
            draws: shared.draws,
            sent: &shared.sent,
            exports: &shared.exports,
            regions: &shared.regions,
            period: shared.period,
            limits: shared.limits,
        };
        let done = bulk.round(&shared.program, &crowd, &mut group.left).is_ok();
        self.bulk = bulk;
        done
    }

    /// One round by itself.
    fn alone(&mut self, shared: &Shared, group: &mut Group, index: usize, place: u32, now: u64) {
        let program = &shared.program;
        let mut memory = std::mem::take(&mut self.memory);
        let at = place as usize;
        let random = shared.random.get(at).copied().unwrap_or_default();
        match shared.odd_states.get(&place) {
            Some(state) => {
                memory.put_state(state.clone());
                memory.random = random;
            }
            None => memory.load(program, &group.states, index, random),
        }
        if let Some(around) = shared.environments.get(at)
            && !self.held.as_ref().is_some_and(|held| Arc::ptr_eq(held, around))
        {
            memory.environment = (**around).clone();
            self.held = Some(around.clone());
        }
        let ground = &shared.ground;
        let (mut others, mut lengths) = ground.near(at);
        if !shared.all_count() {
            let at = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
            let range = at(index)..at(index + 1);
            others = self.others.get(range.clone()).unwrap_or_default();
            lengths = self.lengths.get(range).unwrap_or_default();
        }
        let view = View { shared, others, lengths, now };
        let position = ground.points.get(at).and_then(|point| point.get(..ground.dimension));
        let (Some(id), Some(delta)) = (ground.ids.get(at), self.delta.get(index)) else {
            self.memory = memory;
            return;
        };
        let setting = Setting {
            id,
            now: fieldrun_device::Micros(now).seconds(),
            delta: *delta,
            position,
            limits: shared.limits,
        };
        match self.machine.round(program, &setting, &view, &mut memory) {
            Ok(success) => {
                group.left.save(index, &memory, &success.value, success.steps);
                group.actions += success.actions.len() as u64;
                if success.environment_changed {
                    let changed = Arc::new(memory.environment.clone());
                    self.held = Some(changed.clone());
                    group.environments.push((place, changed));
                }
                let was_odd =
                    shared.odd.contains_key(&place) || shared.odd_states.contains_key(&place);
                if !memory.is_plain(program) {
                    let exports = Some(memory.exports().clone());
                    group.odd.push((place, exports, Some(memory.take_state())));
                } else if was_odd {
                    group.odd.push((place, None, None));
                }
            }
            Err(trap) => {
                group.left.keep_as_was(index, &group.states, random);
                group.failed.push((index, trap));
            }
        }
        self.memory = memory;
    }
}
