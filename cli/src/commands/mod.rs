//! One module for each group of commands.

pub(crate) mod admin;
pub(crate) mod bench;
pub(crate) mod ca;
pub(crate) mod crowd;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod lib;
pub(crate) mod manifest;
pub(crate) mod new;
pub(crate) mod node;
pub(crate) mod program;
pub(crate) mod sim;
pub(crate) mod sweep;
mod tables;
pub(crate) mod trace;
pub(crate) mod verify;

use crate::output::Failure;
use std::future::Future;

/// Runs something asynchronous to its end. Two threads: a round that takes long must not hold up
/// the supervision of services.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    Ok(runtime.block_on(future))
}
