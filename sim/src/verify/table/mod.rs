//! The blocks that are put to the test, each with the program that applies it and the plain
//! algorithm that it is held to: a file for each part of the library.

macro_rules! block {
    ($promise:ident $name:literal, $call:literal, $pace:expr, $needs:ident, $oracle:expr) => {
        Block {
            name: $name,
            promise: Promise::$promise,
            call: $call,
            pace: $pace,
            needs: Needs::$needs,
            oracle: $oracle,
        }
    };
}

mod accumulation;
mod graph;
mod lang;
mod latch;
mod memory;
mod meta;
mod monitor;
mod moving;
mod older;
mod shared;
mod spreading;
mod structure;
mod time;

use super::block::Block;

const GROUPS: [&[Block]; 13] = [
    spreading::BLOCKS,
    accumulation::BLOCKS,
    structure::BLOCKS,
    memory::BLOCKS,
    meta::BLOCKS,
    graph::BLOCKS,
    lang::BLOCKS,
    time::BLOCKS,
    moving::BLOCKS,
    shared::BLOCKS,
    monitor::BLOCKS,
    older::BLOCKS,
    latch::BLOCKS,
];

/// All blocks that can be put to the test, by module.
pub fn blocks() -> impl Iterator<Item = &'static Block> {
    GROUPS.into_iter().flatten()
}
