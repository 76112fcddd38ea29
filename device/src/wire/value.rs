//! Values on the wire. What MessagePack has no token for is a map of one entry:
//!
//! | tag | content |
//! |---|---|
//! | 1 | a device id: int or str |
//! | 2 | a device handle: int or str |
//! | 3 | an Option: an array of no or one value |
//! | 4 | a function: array of unit, identity, name, arity kind (0 exactly, 1 short, 2 between), low, high |
//! | 5 | a map: array of key, value, key, value … |
//! | 6 | a set: array of values |
//! | 7 | a list: array of values |
//! | 8 | a field, only as a whole cell: array of the local value, then id, value, id, value … |
//! | 9 | the environment handle: nil |

use super::DecodeError;
use fieldrun_lang::{Arity, Field, Function, List, MAX_NESTING, NodeId, Value};
use rmp::Marker;
use rmp::encode::ValueWriteError;
use std::sync::Arc;

const UID: u64 = 1;
const DEVICE: u64 = 2;
const OPTION: u64 = 3;
const FUNCTION: u64 = 4;
const MAP: u64 = 5;
const SET: u64 = 6;
const LIST: u64 = 7;
const FIELD: u64 = 8;
const ENVIRONMENT: u64 = 9;

/// Writing to a `Vec` cannot fail.
fn written<T>(result: Result<T, ValueWriteError>) {
    debug_assert!(result.is_ok());
}

pub(super) fn write_uint(out: &mut Vec<u8>, number: u64) {
    written(rmp::encode::write_uint(out, number));
}

pub(super) fn write_array_len(out: &mut Vec<u8>, len: usize) {
    written(rmp::encode::write_array_len(out, u32::try_from(len).unwrap_or(u32::MAX)));
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    written(rmp::encode::write_str(out, text));
}

fn write_tag(out: &mut Vec<u8>, tag: u64) {
    written(rmp::encode::write_map_len(out, 1));
    write_uint(out, tag);
}

pub(super) fn write_id(out: &mut Vec<u8>, id: &NodeId) {
    match id {
        NodeId::Int(id) => written(rmp::encode::write_sint(out, *id)),
        NodeId::Text(id) => write_text(out, id),
    }
}

fn write_all<'v>(out: &mut Vec<u8>, len: usize, values: impl Iterator<Item = &'v Value>) {
    write_array_len(out, len);
    values.for_each(|value| write_value(out, value));
}

/// Writes a value; values are nested at most [`MAX_NESTING`] deep, so this may recurse.
pub(super) fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null | Value::Unit => out.push(Marker::Null.to_u8()),
        Value::Bool(b) => out.push(if *b { Marker::True } else { Marker::False }.to_u8()),
        // One pattern for all NaNs.
        Value::Number(x) => {
            written(rmp::encode::write_f64(out, if x.is_nan() { f64::NAN } else { *x }))
        }
        Value::Int(i) => written(rmp::encode::write_sint(out, *i)),
        Value::Text(text) => write_text(out, text),
        Value::Tuple(items) => write_all(out, items.len(), items.iter()),
        Value::Uid(id) => {
            write_tag(out, UID);
            write_id(out, id);
        }
        Value::Device(id) => {
            write_tag(out, DEVICE);
            write_id(out, id);
        }
        Value::Option(inner) => {
            write_tag(out, OPTION);
            write_all(out, usize::from(inner.is_some()), inner.iter().map(AsRef::as_ref));
        }
        Value::Function(function) => write_function(out, function),
        Value::Map(entries) => {
            write_tag(out, MAP);
            write_all(out, 2 * entries.len(), entries.iter().flat_map(|(k, v)| [k, v]));
        }
        Value::Set(items) => {
            write_tag(out, SET);
            write_all(out, items.len(), items.iter());
        }
        Value::List(list) => {
            let items = list.snapshot();
            write_tag(out, LIST);
            write_all(out, items.len(), items.iter());
        }
        Value::Field(field) => write_field(out, field),
        Value::Environment => {
            write_tag(out, ENVIRONMENT);
            out.push(Marker::Null.to_u8());
        }
    }
}

fn write_function(out: &mut Vec<u8>, function: &Function) {
    let (kind, low, high) = match function.arity() {
        Arity::Exactly(n) => (0, n, n),
        Arity::Short => (1, 0, 1),
        Arity::Between(low, high) => (2, low, high),
    };
    write_tag(out, FUNCTION);
    write_array_len(out, 6);
    write_uint(out, function.unit());
    write_uint(out, function.identity());
    write_text(out, function.name());
    for number in [kind, low, high] {
        write_uint(out, u64::from(number));
    }
}

