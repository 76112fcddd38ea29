//! One case: a network, when its devices fire, what befalls them.

use super::motion;
use super::shape::{self, Shape};
use super::site::{Site, Spot};
use crate::random::{Purpose, Stream};
use fieldrun_device::Micros;
use std::fmt::Write as _;

/// Seconds for which a device stays away that leaves for good.
const NEVER: f64 = 1e6;

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
    /// Messages are late, and a tenth is lost, all the time.
    Loss,
    /// The same, and three tenths are lost.
    HeavyLoss,
    /// What some devices read becomes another.
    Changes,
    /// Some devices leave for good, and some join late.
    Churn,
    /// Half of the devices go to other places, and stay there.
    Motion,
    /// Corruption, restarts and loss.
    All,
}

impl Trouble {
    /// Nine of them: no common divisor with the numbers of shapes and orders.
    pub(crate) const ALL: [Self; 9] = [
        Self::Corruption,
        Self::None,
        Self::Restarts,
        Self::Loss,
        Self::All,
        Self::Changes,
        Self::Churn,
        Self::Motion,
        Self::HeavyLoss,
    ];

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Corruption => "corruption",
            Self::Restarts => "restarts",
            Self::Loss => "loss",
            Self::HeavyLoss => "heavy loss",
            Self::Changes => "changes",
            Self::Churn => "churn",
            Self::Motion => "motion",
            Self::All => "corruption, restarts, loss",
        }
    }

    /// Whether values become arbitrary.
    pub fn corrupts(self) -> bool {
        matches!(self, Self::Corruption | Self::All)
    }

    fn loss(self) -> f64 {
        match self {
            Self::Loss => 0.1,
            Self::All => 0.2,
            Self::HeavyLoss => 0.3,
            _ => 0.0,
        }
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
    /// They read what they are to read; until then, something else.
    Change,
    /// They leave for good.
    Leave,
    /// They are there from then on only.
    Join,
    /// From the start they go to another place, at a fifth of the radius in a round; by then all have
    /// arrived.
    Move,
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
    /// Where devices that move arrive, by id.
    pub(crate) arrived: Vec<(i64, [f64; 2])>,
}

