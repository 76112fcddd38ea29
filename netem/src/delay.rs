//! How long messages travel.

use crate::random::Stream;
use fieldrun_lang::Micros;
use std::fmt;

/// The time that a message takes, drawn for each one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// Always the same.
    Constant(Micros),
    /// Any time between the least and the greatest.
    Uniform(Micros, Micros),
    /// Mostly short and sometimes long, with this mean.
    Exponential(Micros),
    /// Around the mean; what would be less than nothing is nothing.
    Normal {
        /// The mean.
        mean: Micros,
        /// The standard deviation.
        deviation: Micros,
    },
    /// With the long tail of real networks.
    LogNormal {
        /// The mean of the times themselves, not of their logarithms.
        mean: Micros,
        /// Their standard deviation.
        deviation: Micros,
    },
}

impl Delay {
    /// One time.
    pub fn draw(&self, random: &mut Stream) -> Micros {
        let micros = match *self {
            Self::Constant(time) => return time,
            Self::Uniform(least, most) => random.between(least.0 as f64, most.0 as f64),
            Self::Exponential(mean) => mean.0 as f64 * random.exponential(),
            Self::Normal { mean, deviation } => {
                let [normal, _] = random.normal_pair();
                (mean.0 as f64 + deviation.0 as f64 * normal).max(0.0)
            }
            Self::LogNormal { mean: Micros(0), .. } => 0.0,
            Self::LogNormal { mean, deviation } => {
                let [normal, _] = random.normal_pair();
                let spread = deviation.0 as f64 / mean.0 as f64;
                // Of the logarithm: the mean of exp(m + s·normal) is exp(m + s²/2).
                let variance = libm::log1p(spread * spread);
                mean.0 as f64 * libm::exp(libm::sqrt(variance) * normal - variance / 2.0)
            }
        };
        Micros(micros.round() as u64)
    }
}

/// As scenarios write it: `20ms`, `uniform(10ms, 30ms)`, `lognormal(20ms, 10ms)`.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(time) => write!(f, "{}us", time.0),
            Self::Uniform(least, most) => write!(f, "uniform({}us, {}us)", least.0, most.0),
            Self::Exponential(mean) => write!(f, "exponential({}us)", mean.0),
            Self::Normal { mean, deviation } => {
                write!(f, "normal({}us, {}us)", mean.0, deviation.0)
            }
            Self::LogNormal { mean, deviation } => {
                write!(f, "lognormal({}us, {}us)", mean.0, deviation.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and deviation are what was asked for, within four standard errors.
    #[test]
    fn times_have_the_mean_and_the_deviation_that_were_asked_for() {
        const DRAWS: usize = 40_000;
        let (mean, deviation) = (Micros(20_000), Micros(5_000));
        let cases = [
            (Delay::Constant(mean), 0.0),
            (Delay::Uniform(Micros(10_000), Micros(30_000)), 20_000.0 / 12_f64.sqrt()),
            (Delay::Exponential(mean), 20_000.0),
            (Delay::Normal { mean, deviation }, 5_000.0),
            (Delay::LogNormal { mean, deviation }, 5_000.0),
        ];
        for (delay, deviation) in cases {
            let mut random = Stream::new(3, 0, 1_u64);
            let drawn: Vec<f64> = (0..DRAWS).map(|_| delay.draw(&mut random).0 as f64).collect();
            let mean = drawn.iter().sum::<f64>() / DRAWS as f64;
            let square = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64;
            let error = deviation / (DRAWS as f64).sqrt();
            assert!((mean - 20_000.0).abs() <= 4.0 * error, "{delay}: mean {mean}");
            // The relative error of a deviation is at most sqrt((kurtosis - 1) / 4n): for the
            // exponential, with kurtosis 9, that is 0.7 %.
            assert!((square.sqrt() - deviation).abs() <= 0.03 * deviation, "{delay}: {square}");
        }
    }

    #[test]
    fn no_time_is_negative_and_nothing_overflows() {
        let mut random = Stream::new(1, 0, 1_u64);
        let wide = Delay::Normal { mean: Micros(10), deviation: Micros(1_000) };
        let drawn: Vec<u64> = (0..1000).map(|_| wide.draw(&mut random).0).collect();
        assert!(drawn.contains(&0) && drawn.iter().all(|time| *time < 10_000), "{drawn:?}");
        let huge = Delay::LogNormal { mean: Micros(1), deviation: Micros(u64::MAX) };
        let drawn: Vec<Micros> = (0..1000).map(|_| huge.draw(&mut random)).collect();
        assert!(drawn.contains(&Micros(0)), "half of them lie far below the mean");
        let none = Delay::LogNormal { mean: Micros(0), deviation: Micros(5) };
        assert_eq!(none.draw(&mut random), Micros(0));
    }
}
