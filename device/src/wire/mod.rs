//! The frame that carries one round's exports. Byte by byte it is described in `docs/protocol.md`.
//!
//! * `bytes`: whole numbers, texts, ids;
//! * `value`: values, in blocks of one kind;
//! * `body`: exports, whole or as changes.
//!
//! Each frame has exactly one encoding; others are refused, and so are trailing bytes. Decoding
//! takes time and memory in proportion to the bytes, never recurses on them, and never allocates
//! for a length that they do not have.

mod body;
mod bytes;
mod value;

pub use body::Changes;

use crate::Limits;
pub(crate) use body::{read_whole, write_whole};
pub(crate) use bytes::{Reader, write_id, write_text, write_varint};
use fieldrun_lang::{Exports, Layout, Micros, NodeId, Program};
use std::sync::Arc;
use thiserror::Error;
pub(crate) use value::{read_sequence, write_sequence};

/// The version of the format, its first byte. Version 1 was never released.
pub const VERSION: u8 = 2;

/// The body is changes to an earlier round.
const CHANGES: u8 = 1;
/// The round may be the base of changes to come.
const OFFER: u8 = 1 << 1;
/// There are notes.
const NOTES: u8 = 1 << 2;
/// There are values without slots.
const EXTRA: u8 = 1 << 3;
/// No value is in a slot.
const BY_PATH: u8 = 1 << 4;
/// There is a status.
const STATUS: u8 = 1 << 5;
const KNOWN: u8 = CHANGES | OFFER | NOTES | EXTRA | BY_PATH | STATUS;

/// Most bytes of a status.
pub const MAX_STATUS: usize = 64;

/// What every receiver can read of a frame, whatever program it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The device.
    pub from: NodeId,
    /// How often the device was started: a restarted device has a higher one.
    pub incarnation: u64,
    /// The number of the round within the incarnation.
    pub round: u64,
    /// When the sender means to send again.
    pub period: Micros,
    /// What the sender runs, see [`shape`].
    pub shape: u64,
    /// What the sender's host says of itself, at most [`MAX_STATUS`] bytes.
    pub status: Vec<u8>,
    /// Whether receivers should keep this round as a base of changes to come.
    pub offer: bool,
    /// What the sender tells single neighbours: hashes that they recognise, ascending.
    pub notes: Vec<u32>,
}

/// What a frame says of the round's exports.
#[derive(Clone, Debug)]
pub enum Body {
    /// They are of another program, and were not read.
    Foreign,
    /// All of them.
    Whole(Arc<Exports>),
    /// What changed since an earlier round.
    Changes(Changes),
}

/// One round of one device, as its neighbours see it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Who sent it, and when.
    pub head: Head,
    /// What the round exported.
    pub body: Body,
}

/// What one device tells another one about its rounds. A frame goes to all neighbours, so a note is
/// a hash that its addressee recognises. Should a note be taken for another one, then the neighbour
/// cannot read the next changes, says so, and gets whole frames again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// I hold your exports of this round.
    Holds,
    /// I do not hold them, and cannot read changes to them.
    Lacks,
}

impl Note {
    /// The note about a round of a device.
    pub(crate) fn about(self, device: &NodeId, incarnation: u64, round: u64) -> u32 {
        let mut bytes = vec![self as u8];
        write_id(&mut bytes, device);
        write_varint(&mut bytes, incarnation);
        write_varint(&mut bytes, round);
        // FNV-1a, then mixed so that the rounds of a device differ in all bits.
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        ((hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }
}

/// Names a program and the places of its values: where it is equal, both ends know what stands in
/// which slot, and no frame needs to say it.
///
/// The text alone would not do: another version of this software may lay the same text out in
/// other slots.
pub fn shape(program: &Program) -> u64 {
    program.fingerprint() ^ program.layout().id()
}

/// Why bytes are not a frame.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// Longer than allowed.
    #[error(
        "the frame has {bytes} bytes; at most {limit} are read (raise `max_frame_bytes` on both sides, or share less)"
    )]
    TooLong {
        /// Bytes received.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// From a protocol that this version does not speak.
    #[error(
        "the frame has format version {0}, and this program speaks version {VERSION} (update the {older} side)",
        older = if *.0 < VERSION { "sender's" } else { "receiving" }
    )]
    Version(u8),
    /// The bytes end too early, or something else stands where the format wants it otherwise.
    #[error("the frame is damaged at byte {at}: {what}")]
    Damaged {
        /// Where.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// What is written after a head.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Whole(&'a Exports),
    Changes(&'a Changes),
}

impl Content<'_> {
    fn layout(&self) -> &Arc<Layout> {
        match self {
            Self::Whole(exports) => exports.layout(),
            Self::Changes(changes) => &changes.layout,
        }
    }

    fn flags(&self, own: &Arc<Layout>) -> u8 {
        let (changes, extra) = match self {
            Self::Whole(exports) => (false, !exports.extra().is_empty()),
            Self::Changes(changes) => (true, changes.extra > 0),
        };
        let by_path = self.layout().id() != own.id();
        flag(CHANGES, changes) | flag(EXTRA, extra) | flag(BY_PATH, by_path)
    }
}

