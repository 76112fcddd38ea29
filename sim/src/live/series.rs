//! What keys did over time.

use super::key::Key;
use crate::Simulation;
use crate::shown::{Shown, shortened};
use fieldrun_device::Micros;
use serde::Serialize;
use std::collections::BTreeMap;

/// The most moments; then every second one is left out.
const MAX_SAMPLES: usize = 600;
/// The most values that are counted by their text, the most frequent ones.
const MAX_NAMES: usize = 8;
/// So many devices times keys are looked at each period; beyond that, only the key that is shown.
const MAX_LOOKS: usize = 200_000;
const MAX_TEXT: usize = 32;

/// What a key had at one time, over all devices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// In seconds.
    pub t: f64,
    /// Least, mean and greatest finite number, if there is one.
    pub numbers: Option<[f64; 3]>,
    /// How many devices have a finite number.
    pub count: usize,
    /// The most frequent other values by their text, and how many devices have them.
    pub others: BTreeMap<String, usize>,
}

impl Sample {
    /// Over these values, in their order.
    fn new(at: Micros, values: impl Iterator<Item = Shown>) -> Self {
        let (mut count, mut sum) = (0usize, 0.0);
        let (mut least, mut greatest) = (f64::MAX, f64::MIN);
        let mut others: BTreeMap<String, usize> = BTreeMap::new();
        for value in values {
            match value {
                Shown::Nothing => {}
                Shown::Number(number) if number.is_finite() => {
                    (count, sum) = (count + 1, sum + number);
                    (least, greatest) = (least.min(number), greatest.max(number));
                }
                other => *others.entry(shortened(&other.to_string(), MAX_TEXT)).or_default() += 1,
            }
        }
        let mut by_count: Vec<(String, usize)> = others.into_iter().collect();
        by_count.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        by_count.truncate(MAX_NAMES);
        Self {
            t: at.seconds(),
            numbers: (count > 0).then(|| [least, sum / count as f64, greatest]),
            count,
            others: by_count.into_iter().collect(),
        }
    }
}

/// Samples of all keys, one each period.
pub struct Series {
    samples: BTreeMap<Key, Vec<Sample>>,
    /// The key that is shown.
    pub(super) shown: Key,
    next: Micros,
    gap: Micros,
}

impl Series {
    pub(super) fn new(period: Micros, shown: Key) -> Self {
        Self {
            samples: BTreeMap::new(),
            shown,
            next: Micros(period.0.max(1)),
            gap: Micros(period.0.max(1)),
        }
    }

    /// When the next sample is due.
    pub(super) fn next(&self) -> Micros {
        self.next
    }

    /// The key that is shown.
    pub fn shown(&self) -> &Key {
        &self.shown
    }

    /// The samples of a key, ascending in time.
    pub fn of(&self, key: &Key) -> &[Sample] {
        self.samples.get(key).map_or(&[], Vec::as_slice)
    }

    /// Takes a sample if one is due.
    pub(super) fn take(&mut self, simulation: &Simulation) {
        let now = simulation.time();
        if now < self.next {
            return;
        }
        let devices = simulation.world().len();
        let mut keys = Key::all(simulation);
        if keys.len() * devices > MAX_LOOKS {
            keys = vec![self.shown.clone()];
        }
        let mut full = false;
        for key in keys {
            let values = (0..devices).map(|device| key.of(simulation, device));
            let sample = Sample::new(now, values);
            let samples = self.samples.entry(key).or_default();
            samples.push(sample);
            full |= samples.len() > MAX_SAMPLES;
        }
        if full {
            self.thin();
        }
        self.next = Micros(now.0.saturating_add(self.gap.0));
    }

    fn thin(&mut self) {
        for samples in self.samples.values_mut() {
            let mut number = 0;
            samples.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        self.gap = Micros(self.gap.0.saturating_mul(2));
    }

    /// What comes after a time comes differently now.
    pub(super) fn forget_after(&mut self, at: Micros) {
        let seconds = at.seconds();
        self.samples.values_mut().for_each(|samples| samples.retain(|s| s.t <= seconds));
        let gaps = at.0 / self.gap.0 + 1;
        self.next = Micros(gaps.saturating_mul(self.gap.0));
    }
}
