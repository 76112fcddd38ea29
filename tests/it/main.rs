//! Tests of the workspace as a whole: the language as its manual has it, and the published programs.

#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "a test may say what it expects")]

mod architecture;
mod bad_input;
mod bench;
mod blocks;
mod crowd;
mod devices;
mod dialect;
mod docs;
mod enterprise;
mod examples;
mod fmt;
mod library;
mod live;
mod long_runs;
mod network;
mod parity;
mod relay;
mod repeat;
mod scenarios;
mod security;
mod spec;
mod sweep;
mod verify;
mod warnings;
mod workloads;
