//! The node's own state and what it does with frames, rounds and changes. It reads no clock and
//! waits for nothing; [`super::daemon`] drives it.

use super::hosted::Hosted;
use super::settling::Settling;
use crate::admin::Failing;
use crate::claims::{Claims, Verdict};
use crate::cluster::{
    self, Beat, Change, ClusterEvent, MAX_RECENT, NodeStatus, ProgramStatus, RECENT, Table, Told,
};
use crate::dependencies::{self, Problem};
use crate::envelope::{self, Message};
use crate::identity::Identity;
use crate::quic::{DownReason, Lane, LinkEvent, Transport};
use crate::refusals::Refusal;
use bytes::Bytes;
use fieldrun_device::host::Reading;
use fieldrun_device::wire::{self, Frame};
use fieldrun_device::{Limits, Micros, NodeId, Program};
use fieldrun_glue::ServiceEvent;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Lanes of the transport: all of the status (several messages if it is large), signs of life,
/// changes of the status of one node each, and devices.
const WHOLE: Lane = 0;
const BEATS: Lane = 99;
const CHANGES: Lane = 100;
pub(super) const DEVICES: Lane = 1_000;

/// Dependencies that nobody manages are not spoken of before the node has run for so long.
const QUIET_AT_FIRST: Micros = Micros(10_000_000);

/// Counts of rounds and the like are no news, but no older than this elsewhere.
const RENEW_EVERY: Micros = Micros(30_000_000);

/// Rounds that together take less are never too long.
const BRIEF: Micros = Micros(5_000);

/// Slow rounds are spoken of once in this time.
const SAY_SLOW_EVERY: Micros = Micros(60_000_000);

/// Waking this much later than meant is a pause of the whole process.
const PAUSE: Micros = Micros(1_500_000);

/// Versions of this node's own entry in the table.
#[derive(Default)]
pub(super) struct Entry {
    seq: u64,
    since: Micros,
    /// What the last version said.
    content: Option<NodeStatus>,
    /// The last version was not told yet.
    untold: bool,
}

impl Entry {
    /// The number of the version with this content: a new one if it is new, or the last is old.
    fn version(&mut self, now: Micros, content: NodeStatus) -> u64 {
        if self.content.as_ref() != Some(&content) || now.since(self.since) >= RENEW_EVERY {
            self.seq += 1;
            (self.since, self.content, self.untold) = (now, Some(content), true);
        }
        self.seq
    }
}

/// The state of a node.
pub(super) struct Core {
    pub(super) who: Identity,
    pub(super) incarnation: u64,
    pub(super) program: ProgramStatus,
    pub(super) period: Micros,
    pub(super) env: Vec<(String, Reading)>,
    pub(super) position: Option<Vec<f64>>,
    pub(super) devices: Vec<Hosted>,
    /// What the devices run.
    pub(super) running: Arc<Program>,
    pub(super) limits: Limits,
    pub(super) claims: Claims,
    pub(super) table: Table,
    pub(super) transport: Transport,
    pub(super) watchers: broadcast::Sender<Arc<ClusterEvent>>,
    pub(super) settling: Option<Settling>,
    pub(super) entry: Entry,
    pub(super) peers: BTreeMap<String, Arc<Identity>>,
    pub(super) recent: VecDeque<(Micros, Change)>,
    /// The entry of this node changed since it was last told.
    pub(super) changed: bool,
    /// When the node started; until the others are known nothing is said of what is missing.
    pub(super) started: Micros,
    /// When slow rounds were last spoken of.
    pub(super) said_slow: Option<Micros>,
    /// Problems of dependencies that were logged and are not mended.
    pub(super) known_problems: BTreeSet<Problem>,
}

impl Core {
    /// Begins to look before acting, for devices whose service runs.
    pub(super) fn settle(&mut self, now: Micros) {
        for device in &mut self.devices {
            device.held = device.has_something_to_lose();
        }
        let any = self.devices.iter().any(|device| device.held);
        self.settling = any.then(|| Settling::new(now));
    }

    fn check_settled(&mut self, now: Micros) {
        let Some(settling) = &self.settling else { return };
        let all = self.transport.all_peers_linked();
        if settling.is_over(now, all, self.peers.keys().map(String::as_str)) {
            self.settling = None;
            self.devices.iter_mut().for_each(|device| device.held = false);
            tracing::info!("the neighbourhood is known; actions are carried out from now on");
        }
    }

