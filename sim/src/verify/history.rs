//! What devices have been through, for blocks whose values depend on time.
//!
//! A timer has no value to end at, and neither has what depends on a signal that changes. Its
//! oracle is asked in every round, and told of all rounds since each device last started.

use super::case::{Case, FaultKind, Strike};
use super::site::{Site, Spot};
use fieldrun_device::{Micros, Value};

/// One round of a device.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// `self.getCurrentTime()` in it.
    pub(crate) at: f64,
    /// `self.getDeltaTime()` in it.
    pub(crate) delta: f64,
    /// What came of it.
    pub(crate) value: Value,
}

/// A device since it last started.
#[derive(Clone, Debug, Default)]
struct Life {
    /// When it started.
    from: Micros,
    last: Option<Micros>,
    rounds: Vec<Round>,
    /// How many rounds were over when a fault last made values arbitrary.
    disturbed: Option<usize>,
}

/// The rounds of each device since it last started, by ascending id, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct History {
    lives: Vec<Life>,
    /// The faults to come, the next one last.
    strikes: Vec<Strike>,
    /// Whether every round counts one second, from the first one on.
    logical: bool,
    lossy: bool,
}

impl History {
    /// Of a case in which the network and what devices read stay the same.
    pub(crate) fn new(case: &Case) -> Self {
        let mut strikes = case.strikes.clone();
        strikes.sort_by(|a, b| b.at.total_cmp(&a.at));
        Self {
            lives: vec![Life::default(); case.spots.len()],
            strikes,
            logical: case.is_logical(),
            lossy: case.loss > 0.0,
        }
    }

    pub(crate) fn is_logical(&self) -> bool {
        self.logical
    }

    /// How many devices there are.
    pub(crate) fn len(&self) -> usize {
        self.lives.len()
    }

    /// The rounds of a device; as seen from one of them that one is the last.
    pub(crate) fn of(&self, device: usize) -> &[Round] {
        self.lives.get(device).map_or(&[], |life| life.rounds.as_slice())
    }

    /// The time for which a device has run since it last started, by its own clock, after each of
    /// its rounds.
    pub(crate) fn elapsed(&self, device: usize) -> Vec<f64> {
        let mut sum = 0.0;
        let add = |round: &Round| {
            sum += round.delta;
            sum
        };
        self.of(device).iter().map(add).collect()
    }

    /// A device ran a round, unless it was away.
    pub(crate) fn note(&mut self, site: &Site, device: usize, at: Micros, value: Value) {
        while let Some(strike) = self.strikes.pop_if(|next| next.at <= at.seconds()) {
            self.befall(site, &strike);
        }
        let Some(life) = self.lives.get_mut(device).filter(|life| life.from <= at) else { return };
        let since_last = life.last.map_or(0.0, |last| at.since(last).seconds());
        let delta = if self.logical { 1.0 } else { since_last };
        life.last = Some(at);
        life.rounds.push(Round { at: at.seconds(), delta, value });
    }

    fn befall(&mut self, site: &Site, strike: &Strike) {
        for (life, spot) in self.lives.iter_mut().zip(&site.spots) {
            if !strike.ids.contains(&spot.id) {
                continue;
            }
            match strike.kind {
                FaultKind::Change | FaultKind::Leave | FaultKind::Join | FaultKind::Move => {}
                FaultKind::Corrupt => life.disturbed = Some(life.rounds.len()),
                // It loses all it knows.
                FaultKind::Restart { down } => {
                    let at = (strike.at * 1e6).round() as u64;
                    *life = Life { from: Micros(at.saturating_add(down.0)), ..Life::default() };
                }
            }
        }
    }

    /// A device in its last round, if it has run one.
    pub(crate) fn view<'a>(&'a self, site: &'a Site, device: usize) -> Option<View<'a>> {
        let rounds = self.of(device);
        let (now, before) = rounds.split_last()?;
        let spot = site.spots.get(device)?;
        Some(View { site, spot, device, now, before, rounds, history: self })
    }
}

/// What is known of a device in the round that is looked at.
pub(crate) struct View<'a> {
    pub(crate) site: &'a Site,
    pub(crate) spot: &'a Spot,
    pub(crate) device: usize,
    /// The round that is looked at.
    pub(crate) now: &'a Round,
    /// The rounds before it, since the device last started.
    pub(crate) before: &'a [Round],
    /// All of them.
    pub(crate) rounds: &'a [Round],
    history: &'a History,
}

impl<'a> View<'a> {
    /// Whether every round counts one second, from the first one on.
    pub(crate) fn is_logical(&self) -> bool {
        self.history.logical
    }

    /// Whether messages are late and lost.
    pub(crate) fn is_lossy(&self) -> bool {
        self.history.lossy
    }

    /// The rounds since a fault made values arbitrary, if one did: one at least.
    pub(crate) fn disturbed(&self) -> Option<&'a [Round]> {
        let life = self.history.lives.get(self.device)?;
        life.rounds.get(life.disturbed?..)
    }

    /// The last round of each neighbour that the device has heard of; where messages are late or
    /// lost, it may know an earlier one, or none.
    pub(crate) fn heard(&self) -> impl Iterator<Item = (&'a Spot, &'a Round)> {
        let (history, site) = (self.history, self.site);
        let from = history.lives.get(self.device).map_or(Micros(0), |life| life.from);
        site.neighbors(self.device).iter().filter_map(move |other| {
            let last = history.of(*other).last()?;
            // What comes while a device is away is lost.
            (last.at >= from.seconds()).then_some((site.spots.get(*other)?, last))
        })
    }
}