impl Case {
    /// Case number `number` of a run: shapes, orders and troubles take turns, so that all of their
    /// combinations come within 252 cases.
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
            arrived: Vec::new(),
        };
        case.befall(trouble, &mut random);
        case
    }

    fn befall(&mut self, trouble: Trouble, random: &mut Stream) {
        let all: Vec<i64> = self.spots.iter().map(|spot| spot.id).collect();
        let mut some = |share: f64| all.iter().copied().filter(|_| random.unit() < share).collect();
        let mut strikes = Vec::new();
        let mut strike = |kind, at, ids| strikes.push(Strike { kind, at, ids });
        if matches!(trouble, Trouble::Restarts | Trouble::All) {
            let kind = FaultKind::Restart { down: Micros(2_500_000) };
            strike(kind, 4.4, some(0.3));
            strike(kind, 7.1, some(0.3));
        }
        if trouble.corrupts() {
            // Once in the middle of things, and once everything.
            strike(FaultKind::Corrupt, 5.5, some(0.5));
            strike(FaultKind::Corrupt, 11.0, all.clone());
        }
        if trouble == Trouble::Changes {
            strike(FaultKind::Change, 8.3, some(0.4));
        }
        if trouble == Trouble::Churn {
            strike(FaultKind::Leave, 8.3, some(0.2));
            strike(FaultKind::Join, 6.7, some(0.2));
        }
        if trouble == Trouble::Motion {
            strike(FaultKind::Move, motion::SECONDS, some(0.5));
        }
        // To no device would mean to all.
        strikes.retain(|strike| !strike.ids.is_empty());
        self.strikes = strikes;
        self.loss = trouble.loss();
        self.with_room();
    }

    /// Whether any fault is of this kind.
    pub(crate) fn has(&self, kind: FaultKind) -> bool {
        self.strikes.iter().any(|strike| strike.kind == kind)
    }

    /// Whether a fault of this kind befalls a device.
    pub(crate) fn befalls(&self, kind: FaultKind, id: i64) -> bool {
        self.strikes.iter().any(|strike| strike.kind == kind && strike.ids.contains(&id))
    }

    /// What befalls the network, as far as it still does.
    pub fn trouble(&self) -> Trouble {
        let restarts =
            self.strikes.iter().any(|strike| matches!(strike.kind, FaultKind::Restart { .. }));
        let churn = self.has(FaultKind::Leave) || self.has(FaultKind::Join);
        let found = [
            (self.has(FaultKind::Corrupt), Trouble::Corruption),
            (restarts, Trouble::Restarts),
            (self.has(FaultKind::Change), Trouble::Changes),
            (churn, Trouble::Churn),
            (self.has(FaultKind::Move), Trouble::Motion),
            (self.loss > 0.2, Trouble::HeavyLoss),
            (self.loss > 0.0 && self.loss <= 0.2, Trouble::Loss),
        ];
        let mut found = found.into_iter().filter(|(is, _)| *is).map(|(_, trouble)| trouble);
        match (found.next(), found.next()) {
            (None, _) => Trouble::None,
            (Some(only), None) => only,
            _ => Trouble::All,
        }
    }

    /// When the last fault is over, in seconds.
    pub fn calm(&self) -> f64 {
        let end = |strike: &Strike| match strike.kind {
            FaultKind::Restart { down } => strike.at + down.seconds(),
            _ => strike.at,
        };
        self.strikes.iter().map(end).fold(0.0, f64::max)
    }

    /// The same case without what changes the network or what devices read.
    pub(crate) fn on_one_network(mut self) -> Self {
        let same = |kind| matches!(kind, FaultKind::Corrupt | FaultKind::Restart { .. });
        self.strikes.retain(|strike| same(strike.kind));
        self
    }

    /// Whether devices count rounds for seconds.
    pub(crate) fn is_logical(&self) -> bool {
        matches!(self.order, Order::RoundRobin | Order::Reversed)
    }

    /// The network as plain algorithms see it, after the last fault.
    pub fn site(&self) -> Site {
        let stays = |spot: &&Spot| !self.befalls(FaultKind::Leave, spot.id);
        let mut spots: Vec<Spot> = self.spots.iter().filter(stays).cloned().collect();
        for spot in &mut spots {
            if let Some((_, point)) = self.arrived.iter().find(|(id, _)| *id == spot.id) {
                spot.point = *point;
            }
        }
        let number = |id: &i64| spots.iter().position(|spot| spot.id == *id);
        let pairs: Vec<(usize, usize)> = match self.has(FaultKind::Move) {
            true => shape::near(&spots.iter().map(|spot| spot.point).collect::<Vec<_>>()),
            false => {
                self.pairs.iter().filter_map(|(a, b)| Some((number(a)?, number(b)?))).collect()
            }
        };
        // A source that is gone leaves values behind that nothing mends.
        let kinds = [FaultKind::Corrupt, FaultKind::Change, FaultKind::Leave, FaultKind::Move];
        let corrupted = kinds.into_iter().any(|kind| self.has(kind));
        let mut site = Site::new(spots, &pairs, corrupted);
        site.late = self.loss > 0.0;
        site
    }

    /// The same network at its end, but nothing befalls it, and devices fire one after the other.
    pub fn undisturbed(&self) -> Self {
        let site = self.site();
        let id = |device: usize| site.spots.get(device).map_or(0, |spot| spot.id);
        let ahead = |device: usize| {
            site.neighbors(device).iter().filter(move |other| **other > device).copied()
        };
        let pairs = (0..site.len()).flat_map(|a| ahead(a).map(move |b| (a, b)));
        Self {
            pairs: pairs.map(|(a, b)| (id(a), id(b))).collect(),
            spots: site.spots.clone(),
            strikes: Vec::new(),
            arrived: Vec::new(),
            loss: 0.0,
            order: Order::RoundRobin,
            ..self.clone()
        }
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
        if self.has(FaultKind::Move) {
            let _ = writeln!(text, "area = {:?}", motion::AREA);
        }
        let _ = writeln!(text, "stop = {{ time = {seconds:?} }}\nrecord = {{ every = 1 }}\n");
        let schedule = match self.order {
            Order::RoundRobin | Order::Reversed => "kind = \"round-robin\"",
            Order::Random => "kind = \"periodic\"\njitter = 0.9",
            Order::Drift => "kind = \"periodic\"\njitter = 0.2\ndrift = 0.3",
        };
        let _ = writeln!(text, "[schedule]\n{schedule}\n");
        let _ = writeln!(text, "[link]\n{}\nretention = \"forever\"", self.links());
        if self.loss > 0.0 {
            let _ = writeln!(text, "loss = {:?}\ndelay = [\"20ms\", \"700ms\"]", self.loss);
        }
        let mut spots: Vec<&Spot> = self.spots.iter().collect();
        if self.order == Order::Reversed {
            spots.reverse();
        }
        for spot in spots {
            self.write_node(spot, &mut text);
        }
        for strike in &self.strikes {
            self.write_fault(strike, &mut text);
        }
        text
    }

    fn links(&self) -> String {
        if self.has(FaultKind::Move) {
            return format!("radius = {:?}", shape::MOST);
        }
        let pairs: Vec<String> = self.pairs.iter().map(|(a, b)| format!("[{a}, {b}]")).collect();
        format!("pairs = [{}]", pairs.join(", "))
    }

    fn write_node(&self, spot: &Spot, text: &mut String) {
        let before = match self.befalls(FaultKind::Change, spot.id) {
            true => spot.before_a_change(),
            false => spot.clone(),
        };
        let Spot { id, point: [x, y], .. } = spot;
        let _ = writeln!(text, "\n[[node]]\nid = {id}\nposition = [{x:?}, {y:?}]");
        let _ = writeln!(text, "env = {}", before.env());
        if self.befalls(FaultKind::Move, spot.id) {
            let _ = writeln!(text, "mobility = {}", motion::WALK);
        }
    }

    fn write_fault(&self, Strike { kind, at, ids }: &Strike, text: &mut String) {
        let (kind, at) = match kind {
            FaultKind::Corrupt => ("\"corrupt\"".to_owned(), *at),
            FaultKind::Restart { down } => {
                (format!("\"restart\"\ndown = {:?}", down.seconds()), *at)
            }
            FaultKind::Leave => (format!("\"restart\"\ndown = {NEVER:?}"), *at),
            FaultKind::Join => (format!("\"restart\"\ndown = {at:?}"), 0.0),
            // Each has values of its own.
            FaultKind::Change => {
                for spot in self.spots.iter().filter(|spot| ids.contains(&spot.id)) {
                    let (id, env) = (spot.id, spot.env());
                    let _ = writeln!(
                        text,
                        "\n[[fault]]\nkind = \"set\"\nat = {at:?}\nids = [{id}]\nenv = {env}"
                    );
                }
                return;
            }
            // That is said of nodes.
            FaultKind::Move => return,
        };
        let _ = writeln!(text, "\n[[fault]]\nkind = {kind}\nat = {at:?}\nids = {ids:?}");
    }
}
