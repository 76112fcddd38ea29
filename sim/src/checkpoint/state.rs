//! What is saved of a run, room by room.

use super::plain::{Blob, Id, Read, micros};
use crate::SimError;
use crate::engine::Engine;
use crate::faults::{SavedAilments, SavedDisturbance, SavedStrike};
use crate::mobility::SavedMovement;
use crate::network::Peer;
use crate::queue::{Happening, Queue};
use crate::random::Stream;
use crate::summary::{Counts, FirstTrap};
use fieldrun_device::saved::{Pool, Shared, restore_values, save_values};
use fieldrun_device::wire::{self, Frame};
use fieldrun_device::{Limits, Micros, Program};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that changes in a run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(with = "micros")]
    now: Micros,
    last: usize,
    lacking: usize,
    counts: SavedCounts,
    points: Vec<[f64; 3]>,
    values: Blob,
    rounds: Vec<u64>,
    cuts: BTreeSet<(u32, u32)>,
    firing: Vec<Stream>,
    /// When each device fires next.
    due: Vec<u64>,
    movement: SavedMovement,
    faults: Vec<SavedStrike>,
    disturbances: Vec<SavedDisturbance>,
    peers: Vec<SavedPeer>,
    /// What devices hold together.
    shared: Blob,
    /// Messages on their way, each once, by number.
    frames: Vec<Blob>,
    planned: Vec<Planned>,
    /// How many things were ever planned.
    numbers: u64,
}

/// A device with its surroundings.
#[derive(Debug, Serialize, Deserialize)]
struct SavedPeer {
    device: Blob,
    env: Vec<(String, Read)>,
    position: Option<Vec<f64>>,
    links: Stream,
    bad: BTreeSet<u32>,
    #[serde(with = "micros")]
    away_until: Micros,
    rounds: u64,
    /// When it ran its last round, by true time and by its clock.
    last: Option<(u64, u64)>,
    ailments: Option<SavedAilments>,
}

