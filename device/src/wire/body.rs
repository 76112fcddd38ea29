//! What a round exported, as it travels: whole, or as changes to an earlier round.
//!
//! Both ends run one program, so both know its slots: values travel in slot order, without paths.
//! Only what has no slot (`alignedMap`, recursion, `eval`) needs its paths said, and changes leave
//! them out: they are those of the earlier round.

use super::DecodeError;
use super::bytes::{Bits, Reader, write_bits, write_varint};
use super::value::{read_sequence, write_sequence};
use fieldrun_lang::{Exports, Layout, Value};
use std::sync::Arc;

/// What differs from the exports of an earlier round.
#[derive(Clone, Debug)]
pub struct Changes {
    base: u64,
    /// The layout of both rounds.
    pub(super) layout: Arc<Layout>,
    /// The regions that ran: bit `r` for region `r`.
    regions: Vec<u64>,
    /// How many values have no slot.
    pub(super) extra: usize,
    /// Places and new values of the cells that changed, ascending. Cells are the values in slots of
    /// regions that ran, then those without.
    changed: Vec<(usize, Value)>,
}

impl Changes {
    /// What changed since a round; nothing if the paths of values without slots did, which only
    /// whole exports can say.
    pub(crate) fn between(round: u64, base: &Exports, now: &Exports) -> Option<Self> {
        let layout = now.layout();
        let same_paths = base.follows(layout)
            && base.extra().len() == now.extra().len()
            && base.extra().iter().zip(now.extra()).all(|(a, b)| a.0 == b.0);
        if !same_paths {
            return None;
        }
        let null = &Value::Null;
        let at = |exports: &'_ [Value], slot: usize| exports.get(slot).map_or(null, |v| v).clone();
        let slots = carried(layout, now.regions())
            .map(|slot| (at(base.values(), slot), at(now.values(), slot)));
        let extra = base.extra().iter().zip(now.extra()).map(|(a, b)| (a.1.clone(), b.1.clone()));
        let mut same = Identity::default();
        let cells = slots.chain(extra).enumerate();
        let changed = cells.filter(|(_, (old, new))| !same.of(old, new));
        Some(Self {
            base: round,
            layout: layout.clone(),
            regions: now.regions().to_vec(),
            extra: now.extra().len(),
            changed: changed.map(|(place, (_, new))| (place, new)).collect(),
        })
    }

    /// The round that they change, of the same incarnation.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// What these changes make of the exports of that round; nothing if they do not fit.
    pub fn apply(&self, base: &Exports) -> Option<Exports> {
        if !base.follows(&self.layout) || base.extra().len() != self.extra {
            return None;
        }
        let mut changed = self.changed.iter().peekable();
        let mut places = 0..;
        let mut cell = |old: &Value| {
            let place = places.next();
            match changed.next_if(|(at, _)| Some(*at) == place) {
                Some((_, new)) => new.clone(),
                None => old.clone(),
            }
        };
        let mut values = vec![Value::Null; self.layout.carried()];
        for slot in carried(&self.layout, &self.regions) {
            *values.get_mut(slot)? = cell(base.values().get(slot)?);
        }
        let extra = base.extra().iter().map(|(path, old)| (*path, cell(old))).collect();
        Exports::from_parts(base.layout(), self.regions.clone(), values, extra)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, round: u64) {
        write_varint(out, round.saturating_sub(self.base));
        write_regions(out, &self.layout, &self.regions);
        if self.extra > 0 {
            write_varint(out, self.extra as u64);
        }
        let mut changed = self.changed.iter().map(|(place, _)| *place).peekable();
        let cells = carried(&self.layout, &self.regions).count() + self.extra;
        write_bits(out, (0..cells).map(|cell| changed.next_if_eq(&cell).is_some()));
        write_sequence(out, self.changed.iter().map(|(_, value)| value));
    }

    pub(super) fn read(
        reader: &mut Reader<'_>,
        round: u64,
        layout: Arc<Layout>,
        has_extra: bool,
    ) -> Result<Self, DecodeError> {
        let back = reader.varint()?;
        let base = round.checked_sub(back).filter(|_| back > 0);
        let base = base.ok_or_else(|| reader.damaged("changes to a round that was not before"))?;
        let regions = read_regions(reader, &layout)?;
        let extra = if has_extra { reader.varint()? } else { 0 };
        let extra = usize::try_from(extra).unwrap_or(usize::MAX);
        if extra / 8 > reader.left() || has_extra != (extra > 0) {
            return Err(reader.damaged("a wrong number of values"));
        }
        let mut bits = Bits::default();
        let mut places = Vec::new();
        for place in 0..carried(&layout, &regions).count() + extra {
            if bits.next(reader)? {
                places.push(place);
            }
        }
        bits.finish(reader)?;
        let values = read_sequence(reader, places.len())?;
        Ok(Self { base, layout, regions, extra, changed: places.into_iter().zip(values).collect() })
    }
}

