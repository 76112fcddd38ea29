//! A device with what belongs to it: its service, when it is due, what it did last.

use crate::admin::Failing;
use crate::cluster::{DeviceStatus, MAX_NEIGHBORS, Neighbor};
use crate::quic::Lane;
use crate::standing::Standing;
use crate::tasks;
use bytes::Bytes;
use fieldrun_device::host::{Action, Actuator, Reading, Sensor};
use fieldrun_device::{
    Device, Input, Micros, NodeId, Output, RoundReport, SensorFrame, wire::Frame,
};
use fieldrun_glue::{ServiceHandle, Status};
use std::sync::Arc;

/// Shortest time between two rounds of a device, however much happens.
pub(super) const MIN_GAP: Micros = Micros(20_000);

/// Shortest and longest time before the next round of a device whose round had an internal error.
const BROKEN: (Micros, Micros) = (Micros(1_000_000), Micros(60_000_000));

/// A refused action is spoken of once in this time.
const SAY_EVERY: Micros = Micros(10_000_000);

/// Longest value or message shown in status, in characters.
const MAX_SHOWN: usize = 200;

/// What a round left to be done.
#[derive(Default)]
pub(super) struct Ticked {
    /// For the neighbours.
    pub(super) frame: Option<Bytes>,
    /// For the service.
    pub(super) actions: Vec<Action>,
}

/// A device that this node hosts.
pub(super) struct Hosted {
    /// The id as text, as certificates and status have it.
    pub(super) name: Arc<str>,
    pub(super) lane: Lane,
    pub(super) service: Option<ServiceHandle>,
    pub(super) due: Micros,
    /// Actions wait until the neighbourhood is known.
    pub(super) held: bool,
    device: Device,
    last_round: Micros,
    rounds: u64,
    traps: u64,
    /// The last value or error, to notice changes.
    value: String,
    /// The diagnostic of the last round, if it failed.
    failure: Option<String>,
    said: Option<Micros>,
    /// Rounds in a row with an internal error, and when the next may come.
    broken: u32,
    not_before: Micros,
}

impl Hosted {
    pub(super) fn new(
        device: Device,
        name: Arc<str>,
        lane: Lane,
        service: Option<ServiceHandle>,
        due: Micros,
    ) -> Self {
        Self {
            name,
            lane,
            service,
            due,
            held: false,
            device,
            last_round: Micros(0),
            rounds: 0,
            traps: 0,
            value: String::new(),
            failure: None,
            said: None,
            broken: 0,
            not_before: Micros(0),
        }
    }

    /// Whether there is a running service that a hasty action could harm.
    pub(super) fn has_something_to_lose(&self) -> bool {
        self.service.as_ref().is_some_and(|service| service.snapshot().status != Status::Stop)
    }

    /// Something changed: the next round is due as soon as the gap allows.
    pub(super) fn hasten(&mut self, now: Micros) {
        let soon = Micros(self.last_round.0.saturating_add(MIN_GAP.0)).max(now);
        self.due = self.due.min(soon.max(self.not_before));
    }

    /// Runs one round. `env` and `position` are what the configuration says. An internal error is
    /// that of this device alone: it sends nothing and does nothing, and its next round comes later.
    pub(super) fn tick(
        &mut self,
        now: Micros,
        env: &[(String, Reading)],
        position: Option<&Vec<f64>>,
    ) -> Ticked {
        let name = self.name.clone();
        let ticked = tasks::contain("a round of", &name, || {
            tasks::trip("a round of", &name);
            self.round(now, env, position)
        });
        match ticked {
            Some(ticked) => {
                self.broken = 0;
                ticked
            }
            None => {
                self.give_up_round(now);
                Ticked::default()
            }
        }
    }

    fn give_up_round(&mut self, now: Micros) {
        while self.device.poll().is_some() {}
        self.traps += 1;
        self.value = "internal error".to_owned();
        let text =
            "error: an internal error ended this round; the log says where, please report it";
        self.failure = Some(text.to_owned());
        let pause = BROKEN.0.0 << self.broken.min(16);
        self.broken = self.broken.saturating_add(1);
        self.not_before = Micros(now.0.saturating_add(pause.min(BROKEN.1.0)));
        self.due = self.not_before;
    }

