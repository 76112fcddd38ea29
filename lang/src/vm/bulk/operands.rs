//! Registers of a crowd, and what instructions read from them.

use super::arena::{Lanes, Remote, Side};
use super::cells::SPLIT_LEN;
use super::{Bulk, Cells, Crowd, Parted};
use crate::id::NodeId;
use crate::value::Value;
use crate::vm::code::Reg;

/// What a register holds.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// One value for all devices.
    Same(Value),
    /// One for each device.
    Local(Lanes),
    Field(Field),
}

/// A field of each device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// By link.
    pub(super) links: Lanes,
    /// The values of the devices themselves.
    pub(super) own: Lanes,
    /// The links that count, if not all do.
    pub(super) mask: Option<usize>,
}

/// What the values of a column are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Devices,
    Links,
}

/// An operand in a shape.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Same(Value),
    Lanes(Lanes),
}

pub(super) fn is_id_method(name: &str) -> bool {
    matches!(name, "getId" | "getUID" | "getUid" | "getDeviceUID")
}

impl Crowd<'_> {
    pub(super) fn count(&self, shape: Shape) -> usize {
        match shape {
            Shape::Devices => self.len(),
            Shape::Links => self.links(),
        }
    }

    pub(super) fn column(&self, remote: Remote) -> Option<&[f64]> {
        let cells = self.exports.get(remote.slot)?;
        match remote.element {
            None => cells.numbers(),
            Some((element, len)) => cells.elements(len)?.get(element)?.numbers(),
        }
    }
}

impl Bulk {
    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    pub(super) fn cell(&self, reg: Reg) -> &Cell {
        &self.cells[usize::from(reg)].0
    }

    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    pub(super) fn put(&mut self, reg: Reg, cell: Cell) {
        self.cells[usize::from(reg)] = (cell, self.run);
    }

    /// Whether a register was written in this round.
    #[expect(clippy::indexing_slicing, reason = "the compiler numbers the registers it asks for")]
    pub(super) fn is_written(&self, reg: Reg) -> bool {
        self.cells[usize::from(reg)].1 == self.run
    }

    pub(super) fn is_field(&self, reg: Reg) -> bool {
        matches!(self.cell(reg), Cell::Field(_))
    }

    /// A register in a shape: what devices hold becomes one value for each of their links.
    pub(super) fn part(
        &mut self,
        reg: Reg,
        shape: Shape,
        crowd: &Crowd<'_>,
    ) -> Result<Part, Parted> {
        Ok(match (self.cell(reg), shape) {
            (Cell::Same(value), _) => Part::Same(value.clone()),
            (Cell::Local(lanes), Shape::Devices) => Part::Lanes(*lanes),
            (Cell::Local(lanes), Shape::Links) => {
                let lanes = *lanes;
                Part::Lanes(self.spread(lanes, crowd)?)
            }
            (Cell::Field(field), Shape::Devices) => Part::Lanes(field.own),
            (Cell::Field(field), Shape::Links) => Part::Lanes(field.links),
        })
    }

    /// The same, with one value repeated.
    pub(super) fn lanes(
        &mut self,
        reg: Reg,
        shape: Shape,
        crowd: &Crowd<'_>,
    ) -> Result<Lanes, Parted> {
        match self.part(reg, shape, crowd)? {
            Part::Lanes(lanes) => Ok(lanes),
            Part::Same(value) => self.repeated(&value, crowd.count(shape)),
        }
    }

    /// What devices hold by themselves.
    pub(super) fn local(&mut self, reg: Reg, crowd: &Crowd<'_>) -> Result<Lanes, Parted> {
        if self.is_field(reg) {
            return Err(Parted);
        }
        self.lanes(reg, Shape::Devices, crowd)
    }

    pub(super) fn repeated(&mut self, value: &Value, len: usize) -> Result<Lanes, Parted> {
        let arena = &mut self.arena;
        Ok(match value {
            Value::Number(x) => Lanes::Numbers(arena.numbers.filled(*x, len)),
            Value::Int(int) => Lanes::Ints(arena.ints.filled(*int, len)),
            Value::Bool(b) => Lanes::Bools(arena.bools.filled(*b, len)),
            Value::Tuple(items) if (1..=SPLIT_LEN).contains(&items.len()) => {
                let mut parts = [Lanes::Lengths; SPLIT_LEN];
                let parts = parts.get_mut(..items.len()).ok_or(Parted)?;
                for (part, item) in parts.iter_mut().zip(&**items) {
                    *part = match item {
                        Value::Tuple(_) => return Err(Parted),
                        item => self.repeated(item, len)?,
                    };
                }
                self.tuple_of(parts)
            }
            _ => return Err(Parted),
        })
    }

