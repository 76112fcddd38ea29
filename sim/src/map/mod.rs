//! Maps: the network as dots coloured by their values, as SVG.

mod color;
mod layout;
mod svg;

pub(crate) use svg::escaped;

use crate::SimError;
use crate::scenario::{MapStyle, Scenario};
use crate::shown::Plain;
use crate::summary::some;
use crate::world::{Flow, Moment, Observer};
use fieldrun_device::Micros;
use std::path::{Path, PathBuf};

/// Writes a map at the end of the run, and before that at chosen times.
///
/// The last map goes to the given file; a map at 60 s goes beside it as `name-60s.svg`. A map at
/// some time shows the network after the first event at or after that time.
pub struct SvgMaps {
    file: PathBuf,
    /// Ascending; those that are still to come.
    times: std::vec::IntoIter<Micros>,
    next: Option<Micros>,
    title: String,
    seed: u64,
    style: MapStyle,
    area: Option<[f64; 4]>,
}

impl SvgMaps {
    /// Maps of a scenario at its end and at `times`. Times after a run that ends early, by
    /// number of rounds or because somebody stops it, give no map.
    ///
    /// # Errors
    /// A time lies after the time at which the scenario stops.
    pub fn new(scenario: &Scenario, file: &Path, mut times: Vec<Micros>) -> Result<Self, SimError> {
        times.sort_unstable();
        let end = scenario.stop.latest();
        if let Some(time) = times.last().filter(|time| **time > end) {
            let (time, end) = (time.seconds(), end.seconds());
            return Err(SimError::MapAfterEnd { time, end });
        }
        times.dedup();
        let mut times = times.into_iter();
        let next = times.next();
        let title = scenario.map.title.clone().unwrap_or_else(|| scenario.name.clone());
        Ok(Self {
            file: file.to_owned(),
            times,
            next,
            title,
            seed: scenario.seed,
            style: scenario.map.clone(),
            area: scenario.area,
        })
    }

    /// The map of a moment, as SVG text.
    pub fn render(&self, moment: &Moment<'_>) -> String {
        let world = moment.world;
        let subtitle = format!(
            "t = {} s  ·  {}  ·  {}  ·  seed {}",
            Plain((moment.at.seconds() * 100.0).round() / 100.0),
            some(world.len(), "device"),
            some(world.links(), "link"),
            self.seed
        );
        let header = svg::Header { title: &self.title, subtitle };
        svg::draw(world, &header, &self.style, self.area)
    }

    /// The maps whose time has come.
    fn write_due(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        while let Some(time) = self.next.filter(|time| *time <= moment.at) {
            self.write(&self.file_at(time), moment)?;
            self.next = self.times.next();
        }
        Ok(())
    }

    fn write(&self, file: &Path, moment: &Moment<'_>) -> Result<(), SimError> {
        std::fs::write(file, self.render(moment)).map_err(|e| SimError::file("write", file, e))
    }

    fn file_at(&self, time: Micros) -> PathBuf {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        self.file.with_file_name(format!("{stem}-{}s.svg", Plain(time.seconds())))
    }
}

impl Observer for SvgMaps {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        self.write_due(moment)?;
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.write_due(moment)?;
        self.write(&self.file, moment)
    }
}
