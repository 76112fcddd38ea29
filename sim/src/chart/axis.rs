//! Axes: round numbers, and the way from numbers to pixels.

/// About how many steps an axis has.
const STEPS: f64 = 5.0;

/// An axis from a round number to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    least: f64,
    most: f64,
    step: f64,
}

impl Axis {
    /// As `over`, but ends with the last number, so that lines fill the width.
    pub(super) fn up_to_last(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let last = numbers.clone().filter(|number| number.is_finite()).fold(f64::MIN, f64::max);
        let axis = Self::over(numbers);
        match last > axis.least && last < axis.most {
            true => Self { most: last, ..axis },
            false => axis,
        }
    }

    /// An axis that has all the numbers; from 0 to 1 without any.
    pub(super) fn over(numbers: impl Iterator<Item = f64>) -> Self {
        let all = numbers.filter(|number| number.is_finite()).fold(None, |range, number| {
            let (least, most) = range.unwrap_or((number, number));
            Some((f64::min(least, number), f64::max(most, number)))
        });
        let (least, most) = match all {
            Some((least, most)) if least < most => (least, most),
            // One number alone: an axis of one around it or from zero.
            Some((number, _)) => (number.min(0.0), number.max(0.0).max(number.min(0.0) + 1.0)),
            None => (0.0, 1.0),
        };
        let step = round_step((most - least) / STEPS);
        let (least, most) = ((least / step).floor() * step, (most / step).ceil() * step);
        Self { least, most, step }
    }

    /// Where a number lies, from 0 to 1.
    pub(super) fn share(&self, number: f64) -> f64 {
        (number - self.least) / (self.most - self.least)
    }

    /// The round numbers on it.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f64> {
        // The epsilon keeps a last one that is off by a rounding.
        let count = ((self.most - self.least) / self.step + 1e-9).floor() as usize;
        // Rounded, so that 0.1 + 0.2 is labelled 0.3.
        let neat = |number: f64| (number * 1e9).round() / 1e9;
        (0..=count).map(move |tick| neat(self.least + self.step * tick as f64))
    }
}

/// The least of 1, 2, 5 and 10 times a power of ten that is not below a length above zero.
pub(super) fn round_step(length: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(length)));
    let step = [1.0, 2.0, 5.0].into_iter().map(|n| n * power).find(|n| *n >= length * 0.999_999);
    step.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(numbers: &[f64]) -> Vec<f64> {
        Axis::over(numbers.iter().copied()).ticks().collect()
    }

    #[test]
    fn axes_have_round_numbers() {
        assert_eq!(ticks(&[0.0, 900.0]), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        assert_eq!(ticks(&[0.0, 0.5]), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(ticks(&[-3.0, 7.0]), [-4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(ticks(&[]), ticks(&[0.0, 1.0]));
        assert_eq!(ticks(&[0.0]), ticks(&[0.0, 1.0]));
        assert_eq!(ticks(&[f64::NAN, 5.0]), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(ticks(&[-5.0]), [-5.0, -4.0, -3.0, -2.0, -1.0, 0.0]);
    }

    #[test]
    fn numbers_have_their_place() {
        let axis = Axis::over([0.0, 900.0].into_iter());
        assert_eq!(axis.share(0.0), 0.0);
        assert_eq!(axis.share(250.0), 0.25);
        let axis = Axis::up_to_last([1.0, 900.0].into_iter());
        assert_eq!((axis.share(0.0), axis.share(900.0)), (0.0, 1.0));
        assert_eq!(axis.ticks().last(), Some(800.0));
    }
}
