//! What travels between two nodes: one byte of version, one of kind, and the content.
//!
//! ```text
//! 01 01 <frame of a device, opaque here>
//! 01 02 <MessagePack: list of status entries>
//! 01 03 <MessagePack: list of beats>
//! ```
//!
//! Decoding never panics and never recurses: the content of a status message is flat, its depth is
//! limited besides, and its size is checked before anything is allocated for it.

use crate::cluster::{Beat, MAX_NODES, Told};
use bytes::{BufMut, Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of the envelope.
pub const VERSION: u8 = 1;

/// Largest status message, in bytes.
pub const MAX_STATUS: usize = 512 * 1024;

const DEVICE: u8 = 1;
const STATUS: u8 = 2;
const BEATS: u8 = 3;

/// A list of entries in a record in a list: four levels. Some more for formats to come.
const MAX_DEPTH: usize = 16;

/// A message between nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// What a device shares, as `fieldrun_device` encoded it.
    Device(Bytes),
    /// What the sender knows of the cluster.
    Status(Vec<Told>),
    /// Which versions of it the sender has.
    Beats(Vec<Beat>),
}

/// Why bytes are no message.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Fewer than two bytes.
    #[error("a message of {0} bytes is too short")]
    Short(usize),
    /// Another version of the protocol.
    #[error("protocol version {0}; this node speaks {VERSION}, upgrade the older one")]
    Version(u8),
    /// A kind that this version does not know.
    #[error("message of unknown kind {0}")]
    Kind(u8),
    /// A status message that is too large or not what it should be.
    #[error("status message: {0}")]
    Status(String),
}

/// Puts a device's frame in an envelope.
pub fn device(frame: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(frame.len() + 2);
    out.put_slice(&[VERSION, DEVICE]);
    out.put_slice(frame);
    out.freeze()
}

/// Status entries in envelopes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// As few as can be, each within [`MAX_STATUS`].
    pub messages: Vec<Bytes>,
    /// Nodes whose entry is too large to be sent at all.
    pub left_out: Vec<String>,
}

/// Puts status entries in envelopes, as many to each as fit.
pub fn status(told: &[Told]) -> Packed {
    let mut packed = Packed::default();
    pack(told, &mut packed);
    packed
}

fn pack(told: &[Told], packed: &mut Packed) {
    if told.is_empty() {
        return;
    }
    let mut bytes = vec![VERSION, STATUS];
    let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    let fits = told.serialize(&mut serializer).is_ok() && bytes.len() - 2 <= MAX_STATUS;
    match told {
        _ if fits => packed.messages.push(bytes.into()),
        [one] => packed.left_out.push(one.status.node.clone()),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            pack(left, packed);
            pack(right, packed);
        }
    }
}

/// Puts beats in an envelope.
pub fn beats(beats: &[Beat]) -> Bytes {
    let mut bytes = vec![VERSION, BEATS];
    // Writing flat records to memory does not fail.
    let _ = beats.serialize(&mut rmp_serde::Serializer::new(&mut bytes));
    bytes.into()
}

/// Opens an envelope.
///
/// # Errors
/// Says what is wrong with the bytes.
pub fn open(bytes: &Bytes) -> Result<Message, EnvelopeError> {
    let (version, kind) = match (bytes.first(), bytes.get(1)) {
        (Some(version), Some(kind)) => (*version, *kind),
        _ => return Err(EnvelopeError::Short(bytes.len())),
    };
    if version != VERSION {
        return Err(EnvelopeError::Version(version));
    }
    let content = bytes.slice(2..);
    match kind {
        DEVICE => Ok(Message::Device(content)),
        STATUS => open_list(&content).map(Message::Status),
        BEATS => open_list(&content).map(Message::Beats),
        other => Err(EnvelopeError::Kind(other)),
    }
}

