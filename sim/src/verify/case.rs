//! One case: a network, when its devices fire, what befalls them.

use super::shape::{self, Shape};
use super::site::{Site, Spot};
use crate::random::{Purpose, Stream};
use fieldrun_device::Micros;
use std::fmt::Write as _;

/// When devices fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One after the other.
    RoundRobin,
    /// One after the other, the last one first.
    Reversed,
    /// At random times, another order in each round.
    Random,
    /// At random times, and each device at a pace of its own.
    Drift,
}

impl Order {
    const ALL: [Self; 4] = [Self::RoundRobin, Self::Reversed, Self::Random, Self::Drift];

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round-robin",
            Self::Reversed => "reversed",
            Self::Random => "random",
            Self::Drift => "drift",
        }
    }
}

/// What befalls the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// State and messages become arbitrary.
    Corruption,
    /// Some devices lose all they know and come back after a while.
    Restarts,
    /// Messages are late and lost, all the time.
    Loss,
    /// All of it.
    All,
}

impl Trouble {
    const ALL: [Self; 5] = [Self::Corruption, Self::None, Self::Restarts, Self::Loss, Self::All];

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Corruption => "corruption",
            Self::Restarts => "restarts",
            Self::Loss => "loss",
            Self::All => "corruption, restarts, loss",
        }
    }

    /// Whether values become arbitrary.
    pub fn corrupts(self) -> bool {
        matches!(self, Self::Corruption | Self::All)
    }
}

/// What befalls devices in cases, of all that scenarios know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// What they keep, and what they hold of their neighbours, becomes arbitrary.
    Corrupt,
    /// They start anew after a while, and their neighbours forget them at once.
    Restart {
        /// How long they are away.
        down: Micros,
    },
}

/// A fault, and the ids of the devices that it befalls.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// What happens.
    pub kind: FaultKind,
    /// When, in seconds.
    pub at: f64,
    /// To whom.
    pub ids: Vec<i64>,
}

/// A network and what happens to it; the same numbers give the same case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its number within the run.
    pub number: u64,
    /// How the network was made.
    pub shape: Shape,
    /// When devices fire.
    pub order: Order,
    /// The seed of the run.
    pub seed: u64,
    /// The devices, by ascending id.
    pub spots: Vec<Spot>,
    /// Links, by ids.
    pub pairs: Vec<(i64, i64)>,
    /// What befalls them, besides loss.
    pub strikes: Vec<Strike>,
    /// The share of messages that are lost; if there is any, messages are late as well.
    pub loss: f64,
}

impl Case {
    /// Case number `number` of a run: shapes, orders and troubles take turns, so that all of their
    /// combinations come within 140 cases.
    pub fn new(seed: u64, number: u64) -> Self {
        let at = |len: usize| (number % len as u64) as usize;
        let shape = Shape::ALL.get(at(Shape::ALL.len())).copied().unwrap_or(Shape::Line);
        let order = Order::ALL.get(at(Order::ALL.len())).copied().unwrap_or(Order::RoundRobin);
        let trouble = Trouble::ALL.get(at(Trouble::ALL.len())).copied().unwrap_or(Trouble::None);
        let mut random = Stream::new(seed, number, Purpose::Place);
        let (spots, pairs) = shape::network(shape, &mut random);
        let mut case = Self {
            number,
            shape,
            order,
            seed: seed.wrapping_add(number),
            spots,
            pairs,
            strikes: Vec::new(),
            loss: 0.0,
        };
        case.befall(trouble, &mut random);
        case
    }

    fn befall(&mut self, trouble: Trouble, random: &mut Stream) {
        let all: Vec<i64> = self.spots.iter().map(|spot| spot.id).collect();
        let mut some = |share: f64| all.iter().copied().filter(|_| random.unit() < share).collect();
        if matches!(trouble, Trouble::Restarts | Trouble::All) {
            for at in [4.4, 7.1] {
                let kind = FaultKind::Restart { down: Micros(2_500_000) };
                self.strikes.push(Strike { kind, at, ids: some(0.3) });
            }
        }
        if trouble.corrupts() {
            // Once in the middle of things, and once everything.
            let half = some(0.5);
            self.strikes.push(Strike { kind: FaultKind::Corrupt, at: 5.5, ids: half });
            self.strikes.push(Strike { kind: FaultKind::Corrupt, at: 11.0, ids: all.clone() });
        }
        // To no device would mean to all.
        self.strikes.retain(|strike| !strike.ids.is_empty());
        if matches!(trouble, Trouble::Loss | Trouble::All) {
            self.loss = 0.2;
        }
    }

