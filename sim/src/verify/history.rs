//! What devices have been through, for oracles that follow values from round to round.
//!
//! A timer has no value to end at, and neither has what depends on a signal that changes. Its
//! oracle is asked in every round, and told of all rounds of the device since it last started.

use super::case::{Case, Order, Strike};
use super::site::{Site, Spot};
use super::wanted::Wanted;
use crate::scenario::FaultKind;
use fieldrun_device::{Micros, Value};

/// What the round of a device that is looked at is to give.
pub(crate) type Series = fn(&View<'_>) -> Wanted;

/// One round of a device.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// `self.getCurrentTime()`.
    pub(crate) at: f64,
    /// `self.getDeltaTime()`.
    pub(crate) delta: f64,
    /// What it gave.
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

/// All devices of a case.
#[derive(Clone, Debug)]
pub(crate) struct History {
    lives: Vec<Life>,
    /// The faults to come, the next one last.
    strikes: Vec<Strike>,
    /// Whether every round takes one second, the first one as well.
    even: bool,
    lossy: bool,
}

impl History {
    pub(crate) fn new(case: &Case) -> Self {
        let mut strikes = case.strikes.clone();
        strikes.sort_by(|a, b| b.at.total_cmp(&a.at));
        Self {
            lives: vec![Life::default(); case.spots.len()],
            strikes,
            even: matches!(case.order, Order::RoundRobin | Order::Reversed),
            lossy: case.loss > 0.0,
        }
    }

    /// A device ran a round, unless it was away.
    pub(crate) fn note(&mut self, site: &Site, device: usize, at: Micros, value: Value) -> bool {
        while let Some(strike) = self.strikes.pop_if(|next| next.at <= at.seconds()) {
            self.befall(site, &strike);
        }
        let Some(life) = self.lives.get_mut(device) else { return false };
        if at < life.from {
            return false;
        }
        let since_last = life.last.map_or(0.0, |last| at.since(last).seconds());
        let delta = if self.even { 1.0 } else { since_last };
        life.last = Some(at);
        life.rounds.push(Round { at: at.seconds(), delta, value });
        true
    }

    fn befall(&mut self, site: &Site, strike: &Strike) {
        for (life, spot) in self.lives.iter_mut().zip(&site.spots) {
            if !strike.ids.contains(&spot.id) {
                continue;
            }
            match strike.kind {
                FaultKind::Corrupt => life.disturbed = Some(life.rounds.len()),
                FaultKind::Restart { down } => {
                    let from = (strike.at * 1e6).round() as u64;
                    *life = Life { from: Micros(from.saturating_add(down.0)), ..Life::default() };
                }
            }
        }
    }

    /// A device in its last round.
    pub(crate) fn view<'a>(&'a self, site: &'a Site, device: usize) -> Option<View<'a>> {
        let rounds = &self.lives.get(device)?.rounds;
        let (now, before) = rounds.split_last()?;
        Some(View {
            site,
            spot: site.spots.get(device)?,
            device,
            now,
            before,
            rounds,
            even: self.even,
            lossy: self.lossy,
            history: self,
        })
    }
}

/// What is known of a device in the round that is looked at.
pub(crate) struct View<'a> {
    pub(crate) site: &'a Site,
    pub(crate) spot: &'a Spot,
    device: usize,
    /// The round that is looked at.
    pub(crate) now: &'a Round,
    /// The rounds before it, since the device last started.
    pub(crate) before: &'a [Round],
    /// All of them.
    pub(crate) rounds: &'a [Round],
    /// Whether every round takes one second, the first one as well.
    pub(crate) even: bool,
    /// Whether messages are late and lost.
    pub(crate) lossy: bool,
    history: &'a History,
}

impl<'a> View<'a> {
    /// The rounds since a fault made values arbitrary, if one did: one at least.
    pub(crate) fn disturbed(&self) -> Option<&'a [Round]> {
        let life = self.history.lives.get(self.device)?;
        life.rounds.get(life.disturbed?..)
    }

    /// The rounds whose results the device knows best of all that each neighbour ran; where
    /// messages are late or lost, it may not know them yet.
    pub(crate) fn heard(&self) -> impl Iterator<Item = (&'a Spot, &'a Round)> {
        let (history, site) = (self.history, self.site);
        let from = history.lives.get(self.device).map_or(Micros(0), |life| life.from);
        site.neighbors(self.device).iter().filter_map(move |other| {
            let last = history.lives.get(*other)?.rounds.last()?;
            // What comes while a device is away is lost.
            (last.at >= from.seconds()).then_some((site.spots.get(*other)?, last))
        })
    }
}
