//! fieldrun sim.
