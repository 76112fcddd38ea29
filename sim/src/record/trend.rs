//! What all values together do over time, as a chart.

use crate::SimError;
use crate::chart::{Band, Chart, Line, Panel};
use crate::picture::Format;
use crate::scenario::{MapStyle, Scenario};
use crate::summary::{Numbers, Values};
use crate::world::{Flow, Moment, Observer};
use fieldrun_device::Micros;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most moments of a chart; of longer runs every second one is left out, again and again.
const MAX_MOMENTS: usize = 1000;
/// The most values that are counted by name; the others together.
const MAX_NAMES: usize = 6;

/// Draws a chart of a run: mean and range of the numbers, and how many devices have which value.
///
/// A moment is one period of the schedule.
pub struct Trend {
    file: PathBuf,
    title: String,
    style: MapStyle,
    seed: u64,
    devices: usize,
    next: Micros,
    gap: Micros,
    moments: Vec<(f64, Values)>,
}

impl Trend {
    /// A chart of a scenario in a file.
    ///
    /// # Errors
    /// The name of the file ends neither in `.svg` nor in `.png`.
    pub fn new(scenario: &Scenario, file: &Path) -> Result<Self, SimError> {
        if !matches!(Format::of(file), Some(Format::Svg | Format::Png)) {
            return Err(SimError::NotAPicture { file: file.to_owned() });
        }
        Ok(Self {
            file: file.to_owned(),
            title: scenario.map.title.clone().unwrap_or_else(|| scenario.name.clone()),
            style: scenario.map.clone(),
            seed: scenario.seed,
            devices: 0,
            next: Micros(0),
            gap: Micros(scenario.schedule.period().0.max(1)),
            moments: Vec::new(),
        })
    }

    /// The chart of what was seen so far.
    pub fn chart(&self) -> Chart {
        let mut panels = Vec::new();
        if self.moments.iter().any(|(_, values)| values.numbers.is_some()) {
            panels.push(self.numbers());
        }
        panels.push(self.counts());
        let subtitle = format!("{} devices  ·  seed {}", self.devices, self.seed);
        Chart { title: self.title.clone(), subtitle, along: None, panels }
    }

    /// Mean and range of the finite numbers.
    fn numbers(&self) -> Panel {
        let pick = |number: fn(&Numbers) -> f64| {
            let value = move |values: &Values| values.numbers.as_ref().map_or(f64::NAN, number);
            move |(time, values): &(f64, Values)| [*time, value(values)]
        };
        let mean = self.moments.iter().map(pick(|numbers| numbers.mean)).collect();
        let (least, most) = (pick(|numbers| numbers.least), pick(|numbers| numbers.greatest));
        let range = self.moments.iter().map(|moment| {
            let ([time, least], [_, most]) = (least(moment), most(moment));
            [time, least, most]
        });
        let band =
            Band { name: "least to greatest".to_owned(), color: None, points: range.collect() };
        let unit = self.style.unit.as_ref().map_or_else(String::new, |unit| format!(" in {unit}"));
        let (bands, lines) = (vec![band], vec![Line::new("mean", mean)]);
        Panel { unit: format!("value{unit}"), bands, lines }
    }

    /// How many devices have which value; of many values, those that were most frequent.
    fn counts(&self) -> Panel {
        let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, values) in &self.moments {
            for (text, count) in &values.others {
                *totals.entry(text).or_default() += count;
            }
        }
        let mut names: Vec<(&str, usize)> = totals.into_iter().collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        names.truncate(MAX_NAMES);
        let named = |text: &str| names.iter().any(|(name, _)| *name == text);
        let line = |name: &str, count: &dyn Fn(&Values) -> usize| {
            let points = |(time, values): &(f64, Values)| [*time, count(values) as f64];
            let color = self.style.colors.iter().find(|(text, _)| text == name);
            let points = self.moments.iter().map(points).collect();
            Line { color: color.map(|(_, color)| *color), ..Line::new(name, points) }
        };
        let numbers = |values: &Values| values.numbers.map_or(0, |numbers| numbers.count);
        let others = |values: &Values| {
            let others = values.others.iter().filter(|(text, _)| !named(text));
            others.map(|(_, count)| count).sum()
        };
        let mut lines = vec![line("numbers", &numbers)];
        lines.extend(names.iter().map(|(name, _)| {
            line(name, &|values: &Values| values.others.get(*name).copied().unwrap_or(0))
        }));
        lines.push(line("others", &others));
        lines.push(line("no value", &|values: &Values| values.missing));
        lines.retain(|line| line.points.iter().any(|[_, count]| *count > 0.0));
        Panel { unit: "devices".to_owned(), bands: Vec::new(), lines }
    }

    fn take(&mut self, moment: &Moment<'_>) {
        self.devices = moment.world.len();
        self.moments.push((moment.at.seconds(), Values::new(moment.world)));
        if self.moments.len() > MAX_MOMENTS {
            let mut number = 0;
            self.moments.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.gap = Micros(self.gap.0.saturating_mul(2));
        }
        self.next = Micros(moment.at.0.saturating_add(self.gap.0));
    }
}

impl Observer for Trend {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        if moment.at >= self.next {
            self.take(moment);
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.take(moment);
        self.chart().picture().write(&self.file)
    }
}
