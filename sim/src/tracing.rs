//! Which rounds are asked what they see at a call site.

use fieldrun_device::NodeId;
use fieldrun_device::trace::CallSite;
use std::ops::RangeInclusive;

/// A call site, and the devices and rounds that are asked about it.
#[derive(Clone, Debug)]
pub struct Tracing {
    /// The place in the program.
    pub at: CallSite,
    /// The devices; the first one if none is named.
    pub devices: Vec<NodeId>,
    /// The numbers of their rounds; the first round is 1.
    pub rounds: RangeInclusive<u64>,
}
