//! One moment as bytes.

use super::key::Key;
use crate::shown::{Shown, shortened};
use crate::{Simulation, World};
use fieldrun_device::Micros;
use serde_json::json;
use std::collections::BTreeMap;

/// The most texts that are told apart; the others share one.
const MAX_LABELS: usize = 64;
/// The longest text, in characters.
const MAX_TEXT: usize = 40;
/// The most links that a page is given.
const MAX_LINKS: usize = 1_000_000;

/// What a value is.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Nothing = 0,
    Number = 1,
    Truth = 2,
    /// The value is the place of the text in the header's `labels`.
    Text = 3,
}

/// Added to the kind of a device that is away.
const AWAY: u8 = 8;

/// What a page is told besides the devices.
pub(super) struct Frame {
    pub(super) number: u64,
    pub(super) epoch: u32,
    pub(super) playing: bool,
    pub(super) seeking: bool,
    pub(super) speed: f64,
    pub(super) end: Micros,
    pub(super) links: u32,
}

impl Frame {
    pub(super) fn bytes(&self, simulation: &Simulation, key: &Key) -> Vec<u8> {
        let world = simulation.world();
        let shown: Vec<Shown> = (0..world.len()).map(|device| key.of(simulation, device)).collect();
        let labels = labels(&shown);
        let mut header = self.header(simulation, key, &labels).into_bytes();
        // What follows is aligned, so that a page can read it in place.
        header.resize(header.len().next_multiple_of(4), b' ');
        let mut bytes = Vec::with_capacity(4 + header.len() + 13 * world.len());
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header);
        for device in 0..world.len() {
            let position = world.position(device);
            for axis in 0..2 {
                let at = position.get(axis).copied().unwrap_or(0.0) as f32;
                bytes.extend(at.to_le_bytes());
            }
        }
        let index: BTreeMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
        let values = shown.iter().map(|shown| match shown {
            Shown::Nothing => 0.0,
            Shown::Number(number) => *number as f32,
            Shown::Truth(truth) => f32::from(u8::from(*truth)),
            Shown::Text(text) => {
                let at = index.get(shortened(text, MAX_TEXT).as_str());
                at.copied().unwrap_or(MAX_LABELS) as f32
            }
        });
        bytes.extend(values.flat_map(f32::to_le_bytes));
        bytes.extend(shown.iter().enumerate().map(|(device, shown)| {
            let kind = match shown {
                Shown::Nothing => Kind::Nothing,
                Shown::Number(_) => Kind::Number,
                Shown::Truth(_) => Kind::Truth,
                Shown::Text(_) => Kind::Text,
            };
            kind as u8 + if simulation.is_away(device) { AWAY } else { 0 }
        }));
        bytes
    }

    fn header(&self, simulation: &Simulation, key: &Key, labels: &[String]) -> String {
        let world = simulation.world();
        let counts = simulation.counts();
        let keys: Vec<String> = Key::all(simulation).iter().map(ToString::to_string).collect();
        let trap = counts.first_trap.as_ref().map(|trap| {
            let (device, t) = (trap.device.to_string(), trap.at.seconds());
            json!({ "device": device, "t": t, "message": trap.message })
        });
        // JSON has no infinity.
        let speed = self.speed.is_finite().then_some(self.speed);
        json!({
            "number": self.number,
            "epoch": self.epoch,
            "devices": world.len(),
            "t": simulation.time().seconds(),
            "end": self.end.seconds(),
            "playing": self.playing,
            "seeking": self.seeking,
            "speed": speed,
            "key": key.to_string(),
            "keys": keys,
            "labels": labels,
            "links": self.links,
            "linkCount": world.links(),
            "rounds": counts.events,
            "messages": counts.messages,
            "traps": counts.traps,
            "trap": trap,
        })
        .to_string()
    }
}

/// The texts among values, ascending; the first ones if there are too many.
fn labels(shown: &[Shown]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for text in shown.iter().filter_map(|shown| match shown {
        Shown::Text(text) => Some(text.as_str()),
        _ => None,
    }) {
        if seen.len() < MAX_LABELS && seen.insert(text) {
            labels.push(shortened(text, MAX_TEXT));
        }
    }
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// All links as pairs of device numbers, or none if there are too many.
pub(super) fn links(world: &World) -> Vec<u8> {
    if world.links() > MAX_LINKS {
        return Vec::new();
    }
    let mut bytes = Vec::with_capacity(8 * world.links());
    for device in 0..world.len() {
        for other in world.neighbors(device).iter().filter(|other| **other as usize > device) {
            bytes.extend((device as u32).to_le_bytes());
            bytes.extend(other.to_le_bytes());
        }
    }
    bytes
}
