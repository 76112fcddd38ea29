//! Fields as columns: one value a lane, typed where all lanes agree.
//!
//! A lane is an index into the neighbours, in ascending id; the last lane is the device itself.
//! Columns live in one arena that is emptied before each round, so that a round that has the
//! size of the one before allocates nothing. Which neighbours a field has is a mask; kernels
//! compute all lanes, and only what looks at single neighbours asks the mask.

use crate::value::Value;

/// Longest tuples that are columns of their elements.
pub(super) const LONGEST_TUPLE: usize = 16;

/// A set of neighbours: all, or a bit set in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mask(u32);

impl Mask {
    pub(super) const ALL: Self = Self(0);
}

/// Where the values of a column are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Data {
    Numbers(u32),
    /// Integers, such as ids.
    Ints(u32),
    Bools(u32),
    Values(u32),
    /// One value for all lanes.
    Same(u32),
    /// Tuples of one length, element by element: consecutive columns in the table of elements,
    /// whose own masks do not count.
    Tuple {
        first: u32,
        len: u16,
    },
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) data: Data,
    pub(super) mask: Mask,
}

/// A number in each lane, or one for all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numeric {
    Each(usize),
    Same(f64),
}

/// A Boolean in each lane, or one for all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Boolean {
    Each(usize),
    Same(bool),
}

/// The columns of a round.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Neighbours; the device itself is one lane more.
    neighbors: usize,
    /// Kept from round to round; what counts ends at `used`.
    numbers: Vec<f64>,
    used: usize,
    ints: Vec<i64>,
    bools: Vec<bool>,
    pub(super) values: Vec<Value>,
    elements: Vec<Column>,
    masks: Vec<u64>,
}

impl Columns {
    /// Forgets all columns; the next ones have so many neighbours.
    pub(super) fn reset(&mut self, neighbors: usize) {
        self.neighbors = neighbors;
        self.used = 0;
        self.ints.clear();
        self.bools.clear();
        self.values.clear();
        self.elements.clear();
        self.masks.clear();
    }

    pub(super) fn neighbors(&self) -> usize {
        self.neighbors
    }

    /// The lanes of a column, the device itself included.
    pub(super) fn lanes(&self) -> usize {
        self.neighbors + 1
    }

    fn words(&self) -> usize {
        self.neighbors.div_ceil(64)
    }

    fn bits(&self, mask: Mask) -> &[u64] {
        let start = mask.0 as usize - 1;
        self.masks.get(start..start + self.words()).unwrap_or_default()
    }

    /// A mask of the neighbours that `holds` accepts.
    pub(super) fn mask_of(&mut self, mut holds: impl FnMut(usize) -> bool) -> Mask {
        let start = self.masks.len();
        self.masks.resize(start + self.words(), 0);
        let mut all = true;
        for lane in 0..self.neighbors {
            let here = holds(lane);
            all &= here;
            if let Some(word) = self.masks.get_mut(start + lane / 64) {
                *word |= u64::from(here) << (lane % 64);
            }
        }
        if all {
            self.masks.truncate(start);
            return Mask::ALL;
        }
        Mask(start as u32 + 1)
    }

    pub(super) fn is_in(&self, mask: Mask, lane: usize) -> bool {
        mask == Mask::ALL
            || self.bits(mask).get(lane / 64).is_some_and(|word| word >> (lane % 64) & 1 == 1)
    }

    /// Whether `larger` has all neighbours of `mask`.
    pub(super) fn covers(&self, larger: Mask, mask: Mask) -> bool {
        if larger == Mask::ALL || larger == mask {
            return true;
        }
        (0..self.neighbors).all(|lane| !self.is_in(mask, lane) || self.is_in(larger, lane))
    }

    /// The neighbours that both have.
    pub(super) fn both(&mut self, a: Mask, b: Mask) -> Mask {
        if a == Mask::ALL || a == b {
            return b;
        }
        if b == Mask::ALL {
            return a;
        }
        let start = self.masks.len();
        for word in 0..self.words() {
            let both = self.bits(a).get(word).copied().unwrap_or(0)
                & self.bits(b).get(word).copied().unwrap_or(0);
            self.masks.push(both);
        }
        Mask(start as u32 + 1)
    }

