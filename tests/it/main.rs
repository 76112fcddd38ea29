//! Tests of the workspace as a whole: the language as its manual has it, and the published programs.

mod dialect;
mod enterprise;
mod network;
mod spec;
