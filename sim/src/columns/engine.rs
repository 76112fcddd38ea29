//! Rounds of a population.

use super::ground::Ground;
use super::rounds::{Group, Planned, Worker};
use super::shared::Shared;
use crate::SimError;
use crate::neighbors::{Neighbors, Point};
use fieldrun_device::{Bulk, CrowdLeft, Environment, Micros, NodeId, Program, Trap, Value};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Devices whose rounds run together: enough that what an instruction costs by itself does not count,
/// few enough that what they compute with stays in the nearest cache.
const BLOCK: usize = 256;

/// A round that failed. The device is as it was before, and so is what it sent.
#[derive(Debug, Error)]
#[error("device {device}, at {} s: {trap}", at.seconds())]
pub struct FailedRound {
    /// The number of the device.
    pub device: usize,
    /// When.
    pub at: Micros,
    /// Why.
    pub trap: Trap,
}

/// One program on devices 0, 1, 2, … that stand still: without messages, each device reads what its
/// neighbours exported last straight from columns.
///
/// A device is a neighbour from its first successful round on.
#[derive(Debug)]
pub struct ColumnEngine {
    shared: Shared,
    /// The devices in the order of their places, so many in each.
    blocks: Vec<Group>,
    /// Rounds at times of their own that run together.
    joint: Group,
    /// One for each thread.
    workers: Vec<Mutex<Worker>>,
    /// For each device, the number of the last joint rounds that it is part of.
    joined: Vec<u32>,
    joints: u32,
    places: Vec<u32>,
    clock: Vec<u64>,
    failed: Vec<FailedRound>,
    rounds: u64,
    steps: u64,
    actions: u64,
}

/// Devices of a [`ColumnEngine`] before they run.
#[derive(Clone, Debug)]
pub(crate) struct Devices<'a> {
    pub(crate) ids: &'a [NodeId],
    pub(crate) points: &'a [Point],
    pub(crate) dimension: usize,
    pub(crate) neighbors: &'a Neighbors,
    /// States of their generators of random numbers.
    pub(crate) random: &'a [u64],
}

impl ColumnEngine {
    /// Devices at these places in metres, each linked to all that are no farther than `radius`.
    ///
    /// # Errors
    /// There are too many links.
    pub fn new(
        program: Arc<Program>,
        points: Vec<[f64; 2]>,
        radius: f64,
        seed: u64,
    ) -> Result<Self, SimError> {
        let points: Vec<Point> = points.iter().map(|[x, y]| [*x, *y, 0.0]).collect();
        let neighbors = Neighbors::within(&points, radius)?;
        let ids: Vec<NodeId> = (0..points.len() as i64).map(NodeId::Int).collect();
        let random =
            |number: u64| seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let random: Vec<u64> = (0..points.len() as u64).map(random).collect();
        let devices = Devices {
            ids: &ids,
            points: &points,
            dimension: 2,
            neighbors: &neighbors,
            random: &random,
        };
        Self::of(program, &devices)
    }

    /// Devices that are described one by one.
    pub(crate) fn of(program: Arc<Program>, devices: &Devices<'_>) -> Result<Self, SimError> {
        let Devices { ids, points, dimension, neighbors, random } = devices;
        let ground = Ground::new(ids, points, *dimension, neighbors)?;
        let at = |number: &u32| random.get(*number as usize).copied().unwrap_or_default();
        let random = ground.numbers.iter().map(at).collect();
        let count = ground.len();
        let shared = Shared::new(program, ground, random);
        let sizes = (0..count).step_by(BLOCK).map(|first| BLOCK.min(count - first));
        Ok(Self {
            blocks: sizes.map(|size| Group::new(&shared, size)).collect(),
            joint: Group::new(&shared, BLOCK),
            workers: vec![Mutex::default()],
            joined: vec![0; count],
            joints: 0,
            places: Vec::with_capacity(BLOCK),
            clock: Vec::with_capacity(BLOCK),
            failed: Vec::new(),
            rounds: 0,
            steps: 0,
            actions: 0,
            shared,
        })
    }