    pub(super) fn tuple_of(&mut self, elements: &[Lanes]) -> Lanes {
        let first = self.arena.elements.len();
        self.arena.elements.extend_from_slice(elements);
        Lanes::Tuple { first, len: elements.len() }
    }

    /// Does something with each element of a column of tuples.
    pub(super) fn each_element(
        &mut self,
        (first, len): (usize, usize),
        mut f: impl FnMut(&mut Self, usize, Lanes) -> Result<Lanes, Parted>,
    ) -> Result<Lanes, Parted> {
        let mut parts = [Lanes::Lengths; SPLIT_LEN];
        let parts = parts.get_mut(..len).ok_or(Parted)?;
        for (index, part) in parts.iter_mut().enumerate() {
            let element = self.arena.element(first, index).ok_or(Parted)?;
            *part = f(self, index, element)?;
        }
        Ok(self.tuple_of(parts))
    }

    fn spread(&mut self, lanes: Lanes, crowd: &Crowd<'_>) -> Result<Lanes, Parted> {
        let (starts, links) = (crowd.starts, crowd.links());
        let arena = &mut self.arena;
        Ok(match lanes {
            Lanes::Numbers(at) => Lanes::Numbers(arena.numbers.spread(at, starts, links)),
            Lanes::Ints(at) => Lanes::Ints(arena.ints.spread(at, starts, links)),
            Lanes::Bools(at) => Lanes::Bools(arena.bools.spread(at, starts, links)),
            Lanes::Tuple { first, len } => {
                self.each_element((first, len), |bulk, _, element| bulk.spread(element, crowd))?
            }
            Lanes::Remote(_) | Lanes::Lengths | Lanes::Devices | Lanes::Uids => return Err(Parted),
        })
    }

    /// Columns of numbers as doubles, as arithmetic sees them.
    pub(super) fn doubles(
        &mut self,
        lanes: Lanes,
        shape: Shape,
        crowd: &Crowd<'_>,
    ) -> Result<usize, Parted> {
        let len = crowd.count(shape);
        match lanes {
            Lanes::Ints(at) => {
                let start = self.arena.numbers.make(len);
                let ints = self.arena.ints.at(at, len);
                let to = self.arena.numbers.at_mut(start, len);
                to.iter_mut().zip(ints).for_each(|(to, int)| *to = *int as f64);
                Ok(start)
            }
            lanes => match self.read(lanes, crowd)? {
                Lanes::Numbers(at) => Ok(at),
                _ => Err(Parted),
            },
        }
    }

    /// Reads what is still at the other ends of links.
    pub(super) fn read(&mut self, lanes: Lanes, crowd: &Crowd<'_>) -> Result<Lanes, Parted> {
        Ok(match lanes {
            Lanes::Remote(remote) => {
                let column = crowd.column(remote).ok_or(Parted)?;
                let start = self.arena.numbers.make(crowd.links());
                gather(column, crowd.others, self.arena.numbers.at_mut(start, crowd.links()));
                Lanes::Numbers(start)
            }
            Lanes::Lengths => Lanes::Numbers(self.arena.numbers.copied(crowd.lengths)),
            lanes => lanes,
        })
    }

    pub(super) fn number_side(
        &mut self,
        part: &Part,
        shape: Shape,
        crowd: &Crowd<'_>,
    ) -> Result<Side<f64>, Parted> {
        match part {
            Part::Same(value) => value.as_number().map(Side::Same).ok_or(Parted),
            Part::Lanes(lanes) => self.doubles(*lanes, shape, crowd).map(Side::Each),
        }
    }

    /// The links that count in all fields among the registers: those of the first one, which the others
    /// must have too.
    pub(super) fn common_mask(
        &self,
        regs: &[Reg],
        crowd: &Crowd<'_>,
    ) -> Result<Option<usize>, Parted> {
        let mut masks = regs.iter().filter_map(|reg| match self.cell(*reg) {
            Cell::Field(field) => Some(field.mask),
            _ => None,
        });
        let first = masks.next().ok_or(Parted)?;
        let links = crowd.links();
        let covers = |larger: Option<usize>| match (larger, first) {
            (None, _) => true,
            (larger, first) if larger == first => true,
            (Some(larger), first) => {
                let larger = self.arena.bools.at(larger, links);
                match first {
                    None => larger.iter().all(|b| *b),
                    Some(first) => {
                        self.arena.bools.at(first, links).iter().zip(larger).all(|(a, b)| !a || *b)
                    }
                }
            }
        };
        if masks.all(covers) { Ok(first) } else { Err(Parted) }
    }

