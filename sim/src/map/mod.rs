//! Maps: the network as dots coloured by their values; one moment, a film strip, an animation.

mod color;
mod draw;
mod layout;
mod obstacles;
mod wanted;

pub(crate) use obstacles::outlines;
pub use wanted::{Wanted, When};

use self::color::Coloring;
use self::draw::{Header, Still};
use self::layout::Frame;
use self::wanted::Form;
use crate::SimError;
use crate::picture::{Animation, Picture};
use crate::scenario::{MapStyle, Scenario};
use crate::summary::some;
use crate::world::{Flow, Moment, Observer, World};
use fieldrun_device::Micros;
use std::collections::VecDeque;
use std::path::PathBuf;

/// The most moments of a film strip.
const MAX_STRIP: usize = 24;
/// The most moments of an animation.
const MAX_FILM: usize = 1000;
/// The most devices and links, each counted once for each moment that is kept: about 2 GB.
const MAX_KEPT: usize = 50_000_000;
/// How long each moment of an animation is seen, and the last one, in hundredths of a second.
const DELAYS: (u16, u16) = (10, 150);

/// Writes pictures of a run.
///
/// A picture of some time shows the network after the first event at or after that time. Times that
/// a run does not reach, because it ends by number of rounds or somebody stops it, give no picture.
/// Several moments in one file have one scale of colours.
pub struct Snapshots {
    look: Look,
    shots: Vec<Shot>,
}

/// What is the same for all pictures of a run.
struct Look {
    title: String,
    seed: u64,
    style: MapStyle,
    area: Option<[f64; 4]>,
}

/// A picture that is not finished.
struct Shot {
    file: PathBuf,
    form: Form,
    due: Due,
    kept: Vec<Still>,
}

/// When the next moment is to be kept.
enum Due {
    End,
    /// Ascending; those that are still to come.
    Times(VecDeque<Micros>),
    Every {
        next: Micros,
        gap: Micros,
    },
}

impl Due {
    fn has_come(&self, now: Micros) -> bool {
        match self {
            Self::End => false,
            Self::Times(times) => times.front().is_some_and(|time| *time <= now),
            Self::Every { next, .. } => *next <= now,
        }
    }

    /// Goes on to the first time after now.
    fn pass(&mut self, now: Micros) {
        match self {
            Self::End => {}
            Self::Times(times) => times.retain(|time| *time > now),
            Self::Every { next, gap } => {
                let gaps = now.0.saturating_sub(next.0) / gap.0 + 1;
                *next = Micros(next.0.saturating_add(gaps.saturating_mul(gap.0)));
            }
        }
    }
}

impl Snapshots {
    /// Pictures of a scenario.
    ///
    /// # Errors
    /// A time lies after the time at which the scenario stops.
    pub fn new(scenario: &Scenario, wanted: Vec<Wanted>) -> Result<Self, SimError> {
        let end = scenario.stop.latest();
        let shot = |wanted: Wanted| {
            let form = wanted.form();
            let due = match wanted.when {
                When::End => Due::End,
                When::At(mut times) => {
                    times.sort_unstable();
                    times.dedup();
                    if let Some(time) = times.last().filter(|time| **time > end) {
                        let (time, end) = (time.seconds(), end.seconds());
                        return Err(SimError::MapAfterEnd { time, end });
                    }
                    Due::Times(times.into())
                }
                When::Every(gap) => Due::Every { next: Micros(0), gap },
            };
            Ok(Shot { file: wanted.file, form, due, kept: Vec::new() })
        };
        let shots = wanted.into_iter().map(shot).collect::<Result<_, SimError>>()?;
        let title = scenario.map.title.clone().unwrap_or_else(|| scenario.name.clone());
        let (style, area) = (scenario.map.clone(), scenario.area.map(|area| area.outline()));
        Ok(Self { look: Look { title, seed: scenario.seed, style, area }, shots })
    }
}

/// The map of a moment.
pub fn map(scenario: &Scenario, moment: &Moment<'_>) -> Result<Picture, SimError> {
    let look = Snapshots::new(scenario, Vec::new())?.look;
    Ok(look.map(moment.world, moment.at))
}

impl Look {
    fn map(&self, world: &World, at: Micros) -> Picture {
        let coloring = Coloring::new(std::iter::once(world), &self.style);
        let frame = Frame::around(std::iter::once(world), self.area);
        self.page(world, at, &coloring, frame)
    }

    fn page(&self, world: &World, at: Micros, coloring: &Coloring, frame: Frame) -> Picture {
        let devices = some(world.len(), "device");
        let links = some(world.links(), "link");
        let at = draw::seconds(at);
        let subtitle = format!("t = {at} s  ·  {devices}  ·  {links}  ·  seed {}", self.seed);
        let header = Header { title: &self.title, subtitle };
        draw::page(world, &header, &self.style, coloring, frame)
    }

    fn strip(&self, kept: &[Still]) -> Picture {
        let (coloring, frame) = self.shared(kept);
        let devices = kept.first().map_or(0, |still| still.world.len());
        let subtitle = format!("{}  ·  seed {}", some(devices, "device"), self.seed);
        let header = Header { title: &self.title, subtitle };
        draw::strip(kept, &header, &self.style, &coloring, frame)
    }

    fn film(&self, kept: &[Still]) -> Result<Animation, SimError> {
        let (coloring, frame) = self.shared(kept);
        let page = |still: &Still| self.page(&still.world, still.at, &coloring, frame);
        let samples = [kept.first(), kept.get(kept.len() / 2), kept.last()].map(|s| s.map(page));
        let samples: Vec<&Picture> = samples.iter().flatten().collect();
        let mut film = Animation::new(&samples)?;
        let (each, last) = DELAYS;
        for (number, still) in kept.iter().enumerate() {
            film.add(&page(still), if number + 1 == kept.len() { last } else { each })?;
        }
        Ok(film)
    }

    /// One scale of colours and one frame for several moments.
    fn shared(&self, kept: &[Still]) -> (Coloring, Frame) {
        let worlds = || kept.iter().map(|still| &still.world);
        (Coloring::new(worlds(), &self.style), Frame::around(worlds(), self.area))
    }
}

impl Shot {
    /// Draws a map at once, and keeps a moment of a longer picture.
    fn take(&mut self, moment: &Moment<'_>, look: &Look) -> Result<(), SimError> {
        let most = match self.form {
            Form::Map => return look.map(moment.world, moment.at).write(&self.file),
            Form::Strip => MAX_STRIP,
            Form::Film => MAX_FILM,
        };
        let each = (moment.world.len() + moment.world.links()).max(1);
        let most = most.min((MAX_KEPT / each).max(1));
        if self.kept.len() >= most {
            return Err(SimError::TooManyStills { file: self.file.clone(), most });
        }
        self.kept.push(Still { at: moment.at, world: moment.world.clone() });
        Ok(())
    }

    fn write(&self, look: &Look) -> Result<(), SimError> {
        match self.form {
            _ if self.kept.is_empty() => Ok(()),
            Form::Map => Ok(()),
            Form::Strip => look.strip(&self.kept).write(&self.file),
            Form::Film => look.film(&self.kept)?.write(&self.file),
        }
    }
}

impl Observer for Snapshots {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        for shot in &mut self.shots {
            if shot.due.has_come(moment.at) {
                shot.take(moment, &self.look)?;
                shot.due.pass(moment.at);
            }
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        for shot in &mut self.shots {
            if matches!(shot.due, Due::End) || shot.due.has_come(moment.at) {
                shot.take(moment, &self.look)?;
            }
            shot.write(&self.look)?;
        }
        Ok(())
    }
}
