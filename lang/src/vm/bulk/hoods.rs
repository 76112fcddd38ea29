//! Hood reductions of a crowd: one pass over all links.

use super::arena::{Lanes, Side};
use super::cells::SPLIT_LEN;
use super::operands::{Cell, Field, Shape};
use super::{Bulk, Crowd, CrowdLeft, Parted};
use crate::syntax::ast::{BinaryOp, HoodOp};
use crate::vm::code::Reg;
use crate::vm::machine::{fold, total};
use std::ops::Range;

/// What is reduced, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hood {
    pub(super) op: HoodOp,
    pub(super) plus_self: bool,
}

/// What a hood of numbers gives where nobody is.
fn nobody(op: HoodOp) -> f64 {
    match op {
        HoodOp::Min => f64::INFINITY,
        HoodOp::Max => f64::NEG_INFINITY,
        HoodOp::Mean => f64::NAN,
        _ => 0.0,
    }
}

/// The links of each device, as ranges of the lists by link.
pub(super) fn ranges<'a>(crowd: &'a Crowd<'_>) -> impl Iterator<Item = Range<usize>> + 'a {
    let first = crowd.first();
    crowd.starts.windows(2).map(move |pair| match pair {
        [start, end] => *start as usize - first..*end as usize - first,
        _ => 0..0,
    })
}

impl Bulk {
    pub(super) fn hood(
        &mut self,
        hood: Hood,
        to: Reg,
        from: Reg,
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        let Cell::Field(field) = *self.cell(from) else { return Err(Parted) };
        let lanes = match (hood.op, field.links) {
            (HoodOp::Local, _) => field.own,
            (_, Lanes::Numbers(_) | Lanes::Ints(_) | Lanes::Lengths | Lanes::Remote(_)) => {
                self.of_numbers(hood, field, crowd)?
            }
            (HoodOp::Any | HoodOp::All, Lanes::Bools(links)) => {
                self.of_bools(hood, links, field, crowd)?
            }
            (HoodOp::Min | HoodOp::Max, Lanes::Tuple { first, len }) => {
                self.pay_lanes(len + 1, crowd, left)?;
                self.extreme(hood, (first, len), field, crowd)?
            }
            (HoodOp::Sum | HoodOp::Mean, Lanes::Tuple { first, len }) => {
                self.pay_lanes(len + 1, crowd, left)?;
                let Lanes::Tuple { first: own, .. } = field.own else { return Err(Parted) };
                self.each_element((first, len), |bulk, index, links| match links {
                    Lanes::Numbers(_) | Lanes::Lengths | Lanes::Remote(_) => {
                        let own = bulk.arena.element(own, index).ok_or(Parted)?;
                        bulk.of_numbers(hood, Field { links, own, ..field }, crowd)
                    }
                    _ => Err(Parted),
                })?
            }
            _ => return Err(Parted),
        };
        self.put(to, Cell::Local(lanes));
        Ok(())
    }

    /// Numbers leave hoods as doubles, integers too.
    fn of_numbers(&mut self, hood: Hood, field: Field, crowd: &Crowd<'_>) -> Result<Lanes, Parted> {
        if !matches!(hood.op, HoodOp::Min | HoodOp::Max | HoodOp::Sum | HoodOp::Mean) {
            return Err(Parted);
        }
        let links = self.doubles(field.links, Shape::Links, crowd)?;
        self.reduced(hood, links, Side::Same(0.0), field, crowd, |x, _| x).map(Lanes::Numbers)
    }

