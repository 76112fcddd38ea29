//! What devices of a population may read of each other.

use super::ground::Ground;
use fieldrun_device::{
    Cells, Environment, Exports, Layout, Micros, NeighborSource, NodeId, Program, RoundLimits,
    State, Value, region_words,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A device that has not sent yet.
pub(super) const NEVER: u64 = u64::MAX;

/// What does not change while rounds run. Lists are by place.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) program: Arc<Program>,
    pub(super) ground: Ground,
    /// What everybody exported last, by carried slot.
    pub(super) exports: Vec<Cells>,
    /// The region that each slot belongs to.
    pub(super) homes: Vec<u32>,
    /// The regions that each ran, in so many words.
    pub(super) regions: Vec<u64>,
    pub(super) words: usize,
    /// When each sent last, in microseconds.
    pub(super) sent: Vec<u64>,
    /// How many have not sent yet.
    pub(super) unsent: usize,
    /// Exports that do not follow the layout or are not all in its slots.
    pub(super) odd: BTreeMap<u32, Exports>,
    /// States likewise.
    pub(super) odd_states: BTreeMap<u32, State>,
    pub(super) environments: Vec<Arc<Environment>>,
    pub(super) random: Vec<u64>,
    pub(super) draws: bool,
    pub(super) period: f64,
    /// For how many microseconds a neighbour counts that has not sent again.
    pub(super) retention: Option<f64>,
    /// Whether some may not have sent for that long: after a round that failed, nothing is sent.
    pub(super) silent: bool,
    /// Whether rounds run together where they can.
    pub(super) together: bool,
    pub(super) limits: RoundLimits,
}

impl Shared {
    pub(super) fn new(program: Arc<Program>, ground: Ground, random: Vec<u64>) -> Self {
        let (layout, count) = (program.layout(), ground.len());
        let words = region_words(layout);
        let carried = layout.exports().iter().filter(|slot| slot.carried.is_some());
        let nothing = Arc::new(Environment::new());
        Self {
            exports: vec![Cells::Empty; layout.carried()],
            homes: carried.map(|slot| slot.region).collect(),
            regions: vec![0; words * count],
            words,
            sent: vec![NEVER; count],
            unsent: count,
            odd: BTreeMap::new(),
            odd_states: BTreeMap::new(),
            environments: vec![nothing; count],
            random,
            draws: fieldrun_device::Bulk::draws(&program),
            period: 1.0,
            retention: None,
            silent: false,
            together: fieldrun_device::Bulk::can_run(&program),
            limits: RoundLimits::default(),
            program,
            ground,
        }
    }

    pub(super) fn has_sent(&self, place: usize) -> bool {
        self.sent.get(place).is_some_and(|sent| *sent != NEVER)
    }

    /// Whether a device counts as a neighbour at a time.
    pub(super) fn counts(&self, place: usize, now: u64) -> bool {
        let sent = self.sent.get(place).copied().unwrap_or(NEVER);
        sent != NEVER
            && self.retention.is_none_or(|longest| now.saturating_sub(sent) as f64 <= longest)
    }

    /// Whether all devices count as neighbours.
    pub(super) fn all_count(&self) -> bool {
        self.unsent == 0 && !self.silent
    }

    pub(super) fn note_sent(&mut self, place: usize, now: u64) {
        if let Some(sent) = self.sent.get_mut(place) {
            self.unsent -= usize::from(*sent == NEVER);
            *sent = now;
        }
    }

    /// Seconds since the last successful round of a device.
    pub(super) fn delta(&self, place: usize, now: u64) -> f64 {
        match self.sent.get(place) {
            Some(sent) if *sent != NEVER => Micros(now).since(Micros(*sent)).seconds(),
            _ => 0.0,
        }
    }

    pub(super) fn ran(&self, place: u32, region: u32) -> bool {
        let word = place as usize * self.words + region as usize / 64;
        match self.words {
            0 => true,
            _ => self.regions.get(word).is_some_and(|word| word >> (region % 64) & 1 == 1),
        }
    }

