//! Bytes from a hostile neighbour.
#![no_main]

#[path = "../../device/tests/it/neighbor.rs"]
mod neighbor;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| neighbor::sends(bytes));
