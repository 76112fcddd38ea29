//! `String.format`.

use super::{STRING, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Value, number_text};
use std::iter::Peekable;
use std::str::Chars;

/// Greatest width and number of digits.
const MOST: usize = 1_000;

/// What stands between `%` and the letter.
#[derive(Debug, Default)]
struct Layout {
    left: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
}

impl Layout {
    /// Nothing if a number is too large.
    fn read(chars: &mut Peekable<Chars<'_>>) -> Option<Self> {
        let mut layout = Self::default();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0')) {
            *(if flag == '-' { &mut layout.left } else { &mut layout.zeros }) = true;
        }
        layout.width = number(chars)?;
        if chars.next_if_eq(&'.').is_some() {
            layout.precision = Some(number(chars)?);
        }
        Some(layout)
    }

    fn pad(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.encode_utf16().count());
        match (self.left, self.zeros) {
            (true, _) => format!("{text}{}", " ".repeat(missing)),
            (false, false) => format!("{}{text}", " ".repeat(missing)),
            (false, true) => match text.strip_prefix('-') {
                Some(digits) => format!("-{}{digits}", "0".repeat(missing)),
                None => format!("{}{text}", "0".repeat(missing)),
            },
        }
    }
}

fn number(chars: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut number = 0;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        number = number * 10 + digit as usize;
        if number > MOST {
            return None;
        }
    }
    Some(number)
}

/// `%s`, `%d`, `%f`, `%b`, with width and precision, `%n` and `%%`.
pub(super) fn format(round: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let Some((Value::Text(pattern), values)) = args.split_first() else {
        return Err(no_such_overload(STRING, "format", args));
    };
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let layout = Layout::read(&mut chars)
            .ok_or_else(|| bad(format!("a width or precision above {MOST}")))?;
        match chars.next().ok_or_else(|| bad("a % at the end".to_owned()))? {
            '%' => out.push('%'),
            'n' => out.push('\n'),
            letter @ ('s' | 'd' | 'f' | 'b') => {
                let value = values.next().ok_or_else(|| bad(format!("no value for %{letter}")))?;
                let text = converted(letter, &layout, value)
                    .ok_or_else(|| bad(format!("%{letter} does not fit {value}")))?;
                out.push_str(&layout.pad(&text));
            }
            other => return Err(bad(format!("unknown conversion %{other}"))),
        }
        round.check_text(out.len())?;
    }
    Ok(Value::text(&out))
}

fn bad(what: String) -> Fault {
    Fault::new(DiagCode::BadFormat, format!("String.format: {what}"))
        .help("known are %s, %d for integers, %f, %b, %n and %%, with widths as in %5d and %.2f")
}

fn converted(letter: char, layout: &Layout, value: &Value) -> Option<String> {
    let cut = |text: String| match layout.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    };
    match (letter, value) {
        ('s', value) => Some(cut(value.to_string())),
        ('b', Value::Bool(b)) => Some(cut(b.to_string())),
        ('b', value) => Some(cut((!matches!(value, Value::Null)).to_string())),
        ('d', Value::Int(i)) if layout.precision.is_none() => Some(i.to_string()),
        ('f', value) => Some(fixed(value.as_number()?, layout.precision.unwrap_or(6))),
        _ => None,
    }
}

/// So many digits behind the point. As on the JVM, it is the shortest text of the number that is
/// rounded, half up.
fn fixed(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return number_text(x);
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let text = format!("{}", x.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let kept: String = fraction.chars().take(digits).collect();
    let mut all: Vec<u8> = format!("{whole}{kept:0<digits$}").into_bytes();
    if fraction.as_bytes().get(digits).is_some_and(|digit| *digit >= b'5') {
        round_up(&mut all);
    }
    let all = String::from_utf8_lossy(&all);
    let (whole, fraction) = all.split_at(all.len() - digits);
    let point = if digits > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

/// Adds one in the last place of a decimal number.
fn round_up(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}
