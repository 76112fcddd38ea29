//! fieldrun glue.
