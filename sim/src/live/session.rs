//! A run with its past, and what people want of it.

use super::Text;
use super::frame::Frame;
use super::inspect::{self, Inspected};
use super::key::Key;
use super::past::Past;
use super::series::Series;
use crate::neighbors::Neighbors;
use crate::scenario::{Scenario, Stop};
use crate::{Flow, Intervention, SimError, Simulation, World};
use fieldrun_device::{Micros, Program};
use std::sync::Arc;
use std::time::Duration;

/// A run is advanced in so many pieces a period, so that it can be looked at in between.
const PIECES: u64 = 64;
/// What a run falls behind is not made up for beyond this.
const MOST_BEHIND: Duration = Duration::from_millis(200);
/// Simulated time that is as good as endless.
const ENDLESS: Micros = Micros(u64::MAX / 4);

/// What a person wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Time goes on.
    Play,
    /// Time stands still.
    Pause,
    /// So many simulated seconds a second; infinite for as fast as it goes.
    Speed(f64),
    /// One event more, and what happens at the same time.
    StepEvent,
    /// One period more, in which each device has about one round.
    StepPeriod,
    /// To another time. What lies between the kept past and that time is run again.
    Seek(Micros),
    /// As [`Command::Seek`], but to the nearest kept time before: at once.
    Peek(Micros),
    /// Something is done to the network.
    Change(Intervention),
    /// Devices are shown by another key.
    Show(Key),
    /// From the start, with another seed if one is given.
    Restart(Option<u64>),
    /// From the start, with another program that was loaded from a text.
    Load(Arc<Program>, Text),
}

/// A run that somebody watches.
pub struct Session {
    scenario: Scenario,
    program: Arc<Program>,
    text: Text,
    past: Past,
    series: Series,
    playing: bool,
    speed: f64,
    /// A time to be reached as fast as it goes.
    goal: Option<Micros>,
    /// Counts the starts.
    epoch: u32,
    /// Counts the changes of links, and the links of the last one.
    links: (u32, Neighbors),
    /// Lines of the program that share something, once they were looked for.
    lines: Option<Vec<usize>>,
}

impl Session {
    /// A run before its first event, paused. It has no end: the bounds of the scenario do not hold.
    ///
    /// # Errors
    /// The network is too large, or a part of the scenario names a device that does not exist.
    pub fn new(scenario: &Scenario, program: &Arc<Program>, text: Text) -> Result<Self, SimError> {
        let mut scenario = scenario.clone();
        scenario.stop = Stop { time: Some(ENDLESS), ..Stop::default() };
        let simulation = Simulation::new(&scenario, program)?;
        let links = (1, simulation.world().neighbors.clone());
        let series = Series::new(scenario.schedule.period(), Key::Value);
        Ok(Self {
            program: program.clone(),
            text,
            past: Past::new(simulation),
            series,
            playing: false,
            speed: 1.0,
            goal: None,
            epoch: 1,
            links,
            lines: None,
            scenario,
        })
    }

    /// Does what a person wants.
    ///
    /// # Errors
    /// There is no such device, or the network does not start anew; all is as before then.
    pub fn command(&mut self, command: Command) -> Result<(), SimError> {
        match command {
            Command::Play => self.playing = true,
            Command::Pause => (self.playing, self.goal) = (false, None),
            Command::Speed(speed) if speed > 0.0 => self.speed = speed,
            Command::Speed(_) => {}
            Command::StepEvent => {
                self.playing = false;
                self.past.step(&mut self.series)?;
            }
            Command::StepPeriod => {
                self.playing = false;
                let from = self.goal.unwrap_or_else(|| self.past.now());
                let period = self.scenario.schedule.period().0;
                self.goal = Some(Micros(from.0.saturating_add(period)));
            }
            Command::Seek(at) => {
                let at = at.min(ENDLESS);
                self.past.back(at);
                self.goal = (at > self.past.now()).then_some(at);
            }
            Command::Peek(at) => {
                (self.playing, self.goal) = (false, None);
                self.past.back(at);
            }
            Command::Change(change) => {
                self.goal = None;
                self.past.change(change, &mut self.series)?;
            }
            Command::Show(key) => self.series.shown = key,
            Command::Restart(seed) => {
                let seed = seed.unwrap_or(self.scenario.seed);
                self.restart(seed, self.program.clone())?;
            }
            Command::Load(program, text) => {
                self.restart(self.scenario.seed, program)?;
                self.text = text;
            }
        }
        self.watch_links();
        Ok(())
    }

