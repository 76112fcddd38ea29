//! Values on the wire, in blocks of one kind.
//!
//! A sequence of values is a sequence of blocks: a byte with the kind (high half) and how many
//! follow less one (low half), then so many contents. Neighbouring values of one kind share a
//! block, up to sixteen; so each sequence has one form.
//!
//! | kind | | content of each |
//! |---|---|---|
//! | 0 | what needs no content; the low half says what | 0 Unit, 1 false, 2 true, 3 environment, 4 empty Option |
//! | 1 | number, whole and within ±2^48 | zigzag varint |
//! | 2 | number that a float of 4 bytes holds, infinities and NaN among them | 4 bytes |
//! | 3 | any other number | 8 bytes |
//! | 4 | integer | zigzag varint |
//! | 5 | text | varint length, UTF-8 |
//! | 6 | tuple | varint count, sequence |
//! | 7 | device id | id |
//! | 8 | device handle | id |
//! | 9 | full Option | sequence of one |
//! | 10 | function | unit and identity, 8 bytes each; text name; 0 and count of arguments, 1, or 2 and least and most |
//! | 11 | map | varint count, sequence of key, value, key, value … |
//! | 12 | set | varint count, sequence |
//! | 13 | list | varint count, sequence |
//! | 14 | field, only as a whole cell | varint count of neighbours, their ids ascending, sequence of their values and the local one |
//!
//! Every value takes a byte or more besides the one of its block, or is alone in it: so a frame
//! holds no more values than bytes.

use super::DecodeError;
use super::bytes::{Reader, write_id, write_text, write_varint, zigzag};
use fieldrun_lang::{Arity, Field, Function, List, MAX_NESTING, NodeId, Value};
use std::sync::Arc;

const PLAIN: u8 = 0;
const WHOLE: u8 = 1;
const SINGLE: u8 = 2;
const DOUBLE: u8 = 3;
const INT: u8 = 4;
const TEXT: u8 = 5;
const TUPLE: u8 = 6;
const UID: u8 = 7;
const DEVICE: u8 = 8;
const SOME: u8 = 9;
const FUNCTION: u8 = 10;
const MAP: u8 = 11;
const SET: u8 = 12;
const LIST: u8 = 13;
const FIELD: u8 = 14;

/// Most values in a block.
const LONGEST: u8 = 16;

/// Whole numbers below this need no more than seven bytes as varint.
const LARGEST_WHOLE: f64 = (1_u64 << 48) as f64;

/// The one form of a number: its kind follows from its value.
enum Form {
    Whole(i64),
    Single(f32),
    Double(f64),
}

fn form(x: f64) -> Form {
    if x.is_nan() {
        return Form::Single(f32::NAN);
    }
    let (whole, single) = (x as i64, x as f32);
    if x.abs() < LARGEST_WHOLE && (whole as f64).to_bits() == x.to_bits() {
        Form::Whole(whole)
    } else if f64::from(single).to_bits() == x.to_bits() {
        Form::Single(single)
    } else {
        Form::Double(x)
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null | Value::Unit | Value::Bool(_) | Value::Environment | Value::Option(None) => {
            PLAIN
        }
        Value::Number(x) => match form(*x) {
            Form::Whole(_) => WHOLE,
            Form::Single(_) => SINGLE,
            Form::Double(_) => DOUBLE,
        },
        Value::Int(_) => INT,
        Value::Text(_) => TEXT,
        Value::Tuple(_) => TUPLE,
        Value::Uid(_) => UID,
        Value::Device(_) => DEVICE,
        Value::Option(Some(_)) => SOME,
        Value::Function(_) => FUNCTION,
        Value::Map(_) => MAP,
        Value::Set(_) => SET,
        Value::List(_) => LIST,
        Value::Field(_) => FIELD,
    }
}

/// Writes a sequence; values are nested at most [`MAX_NESTING`] deep, so this may recurse.
pub(crate) fn write_sequence<'v>(out: &mut Vec<u8>, values: impl Iterator<Item = &'v Value>) {
    // Where the byte of the present block is, its kind and how many it has.
    let mut block = (0, PLAIN, 0);
    for value in values {
        let kind = kind(value);
        if kind == PLAIN {
            out.push(plain(value));
            block.1 = PLAIN;
            continue;
        }
        let (at, current, count) = block;
        match out.get_mut(at) {
            Some(byte) if kind == current && count < LONGEST => {
                *byte += 1;
                block.2 += 1;
            }
            _ => {
                block = (out.len(), kind, 1);
                out.push(kind << 4);
            }
        }
        write_content(out, value);
    }
}

fn plain(value: &Value) -> u8 {
    match value {
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Environment => 3,
        Value::Option(None) => 4,
        _ => 0,
    }
}

fn write_items(out: &mut Vec<u8>, items: &[Value]) {
    write_varint(out, items.len() as u64);
    write_sequence(out, items.iter());
}

