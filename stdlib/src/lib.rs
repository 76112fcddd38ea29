//! The library of the fieldrun language: modules in the language itself, embedded in the binary,
//! and loading of programs with them.
#![forbid(unsafe_code)]

mod library;
mod load;
mod modules;

pub use library::{
    LibraryFunction, all_functions, find_functions, find_modules, functions, headline,
    module_documentation, nearest,
};
pub use load::{HOST_FUNCTIONS, Library, LoadError, Loaded, load_edited, load_file, load_text};
pub use modules::{module, modules};