    /// Reduces what `f` makes of two columns of links.
    fn reduced(
        &mut self,
        hood: Hood,
        x: usize,
        y: Side<f64>,
        field: Field,
        crowd: &Crowd<'_>,
        f: impl Fn(f64, f64) -> f64,
    ) -> Result<usize, Parted> {
        let own = match hood.plus_self {
            true => Some(self.doubles(field.own, Shape::Devices, crowd)?),
            false => None,
        };
        let (len, count) = (crowd.len(), crowd.links());
        let start = self.arena.numbers.make(len);
        let (from, to) = self.arena.numbers.split(start, len);
        let own = own.and_then(|own| from.get(own..own + len));
        let x = from.get(x..x + count).unwrap_or_default();
        let mask = field.mask.map(|mask| self.arena.bools.at(mask, count));
        match (y, mask) {
            (Side::Each(y), None) => {
                let y = from.get(y..y + count).unwrap_or_default();
                fold_all(hood.op, to, own, crowd, |range| {
                    let (x, y) = (part(x, &range), part(y, &range));
                    x.iter().zip(y).map(|(x, y)| f(*x, *y))
                });
            }
            (Side::Same(y), None) => {
                fold_all(hood.op, to, own, crowd, |range| part(x, &range).iter().map(|x| f(*x, y)))
            }
            (y, Some(mask)) => {
                let side = |link: usize| match y {
                    Side::Each(y) => from.get(y + link).copied().unwrap_or_default(),
                    Side::Same(y) => y,
                };
                fold_all(hood.op, to, own, crowd, |range| {
                    let counted = range.filter(|link| mask.get(*link) == Some(&true));
                    counted.map(|link| f(x.get(link).copied().unwrap_or_default(), side(link)))
                });
            }
        }
        Ok(start)
    }

    fn of_bools(
        &mut self,
        hood: Hood,
        links: usize,
        field: Field,
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let Lanes::Bools(own) = field.own else { return Err(Parted) };
        let all = hood.op == HoodOp::All;
        let start = self.arena.bools.make(crowd.len());
        let (from, to) = self.arena.bools.split(start, crowd.len());
        let links = from.get(links..).unwrap_or_default();
        let mask = field.mask.and_then(|mask| from.get(mask..));
        let own = from.get(own..).unwrap_or_default();
        for ((to, range), own) in to.iter_mut().zip(ranges(crowd)).zip(own) {
            let counts = |link: &usize| mask.is_none_or(|mask| mask.get(*link) == Some(&true));
            let mut counted = range.filter(counts).filter_map(|link| links.get(link));
            let own = hood.plus_self.then_some(own);
            *to = match all {
                true => counted.all(|b| *b) && own.is_none_or(|b| *b),
                false => counted.any(|b| *b) || own.is_some_and(|b| *b),
            };
        }
        Ok(Lanes::Bools(start))
    }

    /// A hood of `a op b`.
    pub(super) fn hood_binary(
        &mut self,
        hood: Hood,
        op: BinaryOp,
        to: Reg,
        (a, b): (Reg, Reg),
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        if let Some(lanes) = self.fused(hood, op, (a, b), crowd)? {
            self.put(to, Cell::Local(lanes));
            return Ok(());
        }
        self.binary(op, to, (a, b), crowd)?;
        self.hood(hood, to, to, crowd, left)
    }

    /// The hood of a sum with what neighbours say, read right where it is: nothing in between is written.
    fn fused(
        &mut self,
        hood: Hood,
        op: BinaryOp,
        (a, b): (Reg, Reg),
        crowd: &Crowd<'_>,
    ) -> Result<Option<Lanes>, Parted> {
        let Cell::Field(Field { links: Lanes::Remote(remote), mask: None, .. }) = *self.cell(a)
        else {
            return Ok(None);
        };
        if op != BinaryOp::Plus || hood.plus_self {
            return Ok(None);
        }
        let column = crowd.column(remote).ok_or(Parted)?;
        let start = self.arena.numbers.make(crowd.len());
        let second = match self.cell(b) {
            Cell::Field(Field { links: Lanes::Lengths, mask: None, .. }) => None,
            Cell::Same(value) => Some(value.as_number().ok_or(Parted)?),
            _ => return Ok(None),
        };
        let to = self.arena.numbers.at_mut(start, crowd.len());
        match second {
            Some(y) => fold_all(hood.op, to, None, crowd, |range| {
                part(crowd.others, &range).iter().map(move |other| at(column, *other) + y)
            }),
            None => fold_all(hood.op, to, None, crowd, |range| {
                let pairs = part(crowd.others, &range).iter().zip(part(crowd.lengths, &range));
                pairs.map(|(other, length)| at(column, *other) + length)
            }),
        }
        Ok(Some(Lanes::Numbers(start)))
    }

