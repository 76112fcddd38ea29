//! Tests of the simulator through its public interface.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests say what they expect and fail otherwise"
)]

mod checkpoint;
mod common;
mod crowd;
mod determinism;
mod effective;
mod engines;
mod faults;
mod live;
mod maps;
mod mistakes;
mod oracle;
mod parquet;
mod reactive;
mod runs;
mod sabotage;
mod scenario;
mod simulation;
mod theory;
mod verify;
mod workloads;
