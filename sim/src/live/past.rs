//! Where a run has been: copies of it to go back to, and what people did to it since.

use super::series::Series;
use crate::{Flow, Intervention, SimError, Simulation};
use fieldrun_device::Micros;

/// The most devices in all copies together: about 2 GB.
const MAX_KEPT: usize = 400_000;
/// The most copies.
const MAX_STILLS: usize = 400;
/// The most changes that people make to one run.
const MAX_CHANGES: usize = 100_000;

/// A run at its present time, with the way back.
///
/// The past is kept as copies at some times. To be at a time between two of them, the run goes on
/// from the earlier one, and what people did is done to it again; so the same happens again.
pub(super) struct Past {
    pub(super) present: Simulation,
    /// How many of the changes have been made to the present.
    made: usize,
    /// Ascending in time; the first one is the start.
    stills: Vec<Still>,
    /// What people did, ascending in time: after all that happened at that time.
    changes: Vec<(Micros, Intervention)>,
    /// The latest time that was reached with these changes.
    end: Micros,
    /// The time between two copies.
    gap: Micros,
    most: usize,
}

struct Still {
    made: usize,
    simulation: Simulation,
}

impl Past {
    pub(super) fn new(simulation: Simulation) -> Self {
        let gap = simulation.scenario().schedule.period();
        let most = (MAX_KEPT / simulation.world().len().max(1)).clamp(3, MAX_STILLS);
        Self {
            stills: vec![Still { made: 0, simulation: simulation.clone() }],
            end: simulation.time(),
            present: simulation,
            made: 0,
            changes: Vec::new(),
            gap: Micros(gap.0.max(1)),
            most,
        }
    }

    pub(super) fn now(&self) -> Micros {
        self.present.time()
    }

    pub(super) fn end(&self) -> Micros {
        self.end
    }

    /// Goes on to a time after now, at most; says whether there is more to come.
    pub(super) fn forward(&mut self, to: Micros, series: &mut Series) -> Result<Flow, SimError> {
        let change = self.changes.get(self.made).map(|(at, _)| *at).filter(|at| *at <= to);
        let to = change.unwrap_or(to).min(series.next());
        let flow = self.present.run_until(to.max(self.now()), &mut ())?;
        while let Some((at, change)) = self.changes.get(self.made)
            && *at <= self.present.time()
        {
            self.present.apply(change)?;
            self.made += 1;
        }
        self.arrived(series);
        Ok(flow)
    }

    /// Goes on by one event, and all others of the same time.
    pub(super) fn step(&mut self, series: &mut Series) -> Result<(), SimError> {
        if self.made == self.changes.len() {
            self.present.step(&mut ())?;
            self.present.run_until(self.now(), &mut ())?;
            self.arrived(series);
            return Ok(());
        }
        // What was done before the next event is to be done again on the way to it.
        let mut next = self.present.clone();
        next.step(&mut ())?;
        let at = next.time();
        while self.now() < at {
            self.forward(at, series)?;
        }
        Ok(())
    }

    fn arrived(&mut self, series: &mut Series) {
        let now = self.now();
        series.take(&self.present);
        let last = self.stills.last().map_or(Micros(0), |still| still.simulation.time());
        if now > self.end && now.0 >= last.0.saturating_add(self.gap.0) {
            self.stills.push(Still { made: self.made, simulation: self.present.clone() });
            if self.stills.len() > self.most {
                let mut number = 0;
                self.stills.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.gap = Micros(self.gap.0.saturating_mul(2));
            }
        }
        self.end = self.end.max(now);
    }

    /// Goes to the latest copy at or before a time, unless the present lies between the two.
    pub(super) fn back(&mut self, to: Micros) {
        let before = self.stills.iter().rev().find(|still| still.simulation.time() <= to);
        let Some(still) = before.or_else(|| self.stills.first()) else { return };
        let between = still.simulation.time()..=to;
        if !between.contains(&self.now()) {
            self.present = still.simulation.clone();
            self.made = still.made;
        }
    }

    /// Changes something now. What came after now will not come again, so it is forgotten.
    pub(super) fn change(
        &mut self,
        change: Intervention,
        series: &mut Series,
    ) -> Result<(), SimError> {
        if self.changes.len() >= MAX_CHANGES {
            return Err(SimError::TooManyChanges { most: MAX_CHANGES });
        }
        self.present.apply(&change)?;
        let now = self.now();
        self.changes.truncate(self.made);
        self.changes.push((now, change));
        self.made = self.changes.len();
        self.end = now;
        // A copy of this very time lacks the change, but is brought up to date when it is gone to.
        self.stills.retain(|still| still.simulation.time() <= now);
        series.forget_after(now);
        Ok(())
    }
}