fn write_content(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Number(x) => match form(*x) {
            Form::Whole(whole) => write_varint(out, zigzag(whole)),
            Form::Single(x) => out.extend_from_slice(&x.to_le_bytes()),
            Form::Double(x) => out.extend_from_slice(&x.to_le_bytes()),
        },
        Value::Int(i) => write_varint(out, zigzag(*i)),
        Value::Text(text) => write_text(out, text),
        Value::Tuple(items) => write_items(out, items),
        Value::Uid(id) | Value::Device(id) => write_id(out, id),
        Value::Option(inner) => write_sequence(out, inner.iter().map(AsRef::as_ref)),
        Value::Function(function) => write_function(out, function),
        Value::Map(entries) => {
            write_varint(out, entries.len() as u64);
            write_sequence(out, entries.iter().flat_map(|(k, v)| [k, v]));
        }
        Value::Set(items) => write_items(out, items),
        Value::List(list) => write_items(out, &list.snapshot()),
        Value::Field(field) => {
            let neighbors = field.neighbors();
            write_varint(out, neighbors.len() as u64);
            neighbors.iter().for_each(|(id, _)| write_id(out, id));
            let values = neighbors.iter().map(|(_, value)| value);
            write_sequence(out, values.chain([field.local()]));
        }
        Value::Null | Value::Unit | Value::Bool(_) | Value::Environment => {}
    }
}

fn write_function(out: &mut Vec<u8>, function: &Function) {
    out.extend_from_slice(&function.unit().to_le_bytes());
    out.extend_from_slice(&function.identity().to_le_bytes());
    write_text(out, function.name());
    match function.arity() {
        Arity::Exactly(n) => out.extend([0, n]),
        Arity::Short => out.push(1),
        Arity::Between(low, high) => out.extend([2, low, high]),
    }
}

/// What a group of values becomes once it is complete.
enum Group {
    /// The sequence that was asked for.
    Whole,
    Tuple,
    Option,
    Map,
    Set,
    List,
    Field(Vec<NodeId>),
}

/// A group that is being read.
struct Open {
    group: Group,
    missing: usize,
    items: Vec<Value>,
    /// Kind of the present block, how many of it are missing, and whether it is as long as one may
    /// be.
    kind: u8,
    block: usize,
    full: bool,
}

impl Open {
    fn new(group: Group, missing: usize) -> Self {
        let items = Vec::with_capacity(missing);
        Self { group, missing, items, kind: PLAIN, block: 0, full: false }
    }
}

/// Groups that are being read, on a stack of their own and never on the thread's.
struct Sequence<'r, 'a> {
    reader: &'r mut Reader<'a>,
    groups: Vec<Open>,
    /// Values that are missing in all groups together. There are never more than bytes, whatever
    /// the bytes promise.
    promised: usize,
}

/// Reads a sequence of `count` values. Fields may be among them, but not in them.
pub(crate) fn read_sequence(
    reader: &mut Reader<'_>,
    count: usize,
) -> Result<Vec<Value>, DecodeError> {
    if count > reader.left() {
        return Err(reader.damaged("more is promised than the frame has"));
    }
    let groups = vec![Open::new(Group::Whole, count)];
    Sequence { reader, groups, promised: count }.read()
}

impl Sequence<'_, '_> {
    fn read(mut self) -> Result<Vec<Value>, DecodeError> {
        while let Some(group) = self.groups.last_mut() {
            if group.missing > 0 {
                group.missing -= 1;
                self.promised -= 1;
                self.value()?;
                continue;
            }
            let Some(done) = self.groups.pop() else { break };
            match done.group {
                Group::Whole => return Ok(done.items),
                group => self.push(close(group, done.items)),
            }
        }
        Ok(Vec::new())
    }

    fn push(&mut self, value: Value) {
        if let Some(group) = self.groups.last_mut() {
            group.items.push(value);
        }
    }

    /// Reads the next value of the innermost group, or opens the group that it is.
    fn value(&mut self) -> Result<(), DecodeError> {
        let Some(kind) = self.kind()? else { return Ok(()) };
        let reader = &mut *self.reader;
        let value = match kind {
            WHOLE => Value::Number(self.whole()?),
            SINGLE => Value::Number(self.single()?),
            DOUBLE => Value::Number(self.double()?),
            INT => Value::Int(reader.signed()?),
            TEXT => Value::text(reader.text()?),
            UID => Value::Uid(reader.id()?),
            DEVICE => Value::Device(reader.id()?),
            FUNCTION => function(reader)?,
            SOME => return self.open(Group::Option, Some(1)),
            TUPLE => return self.open(Group::Tuple, None),
            MAP => return self.open(Group::Map, None),
            SET => return self.open(Group::Set, None),
            LIST => return self.open(Group::List, None),
            FIELD if self.groups.len() == 1 => return self.field(),
            FIELD => return Err(reader.damaged("a field within a value")),
            _ => return Err(reader.damaged("unknown kind of value")),
        };
        self.push(value);
        Ok(())
    }