    /// Room for a number in each lane.
    pub(super) fn new_numbers(&mut self) -> usize {
        let start = self.used;
        self.used += self.lanes();
        if self.numbers.len() < self.used {
            self.numbers.resize(self.used, 0.0);
        }
        start
    }

    /// Gives room back that was the last to be asked for.
    pub(super) fn drop_numbers(&mut self, start: usize) {
        self.used = start;
    }

    /// The device's own lane of a column of numbers, and those of the neighbours.
    pub(super) fn lanes_mut(&mut self, start: usize) -> Option<(&mut f64, &mut [f64])> {
        self.numbers.get_mut(start..start + self.neighbors + 1)?.split_last_mut()
    }

    #[expect(clippy::indexing_slicing, reason = "starts come from this arena")]
    pub(super) fn numbers_at(&self, start: usize) -> &[f64] {
        &self.numbers[start..start + self.neighbors + 1]
    }

    #[expect(clippy::indexing_slicing, reason = "starts come from this arena")]
    pub(super) fn ints_at(&self, start: usize) -> &[i64] {
        &self.ints[start..start + self.neighbors + 1]
    }

    #[expect(clippy::indexing_slicing, reason = "starts come from this arena")]
    pub(super) fn bools_at(&self, start: usize) -> &[bool] {
        &self.bools[start..start + self.neighbors + 1]
    }

    #[expect(clippy::indexing_slicing, reason = "starts come from this arena")]
    pub(super) fn values_at(&self, start: usize) -> &[Value] {
        &self.values[start..start + self.neighbors + 1]
    }

    /// One value in all lanes.
    pub(super) fn same(&mut self, value: Value) -> Data {
        self.values.push(value);
        Data::Same(self.values.len() as u32 - 1)
    }

    pub(super) fn same_value(&self, at: u32) -> &Value {
        self.values.get(at as usize).unwrap_or(&Value::Unit)
    }

    pub(super) fn element(&self, first: u32, index: usize) -> Option<Column> {
        self.elements.get(first as usize + index).copied()
    }

    /// Tuples from columns of their elements.
    pub(super) fn tuple(&mut self, elements: impl IntoIterator<Item = Data>) -> Data {
        let first = self.elements.len() as u32;
        let elements = elements.into_iter().map(|data| Column { data, mask: Mask::ALL });
        self.elements.extend(elements);
        Data::Tuple { first, len: (self.elements.len() as u32 - first) as u16 }
    }

