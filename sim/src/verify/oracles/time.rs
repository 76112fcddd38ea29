//! `protelis:state:time`: what follows time, round by round.
//!
//! What a fault left is known again from a moment on that the rounds since tell: the oracles
//! promise nothing before.

use crate::verify::history::{Round, View};
use crate::verify::wanted::Wanted;
use fieldrun_device::Value;

/// By so much may sums of times differ that are taken in another order, in seconds.
const ROUNDING: f64 = 1e-9;

/// The time that a round takes: measured, or given by the program.
pub(super) type Step = fn(&Round) -> f64;

pub(super) fn measured(round: &Round) -> f64 {
    round.delta
}

pub(super) fn half(_: &Round) -> f64 {
    0.5
}

pub(super) fn spent(rounds: &[Round], step: Step) -> f64 {
    rounds.iter().map(step).sum()
}

/// `(self.getCurrentTime() + value) % 8 < 3`
pub(super) fn pulse(view: &View<'_>, round: &Round) -> bool {
    (round.at + view.spot.value) % 8.0 < 3.0
}

/// `floor((self.getCurrentTime() + value) / 5) % 3`
pub(super) fn level(view: &View<'_>, round: &Round) -> f64 {
    ((round.at + view.spot.value) / 5.0).floor() % 3.0
}

pub(super) fn truth_if_known(truth: Option<bool>) -> Wanted {
    truth.map_or(Wanted::Anything, Wanted::truth)
}

/// Whether a countdown has come to its end, which faults may delay but not lengthen.
pub(super) fn over(view: &View<'_>, length: f64, step: Step) -> Option<bool> {
    match view.disturbed() {
        None => Some(spent(view.rounds, step) >= length),
        Some(since) => {
            // In the round after the fault it may still be at its full length.
            let certain = since.get(1..).unwrap_or(&[]);
            (spent(certain, step) >= length).then_some(true)
        }
    }
}

fn left(view: &View<'_>, length: f64, step: Step) -> Wanted {
    let Some(since) = view.disturbed() else {
        return Wanted::Near((length - spent(view.rounds, step)).max(0.0));
    };
    let left = length - spent(since.get(1..).unwrap_or(&[]), step);
    if left <= 0.0 { Wanted::Near(0.0) } else { Wanted::Between(0.0, left + ROUNDING) }
}

/// One value that falls from the upper to the lower bound by one a round, and one that would rise
/// but for the bound.
pub(crate) fn decayed(view: &View<'_>) -> Wanted {
    let high = view.spot.value;
    let falls = |rounds: &[Round]| (high - rounds.len() as f64).max(-2.0);
    // From the lower bound, which faults may leave, it takes so many rounds.
    let known = view.disturbed().is_none_or(|since| since.len() as f64 > high + 4.0);
    if known {
        Wanted::Tuple(vec![Wanted::number(falls(view.rounds)), Wanted::number(high)])
    } else {
        Wanted::Anything
    }
}

pub(crate) fn counted_down(view: &View<'_>) -> Wanted {
    left(view, view.spot.value, measured)
}

pub(crate) fn counted_down_by_half(view: &View<'_>) -> Wanted {
    left(view, view.spot.value, half)
}

pub(crate) fn waited(view: &View<'_>) -> Wanted {
    truth_if_known(over(view, view.spot.value, measured))
}

pub(crate) fn waited_by_half(view: &View<'_>) -> Wanted {
    truth_if_known(over(view, view.spot.value, half))
}

pub(crate) fn not_yet(view: &View<'_>) -> Wanted {
    truth_if_known(over(view, view.spot.value, measured).map(|over| !over))
}

pub(crate) fn not_yet_by_half(view: &View<'_>) -> Wanted {
    truth_if_known(over(view, view.spot.value, half).map(|over| !over))
}

