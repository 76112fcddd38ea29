//! Long, tidy tables of a run at regular times: of the whole network, or of each device.

use super::sheet::{Field, Kind, Sheet};
use crate::SimError;
use crate::metric::{Key, Metric};
use crate::scenario::Scenario;
use crate::world::{Flow, Moment, Observer, World};
use fieldrun_device::Micros;
use std::path::Path;

/// Writes a table at regular times, and at the end.
pub struct Samples {
    seed: u64,
    what: What,
    clock: Clock,
    sheet: Sheet,
}

enum What {
    Metrics(Vec<(String, Metric)>),
    Devices(Vec<(String, Key)>),
}

const METRICS: [(&str, Kind); 4] =
    [("seed", Kind::Whole), ("t", Kind::Number), ("metric", Kind::Text), ("value", Kind::Number)];
const DEVICES: [(&str, Kind); 7] = [
    ("seed", Kind::Whole),
    ("t", Kind::Number),
    ("node", Kind::Text),
    ("x", Kind::Number),
    ("y", Kind::Number),
    ("key", Kind::Text),
    ("value", Kind::Shown),
];

impl Samples {
    /// What the network amounts to, as `seed,t,metric,value`; into a new file, `.csv`, `.jsonl` or
    /// `.parquet`.
    ///
    /// # Errors
    /// The file cannot be made, or its name has another end.
    pub fn of_network(
        scenario: &Scenario,
        metrics: &[Metric],
        every: Micros,
        file: &Path,
    ) -> Result<Self, SimError> {
        let named = metrics.iter().map(|metric| (metric.to_string(), metric.clone())).collect();
        let sheet = Sheet::create(file, &METRICS)?;
        Ok(Self {
            seed: scenario.seed,
            what: What::Metrics(named),
            clock: Clock::new(every),
            sheet,
        })
    }

    /// What each device has, as `seed,t,node,x,y,key,value`; likewise.
    ///
    /// # Errors
    /// The file cannot be made, or its name has another end.
    pub fn of_devices(
        scenario: &Scenario,
        keys: &[Key],
        every: Micros,
        file: &Path,
    ) -> Result<Self, SimError> {
        let named = keys.iter().map(|key| (key.to_string(), key.clone())).collect();
        let sheet = Sheet::create(file, &DEVICES)?;
        Ok(Self {
            seed: scenario.seed,
            what: What::Devices(named),
            clock: Clock::new(every),
            sheet,
        })
    }

    fn write(&mut self, at: Micros, world: &World) -> Result<(), SimError> {
        let Self { seed, what, sheet, .. } = self;
        let (seed, t) = (Field::Whole(*seed), Field::Number(at.seconds()));
        match what {
            What::Metrics(metrics) => metrics.iter().try_for_each(|(name, metric)| {
                let value = Field::Number(metric.of(world));
                sheet.add(&[seed.clone(), t.clone(), Field::Text(name), value])
            }),
            What::Devices(keys) => (0..world.len()).try_for_each(|device| {
                let Some(id) = world.id(device).map(ToString::to_string) else { return Ok(()) };
                let coordinate = |axis: usize| world.position(device).get(axis).copied();
                let [x, y] = [0, 1].map(|axis| Field::Number(coordinate(axis).unwrap_or(f64::NAN)));
                keys.iter().try_for_each(|(name, key)| {
                    let (seed, t, x, y) = (seed.clone(), t.clone(), x.clone(), y.clone());
                    let value = Field::Shown(key.of(world, device));
                    sheet.add(&[seed, t, Field::Text(&id), x, y, Field::Text(name), value])
                })
            }),
        }
    }
}

impl Observer for Samples {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }

    fn passes(&mut self, moment: &Moment<'_>, until: Micros) -> Result<(), SimError> {
        while let Some(at) = self.clock.due(until) {
            self.write(at, moment.world)?;
        }
        Ok(())
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.passes(moment, Micros(moment.at.0.saturating_add(1)))?;
        if let Some(at) = self.clock.end(moment.at) {
            self.write(at, moment.world)?;
        }
        self.sheet.finish()
    }
}

/// Regular times.
struct Clock {
    next: Micros,
    every: Micros,
    last: Option<Micros>,
}

impl Clock {
    fn new(every: Micros) -> Self {
        let every = Micros(every.0.max(1));
        Self { next: every, every, last: None }
    }

    /// The next time, if it is before another one.
    fn due(&mut self, before: Micros) -> Option<Micros> {
        if self.next >= before {
            return None;
        }
        self.last = Some(self.next);
        self.next = Micros(self.next.0.saturating_add(self.every.0));
        self.last
    }

    /// The end, if nothing was due at that time.
    fn end(&self, at: Micros) -> Option<Micros> {
        (self.last != Some(at)).then_some(at)
    }
}