/// Two values are the same if they travel as the same bytes.
#[derive(Default)]
struct Identity {
    bytes: [Vec<u8>; 2],
}

impl Identity {
    fn of(&mut self, a: &Value, b: &Value) -> bool {
        for (bytes, value) in self.bytes.iter_mut().zip([a, b]) {
            bytes.clear();
            write_sequence(bytes, std::iter::once(value));
        }
        // What did not run last time is new, even where it is Unit.
        let [a_bytes, b_bytes] = &self.bytes;
        a_bytes == b_bytes && matches!(a, Value::Null) == matches!(b, Value::Null)
    }
}

/// Writes exports as a whole.
pub(crate) fn write_whole(out: &mut Vec<u8>, exports: &Exports) {
    write_regions(out, exports.layout(), exports.regions());
    if !exports.extra().is_empty() {
        write_varint(out, exports.extra().len() as u64);
        exports.extra().iter().for_each(|(path, _)| out.extend_from_slice(&path.to_le_bytes()));
    }
    let slots = carried(exports.layout(), exports.regions());
    let slots = slots.filter_map(|slot| exports.values().get(slot));
    write_sequence(out, slots.chain(exports.extra().iter().map(|(_, value)| value)));
}

/// Reads exports as a whole.
pub(crate) fn read_whole(
    reader: &mut Reader<'_>,
    layout: &Arc<Layout>,
    has_extra: bool,
) -> Result<Exports, DecodeError> {
    let regions = read_regions(reader, layout)?;
    let paths = if has_extra { read_paths(reader)? } else { Vec::new() };
    let slots = carried(layout, &regions).count();
    let mut sequence = read_sequence(reader, slots + paths.len())?.into_iter();
    let mut values = vec![Value::Null; layout.carried()];
    for slot in carried(layout, &regions) {
        if let (Some(to), Some(value)) = (values.get_mut(slot), sequence.next()) {
            *to = value;
        }
    }
    let extra = paths.into_iter().zip(sequence).collect();
    Exports::from_parts(layout, regions, values, extra)
        .ok_or_else(|| reader.damaged("the values contradict the program"))
}

fn read_paths(reader: &mut Reader<'_>) -> Result<Vec<u64>, DecodeError> {
    let count = reader.count(8)?;
    let mut paths = Vec::with_capacity(count);
    for _ in 0..count {
        let path = u64::from_le_bytes(reader.array()?);
        if paths.last().is_some_and(|last| *last >= path) {
            return Err(reader.damaged("paths must ascend"));
        }
        paths.push(path);
    }
    if paths.is_empty() {
        return Err(reader.damaged("a wrong number of values"));
    }
    Ok(paths)
}

fn ran(regions: &[u64], region: u32) -> bool {
    regions.get(region as usize / 64).is_some_and(|word| word >> (region % 64) & 1 == 1)
}

/// The slots that hold a value if these regions ran, ascending.
fn carried(layout: &Layout, regions: &[u64]) -> impl Iterator<Item = usize> {
    let slots = layout.exports().iter();
    slots.filter(|slot| ran(regions, slot.region)).filter_map(|slot| Some(slot.carried? as usize))
}

/// A bit for each region but the first, which is the whole program; none for regions within one
/// that did not run. A region comes after the one around it.
fn write_regions(out: &mut Vec<u8>, layout: &Layout, regions: &[u64]) {
    let inner = (0_u32..).zip(layout.regions()).skip(1);
    let possible = inner.filter(|(_, region)| ran(regions, region.parent));
    write_bits(out, possible.map(|(index, _)| ran(regions, index)));
}

fn read_regions(reader: &mut Reader<'_>, layout: &Layout) -> Result<Vec<u64>, DecodeError> {
    let mut regions = vec![0; layout.regions().len().div_ceil(64)];
    let mut bits = Bits::default();
    for (index, region) in (0_u32..).zip(layout.regions()) {
        let here = index == 0 || ran(&regions, region.parent) && bits.next(reader)?;
        if let Some(word) = regions.get_mut(index as usize / 64) {
            *word |= u64::from(here) << (index % 64);
        }
    }
    bits.finish(reader)?;
    Ok(regions)
}
