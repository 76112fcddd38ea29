//! Makes a failing case smaller, as long as it fails.

use super::case::{Case, Order};
use super::{Subject, WrongCase, run};
use crate::SimError;

/// Most runs that are spent on it.
const MOST_RUNS: usize = 600;

/// The smallest case that still fails, by greedy steps: the first simpler one that fails is the
/// next to be made simpler.
pub(super) fn smallest(
    subject: &Subject,
    found: Case,
    shrink: bool,
) -> Result<WrongCase, SimError> {
    let mut case = found.clone();
    let mut exam = subject.examine(&case)?;
    let mut runs = 0;
    'smaller: while shrink {
        for candidate in simpler(&case) {
            runs += 1;
            if runs > MOST_RUNS {
                break 'smaller;
            }
            let tried = subject.examine(&candidate)?;
            if tried.failed() {
                (case, exam) = (candidate, tried);
                continue 'smaller;
            }
        }
        break;
    }
    let seconds = exam.ran.as_ref().map_or_else(|| run::seconds(&case, exam.rounds), |ran| ran.end);
    let wrong = exam.ran.map(|ran| ran.wrong).unwrap_or_default();
    Ok(WrongCase { found, case, wrong, seconds })
}

/// Cases with something less, those with much less first.
fn simpler(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    for at in 0..case.strikes.len() {
        let mut less = case.clone();
        less.strikes.remove(at);
        all.push(less);
    }
    if case.loss > 0.0 {
        all.push(Case { loss: 0.0, ..case.clone() });
    }
    if case.order != Order::RoundRobin {
        all.push(Case { order: Order::RoundRobin, ..case.clone() });
    }
    let ids: Vec<i64> = case.spots.iter().map(|spot| spot.id).collect();
    let (first, second) = ids.split_at(ids.len() / 2);
    all.extend([first, second].map(|half| without(case, half)));
    all.extend(ids.iter().map(|id| without(case, &[*id])));
    for at in 0..case.pairs.len() {
        let mut less = case.clone();
        less.pairs.remove(at);
        all.push(less);
    }
    for (at, strike) in case.strikes.iter().enumerate() {
        for id in strike.ids.iter().filter(|_| strike.ids.len() > 1) {
            let mut less = case.clone();
            if let Some(strike) = less.strikes.get_mut(at) {
                strike.ids.retain(|other| other != id);
            }
            all.push(less);
        }
    }
    for at in 0..case.spots.len() {
        let mut less = case.clone();
        if let Some(spot) = less.spots.get_mut(at)
            && spot.obstacle
        {
            spot.obstacle = false;
            all.push(less);
        }
    }
    for less in &mut all {
        less.arrive();
    }
    all.retain(|less| !less.spots.is_empty() && less != case && less.is_roomy());
    all
}

fn without(case: &Case, ids: &[i64]) -> Case {
    let mut less = case.clone();
    less.spots.retain(|spot| !ids.contains(&spot.id));
    less.pairs.retain(|(a, b)| !ids.contains(a) && !ids.contains(b));
    for strike in &mut less.strikes {
        strike.ids.retain(|id| !ids.contains(id));
    }
    // A fault that names nobody would befall all.
    less.strikes.retain(|strike| !strike.ids.is_empty());
    less
}