/// The value itself, and the rounds in which something runs: not before it is time.
pub(crate) fn begun_late(view: &View<'_>) -> Wanted {
    let Some(begun) = over(view, view.spot.value, measured) else { return Wanted::Anything };
    let upto = |count: usize| view.rounds.get(..count).unwrap_or(&[]);
    let is_over = |count: &usize| spent(upto(*count), measured) >= view.spot.value;
    let runs = (1..=view.rounds.len()).filter(is_over).count() as f64;
    match (begun, view.disturbed()) {
        (false, _) => Wanted::Tuple(vec![Wanted::number(-1.0), Wanted::number(-1.0)]),
        (true, None) => Wanted::Tuple(vec![Wanted::number(view.spot.value), Wanted::number(runs)]),
        // The count itself stays what a fault made it.
        (true, Some(_)) => Wanted::Tuple(vec![Wanted::number(view.spot.value), Wanted::Anything]),
    }
}

/// The last rounds in which the pulse is on, without a break; whether a fault struck among them.
pub(super) fn run_of<'a>(view: &View<'a>, on: bool) -> (&'a [Round], bool) {
    let broken = view.rounds.iter().rposition(|round| pulse(view, round) != on);
    let from = broken.map_or(0, |at| at + 1);
    let run = view.rounds.get(from..).unwrap_or(&[]);
    (run, view.disturbed().is_some_and(|since| since.len() < run.len()))
}

/// How many rounds the pulse has been on.
pub(crate) fn counted_while_on(view: &View<'_>) -> Wanted {
    match run_of(view, true) {
        ([], _) => Wanted::number(-1.0),
        (_, true) => Wanted::Anything,
        (run, false) => Wanted::number(run.len() as f64),
    }
}

/// Whether a timer goes off: in the round after the one in which its time was up, counted from the
/// last time on; and in every round as long as no time passes.
fn goes_off(
    view: &View<'_>,
    length: f64,
    step: Step,
    went_off: impl Fn(&Value) -> bool,
) -> Option<bool> {
    let disturbed = view.disturbed();
    let known = disturbed.unwrap_or(view.rounds);
    let last = known.split_last()?.1.iter().rposition(|round| went_off(&round.value));
    let counted = match last {
        Some(at) => known.get(at + 1..)?,
        // After a fault the countdown may begin at its full length.
        None if disturbed.is_some() => known.get(1..)?,
        None => known,
    };
    let up = counted.split_last().is_some_and(|(_, before)| spent(before, step) >= length);
    match (up, last, disturbed) {
        (true, _, _) => Some(true),
        (false, None, Some(_)) => None,
        (false, _, _) => Some(spent(counted, step) == 0.0),
    }
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
}

pub(crate) fn periodic(view: &View<'_>) -> Wanted {
    truth_if_known(goes_off(view, view.spot.value, measured, is_true))
}

pub(crate) fn periodic_by_half(view: &View<'_>) -> Wanted {
    truth_if_known(goes_off(view, view.spot.value, half, is_true))
}

/// What runs for one round each time has forgotten the time before: it counts to one.
fn once_each_time(view: &View<'_>, step: Step) -> Wanted {
    let ran = |value: &Value| matches!(value, Value::Tuple(_));
    match goes_off(view, view.spot.value, step, ran) {
        None => Wanted::Anything,
        Some(false) => Wanted::number(-1.0),
        Some(true) => Wanted::Tuple(vec![Wanted::number(view.spot.value), Wanted::number(1.0)]),
    }
}

pub(crate) fn periodically_run(view: &View<'_>) -> Wanted {
    once_each_time(view, measured)
}

pub(crate) fn periodically_run_by_half(view: &View<'_>) -> Wanted {
    once_each_time(view, half)
}

/// Something of the last round and this one, nothing after a fault between them.
fn from_last(view: &View<'_>, first: Wanted, of: impl Fn(&Round, &Round) -> Wanted) -> Wanted {
    match (view.before.last(), view.disturbed()) {
        (_, Some([_])) => Wanted::Anything,
        (None, _) => first,
        (Some(last), _) => of(last, view.now),
    }
}

