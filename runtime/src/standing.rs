//! What a node says of a service to all its neighbours, in the status block of the service's
//! frames: two bytes that every version of every program can read.
//!
//! ```text
//! byte 0          the status: 0 stop, 1 starting, 2 run, 3 stopping, 4 hung
//! byte 1  bit 0   ready
//!         bit 1   wanted down
//!         bits 2-3  what is wrong: 0 nothing, 1 crashed, 2 faulty
//!         bits 4-5  the repair: 0 none, 1 under way, 2 done, 3 given up
//! ```
//!
//! Later versions may add bytes; what follows is not read.

use fieldrun_glue::{Desired, Fault, Repair, ServiceSnapshot, Status};
use serde::{Deserialize, Serialize};

const STATUSES: [Status; 5] =
    [Status::Stop, Status::Starting, Status::Run, Status::Stopping, Status::Hung];
const FAULTS: [Fault; 3] = [Fault::None, Fault::Crashed, Fault::Faulty];
const REPAIRS: [Repair; 4] =
    [Repair::None, Repair::Repairing, Repair::Repaired, Repair::Unrecoverable];

/// The state of a service, as its neighbours are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// One of the five values.
    pub status: Status,
    /// The service runs and its last readiness verdict was positive.
    pub ready: bool,
    /// What the operator wants.
    pub desired: Desired,
    /// What is wrong.
    pub fault: Fault,
    /// Where the repair stands.
    pub repair: Repair,
}

impl From<&ServiceSnapshot> for Standing {
    fn from(service: &ServiceSnapshot) -> Self {
        let ServiceSnapshot { status, ready, desired, fault, repair, .. } = *service;
        Self { status, ready, desired, fault, repair }
    }
}

impl Standing {
    pub(crate) fn encode(self) -> [u8; 2] {
        let place = |found: Option<usize>| found.and_then(|i| u8::try_from(i).ok()).unwrap_or(0);
        let status = place(STATUSES.iter().position(|s| *s == self.status));
        let fault = place(FAULTS.iter().position(|f| *f == self.fault));
        let repair = place(REPAIRS.iter().position(|r| *r == self.repair));
        let down = u8::from(self.desired == Desired::Down);
        [status, u8::from(self.ready) | down << 1 | fault << 2 | repair << 4]
    }

    /// Nothing if there is no service, or a later version says what this one does not know.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (status, rest) = (*bytes.first()?, *bytes.get(1)?);
        let down = rest >> 1 & 1 == 1;
        Some(Self {
            status: *STATUSES.get(usize::from(status))?,
            ready: rest & 1 == 1,
            desired: if down { Desired::Down } else { Desired::Up },
            fault: *FAULTS.get(usize::from(rest >> 2 & 3))?,
            repair: *REPAIRS.get(usize::from(rest >> 4 & 3))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_survives_and_unknown_ones_are_none() {
        let mut seen = std::collections::BTreeSet::new();
        for status in STATUSES {
            for fault in FAULTS {
                for repair in REPAIRS {
                    for (ready, desired) in [(true, Desired::Up), (false, Desired::Down)] {
                        let standing = Standing { status, ready, desired, fault, repair };
                        assert_eq!(Standing::decode(&standing.encode()), Some(standing));
                        seen.insert(standing.encode());
                    }
                }
            }
        }
        assert_eq!(seen.len(), 5 * 3 * 4 * 2, "no two are written alike");
        assert_eq!(Standing::decode(&[]), None);
        assert_eq!(Standing::decode(&[5, 0]), None);
        assert_eq!(Standing::decode(&[2, 0b1100]), None);
        assert!(Standing::decode(&[2, 1, 99]).is_some(), "later versions may say more");
    }
}
