//! What goes wrong in a run: when it strikes, and whom.
//!
//! * `corruption` makes values arbitrary;
//! * `ailments` are what is wrong with one device: its clock, its sensors, its pace;
//! * `disturbances` are what is wrong with links.
//!
//! Whatever lasts for a time ends by itself: nothing has to be undone.

mod ailments;
mod corruption;
mod disturbances;

pub(crate) use ailments::{Ailments, Broken, SavedAilments, Turn};
pub(crate) use corruption::Corruption;
pub(crate) use disturbances::{Disturbance, Disturbances, SavedDisturbance};

use crate::SimError;
use crate::checkpoint::unfit;
use crate::engine::Engine;
use crate::queue::Happening;
use crate::random::{Purpose, Stream};
use crate::scenario::{
    Choice, DeviceFault, Evaluator, Fault, FaultKind, MAX_DEVICES, Members, Partition, Scenario,
    Subject, When,
};
use crate::world::{Numbers, World};
use disturbances::{Group, Trouble};
use fieldrun_device::{Micros, NodeId};
use fieldrun_netem::Conditions;
use serde::{Deserialize, Serialize};

/// The end of what has none.
const NEVER: Micros = Micros(u64::MAX);

/// A time later by some duration; without one, never.
pub(crate) fn after(now: Micros, lasting: Option<Micros>) -> Micros {
    lasting.map_or(NEVER, |lasting| Micros(now.0.saturating_add(lasting.0)))
}

/// A fault of the scenario, with its devices by number.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    kind: Kind,
    when: When,
    lasting: Option<Micros>,
    members: Members,
    choice: Choice,
    /// When it strikes next, and whom.
    random: Stream,
    /// Of churn: those who come and go, ascending, and when each of them does.
    churning: Vec<u32>,
    coming: Vec<Stream>,
}

#[derive(Clone, Debug)]
enum Kind {
    Device(DeviceFault),
    Links(Conditions),
    Partition(Partition),
    Churn { up: Micros, down: Micros },
}

/// The faults of a scenario.
pub(crate) fn strikes(scenario: &Scenario, world: &World) -> Result<Vec<Strike>, SimError> {
    let faults = scenario.faults.iter().zip(0..);
    faults.map(|(fault, number)| Strike::new(fault, number, scenario.seed, world)).collect()
}

/// Finds the devices of sets, as they are now.
struct Finder<'a> {
    world: &'a World,
    evaluator: Evaluator,
    /// What tells apart the draws of expressions.
    name: String,
}

impl<'a> Finder<'a> {
    fn new(world: &'a World, seed: u64, number: usize) -> Self {
        Self { world, evaluator: Evaluator::new(seed), name: format!("fault {number}") }
    }

    /// The devices of a set, ascending.
    fn members(&mut self, members: &Members) -> Result<Vec<u32>, SimError> {
        let world = self.world;
        match members {
            Members::Named(ids) if ids.is_empty() => Ok((0..world.len() as u32).collect()),
            Members::Named(ids) => {
                let numbers = Numbers::of(&world.ids);
                let number = |id: &NodeId| numbers.find(id, "[[fault]]").map(|at| at as u32);
                let mut found = ids.iter().map(number).collect::<Result<Vec<_>, _>>()?;
                found.sort_unstable();
                found.dedup();
                Ok(found)
            }
            Members::Where(expression) => {
                let mut found = Vec::new();
                for (index, (id, point)) in world.ids.iter().zip(&world.points).enumerate() {
                    let subject = Subject { id, index, point: *point };
                    let holds = self.evaluator.holds(expression, &self.name, &subject);
                    let failed = |reason| SimError::Expression {
                        expression: expression.text().to_owned(),
                        device: id.to_string(),
                        point: *point,
                        reason,
                    };
                    if holds.map_err(failed)? {
                        found.push(index as u32);
                    }
                }
                Ok(found)
            }
        }
    }

    fn group(&mut self, members: &Members) -> Result<Group, SimError> {
        Ok(Group::new(&self.members(members)?, self.world.len()))
    }
}

