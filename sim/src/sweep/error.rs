//! What can be wrong with a sweep.

use crate::SimError;
use thiserror::Error;

/// Why a sweep cannot be planned, run or put together. Every message names the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// What is varied cannot be read.
    #[error(
        "`{text}` varies nothing: {cause}; write KEY=1,2,5 or KEY=0..0.5/6 (six values, ends included)"
    )]
    Vary {
        /// What was written.
        text: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A range without a number of steps, in a product.
    #[error(
        "`{key}` is a range without a number of values; write {key}=LOW..HIGH/COUNT, or draw from it with --latin"
    )]
    Endless {
        /// The key.
        key: String,
    },
    /// Two ranges for one key.
    #[error("`{key}` is varied twice; write all of its values in one --vary")]
    Twice {
        /// The key.
        key: String,
    },
    /// More runs than anybody waits for.
    #[error(
        "{runs} runs are more than the limit of {limit}; take fewer values or seeds, or draw settings with --latin"
    )]
    TooMany {
        /// How many.
        runs: u128,
        /// The limit.
        limit: u64,
    },
    /// A shard that is not there.
    #[error("`{0}` is no shard; write 1/8 for the first of eight")]
    Shard(String),
    /// A key cannot be set in the scenario.
    #[error("cannot set `{key}`: {cause}")]
    Key {
        /// The key.
        key: String,
        /// Why.
        cause: String,
    },
    /// The scenario is wrong, with the values of a setting or without.
    #[error("{0}")]
    Scenario(Box<SimError>),
}