    /// A hood of a choice by a comparison.
    pub(super) fn hood_choice(
        &mut self,
        hood: Hood,
        test: BinaryOp,
        to: Reg,
        operands: &[Reg],
        crowd: &Crowd<'_>,
        left: &mut CrowdLeft,
    ) -> Result<(), Parted> {
        let [a, b, then, otherwise, condition] = *operands else { return Err(Parted) };
        self.binary(test, condition, (a, b), crowd)?;
        self.mux(to, [condition, then, otherwise], crowd)?;
        self.hood(hood, to, to, crowd, left)
    }

    /// The least or greatest tuple, element by element; on ties the first of the least and the last
    /// of the greatest [K14].
    fn extreme(
        &mut self,
        hood: Hood,
        (first, len): (usize, usize),
        field: Field,
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        let Lanes::Tuple { first: own_first, len: own_len } = field.own else {
            return Err(Parted);
        };
        if len != own_len {
            return Err(Parted);
        }
        // All columns are read before any is looked at.
        let mut columns = [(Lanes::Lengths, Lanes::Lengths); SPLIT_LEN];
        let columns = columns.get_mut(..len).ok_or(Parted)?;
        for (index, column) in columns.iter_mut().enumerate() {
            let links = self.arena.element(first, index).ok_or(Parted)?;
            let own = self.arena.element(own_first, index).ok_or(Parted)?;
            *column = (self.read(links, crowd)?, own);
        }
        let mut best_lanes = std::mem::take(&mut self.best);
        best_lanes.clear();
        let keys = Keys::new(columns, self, crowd)?;
        let mask = field.mask.map(|mask| self.arena.bools.at(mask, crowd.links()));
        for (device, range) in ranges(crowd).enumerate() {
            best_lanes.push(keys.best(hood, device, range, mask));
        }
        let nobody_there = best_lanes.iter().any(Option::is_none);
        let made = columns.iter().copied().enumerate();
        let mut parts = [Lanes::Lengths; SPLIT_LEN];
        let parts = parts.get_mut(..len).ok_or(Parted)?;
        let mut result = Ok(());
        for (index, (links, own)) in made {
            let lanes = match (links, own) {
                (Lanes::Numbers(links), Lanes::Numbers(own)) => {
                    let fill = nobody(hood.op);
                    Lanes::Numbers(self.arena.numbers.picked(&best_lanes, (links, own), fill))
                }
                // Where nobody is there would be doubles.
                (Lanes::Ints(links), Lanes::Ints(own)) if !nobody_there => {
                    Lanes::Ints(self.arena.ints.picked(&best_lanes, (links, own), 0))
                }
                _ => {
                    result = Err(Parted);
                    break;
                }
            };
            if let Some(part) = parts.get_mut(index) {
                *part = lanes;
            }
        }
        self.best = best_lanes;
        result.map(|()| self.tuple_of(parts))
    }
}

/// A lane of a device: a link, or the device itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Link(usize),
    Own(usize),
}

/// What tuples are compared by.
struct Keys<'a> {
    columns: [Key<'a>; SPLIT_LEN],
    len: usize,
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Numbers(&'a [f64], &'a [f64]),
    Ints(&'a [i64], &'a [i64]),
}

fn pick<T: Copy>((links, own): (&[T], &[T]), lane: Lane) -> Option<T> {
    match lane {
        Lane::Link(link) => links.get(link).copied(),
        Lane::Own(device) => own.get(device).copied(),
    }
}

