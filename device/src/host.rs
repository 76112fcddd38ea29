//! The border between a device and what surrounds it: plain readings in, plain actions out.
//!
//! Hosts (managed services, simulated environments) implement [`Sensor`] and [`Actuator`] and need
//! to know nothing of the language.

use fieldrun_lang::Environment;
use std::sync::Arc;

/// A plain value that crosses the border between host and program.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Arc<str>),
    /// A tuple.
    List(Vec<Self>),
}

impl Reading {
    /// A text reading.
    pub fn text(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }
}

/// The environment of a device that sees these readings and whose program has changed nothing yet.
pub fn environment(readings: &[(String, Reading)]) -> Environment {
    let held = |(name, reading): &(String, Reading)| {
        (Arc::from(name.as_str()), crate::host_values::value(reading))
    };
    readings.iter().map(held).collect()
}

/// Something whose state a program reads through `env.get("name")`.
pub trait Sensor {
    /// A snapshot taken before a round: names and values.
    fn readings(&self) -> Vec<(String, Reading)>;
}

/// What a program asked its host to do in a round that succeeded: `self.stopService()` is the
/// action `stopService` without arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The name that the program called.
    pub name: String,
    /// The arguments, as far as they are plain values.
    pub args: Vec<Reading>,
}

/// Something that carries out actions.
pub trait Actuator {
    /// Accepts an action; the work itself may go on after the call.
    ///
    /// # Errors
    /// Says why the action is refused; the device and the other actions are not affected.
    fn act(&self, action: &Action) -> Result<(), String>;
}
