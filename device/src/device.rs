//! The device: frames and ticks in, frames and actions out.

use crate::absent::{Absence, Absent};
use crate::bases::Sent;
use crate::host::{Action, Reading};
use crate::host_values;
use crate::inbox::{Accepted, Inbox, NeighborInfo, Retention};
use crate::saved::Parts;
use crate::trace::{self, CallSite, Known, Question, SiteReport};
use crate::wire::{self, DecodeError, Frame, Head};
use bytes::Bytes;
use fieldrun_lang::{
    DiagCode, Environment, Exports, Machine, Memory, Micros, Neighbor, NodeId, Program, RoundInput,
    Setting, Trap, Value,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use thiserror::Error;

/// What time means to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// `getDeltaTime`, `nbrLag` and `nbrDelay` are measured.
    Real,
    /// They are 1 from the first round on: rounds are the unit of time.
    Logical,
}

/// What a device may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Limits of one round of evaluation.
    pub round: fieldrun_lang::Limits,
    /// Bytes of one frame, received or sent.
    pub frame_bytes: usize,
    /// Neighbours.
    pub neighbors: usize,
}

/// Stack that threads need which run rounds under [`Limits::deep`].
pub const ROUND_STACK: usize = 64 << 20;

impl Limits {
    /// For hosts that give their threads [`ROUND_STACK`]: programs may call some thousand deep.
    pub fn deep() -> Self {
        let round = fieldrun_lang::Limits::for_stack(ROUND_STACK / 2);
        Self { round, ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { round: fieldrun_lang::Limits::default(), frame_bytes: 1 << 20, neighbors: 4_096 }
    }
}

/// How news of neighbours bring rounds forward: a change travels in milliseconds and not in
/// periods, yet programs whose values change in every round do not drive each other on and on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Shortest time between two rounds.
    pub gap: Micros,
    /// So many rounds may be brought forward in a row; each round gives back an eighth of one.
    pub burst: u32,
}

/// How a device is made.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    /// Its unique name.
    pub id: NodeId,
    /// What it runs.
    pub program: Arc<Program>,
    /// When it means to run its next round; announced to neighbours.
    pub period: Micros,
    /// What time means to the program.
    pub clock: Clock,
    /// How long neighbours count.
    pub retention: Retention,
    /// Whether news of a neighbour brings the next round forward.
    pub reaction: Option<Reaction>,
    /// Seed of its random numbers, together with its id.
    pub seed: u64,
    /// How often it was started.
    pub incarnation: u64,
    /// What it may use.
    pub limits: Limits,
}

impl DeviceConfig {
    /// One round a second on a real clock; neighbours count for three of their periods.
    pub fn new(id: NodeId, program: Arc<Program>) -> Self {
        Self {
            id,
            program,
            period: Micros::SECOND,
            clock: Clock::Real,
            retention: Retention::Periods(3.0),
            reaction: None,
            seed: 0,
            incarnation: 1,
            limits: Limits::default(),
        }
    }
}

/// What the surroundings look like just before a round.
#[derive(Clone, Debug, Default)]
pub struct SensorFrame {
    /// Readings by name. A reading goes into the environment when it changes; what the program puts
    /// there under the same name stays until then. A name that is no longer read leaves the
    /// environment.
    pub env: Vec<(String, Reading)>,
    /// Where the device is, in metres.
    pub position: Option<Vec<f64>>,
}

/// What happens to a device.
#[derive(Debug)]
pub enum Input<'a> {
    /// Time for a round.
    Tick {
        /// The device's clock.
        now: Micros,
        /// A snapshot of the surroundings.
        sensors: &'a SensorFrame,
    },
    /// Bytes from a neighbour.
    Message {
        /// The device's clock.
        now: Micros,
        /// The device that sent them, as the transport knows it.
        from: &'a NodeId,
        /// An encoded [`Frame`].
        bytes: &'a [u8],
    },
    /// A frame that was decoded already, as a simulator does once for all receivers.
    Frame {
        /// The device's clock.
        now: Micros,
        /// What [`wire::decode`] gave for the program of this device.
        frame: &'a Frame,
    },
    /// What the host has to say of itself to every neighbour, whatever program that runs: sent with
    /// every round from now on, and not seen by programs. What the bytes mean is decided by hosts;
    /// the first [`MAX_STATUS`](wire::MAX_STATUS) are kept.
    Status {
        /// What is said; nothing if empty.
        status: &'a [u8],
    },
    /// A neighbour said goodbye, or the link to it is gone.
    NeighborGone {
        /// The device's clock.
        now: Micros,
        /// The neighbour.
        id: &'a NodeId,
    },
}

