//! Cases in which devices move.

use super::block::{Needs, Oracle};
use super::case::{Case, FaultKind, Trouble};
use super::run::PROGRAM;
use super::shape::{self, Shape};
use super::site::{Metric, Site};
use super::wanted::Wanted;
use super::{Plan, Subject};
use crate::{Flow, Moment, Observer, Scenario, SimError};
use fieldrun_device::NodeId;
use fieldrun_stdlib::load_text;

/// Where they go: somewhere in here.
pub(crate) const AREA: [f64; 4] = [0.0, 0.0, 28.0, 28.0];
/// How they go, as scenarios have it: 1 a second, a tenth of the radius. Then they stay.
pub(crate) const WALK: &str =
    "{ kind = \"waypoint\", speed = [1.0, 1.0], pause = [\"10000s\", \"10000s\"] }";
/// The same in radius a round.
pub(crate) const SPEED: f64 = 0.1;
/// When all have arrived at the latest: the longest way is the diagonal.
pub(crate) const SECONDS: f64 = 41.0;
/// Seconds after which errors count: by then everyone has heard of all others.
const STARTED: f64 = 5.0;
/// Links are no shorter in the end: what counts up in steps of links arrives in time.
const SHORTEST: f64 = 1.5;
/// Other seeds that are tried for that.
const TRIES: u64 = 200;

impl Case {
    /// A case with movement gets places for it, and a seed with which nobody comes too close.
    pub(super) fn with_room(&mut self) {
        if !self.has(FaultKind::Move) {
            return;
        }
        if matches!(self.shape, Shape::Disconnected | Shape::Line) {
            self.shape = Shape::Disc;
        }
        self.spread();
        self.pairs.clear();
        let first = self.seed;
        for attempt in 0..TRIES {
            self.seed = first.wrapping_add(attempt << 32);
            self.arrive();
            if self.is_roomy() {
                return;
            }
        }
        // Without any it stays as it is.
        self.strikes.clear();
        self.arrived.clear();
    }

    /// Devices start on a grid with room for all that are moved there.
    fn spread(&mut self) {
        let columns = (1..).find(|columns| columns * columns >= self.spots.len()).unwrap_or(1);
        let step = 27.0 / columns as f64;
        for (device, spot) in self.spots.iter_mut().enumerate() {
            let (row, column) = (device / columns, device % columns);
            // Every other row is set off: distances differ.
            let shift = if row % 2 == 0 { 0.0 } else { 0.37 };
            spot.point = [(column as f64 + shift) * step, row as f64 * step * 0.9];
        }
    }

    /// Finds out where the devices arrive.
    pub(super) fn arrive(&mut self) {
        self.arrived.clear();
        if self.has(FaultKind::Move) {
            // Where they go does not depend on what they run.
            let Places { places, last, .. } = self.places_at_end().unwrap_or_default();
            self.arrived = places;
            for strike in &mut self.strikes {
                if strike.kind == FaultKind::Move {
                    strike.at = last;
                }
            }
        }
    }

    /// Whether devices keep apart.
    pub(super) fn is_roomy(&self) -> bool {
        let site = self.site();
        !self.has(FaultKind::Move) || site.shortest_link(Metric::Range) >= SHORTEST
    }

    fn places_at_end(&self) -> Option<Places> {
        let text = self.scenario(PROGRAM, &[], SECONDS, &[]);
        let scenario = Scenario::parse(&text, "scenario.toml").ok()?;
        let program = load_text(PROGRAM, "0", &[]).ok()?.program;
        let mut places = Places::default();
        crate::run(&scenario, &program, &mut places).ok()?;
        Some(places)
    }
}

/// How far values are from the right ones while devices move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moving {
    /// Relative errors of numbers, and 1 for other values that are wrong: in the middle of all rounds
    /// of all devices.
    pub median: f64,
    /// And nine of ten rounds are no farther off.
    pub most: f64,
    /// In the worst round.
    pub worst: f64,
    /// The share of rounds with the right value.
    pub right: f64,
}

/// What cases in which devices move show of a block whose right values are known at any moment.
///
/// # Errors
/// A case cannot be run.
pub fn while_moving(subject: &Subject, plan: Plan) -> Result<Option<Moving>, SimError> {
    let Some(block) = subject.block else { return Ok(None) };
    let Oracle::Values(values) = block.oracle else { return Ok(None) };
    let mut errors = Vec::new();
    for number in (0..).map(|turn| Trouble::ALL.len() as u64 * turn + 7).take(plan.cases as usize) {
        let case = Case::new(plan.seed, number);
        if !case.has(FaultKind::Move) {
            continue;
        }
        let text = case.scenario(PROGRAM, &[], SECONDS, &[]);
        let scenario = Scenario::parse(&text, "scenario.toml")?;
        let mut watch = Errors {
            case,
            seen: Places::default(),
            needs: block.needs,
            values,
            errors: std::mem::take(&mut errors),
        };
        crate::run(&scenario, &subject.program, &mut watch)?;
        errors = watch.errors;
    }
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| errors.get((errors.len() as f64 * share) as usize).copied();
    let right = errors.iter().filter(|error| **error == 0.0).count() as f64;
    let right = right / errors.len().max(1) as f64;
    let worst = errors.last().copied().unwrap_or(0.0);
    Ok(at(0.5).zip(at(0.9)).map(|(median, most)| Moving { median, most, worst, right }))
}

struct Errors {
    case: Case,
    seen: Places,
    needs: Needs,
    values: fn(&Site) -> Vec<Wanted>,
    errors: Vec<f64>,
}

impl Errors {
    /// The network as it was last seen.
    fn site(&self) -> Site {
        let mut spots = self.case.spots.clone();
        for (id, point) in &self.seen.places {
            if let Some(spot) = spots.iter_mut().find(|spot| spot.id == *id) {
                spot.point = *point;
            }
        }
        let points: Vec<[f64; 2]> = spots.iter().map(|spot| spot.point).collect();
        Site::new(spots, &shape::near(&points), true)
    }
}

impl Observer for Errors {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        let (world, device) = (moment.world, moment.device);
        let (Some(NodeId::Int(id)), Some(value)) = (world.id(device), world.value(device)) else {
            return Ok(Flow::Continue);
        };
        self.seen.look(moment);
        // Positions change every second.
        let at = moment.at.seconds();
        if at < STARTED || at > self.seen.last + 1.0 {
            return Ok(Flow::Continue);
        }
        let site = self.site();
        let number = site.spots.iter().position(|spot| spot.id == *id).unwrap_or_default();
        if self.needs.promised(&site).get(number) == Some(&true)
            && let Some(wanted) = (self.values)(&site).get(number)
        {
            self.errors.extend(wanted.error(value));
        }
        Ok(Flow::Continue)
    }
}

/// Where everyone is, by id.
#[derive(Debug, Default)]
struct Places {
    places: Vec<(i64, [f64; 2])>,
    /// When anybody was last seen to have moved, in seconds.
    last: f64,
}

impl Places {
    fn look(&mut self, moment: &Moment<'_>) {
        let world = moment.world;
        let place = |device| match (world.id(device)?, world.position(device)) {
            (NodeId::Int(id), [x, y]) => Some((*id, [*x, *y])),
            _ => None,
        };
        let places: Vec<_> = (0..world.len()).filter_map(place).collect();
        if places != self.places {
            self.last = moment.at.seconds();
            self.places = places;
        }
    }
}

impl Observer for Places {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        self.look(moment);
        Ok(Flow::Continue)
    }
}
