//! A device as bytes, and back: what checkpoints of simulations are made of.
//!
//! What many devices hold together, such as the last exports of a device, is written once: into a
//! [`Pool`] that all of them share.

use crate::absent::Absent;
use crate::bases::Sent;
use crate::device::Device;
use crate::host_values;
use crate::inbox::Inbox;
use crate::wire::{
    self, DecodeError, Reader, read_sequence, read_whole, write_sequence, write_text, write_varint,
};
use fieldrun_lang::{Environment, Exports, Layout, Memory, Micros, Program, Value};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// A value that cannot be saved.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a value of the kind {kind} cannot be saved: {why}")]
pub struct Unsaved {
    kind: &'static str,
    why: String,
}

/// Whether a value can be read again as it is written.
fn has_form(value: &Value) -> Result<(), Unsaved> {
    // What holds nothing can be nothing else.
    if matches!(value, Value::Number(_) | Value::Bool(_) | Value::Int(_)) {
        return Ok(());
    }
    let mut bytes = Vec::new();
    write_sequence(&mut bytes, std::iter::once(value));
    let mut reader = Reader::new(&bytes);
    let read = read_sequence(&mut reader, 1).and_then(|_| reader.finish());
    read.map_err(|error| Unsaved { kind: value.kind(), why: error.to_string() })
}

/// Values, some of which are missing, as bytes.
///
/// # Errors
/// One of them has no form in bytes.
pub fn save_values(values: &[Option<Value>]) -> Result<Vec<u8>, Unsaved> {
    values.iter().flatten().try_for_each(has_form)?;
    let mut out = Vec::new();
    write_varint(&mut out, values.len() as u64);
    out.extend(values.iter().map(|value| u8::from(value.is_some())));
    write_sequence(&mut out, values.iter().flatten());
    Ok(out)
}

/// Reads what [`save_values`] wrote.
///
/// # Errors
/// The bytes are damaged.
pub fn restore_values(bytes: &[u8]) -> Result<Vec<Option<Value>>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(1)?;
    let there = reader.take(count)?;
    let present = there.iter().filter(|there| **there == 1).count();
    let mut values = read_sequence(&mut reader, present)?.into_iter();
    reader.finish()?;
    Ok(there.iter().map(|there| if *there == 1 { values.next() } else { None }).collect())
}

/// Exports that devices hold, each written once.
#[derive(Debug, Default)]
pub struct Pool {
    /// By where they lie in memory; only looked up, never walked over.
    known: FxHashMap<usize, u64>,
    /// Keeps them there.
    exports: Vec<Arc<Exports>>,
}

impl Pool {
    /// The number under which exports are restored.
    pub(crate) fn number(&mut self, exports: &Arc<Exports>) -> u64 {
        let Self { known, exports: all } = self;
        *known.entry(Arc::as_ptr(exports).addr()).or_insert_with(|| {
            all.push(exports.clone());
            all.len() as u64 - 1
        })
    }

    /// All of them as bytes.
    pub fn save(&self, program: &Program) -> Vec<u8> {
        let mut out = Vec::new();
        write_varint(&mut out, self.exports.len() as u64);
        for exports in &self.exports {
            let by_path = exports.layout().id() != program.layout().id();
            out.push(u8::from(by_path) << 1 | u8::from(!exports.extra().is_empty()));
            wire::write_whole(&mut out, exports);
        }
        out
    }
}

/// What a [`Pool`] held.
#[derive(Debug)]
pub struct Shared(Vec<Arc<Exports>>);

impl Shared {
    /// Reads what [`Pool::save`] wrote for the same program.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn restore(bytes: &[u8], program: &Program) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(1)?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            let flags = reader.byte()?;
            let layout: Arc<Layout> =
                if flags & 2 == 0 { program.layout().clone() } else { Arc::default() };
            all.push(Arc::new(read_whole(&mut reader, &layout, flags & 1 == 1)?));
        }
        reader.finish()?;
        Ok(Self(all))
    }

    pub(crate) fn get(
        &self,
        number: u64,
        reader: &Reader<'_>,
    ) -> Result<Arc<Exports>, DecodeError> {
        let at = usize::try_from(number).ok().and_then(|number| self.0.get(number));
        at.cloned().ok_or_else(|| reader.damaged("no such exports"))
    }

    pub(crate) fn read(&self, reader: &mut Reader<'_>) -> Result<Arc<Exports>, DecodeError> {
        let number = reader.varint()?;
        self.get(number, reader)
    }
}

/// The parts of a device that its configuration does not give.
pub(crate) struct Parts {
    pub(crate) incarnation: u64,
    pub(crate) status: Vec<u8>,
    pub(crate) inbox: Inbox,
    pub(crate) absent: Absent,
    pub(crate) sent: Sent,
    pub(crate) memory: Memory,
    /// The last reading of each name.
    pub(crate) readings: BTreeMap<String, crate::host::Reading>,
    pub(crate) round: u64,
    pub(crate) last_round: Option<Micros>,
    pub(crate) wake_at: Micros,
    pub(crate) last_tick: Micros,
    pub(crate) credit: u32,
}

