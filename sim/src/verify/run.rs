//! A case is run by the simulator, from the text of its scenario file, and judged.

use super::case::{Case, Order};
use super::history::{History, View};
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
/// Seconds for which what is right must stay right: of values that rest, and of those that do not.
const STAYS: f64 = 3.0;
const GOES_ON: f64 = 12.0;

/// A property of all values: the first device that breaks it, and what would be right there.
pub(crate) type Property = fn(&Site, &[Value]) -> Option<(usize, String)>;

/// What a device is to have after its last round, from its own rounds and those of the others.
pub(crate) type Series = fn(&Site, &History, usize) -> Wanted;

/// What the round of a device is to give that is looked at; anything where that cannot be known.
pub(crate) type EveryRound = fn(&View<'_>) -> Wanted;

/// By what a case is judged.
#[derive(Clone)]
pub(crate) enum Judge {
    /// What each device ends at.
    Values(Vec<Wanted>),
    /// What each device has after each round; where it is not promised, anything.
    Series(Series, Vec<bool>),
    /// What each round gives, from the first one on.
    EveryRound(EveryRound),
    /// What all of them fulfil.
    Property(Property),
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
    /// When it ended, in seconds: at the first wrong value after all must be right, if there is one.
    pub(crate) end: f64,
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
    let settled = seconds(case, rounds);
    let goes_on = if matches!(judge, Judge::Series(..)) { GOES_ON } else { STAYS };
    let text = case.scenario(PROGRAM, &[], settled + goes_on, &[]);
    let scenario = Scenario::parse(&text, "scenario.toml")?;
    let site = case.site();
    let mut watch = Watch {
        numbers: numbers(&site, &scenario),
        values: vec![Value::Unit; site.len()],
        wrong: vec![!matches!(judge, Judge::EveryRound(_)); site.len()],
        settled,
        broken: false,
        last: 0.0,
        last_wrong: 0.0,
        last_change: 0.0,
        wanted: vec![Wanted::Anything; site.len()],
        history: History::new(case),
        site,
        judge,
    };
    let summary = run(&scenario, program, &mut watch)?;
    let messages = summary.counts.messages.max(1) as f64;
    Ok(Ran {
        wrong: watch.verdict(),
        settled: (watch.last_wrong - case.calm()).max(0.0).ceil(),
        values: watch.values,
        changed: watch.last_change,
        bytes: summary.counts.bytes as f64 / messages,
        steps: summary.counts.steps as f64 / messages,
        end: watch.last,
    })
}

/// The place of each device of the scenario among those of the site, on which it may be no more.
fn numbers(site: &Site, scenario: &Scenario) -> Vec<Option<usize>> {
    let number =
        |id: &Option<NodeId>| site.spots.iter().position(|spot| Some(NodeId::Int(spot.id)) == *id);
    scenario.nodes.iter().map(|node| number(&node.id)).collect()
}

struct Watch<'a> {
    site: Site,
    history: History,
    /// What each device was to have after its last round.
    wanted: Vec<Wanted>,
    judge: &'a Judge,
    numbers: Vec<Option<usize>>,
    values: Vec<Value>,
    wrong: Vec<bool>,
    /// From when on everything must be right.
    settled: f64,
    /// Whether a round was wrong of which all rounds must be right.
    broken: bool,
    last: f64,
    last_wrong: f64,
    last_change: f64,
}

impl Watch<'_> {
    fn note(&mut self, number: usize, world: &World, moment: &Moment<'_>) {
        let value = world.value(moment.device).cloned().unwrap_or_default();
        self.history.note(&self.site, number, moment.at, value.clone());
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
                let wanted = wanted.get(number).cloned();
                self.compare(number, wanted.unwrap_or(Wanted::Anything))
            }
            Judge::Series(series, promised) => {
                let wanted = match promised.get(number) {
                    Some(true) => series(&self.site, &self.history, number),
                    _ => Wanted::Anything,
                };
                self.compare(number, wanted)
            }
            Judge::EveryRound(every) => {
                let view = self.history.view(&self.site, number);
                let wanted = view.map_or(Wanted::Anything, |view| every(&view));
                let unknown = matches!(wanted, Wanted::Anything | Wanted::Between(..));
                // A round that is wrong is wrong for good.
                self.broken |= self.compare(number, wanted);
                self.broken || unknown
            }
            Judge::Property(property) => round_over && property(&self.site, &self.values).is_some(),
        }
    }

    /// Whether any device lacks what it should have, after a round of one.
    fn compare(&mut self, number: usize, wanted: Wanted) -> bool {
        let admitted = self.values.get(number).is_some_and(|value| wanted.admits(value));
        if let (Some(wrong), Some(slot)) = (self.wrong.get_mut(number), self.wanted.get_mut(number))
        {
            (*wrong, *slot) = (!admitted, wanted);
        }
        self.wrong.contains(&true)
    }

    fn verdict(&self) -> Vec<Wrong> {
        let wrong = |number: usize, wanted: String| {
            let found = self.values.get(number).map(text).unwrap_or_default();
            let device = self.site.spots.get(number).map_or(0, |spot| spot.id);
            Wrong { device, found, wanted }
        };
        match self.judge {
            Judge::Values(_) | Judge::Series(..) | Judge::EveryRound(_) => {
                let pairs = self.wanted.iter().zip(&self.wrong).enumerate();
                let bad = pairs.filter(|(_, (_, is_wrong))| **is_wrong);
                bad.map(|(number, (wanted, _))| wrong(number, wanted.to_string())).collect()
            }
            Judge::Property(property) => {
                let found = property(&self.site, &self.values);
                found.map(|(number, wanted)| wrong(number, wanted)).into_iter().collect()
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
        let Some(number) = self.numbers.get(moment.device).copied().flatten() else {
            return Ok(Flow::Continue);
        };
        self.note(number, moment.world, moment);
        let devices = self.site.len().max(1) as u64;
        self.last = moment.at.seconds();
        if self.is_wrong(number, moment.event.is_multiple_of(devices)) {
            self.last_wrong = self.last;
            if self.broken || self.last > self.settled {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::Continue)
    }
}
