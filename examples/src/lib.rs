//! fieldrun examples.