pub(crate) fn changed_by(view: &View<'_>) -> Wanted {
    from_last(view, Wanted::number(0.0), |last, now| {
        Wanted::number(level(view, now) - level(view, last))
    })
}

pub(crate) fn changed(view: &View<'_>) -> Wanted {
    from_last(view, Wanted::truth(false), |last, now| {
        Wanted::truth(level(view, now) != level(view, last))
    })
}

pub(crate) fn comes_on(view: &View<'_>) -> Wanted {
    from_last(view, Wanted::truth(false), |last, now| {
        Wanted::truth(pulse(view, now) && !pulse(view, last))
    })
}

pub(crate) fn goes_out(view: &View<'_>) -> Wanted {
    from_last(view, Wanted::truth(false), |last, now| {
        Wanted::truth(!pulse(view, now) && pulse(view, last))
    })
}

/// The time falls by a half each round; the information beside it is kept.
pub(crate) fn evaporated(view: &View<'_>) -> Wanted {
    let left = (5.0 - spent(view.rounds, half)).max(0.0);
    // Ten rounds until nothing is left, and one more for information that a fault changed.
    match view.disturbed() {
        Some(since) if since.len() < 13 => Wanted::Anything,
        _ => Wanted::Tuple(vec![Wanted::number(left), Wanted::number(view.spot.value)]),
    }
}

pub(crate) fn smoothed(view: &View<'_>) -> Wanted {
    let first = view.rounds.first().map_or(0.0, |round| level(view, round));
    let smooth = |before: f64, round: &Round| 0.25 * level(view, round) + 0.75 * before;
    Wanted::Near(view.rounds.iter().fold(first, smooth))
}

/// Whether the level has been the same for so long; the first round counts in full.
fn same_for(view: &View<'_>, time: f64, step: Step) -> Wanted {
    let known = view.disturbed().unwrap_or(view.rounds);
    let differs = |pair: &[Round]| match pair {
        [a, b] => level(view, a) != level(view, b),
        _ => false,
    };
    let pairs: Vec<bool> = known.windows(2).map(differs).collect();
    let held = match pairs.iter().rposition(|differs| *differs) {
        Some(at) => known.get(at + 2..).unwrap_or(&[]),
        None if view.disturbed().is_some() => return Wanted::Anything,
        None => known,
    };
    Wanted::truth(spent(held, step) >= time)
}

pub(crate) fn steady(view: &View<'_>) -> Wanted {
    same_for(view, 3.0, measured)
}

pub(crate) fn steady_by_half(view: &View<'_>) -> Wanted {
    same_for(view, 1.5, half)
}

/// Whether less time than this has passed since the pulse was last on, or off.
pub(super) fn lately(
    view: &View<'_>,
    on: bool,
    timeout: f64,
    step: Step,
    never: impl Fn(f64) -> bool,
) -> Option<bool> {
    let known = view.disturbed().unwrap_or(view.rounds);
    let last = known.iter().rposition(|round| pulse(view, round) == on);
    let certain = known.get(1..).unwrap_or(&[]);
    match (last, view.disturbed()) {
        (Some(at), _) => {
            let since = known.get(at + 1..).unwrap_or(&[]);
            Some(since.is_empty() || spent(since, step) < timeout)
        }
        (None, None) => Some(never(spent(known, step))),
        (None, Some(_)) => (spent(certain, step) >= timeout).then_some(false),
    }
}

pub(crate) fn recent(view: &View<'_>) -> Wanted {
    truth_if_known(lately(view, true, 2.5, measured, |_| false))
}

/// The level of the first round: for eight rounds, and for ever.
pub(crate) fn first_for_some_time(view: &View<'_>) -> Wanted {
    let first = view.rounds.first().map_or(0.0, |round| level(view, round));
    let short = if spent(view.rounds, half) >= 4.0 { -1.0 } else { first };
    Wanted::Tuple(vec![Wanted::number(short), Wanted::number(first)])
}