fn open_list<T: DeserializeOwned>(content: &[u8]) -> Result<Vec<T>, EnvelopeError> {
    let fail = |why: String| EnvelopeError::Status(why);
    if content.len() > MAX_STATUS {
        return Err(fail(format!("{} bytes; at most {MAX_STATUS}", content.len())));
    }
    let mut rest = content;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    deserializer.set_max_depth(MAX_DEPTH);
    let list = Vec::<T>::deserialize(&mut deserializer).map_err(|e| fail(e.to_string()))?;
    if list.len() > MAX_NODES {
        return Err(fail(format!("{} entries; at most {MAX_NODES}", list.len())));
    }
    if !rest.is_empty() {
        return Err(fail(format!("{} bytes too many", rest.len())));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::NodeStatus;

    fn entry(node: &str, links: usize) -> Told {
        let links = (0..links).map(|i| format!("node-{i}")).collect();
        let status =
            NodeStatus { node: node.to_owned(), incarnation: 3, links, ..NodeStatus::default() };
        Told { age_ms: 7, status }
    }

    #[test]
    fn what_was_put_in_comes_out() {
        let frame = Bytes::from_static(b"\x00\xffframe");
        assert_eq!(open(&device(&frame)), Ok(Message::Device(frame)));
        let told = vec![entry("a", 3), entry("b", 0)];
        let sent = status(&told).messages;
        assert_eq!(sent.len(), 1);
        assert_eq!(open(&sent[0]), Ok(Message::Status(told)));
        let beat = Beat { node: "a".into(), incarnation: 3, seq: 70_000, age_ms: 12 };
        assert_eq!(open(&beats(std::slice::from_ref(&beat))), Ok(Message::Beats(vec![beat])));
    }

    #[test]
    fn much_status_travels_in_several_messages() {
        let told: Vec<Told> = (0..100).map(|i| entry(&format!("n{i}"), 1_000)).collect();
        let mut with_giant = told.clone();
        with_giant.insert(50, entry("giant", 100_000));
        let Packed { messages: sent, left_out } = status(&with_giant);
        assert_eq!(left_out, ["giant"]);
        assert!(sent.len() > 1 && sent.iter().all(|bytes| bytes.len() <= MAX_STATUS + 2));
        let back: Vec<Told> = sent
            .iter()
            .flat_map(|bytes| match open(bytes).unwrap() {
                Message::Status(told) => told,
                Message::Device(_) | Message::Beats(_) => Vec::new(),
            })
            .collect();
        assert_eq!(back, told);
    }

    #[test]
    fn bad_messages_are_named() {
        let open = |bytes: &[u8]| open(&Bytes::copy_from_slice(bytes)).unwrap_err();
        assert_eq!(open(&[]), EnvelopeError::Short(0));
        assert_eq!(open(&[9, 1]), EnvelopeError::Version(9));
        assert_eq!(open(&[1, 7]), EnvelopeError::Kind(7));
        assert!(matches!(open(&[1, 2, 0xc1]), EnvelopeError::Status(_)));
        assert!(open(&[1, 2, 0x90, 0]).to_string().contains("1 bytes too many"));
        let deep = [vec![1, 2], vec![0x91; 100_000]].concat();
        assert!(matches!(open(&deep), EnvelopeError::Status(_)));
        let announced = [1, 2, 0xdd, 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(open(&announced), EnvelopeError::Status(_)), "4 billion entries");
    }

    proptest::proptest! {
        #[test]
        fn opening_never_panics(bytes in proptest::collection::vec(0u8.., 0..300), own in 0..2) {
            let bytes = if own == 0 { bytes } else { [vec![VERSION, STATUS], bytes].concat() };
            let _ = open(&bytes.into());
        }

        /// Damage to a real message reaches deeper than random bytes.
        #[test]
        fn opening_damaged_messages_never_panics(at in 0usize..400, with in 0u8..) {
            let mut bytes = status(&[entry("a", 2)]).messages[0].to_vec();
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = open(&bytes.into());
        }
    }
}
