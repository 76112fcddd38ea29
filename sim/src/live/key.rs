//! What devices are coloured by.

use crate::Simulation;
use crate::shown::{Plain, Shown};
use fieldrun_device::Value;
use fieldrun_device::host::Reading;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The most elements of a tuple that are offered.
const MAX_ELEMENTS: usize = 8;
/// The most names of the environment that are offered.
const MAX_NAMES: usize = 24;
/// So many devices are asked which keys there are.
const ASKED: usize = 1000;

/// A number, truth value or text that each device has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The value of the program.
    Value,
    /// An element of the tuple that is the value of the program, from 0.
    Element(usize),
    /// What the program reads from its environment under a name, or has put there.
    Env(String),
    /// How many rounds it has run.
    Rounds,
    /// How many devices it is linked to.
    Neighbors,
}

/// `value`, `value.0`, `env.NAME`, `rounds` and `neighbors`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => f.write_str("value"),
            Self::Element(index) => write!(f, "value.{index}"),
            Self::Env(name) => write!(f, "env.{name}"),
            Self::Rounds => f.write_str("rounds"),
            Self::Neighbors => f.write_str("neighbors"),
        }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.split_once('.')) {
            ("value", _) => Ok(Self::Value),
            ("rounds", _) => Ok(Self::Rounds),
            ("neighbors", _) => Ok(Self::Neighbors),
            (_, Some(("env", name))) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            (_, Some(("value", index))) if index.parse::<u16>().is_ok() => {
                Ok(Self::Element(index.parse().unwrap_or_default()))
            }
            _ => Err(format!(
                "`{text}` is no key; write value, value.0, env.NAME, rounds or neighbors"
            )),
        }
    }
}

impl Key {
    /// What a device has under this key now.
    pub fn of(&self, simulation: &Simulation, device: usize) -> Shown {
        let world = simulation.world();
        match self {
            Self::Value => world.shown(device),
            Self::Element(index) => match (world.value(device), world.id(device)) {
                (Some(Value::Tuple(tuple)), Some(id)) => {
                    tuple.get(*index).map_or(Shown::Nothing, |value| Shown::new(value, id))
                }
                _ => Shown::Nothing,
            },
            Self::Env(name) => environment(simulation, device, name),
            Self::Rounds => Shown::Number(world.rounds(device) as f64),
            Self::Neighbors => Shown::Number(world.neighbors(device).len() as f64),
        }
    }

    /// The keys that the devices of a run have now; `value` first.
    pub fn all(simulation: &Simulation) -> Vec<Self> {
        let world = simulation.world();
        let mut elements = 0;
        let mut names = BTreeSet::new();
        for device in 0..world.len().min(ASKED) {
            if let Some(Value::Tuple(tuple)) = world.value(device) {
                elements = elements.max(tuple.len().min(MAX_ELEMENTS));
            }
            let sensors = simulation.sensors(device);
            names.extend(
                sensors.into_iter().flat_map(|s| s.env.iter().map(|(name, _)| name.clone())),
            );
        }
        let mut keys = vec![Self::Value];
        keys.extend((0..elements).map(Self::Element));
        keys.extend(names.into_iter().take(MAX_NAMES).map(Self::Env));
        keys.extend([Self::Rounds, Self::Neighbors]);
        keys
    }
}

/// What the program reads next, or else what it has put there itself.
fn environment(simulation: &Simulation, device: usize, name: &str) -> Shown {
    let sensors = simulation.sensors(device);
    let reading = sensors.and_then(|s| s.env.iter().find(|(known, _)| known == name));
    if let Some((_, reading)) = reading {
        return of_reading(reading);
    }
    let put = simulation.environment(device).and_then(|environment| environment.get(name));
    match (put, simulation.world().id(device)) {
        (Some(value), Some(id)) => Shown::new(value, id),
        _ => Shown::Nothing,
    }
}

/// A reading as pictures see it.
fn of_reading(reading: &Reading) -> Shown {
    match reading {
        Reading::Number(number) => Shown::Number(*number),
        Reading::Bool(truth) => Shown::Truth(*truth),
        Reading::Text(text) => Shown::Text(text.to_string()),
        list @ Reading::List(_) => Shown::Text(reading_json(list).to_string()),
    }
}

/// A reading as people write it: JSON, with the numbers that JSON lacks by their names.
pub(super) fn reading_json(reading: &Reading) -> Json {
    match reading {
        Reading::Number(number) if number.is_finite() => Json::from(*number),
        Reading::Number(number) => serde_json::json!({ "number": Plain(*number).to_string() }),
        Reading::Bool(truth) => Json::from(*truth),
        Reading::Text(text) => Json::from(&**text),
        Reading::List(items) => items.iter().map(reading_json).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let keys = [Key::Value, Key::Element(3), Key::Env("a.b".to_owned()), Key::Rounds];
        for key in keys {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for wrong in ["", "env.", "value.x", "value.-1", "degree"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