/// What a device wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// To every neighbour: one encoded frame.
    Broadcast(Bytes),
    /// To the host, after a round that succeeded.
    Actuate(Action),
    /// What the round gave.
    Round(RoundReport),
    /// Advice when the next tick is due. Always the last output of an input.
    WakeAt(Micros),
}

/// What a round gave.
#[derive(Clone, Debug)]
pub struct RoundReport {
    /// The number of the round, from 1.
    pub round: u64,
    /// When it ran.
    pub at: Micros,
    /// The value of the program, or why there is none.
    pub result: Result<Value, Trap>,
    /// What it used of its fuel, see [`Success::steps`](fieldrun_lang::Success::steps): a measure of work that is
    /// the same everywhere; 0 if it failed.
    pub steps: u64,
}

/// Why a message was not taken. The device is unchanged.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// The bytes are no frame.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The frame names another sender than the transport does.
    #[error("a frame of {claimed} came from {sender} (each device may speak only for itself)")]
    ForeignSender {
        /// Who the frame says it is from.
        claimed: String,
        /// Who sent it.
        sender: String,
    },
    /// The frame claims to be from this very device.
    #[error("a frame claims to be from this device, {0} (give each device an id of its own)")]
    OwnId(String),
    /// There are as many neighbours as may be.
    #[error("there are {0} neighbours already (raise the limit, or link fewer)")]
    TooManyNeighbors(usize),
}

/// A device: one running copy of a program.
///
/// # Contract
/// Call [`Device::handle`] once, then [`Device::poll`] until it returns nothing (the last output is
/// [`Output::WakeAt`]); only then the next `handle`. `now` never goes back. There is no other way
/// in or out: no clock, no socket, no thread. A clone goes on as the original would.
#[derive(Clone, Debug)]
pub struct Device {
    config: DeviceConfig,
    /// What it runs, as frames name it.
    shape: u64,
    /// What its host says of itself.
    status: Vec<u8>,
    inbox: Inbox,
    absent: Absent,
    sent: Sent,
    memory: Memory,
    /// For rounds that nobody lends a machine to.
    machine: Idle,
    /// The last reading of each name.
    readings: BTreeMap<String, Reading>,
    round: u64,
    /// When the last successful round ran.
    last_round: Option<Micros>,
    wake_at: Micros,
    last_tick: Micros,
    /// Rounds that may be brought forward, in eighths.
    credit: u32,
    outputs: VecDeque<Output>,
}

/// A machine between two rounds. It holds nothing that the next round depends on, so a clone makes
/// one of its own when it needs it.
#[derive(Debug)]
struct Idle(Option<Box<Machine>>);

