//! What all devices exported last, slot by slot.

use fieldrun_device::{Exports, Layout, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest tuples that are kept element by element.
const SPLIT_LEN: usize = 8;

/// One slot of all devices. What stands in the place of a device that did not run the slot's region
/// is left over from an earlier round.
#[derive(Clone, Debug)]
enum Slot {
    /// Nobody has written yet.
    Empty,
    Numbers(Vec<f64>),
    /// Integers, such as ids.
    Ints(Vec<i64>),
    /// Tuples of one length, element by element.
    Tuples(Vec<Self>),
    Values(Vec<Value>),
}

impl Slot {
    fn fitting(value: &Value, devices: usize) -> Self {
        let simple = |item: &Value| matches!(item, Value::Number(_) | Value::Int(_));
        match value {
            Value::Number(_) => Self::Numbers(vec![0.0; devices]),
            Value::Int(_) => Self::Ints(vec![0; devices]),
            Value::Tuple(items)
                if (1..=SPLIT_LEN).contains(&items.len()) && items.iter().all(simple) =>
            {
                Self::Tuples(items.iter().map(|item| Self::fitting(item, devices)).collect())
            }
            _ => Self::Values(vec![Value::Null; devices]),
        }
    }

    /// Puts a value in the place of a device, if it is of the slot's kind.
    fn put(&mut self, device: usize, value: &Value) -> bool {
        match (self, value) {
            (Self::Numbers(numbers), Value::Number(x)) => put(numbers, device, *x),
            (Self::Ints(ints), Value::Int(int)) => put(ints, device, *int),
            (Self::Tuples(elements), Value::Tuple(items)) if items.len() == elements.len() => {
                elements.iter_mut().zip(&**items).all(|(element, item)| element.put(device, item))
            }
            (Self::Values(values), value) => put(values, device, value.clone()),
            _ => false,
        }
    }

    fn value(&self, device: usize) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Numbers(numbers) => {
                numbers.get(device).map_or(Value::Null, |x| Value::Number(*x))
            }
            Self::Ints(ints) => ints.get(device).map_or(Value::Null, |int| Value::Int(*int)),
            Self::Tuples(elements) => {
                Value::Tuple(elements.iter().map(|element| element.value(device)).collect())
            }
            // A copy that is nobody else's: what a program does to a list stays with it.
            Self::Values(values) => values.get(device).map_or(Value::Null, Value::unshared),
        }
    }
}

fn put<T>(column: &mut [T], device: usize, value: T) -> bool {
    match column.get_mut(device) {
        Some(place) => {
            *place = value;
            true
        }
        None => false,
    }
}

/// What all devices of a program exported last.
#[derive(Clone, Debug)]
pub(super) struct Store {
    layout: Arc<Layout>,
    devices: usize,
    slots: Vec<Slot>,
    /// The region that each slot belongs to.
    homes: Vec<u32>,
    /// The regions that each device ran, in so many words a device.
    regions: Vec<u64>,
    words: usize,
    /// Exports at paths without a slot, of devices that have any.
    extra: BTreeMap<u32, Vec<(u64, Value)>>,
    /// Exports that do not follow the layout, which is rare.
    odd: BTreeMap<u32, Exports>,
}

impl Store {
    pub(super) fn new(layout: &Arc<Layout>, devices: usize) -> Self {
        let words = layout.regions().len().div_ceil(64);
        Self {
            layout: layout.clone(),
            devices,
            slots: vec![Slot::Empty; layout.carried()],
            homes: layout
                .exports()
                .iter()
                .filter(|slot| slot.carried.is_some())
                .map(|slot| slot.region)
                .collect(),
            regions: vec![0; words * devices],
            words,
            extra: BTreeMap::new(),
            odd: BTreeMap::new(),
        }
    }

