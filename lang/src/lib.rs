//! The fieldrun language: text to program to one evaluated round.
//!
//! Pure: no I/O, no clock, no threads, no randomness of its own. The steps, in order:
//!
//! * `syntax` reads text into a tree and reports what it cannot read;
//! * `resolve` loads modules and gives every name its meaning ([`load`]);
//! * `checks` warns of what runs, but hardly as it is meant;
//! * `eval` runs one round of one device ([`run_round`]), with `natives` for the functions of the
//!   host language and `value` for the values.
//!
//! Whatever is wrong with a program is a [`Diagnostic`]: source line, caret, cause, remedy.
#![forbid(unsafe_code)]

mod checks;
mod diag;
mod eval;
mod id;
mod layout;
mod natives;
mod neighbors;
mod partings;
mod program;
mod resolve;
mod source;
mod syntax;
mod value;
mod vm;
mod walk;

pub use diag::{DiagCode, Diagnostic, Diagnostics, Severity};
pub use eval::{
    ActionRequest, Decided, Decision, Environment, Limits, MAX_NESTING, RoundInput, RoundOutput,
    Sharing, Trap, Visit, run_round, visits,
};
pub use id::{Micros, NodeId};
pub use layout::{ExportSlot, Exports, Layout, Region, State};
pub use neighbors::{Neighbor, NeighborSource};
pub use partings::partings;
pub use program::Program;
pub use resolve::{LoadOptions, ModuleSource, NoModules, load};
pub use source::{Source, Span};
pub use syntax::format;
pub use value::{Arity, Field, Function, List, Value, number_text};
pub use vm::{
    Bulk, Cells, Crowd, CrowdLeft, Instruction, Kept, Listing, Machine, Memory, Parted, Setting,
    Success, disassemble, region_words,
};
