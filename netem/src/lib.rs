//! What networks do to messages, as plain data and without any I/O.
//!
//! * [`Conditions`] of a link: [`Loss`] (also in bursts), [`Delay`], duplication, reordering.
//! * [`Relay`] carries packets between ends under such conditions, with cuts in one direction or both;
//!   tests of real sockets put it between them.
//! * [`Stream`] is where all randomness comes from: named, seeded, the same on every platform.
//!
//! The simulator and the tests of the daemon share these types: what was rehearsed in one is what
//! happens in the other.
#![forbid(unsafe_code)]

mod conditions;
mod delay;
mod loss;
mod random;
mod relay;

pub use conditions::{Conditions, MAX_COPIES, Reorder};
pub use delay::Delay;
pub use fieldrun_lang::Micros;
pub use loss::{Bursts, Loss};
pub use random::{Stream, stream_seed};
pub use relay::Relay;
