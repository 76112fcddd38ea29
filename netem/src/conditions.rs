//! What a link does to each message.

use crate::delay::Delay;
use crate::loss::Loss;
use crate::random::Stream;
use fieldrun_lang::Micros;

/// The most copies of one message that duplication makes, whatever it passes.
pub const MAX_COPIES: usize = 16;

/// What a link does to messages. The default does nothing: they arrive at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// What it loses.
    pub loss: Loss,
    /// How long a message travels; without it, no time at all.
    pub delay: Option<Delay>,
    /// The share of messages that arrive twice.
    pub duplicate: f64,
    /// Messages that are held back, so that later ones overtake them.
    pub reorder: Option<Reorder>,
}

/// Messages that are held back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reorder {
    /// The share of messages.
    pub share: f64,
    /// By how much, besides their delay.
    pub by: Delay,
}

impl Conditions {
    /// Whether the link does nothing to any message.
    pub fn are_perfect(&self) -> bool {
        *self == Self::default()
    }

    /// Lets a message pass. `copies` has the delay of each copy so far; afterwards it has those that
    /// are left, with what the link added. `bad` is the memory of this link in this direction, false at
    /// first.
    ///
    /// So links in a row are passed one after the other, from one copy without delay on.
    pub fn pass(&self, copies: &mut Vec<Micros>, bad: &mut bool, random: &mut Stream) {
        copies.retain(|_| !self.loss.hits(bad, random));
        if self.duplicate > 0.0 {
            for index in 0..copies.len().min(MAX_COPIES / 2) {
                if random.unit() < self.duplicate
                    && let Some(copy) = copies.get(index).copied()
                {
                    copies.push(copy);
                }
            }
        }
        for copy in copies {
            let mut add = |time: Micros| *copy = Micros(copy.0.saturating_add(time.0));
            if let Some(delay) = &self.delay {
                add(delay.draw(random));
            }
            if let Some(reorder) = &self.reorder
                && random.unit() < reorder.share
            {
                add(reorder.by.draw(random));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(conditions: Conditions, messages: usize) -> Vec<Vec<Micros>> {
        let (mut bad, mut random) = (false, Stream::new(8, 0, 4_u64));
        let message = |_| {
            let mut copies = vec![Micros(0)];
            conditions.pass(&mut copies, &mut bad, &mut random);
            copies
        };
        (0..messages).map(message).collect()
    }

    #[test]
    fn the_default_lets_everything_pass_at_once() {
        assert!(Conditions::default().are_perfect());
        let all = passed(Conditions::default(), 10);
        assert!(all.iter().all(|copies| *copies == [Micros(0)]));
    }

    #[test]
    fn duplicates_travel_on_their_own() {
        let delay = Some(Delay::Uniform(Micros(0), Micros(1_000_000)));
        let all = passed(Conditions { duplicate: 0.25, delay, ..Conditions::default() }, 20_000);
        let twice = all.iter().filter(|copies| copies.len() == 2).count();
        // Standard error sqrt(0.25 * 0.75 * 20000) = 61: four of them.
        assert!((4756..=5244).contains(&twice), "{twice}");
        assert!(all.iter().all(|copies| (1..=2).contains(&copies.len())));
        let alike = all.iter().filter(|c| c.len() == 2 && c.first() == c.last()).count();
        assert!(alike < 5, "two draws of a million are equal once in a million: {alike}");
    }

    #[test]
    fn some_are_held_back() {
        let by = Delay::Constant(Micros(50));
        let reorder = Some(Reorder { share: 0.1, by });
        let delay = Some(Delay::Constant(Micros(10)));
        let all = passed(Conditions { reorder, delay, ..Conditions::default() }, 10_000);
        let late = all.iter().filter(|copies| **copies == [Micros(60)]).count();
        // Standard error 30.
        assert!((880..=1120).contains(&late), "{late}");
        assert!(all.iter().all(|copies| *copies == [Micros(60)] || *copies == [Micros(10)]));
    }

    #[test]
    fn copies_do_not_multiply_without_end() {
        let (mut bad, mut random) = (false, Stream::new(8, 0, 4_u64));
        let doubling = Conditions { duplicate: 1.0, ..Conditions::default() };
        let mut copies = vec![Micros(0)];
        (0..20).for_each(|_| doubling.pass(&mut copies, &mut bad, &mut random));
        assert!(copies.len() < 20 * MAX_COPIES, "{}", copies.len());
    }
}