    /// Takes over what a device exports.
    pub(super) fn put(&mut self, device: usize, exports: &Exports) {
        let key = device as u32;
        if !exports.follows(&self.layout) {
            self.odd.insert(key, exports.clone());
            return;
        }
        if !self.odd.is_empty() {
            self.odd.remove(&key);
        }
        let start = device * self.words;
        if let Some(words) = self.regions.get_mut(start..start + self.words) {
            words.copy_from_slice(exports.regions());
        }
        for (slot, value) in self.slots.iter_mut().zip(exports.values()) {
            if !matches!(value, Value::Null) && !slot.put(device, value) {
                change_kind(slot, device, value, self.devices);
            }
        }
        if !exports.extra().is_empty() {
            self.extra.insert(key, exports.extra().to_vec());
        } else if !self.extra.is_empty() {
            self.extra.remove(&key);
        }
    }

    /// Whether what these devices exported follows the layout.
    pub(super) fn follows(&self, devices: &[u32], layout: &Arc<Layout>) -> bool {
        let ours = Arc::ptr_eq(&self.layout, layout) || self.layout.id() == layout.id();
        ours && (self.odd.is_empty() || !devices.iter().any(|device| self.odd.contains_key(device)))
    }

    pub(super) fn ran(&self, device: u32, region: u32) -> bool {
        let word = device as usize * self.words + region as usize / 64;
        self.regions.get(word).is_some_and(|word| word >> (region % 64) & 1 == 1)
    }

    /// What a device exported at a path.
    pub(super) fn cell(&self, device: u32, path: u64) -> Option<Value> {
        if let Some(exports) = self.odd.get(&device) {
            return exports.get(path).map(Value::unshared);
        }
        if let Some(slot) = self.layout.slot_at(path) {
            return match slot.carried {
                _ if !self.ran(device, slot.region) => None,
                Some(carried) => Some(self.value(device, carried)),
                None => Some(Value::Unit),
            };
        }
        let extra = self.extra.get(&device)?;
        let found = extra.binary_search_by_key(&path, |(path, _)| *path).ok()?;
        extra.get(found).map(|(_, value)| value.unshared())
    }

    /// What a device exported in a slot; null if it did not run its region.
    pub(super) fn value(&self, device: u32, carried: u32) -> Value {
        let carried = carried as usize;
        match (self.slots.get(carried), self.homes.get(carried)) {
            (Some(slot), Some(region)) if self.ran(device, *region) => slot.value(device as usize),
            _ => Value::Null,
        }
    }

    /// A slot in which all are numbers.
    pub(super) fn numbers(&self, carried: u32) -> Option<&[f64]> {
        match self.slots.get(carried as usize)? {
            Slot::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// An element of a slot in which all are tuples of so many, if the element is a number in all.
    pub(super) fn element_numbers(
        &self,
        carried: u32,
        element: usize,
        len: usize,
    ) -> Option<&[f64]> {
        match self.elements(carried, len)?.get(element)? {
            Slot::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// An element of the tuple of a device, likewise; null if the device did not run the region.
    pub(super) fn element(
        &self,
        device: u32,
        carried: u32,
        element: usize,
        len: usize,
    ) -> Option<Value> {
        let elements = self.elements(carried, len)?;
        match self.homes.get(carried as usize) {
            Some(region) if self.ran(device, *region) => {
                Some(elements.get(element)?.value(device as usize))
            }
            _ => Some(Value::Null),
        }
    }

    fn elements(&self, carried: u32, len: usize) -> Option<&[Slot]> {
        match self.slots.get(carried as usize)? {
            Slot::Tuples(elements) if elements.len() == len => Some(elements),
            _ => None,
        }
    }
}

/// A value of another kind than those before: the first of all, or the slot holds any values now.
fn change_kind(slot: &mut Slot, device: usize, value: &Value, devices: usize) {
    let mut changed = match &*slot {
        Slot::Empty => Slot::fitting(value, devices),
        held => Slot::Values((0..devices).map(|device| held.value(device)).collect()),
    };
    changed.put(device, value);
    *slot = changed;
}