    fn restart(&mut self, seed: u64, program: Arc<Program>) -> Result<(), SimError> {
        let mut scenario = self.scenario.clone();
        scenario.seed = seed;
        let simulation = Simulation::new(&scenario, &program)?;
        (self.scenario, self.program) = (scenario, program);
        self.past = Past::new(simulation);
        self.series = Series::new(self.scenario.schedule.period(), self.series.shown.clone());
        (self.goal, self.lines) = (None, None);
        self.epoch += 1;
        Ok(())
    }

    /// Lets the run go on, if it is playing or on the way to a time. `passed` is how much time has
    /// passed since the last call; `go_on` is asked again and again whether there is time left.
    /// Says whether anything happened.
    ///
    /// # Errors
    /// The network becomes too dense.
    pub fn advance(
        &mut self,
        passed: Duration,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<bool, SimError> {
        let Some(target) = self.target(passed) else { return Ok(false) };
        let piece = (self.scenario.schedule.period().0 / PIECES).max(1);
        while self.past.now() < target && go_on() {
            let to = Micros(self.past.now().0.saturating_add(piece)).min(target);
            if self.past.forward(to, &mut self.series)? == Flow::Stop {
                (self.playing, self.goal) = (false, None);
                break;
            }
        }
        if self.goal.is_some_and(|goal| self.past.now() >= goal) {
            self.goal = None;
        }
        self.watch_links();
        Ok(true)
    }

    fn target(&self, passed: Duration) -> Option<Micros> {
        if self.goal.is_some() || !self.playing {
            return self.goal;
        }
        let micros = passed.min(MOST_BEHIND).as_micros() as f64 * self.speed;
        let most = self.scenario.schedule.period().0.saturating_mul(1000);
        // An infinite number of microseconds is the greatest whole number.
        Some(Micros(self.past.now().0.saturating_add((micros as u64).min(most))))
    }

    fn watch_links(&mut self) {
        let neighbors = &self.world().neighbors;
        if *neighbors != self.links.1 {
            self.links = (self.links.0 + 1, neighbors.clone());
        }
    }

    /// Whether [`Session::advance`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.playing || self.goal.is_some()
    }

    /// The network now.
    pub fn world(&self) -> &World {
        self.past.present.world()
    }

    /// The run now.
    pub fn simulation(&self) -> &Simulation {
        &self.past.present
    }

    /// What is run.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The text of the program.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// What keys did over time.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// The present moment as bytes for a page, with a number of the caller's: four bytes with the
    /// length of a header, the header as JSON, then for each device x and y, then its value, then
    /// what kind of value that is; numbers are little-endian, of 32 bits, kinds are bytes.
    pub fn frame(&self, number: u64) -> Vec<u8> {
        let frame = Frame {
            number,
            epoch: self.epoch,
            playing: self.playing,
            seeking: self.goal.is_some(),
            speed: self.speed,
            end: self.past.end(),
            links: self.links.0,
        };
        frame.bytes(&self.past.present, &self.series.shown)
    }

    /// All links as pairs of device numbers of 32 bits, little-endian; none if there are too many to be shown.
    pub fn links(&self) -> Vec<u8> {
        super::frame::links(self.world())
    }

    /// The outlines of all obstacles.
    pub fn obstacles(&self) -> Vec<Vec<[f64; 2]>> {
        crate::map::outlines(self.world())
    }

    /// Everything about a device, and what its next round sees at a line of the program.
    pub fn inspect(&mut self, device: usize, line: Option<usize>) -> Option<Inspected> {
        let simulation = &self.past.present;
        if self.lines.is_none() && simulation.world().rounds(device) > 0 {
            self.lines = Some(inspect::sharing_lines(simulation, device, &self.text));
        }
        let lines = self.lines.clone().unwrap_or_default();
        inspect::inspect(simulation, device, lines, line, &self.text)
    }
}