    fn round(
        &mut self,
        now: Micros,
        env: &[(String, Reading)],
        position: Option<&Vec<f64>>,
    ) -> Ticked {
        let readings = self.service.as_ref().map_or_else(Vec::new, Sensor::readings);
        let own = |name: &String| readings.iter().any(|(other, _)| other == name);
        let mut all: Vec<_> = env.iter().filter(|(name, _)| !own(name)).cloned().collect();
        all.extend(readings);
        let sensors = SensorFrame { env: all, position: position.cloned() };
        self.last_round = now;
        if let Some(service) = &self.service {
            let standing = Standing::from(&service.snapshot()).encode();
            self.input(Input::Status { status: &standing });
        }
        if let Err(error) = self.device.handle(Input::Tick { now, sensors: &sensors }) {
            tracing::error!(device = %self.name, %error, "the device refused its round");
        }
        self.drain()
    }

    /// Takes a frame of a neighbour.
    pub(super) fn hear(&mut self, now: Micros, frame: &Frame) {
        self.input(Input::Frame { now, frame });
    }

    /// A neighbour is gone for good.
    pub(super) fn gone(&mut self, now: Micros, id: &NodeId) {
        self.input(Input::NeighborGone { now, id });
    }

    fn input(&mut self, input: Input<'_>) {
        let name = self.name.clone();
        tasks::contain("input of", &name, || self.take_in(input));
    }

    fn take_in(&mut self, input: Input<'_>) {
        if let Err(error) = self.device.handle(input) {
            tracing::debug!(device = %self.name, %error, "input not taken");
        }
        // What is not a round leaves nothing to be done, but news may bring the next one forward.
        while let Some(output) = self.device.poll() {
            if let Output::WakeAt(at) = output
                && self.rounds > 0
            {
                self.due = self.due.min(at.max(self.not_before));
            }
        }
    }

    fn drain(&mut self) -> Ticked {
        let mut ticked = Ticked::default();
        while let Some(output) = self.device.poll() {
            match output {
                Output::Broadcast(bytes) => ticked.frame = Some(bytes),
                Output::Actuate(action) => ticked.actions.push(action),
                Output::Round(report) => self.note(&report),
                Output::WakeAt(at) => self.due = at,
            }
        }
        ticked
    }

    /// Counts a round and logs what it came to, if that is new.
    fn note(&mut self, report: &RoundReport) {
        self.rounds += 1;
        let device = &*self.name;
        match &report.result {
            Ok(value) => {
                self.failure = None;
                let value = shown(&value.to_string());
                if value != self.value {
                    tracing::info!(device, round = report.round, value, "round");
                    self.value = value;
                }
            }
            Err(trap) => {
                self.traps += 1;
                let text = trap.to_string();
                let first = shown(text.lines().next().unwrap_or_default());
                if first != self.value {
                    tracing::error!(device, round = report.round, "the round failed:\n{text}");
                    self.value = first;
                }
                self.failure = Some(text);
            }
        }
    }

    /// Carries out what the program asked for.
    pub(super) fn act(&mut self, now: Micros, action: &Action) {
        let device = self.name.clone();
        if action.name == "announce" {
            tracing::info!(device = &*device, args = ?action.args, "announcement");
            return;
        }
        if self.held {
            let what = format!("{} waits until the neighbours were heard", action.name);
            self.say(now, &what);
            return;
        }
        let result = match &self.service {
            Some(service) => service.act(action),
            None => Err(format!("{}: this device manages no service", action.name)),
        };
        if let Err(reason) = result {
            self.say(now, &reason);
        }
    }

    fn say(&mut self, now: Micros, what: &str) {
        if self.said.is_none_or(|said| now.since(said) >= SAY_EVERY) {
            self.said = Some(now);
            tracing::warn!(device = &*self.name, "action not taken: {what}");
        }
    }

    /// The last round, if it failed.
    pub(super) fn failing(&self) -> Option<Failing> {
        let diagnostic = self.failure.clone()?;
        Some(Failing { device: self.name.to_string(), rounds: self.traps, diagnostic })
    }

    pub(super) fn status(&self, now: Micros) -> DeviceStatus {
        let neighbors = self.device.neighbors().map(|neighbor| Neighbor {
            id: neighbor.id.to_string(),
            age_ms: now.since(neighbor.last_heard).0 / 1_000,
            other_program: neighbor.other_program,
            service: Standing::decode(&neighbor.status),
        });
        DeviceStatus {
            id: self.name.to_string(),
            rounds: self.rounds,
            traps: self.traps,
            value: self.value.clone(),
            hears: u64::try_from(self.device.neighbors().count()).unwrap_or(u64::MAX),
            neighbors: neighbors.take(MAX_NEIGHBORS).collect(),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