    /// What a device exported in a slot; null if it did not run its region.
    fn value(&self, place: u32, carried: u32) -> Value {
        let carried = carried as usize;
        match (self.exports.get(carried), self.homes.get(carried)) {
            (Some(cells), Some(region)) if self.ran(place, *region) => cells.value(place as usize),
            _ => Value::Null,
        }
    }

    /// What a device exported at a path.
    pub(super) fn cell(&self, place: u32, path: u64) -> Option<Value> {
        if let Some(exports) = self.odd.get(&place) {
            return exports.get(path).map(Value::unshared);
        }
        let slot = self.program.layout().slot_at(path)?;
        match slot.carried {
            _ if !self.ran(place, slot.region) => None,
            Some(carried) => Some(self.value(place, carried)),
            None => Some(Value::Unit),
        }
    }
}

/// The neighbours of one device that have sent something, in ascending id.
pub(super) struct View<'a> {
    pub(super) shared: &'a Shared,
    /// Their places, and how far away each is.
    pub(super) others: &'a [u32],
    pub(super) lengths: &'a [f64],
    pub(super) now: u64,
}

impl View<'_> {
    fn place(&self, lane: usize) -> u32 {
        self.others.get(lane).copied().unwrap_or_default()
    }

    #[expect(clippy::indexing_slicing, reason = "neighbours are devices of this population")]
    fn gather(&self, column: &[f64], out: &mut [f64]) {
        for (out, place) in out.iter_mut().zip(self.others) {
            *out = column[*place as usize];
        }
    }

    fn elements(&self, carried: u32, len: usize) -> Option<&[Cells]> {
        self.shared.exports.get(carried as usize)?.elements(len)
    }
}

impl NeighborSource for View<'_> {
    fn len(&self) -> usize {
        self.others.len()
    }

    #[expect(clippy::indexing_slicing, reason = "lanes are below `len`")]
    fn id(&self, lane: usize) -> &NodeId {
        &self.shared.ground.ids[self.others[lane] as usize]
    }

    fn lag(&self, lane: usize) -> f64 {
        let sent = self.shared.sent.get(self.place(lane) as usize).copied().unwrap_or_default();
        Micros(self.now).since(Micros(sent)).seconds()
    }

    fn delay(&self, _lane: usize) -> f64 {
        self.shared.period
    }

    fn cell(&self, lane: usize, path: u64) -> Option<Value> {
        self.shared.cell(self.place(lane), path)
    }

    fn follows(&self, layout: &Arc<Layout>) -> bool {
        let (ours, odd) = (self.shared.program.layout(), &self.shared.odd);
        let strange = |place: &u32| odd.get(place).is_some_and(|odd| !odd.follows(layout));
        (Arc::ptr_eq(ours, layout) || ours.id() == layout.id())
            && (odd.is_empty() || !self.others.iter().any(strange))
    }

    fn ran(&self, lane: usize, region: u32) -> bool {
        self.shared.ran(self.place(lane), region)
    }

    fn value(&self, lane: usize, carried: u32) -> Value {
        self.shared.value(self.place(lane), carried)
    }

    fn element(&self, lane: usize, carried: u32, element: usize, len: usize) -> Option<Value> {
        let (place, elements) = (self.place(lane), self.elements(carried, len)?);
        match self.shared.homes.get(carried as usize) {
            Some(region) if self.shared.ran(place, *region) => {
                Some(elements.get(element)?.value(place as usize))
            }
            _ => Some(Value::Null),
        }
    }

    fn distances(&self, _carried: u32, _own: &[f64], out: &mut [f64]) -> bool {
        out.copy_from_slice(self.lengths);
        true
    }

    fn numbers(&self, carried: u32, out: &mut [f64]) -> bool {
        let column = self.shared.exports.get(carried as usize).and_then(Cells::numbers);
        column.map(|column| self.gather(column, out)).is_some()
    }

    fn element_numbers(&self, carried: u32, element: usize, len: usize, out: &mut [f64]) -> bool {
        let column = self.elements(carried, len).and_then(|elements| elements.get(element));
        column.and_then(Cells::numbers).map(|column| self.gather(column, out)).is_some()
    }
}
