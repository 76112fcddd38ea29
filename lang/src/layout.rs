//! Where a program's exports and states live: slots that are known before it runs.
//!
//! Most places of a program that communicate or keep state are met at one code path only. The
//! compiler gives each of them a *slot*; slots that are always met together form a *region* (the
//! whole program, or one branch of an `if`). All devices that run a program share its layout, so a
//! value is found by its slot and a message needs no paths: it says which regions ran, and the
//! values in slot order (design decision 2).

use crate::eval::Path;
use crate::program::Unit;
use crate::source::Span;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::hash::Hasher;
use std::sync::Arc;

/// A place that exports a value in each round in which its region runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportSlot {
    /// The code path.
    pub path: u64,
    /// The region that it belongs to.
    pub region: u32,
    /// Its index among the slots that carry a value; none where only the presence counts, as for
    /// reads of fields.
    pub carried: Option<u32>,
}

/// A part of the program whose slots are always met together.
#[derive(Clone, Debug)]
pub struct Region {
    /// The nearest region around it; the whole program is its own.
    pub parent: u32,
    /// The condition that decides whether it runs, and for which outcome.
    pub condition: Option<(Span, bool)>,
}

/// The slots of a program. The default one has none: everything is found by its path.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    id: u64,
    exports: Vec<ExportSlot>,
    /// Where in the text each of them stands.
    places: Vec<Option<Span>>,
    regions: Vec<Region>,
    states: Vec<u64>,
    carried: u32,
    export_index: FxHashMap<u64, u32>,
    state_index: FxHashMap<u64, u32>,
}

impl Layout {
    /// Names the layout on the wire: equal where slots and regions are equal.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The slots of exports, in the order in which the program meets them.
    pub fn exports(&self) -> &[ExportSlot] {
        &self.exports
    }

    /// The regions; the first is the whole program.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Where in the text a slot stands.
    pub fn place(&self, slot: usize) -> Option<&Span> {
        self.places.get(slot)?.as_ref()
    }

    /// How many slots carry a value.
    pub fn carried(&self) -> usize {
        self.carried as usize
    }

    /// How many places keep state.
    pub fn states(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn state_paths(&self) -> &[u64] {
        &self.states
    }

    /// The slot of a path.
    pub fn slot_at(&self, path: u64) -> Option<&ExportSlot> {
        self.exports.get(*self.export_index.get(&path)? as usize)
    }

    pub(crate) fn state_at(&self, path: u64) -> Option<usize> {
        self.state_index.get(&path).map(|i| *i as usize)
    }

    /// Whether something is exported or kept at a path.
    pub(crate) fn has_path(&self, path: u64) -> bool {
        self.export_index.contains_key(&path) || self.state_index.contains_key(&path)
    }

    /// Words of a bit set of regions.
    pub(crate) fn region_words(&self) -> usize {
        self.regions.len().div_ceil(64)
    }
}

/// Builds a layout slot by slot.
#[derive(Debug, Default)]
pub(crate) struct LayoutBuilder {
    layout: Layout,
}

impl LayoutBuilder {
    pub(crate) fn region(&mut self, region: Region) -> u32 {
        self.layout.regions.push(region);
        (self.layout.regions.len() - 1) as u32
    }

    /// A slot for a path; nothing if the path has one already.
    pub(crate) fn export(
        &mut self,
        path: Path,
        region: u32,
        carries: bool,
        span: Option<Span>,
    ) -> Option<ExportSlot> {
        let (index, path) = (self.layout.exports.len() as u32, path.hash);
        if self.layout.export_index.insert(path, index).is_some() {
            return None;
        }
        self.layout.places.push(span);
        let carried = carries.then_some(self.layout.carried);
        self.layout.carried += u32::from(carries);
        let slot = ExportSlot { path, region, carried };
        self.layout.exports.push(slot);
        Some(slot)
    }

    /// A state for a path; nothing if the path has one already.
    pub(crate) fn state(&mut self, path: Path) -> Option<u32> {
        let index = self.layout.states.len() as u32;
        if self.layout.state_index.insert(path.hash, index).is_some() {
            return None;
        }
        self.layout.states.push(path.hash);
        Some(index)
    }

