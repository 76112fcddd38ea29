//! What devices did in a case, for blocks whose values depend on time.

use fieldrun_device::Value;

/// One round of a device.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// When, in seconds.
    pub(crate) at: f64,
    /// `self.getDeltaTime()` in it.
    pub(crate) delta: f64,
    /// What came of it.
    pub(crate) value: Value,
}

/// The rounds of each device since it last started, by ascending id, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct History {
    rounds: Vec<Vec<Round>>,
    /// Whether every round counts one second, from the first one on.
    logical: bool,
}

impl History {
    pub(crate) fn new(devices: usize, logical: bool) -> Self {
        Self { rounds: vec![Vec::new(); devices], logical }
    }

    pub(crate) fn is_logical(&self) -> bool {
        self.logical
    }

    /// The rounds of a device; as seen from one of them that one is the last.
    pub(crate) fn of(&self, device: usize) -> &[Round] {
        self.rounds.get(device).map_or(&[], Vec::as_slice)
    }

    /// The time for which a device has run since it last started, by its own clock, after each of
    /// its rounds.
    pub(crate) fn elapsed(&self, device: usize) -> Vec<f64> {
        let mut sum = 0.0;
        let add = |round: &Round| {
            sum += round.delta;
            sum
        };
        self.of(device).iter().map(add).collect()
    }

    pub(crate) fn push(&mut self, device: usize, at: f64, value: Value) {
        let Some(rounds) = self.rounds.get_mut(device) else { return };
        let since_last = rounds.last().map_or(0.0, |last| at - last.at);
        let delta = if self.logical { 1.0 } else { since_last };
        rounds.push(Round { at, delta, value });
    }

    /// A device loses all it knows.
    pub(crate) fn restart(&mut self, device: usize) {
        if let Some(rounds) = self.rounds.get_mut(device) {
            rounds.clear();
        }
    }
}