/// Named values: how many, their names, then the values.
fn write_named<'a>(
    out: &mut Vec<u8>,
    names: impl ExactSizeIterator<Item = &'a str>,
    values: &[Value],
) {
    write_varint(out, names.len() as u64);
    names.for_each(|name| write_text(out, name));
    write_sequence(out, values.iter());
}

fn read_named<'a>(reader: &mut Reader<'a>) -> Result<Vec<(&'a str, Value)>, DecodeError> {
    let count = reader.count(1)?;
    let names = (0..count).map(|_| reader.text()).collect::<Result<Vec<_>, _>>()?;
    let values = read_sequence(reader, count)?;
    Ok(names.into_iter().zip(values).collect())
}

fn write_memory(out: &mut Vec<u8>, memory: &Memory) {
    let cells = memory.state().cells();
    write_varint(out, cells.len() as u64);
    cells.iter().for_each(|(path, _)| out.extend_from_slice(&path.to_le_bytes()));
    write_sequence(out, cells.iter().map(|(_, value)| *value));
    let texts = memory.state().texts();
    write_varint(out, texts.len() as u64);
    for (path, text) in texts {
        out.extend_from_slice(&path.to_le_bytes());
        write_text(out, text);
    }
    let values: Vec<Value> = memory.environment.values().cloned().collect();
    write_named(out, memory.environment.keys().map(AsRef::as_ref), &values);
    out.extend_from_slice(&memory.random.to_le_bytes());
}

fn read_memory(reader: &mut Reader<'_>, program: &Program) -> Result<Memory, DecodeError> {
    let path = |reader: &mut Reader<'_>| reader.array().map(u64::from_le_bytes);
    let count = reader.count(8)?;
    let paths = (0..count).map(|_| path(reader)).collect::<Result<Vec<_>, _>>()?;
    let kept = paths.into_iter().zip(read_sequence(reader, count)?).collect();
    let mut texts = Vec::new();
    for _ in 0..reader.count(9)? {
        texts.push((path(reader)?, Arc::from(reader.text()?)));
    }
    let named = read_named(reader)?.into_iter();
    let environment: Environment = named.map(|(name, value)| (Arc::from(name), value)).collect();
    let random = u64::from_le_bytes(reader.array()?);
    Memory::restored(program, kept, texts, environment, random)
        .map_err(|_| reader.damaged("an evaluated text that does not load"))
}

impl Parts {
    pub(crate) fn save(&self, pool: &mut Pool) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [self.incarnation, self.round, self.wake_at.0, self.last_tick.0] {
            write_varint(&mut out, number);
        }
        write_varint(&mut out, u64::from(self.credit));
        // Nought for none.
        write_varint(&mut out, self.last_round.map_or(0, |at| at.0.saturating_add(1)));
        write_varint(&mut out, self.status.len() as u64);
        out.extend_from_slice(&self.status);
        self.inbox.save(&mut out, pool);
        self.absent.save(&mut out);
        self.sent.save(&mut out, pool);
        write_memory(&mut out, &self.memory);
        let values: Vec<Value> = self.readings.values().map(host_values::value).collect();
        write_named(&mut out, self.readings.keys().map(String::as_str), &values);
        out
    }

    fn restore(bytes: &[u8], program: &Program, shared: &Shared) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let (incarnation, round) = (reader.varint()?, reader.varint()?);
        let (wake_at, last_tick) = (Micros(reader.varint()?), Micros(reader.varint()?));
        let credit = u32::try_from(reader.varint()?).unwrap_or(u32::MAX);
        let last_round = reader.varint()?.checked_sub(1).map(Micros);
        let status = reader.count(1)?;
        let status = reader.take(status)?.to_vec();
        let inbox = Inbox::restore(&mut reader, shared)?;
        let absent = Absent::restore(&mut reader)?;
        let sent = Sent::restore(&mut reader, shared)?;
        let memory = read_memory(&mut reader, program)?;
        let named = read_named(&mut reader)?.into_iter();
        let readings =
            named.map(|(name, value)| (name.to_owned(), host_values::reading(&value))).collect();
        reader.finish()?;
        Ok(Self {
            incarnation,
            status,
            inbox,
            absent,
            sent,
            memory,
            readings,
            round,
            last_round,
            wake_at,
            last_tick,
            credit,
        })
    }
}

impl Device {
    /// Everything that the device is besides its configuration, as bytes. What it holds together with
    /// others goes into the pool.
    ///
    /// The device must have been polled until there was nothing more.
    ///
    /// # Errors
    /// It keeps a value that has no form in bytes.
    pub fn save(&self, pool: &mut Pool) -> Result<Vec<u8>, Unsaved> {
        let parts = self.clone().into_parts();
        let environment = parts.memory.environment.values();
        let kept = parts.memory.state().cells();
        kept.into_iter().map(|(_, value)| value).chain(environment).try_for_each(has_form)?;
        Ok(parts.save(pool))
    }

    /// Becomes the device that was saved, if it is configured as that was: it goes on as that one would
    /// have, with the same bits.
    ///
    /// # Errors
    /// The bytes are damaged, or of another program; the device is as before.
    pub fn resume(&mut self, bytes: &[u8], shared: &Shared) -> Result<(), DecodeError> {
        let parts = Parts::restore(bytes, self.program(), shared)?;
        self.put_parts(parts);
        Ok(())
    }
}