    pub(crate) fn finish(mut self) -> Layout {
        let mut hasher = crate::eval::StableHasher::default();
        for slot in &self.layout.exports {
            hasher.write_u64(slot.path);
            hasher.write_u64(u64::from(slot.region) << 1 | u64::from(slot.carried.is_some()));
        }
        for region in &self.layout.regions {
            hasher.write_u64(u64::from(region.parent));
        }
        self.layout.id = hasher.finish();
        self.layout
    }
}

/// What a round exported: for each slot of a region that ran a value, and further values by path.
#[derive(Clone, Debug, Default)]
pub struct Exports {
    layout: Arc<Layout>,
    /// Bit `r`: region `r` ran.
    regions: Vec<u64>,
    /// One for each slot that carries a value; null where its region did not run.
    values: Vec<Value>,
    /// What was exported at paths without a slot, in ascending path.
    extra: Vec<(u64, Value)>,
}

/// The value of a slot whose presence is all that counts.
static UNIT: Value = Value::Unit;

impl Exports {
    /// Exports of a program from cells in any order, each path once.
    ///
    /// Where the cells contradict the layout (a region ran in part, or held something else than
    /// its slots can) everything is kept by path.
    pub fn from_cells(layout: &Arc<Layout>, mut cells: Vec<(u64, Value)>) -> Self {
        cells.sort_unstable_by_key(|(path, _)| *path);
        cells.dedup_by_key(|(path, _)| *path);
        Self::arranged(layout, &cells).unwrap_or_else(|| Self { extra: cells, ..Self::default() })
    }

    fn arranged(layout: &Arc<Layout>, cells: &[(u64, Value)]) -> Option<Self> {
        let mut exports = Self::empty(layout);
        let mut found = 0;
        for (path, value) in cells {
            let Some(slot) = layout.slot_at(*path) else {
                exports.extra.push((*path, value.clone()));
                continue;
            };
            found += 1;
            exports.mark_ran(slot.region);
            match slot.carried {
                Some(index) => *exports.values.get_mut(index as usize)? = value.clone(),
                None if matches!(value, Value::Unit) => {}
                None => return None,
            }
        }
        exports.is_whole(found).then_some(exports)
    }

    /// Exports from their parts: the regions that ran (bit `r` for region `r`), the values of the
    /// carrying slots in order (null for those of regions that did not run), and what has no slot, in
    /// ascending path.
    ///
    /// Nothing if the parts contradict each other or the layout.
    pub fn from_parts(
        layout: &Arc<Layout>,
        regions: Vec<u64>,
        values: Vec<Value>,
        extra: Vec<(u64, Value)>,
    ) -> Option<Self> {
        let exports = Self { layout: layout.clone(), regions, values, extra };
        let sizes = exports.regions.len() == layout.region_words()
            && exports.values.len() == layout.carried();
        let sorted = exports.extra.is_sorted_by(|a, b| a.0 < b.0)
            && exports.extra.iter().all(|(path, _)| layout.slot_at(*path).is_none());
        let slots = layout.exports.iter();
        let consistent = slots.clone().all(|slot| match slot.carried {
            Some(index) => {
                let held = exports.values.get(index as usize);
                exports.ran(slot.region) != matches!(held, None | Some(Value::Null))
            }
            None => true,
        });
        let present = slots.filter(|slot| exports.ran(slot.region)).count();
        (sizes && sorted && consistent && exports.is_whole(present)).then_some(exports)
    }

    /// Nothing exported yet.
    pub(crate) fn empty(layout: &Arc<Layout>) -> Self {
        let mut exports = Self {
            layout: layout.clone(),
            regions: vec![0; layout.region_words()],
            values: vec![Value::Null; layout.carried()],
            extra: Vec::new(),
        };
        if !layout.regions.is_empty() {
            exports.mark_ran(0);
        }
        exports
    }

