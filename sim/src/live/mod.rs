//! A run that somebody watches and plays with: going on, going back, changing things, looking at
//! devices. Pure: whoever drives a [`Session`] says how much time has passed, and shows what it gives.
//!
//! * [`Session`] is the run with its past; [`Command`]s change it.
//! * [`Key`] is what devices are coloured by; [`Session::frame`] gives one moment as bytes.
//! * [`Session::inspect`] tells all about one device.
//! * [`Session::series`] is what a key did over time.

mod frame;
mod inspect;
mod key;
mod past;
mod series;
mod session;

/// The text of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name of its file, as the program was loaded with.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

pub use inspect::{Inspected, Kept, Neighbor};
pub use key::Key;
pub use series::{Sample, Series};
pub use session::{Command, Session};