    /// The process stood still, by SIGSTOP or a suspended host, if it woke much later than meant.
    pub(super) fn check_pause(&mut self, now: Micros, meant: Micros) {
        let late = now.since(meant);
        if late >= PAUSE {
            let seconds = late.seconds();
            tracing::warn!(seconds, "this daemon stood still; it looks around before acting again");
            self.settle(now);
        }
    }

    /// Devices whose last round failed.
    pub(super) fn failing(&self) -> Vec<Failing> {
        self.devices.iter().filter_map(Hosted::failing).collect()
    }

    /// When the next round is due.
    pub(super) fn next_due(&self) -> Option<Micros> {
        self.devices.iter().map(|device| device.due).min()
    }

    /// Runs the rounds that are due; says whether there were any.
    pub(super) fn run_due(&mut self, now: Micros) -> bool {
        self.check_settled(now);
        let mut any = false;
        for index in 0..self.devices.len() {
            if self.devices.get(index).is_some_and(|device| device.due <= now) {
                self.round(now, index);
                any = true;
            }
        }
        any
    }

    /// Rounds that take most of the time leave as much again to frames and clients.
    pub(super) fn leave_time_for_others(&mut self, began: Micros, ended: Micros) {
        let spent = ended.since(began);
        if spent.0 < self.period.0 / 2 || spent.0 < BRIEF.0 {
            return;
        }
        let not_before = Micros(ended.0.saturating_add(spent.0));
        for device in &mut self.devices {
            device.due = device.due.max(not_before);
        }
        if self.said_slow.is_none_or(|said| ended.since(said) >= SAY_SLOW_EVERY) {
            self.said_slow = Some(ended);
            let (spent, period) = (spent.seconds(), self.period.seconds());
            tracing::warn!(spent, period, "rounds take too long for their period: they come later");
        }
    }

    /// Runs a round of every device, due or not.
    pub(super) fn run_all(&mut self, now: Micros) {
        (0..self.devices.len()).for_each(|index| self.round(now, index));
    }

    fn round(&mut self, now: Micros, index: usize) {
        let Some(device) = self.devices.get_mut(index) else { return };
        let ticked = device.tick(now, &self.env, self.position.as_ref());
        let (lane, name) = (device.lane, device.name.clone());
        if let Some(frame) = ticked.frame {
            if let Err(error) = self.transport.broadcast(lane, &envelope::device(&frame)) {
                tracing::error!(device = &*name, %error, "the round's values are not sent");
            }
            self.pass_on(now, index, &name, &frame);
        }
        if let Some(device) = self.devices.get_mut(index) {
            ticked.actions.iter().for_each(|action| device.act(now, action));
        }
    }

    /// Hands a frame of one device of this node to the others.
    fn pass_on(&mut self, now: Micros, from: usize, name: &str, frame: &Bytes) {
        let us = self.who.node.clone();
        if !self.may_count(now, name, &us) || self.devices.len() < 2 {
            return;
        }
        match wire::decode(frame, &self.running, &self.limits) {
            Ok(frame) => {
                let others = self.devices.iter_mut().enumerate().filter(|(i, _)| *i != from);
                others.for_each(|(_, device)| device.hear(now, &frame));
            }
            Err(error) => tracing::error!(device = name, %error, "own frame does not decode"),
        }
    }

    /// Whether the frame of a device counts: only one node speaks for it.
    fn may_count(&mut self, now: Micros, id: &str, node: &str) -> bool {
        match self.claims.claim(now, id, node) {
            Verdict::Accept => return true,
            Verdict::Full => self.transport.refused(node, Refusal::Overrun, "too many devices"),
            Verdict::Conflict { new } => {
                if new {
                    self.flag_conflict(now, id);
                }
                let reason = format!("device `{id}` is claimed by two nodes; neither counts");
                self.transport.refused(node, Refusal::DuplicateDevice, &reason);
            }
        }
        false
    }

    fn flag_conflict(&mut self, now: Micros, id: &str) {
        let nodes = self.claims.conflicts(now).into_iter().find(|(other, _)| other == id);
        let nodes = nodes.map(|(_, nodes)| nodes).unwrap_or_default();
        tracing::error!(device = id, ?nodes, "two nodes claim one device; give it another id");
        let gone = NodeId::text(id);
        for device in self.devices.iter_mut().filter(|device| &*device.name != id) {
            device.gone(now, &gone);
        }
        self.tell_watchers(vec![ClusterEvent::Conflict { id: id.to_owned(), nodes, at_us: now.0 }]);
        self.changed = true;
    }