    /// Whether so many cells are all cells of the regions that ran, and regions run inside regions
    /// that ran.
    fn is_whole(&self, cells: usize) -> bool {
        let regions = &self.layout.regions;
        let nested = (0..).zip(regions).all(|(i, region)| !self.ran(i) || self.ran(region.parent));
        let expected = self.layout.exports.iter().filter(|slot| self.ran(slot.region)).count();
        let known = (regions.len()..self.regions.len() * 64).all(|i| !self.ran(i as u32));
        nested && known && expected == cells && (regions.is_empty() || self.ran(0))
    }

    /// The same exports in a layout, if they are not yet: by slot where it has slots for them.
    #[must_use]
    pub fn arranged_in(self, layout: &Arc<Layout>) -> Self {
        if self.follows(layout) {
            return self;
        }
        let cells = self.cells().into_iter().map(|(path, value)| (path, value.clone())).collect();
        Self::from_cells(layout, cells)
    }

    /// The layout that the values follow; the empty one if they are kept by path.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Whether the values follow this very layout.
    pub fn follows(&self, layout: &Arc<Layout>) -> bool {
        Arc::ptr_eq(&self.layout, layout) || self.layout.id == layout.id
    }

    /// Whether a region ran.
    pub fn ran(&self, region: u32) -> bool {
        self.regions.get(region as usize / 64).is_some_and(|word| word >> (region % 64) & 1 == 1)
    }

    /// The regions that ran: bit `r` for region `r`.
    pub fn regions(&self) -> &[u64] {
        &self.regions
    }

    /// The values of the carrying slots; null for those of regions that did not run.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// What has no slot, in ascending path.
    pub fn extra(&self) -> &[(u64, Value)] {
        &self.extra
    }

    /// The value at a path.
    pub fn get(&self, path: u64) -> Option<&Value> {
        match self.layout.slot_at(path) {
            Some(slot) if !self.ran(slot.region) => None,
            Some(slot) => match slot.carried {
                Some(index) => self.values.get(index as usize),
                None => Some(&UNIT),
            },
            None => {
                let at = self.extra.binary_search_by_key(&path, |(path, _)| *path).ok()?;
                self.extra.get(at).map(|(_, value)| value)
            }
        }
    }

    /// Everything, in ascending path.
    pub fn cells(&self) -> Vec<(u64, &Value)> {
        let slots = self
            .layout
            .exports
            .iter()
            .filter_map(|slot| self.get(slot.path).map(|v| (slot.path, v)));
        let mut cells: Vec<_> =
            slots.chain(self.extra.iter().map(|(path, value)| (*path, value))).collect();
        cells.sort_unstable_by_key(|(path, _)| *path);
        cells
    }

    pub(crate) fn mark_ran(&mut self, region: u32) {
        if let Some(word) = self.regions.get_mut(region as usize / 64) {
            *word |= 1 << (region % 64);
        }
    }

    pub(crate) fn forget_regions(&mut self) {
        match self.regions.as_mut_slice() {
            [] => {}
            [only] => *only = 1,
            [first, others @ ..] => {
                *first = 1;
                others.fill(0);
            }
        }
        self.extra.clear();
    }

    pub(crate) fn value_mut(&mut self, index: u32) -> Option<&mut Value> {
        self.values.get_mut(index as usize)
    }

    pub(crate) fn add_extra(&mut self, cells: &mut Vec<(u64, Value)>) {
        self.extra.append(cells);
        self.extra.sort_unstable_by_key(|(path, _)| *path);
    }
}

/// Equal if they say the same at the same paths.
impl PartialEq for Exports {
    fn eq(&self, other: &Self) -> bool {
        if self.follows(&other.layout) {
            return self.regions == other.regions
                && self.values == other.values
                && self.extra == other.extra;
        }
        self.cells() == other.cells()
    }
}

/// What a device keeps from one round to the next. What a round does not write is forgotten.
#[derive(Clone, Debug, Default)]
pub struct State {
    layout: Arc<Layout>,
    /// By slot; null where nothing is kept.
    slots: Vec<Value>,
    /// By path, for places without a slot.
    extra: FxHashMap<u64, Value>,
    /// Evaluated texts by path: parsed again only when the text changes.
    pub(crate) texts: Texts,
}

/// Evaluated texts and what they were read as, by path.
pub(crate) type Texts = FxHashMap<u64, (Arc<str>, Arc<Unit>)>;

impl State {
    /// Nothing kept yet, in the places of a layout.
    pub(crate) fn empty(layout: &Arc<Layout>) -> Self {
        Self {
            layout: layout.clone(),
            slots: vec![Value::Null; layout.states()],
            ..Self::default()
        }
    }

