//! Puts blocks and programs to the test: many small networks, schedules and faults, held against
//! plain algorithms.
//!
//! A *case* is a network of some devices, an order in which they fire, and what befalls them until
//! a moment from which on nothing more does. A block passes if every device then comes to the
//! right value within a number of rounds that the network decides, and stays there. A case runs
//! from the text of its scenario file: what fails is printed as that text, and fails in `fieldrun
//! sim` just so. Everything depends on the seed and the number of cases alone.

mod block;
mod card;
mod case;
mod history;
mod motion;
mod oracles;
mod plain;
mod run;
mod shape;
mod shrink;
mod site;
mod table;
mod wanted;

pub use block::{Block, Promise};
pub use card::{Card, index};
pub use case::{Case, FaultKind, Order, Strike, Trouble};
pub use motion::{Moving, while_moving};
pub use run::Wrong;
pub use shape::Shape;
pub use site::{Site, Spot};
pub use table::blocks;

use crate::SimError;
use block::{Needs, Oracle, Pace};
use fieldrun_device::{Program, ROUND_STACK};
use run::{Judge, Ran};
use site::Metric;
use std::sync::Arc;
use wanted::Wanted;

/// Rounds in which a program without an oracle must settle.
const PROGRAM_PACE: Pace = Pace::Waves(3.0);
/// Cases with faults among which a block that remembers must be seen to do so.
const ENOUGH: u64 = 4;

/// The block of that name: `module.function`, or `function` alone.
pub fn find(name: &str) -> Option<&'static Block> {
    blocks().find(|block| block.name == name || block.function() == name)
}

/// What is put to the test.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name in messages.
    pub name: String,
    /// What devices run.
    pub program: Arc<Program>,
    /// The block whose values are the right ones; without one, the values of an undisturbed network
    /// are, in which devices fire one after the other.
    pub block: Option<&'static Block>,
}

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Another seed, other cases.
    pub seed: u64,
    /// How many.
    pub cases: u64,
    /// Whether a case that fails is made smaller.
    pub shrink: bool,
}

/// What was found out.
#[derive(Clone, Debug)]
pub struct Report {
    /// Cases that were run.
    pub cases: u64,
    /// What those that passed showed, in their order.
    pub measured: Vec<Measured>,
    /// Cases with faults that did not recover, of a block that does not promise it.
    pub kept: u64,
    /// Cases with faults other than late and lost messages.
    pub struck: u64,
    /// Why the subject fails, if it does.
    pub failure: Option<Failure>,
}

impl Report {
    /// What the cases showed in which this befell the network; all of them without it.
    pub fn summed(&self, trouble: Option<Trouble>) -> Summed {
        let chosen = |m: &&Measured| trouble.is_none_or(|trouble| trouble == m.trouble);
        let chosen: Vec<&Measured> = self.measured.iter().filter(chosen).collect();
        let mut rounds: Vec<f64> = chosen.iter().map(|measured| measured.rounds).collect();
        rounds.sort_by(f64::total_cmp);
        let mean = |of: fn(&Measured) -> f64| {
            chosen.iter().map(|measured| of(measured)).sum::<f64>() / chosen.len().max(1) as f64
        };
        let per_hop = chosen.iter().map(|m| m.rounds / m.diameter.max(1.0));
        Summed {
            cases: chosen.len(),
            median: rounds.get(rounds.len() / 2).copied().unwrap_or(0.0),
            most: rounds.last().copied().unwrap_or(0.0),
            most_per_hop: per_hop.fold(0.0, f64::max),
            bytes: mean(|measured| measured.bytes),
            steps: mean(|measured| measured.steps),
        }
    }
}

/// What several cases showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summed {
    /// How many.
    pub cases: usize,
    /// Rounds from the last fault until all was right for good: in the middle one of the cases.
    pub median: f64,
    /// And in the longest.
    pub most: f64,
    /// The most rounds in proportion to the diameter in links.
    pub most_per_hop: f64,
    /// Bytes of a message, on average.
    pub bytes: f64,
    /// Steps of a round, on average.
    pub steps: f64,
}

/// What a case showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// What befell the network.
    pub trouble: Trouble,
    /// Rounds from the last fault until all was right for good.
    pub rounds: f64,
    /// Links on the longest of all shortest ways.
    pub diameter: f64,
    /// Bytes of a message, on average.
    pub bytes: f64,
    /// Steps of a round, on average.
    pub steps: f64,
}

/// Why a subject fails.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Values are wrong at the end of a case.
    Wrong(Box<WrongCase>),
    /// A block that is documented to remember faults recovered from all of them.
    Recovers,
}

/// A case that failed, made as small as it goes.
#[derive(Clone, Debug)]
pub struct WrongCase {
    /// The case as it came.
    pub found: Case,
    /// The smallest that still fails.
    pub case: Case,
    /// Which devices are wrong at its end; none if values never rest.
    pub wrong: Vec<Wrong>,
    /// When the run ends, in seconds.
    pub seconds: f64,
}

