//! Which messages are lost.

use crate::random::Stream;

/// What a link loses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// Nothing.
    #[default]
    Never,
    /// Each message with this chance, whatever became of the others.
    Uniform(f64),
    /// Several in a row.
    Bursts(Bursts),
}

/// The model of Gilbert and Elliott: a link is good or bad, and changes between two messages with some
/// chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// The chance that a good link is bad at the next message.
    pub enter: f64,
    /// The chance that a bad link is good at the next message; its inverse is how many messages a bad
    /// spell lasts on average.
    pub leave: f64,
    /// The chance that a message is lost while the link is good.
    pub good: f64,
    /// The same while it is bad.
    pub bad: f64,
}

impl Bursts {
    /// Bursts of `length` lost messages on average, which make up `share` of all messages. Nothing if
    /// there is no such link: the share must be below 1 and the length at least 1; and with many
    /// losses the bursts cannot be short.
    pub fn new(share: f64, length: f64) -> Option<Self> {
        let leave = 1.0 / length;
        let enter = share * leave / (1.0 - share);
        // What is 1 may have been rounded up.
        let possible = (0.0..1.0).contains(&share) && length >= 1.0 && enter <= 1.0 + 1e-9;
        possible.then_some(Self { enter: enter.min(1.0), leave, good: 0.0, bad: 1.0 })
    }
}

impl Loss {
    /// Whether the next message of a link is lost. `bad` is whether the link is in a bad spell, false at
    /// first; only bursts look at it.
    pub fn hits(&self, bad: &mut bool, random: &mut Stream) -> bool {
        match *self {
            Self::Never => false,
            // Nothing is drawn for what cannot happen.
            Self::Uniform(share) => share > 0.0 && random.unit() < share,
            Self::Bursts(bursts) => {
                let change = if *bad { bursts.leave } else { bursts.enter };
                *bad ^= random.unit() < change;
                random.unit() < if *bad { bursts.bad } else { bursts.good }
            }
        }
    }

    /// The share of messages that are lost in the long run.
    pub fn share(&self) -> f64 {
        match *self {
            Self::Never => 0.0,
            Self::Uniform(share) => share,
            Self::Bursts(Bursts { enter, good, .. }) if enter <= 0.0 => good,
            Self::Bursts(Bursts { enter, leave, good, bad }) => {
                let bad_spell = enter / (enter + leave);
                bad_spell * bad + (1.0 - bad_spell) * good
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: usize = 200_000;

    fn losses(loss: Loss) -> Vec<bool> {
        let (mut bad, mut random) = (false, Stream::new(5, 0, 4_u64));
        (0..MESSAGES).map(|_| loss.hits(&mut bad, &mut random)).collect()
    }

    fn share(lost: &[bool]) -> f64 {
        lost.iter().filter(|lost| **lost).count() as f64 / lost.len() as f64
    }

    fn mean_run(lost: &[bool]) -> f64 {
        let runs = lost.chunk_by(|a, b| a == b).filter(|run| run.first() == Some(&true));
        let runs: Vec<f64> = runs.map(|run| run.len() as f64).collect();
        runs.iter().sum::<f64>() / runs.len() as f64
    }

    #[test]
    fn uniform_loss_has_its_share_and_no_memory() {
        let lost = losses(Loss::Uniform(0.2));
        // Standard error sqrt(0.2 * 0.8 / 200000) = 0.0009: four of them.
        assert!((share(&lost) - 0.2).abs() < 0.0036, "{}", share(&lost));
        // Runs of independent losses are geometric: mean 1.25, error 0.0031 with 32000 of them.
        assert!((mean_run(&lost) - 1.25).abs() < 0.0125, "{}", mean_run(&lost));
        assert_eq!(share(&losses(Loss::Never)), 0.0);
        assert_eq!(share(&losses(Loss::Uniform(1.0))), 1.0);
    }

    #[test]
    fn bursts_have_their_share_and_their_length() {
        let bursts = Bursts::new(0.1, 8.0).expect("such a link exists");
        let lost = losses(Loss::Bursts(bursts));
        // Losses come in 2500 bursts, geometric with mean 8 and deviation 7.5: the mean has an error
        // of 0.15, the share one of 0.1 * sqrt(2 / 2500) = 0.003.
        assert!((mean_run(&lost) - 8.0).abs() < 0.6, "{}", mean_run(&lost));
        assert!((share(&lost) - 0.1).abs() < 0.012, "{}", share(&lost));
        assert!((Loss::Bursts(bursts).share() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn both_states_may_lose() {
        let loss = Loss::Bursts(Bursts { enter: 0.02, leave: 0.1, good: 0.05, bad: 0.6 });
        // A sixth of the time bad: 0.1 + 0.0417. Correlation over about 8 messages: the error is
        // below 0.35 * sqrt(17 / 200000) = 0.0033.
        assert!((loss.share() - (0.6 / 6.0 + 0.05 * 5.0 / 6.0)).abs() < 1e-12);
        let share = share(&losses(loss));
        assert!((share - loss.share()).abs() < 0.013, "{share}");
    }

    #[test]
    fn impossible_bursts_are_refused() {
        for (share, length) in
            [(1.0, 5.0), (0.5, 0.5), (0.9, 2.0), (f64::NAN, 2.0), (0.1, f64::NAN)]
        {
            assert_eq!(Bursts::new(share, length), None, "{share} {length}");
        }
        assert!(Bursts::new(0.9, 9.0).is_some());
    }
}