impl Clone for Idle {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Device {
    /// A device before its first round.
    pub fn new(config: DeviceConfig) -> Self {
        let mixed = random_stream(config.seed, &config.id);
        let credit = config.reaction.map_or(0, |reaction| reaction.burst.saturating_mul(8));
        Self {
            credit,
            last_tick: Micros(0),
            shape: wire::shape(&config.program),
            status: Vec::new(),
            config,
            inbox: Inbox::default(),
            absent: Absent::default(),
            sent: Sent::default(),
            memory: Memory::new(Environment::new(), mixed),
            machine: Idle(None),
            readings: BTreeMap::new(),
            round: 0,
            last_round: None,
            wake_at: Micros(0),
            outputs: VecDeque::new(),
        }
    }

    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            incarnation: self.config.incarnation,
            status: self.status,
            inbox: self.inbox,
            absent: self.absent,
            sent: self.sent,
            memory: self.memory,
            readings: self.readings,
            round: self.round,
            last_round: self.last_round,
            wake_at: self.wake_at,
            last_tick: self.last_tick,
            credit: self.credit,
        }
    }

    pub(crate) fn put_parts(&mut self, parts: Parts) {
        let mut config = self.config.clone();
        config.incarnation = parts.incarnation;
        *self = Self {
            shape: self.shape,
            config,
            status: parts.status,
            inbox: parts.inbox,
            absent: parts.absent,
            sent: parts.sent,
            memory: parts.memory,
            machine: Idle(None),
            readings: parts.readings,
            round: parts.round,
            last_round: parts.last_round,
            wake_at: parts.wake_at,
            last_tick: parts.last_tick,
            credit: parts.credit,
            outputs: VecDeque::new(),
        };
    }

    pub(crate) fn program(&self) -> &Program {
        &self.config.program
    }

    /// Its name.
    pub fn id(&self) -> &NodeId {
        &self.config.id
    }

    /// Neighbours that count now, in ascending id.
    pub fn neighbors(&self) -> impl Iterator<Item = NeighborInfo> + '_ {
        let own = self.shape;
        self.inbox.entries().map(move |(id, entry)| NeighborInfo {
            id: id.clone(),
            incarnation: entry.incarnation,
            round: entry.round,
            last_heard: entry.received,
            other_program: entry.shape != own,
            status: entry.status.clone(),
        })
    }

    /// What the last successful round kept, each with where in the program that is if it is known.
    pub fn kept(&self) -> Vec<(Option<String>, &Value)> {
        let layout = self.config.program.layout();
        let place = |path: u64| {
            let slot = layout.exports().iter().position(|slot| slot.path == path)?;
            layout.place(slot).map(fieldrun_lang::Span::place)
        };
        self.memory.state().cells().into_iter().map(|(path, value)| (place(path), value)).collect()
    }

    /// The environment as the last successful round left it.
    pub fn environment(&self) -> &Environment {
        &self.memory.environment
    }

    /// Replaces every value that the device keeps from round to round, and every value that it holds
    /// of its neighbours: the transient fault that self-stabilising programs recover from. What
    /// `change` gives must not be null.
    pub fn disturb(&mut self, mut change: impl FnMut(&Value) -> Value) {
        self.memory.replace_state(&mut change);
        self.inbox.replace_exports(self.config.program.layout(), change);
    }

    /// Starts the device anew, as its next incarnation. It has heard nothing yet; what it kept from
    /// round to round is lost as well, unless it `keeps` it, as on a disk.
    pub fn restart(&mut self, keeps: bool) {
        let mut config = self.config.clone();
        config.incarnation += 1;
        let old = std::mem::replace(self, Self::new(config));
        if keeps {
            (self.memory, self.readings) = (old.memory, old.readings);
        }
    }

    /// Something happened.
    ///
    /// # Errors
    /// A message could not be taken; the device is as before, and nothing else is affected.
    pub fn handle(&mut self, input: Input<'_>) -> Result<(), DeviceError> {
        match input {
            Input::Tick { now, sensors } => {
                let mut machine = self.machine.0.take().unwrap_or_default();
                self.tick(now, sensors, &mut machine);
                self.machine = Idle(Some(machine));
                Ok(())
            }
            Input::Message { now, from, bytes } => {
                let frame = wire::decode(bytes, &self.config.program, &self.config.limits)
                    .inspect_err(|error| self.absent.refuse(from, now, error.to_string()))?;
                if frame.head.from != *from {
                    let (claimed, sender) = (frame.head.from.to_string(), from.to_string());
                    return Err(DeviceError::ForeignSender { claimed, sender });
                }
                self.receive(now, &frame)
            }
            Input::Frame { now, frame } => self.receive(now, frame),
            Input::Status { status } => {
                self.status = status.iter().copied().take(wire::MAX_STATUS).collect();
                self.outputs.push_back(Output::WakeAt(self.wake_at));
                Ok(())
            }
            Input::NeighborGone { now, id } => {
                self.inbox.remove(id);
                self.absent.note(id, now, Absence::Left);
                self.outputs.push_back(Output::WakeAt(self.wake_at));
                Ok(())
            }
        }
    }

    /// The next thing to do; nothing after [`Output::WakeAt`].
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn receive(&mut self, now: Micros, frame: &Frame) -> Result<(), DeviceError> {
        if frame.head.from == self.config.id {
            return Err(DeviceError::OwnId(frame.head.from.to_string()));
        }
        self.absent.heard(&frame.head.from);
        let own = (&self.config.id, self.config.incarnation);
        let learn = |notes: &[u32], holds: &mut Vec<u64>| self.sent.learn(own, notes, holds);
        match self.inbox.accept(frame, now, &self.config.limits, learn) {
            Accepted::Full => {
                return Err(DeviceError::TooManyNeighbors(self.config.limits.neighbors));
            }
            Accepted::News => self.hasten(now),
            Accepted::Same | Accepted::Stale => {}
        }
        self.outputs.push_back(Output::WakeAt(self.wake_at));
        Ok(())
    }

    /// Brings the next round forward, if that is wanted and not done too often.
    fn hasten(&mut self, now: Micros) {
        let Some(reaction) = self.config.reaction else { return };
        let soon = Micros(self.last_tick.0.saturating_add(reaction.gap.0)).max(now);
        if soon < self.wake_at && self.credit >= 8 {
            self.credit -= 8;
            self.wake_at = soon;
        }
    }

    /// One round, as [`Input::Tick`] runs it, in a machine that serves many devices: then none needs
    /// one of its own.
    ///
    /// Sensors, stale neighbours out, evaluate, and only after success commit, send and act. After a
    /// trap the old state stays and nothing is sent.
    pub fn tick(&mut self, now: Micros, sensors: &SensorFrame, machine: &mut Machine) {
        self.round += 1;
        self.last_tick = now;
        let full = self.config.reaction.map_or(0, |reaction| reaction.burst.saturating_mul(8));
        self.credit = self.credit.saturating_add(1).min(full);
        self.sense(sensors);
        self.retire(now);
        let (result, steps) = match self.evaluate(now, sensors, machine) {
            Ok((value, steps)) => (Ok(value), steps),
            Err(trap) => (Err(trap), 0),
        };
        // A failed round did not happen: its time counts towards the next one.
        if result.is_ok() {
            self.last_round = Some(now);
        }
        let report = RoundReport { round: self.round, at: now, result, steps };
        self.outputs.push_back(Output::Round(report));
        self.wake_at = Micros(now.0 + self.config.period.0);
        self.outputs.push_back(Output::WakeAt(self.wake_at));
    }

    /// What the round to come would see at a call site if it ran now: what this device shares
    /// there, the value of each neighbour that is aligned, and why each other one is not.
    ///
    /// Nothing else comes of it; [`Input::Tick`] at the same time runs the round.
    pub fn explain(&mut self, now: Micros, sensors: &SensorFrame, at: &CallSite) -> SiteReport {
        self.sense(sensors);
        self.retire(now);
        let neighbors = heard(&self.config, &self.inbox, now);
        let setting = setting(&self.config, self.last_round, now, sensors);
        let input = RoundInput {
            id: setting.id,
            now: setting.now,
            delta: setting.delta,
            position: setting.position,
            neighbors: &neighbors,
            state: self.memory.state(),
            environment: &self.memory.environment,
            random: self.memory.random,
            limits: setting.limits,
        };
        let known = self.inbox.entries().map(|(id, entry)| Known {
            id,
            round: entry.round,
            received: entry.received,
            same_program: entry.shape == self.shape,
            exports: entry.exports.as_deref(),
        });
        let question = Question {
            program: &self.config.program,
            round: self.round + 1,
            now,
            known: known.collect(),
            at,
        };
        let absent = self.absent.devices();
        let absent = absent.map(|(id, (since, why))| trace::absentee(id, *since, why, now));
        question.answer(&input, absent.collect())
    }

    fn retire(&mut self, now: Micros) {
        let Self { config, inbox, absent, .. } = self;
        inbox.retire(now, config.retention, |id, entry| {
            let (heard, period) = (entry.received, entry.period);
            absent.note(id, now, Absence::Expired { heard, period });
        });
    }

    fn sense(&mut self, sensors: &SensorFrame) {
        // Names are mostly the same ones, so this is never true in vain.
        if self.readings.len() > sensors.env.len() {
            let Self { readings, memory, .. } = self;
            readings.retain(|name, _| {
                let read = sensors.env.iter().any(|(known, _)| known == name);
                if !read {
                    memory.environment.remove(name.as_str());
                }
                read
            });
        }
        for (name, reading) in &sensors.env {
            if self.readings.get(name) != Some(reading) {
                self.readings.insert(name.clone(), reading.clone());
                self.memory
                    .environment
                    .insert(Arc::from(name.as_str()), host_values::value(reading));
            }
        }
    }

    fn evaluate(
        &mut self,
        now: Micros,
        sensors: &SensorFrame,
        machine: &mut Machine,
    ) -> Result<(Value, u64), Trap> {
        let neighbors = heard(&self.config, &self.inbox, now);
        let setting = setting(&self.config, self.last_round, now, sensors);
        let mut bytes = Vec::new();
        let send = |exports: &Exports| {
            let outgoing = Outgoing {
                config: &self.config,
                shape: self.shape,
                status: &self.status,
                round: self.round,
                inbox: &self.inbox,
            };
            bytes = outgoing.encode(exports, &mut self.sent)?;
            Ok(())
        };
        let program = &self.config.program;
        let success = machine.round_if(program, &setting, &neighbors, &mut self.memory, send)?;
        self.outputs.push_back(Output::Broadcast(Bytes::from(bytes)));
        let actions = success.actions.iter().map(|a| Output::Actuate(host_values::action(a)));
        self.outputs.extend(actions);
        Ok((success.value, success.steps))
    }
}