fn flag(bit: u8, set: bool) -> u8 {
    if set { bit } else { 0 }
}

/// Writes a frame of a device whose program has this layout.
pub(crate) fn encode(head: &Head, content: Content<'_>, own: &Arc<Layout>) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    let blocks = flag(STATUS, !head.status.is_empty()) | flag(NOTES, !head.notes.is_empty());
    out.extend([VERSION, blocks | flag(OFFER, head.offer) | content.flags(own)]);
    out.extend_from_slice(&head.shape.to_le_bytes());
    write_id(&mut out, &head.from);
    for number in [head.incarnation, head.round, head.period.0] {
        write_varint(&mut out, number);
    }
    if !head.status.is_empty() {
        write_varint(&mut out, head.status.len() as u64);
        out.extend_from_slice(&head.status);
    }
    if !head.notes.is_empty() {
        write_varint(&mut out, head.notes.len() as u64);
        head.notes.iter().for_each(|note| out.extend_from_slice(&note.to_le_bytes()));
    }
    match content {
        Content::Whole(exports) => write_whole(&mut out, exports),
        Content::Changes(changes) => changes.write(&mut out, head.round),
    }
    out
}

/// Bytes of exports as a whole.
pub(crate) fn size(exports: &Exports) -> usize {
    let mut out = Vec::new();
    write_whole(&mut out, exports);
    out.len()
}

impl Frame {
    /// The bytes of the frame; nothing if it is of another program, because its content was not
    /// kept then.
    pub fn encode(&self, program: &Program) -> Option<Vec<u8>> {
        let content = match &self.body {
            Body::Foreign => return None,
            Body::Whole(exports) => Content::Whole(exports),
            Body::Changes(changes) => Content::Changes(changes),
        };
        Some(encode(&self.head, content, program.layout()))
    }
}

/// Reads the head of a frame, and says how many bytes it takes.
///
/// # Errors
/// The bytes are too long, damaged, or from another version.
pub fn decode_head(bytes: &[u8], limits: &Limits) -> Result<(Head, usize), DecodeError> {
    let mut reader = open(bytes, limits)?;
    let (head, _) = read_head(&mut reader)?;
    Ok((head, reader.at()))
}

/// Reads a frame as a device that runs a program.
///
/// # Errors
/// The bytes are too long, damaged, from another version, or not in their one form.
pub fn decode(bytes: &[u8], program: &Program, limits: &Limits) -> Result<Frame, DecodeError> {
    let mut reader = open(bytes, limits)?;
    let (head, flags) = read_head(&mut reader)?;
    if head.shape != shape(program) {
        return Ok(Frame { head, body: Body::Foreign });
    }
    let by_path = flags & BY_PATH != 0;
    let layout = if by_path { Arc::default() } else { program.layout().clone() };
    if by_path && layout.id() == program.layout().id() {
        return Err(reader.damaged("a flag is set that means nothing"));
    }
    let has_extra = flags & EXTRA != 0;
    let body = if flags & CHANGES != 0 {
        Body::Changes(Changes::read(&mut reader, head.round, layout, has_extra)?)
    } else {
        Body::Whole(Arc::new(read_whole(&mut reader, &layout, has_extra)?))
    };
    reader.finish()?;
    Ok(Frame { head, body })
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Reader<'a>, DecodeError> {
    if bytes.len() > limits.frame_bytes {
        return Err(DecodeError::TooLong { bytes: bytes.len(), limit: limits.frame_bytes });
    }
    Ok(Reader::new(bytes))
}

fn read_head(reader: &mut Reader<'_>) -> Result<(Head, u8), DecodeError> {
    let version = reader.byte()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let flags = reader.byte()?;
    if flags & !KNOWN != 0 {
        return Err(reader.damaged("unknown flags"));
    }
    let shape = u64::from_le_bytes(reader.array()?);
    let from = reader.id()?;
    let (incarnation, round, period) =
        (reader.varint()?, reader.varint()?, Micros(reader.varint()?));
    let status = if flags & STATUS != 0 { read_status(reader)? } else { Vec::new() };
    let notes = if flags & NOTES != 0 { read_notes(reader)? } else { Vec::new() };
    let offer = flags & OFFER != 0;
    Ok((Head { from, incarnation, round, period, shape, status, offer, notes }, flags))
}

fn read_status(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let len = reader.count(1)?;
    if len == 0 || len > MAX_STATUS {
        return Err(reader.damaged("a status has 1 to 64 bytes"));
    }
    reader.take(len).map(<[u8]>::to_vec)
}

fn read_notes(reader: &mut Reader<'_>) -> Result<Vec<u32>, DecodeError> {
    let count = reader.count(4)?;
    let mut notes = Vec::with_capacity(count);
    for _ in 0..count {
        let note = u32::from_le_bytes(reader.array()?);
        if notes.last().is_some_and(|last| *last >= note) {
            return Err(reader.damaged("notes must ascend"));
        }
        notes.push(note);
    }
    if notes.is_empty() {
        return Err(reader.damaged("a flag is set that means nothing"));
    }
    Ok(notes)
}

#[cfg(test)]
mod tests;
