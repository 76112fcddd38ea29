//! The text of values: numbers as the JVM writes them, tuples with their texts in quotes.

use super::Value;
use std::fmt::{self, Write};

/// The text of a double: decimal iff 10⁻³ ≤ |x| < 10⁷, else with an exponent; the shortest digits
/// that read back, and at least one behind the point.
pub fn number_text(x: f64) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if x == 0.0 {
        return if x.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    if (1e-3..1e7).contains(&x.abs()) {
        let text = format!("{x}");
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{x:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        // One digit would do: the JVM writes the closest of two digits, 4.9E-324 and not 5.0E-324.
        Some(_) => format!("{x:.1e}").replace('e', "E"),
        None => text,
    }
}

pub(super) fn write(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Unit => f.write_str("Unit"),
        Value::Bool(b) => write!(f, "{b}"),
        Value::Number(x) => f.write_str(&number_text(*x)),
        Value::Int(i) => write!(f, "{i}"),
        Value::Text(text) => f.write_str(text),
        Value::Tuple(items) => write_list(f, '[', ']', items, write_element),
        Value::Field(field) => {
            f.write_str("{")?;
            for (id, value) in field.neighbors() {
                write!(f, "{id}: {value}, ")?;
            }
            write!(f, "self: {}}}", field.local())
        }
        Value::Function(function) => f.write_str(function.name()),
        Value::Option(Some(inner)) => write!(f, "Option.Some({inner})"),
        Value::Option(None) => f.write_str("Option.None"),
        Value::Uid(id) | Value::Device(id) => write!(f, "{id}"),
        Value::Environment => f.write_str("env"),
        Value::Map(entries) => write_list(f, '{', '}', entries, |(k, v), f| write!(f, "{k}={v}")),
        Value::Set(items) => write_list(f, '[', ']', items, fmt::Display::fmt),
        Value::List(list) => write_list(f, '[', ']', &list.snapshot(), fmt::Display::fmt),
    }
}

/// Inside a tuple: texts in double quotes, numbers and tuples bare, the rest in single quotes.
fn write_element(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Text(text) => write!(f, "\"{text}\""),
        Value::Number(_) | Value::Int(_) | Value::Tuple(_) => write(value, f),
        _ => {
            f.write_char('\'')?;
            write(value, f)?;
            f.write_char('\'')
        }
    }
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    close: char,
    items: &[T],
    each: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    f.write_char(open)?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        each(item, f)?;
    }
    f.write_char(close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_on_the_jvm() {
        let cases = [
            (1.0, "1.0"),
            (31.0, "31.0"),
            (1e10, "1.0E10"),
            (1e-5, "1.0E-5"),
            (0.001, "0.001"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (1.25e-7, "1.25E-7"),
            (-0.0, "-0.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NEG_INFINITY, "-Infinity"),
            (5e-324, "4.9E-324"),
            (2e-323, "2.0E-323"),
        ];
        for (x, text) in cases {
            assert_eq!(number_text(x), text);
        }
    }

    #[test]
    fn tuples_print_texts_in_quotes_and_the_rest_in_single_quotes() {
        let inner = Value::tuple(vec![Value::Number(2.0)]);
        let tuple =
            Value::tuple(vec![Value::Number(1.0), Value::text("s"), Value::Bool(true), inner]);
        assert_eq!(tuple.to_string(), "[1.0, \"s\", 'true', [2.0]]");
    }
}