impl WrongCase {
    /// The scenario file that shows it, for a program file and folders of its modules.
    pub fn scenario(&self, program: &str, folders: &[String], notes: &[String]) -> String {
        let wrong = self.wrong.iter().map(|Wrong { device, found, wanted }| {
            format!("At the end, device {device} has {found}; right would be {wanted}.")
        });
        let notes: Vec<String> = notes.iter().cloned().chain(wrong).collect();
        self.case.scenario(program, folders, self.seconds, &notes)
    }
}

/// Runs the cases of a plan until one fails; tells `progress` how many are done.
///
/// # Errors
/// A case cannot be run at all.
pub fn verify(
    subject: &Subject,
    plan: Plan,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Report, SimError> {
    // Networks are so small that handing rounds to threads would take longer than the rounds.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(ROUND_STACK).build();
    match pool {
        Ok(pool) => pool.install(|| all_cases(subject, plan, progress)),
        // Without a thread of its own it runs in this one.
        Err(_) => all_cases(subject, plan, progress),
    }
}

fn all_cases(
    subject: &Subject,
    plan: Plan,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Report, SimError> {
    let mut report = Report { cases: 0, measured: Vec::new(), kept: 0, struck: 0, failure: None };
    let remembers = subject.block.is_some_and(|block| block.promise == Promise::Remembers);
    for number in 0..plan.cases {
        progress(number);
        let case = subject.suited(Case::new(plan.seed, number));
        let exam = subject.examine(&case)?;
        let struck = !case.strikes.is_empty();
        report.cases += 1;
        report.struck += u64::from(struck);
        match exam.ran {
            Some(ran) if ran.wrong.is_empty() => report.measured.push(Measured {
                trouble: case.trouble(),
                rounds: ran.settled,
                diameter: case.site().diameter(Metric::Hops),
                bytes: ran.bytes,
                steps: ran.steps,
            }),
            Some(_) if remembers && excused(subject, &case) => report.kept += 1,
            _ => {
                report.failure =
                    Some(Failure::Wrong(Box::new(shrink::smallest(subject, case, plan.shrink)?)));
                break;
            }
        }
    }
    if remembers && report.failure.is_none() && report.kept == 0 && report.struck >= ENOUGH {
        report.failure = Some(Failure::Recovers);
    }
    Ok(report)
}

/// Whether what befell the network may leave a block that remembers with wrong values. Where each
/// round is known from those since the device started, a restart is no excuse.
fn excused(subject: &Subject, case: &Case) -> bool {
    let followed = subject.block.is_some_and(|block| matches!(block.oracle, Oracle::EveryRound(_)));
    if followed { case.trouble().corrupts() } else { !case.strikes.is_empty() }
}

/// How a subject did in a case.
struct Exam {
    /// None if there are no right values: undisturbed, they never rest.
    ran: Option<Ran>,
    rounds: f64,
}

impl Exam {
    fn failed(&self) -> bool {
        self.ran.as_ref().is_none_or(|ran| !ran.wrong.is_empty())
    }
}

impl Subject {
    /// A case with only such faults of which its oracle can tell what is right.
    fn suited(&self, case: Case) -> Case {
        match self.block {
            Some(block) if block.judges_rounds() => case.on_one_network(),
            _ => case,
        }
    }

    fn examine(&self, case: &Case) -> Result<Exam, SimError> {
        let site = case.site();
        let pace = self.block.map_or(PROGRAM_PACE, |block| block.pace);
        let rounds = pace.rounds(&site).ceil();
        let judge = match self.block {
            Some(block) => Some(block.judge(&site)),
            None => self.own_judge(case, &site, rounds)?,
        };
        let ran =
            judge.map(|judge| run::judged(case, &self.program, &judge, rounds)).transpose()?;
        Ok(Exam { ran, rounds })
    }

    /// The values of the undisturbed network, if they rest.
    fn own_judge(&self, case: &Case, site: &Site, rounds: f64) -> Result<Option<Judge>, SimError> {
        let calm = case.undisturbed();
        let anything = Judge::Values(vec![Wanted::Anything; site.len()]);
        let ran = run::judged(&calm, &self.program, &anything, rounds)?;
        if ran.changed > run::seconds(&calm, rounds) * 0.75 {
            return Ok(None);
        }
        let wanted = ran.values.iter().map(Wanted::like);
        let promised = self.needs().promised(site);
        let wanted = wanted.zip(promised).map(|(wanted, promised)| match promised {
            false if site.corrupted => Wanted::Anything,
            _ => wanted,
        });
        Ok(Some(Judge::Values(wanted.collect())))
    }

    /// What a program that asks for sources needs.
    fn needs(&self) -> Needs {
        let asks = |name| self.program.reads_environment(name);
        match (asks("source"), asks("destination")) {
            (false, false) => Needs::Nothing,
            (true, false) => Needs::Source,
            (_, true) => Needs::SourceAndDestination,
        }
    }
}
