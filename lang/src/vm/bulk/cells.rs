//! Values of many devices, one for each, typed where they agree.

use crate::value::Value;

/// Longest tuples that are kept element by element.
pub(super) const SPLIT_LEN: usize = 8;

/// A value for each device of a population.
#[derive(Clone, Debug, Default)]
pub enum Cells {
    /// Nobody has written yet.
    #[default]
    Empty,
    /// Doubles.
    Numbers(Vec<f64>),
    /// Integers, such as ids.
    Ints(Vec<i64>),
    /// Booleans.
    Bools(Vec<bool>),
    /// Tuples of one length, element by element.
    Tuples(Vec<Self>),
    /// Anything.
    Values(Vec<Value>),
}

impl Cells {
    /// Cells of the kind of a value, for so many devices.
    fn fitting(value: &Value, devices: usize) -> Self {
        match value {
            Value::Number(_) => Self::Numbers(vec![0.0; devices]),
            Value::Int(_) => Self::Ints(vec![0; devices]),
            Value::Bool(_) => Self::Bools(vec![false; devices]),
            Value::Tuple(items)
                if (1..=SPLIT_LEN).contains(&items.len()) && items.iter().all(is_simple) =>
            {
                Self::Tuples(items.iter().map(|item| Self::fitting(item, devices)).collect())
            }
            _ => Self::Values(vec![Value::Null; devices]),
        }
    }

    /// Puts a value in the place of one of so many devices. Where it is of another kind than those of
    /// the others, the cells hold any values from then on.
    pub fn put(&mut self, device: usize, value: &Value, devices: usize) {
        if self.replace(device, value) {
            return;
        }
        let mut changed = match &*self {
            Self::Empty => Self::fitting(value, devices),
            held => Self::Values((0..devices).map(|device| held.value(device)).collect()),
        };
        changed.replace(device, value);
        *self = changed;
    }

    /// The same if the value is of the kind of the others.
    fn replace(&mut self, device: usize, value: &Value) -> bool {
        match (self, value) {
            (Self::Numbers(numbers), Value::Number(x)) => set(numbers, device, *x),
            (Self::Ints(ints), Value::Int(int)) => set(ints, device, *int),
            (Self::Bools(bools), Value::Bool(b)) => set(bools, device, *b),
            (Self::Tuples(elements), Value::Tuple(items)) if items.len() == elements.len() => {
                let mut pairs = elements.iter_mut().zip(&**items);
                pairs.all(|(element, item)| element.replace(device, item))
            }
            (Self::Values(values), value) => set(values, device, value.clone()),
            _ => false,
        }
    }

    /// The value of a device; null if nobody has written yet.
    pub fn value(&self, device: usize) -> Value {
        let found = match self {
            Self::Empty => None,
            Self::Numbers(numbers) => numbers.get(device).map(|x| Value::Number(*x)),
            Self::Ints(ints) => ints.get(device).map(|int| Value::Int(*int)),
            Self::Bools(bools) => bools.get(device).map(|b| Value::Bool(*b)),
            Self::Tuples(elements) => {
                Some(Value::Tuple(elements.iter().map(|element| element.value(device)).collect()))
            }
            // A copy that is nobody else's: what a program does to a list stays with it.
            Self::Values(values) => values.get(device).map(Value::unshared),
        };
        found.unwrap_or_default()
    }

