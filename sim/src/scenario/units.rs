//! Durations as people write them.

use fieldrun_device::Micros;

/// The longest duration that a scenario may name: a hundred years.
const MAX_SECONDS: f64 = 100.0 * 365.25 * 86_400.0;

/// Reads `100ms`, `1.5s`, `30m`, `2h` or `250us`.
pub(crate) fn duration(text: &str) -> Result<Micros, String> {
    let text = text.trim();
    let digits = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{text}` is not a duration")),
    };
    let number: f64 = number.trim().parse().map_err(|_| format!("`{text}` is not a duration"))?;
    from_seconds(number * seconds)
}

/// Whole microseconds of a number of seconds.
pub(crate) fn from_seconds(seconds: f64) -> Result<Micros, String> {
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(format!("{seconds} s is not between 0 and a hundred years"));
    }
    Ok(Micros((seconds * 1e6).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units() {
        let cases = [
            ("100ms", 100_000),
            ("1.5s", 1_500_000),
            ("30m", 1_800_000_000),
            ("2 h", 7_200_000_000),
            ("250us", 250),
            ("0s", 0),
        ];
        for (text, micros) in cases {
            assert_eq!(duration(text), Ok(Micros(micros)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "5", "s", "-1s", "1 parsec", "1e300h", "NaNs", "1s2"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
