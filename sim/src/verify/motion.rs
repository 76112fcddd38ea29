//! Cases in which devices move.

use super::case::{Case, FaultKind};
use super::run::PROGRAM;
use super::shape::Shape;
use super::site::Metric;
use crate::{Flow, Moment, Observer, Scenario, SimError};
use fieldrun_device::NodeId;
use fieldrun_stdlib::load_text;

/// Where they go: somewhere in here.
pub(crate) const AREA: [f64; 4] = [0.0, 0.0, 28.0, 28.0];
/// How they go, as scenarios have it: 2 a second, a fifth of the radius. Then they stay.
pub(crate) const WALK: &str =
    "{ kind = \"waypoint\", speed = [2.0, 2.0], pause = [\"10000s\", \"10000s\"] }";
/// When all have arrived: the longest way is the diagonal.
pub(crate) const SECONDS: f64 = 21.0;
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
            let arrived = self.places_at_end();
            self.arrived = arrived.unwrap_or_default();
        }
    }

    /// Whether devices keep apart.
    pub(super) fn is_roomy(&self) -> bool {
        let site = self.site();
        !self.has(FaultKind::Move) || site.shortest_link(Metric::Range) >= SHORTEST
    }

    fn places_at_end(&self) -> Option<Vec<(i64, [f64; 2])>> {
        let text = self.scenario(PROGRAM, &[], SECONDS, &[]);
        let scenario = Scenario::parse(&text, "scenario.toml").ok()?;
        let program = load_text(PROGRAM, "0", &[]).ok()?.program;
        let mut places = Places(Vec::new());
        crate::run(&scenario, &program, &mut places).ok()?;
        Some(places.0)
    }
}

/// Where everyone is at the end.
struct Places(Vec<(i64, [f64; 2])>);

impl Observer for Places {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        let world = moment.world;
        let place = |device| match (world.id(device)?, world.position(device)) {
            (NodeId::Int(id), [x, y]) => Some((*id, [*x, *y])),
            _ => None,
        };
        self.0 = (0..world.len()).filter_map(place).collect();
        Ok(())
    }
}
