//! Durations, lengths and speeds as people write them.

use fieldrun_device::Micros;

/// The longest duration that a scenario may name: a hundred years.
const MAX_SECONDS: f64 = 100.0 * 365.25 * 86_400.0;

/// Reads `100ms`, `1.5s`, `30m`, `2h` or `250us`.
pub(crate) fn duration(text: &str) -> Result<Micros, String> {
    let text = text.trim();
    let (number, unit) = parts(text);
    let seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{text}` is not a duration")),
    };
    let number = number.ok_or_else(|| format!("`{text}` is not a duration"))?;
    from_seconds(number * seconds)
}

/// Reads `30m`, `1.5km`, `20cm` or `5mm`, as metres.
pub(crate) fn length(text: &str) -> Option<f64> {
    let (number, unit) = parts(text.trim());
    let metres = match unit {
        "mm" => 1e-3,
        "cm" => 1e-2,
        "m" => 1.0,
        "km" => 1e3,
        _ => return None,
    };
    number.map(|number| number * metres)
}

/// Reads `1.5m/s` or `30km/h`, as metres per second.
pub(crate) fn speed(text: &str) -> Option<f64> {
    let (number, unit) = parts(text.trim());
    match unit {
        "m/s" => number,
        "km/h" => number.map(|number| number / 3.6),
        _ => None,
    }
}

/// A duration as [`duration`] reads it.
pub(crate) fn duration_text(time: Micros) -> String {
    match time.0 {
        micros if micros % 1_000_000 == 0 => format!("{}s", micros / 1_000_000),
        micros if micros % 1000 == 0 => format!("{}ms", micros / 1000),
        micros => format!("{micros}us"),
    }
}

/// The same as a value of a scenario file.
pub(crate) fn duration_value(time: Micros) -> toml::Value {
    toml::Value::String(duration_text(time))
}

/// A number and its unit.
fn parts(text: &str) -> (Option<f64>, &str) {
    // The letter of an exponent belongs to the number: 1e3m.
    let exponent = |at: usize| {
        let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(|next| next.is_ascii_digit() || next == '-')
    };
    let start = text
        .char_indices()
        .find(|(at, c)| c.is_alphabetic() && !(matches!(c, 'e' | 'E') && *at > 0 && exponent(*at)));
    let (number, unit) = text.split_at(start.map_or(text.len(), |(at, _)| at));
    (number.trim().parse().ok().filter(|number: &f64| number.is_finite()), unit.trim())
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
    fn reads_lengths_and_speeds() {
        let lengths = [("30m", 30.0), ("1.5 km", 1500.0), ("20cm", 0.2), ("-5mm", -0.005)];
        for (text, metres) in lengths {
            assert_eq!(length(text), Some(metres), "{text}");
        }
        assert_eq!((length("1e3m"), length("1e-1 km")), (Some(1000.0), Some(100.0)));
        assert_eq!((speed("1.5m/s"), speed("36km/h")), (Some(1.5), Some(10.0)));
        for text in ["", "m", "30", "30s", "3 m/s", "NaNm", "1e999m", "infm"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "5", "s", "-1s", "1 parsec", "1e300h", "NaNs", "1s2"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
