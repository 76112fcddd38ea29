//! fieldrun runtime.
