//! Hysteresis: single probe results in, verdicts out (fault 6: a flapping probe does not flap
//! what depends on it).

/// How many results in a row make a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// This many failures in a row are a failure; at least 1.
    pub fail: u32,
    /// This many successes in a row are a success; at least 1.
    pub pass: u32,
}

/// What enough equal results in a row amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The threshold of successes is reached.
    Pass,
    /// The threshold of failures is reached.
    Fail,
}

/// Counts the results of one probe.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauge {
    passes: u32,
    fails: u32,
}

impl Gauge {
    /// Takes one result; says what it amounts to, again with each further equal result.
    pub fn feed(&mut self, ok: bool, thresholds: Thresholds) -> Option<Verdict> {
        if ok {
            self.fails = 0;
            self.passes = self.passes.saturating_add(1);
            (self.passes >= thresholds.pass).then_some(Verdict::Pass)
        } else {
            self.passes = 0;
            self.fails = self.fails.saturating_add(1);
            (self.fails >= thresholds.fail).then_some(Verdict::Fail)
        }
    }

    /// How many failures in a row were seen.
    pub fn fails(&self) -> u32 {
        self.fails
    }

    /// Forgets what was counted.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_results_in_a_row_count() {
        let thresholds = Thresholds { fail: 3, pass: 2 };
        let mut gauge = Gauge::default();
        let mut feed = |ok| gauge.feed(ok, thresholds);
        assert_eq!([feed(false), feed(false), feed(true)], [None; 3]);
        assert_eq!([feed(false), feed(false)], [None; 2]);
        assert_eq!([feed(false), feed(false)], [Some(Verdict::Fail); 2]);
        assert_eq!(feed(true), None);
        assert_eq!(feed(true), Some(Verdict::Pass));
    }
}
