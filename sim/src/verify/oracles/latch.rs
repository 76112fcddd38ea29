//! `protelis:state:nonselfstabilizing:time`: what depends on when a device was started.

use super::time::{
    Step, half, lately, level, measured, over, pulse, run_of, spent, truth_if_known,
};
use crate::verify::history::{Round, View};
use crate::verify::site::Spot;
use crate::verify::wanted::Wanted;

/// Whether the pulse was always on, and whether the device is a source.
pub(crate) fn always(view: &View<'_>) -> Wanted {
    let always = view.rounds.iter().all(|round| pulse(view, round));
    Wanted::Tuple(vec![Wanted::truth(always), Wanted::truth(view.spot.source)])
}

pub(crate) fn ever(view: &View<'_>) -> Wanted {
    let ever = view.rounds.iter().any(|round| pulse(view, round));
    Wanted::Tuple(vec![Wanted::truth(ever), Wanted::truth(view.spot.source)])
}

pub(crate) fn counted(view: &View<'_>) -> Wanted {
    Wanted::number(view.spot.value + 2.0 * view.rounds.len() as f64)
}

pub(crate) fn counted_on(view: &View<'_>) -> Wanted {
    let on = view.rounds.iter().filter(|round| pulse(view, round));
    Wanted::number(on.count() as f64)
}

pub(crate) fn alternating(view: &View<'_>) -> Wanted {
    Wanted::number(if view.rounds.len() % 2 == 1 { 2.0 } else { 1.0 })
}

pub(crate) fn first(view: &View<'_>) -> Wanted {
    view.rounds.first().map_or(Wanted::Anything, |round| Wanted::number(level(view, round)))
}

pub(crate) fn age(view: &View<'_>) -> Wanted {
    Wanted::Near(spent(view.rounds, measured))
}

pub(crate) fn age_by_half(view: &View<'_>) -> Wanted {
    Wanted::Near(spent(view.rounds, half))
}

/// Whether the pulse has been on, or off, for so long, the time of its first round counted.
fn held(view: &View<'_>, on: bool, time: f64, step: Step) -> Wanted {
    truth_if_known(match run_of(view, on) {
        ([], _) => Some(false),
        (run, false) => Some(spent(run, step) >= time),
        (_, true) => over(view, time, step),
    })
}

pub(crate) fn on_for(view: &View<'_>) -> Wanted {
    held(view, true, 2.0, measured)
}

pub(crate) fn on_for_by_half(view: &View<'_>) -> Wanted {
    held(view, true, 1.0, half)
}

pub(crate) fn off_for(view: &View<'_>) -> Wanted {
    held(view, false, 3.0, measured)
}

pub(crate) fn off_for_by_half(view: &View<'_>) -> Wanted {
    held(view, false, 1.5, half)
}

/// From the start on it counts as if the pulse had been on right before.
fn within(view: &View<'_>, on: bool, timeout: f64, step: Step) -> Wanted {
    truth_if_known(lately(view, on, timeout, step, |age| age < timeout))
}

pub(crate) fn on_within(view: &View<'_>) -> Wanted {
    within(view, true, 3.0, measured)
}

pub(crate) fn on_within_by_half(view: &View<'_>) -> Wanted {
    within(view, true, 1.5, half)
}

pub(crate) fn off_within(view: &View<'_>) -> Wanted {
    within(view, false, 2.0, measured)
}

pub(crate) fn off_within_by_half(view: &View<'_>) -> Wanted {
    within(view, false, 1.0, half)
}

/// Counts until it has counted to the value, and a hundred more from then on.
pub(crate) fn one_after_another(view: &View<'_>) -> Wanted {
    let (count, until) = (view.rounds.len() as f64, view.spot.value);
    Wanted::number(if count < until { count } else { 100.0 + until })
}

/// `self.getCurrentTime() > 2 * value`
fn late((spot, round): (&Spot, &Round)) -> bool {
    round.at > 2.0 * spot.value
}

/// Counts until something is done, and has the last count with a minus from then on.
fn counted_until(view: &View<'_>, done: Option<bool>) -> Wanted {
    let count = view.rounds.len() as f64;
    let last = view.before.last().and_then(|round| round.value.as_number());
    match (last, done) {
        (Some(last), _) if last < 0.0 => Wanted::number(last),
        (_, Some(true)) => Wanted::number(-count),
        (_, Some(false)) => Wanted::number(count),
        (_, None) => Wanted::Anything,
    }
}

pub(crate) fn until_one_is_late(view: &View<'_>) -> Wanted {
    let mine = late((view.spot, view.now));
    let theirs = view.heard().any(late);
    counted_until(
        view,
        if view.is_lossy() && theirs && !mine { None } else { Some(mine || theirs) },
    )
}

pub(crate) fn until_all_are_late(view: &View<'_>) -> Wanted {
    let mine = late((view.spot, view.now));
    let theirs = view.heard().all(late);
    counted_until(view, if view.is_lossy() && mine { None } else { Some(mine && theirs) })
}