    /// What devices keep or export, by cells: the values of devices that do not count may be anything.
    pub(super) fn store(
        &self,
        cell: &Cell,
        to: &mut Cells,
        capacity: usize,
        crowd: &Crowd<'_>,
    ) -> Result<(), Parted> {
        match cell {
            Cell::Field(_) => Err(Parted),
            Cell::Same(Value::Number(x)) => {
                to.as_numbers(capacity).fill(*x);
                Ok(())
            }
            Cell::Same(Value::Int(int)) => {
                to.as_ints(capacity).fill(*int);
                Ok(())
            }
            Cell::Same(Value::Bool(b)) => {
                to.as_bools(capacity).fill(*b);
                Ok(())
            }
            Cell::Same(_) => Err(Parted),
            Cell::Local(lanes) => self.store_lanes(*lanes, to, capacity, crowd.len()),
        }
    }

    fn store_lanes(
        &self,
        lanes: Lanes,
        to: &mut Cells,
        capacity: usize,
        len: usize,
    ) -> Result<(), Parted> {
        fn copy<T: Copy>(to: &mut [T], from: &[T]) -> Result<(), Parted> {
            to.get_mut(..from.len()).ok_or(Parted)?.copy_from_slice(from);
            Ok(())
        }
        let arena = &self.arena;
        match lanes {
            Lanes::Numbers(at) => copy(to.as_numbers(capacity), arena.numbers.at(at, len)),
            Lanes::Ints(at) => copy(to.as_ints(capacity), arena.ints.at(at, len)),
            Lanes::Bools(at) => copy(to.as_bools(capacity), arena.bools.at(at, len)),
            Lanes::Tuple { first, len: items } => {
                for (index, element) in to.as_tuples(items).iter_mut().enumerate() {
                    match arena.element(first, index) {
                        None | Some(Lanes::Tuple { .. }) => return Err(Parted),
                        Some(lanes) => self.store_lanes(lanes, element, capacity, len)?,
                    }
                }
                Ok(())
            }
            Lanes::Remote(_) | Lanes::Lengths | Lanes::Devices | Lanes::Uids => Err(Parted),
        }
    }

    /// Columns from cells, of which the first ones are those of the crowd.
    pub(super) fn load(&mut self, cells: &Cells, len: usize) -> Result<Lanes, Parted> {
        let arena = &mut self.arena;
        Ok(match cells {
            Cells::Numbers(x) => Lanes::Numbers(arena.numbers.copied(x.get(..len).ok_or(Parted)?)),
            Cells::Ints(x) => Lanes::Ints(arena.ints.copied(x.get(..len).ok_or(Parted)?)),
            Cells::Bools(x) => Lanes::Bools(arena.bools.copied(x.get(..len).ok_or(Parted)?)),
            Cells::Tuples(elements) => {
                let mut parts = [Lanes::Lengths; SPLIT_LEN];
                let parts = parts.get_mut(..elements.len()).ok_or(Parted)?;
                for (part, element) in parts.iter_mut().zip(elements) {
                    *part = self.load(element, len)?;
                }
                self.tuple_of(parts)
            }
            Cells::Empty | Cells::Values(_) => return Err(Parted),
        })
    }

    /// Ids as programs see them.
    pub(super) fn ids(&mut self, crowd: &Crowd<'_>) -> Result<Lanes, Parted> {
        let start = self.arena.ints.make(crowd.len());
        let to = self.arena.ints.at_mut(start, crowd.len());
        for (to, id) in to.iter_mut().zip(crowd.each(crowd.ids)) {
            let NodeId::Int(id) = id else { return Err(Parted) };
            *to = *id;
        }
        Ok(Lanes::Ints(start))
    }
}

/// The values of a column at the other ends of links.
#[expect(clippy::indexing_slicing, reason = "neighbours are devices of the population")]
pub(super) fn gather<T: Copy>(column: &[T], others: &[u32], to: &mut [T]) {
    for (to, other) in to.iter_mut().zip(others) {
        *to = column[*other as usize];
    }
}