/// Where the random numbers of a device begin: one stream a device, as the id is mixed into the seed.
pub fn random_stream(seed: u64, id: &NodeId) -> u64 {
    let text = id.to_string();
    text.bytes().fold(seed ^ 0x9e37_79b9_7f4a_7c15, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
    })
}

/// The neighbours whose values a round may use.
fn heard<'a>(config: &DeviceConfig, inbox: &'a Inbox, now: Micros) -> Vec<Neighbor<'a>> {
    let logical = config.clock == Clock::Logical;
    inbox
        .entries()
        .filter_map(|(id, entry)| {
            Some(Neighbor {
                id,
                exports: entry.exports.as_deref()?,
                lag: if logical { 1.0 } else { now.since(entry.received).seconds() },
                delay: if logical { 1.0 } else { entry.period.seconds() },
            })
        })
        .collect()
}

/// Where and when a round takes place.
fn setting<'a>(
    config: &'a DeviceConfig,
    last_round: Option<Micros>,
    now: Micros,
    sensors: &'a SensorFrame,
) -> Setting<'a> {
    let logical = config.clock == Clock::Logical;
    let since_last = last_round.map_or(0.0, |last| now.since(last).seconds());
    Setting {
        id: &config.id,
        now: now.seconds(),
        delta: if logical { 1.0 } else { since_last },
        position: sensors.position.as_deref(),
        limits: config.limits.round,
    }
}

