//! fieldrun stdlib.