fn write_field(out: &mut Vec<u8>, field: &Field) {
    write_tag(out, FIELD);
    write_array_len(out, 1 + 2 * field.neighbors().len());
    write_value(out, field.local());
    for (id, value) in field.neighbors() {
        write_id(out, id);
        write_value(out, value);
    }
}

/// What a group of values becomes once it is complete.
enum Group {
    Tuple,
    Option,
    Map,
    Set,
    List,
}

/// A group that is being read.
struct Open {
    group: Group,
    missing: usize,
    items: Vec<Value>,
}

/// What one token gave.
enum Step {
    Value(Value),
    Open(Group, usize),
}

/// Reads tokens from bytes. Groups are kept on a stack of its own, never on the thread's.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn damaged(&self, what: &'static str) -> DecodeError {
        DecodeError::Damaged { at: self.at, what }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or_else(|| self.damaged("the bytes end here"))?;
        self.at += len;
        Ok(part)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, DecodeError> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn marker(&mut self) -> Result<Marker, DecodeError> {
        self.number(1).map(|byte| Marker::from_u8(byte as u8))
    }

    fn peek(&self) -> Option<Marker> {
        self.bytes.get(self.at).map(|byte| Marker::from_u8(*byte))
    }

    pub(super) fn finish(&self) -> Result<(), DecodeError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.damaged("more bytes than a frame"))
        }
    }

    pub(super) fn uint(&mut self) -> Result<u64, DecodeError> {
        match self.marker()? {
            Marker::FixPos(n) => Ok(u64::from(n)),
            Marker::U8 => self.number(1),
            Marker::U16 => self.number(2),
            Marker::U32 => self.number(4),
            Marker::U64 => self.number(8),
            _ => Err(self.damaged("expected a whole number")),
        }
    }

    fn small(&mut self) -> Result<u8, DecodeError> {
        let number = self.uint()?;
        u8::try_from(number).map_err(|_| self.damaged("the number is too large here"))
    }

    /// An integer whose marker was read.
    fn int(&mut self, marker: Marker) -> Result<i64, DecodeError> {
        Ok(match marker {
            Marker::FixPos(n) => i64::from(n),
            Marker::FixNeg(n) => i64::from(n),
            Marker::U8 => self.number(1)? as i64,
            Marker::U16 => self.number(2)? as i64,
            Marker::U32 => self.number(4)? as i64,
            Marker::U64 => {
                let number = self.number(8)?;
                i64::try_from(number).map_err(|_| self.damaged("the number is too large"))?
            }
            Marker::I8 => i64::from(self.number(1)? as i8),
            Marker::I16 => i64::from(self.number(2)? as i16),
            Marker::I32 => i64::from(self.number(4)? as i32),
            Marker::I64 => self.number(8)? as i64,
            _ => return Err(self.damaged("expected a whole number")),
        })
    }

    /// A text whose marker was read.
    fn text(&mut self, marker: Marker) -> Result<&'a str, DecodeError> {
        let len = match marker {
            Marker::FixStr(len) => u64::from(len),
            Marker::Str8 => self.number(1)?,
            Marker::Str16 => self.number(2)?,
            Marker::Str32 => self.number(4)?,
            _ => return Err(self.damaged("expected a text")),
        };
        let bytes = self.take(usize::try_from(len).unwrap_or(usize::MAX))?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("the text is not UTF-8"))
    }

    pub(super) fn id(&mut self) -> Result<NodeId, DecodeError> {
        let marker = self.marker()?;
        if matches!(marker, Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32) {
            return self.text(marker).map(NodeId::text);
        }
        self.int(marker).map(NodeId::Int)
    }

    /// A length whose items take at least one byte each, so that it cannot promise what the bytes
    /// do not have.
    fn length(&mut self, marker: Marker) -> Result<usize, DecodeError> {
        let len = match marker {
            Marker::FixArray(len) => u64::from(len),
            Marker::Array16 => self.number(2)?,
            Marker::Array32 => self.number(4)?,
            _ => return Err(self.damaged("expected an array")),
        };
        let rest = self.bytes.len() - self.at;
        usize::try_from(len)
            .ok()
            .filter(|len| *len <= rest)
            .ok_or_else(|| self.damaged("the array is longer than the frame"))
    }

    pub(super) fn array_len(&mut self) -> Result<usize, DecodeError> {
        let marker = self.marker()?;
        self.length(marker)
    }

    /// The value of a cell: any value, or a field as a whole.
    pub(super) fn cell(&mut self) -> Result<Value, DecodeError> {
        let tagged_field = self.peek() == Some(Marker::FixMap(1))
            && self.bytes.get(self.at + 1).copied() == Some(FIELD as u8);
        if !tagged_field {
            return self.value();
        }
        self.at += 2;
        let len = self.array_len()?;
        if len % 2 != 1 {
            return Err(self.damaged("a field has a local value and pairs"));
        }
        let local = self.value()?;
        let mut neighbors: Vec<(NodeId, Value)> = Vec::new();
        for _ in 0..len / 2 {
            let id = self.id()?;
            if neighbors.last().is_some_and(|(last, _)| *last >= id) {
                return Err(self.damaged("the ids of a field must ascend"));
            }
            neighbors.push((id, self.value()?));
        }
        Ok(Value::Field(Arc::new(Field::new(local, neighbors))))
    }

    fn value(&mut self) -> Result<Value, DecodeError> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            let mut done = match self.step()? {
                Step::Value(value) => value,
                Step::Open(group, 0) => close(group, Vec::new()),
                Step::Open(group, missing) => {
                    if stack.len() >= MAX_NESTING {
                        return Err(self.damaged("values are nested too deeply"));
                    }
                    stack.push(Open { group, missing, items: Vec::new() });
                    continue;
                }
            };
            loop {
                let Some(mut open) = stack.pop() else { return Ok(done) };
                open.items.push(done);
                open.missing -= 1;
                if open.missing > 0 {
                    stack.push(open);
                    break;
                }
                done = close(open.group, open.items);
            }
        }
    }

    fn step(&mut self) -> Result<Step, DecodeError> {
        let marker = self.marker()?;
        Ok(Step::Value(match marker {
            Marker::Null => Value::Unit,
            Marker::True => Value::Bool(true),
            Marker::False => Value::Bool(false),
            Marker::F64 => Value::Number(f64::from_bits(self.number(8)?)),
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                Value::text(self.text(marker)?)
            }
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                return Ok(Step::Open(Group::Tuple, self.length(marker)?));
            }
            Marker::FixMap(1) => return self.tagged(),
            _ => Value::Int(self.int(marker)?),
        }))
    }

    fn tagged(&mut self) -> Result<Step, DecodeError> {
        let tag = self.uint()?;
        let group = match tag {
            UID => return Ok(Step::Value(Value::Uid(self.id()?))),
            DEVICE => return Ok(Step::Value(Value::Device(self.id()?))),
            FUNCTION => return self.function().map(Step::Value),
            ENVIRONMENT if self.marker()? == Marker::Null => {
                return Ok(Step::Value(Value::Environment));
            }
            OPTION => Group::Option,
            MAP => Group::Map,
            SET => Group::Set,
            LIST => Group::List,
            _ => return Err(self.damaged("unknown kind of value")),
        };
        let len = self.array_len()?;
        let fits = match group {
            Group::Option => len <= 1,
            Group::Map => len % 2 == 0,
            _ => true,
        };
        if fits { Ok(Step::Open(group, len)) } else { Err(self.damaged("wrong number of items")) }
    }

    fn function(&mut self) -> Result<Value, DecodeError> {
        if self.array_len()? != 6 {
            return Err(self.damaged("a function has six parts"));
        }
        let (unit, identity) = (self.uint()?, self.uint()?);
        let marker = self.marker()?;
        let name = self.text(marker)?;
        let (kind, low, high) = (self.small()?, self.small()?, self.small()?);
        let arity = match (kind, low, high) {
            (0, low, high) if low == high => Arity::Exactly(low),
            (1, 0, 1) => Arity::Short,
            (2, low, high) => Arity::Between(low, high),
            _ => return Err(self.damaged("unknown number of parameters")),
        };
        Ok(Value::Function(Arc::new(Function::received(unit, identity, name, arity))))
    }
}

fn close(group: Group, items: Vec<Value>) -> Value {
    match group {
        Group::Tuple => Value::tuple(items),
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
    }
}
