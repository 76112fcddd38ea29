//! What observers see of a running simulation.

use crate::SimError;
use crate::neighbors::{Neighbors, Point};
use crate::obstacles::Obstacles;
use crate::scenario::Obstacle;
use crate::shown::Shown;
use fieldrun_device::trace::SiteReport;
use fieldrun_device::{Micros, NodeId, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The network at one moment.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) ids: Vec<NodeId>,
    pub(crate) points: Vec<Point>,
    pub(crate) dimension: usize,
    pub(crate) radius: f64,
    pub(crate) neighbors: Neighbors,
    pub(crate) values: Vec<Option<Value>>,
    pub(crate) rounds: Vec<u64>,
    pub(crate) obstacles: Arc<Obstacles>,
}

impl World {
    /// The number of devices; they are numbered from 0 in the order of the scenario.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no devices at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of a device.
    pub fn id(&self, device: usize) -> Option<&NodeId> {
        self.ids.get(device)
    }

    /// The two or three coordinates of a device; empty for one that does not exist.
    pub fn position(&self, device: usize) -> &[f64] {
        self.points.get(device).and_then(|point| point.get(..self.dimension)).unwrap_or(&[])
    }

    /// How many coordinates a position has, 2 or 3.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The distance up to which devices are linked.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The result of the last round of a device; none before the first one and after a trap.
    pub fn value(&self, device: usize) -> Option<&Value> {
        self.values.get(device).and_then(Option::as_ref)
    }

    /// The value of a device as recorders and pictures see it.
    pub fn shown(&self, device: usize) -> Shown {
        match (self.value(device), self.id(device)) {
            (Some(value), Some(id)) => Shown::new(value, id),
            _ => Shown::Nothing,
        }
    }

    /// How many rounds a device has run, failed ones included.
    pub fn rounds(&self, device: usize) -> u64 {
        self.rounds.get(device).copied().unwrap_or(0)
    }

    /// The devices that a device is linked to, ascending.
    pub fn neighbors(&self, device: usize) -> &[u32] {
        self.neighbors.of(device)
    }

    /// What stands in the way of links and devices.
    pub fn obstacles(&self) -> impl Iterator<Item = &Obstacle> {
        self.obstacles.iter()
    }

    /// The number of links.
    pub fn links(&self) -> usize {
        self.neighbors.ends() / 2
    }

    /// The device of a name that `place` gives.
    pub(crate) fn find(&self, id: &NodeId, place: &'static str) -> Result<usize, SimError> {
        let found = self.ids.iter().position(|known| known == id);
        found.ok_or_else(|| SimError::NoSuchDevice { place, id: id.to_string() })
    }
}

/// Devices by their names.
pub(crate) struct Numbers<'a>(BTreeMap<&'a NodeId, usize>);

impl<'a> Numbers<'a> {
    pub(crate) fn of(ids: &'a [NodeId]) -> Self {
        Self(ids.iter().zip(0..).collect())
    }

    /// The device of a name that `place` gives.
    pub(crate) fn find(&self, id: &NodeId, place: &'static str) -> Result<usize, SimError> {
        let found = self.0.get(id).copied();
        found.ok_or_else(|| SimError::NoSuchDevice { place, id: id.to_string() })
    }
}

/// One event: a device has run a round, and what it sent without delay has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The number of the event, from 1; 0 when nothing has happened yet.
    pub event: u64,
    /// Simulated time.
    pub at: Micros,
    /// Which device ran.
    pub device: usize,
    /// Whether the scenario wants this event recorded.
    pub recorded: bool,
    /// How much of the run is over, from 0 to 1.
    pub progress: f64,
    /// The network after the event.
    pub world: &'a World,
}

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It ends here, as if the scenario ended; recorders still write their last data.
    Stop,
}

/// Somebody who follows a run: a recorder, a progress display.
pub trait Observer {
    /// Called after each event.
    ///
    /// # Errors
    /// What it cannot write; ends the run.
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError>;

    /// Called when time is about to go on: all that happens up to `moment.at` has happened, and the next
    /// thing happens at `until`.
    ///
    /// # Errors
    /// What it cannot write; ends the run.
    fn passes(&mut self, moment: &Moment<'_>, until: Micros) -> Result<(), SimError> {
        let _ = (moment, until);
        Ok(())
    }

    /// Called with what a round saw at a call site, if such rounds are traced; before the event of
    /// that round.
    ///
    /// # Errors
    /// What it cannot write; ends the run.
    fn traced(&mut self, report: &SiteReport) -> Result<(), SimError> {
        let _ = report;
        Ok(())
    }

    /// Called once at the end, with the last moment of the run.
    ///
    /// # Errors
    /// What it cannot write.
    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        let _ = moment;
        Ok(())
    }
}

/// Several observers, told one after the other; the run stops as soon as one of them says so.
impl Observer for Vec<Box<dyn Observer + '_>> {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        let mut flow = Flow::Continue;
        for observer in self.iter_mut() {
            if observer.event(moment)? == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        Ok(flow)
    }

    fn passes(&mut self, moment: &Moment<'_>, until: Micros) -> Result<(), SimError> {
        self.iter_mut().try_for_each(|observer| observer.passes(moment, until))
    }

    fn traced(&mut self, report: &SiteReport) -> Result<(), SimError> {
        self.iter_mut().try_for_each(|observer| observer.traced(report))
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.iter_mut().try_for_each(|observer| observer.finish(moment))
    }
}

/// Nobody.
impl Observer for () {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }
}
