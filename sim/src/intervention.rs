//! What a person does to a running network: what-if.

use crate::SimError;
use crate::engine::Engine;
use crate::faults::after;
use crate::scenario::DeviceFault;
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, NodeId, json};
use std::str::FromStr;

/// Something that is done to a running network, at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Intervention {
    /// Programs read another value under a name from now on.
    Set {
        /// The device.
        device: NodeId,
        /// The name.
        name: String,
        /// What `env.get(name)` gives.
        value: Reading,
    },
    /// A device stands elsewhere, and links change as they do by movement.
    Move {
        /// The device.
        device: NodeId,
        /// The new coordinates, as many as positions have.
        to: Vec<f64>,
    },
    /// Something goes wrong with a device, as faults of a scenario do.
    Fault {
        /// The device.
        device: NodeId,
        /// What.
        fault: DeviceFault,
        /// How long it lasts; without this, for ever.
        lasting: Option<Micros>,
    },
    /// A device that is away or paused comes back.
    Revive {
        /// The device.
        device: NodeId,
    },
    /// Two devices are not linked from now on, wherever they are.
    Cut {
        /// One end.
        a: NodeId,
        /// The other one.
        b: NodeId,
    },
    /// Two devices are linked again as the scenario says, after [`Intervention::Cut`].
    Restore {
        /// One end.
        a: NodeId,
        /// The other one.
        b: NodeId,
    },
}

const FORMS: &str = "write \"node 7 crash\", \"node 7 pause 5s\", \"node 7 slow 3 10s\", \
                     \"node 7 drift 0.01\", \"node 7 corrupt\", \"node 7 revive\", \
                     \"node 7 env source=true\", \"node 3 move 10 20\", \"link 1 2 cut\" or \
                     \"link 1 2 restore\"";

/// Reads `node 7 crash`, `node 7 pause 5s`, `node 7 slow 3 10s`, `node 7 drift 0.01`, `node 7 corrupt`,
/// `node 7 revive`, `node 7 env source=true`, `node 3 move 10 20`, `link 1 2 cut` and
/// `link 1 2 restore`. A time at the end says how long it lasts. The value of an environment variable
/// is JSON, or else a text.
impl FromStr for Intervention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["node", device, "env", ..] => set(id(device), text),
            ["node", device, "move", to @ ..] => {
                let number = |word: &&str| word.parse().ok().filter(|x: &f64| x.is_finite());
                let numbers: Option<Vec<f64>> = to.iter().map(number).collect();
                match numbers {
                    Some(to) if (2..=3).contains(&to.len()) => {
                        Ok(Self::Move { device: id(device), to })
                    }
                    _ => Err(format!("`{text}` needs two or three numbers after `move`; {FORMS}")),
                }
            }
            ["node", device, "revive"] => Ok(Self::Revive { device: id(device) }),
            ["link", a, b, "cut"] => Ok(Self::Cut { a: id(a), b: id(b) }),
            ["link", a, b, "restore"] => Ok(Self::Restore { a: id(a), b: id(b) }),
            ["node", device, fault @ ..] => {
                let (fault, rest) = device_fault(fault)
                    .ok_or_else(|| format!("`{text}` is not understood; {FORMS}"))?;
                let lasting = match rest {
                    [] => None,
                    [time] => Some(crate::scenario::parse_time(time)?),
                    _ => return Err(format!("`{text}` is not understood; {FORMS}")),
                };
                Ok(Self::Fault { device: id(device), fault, lasting })
            }
            _ => Err(format!("`{text}` is not understood; {FORMS}")),
        }
    }
}

/// A fault, and the words after it.
fn device_fault<'a, 'w>(words: &'a [&'w str]) -> Option<(DeviceFault, &'a [&'w str])> {
    let number = |word: &str, least: f64| word.parse().ok().filter(|x: &f64| *x >= least);
    Some(match words {
        ["crash", rest @ ..] => (DeviceFault::Crash { keeps: false }, rest),
        ["pause", rest @ ..] => (DeviceFault::Pause, rest),
        ["corrupt"] => (DeviceFault::Corrupt, &[]),
        ["slow", factor, rest @ ..] => (DeviceFault::Slow { factor: number(factor, 1.0)? }, rest),
        ["drift", rate, rest @ ..] => (DeviceFault::Drift { rate: number(rate, -0.99)? }, rest),
        _ => return None,
    })
}