    /// Lets every round run by itself, which gives the same, more slowly.
    pub fn one_by_one(&mut self) {
        self.shared.together = false;
    }

    /// Says when devices mean to run again after a round, which is what `nbrDelay` gives: one second
    /// unless said otherwise.
    pub(crate) fn set_period(&mut self, period: Micros) {
        self.shared.period = period.seconds();
    }

    /// Says for how many microseconds a neighbour counts that does not send again, without end unless
    /// said; and whether that ends before the next round of one that does not fail.
    pub(crate) fn set_retention(&mut self, longest: f64, short: bool) {
        self.shared.retention = Some(longest);
        self.shared.silent |= short;
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.shared.ground.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a device's last successful round; null before the first.
    pub fn value(&self, device: usize) -> Value {
        let place = self.shared.ground.place(device);
        let block = self.blocks.get(place / BLOCK);
        block.map_or(Value::Null, |block| block.left.value().value(place % BLOCK))
    }

    /// The values of all devices.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).map(|device| self.value(device))
    }

    /// What a device exported last at a code path.
    pub fn exported(&self, device: usize, path: u64) -> Option<Value> {
        let place = self.shared.ground.place(device);
        self.shared.has_sent(place).then(|| self.shared.cell(place as u32, path)).flatten()
    }

    /// Changes the environment of a device before its next round.
    pub fn set_environment(&mut self, device: usize, environment: Arc<Environment>) {
        let place = self.shared.ground.place(device);
        if let Some(held) = self.shared.environments.get_mut(place) {
            *held = environment;
        }
    }

    /// How many rounds ran; how many of them by themselves, and how many of those in the reference
    /// evaluator from their start.
    pub fn counts(&self) -> (u64, u64, u64) {
        let worker =
            |worker: &Mutex<Worker>| worker.lock().unwrap_or_else(PoisonError::into_inner).counts();
        let all = self.workers.iter().map(worker);
        let (alone, walked) = all.fold((0, 0), |(a, w), (alone, walked)| (a + alone, w + walked));
        (self.rounds, alone, walked)
    }

    /// What all rounds used of their fuel.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many requests programs made to the host.
    pub fn actions(&self) -> u64 {
        self.actions
    }

