//! What a run amounted to, in figures and as text.

use crate::circumstances::Circumstances;
use crate::scenario::Scenario;
use crate::shown::{Plain, Shown, shortened};
use crate::world::World;
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId, Trap};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// The most distinct values that the text lists.
const MAX_VALUES: usize = 12;
/// The longest value that the text shows in full, in characters.
const MAX_VALUE_CHARS: usize = 48;

/// What was counted during a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Device rounds, failed ones included.
    pub events: u64,
    /// Messages sent; one goes to all neighbours.
    pub messages: u64,
    /// The bytes of all messages, each counted once.
    pub bytes: u64,
    /// The bytes of the largest message.
    pub largest: u64,
    /// Messages that reached a receiver.
    pub deliveries: u64,
    /// Messages that were lost on the way to a receiver.
    pub lost: u64,
    /// Messages that no receiver could read, or one refused.
    pub refused: u64,
    /// Why the first one was refused.
    pub first_refusal: Option<String>,
    /// Rounds that failed.
    pub traps: u64,
    /// The first one.
    pub first_trap: Option<FirstTrap>,
    /// Actions that programs asked for; the simulator only counts them.
    pub actions: u64,
    /// What all rounds used of their fuel.
    pub steps: u64,
}

/// The first round that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstTrap {
    /// Where.
    pub device: NodeId,
    /// When.
    pub at: Micros,
    /// The number of the round on that device, from 1.
    pub round: u64,
    /// Where the device was, what it read, and what it and its neighbours had before; in lines.
    pub met: String,
    /// The rendered diagnostic.
    pub message: String,
}

impl Counts {
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
        self.largest = self.largest.max(bytes as u64);
    }

    /// A round failed; of the first one is kept what it met.
    pub(crate) fn trap(
        &mut self,
        world: &World,
        device: usize,
        at: Micros,
        readings: &[(String, Reading)],
        trap: &Trap,
    ) {
        self.traps += 1;
        if let (None, Some(id)) = (&self.first_trap, world.id(device).cloned()) {
            let round = world.rounds(device) + 1;
            let met = Circumstances::new(world, device, readings).to_string();
            self.first_trap =
                Some(FirstTrap { device: id, at, round, met, message: trap.to_string() });
        }
    }

    pub(crate) fn refused(&mut self, reason: String) {
        self.refused += 1;
        self.first_refusal.get_or_insert(reason);
    }
}

/// What a run amounted to. The same for the same scenario and seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The name of the scenario.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// Simulated time.
    pub simulated: Micros,
    /// The number of devices.
    pub devices: usize,
    /// Links at the end.
    pub links: usize,
    /// The distance up to which devices are linked.
    pub radius: f64,
    /// The fewest and the most rounds of a device.
    pub rounds: (u64, u64),
    /// What was counted.
    pub counts: Counts,
    /// The values at the end.
    pub values: Values,
}

/// The values of all devices at one moment, summed up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Finite numbers.
    pub numbers: Option<Numbers>,
    /// Everything else by its text and, of these, how many; by ascending text.
    pub others: BTreeMap<String, usize>,
    /// Devices without a value.
    pub missing: usize,
}

/// Some finite numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// How many.
    pub count: usize,
    /// The least one.
    pub least: f64,
    /// Their mean.
    pub mean: f64,
    /// The greatest one.
    pub greatest: f64,
}

impl Values {
    /// Sums up the values of a network.
    pub fn new(world: &World) -> Self {
        let mut values = Self::default();
        let mut numbers = Vec::new();
        for device in 0..world.len() {
            match world.shown(device) {
                Shown::Nothing => values.missing += 1,
                Shown::Number(number) if number.is_finite() => numbers.push(number),
                other => *values.others.entry(other.to_string()).or_default() += 1,
            }
        }
        if let Some(first) = numbers.first() {
            values.numbers = Some(Numbers {
                count: numbers.len(),
                least: numbers.iter().fold(*first, |a, b| a.min(*b)),
                // In the order of the network: the same bits each time.
                mean: numbers.iter().sum::<f64>() / numbers.len() as f64,
                greatest: numbers.iter().fold(*first, |a, b| a.max(*b)),
            });
        }
        values
    }
}

