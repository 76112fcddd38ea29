//! How good it is what devices say: right, wrong, and late. Pure.

use serde::Serialize;

/// What one device says of its surroundings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// There was a crowd here a short time ago.
    pub crowded: bool,
    /// The crowd here is dangerous.
    pub dangerous: bool,
    /// Its owner is warned.
    pub warned: bool,
}

/// Compares what is said of one thing with what is true, second by second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    hits: u64,
    false_alarms: u64,
    misses: u64,
    /// Of each device: the thing as it was last.
    was_true: Vec<bool>,
    /// Of each device: since when the thing is true without being said.
    unsaid: Vec<Option<f64>>,
    /// Seconds from the time at which the thing became true until it was said.
    delays: Vec<f64>,
    /// How often it was no longer true before it was said.
    never: u64,
}

impl Score {
    /// What is said and true of some devices at a time, always the same devices; `true` twice is a
    /// hit. Gives the number of hits.
    pub(crate) fn watch(&mut self, now: f64, devices: impl Iterator<Item = (bool, bool)>) -> usize {
        let mut hits = 0;
        for (device, (said, is_true)) in devices.enumerate() {
            if device == self.was_true.len() {
                self.was_true.push(false);
                self.unsaid.push(None);
            }
            let slots = self.was_true.get_mut(device).zip(self.unsaid.get_mut(device));
            let Some((was_true, unsaid)) = slots else { continue };
            match (said, is_true) {
                (true, true) => hits += 1,
                (true, false) => self.false_alarms += 1,
                (false, true) => self.misses += 1,
                (false, false) => {}
            }
            if is_true && !*was_true {
                *unsaid = Some(now);
            }
            *was_true = is_true;
            match *unsaid {
                Some(since) if said && is_true => {
                    self.delays.push(now - since);
                    *unsaid = None;
                }
                Some(_) if !is_true => {
                    self.never += 1;
                    *unsaid = None;
                }
                _ => {}
            }
        }
        self.hits += hits as u64;
        hits
    }

    /// The figures, when the run is over.
    pub(crate) fn figures(mut self) -> Figures {
        self.delays.sort_by(f64::total_cmp);
        let open = self.unsaid.iter().flatten().count() as u64;
        Figures {
            precision: share(self.hits, self.false_alarms),
            recall: share(self.hits, self.misses),
            hits: self.hits,
            false_alarms: self.false_alarms,
            misses: self.misses,
            onsets: self.delays.len() as u64 + self.never + open,
            unnoticed: self.never + open,
            delay_median_s: rank(&self.delays, 0.5),
            delay_90_s: rank(&self.delays, 0.9),
        }
    }
}

/// How good what devices say of one thing is, over a whole run; counted are seconds of devices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// How much of what was said is true; none if nothing was said.
    pub precision: Option<f64>,
    /// How much of what is true was said; none if nothing was true.
    pub recall: Option<f64>,
    /// Seconds of devices that said what was true.
    pub hits: u64,
    /// Seconds of devices that said what was not true.
    pub false_alarms: u64,
    /// Seconds of devices that did not say what was true.
    pub misses: u64,
    /// How often it became true for a device.
    pub onsets: u64,
    /// How often of these it was no longer true, or the run was over, before the device said it.
    pub unnoticed: u64,
    /// Seconds from becoming true to being said, of the onsets that were noticed: the median.
    pub delay_median_s: Option<f64>,
    /// The same: nine of ten are not longer.
    pub delay_90_s: Option<f64>,
}

fn share(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| part as f64 / (part + rest) as f64)
}

/// The least number that at least a share of the sorted numbers does not exceed.
fn rank(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of one device: what is said and true in each second, from 1 on.
    fn judged(said: &str, is_true: &str) -> Figures {
        let mut score = Score::default();
        for (second, pair) in said.bytes().zip(is_true.bytes()).enumerate() {
            let pair = (pair.0 == b'x', pair.1 == b'x');
            score.watch(second as f64 + 1.0, std::iter::once(pair));
        }
        score.figures()
    }

    #[test]
    fn precision_and_recall_count_seconds_of_devices() {
        let figures = judged("..xxxx.", ".xxxx..");
        assert_eq!((figures.hits, figures.false_alarms, figures.misses), (3, 1, 1));
        assert_eq!(figures.precision, Some(0.75));
        assert_eq!(figures.recall, Some(0.75));
    }

    #[test]
    fn what_is_never_said_has_no_precision_and_what_is_never_true_no_recall() {
        let silent = judged("....", ".xx.");
        assert_eq!((silent.precision, silent.recall), (None, Some(0.0)));
        assert_eq!((silent.onsets, silent.unnoticed, silent.delay_median_s), (1, 1, None));
        let wrong = judged("..x.", "....");
        assert_eq!((wrong.precision, wrong.recall), (Some(0.0), None));
    }

    #[test]
    fn delays_run_from_the_onset() {
        // Two seconds late, at once, and not at all before it is over.
        let figures = judged("...xx..xx......", ".xxxx..xx..xxx.");
        assert_eq!((figures.onsets, figures.unnoticed), (3, 1));
        assert_eq!((figures.delay_median_s, figures.delay_90_s), (Some(0.0), Some(2.0)));
        // Said before it is true: no delay. Open at the end: unnoticed so far.
        let figures = judged("xxx......", ".xx....xx");
        assert_eq!((figures.onsets, figures.unnoticed), (2, 1));
        assert_eq!(figures.delay_90_s, Some(0.0));
    }

    #[test]
    fn ranks_are_of_the_sorted_numbers() {
        let numbers: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(rank(&numbers, 0.5), Some(5.0));
        assert_eq!(rank(&numbers, 0.9), Some(9.0));
        assert_eq!(rank(&[7.0], 0.9), Some(7.0));
        assert_eq!(rank(&[], 0.5), None);
    }
}