/// Something that is to happen.
#[derive(Debug, Serialize, Deserialize)]
struct Planned {
    #[serde(with = "micros")]
    at: Micros,
    number: u64,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
enum What {
    Fault(u32),
    Leave { fault: u32, device: u32 },
    Move,
    Step,
    Fire(u32),
    Arrive { from: u32, to: u32, frame: u32 },
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedCounts {
    numbers: [u64; 10],
    first_refusal: Option<String>,
    first_trap: Option<SavedTrap>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedTrap {
    device: Id,
    #[serde(with = "micros")]
    at: Micros,
    round: u64,
    met: String,
    message: String,
}

impl SavedTrap {
    fn of(FirstTrap { device, at, round, met, message }: &FirstTrap) -> Self {
        let (met, message) = (met.clone(), message.clone());
        Self { device: Id::from(device), at: *at, round: *round, met, message }
    }
}

impl From<SavedTrap> for FirstTrap {
    fn from(SavedTrap { device, at, round, met, message }: SavedTrap) -> Self {
        Self { device: device.into(), at, round, met, message }
    }
}

impl From<&Counts> for SavedCounts {
    fn from(counts: &Counts) -> Self {
        let Counts { events, messages, bytes, largest, deliveries, lost, refused, .. } = *counts;
        let Counts { traps, actions, steps, .. } = *counts;
        let first_trap = counts.first_trap.as_ref();
        Self {
            numbers: [
                events, messages, bytes, largest, deliveries, lost, refused, traps, actions, steps,
            ],
            first_refusal: counts.first_refusal.clone(),
            first_trap: first_trap.map(SavedTrap::of),
        }
    }
}

impl From<SavedCounts> for Counts {
    fn from(saved: SavedCounts) -> Self {
        let [events, messages, bytes, largest, deliveries, lost, refused, traps, actions, steps] =
            saved.numbers;
        Self {
            events,
            messages,
            bytes,
            largest,
            deliveries,
            lost,
            refused,
            traps,
            actions,
            steps,
            first_refusal: saved.first_refusal,
            first_trap: saved.first_trap.map(FirstTrap::from),
        }
    }
}

/// Messages, each once.
#[derive(Default)]
pub(crate) struct Frames {
    /// By where they lie in memory.
    known: BTreeMap<usize, u32>,
    all: Vec<Arc<Frame>>,
}

impl Frames {
    /// The number of a message.
    pub(crate) fn number(&mut self, frame: &Arc<Frame>) -> u32 {
        let Self { known, all } = self;
        *known.entry(Arc::as_ptr(frame).addr()).or_insert_with(|| {
            all.push(frame.clone());
            all.len() as u32 - 1
        })
    }

    fn save(&self, program: &Program) -> Result<Vec<Blob>, SimError> {
        let bytes = |frame: &Arc<Frame>| {
            let foreign = || SimError::Unsaved {
                what: format!("a message of device {}", frame.head.from),
                why: "it is of another program".to_owned(),
            };
            frame.encode(program).map(Blob).ok_or_else(foreign)
        };
        self.all.iter().map(bytes).collect()
    }
}

/// What is read from a checkpoint and does not fit.
pub(crate) fn unfit(why: impl ToString) -> SimError {
    SimError::CheckpointState { why: why.to_string() }
}

impl State {
    pub(crate) fn of(engine: &Engine) -> Result<Self, SimError> {
        let program = engine.network.program();
        let (mut pool, mut frames) = (Pool::default(), Frames::default());
        let name = |device: usize| {
            engine.world.id(device).map_or_else(String::new, |id| format!("device {id}"))
        };
        let mut peers = Vec::with_capacity(engine.world.len());
        for (number, peer) in engine.network.peers().iter().enumerate() {
            let unsaved = |error| SimError::Unsaved { what: name(number), why: format!("{error}") };
            let device = Blob(peer.device.save(&mut pool).map_err(unsaved)?);
            peers.push(SavedPeer::of(peer, device, &mut frames));
        }
        let values = save_values(&engine.world.values).map_err(|error| SimError::Unsaved {
            what: "a result".into(),
            why: error.to_string(),
        })?;
        let mut entries: Vec<_> = engine.queue.entries().collect();
        entries.sort_unstable_by_key(|(_, number, _)| *number);
        let planned = entries.into_iter().map(|(at, number, happening)| {
            let what = What::of(happening, &mut frames);
            Planned { at, number, what }
        });
        let planned = planned.collect();
        Ok(Self {
            now: engine.now,
            last: engine.last,
            lacking: engine.lacking,
            counts: SavedCounts::from(&engine.counts),
            points: engine.world.points.clone(),
            values: Blob(values),
            rounds: engine.world.rounds.clone(),
            cuts: engine.cuts.clone(),
            firing: engine.firing.streams().to_vec(),
            due: engine.due.iter().map(|at| at.0).collect(),
            movement: engine.movement.save(),
            faults: engine.faults.iter().map(SavedStrike::of).collect(),
            disturbances: engine.network.disturbances().saved(),
            peers,
            shared: Blob(pool.save(program)),
            frames: frames.save(program)?,
            planned,
            numbers: engine.queue.numbers(),
        })
    }

    /// Makes the state that of an engine at the start of the same scenario.
    pub(crate) fn put_into(self, engine: &mut Engine) -> Result<(), SimError> {
        let devices = engine.world.len();
        let lengths = [self.points.len(), self.rounds.len(), self.peers.len(), self.due.len()];
        if lengths.iter().any(|length| *length != devices)
            || self.faults.len() != engine.faults.len()
        {
            return Err(unfit("it has another number of devices or faults"));
        }
        let program = engine.network.program().clone();
        let shared = Shared::restore(&self.shared.0, &program).map_err(unfit)?;
        let limits = Limits::deep();
        let frame = |bytes: &Blob| wire::decode(&bytes.0, &program, &limits).map(Arc::new);
        let frames: Vec<Arc<Frame>> =
            self.frames.iter().map(frame).collect::<Result<_, _>>().map_err(unfit)?;
        for (peer, saved) in engine.network.peers_mut().iter_mut().zip(self.peers) {
            saved.put_into(peer, &shared, &frames)?;
        }
        engine.world.values = restore_values(&self.values.0).map_err(unfit)?;
        if engine.world.values.len() != devices || !engine.firing.resume(self.firing) {
            return Err(unfit("it has another number of devices"));
        }
        if !engine.movement.resume(self.movement) {
            return Err(unfit("other devices move in it"));
        }
        engine.due = self.due.into_iter().map(Micros).collect();
        for (fault, saved) in engine.faults.iter_mut().zip(self.faults) {
            saved.put_into(fault);
        }
        engine.resume_disturbances(self.disturbances)?;
        let mut queue = Queue::resuming(self.numbers);
        for Planned { at, number, what } in self.planned {
            queue.restore(at, number, what.happening(&frames)?);
        }
        engine.queue = queue;
        engine.world.points = self.points;
        engine.world.rounds = self.rounds;
        (engine.now, engine.last, engine.lacking) = (self.now, self.last, self.lacking);
        engine.counts = self.counts.into();
        engine.cuts = self.cuts;
        engine.world.neighbors = engine.linked()?;
        Ok(())
    }
}

impl SavedPeer {
    fn of(peer: &Peer, device: Blob, frames: &mut Frames) -> Self {
        let env = peer.sensors.env.iter().map(|(name, value)| (name.clone(), value.into()));
        Self {
            device,
            env: env.collect(),
            position: peer.sensors.position.clone(),
            links: peer.links.clone(),
            bad: peer.bad.clone(),
            away_until: peer.away_until,
            rounds: peer.rounds,
            last: peer.last.map(|(at, local)| (at.0, local.0)),
            ailments: peer.ailments.as_ref().map(|ailments| ailments.save(frames)),
        }
    }

    fn put_into(
        self,
        peer: &mut Peer,
        shared: &Shared,
        frames: &[Arc<Frame>],
    ) -> Result<(), SimError> {
        peer.device.resume(&self.device.0, shared).map_err(unfit)?;
        peer.sensors.env = self.env.into_iter().map(|(name, value)| (name, value.into())).collect();
        peer.sensors.position = self.position;
        peer.links = self.links;
        peer.bad = self.bad;
        peer.away_until = self.away_until;
        peer.rounds = self.rounds;
        peer.last = self.last.map(|(at, local)| (Micros(at), Micros(local)));
        let ailments = self.ailments.map(|ailments| ailments.restored(frames)).transpose()?;
        peer.ailments = ailments.map(Box::new);
        Ok(())
    }
}

/// A message by its number.
pub(crate) fn frame(number: u32, frames: &[Arc<Frame>]) -> Result<Arc<Frame>, SimError> {
    frames
        .get(number as usize)
        .cloned()
        .ok_or_else(|| unfit("it names a message that is not there"))
}

impl What {
    fn of(happening: &Happening, frames: &mut Frames) -> Self {
        match happening {
            Happening::Fault(number) => Self::Fault(*number),
            Happening::Leave { fault, device } => Self::Leave { fault: *fault, device: *device },
            Happening::Move => Self::Move,
            Happening::Step => Self::Step,
            Happening::Fire(device) => Self::Fire(*device),
            Happening::Arrive { from, to, frame } => {
                Self::Arrive { from: *from, to: *to, frame: frames.number(frame) }
            }
        }
    }

    fn happening(self, frames: &[Arc<Frame>]) -> Result<Happening, SimError> {
        Ok(match self {
            Self::Fault(number) => Happening::Fault(number),
            Self::Leave { fault, device } => Happening::Leave { fault, device },
            Self::Move => Happening::Move,
            Self::Step => Happening::Step,
            Self::Fire(device) => Happening::Fire(device),
            Self::Arrive { from, to, frame: number } => {
                Happening::Arrive { from, to, frame: frame(number, frames)? }
            }
        })
    }
}