impl Strike {
    fn new(fault: &Fault, number: usize, seed: u64, world: &World) -> Result<Self, SimError> {
        let kind = match &fault.kind {
            FaultKind::Device(fault) => Kind::Device(fault.clone()),
            FaultKind::Links(conditions) => Kind::Links(*conditions),
            FaultKind::Partition(partition) => Kind::Partition(partition.clone()),
            FaultKind::Churn { up, down } => Kind::Churn { up: *up, down: *down },
        };
        // So that what does not exist or fails is told before the run.
        let mut finder = Finder::new(world, seed, number);
        finder.members(&fault.whom.members)?;
        if let Kind::Partition(Partition::Between { from, to, .. }) = &kind {
            finder.members(from)?;
            finder.members(to)?;
        }
        Ok(Self {
            kind,
            when: fault.when,
            lasting: fault.lasting,
            members: fault.whom.members.clone(),
            choice: fault.whom.choice,
            random: Stream::new(seed, number as u64, Purpose::Process),
            churning: Vec::new(),
            coming: Vec::new(),
        })
    }

    /// When it strikes first.
    pub(crate) fn first(&mut self) -> Option<Micros> {
        match self.when {
            When::At(at) => Some(at),
            When::Every { from, .. } => self.next(from),
        }
    }

    /// When it strikes after `now`.
    fn next(&mut self, now: Micros) -> Option<Micros> {
        let When::Every { mean, until, .. } = self.when else { return None };
        let at = later(now, mean, &mut self.random);
        (at < until).then_some(at)
    }

    /// Whom it befalls this time, of those that it may befall; ascending.
    fn chosen(&mut self, mut left: Vec<u32>) -> Vec<u32> {
        let all = left.len();
        let wanted = match self.choice {
            Choice::All => return left,
            Choice::Count(count) => count.min(all),
            Choice::Share(share) if share <= 0.0 => 0,
            Choice::Share(share) => ((share * all as f64).round() as usize).clamp(1.min(all), all),
        };
        // The first steps of a shuffle.
        for place in 0..wanted {
            left.swap(place, place + self.random.below(all - place));
        }
        left.truncate(wanted);
        left.sort_unstable();
        left
    }
}

/// After an exponentially distributed time, which is never zero.
fn later(now: Micros, mean: Micros, random: &mut Stream) -> Micros {
    let wait = (mean.0 as f64 * random.exponential()).round() as u64;
    Micros(now.0.saturating_add(wait.max(1)))
}

impl Engine {
    /// A fault of the scenario happens.
    ///
    /// # Errors
    /// The expression that says whom it befalls fails.
    pub(crate) fn strike(&mut self, number: usize) -> Result<(), SimError> {
        let mut faults = std::mem::take(&mut self.faults);
        if let Some(fault) = faults.get_mut(number) {
            self.suffer(number, fault)?;
            if let Some(at) = fault.next(self.now) {
                self.queue.push(at, Happening::Fault(number as u32));
            }
        }
        self.faults = faults;
        Ok(())
    }

    fn suffer(&mut self, number: usize, fault: &mut Strike) -> Result<(), SimError> {
        let mut finder = Finder::new(&self.world, self.seed, number);
        let devices = fault.chosen(finder.members(&fault.members)?);
        let until = after(self.now, fault.lasting);
        let trouble = match &fault.kind {
            Kind::Links(conditions) => Some(Trouble::Links(*conditions)),
            Kind::Partition(Partition::Between { from, to, one_way }) => Some(Trouble::Parted {
                from: finder.group(from)?,
                to: finder.group(to)?,
                one_way: *one_way,
            }),
            Kind::Device(_) | Kind::Churn { .. } => None,
        };
        if let Some(trouble) = trouble {
            let (number, among) = (number as u32, Group::new(&devices, self.world.len()));
            self.network.disturb(Disturbance { number, until, among, trouble }, self.now);
        }
        match &fault.kind {
            Kind::Device(kind) => {
                for device in devices {
                    self.befall(number, device as usize, kind, until);
                }
            }
            Kind::Links(_) | Kind::Partition(_) => {}
            Kind::Churn { up, .. } => {
                let stream = |device: &u32| {
                    let own = (number * MAX_DEVICES) as u64 + u64::from(*device);
                    Stream::new(self.seed, own, Purpose::Churn)
                };
                fault.coming = devices.iter().map(stream).collect();
                for (device, random) in devices.iter().zip(&mut fault.coming) {
                    let at = later(self.now, *up, random);
                    if at < until {
                        let leave = Happening::Leave { fault: number as u32, device: *device };
                        self.queue.push(at, leave);
                    }
                }
                fault.churning = devices;
                // From here on it is when the whole coming and going ends.
                fault.lasting = Some(until);
            }
        }
        Ok(())
    }