    /// The kind of the next value; nothing if the value is read with it.
    fn kind(&mut self) -> Result<Option<u8>, DecodeError> {
        let Some(group) = self.groups.last_mut() else { return Ok(None) };
        if group.block > 0 {
            group.block -= 1;
            return Ok(Some(group.kind));
        }
        let byte = self.reader.byte()?;
        let (kind, more) = (byte >> 4, byte & 15);
        if kind == PLAIN {
            group.kind = PLAIN;
            group.items.push(match more {
                0 => Value::Unit,
                1 => Value::Bool(false),
                2 => Value::Bool(true),
                3 => Value::Environment,
                4 => Value::Option(None),
                _ => return Err(self.reader.damaged("unknown kind of value")),
            });
            return Ok(None);
        }
        if kind == group.kind && !group.full {
            return Err(self.reader.damaged("two blocks that should be one"));
        }
        (group.kind, group.block, group.full) = (kind, usize::from(more), more + 1 == LONGEST);
        if group.block > group.missing {
            return Err(self.reader.damaged("a block is longer than what it is in"));
        }
        Ok(Some(kind))
    }

    fn open(&mut self, group: Group, count: Option<usize>) -> Result<(), DecodeError> {
        let count = match count {
            Some(count) => count,
            None => self.reader.count(1)?,
        };
        let count = if matches!(group, Group::Map) { count.saturating_mul(2) } else { count };
        self.begin(group, count)
    }

    /// Opens a group if the bytes can hold it besides all that is promised already.
    fn begin(&mut self, group: Group, count: usize) -> Result<(), DecodeError> {
        // Neither the sequence itself counts for a level nor a field.
        let within = |group: &Open| !matches!(group.group, Group::Whole | Group::Field(_));
        let levels = self.groups.len().saturating_sub(2)
            + usize::from(self.groups.get(1).is_some_and(within));
        if levels >= MAX_NESTING {
            return Err(self.reader.damaged("values are nested too deeply"));
        }
        self.promised = self.promised.saturating_add(count);
        if self.promised > self.reader.left() {
            return Err(self.reader.damaged("more is promised than the frame has"));
        }
        self.groups.push(Open::new(group, count));
        Ok(())
    }

    fn field(&mut self) -> Result<(), DecodeError> {
        let count = self.reader.count(2)?;
        let mut ids: Vec<NodeId> = Vec::with_capacity(count);
        for _ in 0..count {
            let id = self.reader.id()?;
            if ids.last().is_some_and(|last| *last >= id) {
                return Err(self.reader.damaged("the ids of a field must ascend"));
            }
            ids.push(id);
        }
        self.begin(Group::Field(ids), count + 1)
    }

    fn whole(&mut self) -> Result<f64, DecodeError> {
        let x = self.reader.signed()? as f64;
        if x.abs() < LARGEST_WHOLE { Ok(x) } else { Err(self.longer()) }
    }

    fn single(&mut self) -> Result<f64, DecodeError> {
        let x = f32::from_le_bytes(self.reader.array()?);
        match form(f64::from(x)) {
            Form::Single(canonical) if canonical.to_bits() == x.to_bits() => Ok(f64::from(x)),
            _ => Err(self.longer()),
        }
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        let x = f64::from_le_bytes(self.reader.array()?);
        match form(x) {
            Form::Double(x) => Ok(x),
            _ => Err(self.longer()),
        }
    }

    fn longer(&self) -> DecodeError {
        self.reader.damaged("a number is not in its one form")
    }
}

fn function(reader: &mut Reader<'_>) -> Result<Value, DecodeError> {
    let (unit, identity) = (reader.array()?, reader.array()?);
    let name = reader.text()?;
    let arity = match reader.byte()? {
        0 => Arity::Exactly(reader.byte()?),
        1 => Arity::Short,
        2 => Arity::Between(reader.byte()?, reader.byte()?),
        _ => return Err(reader.damaged("unknown number of parameters")),
    };
    let unit = u64::from_le_bytes(unit);
    let function = Function::received(unit, u64::from_le_bytes(identity), name, arity);
    // Natives belong to no unit.
    if function.unit() != unit {
        return Err(reader.damaged("a native function with a unit"));
    }
    Ok(Value::Function(Arc::new(function)))
}

fn close(group: Group, items: Vec<Value>) -> Value {
    match group {
        Group::Whole | Group::Tuple => Value::tuple(items),
        Group::Option => Value::Option(items.into_iter().next().map(Arc::new)),
        Group::Set => Value::Set(Arc::new(items)),
        Group::List => Value::List(List::new(items)),
        Group::Map => {
            let mut entries = Vec::with_capacity(items.len() / 2);
            let mut items = items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                entries.push((key, value));
            }
            Value::Map(Arc::new(entries))
        }
        Group::Field(ids) => {
            let mut items = items;
            let local = items.pop().unwrap_or_default();
            Value::Field(Arc::new(Field::new(local, ids.into_iter().zip(items).collect())))
        }
    }
}
