//! Follows a run: looks at the network each second, asks the oracle, and compares.

use fieldrun_sim::scenario::Mobility;
use fieldrun_sim::{Flow, Moment, Observer, Scenario, SimError, Summary, World};

use super::judge::Score;
use super::pictures::{self, Frame};
use super::report::{Counts, Report, Row, Scores};
use super::tables::{Second, Tables};
use super::{CrowdError, Options, Oracle, Said, Truth};

/// Positions are taken to a millimetre, as the table of devices has them: whoever reads that computes
/// the same truth.
const PER_METRE: f64 = 1000.0;
/// The moments of the film, as parts of the run.
const SCENES: [f64; 4] = [1.0 / 15.0, 1.0 / 3.0, 2.0 / 3.0, 1.0];

/// The observer of a run.
pub(crate) struct Follow<'a> {
    progress: &'a mut dyn Observer,
    oracle: Oracle,
    /// Which devices are counted: those that move, or all if none does.
    counted: Vec<bool>,
    ids: Vec<String>,
    /// The second to look at next.
    next: u64,
    scenes: Vec<u64>,
    crowded: Score,
    dangerous: Score,
    warned: Score,
    rows: Vec<Row>,
    frames: Vec<Frame>,
    tables: Option<Tables>,
    failed: Option<CrowdError>,
}

impl<'a> Follow<'a> {
    pub(crate) fn new(
        options: &Options,
        progress: &'a mut dyn Observer,
    ) -> Result<Self, CrowdError> {
        let end = options.scenario.stop.latest().seconds();
        let scenes = match options.out {
            Some(_) => SCENES.iter().map(|part| (part * end).round() as u64).collect(),
            None => Vec::new(),
        };
        Ok(Self {
            progress,
            oracle: Oracle::new(options.rules),
            counted: movers(&options.scenario),
            ids: Vec::new(),
            next: 1,
            scenes,
            crowded: Score::default(),
            dangerous: Score::default(),
            warned: Score::default(),
            rows: Vec::new(),
            frames: Vec::new(),
            tables: options.out.as_deref().map(Tables::new).transpose()?,
            failed: None,
        })
    }

    /// The report of the run that is over, and the pictures.
    pub(crate) fn report(self, options: &Options, summary: Summary) -> Result<Report, CrowdError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.rows.is_empty() {
            return Err(CrowdError::NothingSeen);
        }
        let mut files = self.tables.map(Tables::finish).transpose()?.unwrap_or_default();
        if let Some(folder) = &options.out {
            files.extend(pictures::write(folder, options, &self.rows, &self.frames)?);
        }
        Ok(Report {
            scenario: options.scenario.name.clone(),
            program: options.program.clone(),
            seed: options.scenario.seed,
            seconds: self.rows.len() as u64,
            devices: self.counted.len(),
            counted: self.counted.iter().filter(|counted| **counted).count(),
            rules: options.rules,
            crowded: self.crowded.figures(),
            dangerous: self.dangerous.figures(),
            warned: self.warned.figures(),
            rows: self.rows,
            files,
            summary,
        })
    }

    /// Looks at all whole seconds that are over.
    fn look(&mut self, moment: &Moment<'_>) -> Result<(), CrowdError> {
        while self.next as f64 <= moment.at.seconds() {
            self.second(moment.world)?;
            self.next += 1;
        }
        Ok(())
    }

    fn second(&mut self, world: &World) -> Result<(), CrowdError> {
        let t = self.next;
        let places: Vec<[f64; 2]> = (0..world.len()).map(|device| place(world, device)).collect();
        let said = heard(world)?;
        let truth = self.oracle.look(t as f64, &places);
        let judge = |score: &mut Score, what: fn(&Said) -> bool, is_true: &[bool]| {
            let pairs = said.iter().map(what).zip(is_true.iter().copied()).zip(&self.counted);
            score.watch(t as f64, pairs.filter(|(_, counted)| **counted).map(|(pair, _)| pair))
        };
        let hits = Scores {
            crowded: judge(&mut self.crowded, |said| said.crowded, &truth.crowded),
            dangerous: judge(&mut self.dangerous, |said| said.dangerous, &truth.dangerous),
            warned: judge(&mut self.warned, |said| said.warned, &truth.warned),
        };
        let is: Vec<Said> = told(&truth);
        let row = Row { t, said: self.count(&said), truth: self.count(&is), hits };
        if let Some(tables) = &mut self.tables {
            if self.ids.is_empty() {
                let id = |device| world.id(device).map(ToString::to_string).unwrap_or_default();
                self.ids = (0..world.len()).map(id).collect();
            }
            tables.row(&row)?;
            let (ids, mobile) = (&self.ids, &self.counted);
            let (places, said) = (&places, &said);
            tables.devices(&Second { t, ids, mobile, places, said, truth: &truth })?;
        }
        if self.scenes.contains(&t) {
            self.frames.push(Frame { t, places, said, truth: is });
        }
        self.rows.push(row);
        Ok(())
    }

    fn count(&self, said: &[Said]) -> Counts {
        let mut counts = Counts::default();
        for (said, _) in said.iter().zip(&self.counted).filter(|(_, counted)| **counted) {
            counts.add(*said);
        }
        counts
    }
}

impl Observer for Follow<'_> {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        if let Err(error) = self.look(moment) {
            self.failed = Some(error);
            return Ok(Flow::Stop);
        }
        self.progress.event(moment)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        if self.failed.is_none() {
            self.failed = self.look(moment).err();
        }
        self.progress.finish(moment)
    }
}

/// Which devices of a scenario move; all, if none does.
fn movers(scenario: &Scenario) -> Vec<bool> {
    let moves =
        |own: &Option<Mobility>| *own.as_ref().unwrap_or(&scenario.mobility) != Mobility::Still;
    let nodes = scenario.nodes.iter().map(|node| moves(&node.mobility));
    let groups = scenario
        .groups
        .iter()
        .flat_map(|group| std::iter::repeat_n(moves(&group.mobility), group.count));
    let movers: Vec<bool> = nodes.chain(groups).collect();
    match movers.contains(&true) {
        true => movers,
        false => vec![true; movers.len()],
    }
}

fn place(world: &World, device: usize) -> [f64; 2] {
    let at = |axis: usize| world.position(device).get(axis).copied().unwrap_or(0.0);
    [at(0), at(1)].map(|metres| (metres * PER_METRE).round() / PER_METRE)
}

/// What all devices say; one without a value says nothing.
fn heard(world: &World) -> Result<Vec<Said>, CrowdError> {
    let one = |device| match world.value(device) {
        None => Ok(Said::default()),
        Some(value) => Said::read(value).ok_or_else(|| CrowdError::NotJudged {
            device: world.id(device).map(ToString::to_string).unwrap_or_default(),
            value: world.shown(device).to_string(),
        }),
    };
    (0..world.len()).map(one).collect()
}

/// The truth in the words of devices.
fn told(truth: &Truth) -> Vec<Said> {
    let marks = truth.crowded.iter().zip(&truth.dangerous).zip(&truth.warned);
    marks
        .map(|((crowded, dangerous), warned)| Said {
            crowded: *crowded,
            dangerous: *dangerous,
            warned: *warned,
        })
        .collect()
}