/// What the frame of a round is made of besides its exports.
struct Outgoing<'a> {
    config: &'a DeviceConfig,
    shape: u64,
    status: &'a [u8],
    round: u64,
    inbox: &'a Inbox,
}

impl Outgoing<'_> {
    /// The frame of the round, if it may be sent.
    fn encode(&self, exports: &Exports, sent: &mut Sent) -> Result<Vec<u8>, Trap> {
        let entries = || self.inbox.entries();
        let mut notes: Vec<u32> =
            entries().flat_map(|(id, entry)| entry.held.notes(id, entry.incarnation)).collect();
        notes.sort_unstable();
        notes.dedup();
        let alike = entries().filter(|(_, entry)| entry.shape == self.shape);
        let holders: Vec<&[u64]> = alike.map(|(_, entry)| entry.holds.as_slice()).collect();
        let mut head = Head {
            from: self.config.id.clone(),
            incarnation: self.config.incarnation,
            round: self.round,
            period: self.config.period,
            shape: self.shape,
            status: self.status.to_vec(),
            offer: false,
            notes,
        };
        let (layout, limit) = (self.config.program.layout(), self.config.limits.frame_bytes);
        sent.encode(&mut head, exports, layout, &holders, limit).map_err(|bytes| {
            Trap::without_place(
                DiagCode::MessageTooLarge,
                format!("the message of this round has {bytes} bytes; at most {limit} can be sent"),
                "share less: does a shared tuple or text grow every round?",
            )
        })
    }
}
