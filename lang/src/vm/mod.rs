//! The fast machine: a program compiled to register code over columns of neighbours' values.
//!
//! The compiler runs once when a program loads. It follows every call whose callee is known, so
//! that almost every `nbr`, `rep` and `share` is met at one code path that is known before the
//! program runs, and gets a slot in the program's [`Layout`](crate::Layout). Fields become columns:
//! one value a lane, typed where all lanes agree, with a mask of the lanes that count.
//!
//! Two doors lead back to the reference evaluator, so that every program runs and gives the
//! same results, bit for bit:
//!
//! * what the compiler leaves alone (recursion, functions that are not known before the program
//!   runs, `alignedMap`, `eval`) is walked by it in place, within the same round;
//! * whatever goes wrong in a compiled round makes the whole round run again there. A round
//!   changes nothing before it has succeeded, so nothing is done twice; and errors have one
//!   wording, because they have one source.

mod bulk;
mod code;
mod columns;
mod compile;
mod disasm;
mod machine;

pub use bulk::{Bulk, Cells, Crowd, CrowdLeft, Kept, Parted, region_words};
pub(crate) use code::Code;
pub(crate) use compile::compile;
pub use disasm::{Instruction, Listing, disassemble};
pub use machine::{Machine, Memory, Setting, Success};
