//! Code paths: where in the program, on which calls and branches, an evaluation stands.

use std::hash::Hasher;

/// A position in the running program, as a rolling hash of the frames that lead to it
/// (design decision 2). Devices are aligned where their paths are equal.
///
/// The second hash is independent of the first: two different paths with one `hash` differ in
/// `check`, are noticed, and trap the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) hash: u64,
    pub(crate) check: u64,
}

impl Path {
    pub(crate) const ROOT: Self =
        Self { hash: 0x6669_656c_6472_756e, check: 0x616c_6967_6e6d_656e };

    #[must_use]
    pub(crate) fn push(self, frame: u64) -> Self {
        Self {
            hash: mix(self.hash ^ frame.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            check: mix(self.check.rotate_left(23) ^ frame.wrapping_mul(0xd6e8_feb8_6659_fd93)),
        }
    }
}

/// The finaliser of splitmix64: every input bit reaches every output bit.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The frames of the constructs. A child's frame is its construct's code plus a small index.
pub(crate) mod frame {
    pub(crate) const BLOCK: u64 = 1 << 32;
    pub(crate) const UNARY: u64 = 2 << 32;
    pub(crate) const BINARY: u64 = 3 << 32;
    pub(crate) const TUPLE: u64 = 4 << 32;
    pub(crate) const CALL: u64 = 5 << 32;
    pub(crate) const ARGUMENT: u64 = 6 << 32;
    pub(crate) const BODY: u64 = 7 << 32;
    pub(crate) const TARGET: u64 = 8 << 32;
    pub(crate) const IF: u64 = 9 << 32;
    pub(crate) const MUX: u64 = 10 << 32;
    pub(crate) const REP: u64 = 11 << 32;
    pub(crate) const SHARE: u64 = 12 << 32;
    pub(crate) const NBR: u64 = 13 << 32;
    pub(crate) const HOOD: u64 = 14 << 32;
    pub(crate) const GENERIC_HOOD: u64 = 15 << 32;
    pub(crate) const ALIGNED_MAP: u64 = 16 << 32;
    pub(crate) const EVAL: u64 = 17 << 32;
    pub(crate) const READ: u64 = 18 << 32;
    pub(crate) const SENSOR: u64 = 19 << 32;
    pub(crate) const ELEMENT: u64 = 20 << 32;
    pub(crate) const KEY: u64 = 21 << 32;
}

/// A 64-bit hasher whose results are the same everywhere and for good: identities and
/// fingerprints are made with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StableHasher(u64);

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
