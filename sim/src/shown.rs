//! Values of programs as recorders and pictures see them.

use fieldrun_device::{NodeId, Value, json};
use std::fmt;

/// A value reduced to what can be counted, averaged and coloured.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// No value: before the first round, or after a failed one.
    Nothing,
    /// A number, finite or not.
    Number(f64),
    /// A truth value.
    Truth(bool),
    /// A text, or any other value as compact JSON.
    Text(String),
}

impl Shown {
    /// Reduces the value of the device `own`.
    pub fn new(value: &Value, own: &NodeId) -> Self {
        match value {
            // What most programs give.
            Value::Number(number) => Self::Number(*number),
            Value::Bool(truth) => Self::Truth(*truth),
            _ => Self::from_json(json::to_json(value, own)),
        }
    }

    fn from_json(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Bool(truth) => Self::Truth(truth),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            other => match not_finite(&other) {
                Some(number) => Self::Number(number),
                None => Self::Text(other.to_string()),
            },
        }
    }
}

/// The numbers that JSON lacks are written as `{"number":"Infinity"}`.
fn not_finite(value: &serde_json::Value) -> Option<f64> {
    match value.as_object()?.get("number")?.as_str()? {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => None,
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{}", Plain(*number)),
        }
    }
}

/// A number in its shortest exact form: `1`, `0.1`, `Infinity`, `NaN`.
pub(crate) struct Plain(pub(crate) f64);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number if number.is_nan() => f.write_str("NaN"),
            number if number == f64::INFINITY => f.write_str("Infinity"),
            number if number == f64::NEG_INFINITY => f.write_str("-Infinity"),
            // Without the sign of a negative zero.
            0.0 => f.write_str("0"),
            number if (1e-5..1e17).contains(&number.abs()) => write!(f, "{number}"),
            number => write!(f, "{number:e}"),
        }
    }
}

/// A text of at most `most` characters, and a sign when there were more.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact() {
        let cases = [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e300, "1e300"),
            (f64::INFINITY, "Infinity"),
        ];
        for (number, text) in cases {
            assert_eq!(Plain(number).to_string(), text);
        }
    }

    #[test]
    fn json_values_are_reduced() {
        let shown = |text: &str| Shown::from_json(serde_json::from_str(text).expect("good JSON"));
        assert_eq!(shown("true"), Shown::Truth(true));
        assert_eq!(shown("2"), Shown::Number(2.0));
        assert_eq!(shown(r#"{"number":"-Infinity"}"#), Shown::Number(f64::NEG_INFINITY));
        assert_eq!(shown(r#"[1.0,"a"]"#), Shown::Text(r#"[1.0,"a"]"#.to_owned()));
        assert_eq!(shown("null"), Shown::Text("null".to_owned()));
    }
}
