//! The small notations of configuration files: durations and command lines.

use std::time::Duration;

/// Longer than any timeout that makes sense, short enough never to overflow a clock.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads a duration such as `"200ms"`, `"5s"`, `"1.5s"`, `"2m"`, `"1h"` or `"3d"`.
///
/// # Errors
/// Says what is wrong and shows the notation.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(split);
    let seconds_per_unit = match unit.trim() {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "" => return Err(format!("`{text}` has no unit; write for example `200ms`, `5s` or `2m`")),
        other if other.starts_with('-') => {
            return Err(format!("`{text}` is negative; a duration is not"));
        }
        other => {
            return Err(format!(
                "`{text}` has the unknown unit `{other}`; use us, ms, s, m, h or d"
            ));
        }
    };
    let amount: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is not a duration; write for example `200ms` or `5s`"))?;
    let duration = Duration::try_from_secs_f64(amount * seconds_per_unit)
        .map_err(|_| format!("`{text}` is too long; the longest duration is 366d"))?;
    if duration > MAX_DURATION {
        return Err(format!("`{text}` is too long; the longest duration is 366d"));
    }
    Ok(duration)
}

/// Splits a command line into words as a shell does, without any of a shell's expansions: blanks
/// separate, `'…'` and `"…"` hold together, `\` takes the next character literally.
///
/// # Errors
/// Names a quote that is never closed or a backslash at the end.
pub fn split_words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err(format!("`{line}` ends with a lone backslash")),
            },
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if let Some(q) = quote {
        return Err(format!("`{line}` has an opening {q} without the closing one"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let ms = Duration::from_millis;
        for (text, expected) in [
            ("200ms", ms(200)),
            ("5s", ms(5000)),
            ("1.5s", ms(1500)),
            ("2m", ms(120_000)),
            ("1h", ms(3_600_000)),
            (" 250us ", Duration::from_micros(250)),
            ("0s", ms(0)),
        ] {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
        }
        for (text, word) in [
            ("5", "no unit"),
            ("", "no unit"),
            ("5 parsecs", "unknown unit"),
            ("-5s", "is negative"),
            ("1.2.3s", "not a duration"),
            ("s", "not a duration"),
            ("400d", "too long"),
            ("99999999999999999999999d", "too long"),
        ] {
            let message = parse_duration(text).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    #[test]
    fn words() {
        for (line, expected) in [
            ("a b  c", vec!["a", "b", "c"]),
            ("sh -c 'echo \"hi\" $x'", vec!["sh", "-c", "echo \"hi\" $x"]),
            (r#"a\ b "c\"d" e''f ''"#, vec!["a b", "c\"d", "ef", ""]),
            (r"'a\b'", vec![r"a\b"]),
            ("   ", vec![]),
        ] {
            assert_eq!(split_words(line).unwrap(), expected, "{line}");
        }
        assert!(split_words("a 'b").unwrap_err().contains("closing"));
        assert!(split_words("a\\").unwrap_err().contains("backslash"));
    }
}
