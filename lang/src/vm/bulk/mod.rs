//! Rounds of many devices at once: each instruction runs over all of them before the next one.
//!
//! Devices of a population run the same code, mostly along the same way, with values of the same
//! kinds. So a register holds a column with one value for each device of a *crowd*, or for each link
//! of one, and an instruction is one loop. Where devices take different branches, each branch runs for
//! those that take it.
//!
//! This machine knows the frequent instructions and kinds of values only. Whatever else there is, and
//! whatever goes wrong, makes the crowd run device by device in the [`Machine`](super::Machine); a
//! crowd changes nothing before it has succeeded. What it gives is the same, bit for bit.

mod alone;
mod arena;
mod cells;
mod fuel;
mod hoods;
mod near;
mod operands;
mod operators;
mod rows;
mod run;

pub use cells::Cells;

use super::code::{Called, Code, Op, Own};
use crate::eval::{Environment, Limits};
use crate::id::NodeId;
use crate::layout::Layout;
use crate::program::Program;
use arena::Arena;
use hoods::Lane;
use operands::Cell;
use std::sync::Arc;

/// A state of many devices.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// The values.
    pub(super) cells: Cells,
    /// Which devices keep one.
    pub(super) here: Vec<bool>,
}

/// What rounds of a crowd leave, device by device.
#[derive(Clone, Debug)]
pub struct CrowdLeft {
    /// By state of the layout.
    pub(super) states: Vec<Kept>,
    /// By carried slot. What stands in the place of a device that did not run the slot's region is left
    /// over from an earlier round.
    pub(super) exports: Vec<Cells>,
    /// Slots that the last round did not write because they hold the places of devices, which do not move.
    pub(super) resting: Vec<bool>,
    /// Slots that hold the places of all devices since an earlier round.
    pub(super) placed: Vec<bool>,
    /// The regions that each device ran, in so many words a device; none where there is one region only.
    pub(super) regions: Vec<u64>,
    pub(super) words: usize,
    /// The values of the program.
    pub(super) value: Cells,
    /// What each used of its fuel.
    pub(super) steps: Vec<u64>,
    /// States of the generators of random numbers.
    pub(super) random: Vec<u64>,
    capacity: usize,
}

/// Words of a set of regions; none if everybody runs all there is.
pub fn region_words(layout: &Layout) -> usize {
    match layout.regions().len() {
        0 | 1 => 0,
        more => more.div_ceil(64),
    }
}

impl CrowdLeft {
    /// Room for up to so many devices.
    pub fn new(layout: &Layout, capacity: usize) -> Self {
        let words = region_words(layout);
        let kept = Kept { cells: Cells::Empty, here: vec![false; capacity] };
        Self {
            states: vec![kept; layout.states()],
            exports: vec![Cells::Empty; layout.carried()],
            resting: vec![false; layout.carried()],
            placed: vec![false; layout.carried()],
            regions: vec![0; words * capacity],
            words,
            value: Cells::Empty,
            steps: vec![0; capacity],
            random: vec![0; capacity],
            capacity,
        }
    }

    /// What is exported, by carried slot.
    pub fn exports(&self) -> &[Cells] {
        &self.exports
    }

    /// Whether a slot is as it was.
    pub fn rests(&self, slot: usize) -> bool {
        self.resting.get(slot).copied().unwrap_or(false)
    }

    /// The regions that each device ran, see [`region_words`].
    pub fn regions(&self) -> &[u64] {
        &self.regions
    }

    /// The values of the program.
    pub fn value(&self) -> &Cells {
        &self.value
    }

    /// What each device used of its fuel.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The states of the generators of random numbers.
    pub fn random(&self) -> &[u64] {
        &self.random
    }

    /// The states, for the next round.
    pub fn states(&self) -> &[Kept] {
        &self.states
    }

    /// Swaps the states with those of another one.
    pub fn swap_states(&mut self, states: &mut Vec<Kept>) {
        std::mem::swap(&mut self.states, states);
    }
}

impl Kept {
    /// No states of up to so many devices.
    pub fn none(layout: &Layout, capacity: usize) -> Vec<Self> {
        CrowdLeft::new(layout, capacity).states
    }

    /// Takes over the state of one device from a place of other ones.
    pub fn copy_one(&mut self, to: usize, from: &Self, place: usize) {
        let capacity = self.here.len();
        let here = from.here.get(place).copied().unwrap_or(false);
        if let Some(held) = self.here.get_mut(to) {
            *held = here;
        }
        if here {
            self.cells.copy_one(to, &from.cells, place, capacity);
        }
    }
}