    /// Doubles by lane.
    pub(super) fn numeric(&self, data: Data) -> Option<Numeric> {
        match data {
            Data::Numbers(start) => Some(Numeric::Each(start as usize)),
            Data::Same(at) => match self.same_value(at) {
                Value::Number(x) => Some(Numeric::Same(*x)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What arithmetic and comparisons make of a column: integers count as doubles there.
    pub(super) fn as_numbers(&mut self, data: Data) -> Option<Numeric> {
        match data {
            Data::Ints(start) => {
                let (from, to) = (start as usize, self.new_numbers());
                let ints = self.ints.get(from..from + self.neighbors + 1)?;
                let lanes = self.numbers.get_mut(to..)?;
                for (lane, int) in lanes.iter_mut().zip(ints) {
                    *lane = *int as f64;
                }
                Some(Numeric::Each(to))
            }
            Data::Same(at) => self.same_value(at).as_number().map(Numeric::Same),
            data => self.numeric(data),
        }
    }

    pub(super) fn booleans(&self, data: Data) -> Option<Boolean> {
        match data {
            Data::Bools(start) => Some(Boolean::Each(start as usize)),
            Data::Same(at) => match self.same_value(at) {
                Value::Bool(b) => Some(Boolean::Same(*b)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value in a lane.
    pub(super) fn value(&self, data: Data, lane: usize) -> Value {
        let at = |start: u32| start as usize + lane;
        match data {
            Data::Numbers(start) => {
                Value::Number(self.numbers.get(at(start)).copied().unwrap_or_default())
            }
            Data::Ints(start) => Value::Int(self.ints.get(at(start)).copied().unwrap_or_default()),
            Data::Bools(start) => {
                Value::Bool(self.bools.get(at(start)).copied().unwrap_or_default())
            }
            Data::Values(start) => self.values.get(at(start)).cloned().unwrap_or(Value::Null),
            Data::Same(at) => self.same_value(at).clone(),
            Data::Tuple { first, len } => {
                let items = (0..usize::from(len)).filter_map(|i| self.element(first, i));
                Value::Tuple(items.map(|element| self.value(element.data, lane)).collect())
            }
        }
    }

    /// A column of values, typed if they agree. Null stands in lanes that do not count.
    pub(super) fn typed(&mut self, values: &mut Vec<Value>) -> Data {
        let number = |v: &Value| matches!(v, Value::Number(_) | Value::Null);
        let boolean = |v: &Value| matches!(v, Value::Bool(_) | Value::Null);
        if values.iter().all(number) {
            let start = self.new_numbers();
            let lanes = self.numbers.get_mut(start..).unwrap_or_default();
            for (lane, value) in lanes.iter_mut().zip(values.drain(..)) {
                *lane = value.as_number().unwrap_or_default();
            }
            return Data::Numbers(start as u32);
        }
        if values.iter().all(boolean) {
            let start = self.bools.len();
            self.bools.extend(values.drain(..).map(|v| matches!(v, Value::Bool(true))));
            return Data::Bools(start as u32);
        }
        if values.iter().all(|v| matches!(v, Value::Int(_) | Value::Null)) {
            let start = self.ints.len();
            self.ints.extend(values.drain(..).map(|v| match v {
                Value::Int(i) => i,
                _ => 0,
            }));
            return Data::Ints(start as u32);
        }
        let start = self.values.len();
        self.values.append(values);
        Data::Values(start as u32)
    }

    /// Combines numbers lane by lane into a new column of numbers.
    pub(super) fn map_numbers(
        &mut self,
        a: Numeric,
        b: Numeric,
        f: impl Fn(f64, f64) -> f64,
    ) -> Data {
        let start = self.new_numbers();
        let lanes = self.neighbors + 1;
        let (from, to) = self.numbers.split_at_mut(start);
        let to = to.get_mut(..lanes).unwrap_or_default();
        zip(from, a, b, lanes, to, f);
        Data::Numbers(start as u32)
    }

    /// Combines numbers lane by lane into a new column of Booleans.
    pub(super) fn map_bools(
        &mut self,
        a: Numeric,
        b: Numeric,
        f: impl Fn(f64, f64) -> bool,
    ) -> Data {
        let start = self.bools.len();
        let lanes = self.neighbors + 1;
        self.bools.resize(start + lanes, false);
        let to = self.bools.get_mut(start..).unwrap_or_default();
        zip(&self.numbers, a, b, lanes, to, f);
        Data::Bools(start as u32)
    }

    /// Combines Booleans lane by lane into a new column of them.
    pub(super) fn map_logic(
        &mut self,
        a: Boolean,
        b: Boolean,
        f: impl Fn(bool, bool) -> bool,
    ) -> Data {
        let start = self.bools.len();
        let lanes = self.neighbors + 1;
        self.bools.resize(start + lanes, false);
        let (from, to) = self.bools.split_at_mut(start);
        let side = |side: Boolean, lane: usize| match side {
            Boolean::Each(start) => from.get(start + lane).copied().unwrap_or_default(),
            Boolean::Same(b) => b,
        };
        for (lane, to) in to.iter_mut().enumerate() {
            *to = f(side(a, lane), side(b, lane));
        }
        Data::Bools(start as u32)
    }

    /// Chooses between two columns of one kind lane by lane; nothing if they are not of one, or of a
    /// kind that has no columns of its own.
    pub(super) fn choose(&mut self, condition: usize, a: Data, b: Data) -> Option<Data> {
        if let (Some(a), Some(b)) = (self.numeric(a), self.numeric(b)) {
            return Some(self.choose_numbers(condition, a, b));
        }
        match (a, b) {
            (Data::Tuple { first: x, len }, Data::Tuple { first: y, len: same }) if len == same => {
                let mut parts = [Data::Same(0); LONGEST_TUPLE];
                let parts = parts.get_mut(..usize::from(len))?;
                for (i, part) in parts.iter_mut().enumerate() {
                    let (x, y) = (self.element(x, i)?.data, self.element(y, i)?.data);
                    *part = self.choose(condition, x, y)?;
                }
                Some(self.tuple(parts.iter().copied()))
            }
            (Data::Ints(_) | Data::Same(_), Data::Ints(_) | Data::Same(_)) => {
                self.choose_ints(condition, a, b)
            }
            _ => None,
        }
    }

    fn choose_ints(&mut self, condition: usize, a: Data, b: Data) -> Option<Data> {
        let start = self.ints.len();
        for lane in 0..self.lanes() {
            let pick = self.bools.get(condition + lane).copied()?;
            let int = match self.value(if pick { a } else { b }, lane) {
                Value::Int(int) => int,
                _ => {
                    self.ints.truncate(start);
                    return None;
                }
            };
            self.ints.push(int);
        }
        Some(Data::Ints(start as u32))
    }

    /// Chooses between numbers lane by lane.
    fn choose_numbers(&mut self, condition: usize, a: Numeric, b: Numeric) -> Data {
        let start = self.new_numbers();
        let lanes = self.neighbors + 1;
        let (from, to) = self.numbers.split_at_mut(start);
        let to = to.get_mut(..lanes).unwrap_or_default();
        let pick = self.bools.get(condition..condition + lanes).unwrap_or_default();
        match (a, b) {
            (Numeric::Each(a), Numeric::Each(b)) => {
                let (a, b) = (part(from, a, lanes), part(from, b, lanes));
                for (((to, pick), a), b) in to.iter_mut().zip(pick).zip(a).zip(b) {
                    *to = if *pick { *a } else { *b };
                }
            }
            (Numeric::Each(a), Numeric::Same(b)) => {
                for ((to, pick), a) in to.iter_mut().zip(pick).zip(part(from, a, lanes)) {
                    *to = if *pick { *a } else { b };
                }
            }
            (Numeric::Same(a), Numeric::Each(b)) => {
                for ((to, pick), b) in to.iter_mut().zip(pick).zip(part(from, b, lanes)) {
                    *to = if *pick { a } else { *b };
                }
            }
            (Numeric::Same(a), Numeric::Same(b)) => {
                for (to, pick) in to.iter_mut().zip(pick) {
                    *to = if *pick { a } else { b };
                }
            }
        }
        Data::Numbers(start as u32)
    }

    /// Whether all values are plain, so that their size needs no check; and how many there are.
    pub(super) fn plain_cells(&self, data: Data) -> Option<usize> {
        match data {
            Data::Numbers(_) | Data::Ints(_) | Data::Bools(_) => Some(self.lanes()),
            Data::Same(at) => is_plain(self.same_value(at)).then_some(self.lanes()),
            Data::Values(start) => {
                self.values_at(start as usize).iter().all(is_plain).then_some(self.lanes())
            }
            Data::Tuple { first, len } => {
                let elements = (0..usize::from(len)).map(|i| self.element(first, i));
                let inner = elements.map(|e| self.plain_cells(e?.data)).sum::<Option<usize>>()?;
                Some(inner + self.lanes())
            }
        }
    }
}

/// A value that holds no others and is no long text.
pub(super) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null
        | Value::Unit
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Int(_)
        | Value::Uid(_)
        | Value::Device(_)
        | Value::Environment => true,
        Value::Function(function) => function.activation.is_none(),
        _ => false,
    }
}

fn part<T>(all: &[T], start: usize, len: usize) -> &[T] {
    all.get(start..start + len).unwrap_or_default()
}

fn zip<T>(
    from: &[f64],
    a: Numeric,
    b: Numeric,
    lanes: usize,
    to: &mut [T],
    f: impl Fn(f64, f64) -> T,
) {
    match (a, b) {
        (Numeric::Each(a), Numeric::Each(b)) => {
            for ((to, a), b) in to.iter_mut().zip(part(from, a, lanes)).zip(part(from, b, lanes)) {
                *to = f(*a, *b);
            }
        }
        (Numeric::Each(a), Numeric::Same(b)) => {
            for (to, a) in to.iter_mut().zip(part(from, a, lanes)) {
                *to = f(*a, b);
            }
        }
        (Numeric::Same(a), Numeric::Each(b)) => {
            for (to, b) in to.iter_mut().zip(part(from, b, lanes)) {
                *to = f(a, *b);
            }
        }
        (Numeric::Same(a), Numeric::Same(b)) => {
            for to in to {
                *to = f(a, b);
            }
        }
    }
}