/// A device as people name it: digits are a number.
fn id(word: &str) -> NodeId {
    word.parse().map_or_else(|_| NodeId::text(word), NodeId::Int)
}

fn set(device: NodeId, text: &str) -> Result<Intervention, String> {
    // The value may hold spaces.
    let assignment = text.split_once(" env ").map_or("", |(_, rest)| rest.trim());
    match assignment.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            let value = value.trim();
            let value = match serde_json::from_str(value) {
                Ok(value) => json::from_json(&value)?,
                Err(_) => Reading::text(value),
            };
            Ok(Intervention::Set { device, name: name.trim().to_owned(), value })
        }
        _ => Err(format!("`{text}` needs NAME=VALUE after `env`; {FORMS}")),
    }
}

impl Engine {
    /// Carries out an intervention.
    pub(crate) fn apply(&mut self, intervention: &Intervention) -> Result<(), SimError> {
        let find = |id: &NodeId| self.world.find(id, "the intervention");
        match intervention {
            Intervention::Set { device, name, value } => {
                let device = find(device)?;
                self.network.set(device, name, value.clone());
                self.hasten(device as u32);
            }
            Intervention::Move { device, to } => {
                let device = find(device)?;
                let to = to.get(..self.world.dimension).unwrap_or(to);
                if let Some(point) = self.world.points.get_mut(device) {
                    point.iter_mut().zip(to).for_each(|(at, to)| *at = *to);
                }
                self.network.place(device, to);
                self.hasten(device as u32);
                self.relink()?;
            }
            Intervention::Fault { device, fault, lasting } => {
                let device = find(device)?;
                let until = after(self.now, *lasting);
                // What is drawn for it differs from what is drawn for the faults of the scenario.
                let number = self.faults.len() + self.counts.events as usize;
                self.befall(number, device, fault, until);
            }
            Intervention::Revive { device } => self.network.revive(find(device)?, self.now),
            Intervention::Cut { a, b } => {
                let (a, b) = (find(a)? as u32, find(b)? as u32);
                self.cuts.insert((a.min(b), a.max(b)));
                self.relink()?;
            }
            Intervention::Restore { a, b } => {
                let (a, b) = (find(a)? as u32, find(b)? as u32);
                self.cuts.remove(&(a.min(b), a.max(b)));
                self.relink()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interventions_are_read_as_people_write_them() {
        let device = || NodeId::Int(7);
        let set = |name: &str, value| Intervention::Set {
            device: device(),
            name: name.to_owned(),
            value,
        };
        let fault = |fault, lasting: Option<u64>| {
            let lasting = lasting.map(Micros);
            Intervention::Fault { device: device(), fault, lasting }
        };
        let (a, b) = (NodeId::Int(1), NodeId::text("gate"));
        let cases = [
            ("node 7 crash", fault(DeviceFault::Crash { keeps: false }, None)),
            (" node  7 crash 1500ms", fault(DeviceFault::Crash { keeps: false }, Some(1_500_000))),
            ("node 7 slow 3", fault(DeviceFault::Slow { factor: 3.0 }, None)),
            ("node 7 drift -0.5 1s", fault(DeviceFault::Drift { rate: -0.5 }, Some(1_000_000))),
            ("node 7 corrupt", fault(DeviceFault::Corrupt, None)),
            ("node 7 revive", Intervention::Revive { device: device() }),
            ("node 7 env source=true", set("source", Reading::Bool(true))),
            ("node 7 env level = 2.5", set("level", Reading::Number(2.5))),
            ("node 7 env name=north gate", set("name", Reading::text("north gate"))),
            ("node 7 move -1 2e1", Intervention::Move { device: device(), to: vec![-1.0, 20.0] }),
            ("link 1 gate cut", Intervention::Cut { a: a.clone(), b: b.clone() }),
            ("link 1 gate restore", Intervention::Restore { a, b }),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "node 7",
            "node 7 move 1",
            "node 7 move 1 NaN",
            "node 7 env x",
            "cut 1 2",
            "node 7 slow 0",
        ] {
            let error = text.parse::<Intervention>().expect_err(text);
            assert!(error.contains("node 3 move 10 20"), "{error}");
        }
    }
}
