//! The smallest parts of the format: whole numbers, texts, ids.
//!
//! A *varint* is a whole number in groups of seven bits, the lowest first; each byte but the last
//! has its highest bit set. Of all spellings only the shortest is read.

use super::DecodeError;
use fieldrun_lang::NodeId;

pub(crate) fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Small numbers of either sign become small numbers: 0, -1, 1, -2, 2 …
pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn from_zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    write_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Nought and the number in zigzag, or the length of the text plus one and the text.
pub(crate) fn write_id(out: &mut Vec<u8>, id: &NodeId) {
    match id {
        NodeId::Int(id) => {
            out.push(0);
            write_varint(out, zigzag(*id));
        }
        NodeId::Text(id) => {
            write_varint(out, id.len() as u64 + 1);
            out.extend_from_slice(id.as_bytes());
        }
    }
}

/// Bits in bytes, the lowest of each byte first; the last byte is filled up with noughts.
pub(super) fn write_bits(out: &mut Vec<u8>, bits: impl Iterator<Item = bool>) {
    let mut used = 8;
    for bit in bits {
        if used == 8 {
            out.push(0);
            used = 0;
        }
        if let Some(last) = out.last_mut() {
            *last |= u8::from(bit) << used;
        }
        used += 1;
    }
}

/// Reads what is written here from bytes that nobody vouches for.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn damaged(&self, what: &'static str) -> DecodeError {
        DecodeError::Damaged { at: self.at, what }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or_else(|| self.damaged("the bytes end here"))?;
        self.at += len;
        Ok(part)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let part = self.take(N)?;
        <[u8; N]>::try_from(part).map_err(|_| self.damaged("the bytes end here"))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.left() == 0 { Ok(()) } else { Err(self.damaged("more bytes than a frame")) }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for group in 0..10 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                // A last group without bits could be left out; the tenth has room for one bit.
                return match (group, byte) {
                    (1.., 0) => Err(self.damaged("a number is longer than it need be")),
                    (9, 2..) => Err(self.damaged("a number is too large")),
                    _ => Ok(number),
                };
            }
        }
        Err(self.damaged("a number is too large"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, DecodeError> {
        self.varint().map(from_zigzag)
    }

    /// How many things follow that take at least `each` bytes: never more than there can be.
    pub(crate) fn count(&mut self, each: usize) -> Result<usize, DecodeError> {
        let count = self.varint()?;
        usize::try_from(count)
            .ok()
            .filter(|count| count.checked_mul(each).is_some_and(|bytes| bytes <= self.left()))
            .ok_or_else(|| self.damaged("more is promised than the frame has"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let len = self.count(1)?;
        self.text_of(len)
    }

    fn text_of(&mut self, len: usize) -> Result<&'a str, DecodeError> {
        let bytes = self.take(len)?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("a text is not UTF-8"))
    }

    pub(crate) fn id(&mut self) -> Result<NodeId, DecodeError> {
        let head = self.varint()?;
        let Some(len) = head.checked_sub(1) else { return self.signed().map(NodeId::Int) };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.text_of(len).map(NodeId::text)
    }
}

/// Reads bits as [`write_bits`] writes them, as many as are asked for.
#[derive(Default)]
pub(super) struct Bits {
    byte: u8,
    left: u32,
}

impl Bits {
    pub(super) fn next(&mut self, reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
        if self.left == 0 {
            (self.byte, self.left) = (reader.byte()?, 8);
        }
        let bit = self.byte & 1 == 1;
        (self.byte, self.left) = (self.byte >> 1, self.left - 1);
        Ok(bit)
    }

    /// What fills the last byte up must be noughts.
    pub(crate) fn finish(&self, reader: &Reader<'_>) -> Result<(), DecodeError> {
        if self.byte == 0 { Ok(()) } else { Err(reader.damaged("a bit is set that means nothing")) }
    }
}
