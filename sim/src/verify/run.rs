//! A case is run by the simulator, from the text of its scenario file, and judged.

use super::case::{Case, Order};
use super::history::{History, Series};
use super::site::Site;
use super::wanted::Wanted;
use crate::{Flow, Moment, Observer, Scenario, SimError, World, run};
use fieldrun_device::{NodeId, Program, Value};
use std::sync::Arc;

/// The name of the program in scenarios.
pub(crate) const PROGRAM: &str = "program.pt";
/// What is false rises that much more slowly where rounds come at random times, and
const UNEVEN: f64 = 1.0;
/// where messages are late and lost: everyone looks at what neighbours were a while ago.
const LATE: f64 = 1.5;

/// A property of all values: the first device that breaks it, and what would be right there.
pub(crate) type Property = fn(&Site, &[Value]) -> Option<(usize, String)>;

/// By what a case is judged.
#[derive(Clone)]
pub(crate) enum Judge {
    /// What each device ends at.
    Values(Vec<Wanted>),
    /// What all of them fulfil.
    Property(Property),
    /// What each round gives, from the first one on.
    Series(Series),
}

/// A device that ended wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its id.
    pub device: i64,
    /// What it has.
    pub found: String,
    /// What it should have.
    pub wanted: String,
}

/// How a case went.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// Devices that are wrong at the end.
    pub(crate) wrong: Vec<Wrong>,
    /// When a round was wrong that should have been right, in seconds: there the run ended.
    pub(crate) broken: Option<f64>,
    /// Rounds from the last fault until nothing was wrong any more.
    pub(crate) settled: f64,
    /// The values at the end, by ascending id; unit where there is none.
    pub(crate) values: Vec<Value>,
    /// When a value last became another one, in seconds.
    pub(crate) changed: f64,
    /// Bytes of a message on average.
    pub(crate) bytes: f64,
    /// Steps of a round on average.
    pub(crate) steps: f64,
}

/// Simulated seconds of a case in which everything must be right so many rounds after the last fault.
pub(crate) fn seconds(case: &Case, rounds: f64) -> f64 {
    let uneven = if matches!(case.order, Order::Drift | Order::Random) { UNEVEN } else { 0.0 };
    let late = if case.loss > 0.0 { LATE } else { 0.0 };
    let pace = 1.0 + uneven + late;
    (case.calm() + 1.0 + rounds * pace).ceil()
}

/// Runs a case for so many rounds after its last fault.
pub(crate) fn judged(
    case: &Case,
    program: &Arc<Program>,
    judge: &Judge,
    rounds: f64,
) -> Result<Ran, SimError> {
    let text = case.scenario(PROGRAM, &[], seconds(case, rounds), &[]);
    let scenario = Scenario::parse(&text, "scenario.toml")?;
    let site = case.site();
    let mut watch = Watch {
        numbers: numbers(case, &scenario),
        values: vec![Value::Unit; site.len()],
        wrong: vec![true; site.len()],
        last_wrong: 0.0,
        last_change: 0.0,
        history: History::new(case),
        broken: None,
        site,
        judge,
    };
    let summary = run(&scenario, program, &mut watch)?;
    let messages = summary.counts.messages.max(1) as f64;
    Ok(Ran {
        wrong: watch.verdict(),
        broken: watch.broken.as_ref().map(|(at, _, _)| *at),
        settled: (watch.last_wrong - case.calm()).max(0.0).ceil(),
        values: watch.values,
        changed: watch.last_change,
        bytes: summary.counts.bytes as f64 / messages,
        steps: summary.counts.steps as f64 / messages,
    })
}

/// The place of each device of the scenario among those of the site.
fn numbers(case: &Case, scenario: &Scenario) -> Vec<usize> {
    let number = |id: &Option<NodeId>| {
        case.spots.iter().position(|spot| Some(NodeId::Int(spot.id)) == *id).unwrap_or_default()
    };
    scenario.nodes.iter().map(|node| number(&node.id)).collect()
}

struct Watch<'a> {
    site: Site,
    judge: &'a Judge,
    numbers: Vec<usize>,
    values: Vec<Value>,
    wrong: Vec<bool>,
    last_wrong: f64,
    last_change: f64,
    history: History,
    /// When the round of a series was wrong, whose, and what would be right.
    broken: Option<(f64, usize, String)>,
}

impl Watch<'_> {
    fn note(&mut self, number: usize, world: &World, moment: &Moment<'_>) {
        let value = world.value(moment.device).cloned().unwrap_or_default();
        let Some(held) = self.values.get_mut(number) else { return };
        if *held != value {
            self.last_change = moment.at.seconds();
            *held = value;
        }
    }

    /// Whether anything is wrong after a round of a device.
    fn is_wrong(&mut self, number: usize, round_over: bool) -> bool {
        match self.judge {
            Judge::Values(wanted) => {
                let admitted = match (wanted.get(number), self.values.get(number)) {
                    (Some(wanted), Some(value)) => wanted.admits(value),
                    _ => false,
                };
                if let Some(wrong) = self.wrong.get_mut(number) {
                    *wrong = !admitted;
                }
                self.wrong.contains(&true)
            }
            Judge::Property(property) => round_over && property(&self.site, &self.values).is_some(),
            // Told round by round.
            Judge::Series(_) => false,
        }
    }

    /// Holds the last round of a device against what it should give; whether that is settled.
    fn follow(&mut self, series: Series, number: usize, moment: &Moment<'_>) -> bool {
        let value = self.values.get(number).cloned().unwrap_or_default();
        if !self.history.note(&self.site, number, moment.at, value) {
            return true;
        }
        let Some(view) = self.history.view(&self.site, number) else { return true };
        let wanted = series(&view);
        if !wanted.admits(&view.now.value) {
            self.broken = Some((moment.at.seconds(), number, wanted.to_string()));
        }
        !matches!(wanted, Wanted::Anything | Wanted::Between(..))
    }

    fn verdict(&self) -> Vec<Wrong> {
        let wrong = |number: usize, wanted: String| {
            let found = self.values.get(number).map(text).unwrap_or_default();
            let device = self.site.spots.get(number).map_or(0, |spot| spot.id);
            Wrong { device, found, wanted }
        };
        match self.judge {
            Judge::Values(wanted) => {
                let pairs = wanted.iter().zip(&self.values).enumerate();
                let bad = pairs.filter(|(_, (wanted, value))| !wanted.admits(value));
                bad.map(|(number, (wanted, _))| wrong(number, wanted.to_string())).collect()
            }
            Judge::Property(property) => {
                let found = property(&self.site, &self.values);
                found.map(|(number, wanted)| wrong(number, wanted)).into_iter().collect()
            }
            Judge::Series(_) => {
                let broken = self.broken.clone();
                broken.map(|(_, number, wanted)| wrong(number, wanted)).into_iter().collect()
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "no value: its round failed, or it did not run".to_owned(),
        value => value.to_string(),
    }
}

impl Observer for Watch<'_> {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        let Some(number) = self.numbers.get(moment.device).copied() else {
            return Ok(Flow::Continue);
        };
        self.note(number, moment.world, moment);
        if let Judge::Series(series) = self.judge {
            if !self.follow(*series, number, moment) {
                self.last_wrong = moment.at.seconds();
            }
            return Ok(if self.broken.is_some() { Flow::Stop } else { Flow::Continue });
        }
        let devices = self.site.len().max(1) as u64;
        if self.is_wrong(number, moment.event.is_multiple_of(devices)) {
            self.last_wrong = moment.at.seconds();
        }
        Ok(Flow::Continue)
    }
}