    /// Takes what a link tells.
    pub(super) fn link(&mut self, now: Micros, event: LinkEvent) {
        match event {
            LinkEvent::Up { who, .. } => {
                self.tell_all_to(now, &who.node);
                self.peers.insert(who.node.clone(), who);
                self.changed = true;
            }
            LinkEvent::Down { peer, reason } => {
                let who = self.peers.remove(&*peer);
                self.changed = true;
                if let (Some(who), DownReason::Goodbye) = (who, reason) {
                    self.forget_devices_of(now, &who);
                }
            }
            LinkEvent::Frame { peer, bytes } => self.frame(now, &peer, &bytes),
        }
    }

    /// A node ended for good: its devices need not fade, they are gone.
    fn forget_devices_of(&mut self, now: Micros, who: &Identity) {
        self.claims.release(&who.node);
        for id in who.services.iter().chain([&who.node]) {
            let id = NodeId::text(id);
            self.devices.iter_mut().for_each(|device| device.gone(now, &id));
        }
    }

    fn frame(&mut self, now: Micros, peer: &str, bytes: &Bytes) {
        match envelope::open(bytes) {
            Ok(Message::Device(frame)) => self.device_frame(now, peer, &frame),
            Ok(Message::Status(told)) => self.status_message(now, peer, told),
            Ok(Message::Beats(beats)) => self.beats(now, peer, &beats),
            Err(error) => self.transport.bad_frame(peer, Refusal::Garbage, &error.to_string()),
        }
    }

    fn device_frame(&mut self, now: Micros, peer: &str, bytes: &Bytes) {
        let frame: Frame = match wire::decode(bytes, &self.running, &self.limits) {
            Ok(frame) => frame,
            Err(error) => {
                return self.transport.bad_frame(peer, Refusal::Garbage, &error.to_string());
            }
        };
        let NodeId::Text(id) = frame.head.from.clone() else {
            let reason = format!("device id {} is no text", frame.head.from);
            return self.transport.bad_frame(peer, Refusal::ForeignDevice, &reason);
        };
        // A link whose going is not told yet: its last frames no longer matter.
        let Some(who) = self.peers.get(peer) else { return };
        if !who.may_publish(&id) {
            let reason = format!(
                "it publishes device `{id}`, which its certificate does not name; issue one with \
                 `--service`"
            );
            return self.transport.bad_frame(peer, Refusal::ForeignDevice, &reason);
        }
        if let Some(settling) = &mut self.settling {
            settling.heard(peer);
        }
        if self.may_count(now, &id, peer) {
            self.devices.iter_mut().for_each(|device| device.hear(now, &frame));
        }
    }

    /// What a linked node says of itself counts more than what others say of it: they may be late,
    /// or lie.
    fn status_message(&mut self, now: Micros, peer: &str, mut told: Vec<Told>) {
        let all = told.len();
        let direct = &self.peers;
        told.retain(|told| told.status.node == peer || !direct.contains_key(&told.status.node));
        let forged = told.iter().find_map(|told| {
            let who = direct.get(&told.status.node)?;
            let mut services = told.status.services.iter();
            services.find(|service| !who.may_publish(&service.id)).map(|s| s.id.clone())
        });
        if let Some(service) = forged {
            let reason =
                format!("it speaks for service `{service}`, which its certificate does not name");
            return self.transport.bad_frame(peer, Refusal::ForeignDevice, &reason);
        }
        if told.len() < all {
            tracing::debug!(peer, left_out = all - told.len(), "hearsay of linked nodes");
        }
        let received = self.table.receive(now, told);
        self.tell_watchers(received.events);
        if !received.forward.is_empty() {
            self.tell_some(now, &received.forward);
        }
    }

    /// Tells a neighbour what it has not heard of.
    fn beats(&mut self, now: Micros, peer: &str, beats: &[Beat]) {
        let heard = self.table.hear(now, beats);
        self.tell_watchers(heard.events);
        for told in self.table.tell(now, Some(&heard.behind)) {
            let lane = lane_of(&told.status.node);
            self.send(lane, &[told], |lane, bytes| self.transport.send(peer, lane, bytes).is_ok());
        }
    }

    /// A service changed: its device runs a round at once, and everybody is told.
    pub(super) fn service_changed(&mut self, now: Micros, wall_ms: u64, event: ServiceEvent) {
        self.hasten(now, &event.service);
        self.recent.push_back((now, Change { wall_ms, event }));
        if self.recent.len() > MAX_RECENT {
            self.recent.pop_front();
        }
        self.changed = true;
    }

