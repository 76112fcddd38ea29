//! The library of the fieldrun language: modules in the language itself, embedded in the binary,
//! and loading of programs with them.
#![forbid(unsafe_code)]

mod load;
mod modules;

pub use load::{HOST_FUNCTIONS, Library, LoadError, Loaded, load_file, load_text};
pub use modules::{module, modules};