impl<'a> Keys<'a> {
    fn new(lanes: &[(Lanes, Lanes)], bulk: &'a Bulk, crowd: &Crowd<'_>) -> Result<Self, Parted> {
        let (links, devices) = (crowd.links(), crowd.len());
        let mut keys = Self { columns: [Key::Numbers(&[], &[]); SPLIT_LEN], len: lanes.len() };
        for (key, lanes) in keys.columns.iter_mut().zip(lanes) {
            *key = match *lanes {
                (Lanes::Numbers(a), Lanes::Numbers(b)) => {
                    Key::Numbers(bulk.arena.numbers.at(a, links), bulk.arena.numbers.at(b, devices))
                }
                (Lanes::Ints(a), Lanes::Ints(b)) => {
                    Key::Ints(bulk.arena.ints.at(a, links), bulk.arena.ints.at(b, devices))
                }
                _ => return Err(Parted),
            };
        }
        Ok(keys)
    }

    fn is_less(&self, a: Lane, b: Lane) -> bool {
        for key in self.columns.iter().take(self.len) {
            let order = match key {
                Key::Numbers(links, own) => match (pick((links, own), a), pick((links, own), b)) {
                    (Some(x), Some(y)) if x < y => return true,
                    (Some(x), Some(y)) if x > y => return false,
                    (Some(x), Some(y)) => total(x, y),
                    _ => return false,
                },
                Key::Ints(links, own) => pick((links, own), a).cmp(&pick((links, own), b)),
            };
            if order.is_ne() {
                return order.is_lt();
            }
        }
        false
    }

    fn best(
        &self,
        hood: Hood,
        device: usize,
        range: Range<usize>,
        mask: Option<&[bool]>,
    ) -> Option<Lane> {
        let least = hood.op == HoodOp::Min;
        let links = range.filter(|link| mask.is_none_or(|mask| mask.get(*link) == Some(&true)));
        let own = hood.plus_self.then_some(Lane::Own(device));
        let lanes = links.map(Lane::Link).chain(own);
        let mut best: Option<Lane> = None;
        let Some(Key::Numbers(links, own)) = self.columns.first() else {
            for lane in lanes {
                if best.is_none_or(|best| self.is_less(lane, best) == least) {
                    best = Some(lane);
                }
            }
            return best;
        };
        // Mostly the first elements tell; the best one so far stays in a register.
        let mut first = 0.0;
        for lane in lanes {
            let Some(x) = pick((links, own), lane) else { continue };
            let less = match best {
                None => least,
                Some(_) if x < first => true,
                Some(_) if x > first => false,
                Some(best) => self.is_less(lane, best),
            };
            if less == least {
                (best, first) = (Some(lane), x);
            }
        }
        best
    }
}

fn part<'a, T>(all: &'a [T], range: &Range<usize>) -> &'a [T] {
    all.get(range.clone()).unwrap_or_default()
}

#[expect(clippy::indexing_slicing, reason = "neighbours are devices of the population")]
#[inline]
fn at(column: &[f64], other: u32) -> f64 {
    column[other as usize]
}

/// Reduces the values of each device's links, in order; its own is the last.
fn fold_all<I: Iterator<Item = f64>>(
    op: HoodOp,
    to: &mut [f64],
    own: Option<&[f64]>,
    crowd: &Crowd<'_>,
    values: impl Fn(Range<usize>) -> I,
) {
    match own {
        None => {
            for (to, range) in to.iter_mut().zip(ranges(crowd)) {
                *to = fold(op, values(range)).unwrap_or_else(|| nobody(op));
            }
        }
        Some(own) => {
            for ((to, range), own) in to.iter_mut().zip(ranges(crowd)).zip(own) {
                *to = fold(op, values(range).chain([*own])).unwrap_or_else(|| nobody(op));
            }
        }
    }
}