    /// Makes the device of a service run a round as soon as it may.
    pub(super) fn hasten(&mut self, now: Micros, service: &str) {
        let device = self.devices.iter_mut().find(|device| &*device.name == service);
        if let Some(device) = device {
            device.hasten(now);
        }
    }

    /// Tells neighbours and watchers what is new of this node.
    pub(super) fn tell_changes(&mut self, now: Micros) {
        if std::mem::take(&mut self.changed) {
            self.entry.content = None;
            self.renew_entry(now);
        }
        if std::mem::take(&mut self.entry.untold) {
            let us = BTreeSet::from([self.who.node.clone()]);
            self.tell_some(now, &us);
        }
    }

    /// Gives neighbours a sign of life of all that is known, and looks for nodes that fell silent.
    pub(super) fn tell_all(&mut self, now: Micros) {
        self.renew_entry(now);
        let silent = self.table.expire(now);
        self.tell_watchers(silent);
        self.log_dependency_problems(now);
        let beats = envelope::beats(&self.table.beats(now));
        // As many beats as there may be nodes fit in a message.
        let _sent = self.transport.broadcast(BEATS, &beats);
    }

    /// Says once what is wrong with dependencies that concern this node's services.
    fn log_dependency_problems(&mut self, now: Micros) {
        if now.since(self.started) < QUIET_AT_FIRST {
            return;
        }
        let found: BTreeSet<Problem> = dependencies::problems(self.table.services())
            .into_iter()
            .filter(|problem| match problem {
                Problem::Unknown { service, .. } => self.who.may_publish(service),
                Problem::Cycle(cycle) => cycle.iter().any(|id| self.who.may_publish(id)),
            })
            .collect();
        for problem in found.difference(&self.known_problems) {
            tracing::warn!("{problem}");
        }
        self.known_problems = found;
    }

    /// Tells a new neighbour at once what is known.
    fn tell_all_to(&mut self, now: Micros, peer: &str) {
        let told = self.table.tell(now, None);
        self.send(WHOLE, &told, |lane, bytes| self.transport.send(peer, lane, bytes).is_ok());
    }

    /// Each node has a lane of its own, so that news of one do not displace those of another.
    fn tell_some(&self, now: Micros, nodes: &BTreeSet<String>) {
        for told in self.table.tell(now, Some(nodes)) {
            let lane = lane_of(&told.status.node);
            self.send(lane, &[told], |lane, bytes| self.transport.broadcast(lane, &bytes).is_ok());
        }
    }

    fn send(&self, lane: Lane, told: &[Told], by: impl Fn(Lane, Bytes) -> bool) {
        let packed = envelope::status(told);
        for node in packed.left_out {
            let reason = "its status is too large to be passed on";
            self.transport.refused(&node, Refusal::Oversized, reason);
        }
        for (lane, bytes) in (lane..DEVICES).zip(packed.messages) {
            // Only a frame beyond the limit fails, and these are within it by construction; a link
            // that has just gone is no loss.
            let _sent = by(lane, bytes);
        }
    }

    fn renew_entry(&mut self, now: Micros) {
        self.recent.retain(|(at, _)| now.since(*at) < RECENT);
        let services = self.devices.iter().filter_map(|device| device.service.as_ref());
        let conflicts = self.claims.conflicts(now);
        let refusals = self.transport.refused_total();
        let mut status = NodeStatus {
            node: self.who.node.clone(),
            incarnation: self.incarnation,
            seq: 0,
            program: self.program.clone(),
            period_ms: self.period.0 / 1_000,
            services: services.map(|service| service.snapshot()).collect(),
            devices: self.devices.iter().map(|device| device.status(now)).collect(),
            links: self.peers.keys().cloned().collect(),
            conflicts: conflicts.into_iter().map(|(id, _)| id).collect(),
            refused: refusals,
            recent: self.recent.iter().map(|(_, change)| change.clone()).collect(),
        };
        status.seq = self.entry.version(now, status.content());
        let news = self.table.set_own(now, status);
        self.tell_watchers(news);
    }

    fn tell_watchers(&self, events: Vec<ClusterEvent>) {
        for event in events {
            // An error means that nobody watches.
            let _ = self.watchers.send(Arc::new(event));
        }
    }

    /// What this node knows of its cluster.
    pub(super) fn known(&mut self, now: Micros) -> Vec<cluster::Known> {
        self.renew_entry(now);
        self.table.known(now)
    }
}

/// The lane of changes of a node's status.
fn lane_of(node: &str) -> Lane {
    CHANGES + spread(node) % (DEVICES - CHANGES)
}

/// A number that differs between most names (FNV-1a).
fn spread(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
