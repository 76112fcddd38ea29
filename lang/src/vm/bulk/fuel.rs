//! What rounds of a crowd cost.

use super::hoods::ranges;
use super::operands::{Cell, Field};
use super::{Bulk, Crowd, CrowdLeft, Parted};
use crate::eval::FREE_WEIGHT;
use crate::vm::code::Reg;
use std::ops::Range;

impl Bulk {
    /// What it costs to walk over the lanes of a field, so many values in each.
    pub(super) fn pay_lanes(
        &mut self,
        values: usize,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        if (self.degree + 1) * values >= crowd.limits.items {
            return Err(Parted);
        }
        if (self.degree + 1) * values >= FREE_WEIGHT {
            self.spend(crowd, left, |links| {
                let cells = (links.len() + 1) * values;
                if cells + 1 > FREE_WEIGHT { cells as u64 + 1 } else { 0 }
            });
        }
        Ok(())
    }

    /// What a call with so many arguments costs that gave what is in a register.
    pub(super) fn pay_call(
        &mut self,
        to: Reg,
        args: u64,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        match *self.cell(to) {
            Cell::Field(Field { mask, .. }) => {
                let mask = mask.map(|mask| self.arena.bools.at(mask, crowd.links()));
                self.spend(crowd, left, |links| match mask {
                    None => (links.len() as u64 + 1) * args,
                    Some(mask) => {
                        let counted = mask.get(links).unwrap_or_default();
                        (counted.iter().filter(|counts| **counts).count() as u64 + 1) * args
                    }
                });
                self.pay_lanes(1, crowd, left)
            }
            _ => {
                self.spend(crowd, left, |_| args);
                Ok(())
            }
        }
    }

    /// Takes steps of those that run here, by their links.
    pub(super) fn spend(
        &self,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
        price: impl Fn(Range<usize>) -> u64,
    ) {
        let active = self.active.map(|active| self.arena.bools.at(active, crowd.len()));
        let runs = |device: usize| active.is_none_or(|active| active.get(device) == Some(&true));
        for ((device, steps), links) in left.steps.iter_mut().enumerate().zip(ranges(crowd)) {
            if runs(device) {
                *steps += price(links);
            }
        }
    }
}
