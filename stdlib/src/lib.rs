//! The library of the fieldrun language: modules in the language itself, embedded in the binary.

mod modules;

pub use modules::{module, modules};
