//! What a device met in a round that failed.

use crate::shown::{Plain, shortened};
use crate::summary::rounded;
use crate::world::World;
use fieldrun_device::host::Reading;
use std::fmt;

/// The most readings and neighbours that are listed.
const MAX_LISTED: usize = 12;
/// The longest value that is shown in full, in characters.
const MAX_CHARS: usize = 48;

/// What a device met in a round: for people who look for the cause of a failure.
pub(crate) struct Circumstances<'a> {
    world: &'a World,
    device: usize,
    readings: &'a [(String, Reading)],
}

impl<'a> Circumstances<'a> {
    pub(crate) fn new(world: &'a World, device: usize, readings: &'a [(String, Reading)]) -> Self {
        Self { world, device, readings }
    }
}

impl fmt::Display for Circumstances<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { world, device, readings } = self;
        let short = |text: String| shortened(&text, MAX_CHARS);
        let position = world.position(*device).iter().map(|x| Plain(rounded(*x)).to_string());
        write!(f, "  at [{}]", position.collect::<Vec<_>>().join(", "))?;
        for (name, value) in readings.iter().take(MAX_LISTED) {
            write!(f, ", {name} = {}", short(reading_text(value)))?;
        }
        write!(f, "\n  its value before: {}", short(world.shown(*device).to_string()))?;
        let neighbors = world.neighbors(*device);
        for neighbor in neighbors.iter().take(MAX_LISTED) {
            let neighbor = *neighbor as usize;
            if let Some(id) = world.id(neighbor) {
                write!(f, "\n  neighbour {id}: {}", short(world.shown(neighbor).to_string()))?;
            }
        }
        if neighbors.len() > MAX_LISTED {
            write!(f, "\n  and {} more neighbours", neighbors.len() - MAX_LISTED)?;
        }
        Ok(())
    }
}

fn reading_text(reading: &Reading) -> String {
    match reading {
        Reading::Bool(truth) => truth.to_string(),
        Reading::Number(number) => Plain(*number).to_string(),
        Reading::Text(text) => format!("{text:?}"),
        Reading::List(items) => {
            let items: Vec<String> = items.iter().map(reading_text).collect();
            format!("[{}]", items.join(", "))
        }
    }
}