    /// All as numbers, if they are.
    pub fn numbers(&self) -> Option<&[f64]> {
        match self {
            Self::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// The elements, if all are tuples of so many.
    pub fn elements(&self, len: usize) -> Option<&[Self]> {
        match self {
            Self::Tuples(elements) if elements.len() == len => Some(elements),
            _ => None,
        }
    }

    /// Takes over the values of the devices of a block, of which the first has the number `from` among
    /// so many. What stands in the place of a device that `counts` refuses may be anything.
    pub fn copy_block(
        &mut self,
        from: usize,
        block: &Self,
        len: usize,
        devices: usize,
        counts: &dyn Fn(usize) -> bool,
    ) {
        if !self.copy_alike(from, block) && !matches!(block, Self::Empty) {
            for place in (0..len).filter(|place| counts(*place)) {
                self.put(from + place, &block.value(place), devices);
            }
        }
    }

    fn copy_alike(&mut self, from: usize, block: &Self) -> bool {
        match (self, block) {
            (Self::Numbers(to), Self::Numbers(block)) => copy(to, from, block),
            (Self::Ints(to), Self::Ints(block)) => copy(to, from, block),
            (Self::Bools(to), Self::Bools(block)) => copy(to, from, block),
            (Self::Tuples(to), Self::Tuples(block)) if to.len() == block.len() => {
                // All elements are of one kind in both, or none is copied.
                to.iter().zip(block).all(|(to, block)| to.is_like(block))
                    && to.iter_mut().zip(block).all(|(to, block)| to.copy_alike(from, block))
            }
            _ => false,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Takes over the value of one device from other cells, at a place there.
    pub fn copy_one(&mut self, device: usize, from: &Self, place: usize, devices: usize) {
        let done = match (&mut *self, from) {
            (Self::Numbers(to), Self::Numbers(from)) => {
                from.get(place).is_some_and(|x| set(to, device, *x))
            }
            (Self::Ints(to), Self::Ints(from)) => {
                from.get(place).is_some_and(|x| set(to, device, *x))
            }
            (Self::Bools(to), Self::Bools(from)) => {
                from.get(place).is_some_and(|x| set(to, device, *x))
            }
            (Self::Tuples(to), Self::Tuples(from)) if to.len() == from.len() => {
                let alike = to.iter().zip(from).all(|(to, from)| to.is_like(from));
                if alike {
                    let pairs = to.iter_mut().zip(from);
                    pairs.for_each(|(to, from)| to.copy_one(device, from, place, devices));
                }
                alike
            }
            _ => false,
        };
        if !done {
            self.put(device, &from.value(place), devices);
        }
    }

    /// Room for as many numbers as there are devices, whatever stood here.
    pub(super) fn as_numbers(&mut self, devices: usize) -> &mut [f64] {
        if !matches!(self, Self::Numbers(held) if held.len() == devices) {
            *self = Self::Numbers(vec![0.0; devices]);
        }
        match self {
            Self::Numbers(numbers) => numbers,
            _ => &mut [],
        }
    }

    pub(super) fn as_ints(&mut self, devices: usize) -> &mut [i64] {
        if !matches!(self, Self::Ints(held) if held.len() == devices) {
            *self = Self::Ints(vec![0; devices]);
        }
        match self {
            Self::Ints(ints) => ints,
            _ => &mut [],
        }
    }

    pub(super) fn as_bools(&mut self, devices: usize) -> &mut [bool] {
        if !matches!(self, Self::Bools(held) if held.len() == devices) {
            *self = Self::Bools(vec![false; devices]);
        }
        match self {
            Self::Bools(bools) => bools,
            _ => &mut [],
        }
    }

    pub(super) fn as_tuples(&mut self, len: usize) -> &mut [Self] {
        if !matches!(self, Self::Tuples(held) if held.len() == len) {
            *self = Self::Tuples(vec![Self::Empty; len]);
        }
        match self {
            Self::Tuples(elements) => elements,
            _ => &mut [],
        }
    }
}

fn is_simple(value: &Value) -> bool {
    matches!(value, Value::Number(_) | Value::Int(_) | Value::Bool(_))
}

fn set<T>(column: &mut [T], device: usize, value: T) -> bool {
    match column.get_mut(device) {
        Some(place) => {
            *place = value;
            true
        }
        None => false,
    }
}

fn copy<T: Copy>(to: &mut [T], from: usize, block: &[T]) -> bool {
    match to.get_mut(from..from + block.len()) {
        Some(to) => {
            to.copy_from_slice(block);
            true
        }
        None => false,
    }
}