/// Devices whose rounds run together, none of which reads what another one of them sends in its round,
/// and what they see. Lists by link are in the order of the devices.
#[derive(Clone, Copy, Debug)]
pub struct Crowd<'a> {
    /// Their numbers in the population.
    pub devices: &'a [u32],
    /// Whether the crowd is the one that left something here before: places are where they were.
    pub settled: bool,
    /// The clock of each in microseconds.
    pub clock: &'a [u64],
    /// The same in seconds.
    pub now: &'a [f64],
    /// Seconds since the round before of each.
    pub delta: &'a [f64],
    /// What they keep.
    pub states: &'a [Kept],
    /// Where the links of each begin, and where those of the last one end.
    pub starts: &'a [u32],
    /// The neighbours that have sent something, for each device in ascending id, by their number in
    /// the population.
    pub others: &'a [u32],
    /// The lengths of the links.
    pub lengths: &'a [f64],
    /// The names of the population.
    pub ids: &'a [NodeId],
    /// Where everybody is.
    pub places: &'a [[f64; 3]],
    /// How many coordinates of a place count.
    pub dimension: usize,
    /// What surrounds everybody.
    pub environments: &'a [Arc<Environment>],
    /// States of everybody's generator of random numbers.
    pub random: &'a [u64],
    /// Whether the program draws any.
    pub draws: bool,
    /// When everybody sent last, in microseconds.
    pub sent: &'a [u64],
    /// What everybody exported last, by carried slot.
    pub exports: &'a [Cells],
    /// The regions that everybody ran, see [`region_words`].
    pub regions: &'a [u64],
    /// What `nbrDelay` gives.
    pub period: f64,
    /// What a round may use.
    pub limits: Limits,
}

impl<'a> Crowd<'a> {
    fn len(&self) -> usize {
        self.devices.len()
    }

    /// The place of the first link in the lists by link.
    fn first(&self) -> usize {
        self.starts.first().map_or(0, |first| *first as usize)
    }

    fn links(&self) -> usize {
        self.others.len()
    }

    fn words(&self, program: &Program) -> usize {
        region_words(&program.layout)
    }

    /// What the devices of the crowd have of a list of the population.
    fn each<T>(&self, all: &'a [T]) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.devices.iter().filter_map(|device| all.get(*device as usize))
    }
}

/// The crowd cannot go on together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parted;

/// Runs rounds of crowds. After a few of one size it allocates nothing.
#[derive(Debug, Default)]
pub struct Bulk {
    /// With the round in which each was written last.
    cells: Vec<(Cell, u64)>,
    run: u64,
    arena: Arena,
    /// The code whose constants are in the registers.
    loaded: Option<Arc<Code>>,
    /// Who runs the current branch: Booleans in the arena, or all.
    active: Option<usize>,
    frames: Vec<Frame>,
    /// Masks of the links to neighbours that run a region.
    masks: Vec<Option<usize>>,
    /// Which lane of each device a hood chose.
    best: Vec<Option<Lane>>,
    /// Words of a set of regions.
    words: usize,
    /// Most neighbours of a device.
    degree: usize,
}

/// A branch that some devices take.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Who ran what is around it.
    outer: Option<usize>,
    /// Who takes the other branch, and where that begins, until it has begun.
    other: Option<(usize, usize)>,
    /// Where both are over, once that is known.
    end: usize,
}

impl Bulk {
    /// Whether a program draws random numbers.
    pub fn draws(program: &Program) -> bool {
        let draws = |op: &Op| matches!(op, Op::Own { what: Own::Random, .. });
        program.code.as_ref().is_none_or(|code| code.ops.iter().any(draws))
    }

    /// Whether the code of a program has nothing but instructions that can run for a crowd.
    pub fn can_run(program: &Program) -> bool {
        program.code.as_ref().is_some_and(|code| code.ops.iter().all(|op| supported(code, op)))
    }
}

fn supported(code: &Code, op: &Op) -> bool {
    let called = |site: u16| code.calls.get(usize::from(site)).map(|site| &site.what);
    match op {
        Op::Act { .. }
        | Op::FoldWith { .. }
        | Op::Close { .. }
        | Op::Walk { .. }
        | Op::Read { .. }
        | Op::Fail => false,
        Op::Native { site, .. } => match called(*site) {
            Some(Called::Native(native)) => operators::numeric(native).is_some(),
            _ => false,
        },
        Op::Method { site, .. } => match called(*site) {
            Some(Called::Method(name)) => operands::is_id_method(name),
            _ => false,
        },
        Op::Environment { site, .. } => match called(*site) {
            Some(Called::Method(name)) => matches!(&**name, "get" | "has"),
            _ => false,
        },
        _ => true,
    }
}