    /// The neighbours of a device, in ascending id.
    pub fn neighbors(&self, device: usize) -> impl Iterator<Item = usize> + '_ {
        let ground = &self.shared.ground;
        ground.near(ground.place(device)).0.iter().map(|place| ground.number(*place as usize))
    }

    /// The distances to the neighbours of a device, in their order.
    pub fn lengths(&self, device: usize) -> &[f64] {
        self.shared.ground.near(self.shared.ground.place(device)).1
    }

    /// Bytes of the network itself: links, their lengths, and where devices stand.
    pub fn network_bytes(&self) -> usize {
        self.shared.ground.bytes()
    }

    /// The rounds that failed in the last call that ran some, by ascending device in lock-step.
    pub fn failed(&self) -> &[FailedRound] {
        &self.failed
    }

    fn first_failed(&mut self) -> Result<(), FailedRound> {
        match self.failed.is_empty() {
            true => Ok(()),
            false => Err(self.failed.swap_remove(0)),
        }
    }

    /// A round of every device, each of which reads what the others exported before. Runs on all
    /// threads of the pool that it is called in, with the same result for any number of them.
    ///
    /// # Errors
    /// The program failed on some device, the first of which is named; the others ran.
    pub fn lock_step(&mut self, now: Micros) -> Result<(), FailedRound> {
        self.step(now);
        self.first_failed()
    }

    /// The same; what failed is in [`ColumnEngine::failed`].
    pub(crate) fn step(&mut self, now: Micros) {
        let threads = rayon::current_num_threads();
        self.workers.resize_with(self.workers.len().max(threads), Mutex::default);
        let (shared, workers) = (&self.shared, &self.workers);
        let run = |(index, block): (usize, &mut Group), worker: &mut Worker| {
            let first = index * BLOCK;
            let end = (first + BLOCK).min(shared.ground.len());
            let places = shared.ground.all.get(first..end).unwrap_or_default();
            let clock = [now.0; BLOCK];
            let clock = clock.get(..places.len()).unwrap_or_default();
            block.run(shared, worker, Planned { places, clock, fixed: true });
        };
        let locked = |index: usize| {
            let worker = workers.get(index).or_else(|| workers.first());
            worker.map(|worker| worker.lock().unwrap_or_else(PoisonError::into_inner))
        };
        if threads == 1 || self.blocks.len() == 1 {
            if let Some(mut worker) = locked(0) {
                self.blocks.iter_mut().enumerate().for_each(|block| run(block, &mut worker));
            }
        } else {
            self.blocks.par_iter_mut().enumerate().for_each(|block| {
                if let Some(mut worker) = locked(rayon::current_thread_index().unwrap_or(0)) {
                    run(block, &mut worker);
                }
            });
        }
        self.commit_blocks(now);
    }

    /// Makes visible what the devices exported.
    fn commit_blocks(&mut self, now: Micros) {
        let Self { shared, blocks, failed, .. } = self;
        let count = shared.ground.len();
        failed.clear();
        let mut first = 0;
        for block in blocks {
            let len = BLOCK.min(count - first);
            let words = shared.words;
            if block.failed.is_empty() {
                let Shared { exports, homes, .. } = &mut *shared;
                let slots = exports.iter_mut().zip(&*homes).zip(block.left.exports());
                for (slot, ((cells, region), left)) in slots.enumerate() {
                    let ran = |index: usize| ran(&block.left, words, index, *region);
                    if !block.left.rests(slot) {
                        cells.copy_block(first, left, len, count, &ran);
                    }
                }
                let regions = first * words..(first + len) * words;
                if let Some(regions) = shared.regions.get_mut(regions) {
                    regions.copy_from_slice(
                        block.left.regions().get(..len * words).unwrap_or_default(),
                    );
                }
                if shared.unsent == 0 {
                    // Nobody is new here.
                    shared.sent.get_mut(first..first + len).unwrap_or_default().fill(now.0);
                } else {
                    (first..first + len).for_each(|place| shared.note_sent(place, now.0));
                }
            } else {
                shared.silent = true;
                let failed = |place: usize| block.failed.iter().any(|(index, _)| *index == place);
                for index in (0..len).filter(|index| !failed(*index)) {
                    take(shared, &block.left, index, first + index, now.0);
                }
            }
            if shared.draws {
                let to = shared.random.get_mut(first..first + len).unwrap_or_default();
                to.copy_from_slice(block.left.random().get(..len).unwrap_or_default());
            }
            self.rounds += len as u64;
            self.steps += block.left.steps().iter().take(len).sum::<u64>();
            self.actions += block.actions;
            keep_odd(shared, block);
            for (index, trap) in block.failed.drain(..) {
                let device = shared.ground.number(first + index);
                failed.push(FailedRound { device, at: now, trap });
            }
            block.left.swap_states(&mut block.states);
            first += len;
        }
        failed.sort_by_key(|failed| failed.device);
    }

    /// A round of one device. What it exports reaches its neighbours at once.
    ///
    /// # Errors
    /// The program failed there.
    pub fn fire(&mut self, device: usize, now: Micros) -> Result<(), FailedRound> {
        self.fire_next(&[(device as u32, now)]);
        self.first_failed()
    }

    /// Rounds of devices one after the other, as planned; what each exports reaches its neighbours
    /// at once. Runs as many of the first ones as do not depend on each other, at least one, and gives
    /// how many that were; what failed is in [`ColumnEngine::failed`], in the order of the plan.
    pub fn fire_next(&mut self, planned: &[(u32, Micros)]) -> usize {
        self.failed.clear();
        self.join(planned);
        let Self { shared, blocks, joint, places, clock, workers, failed, .. } = self;
        let count = places.len();
        for (index, place) in places.iter().enumerate() {
            let from = blocks.get(*place as usize / BLOCK);
            let pairs = joint.states.iter_mut().zip(from.map_or(&[][..], |block| &block.states));
            pairs.for_each(|(to, from)| to.copy_one(index, from, *place as usize % BLOCK));
        }
        if let Some(worker) = workers.first_mut() {
            let worker = worker.get_mut().unwrap_or_else(PoisonError::into_inner);
            joint.run(shared, worker, Planned { places, clock, fixed: false });
        }
        let mut traps = std::mem::take(&mut joint.failed);
        let mut broken = traps.drain(..).peekable();
        for (index, (place, now)) in places.iter().zip(&*clock).enumerate() {
            let place = *place as usize;
            if let Some((_, trap)) = broken.next_if(|(failed, _)| *failed == index) {
                shared.silent = true;
                let device = shared.ground.number(place);
                failed.push(FailedRound { device, at: Micros(*now), trap });
                continue;
            }
            take(shared, &joint.left, index, place, *now);
            let Some(block) = blocks.get_mut(place / BLOCK) else { continue };
            for (to, from) in block.states.iter_mut().zip(joint.left.states()) {
                to.copy_one(place % BLOCK, from, index);
            }
            block.left.take_value(place % BLOCK, &joint.left, index);
        }
        drop(broken);
        joint.failed = traps;
        if shared.draws {
            for (place, random) in places.iter().zip(joint.left.random()) {
                if let Some(held) = shared.random.get_mut(*place as usize) {
                    *held = *random;
                }
            }
        }
        self.rounds += count as u64;
        self.steps += joint.left.steps().iter().take(count).sum::<u64>();
        self.actions += joint.actions;
        keep_odd(shared, joint);
        count
    }

    /// The rounds from the first one on in which no device reads what another one of them sends.
    fn join(&mut self, planned: &[(u32, Micros)]) {
        let Self { shared, places, clock, joined, joints, .. } = self;
        places.clear();
        clock.clear();
        *joints = joints.wrapping_add(1);
        if *joints == 0 {
            joined.fill(0);
            *joints = 1;
        }
        for (device, now) in planned.iter().take(BLOCK) {
            let place = shared.ground.place(*device as usize);
            let depends = |place: &u32| joined.get(*place as usize) == Some(joints);
            if depends(&(place as u32)) || shared.ground.near(place).0.iter().any(depends) {
                break;
            }
            if let Some(held) = joined.get_mut(place) {
                *held = *joints;
            }
            places.push(place as u32);
            clock.push(now.0);
        }
    }

    /// Whether the program is one that rounds of many devices can run together.
    pub fn can_run_together(program: &Program) -> bool {
        Bulk::can_run(program)
    }
}

