//! How sure a mean over seeds is.

use crate::shown::Plain;
use crate::summary::rounded;
use std::fmt;

/// With fewer seeds nothing is said of how sure a mean is, and after so many more it is asked again.
pub const MIN_SEEDS: u64 = 5;

/// Quantiles of Student's t that leave 2.5 % above, for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
/// And for more than that: at least so many degrees of freedom.
const STUDENT_BEYOND: [(usize, f64); 4] = [(120, 1.980), (60, 2.000), (40, 2.021), (30, 2.042)];

/// The mean of some numbers with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// How many numbers.
    pub count: usize,
    /// Their mean; not a number if there are none.
    pub mean: f64,
    /// Their standard deviation; not a number for less than two.
    pub deviation: f64,
    /// Half the width of the interval; not a number for less than two.
    pub half: f64,
}

impl Interval {
    /// Of all numbers among these.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let freedom = count.saturating_sub(1);
        let deviation = if freedom == 0 { f64::NAN } else { libm::sqrt(squares / freedom as f64) };
        let half = student(freedom) * deviation / libm::sqrt(count as f64);
        Self { count, mean, deviation, half }
    }

    /// The least and the greatest value of the interval; the mean itself where nothing is known.
    pub fn bounds(&self) -> (f64, f64) {
        match self.half.is_nan() {
            true => (self.mean, self.mean),
            false => (self.mean - self.half, self.mean + self.half),
        }
    }

    /// Whether half the interval is no more than this share of the mean. A mean of zero is sure when
    /// all values are zero.
    pub fn is_within(&self, share: f64) -> bool {
        self.half <= share * self.mean.abs()
    }
}

/// `12.5 ± 0.3`, as people read it.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mean.is_nan(), self.half.is_nan()) {
            (true, _) => f.write_str("–"),
            (false, true) => write!(f, "{}", Plain(rounded(self.mean))),
            (false, false) => {
                let half = format!("{:.1e}", self.half).parse().unwrap_or(self.half);
                write!(f, "{} ± {}", Plain(rounded(self.mean)), Plain(half))
            }
        }
    }
}

fn student(freedom: usize) -> f64 {
    match STUDENT.get(freedom.wrapping_sub(1)) {
        Some(quantile) => *quantile,
        None => {
            let beyond = STUDENT_BEYOND.iter().find(|(least, _)| freedom >= *least);
            beyond.map_or(f64::NAN, |(_, quantile)| *quantile)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_textbook() {
        // Mean 6, deviation sqrt(10): half of it is 2.776 * sqrt(10) / sqrt(5).
        let interval = Interval::of([2.0, 4.0, 6.0, 8.0, 10.0, f64::NAN]);
        assert_eq!((interval.count, interval.mean), (5, 6.0));
        assert!((interval.deviation - 10f64.sqrt()).abs() < 1e-12);
        assert!((interval.half - 2.776 * 2f64.sqrt()).abs() < 1e-9);
        assert!(!interval.is_within(0.5) && interval.is_within(0.7));
    }

    #[test]
    fn few_or_no_numbers_leave_nothing_sure() {
        assert!(Interval::of([]).mean.is_nan());
        let one = Interval::of([3.0]);
        assert_eq!(one.bounds(), (3.0, 3.0));
        assert!(!one.is_within(1.0));
        assert!(Interval::of([0.0, 0.0]).is_within(0.0));
        assert!(Interval::of(vec![1.0; 1000]).is_within(0.0));
    }

    #[test]
    fn means_are_shown_with_what_is_sure_of_them() {
        assert_eq!(Interval::of([1.0, 2.0, 3.0]).to_string(), "2 ± 2.5");
        assert_eq!(Interval::of([2.0]).to_string(), "2");
        assert_eq!(Interval::of([]).to_string(), "–");
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_truth() {
        // Means of 8 uniform numbers around 0.5, 2000 times: 95 % within 4 deviations of a
        // binomial, sqrt(2000 * 0.95 * 0.05) = 9.7.
        let mut random = crate::random::Stream::new(7, 0, crate::random::Purpose::Latin);
        let holds = |_: &i32| {
            let (low, high) = Interval::of((0..8).map(|_| random.unit())).bounds();
            low <= 0.5 && 0.5 <= high
        };
        let held = (0..2000).filter(holds).count();
        assert!((1900 - 39..=1900 + 39).contains(&held), "{held}");
    }
}
