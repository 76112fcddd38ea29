//! One module for each group of commands.

pub(crate) mod program;