/// Whether a device ran a region, by what its rounds left.
fn ran(left: &CrowdLeft, words: usize, index: usize, region: u32) -> bool {
    let word = left.regions().get(index * words + region as usize / 64);
    words == 0 || word.is_some_and(|word| word >> (region % 64) & 1 == 1)
}

/// Makes visible what one device exported.
fn take(shared: &mut Shared, left: &CrowdLeft, index: usize, place: usize, now: u64) {
    let count = shared.ground.len();
    let words = shared.words;
    for ((cells, from), region) in shared.exports.iter_mut().zip(left.exports()).zip(&shared.homes)
    {
        if ran(left, words, index, *region) {
            cells.copy_one(place, from, index, count);
        }
    }
    if let Some(regions) = shared.regions.get_mut(place * words..(place + 1) * words) {
        let ran = left.regions().get(index * words..(index + 1) * words);
        regions.copy_from_slice(ran.unwrap_or_default());
    }
    shared.note_sent(place, now);
}

/// Keeps what does not fit into columns.
fn keep_odd(shared: &mut Shared, group: &mut Group) {
    for (place, exports, state) in group.odd.drain(..) {
        put(&mut shared.odd, place, exports);
        put(&mut shared.odd_states, place, state);
    }
    for (place, environment) in group.environments.drain(..) {
        if let Some(held) = shared.environments.get_mut(place as usize) {
            *held = environment;
        }
    }

    fn put<T>(held: &mut std::collections::BTreeMap<u32, T>, place: u32, value: Option<T>) {
        match value {
            Some(value) => held.insert(place, value),
            None => held.remove(&place),
        };
    }
}
