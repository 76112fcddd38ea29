//! The frame that carries one round's exports, byte for byte.
//!
//! MessagePack tokens in this order:
//!
//! ```text
//! uint   version                     1
//! uint   program fingerprint
//! id     sender                      int or str
//! uint   incarnation                 of the sender
//! uint   round                       of the sender
//! uint   period, µs                  in which the sender means to send again
//! array  cells, n times:
//!   uint   path                      strictly ascending
//!   value
//! ```
//!
//! Values: nil is Unit, then bool, float64, int, str; an array is a tuple; everything else is a map
//! of one entry from a tag to its content (see the module `value`). Each frame has exactly one encoding;
//! another one is refused, and so are trailing bytes. Decoding never recurses on its input and
//! never allocates for a length that the input does not have.

mod value;

use crate::Limits;
use fieldrun_lang::{Exports, Micros, NodeId, Program, Value};
use std::sync::Arc;
use thiserror::Error;
use value::{Reader, write_id, write_value};

/// The only version there is.
const VERSION: u64 = 1;

/// One round of one device, as its neighbours see it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The device.
    pub from: NodeId,
    /// How often the device was started: a restarted device has a higher one.
    pub incarnation: u64,
    /// The number of the round within the incarnation.
    pub round: u64,
    /// When the sender means to send again.
    pub period: Micros,
    /// The fingerprint of the program that the sender runs.
    pub program: u64,
    /// What the round exported.
    pub exports: Arc<Exports>,
}

impl Frame {
    /// The frame with its exports by slot, where it comes from a device that runs `program`.
    #[must_use]
    pub fn arranged_for(mut self, program: &Program) -> Self {
        if self.program == program.fingerprint() {
            let exports = Arc::unwrap_or_clone(self.exports);
            self.exports = Arc::new(exports.arranged_in(program.layout()));
        }
        self
    }
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
        "the frame has protocol version {0}; this program speaks {VERSION} (update the older side)"
    )]
    Version(u64),
    /// The bytes end too early, or a token is not what stands here in the format.
    #[error("the frame is damaged at byte {at}: {what}")]
    Damaged {
        /// Offset of the token.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The bytes mean a frame, but are not its one encoding.
    #[error("the frame is not in its canonical form (it was not written by this protocol)")]
    NotCanonical,
}

/// Writes a frame.
pub fn encode(frame: &Frame) -> Vec<u8> {
    let cells = frame.exports.cells();
    let mut out = Vec::with_capacity(64 + 16 * cells.len());
    for number in [VERSION, frame.program] {
        value::write_uint(&mut out, number);
    }
    write_id(&mut out, &frame.from);
    for number in [frame.incarnation, frame.round, frame.period.0] {
        value::write_uint(&mut out, number);
    }
    value::write_array_len(&mut out, cells.len());
    for (path, value) in cells {
        value::write_uint(&mut out, path);
        write_value(&mut out, value);
    }
    out
}

/// Reads a frame.
///
/// # Errors
/// The bytes are too long, damaged, from another version, or not in canonical form.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Frame, DecodeError> {
    if bytes.len() > limits.frame_bytes {
        return Err(DecodeError::TooLong { bytes: bytes.len(), limit: limits.frame_bytes });
    }
    let mut reader = Reader::new(bytes);
    let version = reader.uint()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let program = reader.uint()?;
    let from = reader.id()?;
    let (incarnation, round, period) = (reader.uint()?, reader.uint()?, Micros(reader.uint()?));
    let count = reader.array_len()?;
    let mut cells: Vec<(u64, Value)> = Vec::new();
    for _ in 0..count {
        cells.push((reader.uint()?, reader.cell()?));
    }
    reader.finish()?;
    if !cells.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(DecodeError::NotCanonical);
    }
    let exports = Exports::from_cells(&Arc::default(), cells);
    let frame = Frame { from, incarnation, round, period, program, exports: Arc::new(exports) };
    // Numbers and lengths have several encodings in MessagePack: only the shortest is ours.
    if encode(&frame) != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(frame)
}

#[cfg(test)]
mod tests;
