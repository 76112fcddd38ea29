//! Columns of a crowd: one value for each device, or for each link.

use super::hoods::Lane;
use std::ops::Range;

/// All columns of the running round. Emptied before the next one, so that nothing is allocated once it
/// is large enough.
#[derive(Debug, Default)]
pub(super) struct Arena {
    pub(super) numbers: Pool<f64>,
    pub(super) ints: Pool<i64>,
    pub(super) bools: Pool<bool>,
    /// Elements of columns of tuples.
    pub(super) elements: Vec<Lanes>,
}

/// Where the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    Numbers(usize),
    Ints(usize),
    Bools(usize),
    /// Tuples of one length: consecutive elements.
    Tuple {
        first: usize,
        len: usize,
    },
    /// What the neighbour at the end of each link exported, still to be read there.
    Remote(Remote),
    /// The lengths of the links.
    Lengths,
    /// The devices themselves, or their names.
    Devices,
    Uids,
}

/// Numbers in a carried slot, or in an element of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) slot: usize,
    /// The element, and of how many.
    pub(super) element: Option<(usize, usize)>,
}

impl Arena {
    pub(super) fn clear(&mut self) {
        self.numbers.used = 0;
        self.ints.used = 0;
        self.bools.used = 0;
        self.elements.clear();
    }

    pub(super) fn element(&self, first: usize, index: usize) -> Option<Lanes> {
        self.elements.get(first + index).copied()
    }
}

/// Values of one kind.
#[derive(Debug, Default)]
pub(super) struct Pool<T> {
    /// What counts ends at `used`.
    held: Vec<T>,
    used: usize,
}

/// A side of an operator: a column, or one value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side<T> {
    Each(usize),
    Same(T),
}

impl<T: Copy + Default> Pool<T> {
    /// Room for so many, holding anything.
    pub(super) fn make(&mut self, len: usize) -> usize {
        let start = self.used;
        self.used += len;
        if self.held.len() < self.used {
            self.held.resize(self.used, T::default());
        }
        start
    }

    fn range(start: usize, len: usize) -> Range<usize> {
        start..start + len
    }

    pub(super) fn at(&self, start: usize, len: usize) -> &[T] {
        self.held.get(Self::range(start, len)).unwrap_or_default()
    }

    pub(super) fn at_mut(&mut self, start: usize, len: usize) -> &mut [T] {
        self.held.get_mut(Self::range(start, len)).unwrap_or_default()
    }

    /// What was made before, and room that was just made.
    pub(super) fn split(&mut self, start: usize, len: usize) -> (&[T], &mut [T]) {
        let (from, to) = self.held.split_at_mut(start);
        (from, to.get_mut(..len).unwrap_or_default())
    }

    /// For each device the value in a lane of its: of a link or its own; without a lane a value that
    /// fills the place.
    pub(super) fn picked(
        &mut self,
        lanes: &[Option<Lane>],
        (links, own): (usize, usize),
        fill: T,
    ) -> usize {
        let start = self.make(lanes.len());
        let (from, to) = self.split(start, lanes.len());
        for (to, lane) in to.iter_mut().zip(lanes) {
            let found = match lane {
                Some(Lane::Link(link)) => from.get(links + link),
                Some(Lane::Own(device)) => from.get(own + device),
                None => None,
            };
            *to = found.copied().unwrap_or(fill);
        }
        start
    }

    pub(super) fn filled(&mut self, value: T, len: usize) -> usize {
        let start = self.make(len);
        self.at_mut(start, len).fill(value);
        start
    }

    pub(super) fn copied(&mut self, from: &[T]) -> usize {
        let start = self.make(from.len());
        self.at_mut(start, from.len()).copy_from_slice(from);
        start
    }

    /// A new column whose values are made of those of two sides.
    pub(super) fn combined(
        &mut self,
        (a, b): (Side<T>, Side<T>),
        len: usize,
        f: impl Fn(T, T) -> T,
    ) -> usize {
        let start = self.make(len);
        let (from, to) = self.held.split_at_mut(start);
        combine(from, (a, b), to.get_mut(..len).unwrap_or_default(), f);
        start
    }

    /// The same into another list.
    pub(super) fn combine_into<U>(
        &self,
        sides: (Side<T>, Side<T>),
        to: &mut [U],
        f: impl Fn(T, T) -> U,
    ) {
        combine(&self.held, sides, to, f);
    }

    /// Chooses between two sides.
    pub(super) fn chosen(&mut self, pick: &[bool], (a, b): (Side<T>, Side<T>)) -> usize {
        let start = self.make(pick.len());
        let (from, to) = self.held.split_at_mut(start);
        let to = to.get_mut(..pick.len()).unwrap_or_default();
        let each = |start: usize| from.get(Self::range(start, pick.len())).unwrap_or_default();
        let all = to.iter_mut().zip(pick);
        match (a, b) {
            (Side::Each(a), Side::Each(b)) => {
                let sides = each(a).iter().zip(each(b));
                all.zip(sides).for_each(|((to, p), (a, b))| *to = if *p { *a } else { *b });
            }
            (Side::Each(a), Side::Same(b)) => {
                all.zip(each(a)).for_each(|((to, p), a)| *to = if *p { *a } else { b });
            }
            (Side::Same(a), Side::Each(b)) => {
                all.zip(each(b)).for_each(|((to, p), b)| *to = if *p { a } else { *b });
            }
            (Side::Same(a), Side::Same(b)) => {
                all.for_each(|(to, p)| *to = if *p { a } else { b });
            }
        }
        start
    }

    /// One value for each link from one for each device.
    pub(super) fn spread(&mut self, column: usize, starts: &[u32], links: usize) -> usize {
        let start = self.make(links);
        let (from, to) = self.held.split_at_mut(start);
        let from = from.get(column..).unwrap_or_default();
        let mut to = to.get_mut(..links).unwrap_or_default();
        for (range, value) in starts.windows(2).zip(from) {
            let [begin, end] = *range else { break };
            let Some((here, rest)) = to.split_at_mut_checked((end - begin) as usize) else { break };
            here.fill(*value);
            to = rest;
        }
        start
    }
}

fn combine<T: Copy, U>(
    from: &[T],
    (a, b): (Side<T>, Side<T>),
    to: &mut [U],
    f: impl Fn(T, T) -> U,
) {
    let len = to.len();
    let each = |start: usize| from.get(start..start + len).unwrap_or_default();
    match (a, b) {
        (Side::Each(a), Side::Each(b)) => {
            to.iter_mut().zip(each(a)).zip(each(b)).for_each(|((to, a), b)| *to = f(*a, *b));
        }
        (Side::Each(a), Side::Same(b)) => {
            to.iter_mut().zip(each(a)).for_each(|(to, a)| *to = f(*a, b));
        }
        (Side::Same(a), Side::Each(b)) => {
            to.iter_mut().zip(each(b)).for_each(|(to, b)| *to = f(a, *b));
        }
        (Side::Same(a), Side::Same(b)) => to.iter_mut().for_each(|to| *to = f(a, b)),
    }
}
