//! What neighbours said becomes columns.

use super::run::Reach;
use super::{Cell, Registers, Stuck};
use crate::neighbors::NeighborSource;
use crate::value::Value;
use crate::vm::code::{Reg, Sensor, Slot};
use crate::vm::columns::{Column, Data, Mask, Numeric};

/// Longest tuples that are gathered element by element.
const SPLIT_LEN: usize = 8;

impl Registers {
    /// The neighbours that ran a region of the layout.
    pub(super) fn region_mask<S: NeighborSource>(&mut self, region: u32, source: &S) -> Mask {
        // Everybody ran the whole program.
        if region == 0 {
            return Mask::ALL;
        }
        match self.masks.get(region as usize) {
            Some((round, mask)) if *round == self.round => return *mask,
            _ => {}
        }
        let mask = self.columns.mask_of(|lane| source.ran(lane, region));
        if let Some(known) = self.masks.get_mut(region as usize) {
            *known = (self.round, mask);
        }
        mask
    }

    /// Exports where the device is. Mostly that is where it was.
    fn export_place<S>(
        &mut self,
        slot: u16,
        own: &[f64],
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let slot = reach.code.slots.get(usize::from(slot)).ok_or(Stuck)?;
        let held = reach.exports.value_mut(slot.carried).ok_or(Stuck)?;
        let same = |(x, item): (&f64, &Value)| match item {
            Value::Number(y) => x.to_bits() == y.to_bits(),
            _ => false,
        };
        match held {
            Value::Tuple(items)
                if items.len() == own.len() && own.iter().zip(&**items).all(same) => {}
            _ => {
                let old = std::mem::replace(held, self.numbers_tuple(own));
                self.reclaim(old);
            }
        }
        Ok(())
    }

    /// The neighbours' values of a slot, with one's own in the last lane.
    pub(super) fn gather<S: NeighborSource>(
        &mut self,
        slot: u16,
        own: Reg,
        reach: &Reach<'_, '_, S>,
    ) -> Result<Column, Stuck> {
        let slot = *reach.code.slots.get(usize::from(slot)).ok_or(Stuck)?;
        let mask = self.region_mask(slot.region, reach.source);
        let typed = match self.cell(own) {
            Cell::Value(Value::Number(x)) => {
                let x = *x;
                self.gather_numbers(slot, x, reach.source)
            }
            Cell::Value(Value::Tuple(items)) if (1..=SPLIT_LEN).contains(&items.len()) => {
                let items = items.clone();
                self.gather_tuples(slot, &items, reach.source)
            }
            _ => None,
        };
        let data = match typed {
            Some(data) => data,
            None => {
                let Cell::Value(own) = self.cell(own).clone() else { return Err(Stuck) };
                self.gather_values(slot, own, mask, reach.source)?
            }
        };
        Ok(Column { data, mask })
    }

    fn gather_numbers<S: NeighborSource>(
        &mut self,
        slot: Slot,
        own: f64,
        source: &S,
    ) -> Option<Data> {
        let columns = &mut self.columns;
        let start = columns.new_numbers();
        let (own_lane, lanes) = columns.lanes_mut(start)?;
        if source.numbers(slot.carried, lanes) {
            *own_lane = own;
            return Some(Data::Numbers(start as u32));
        }
        columns.drop_numbers(start);
        None
    }

    /// Tuples of one length, element by element.
    fn gather_tuples<S: NeighborSource>(
        &mut self,
        slot: Slot,
        own: &[Value],
        source: &S,
    ) -> Option<Data> {
        let mut elements = [Data::Same(0); SPLIT_LEN];
        let elements = elements.get_mut(..own.len())?;
        for (index, (element, own_item)) in elements.iter_mut().zip(own).enumerate() {
            let numbers = match own_item {
                Value::Number(x) => {
                    let columns = &mut self.columns;
                    let start = columns.new_numbers();
                    let (own_lane, lanes) = columns.lanes_mut(start)?;
                    *own_lane = *x;
                    let numbers = source.element_numbers(slot.carried, index, own.len(), lanes);
                    if !numbers {
                        columns.drop_numbers(start);
                    }
                    numbers.then_some(Data::Numbers(start as u32))
                }
                _ => None,
            };
            *element = match numbers {
                Some(data) => data,
                None => {
                    let mut values = std::mem::take(&mut self.lane_values);
                    values.clear();
                    for lane in 0..source.len() {
                        match source.element(lane, slot.carried, index, own.len()) {
                            Some(value) => values.push(value),
                            None => {
                                values.clear();
                                self.lane_values = values;
                                return None;
                            }
                        }
                    }
                    values.push(own_item.clone());
                    let data = self.columns.typed(&mut values);
                    self.lane_values = values;
                    data
                }
            };
        }
        Some(self.columns.tuple(elements.iter().copied()))
    }

