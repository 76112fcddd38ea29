//! Random numbers of a simulation: what each stream of a device is for.

pub(crate) use fieldrun_netem::{Stream, stream_seed};

/// What a stream is for. The numbers are part of the meaning of a seed: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Where a device stands at the start.
    Place = 1,
    /// How it moves.
    Walk = 2,
    /// When it fires.
    Schedule = 3,
    /// What happens to the messages that it sends.
    Link = 4,
    /// What its program draws.
    Program = 5,
    /// Where the centres of clusters are.
    Clusters = 6,
    /// How far its clock is off.
    Drift = 7,
    /// What faults make of its values.
    Fault = 8,
    /// What expressions of the scenario draw.
    Environment = 20,
    /// Whether two devices are linked whose distance leaves it to chance.
    Fading = 21,
    /// What happens to the messages that it sends while a fault lasts.
    Disturbance = 40,
    /// When a process of faults strikes, and whom; by the number of the fault.
    Process = 41,
    /// The noise of its sensors.
    Noise = 42,
    /// When it comes and goes.
    Churn = 43,
    /// Which settings of a sweep a Latin hypercube takes; by the number of the key.
    Latin = 60,
}

impl From<Purpose> for u64 {
    fn from(purpose: Purpose) -> Self {
        purpose as Self
    }
}

/// The seed of one of several streams that a device has for a purpose, told apart by a name.
pub(crate) fn keyed_seed(seed: u64, device: u64, purpose: Purpose, name: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let key = name.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    stream_seed(seed.wrapping_add(key), device, purpose)
}