    /// The state of a program from kept values and evaluated texts, both by path.
    pub(crate) fn from_cells(layout: &Arc<Layout>, cells: Vec<(u64, Value)>, texts: Texts) -> Self {
        let mut state = Self { texts, ..Self::empty(layout) };
        cells.into_iter().for_each(|(path, value)| state.set(path, value));
        state
    }

    /// The same state in the places of another layout.
    pub(crate) fn rearranged(self, layout: &Arc<Layout>) -> Self {
        let cells = self.cells().into_iter().map(|(path, value)| (path, value.clone())).collect();
        Self::from_cells(layout, cells, self.texts)
    }

    /// The number of kept values.
    pub fn len(&self) -> usize {
        let slots = self.slots.iter().filter(|value| !matches!(value, Value::Null));
        slots.count() + self.extra.len()
    }

    /// Whether nothing is kept, as before the first round.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything, in ascending path.
    pub fn cells(&self) -> Vec<(u64, &Value)> {
        let slots = self.layout.state_paths().iter().copied().zip(&self.slots);
        let slots = slots.filter(|(_, value)| !matches!(value, Value::Null));
        let mut cells: Vec<_> =
            slots.chain(self.extra.iter().map(|(path, value)| (*path, value))).collect();
        cells.sort_unstable_by_key(|(path, _)| *path);
        cells
    }

    /// Evaluated texts by path, in ascending path.
    pub fn texts(&self) -> Vec<(u64, &Arc<str>)> {
        let mut texts: Vec<_> = self.texts.iter().map(|(path, (text, _))| (*path, text)).collect();
        texts.sort_unstable_by_key(|(path, _)| *path);
        texts
    }

    /// Replaces every kept value.
    pub(crate) fn replace(&mut self, mut change: impl FnMut(&Value) -> Value) {
        let mut extra: Vec<(&u64, &mut Value)> = self.extra.iter_mut().collect();
        // What `change` gives may depend on the order.
        extra.sort_unstable_by_key(|(path, _)| **path);
        let slots = self.slots.iter_mut().filter(|value| !matches!(value, Value::Null));
        for value in slots.chain(extra.into_iter().map(|(_, value)| value)) {
            *value = change(value);
        }
    }

    pub(crate) fn follows(&self, layout: &Arc<Layout>) -> bool {
        Arc::ptr_eq(&self.layout, layout)
    }

    pub(crate) fn get(&self, path: u64) -> Option<&Value> {
        match self.layout.state_at(path) {
            Some(slot) => self.slots.get(slot).filter(|value| !matches!(value, Value::Null)),
            None => self.extra.get(&path),
        }
    }

    pub(crate) fn set(&mut self, path: u64, value: Value) {
        match self.layout.state_at(path).and_then(|slot| self.slots.get_mut(slot)) {
            Some(slot) => *slot = value,
            None => {
                self.extra.insert(path, value);
            }
        }
    }

    pub(crate) fn slots(&self) -> &[Value] {
        &self.slots
    }

    pub(crate) fn slot_mut(&mut self, slot: u32) -> Option<&mut Value> {
        self.slots.get_mut(slot as usize)
    }

    /// Whether nothing is kept at paths without a slot.
    pub(crate) fn is_in_slots(&self) -> bool {
        self.extra.is_empty() && self.texts.is_empty()
    }

    pub(crate) fn forget_extra(&mut self) {
        // Clearing a map takes a while even if it is empty, as it mostly is.
        if !self.extra.is_empty() {
            self.extra.clear();
        }
        if !self.texts.is_empty() {
            self.texts.clear();
        }
    }

    pub(crate) fn add_extra(&mut self, cells: &mut Vec<(u64, Value)>) {
        self.extra.extend(cells.drain(..));
    }
}