    /// A device leaves, to come back and leave again.
    pub(crate) fn leave(&mut self, number: u32, device: u32) {
        let Some(fault) = self.faults.get_mut(number as usize) else { return };
        let Kind::Churn { up, down } = fault.kind else { return };
        let Ok(place) = fault.churning.binary_search(&device) else { return };
        let Some(random) = fault.coming.get_mut(place) else { return };
        let back = later(self.now, down, random);
        let again = later(back, up, random);
        if fault.lasting.is_some_and(|until| again < until) {
            self.queue.push(again, Happening::Leave { fault: number, device });
        }
        self.network.crash(device as usize, back, false);
    }

    /// Something is wrong with a device until a time. `number` tells apart what is drawn for it.
    pub(crate) fn befall(
        &mut self,
        number: usize,
        device: usize,
        fault: &DeviceFault,
        until: Micros,
    ) {
        let now = self.now;
        match fault {
            DeviceFault::Corrupt => {
                let corruption = Corruption::new(self.seed, number, device, &self.world.ids);
                self.network.corrupt(device, corruption);
            }
            DeviceFault::Restart { down } => {
                self.network.crash(device, after(now, Some(*down)), false);
                let Some(id) = self.world.id(device) else { return };
                for neighbor in self.world.neighbors(device) {
                    self.network.part(*neighbor as usize, id, now);
                }
            }
            DeviceFault::Crash { keeps } => self.network.crash(device, until, *keeps),
            DeviceFault::Sensor { name, fault } => {
                self.network.break_sensor(device, name, *fault, until);
            }
            DeviceFault::Set { env } => {
                for (name, value) in env {
                    match until {
                        NEVER => self.network.set(device, name, value.clone()),
                        _ => self.ail(device, |sick| sick.set(name, value.clone(), until)),
                    }
                }
            }
            DeviceFault::Pause => self.ail(device, |sick| sick.pause(until)),
            DeviceFault::Slow { factor } => self.ail(device, |sick| sick.slow(*factor, until)),
            DeviceFault::Drift { rate } => self.ail(device, |sick| sick.drift(*rate, now, until)),
            DeviceFault::Jump { by } => self.ail(device, |sick| sick.jump(*by, now)),
        }
    }

    fn ail(&mut self, device: usize, change: impl FnOnce(&mut Ailments)) {
        if let Some(ailments) = self.network.ail(device) {
            change(ailments);
        }
    }
}

/// What changes of a fault in a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedStrike {
    random: Stream,
    churning: Vec<u32>,
    coming: Vec<Stream>,
    lasting: Option<u64>,
}

impl SavedStrike {
    pub(crate) fn of(strike: &Strike) -> Self {
        Self {
            random: strike.random.clone(),
            coming: strike.coming.clone(),
            churning: strike.churning.clone(),
            lasting: strike.lasting.map(|lasting| lasting.0),
        }
    }

    /// Makes it that of the same fault at the start.
    pub(crate) fn put_into(self, strike: &mut Strike) {
        strike.random = self.random;
        strike.coming = self.coming;
        strike.churning = self.churning;
        strike.lasting = self.lasting.map(Micros);
    }
}

impl Engine {
    /// Goes on with what was wrong with links.
    pub(crate) fn resume_disturbances(
        &mut self,
        saved: Vec<SavedDisturbance>,
    ) -> Result<(), SimError> {
        for SavedDisturbance { number, until, among, sides } in saved {
            let kind = self.faults.get(number as usize).map(|fault| &fault.kind);
            let trouble = match (kind, sides) {
                (Some(Kind::Links(conditions)), None) => Trouble::Links(*conditions),
                (Some(Kind::Partition(Partition::Between { one_way, .. })), Some((from, to))) => {
                    Trouble::Parted { from, to, one_way: *one_way }
                }
                _ => return Err(unfit("it has a fault of links that the scenario has not")),
            };
            self.network.disturb(Disturbance { number, until, among, trouble }, Micros(0));
        }
        Ok(())
    }
}