impl Summary {
    pub(crate) fn new(scenario: &Scenario, world: &World, now: Micros, counts: Counts) -> Self {
        let rounds = || (0..world.len()).map(|device| world.rounds(device));
        Self {
            name: scenario.name.clone(),
            seed: scenario.seed,
            simulated: now,
            devices: world.len(),
            links: world.links(),
            radius: world.radius(),
            rounds: (rounds().min().unwrap_or(0), rounds().max().unwrap_or(0)),
            counts,
            values: Values::new(world),
        }
    }

    /// A page for people. `wall` is how long the run took, when somebody measured it.
    pub fn text(&self, wall: Option<Duration>) -> String {
        let mut page = String::new();
        let mut line = |label: &str, text: String| {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "{label:<9} {text}");
        };
        let Counts { events, messages, bytes, largest, deliveries, lost, .. } = self.counts;
        line("network", self.network());
        line(
            "time",
            format!("{} s simulated, seed {}", Plain(self.simulated.seconds()), self.seed),
        );
        line("rounds", self.rounds());
        let mean = Plain((bytes as f64 / messages.max(1) as f64 * 10.0).round() / 10.0);
        line(
            "messages",
            // Rounds that cost something and sent nothing are those of the population engine.
            match (messages, self.counts.steps) {
                (0, 1..) => {
                    "none: everybody reads the values of its neighbours where they are".to_owned()
                }
                _ => format!(
                    "{messages} sent, {mean} bytes each (largest {largest}), {deliveries} received, {lost} lost"
                ),
            },
        );
        if self.counts.actions > 0 {
            line(
                "actions",
                format!("{} asked for; a simulation only counts them", self.counts.actions),
            );
        }
        for value in self.value_lines() {
            line("values", value);
        }
        if let Some(wall) = wall {
            let rate = events as f64 / wall.as_secs_f64().max(1e-9);
            line(
                "speed",
                format!("{:.2} s, {rate:.0} device rounds per second", wall.as_secs_f64()),
            );
        }
        if let Some(reason) = &self.counts.first_refusal {
            line("refused", format!("{} messages; the first: {reason}", self.counts.refused));
        }
        if let Some(trap) = &self.counts.first_trap {
            let FirstTrap { device, at, round, met, message } = trap;
            let at = Plain(at.seconds());
            line(
                "failed",
                format!(
                    "{} rounds; the first, round {round} of device {device} at {at} s:\n{met}\n{message}",
                    self.counts.traps
                ),
            );
        }
        page
    }

    fn network(&self) -> String {
        let degree = 2.0 * self.links as f64 / self.devices.max(1) as f64;
        let (devices, links) = (some(self.devices, "device"), some(self.links, "link"));
        let radius = Plain(rounded(self.radius));
        format!("{devices}, {links} at the end ({degree:.1} neighbours each, radius {radius})")
    }

    fn rounds(&self) -> String {
        let events = self.counts.events;
        match self.rounds {
            (least, most) if least == most => format!("{events} rounds, {least} on each device"),
            (least, most) => format!("{events} rounds, {least} to {most} on a device"),
        }
    }

    fn value_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(Numbers { count, least, mean, greatest }) = self.values.numbers {
            let [least, mean, greatest] = [least, mean, greatest].map(|x| Plain(rounded(x)));
            lines.push(format!("{}: {least} to {greatest}, mean {mean}", some(count, "device")));
        }
        let mut others: Vec<(&String, &usize)> = self.values.others.iter().collect();
        others.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        for (text, count) in others.iter().take(MAX_VALUES) {
            lines.push(format!(
                "{}: {}",
                some(**count, "device"),
                shortened(text, MAX_VALUE_CHARS)
            ));
        }
        if others.len() > MAX_VALUES {
            lines.push(format!("{} further values", others.len() - MAX_VALUES));
        }
        if self.values.missing > 0 {
            lines.push(format!("{}: none", some(self.values.missing, "device")));
        }
        lines
    }
}

/// To six significant digits, which is what people read.
pub(crate) fn rounded(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

/// `1 link`, `2 links`.
pub(crate) fn some(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