    fn gather_values<S: NeighborSource>(
        &mut self,
        slot: Slot,
        own: Value,
        mask: Mask,
        source: &S,
    ) -> Result<Data, Stuck> {
        let mut values = std::mem::take(&mut self.lane_values);
        values.clear();
        values.extend((0..source.len()).map(|lane| source.value(lane, slot.carried)));
        // What a neighbour of the same program never sends is for the reference evaluator.
        let strange = (0..).zip(&values).any(|(lane, value)| match value {
            Value::Field(_) => true,
            Value::Null => self.columns.is_in(mask, lane),
            _ => false,
        });
        values.push(own);
        let data = self.columns.typed(&mut values);
        values.clear();
        self.lane_values = values;
        if strange { Err(Stuck) } else { Ok(data) }
    }

    pub(super) fn restrict<S: NeighborSource>(
        &mut self,
        to: Reg,
        from: Reg,
        region: u16,
        reach: &Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let Cell::Column(column) = *self.cell(from) else { return Err(Stuck) };
        let here = self.region_mask(u32::from(region), reach.source);
        let mask = self.columns.both(column.mask, here);
        self.put_column(to, Column { data: column.data, mask });
        Ok(())
    }

    /// Reads what may be a field, at a path without a slot.
    pub(super) fn read<S: NeighborSource>(
        &mut self,
        to: Reg,
        from: Reg,
        path: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let cell = match self.cell(from) {
            Cell::Value(value) => Cell::Value(value.clone()),
            Cell::Column(column) => {
                let column = *column;
                let path = *reach.code.paths.get(usize::from(path)).ok_or(Stuck)?;
                let Reach { bridge, effects, source, .. } = reach;
                let nowhere = crate::vm::code::Place { path, depth: 0 };
                bridge.at(nowhere, effects, |round| round.export_at(path))?;
                let reads = self.columns.mask_of(|lane| source.cell(lane, path.hash).is_some());
                let mask = self.columns.both(column.mask, reads);
                Cell::Column(Column { data: column.data, mask })
            }
        };
        self.put(to, cell);
        Ok(())
    }

    pub(super) fn sense<S: NeighborSource>(
        &mut self,
        sensor: Sensor,
        to: Reg,
        slot: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let column = match sensor {
            Sensor::Lag | Sensor::Delay => {
                let mask = self.region_mask(u32::from(slot), reach.source);
                let start = self.columns.new_numbers();
                let (own_lane, lanes) = self.columns.lanes_mut(start).ok_or(Stuck)?;
                for (lane, out) in lanes.iter_mut().enumerate() {
                    *out = if sensor == Sensor::Lag {
                        reach.source.lag(lane)
                    } else {
                        reach.source.delay(lane)
                    };
                }
                *own_lane = reach.input.delta;
                Column { data: Data::Numbers(start as u32), mask }
            }
            Sensor::Range | Sensor::Vector => self.sense_position(sensor, slot, reach)?,
        };
        self.put_column(to, column);
        Ok(())
    }

    /// Everyone shares where it is; the receiver computes.
    fn sense_position<S: NeighborSource>(
        &mut self,
        sensor: Sensor,
        slot: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<Column, Stuck> {
        let own = reach.input.position.ok_or(Stuck)?;
        self.export_place(slot, own, reach)?;
        let slot = *reach.code.slots.get(usize::from(slot)).ok_or(Stuck)?;
        let mask = self.region_mask(slot.region, reach.source);
        if sensor == Sensor::Range {
            let start = self.columns.new_numbers();
            let (own_lane, lanes) = self.columns.lanes_mut(start).ok_or(Stuck)?;
            if reach.source.distances(slot.carried, own, lanes) {
                *own_lane = 0.0;
                return Ok(Column { data: Data::Numbers(start as u32), mask });
            }
            self.columns.drop_numbers(start);
        }
        let mut differences = [Data::Same(0); SPLIT_LEN];
        let differences = differences.get_mut(..own.len()).ok_or(Stuck)?;
        for (axis, (difference, own_at)) in differences.iter_mut().zip(own).enumerate() {
            let start = self.columns.new_numbers();
            let (own_lane, lanes) = self.columns.lanes_mut(start).ok_or(Stuck)?;
            *own_lane = 0.0;
            // Places of other dimensions, or that are no places, are for the reference evaluator.
            if !reach.source.element_numbers(slot.carried, axis, own.len(), lanes) {
                return Err(Stuck);
            }
            lanes.iter_mut().for_each(|x| *x -= own_at);
            *difference = Data::Numbers(start as u32);
        }
        if sensor == Sensor::Vector {
            let data = self.columns.tuple(differences.iter().copied());
            return Ok(Column { data, mask });
        }
        let mut sum: Option<Data> = None;
        for difference in differences.iter() {
            let Some(x) = self.columns.numeric(*difference) else { return Err(Stuck) };
            let square = self.columns.map_numbers(x, x, |a, b| a * b);
            sum = Some(match (sum.and_then(|sum| self.columns.numeric(sum)), square) {
                (Some(before), square) => {
                    let square = self.columns.numeric(square).ok_or(Stuck)?;
                    self.columns.map_numbers(before, square, |a, b| a + b)
                }
                (None, square) => square,
            });
        }
        let sum = sum.and_then(|sum| self.columns.numeric(sum)).ok_or(Stuck)?;
        let data = self.columns.map_numbers(sum, Numeric::Same(0.0), |x, _| x.sqrt());
        Ok(Column { data, mask })
    }
}
