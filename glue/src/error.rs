//! What can go wrong when services are put under management.

use std::path::PathBuf;

/// Why a set of services cannot be managed.
///
/// A service that cannot be *started* is no such error: it reports it in its own status, and the
/// others are not affected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GlueError {
    /// An id is empty, too long or has characters that do not belong into a name.
    #[error("service id `{id}` is not usable: {problem}; use letters, digits and `-_.:@`")]
    BadId {
        /// The id as given.
        id: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two services have the same id.
    #[error("service id `{id}` is given twice; every service of the network needs its own")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A service lists itself as its dependency.
    #[error("service `{id}` depends on itself; remove `{id}` from its dependencies")]
    SelfDependency {
        /// The id.
        id: String,
    },
    /// Services of this node wait for each other in a circle.
    #[error("dependency cycle {}; none of them could ever start: remove one of the dependencies",
            .cycle.join(" -> "))]
    Cycle {
        /// The ids along the circle; the first is repeated at the end.
        cycle: Vec<String>,
    },
    /// There is nothing to start.
    #[error("service `{id}` has no start command; set `exec = [\"program\", \"argument\"]`")]
    NoCommand {
        /// The id.
        id: String,
    },
    /// A value is outside of what is supported.
    #[error("service `{id}`: {problem}")]
    OutOfRange {
        /// The id.
        id: String,
        /// What is wrong, with the bounds.
        problem: String,
    },
    /// The state folder cannot be used.
    #[error("cannot use the state folder {}: {source}; make it writable or choose another one",
            .path.display())]
    StateDir {
        /// The folder or a file in it.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another daemon manages services with the same state folder.
    #[error("the state folder {} is in use by another daemon; stop that one or choose another \
             folder", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}