    /// What befalls the network, as far as it still does.
    pub fn trouble(&self) -> Trouble {
        let has = |corrupt: bool| {
            self.strikes.iter().any(|strike| (strike.kind == FaultKind::Corrupt) == corrupt)
        };
        match (has(true), has(false), self.loss > 0.0) {
            (false, false, false) => Trouble::None,
            (true, false, false) => Trouble::Corruption,
            (false, true, false) => Trouble::Restarts,
            (false, false, true) => Trouble::Loss,
            _ => Trouble::All,
        }
    }

    /// When the last fault is over, in seconds.
    pub fn calm(&self) -> f64 {
        let end = |strike: &Strike| match strike.kind {
            FaultKind::Corrupt => strike.at,
            FaultKind::Restart { down } => strike.at + down.seconds(),
        };
        self.strikes.iter().map(end).fold(0.0, f64::max)
    }

    /// Whether devices count rounds for seconds.
    pub(crate) fn is_logical(&self) -> bool {
        matches!(self.order, Order::RoundRobin | Order::Reversed)
    }

    /// The network as plain algorithms see it.
    pub fn site(&self) -> Site {
        let number = |id: &i64| self.spots.iter().position(|spot| spot.id == *id);
        let pairs: Vec<(usize, usize)> =
            self.pairs.iter().filter_map(|(a, b)| Some((number(a)?, number(b)?))).collect();
        let corrupted = self.strikes.iter().any(|strike| strike.kind == FaultKind::Corrupt);
        let mut site = Site::new(self.spots.clone(), &pairs, corrupted);
        site.late = self.loss > 0.0;
        site
    }

    /// The same case, but nothing befalls the network, and devices fire one after the other.
    pub fn undisturbed(&self) -> Self {
        Self { strikes: Vec::new(), loss: 0.0, order: Order::RoundRobin, ..self.clone() }
    }

    /// One line on what the case is.
    pub fn title(&self) -> String {
        format!(
            "case {}: {} of {} devices, schedule {}, faults: {}",
            self.number,
            self.shape.name(),
            self.spots.len(),
            self.order.name(),
            self.trouble().name()
        )
    }

    /// The scenario file: `fieldrun sim` runs the very same.
    pub fn scenario(
        &self,
        program: &str,
        folders: &[String],
        seconds: f64,
        notes: &[String],
    ) -> String {
        let mut text = String::new();
        for note in notes.iter().flat_map(|note| note.lines()) {
            let _ = writeln!(text, "# {note}");
        }
        let _ = writeln!(text, "program = {program:?}");
        if !folders.is_empty() {
            let _ = writeln!(text, "path = {folders:?}");
        }
        let _ = writeln!(text, "seed = {}", self.seed);
        let _ = writeln!(text, "stop = {{ time = {seconds:?} }}\nrecord = {{ every = 1 }}\n");
        let schedule = match self.order {
            Order::RoundRobin | Order::Reversed => "kind = \"round-robin\"",
            Order::Random => "kind = \"periodic\"\njitter = 0.9",
            Order::Drift => "kind = \"periodic\"\njitter = 0.2\ndrift = 0.3",
        };
        let _ = writeln!(text, "[schedule]\n{schedule}\n");
        let pairs: Vec<String> = self.pairs.iter().map(|(a, b)| format!("[{a}, {b}]")).collect();
        let _ = writeln!(text, "[link]\npairs = [{}]\nretention = \"forever\"", pairs.join(", "));
        if self.loss > 0.0 {
            let _ = writeln!(text, "loss = {:?}\ndelay = [\"20ms\", \"700ms\"]", self.loss);
        }
        let mut spots: Vec<&Spot> = self.spots.iter().collect();
        if self.order == Order::Reversed {
            spots.reverse();
        }
        for Spot { id, point: [x, y], source, destination, obstacle, value, strength } in spots {
            let _ = writeln!(
                text,
                "\n[[node]]\nid = {id}\nposition = [{x:?}, {y:?}]\nenv = {{ source = {source}, \
                 destination = {destination}, obstacle = {obstacle}, value = {value:?}, \
                 strength = {strength:?} }}"
            );
        }
        for Strike { kind, at, ids } in &self.strikes {
            let kind = match kind {
                FaultKind::Corrupt => "\"corrupt\"".to_owned(),
                FaultKind::Restart { down } => format!("\"restart\"\ndown = {:?}", down.seconds()),
            };
            let _ = writeln!(text, "\n[[fault]]\nkind = {kind}\nat = {at:?}\nids = {ids:?}");
        }
        text
    }
}
