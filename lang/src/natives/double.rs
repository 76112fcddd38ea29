//! `java.lang.Double`. All of its functions take doubles: integers become doubles, and so are the
//! results.

use super::math::{int, java_max, java_min, number};
use super::{DOUBLE, Native};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, Value, compare_elements, number_text};

macro_rules! test {
    ($name:literal, $f:expr) => {
        Native::new(DOUBLE, $name, Arity::Exactly(1), |_, args| {
            let f: fn(f64) -> bool = $f;
            number(DOUBLE, $name, args, 0).map(|x| Value::Bool(f(x)))
        })
    };
}

macro_rules! unary {
    ($name:literal, $f:expr) => {
        Native::new(DOUBLE, $name, Arity::Exactly(1), |_, args| {
            let f: fn(f64) -> Value = $f;
            number(DOUBLE, $name, args, 0).map(f)
        })
    };
}

macro_rules! binary {
    ($name:literal, $f:expr) => {
        Native::new(DOUBLE, $name, Arity::Exactly(2), |_, args| {
            let f: fn(f64, f64) -> f64 = $f;
            let (x, y) = (number(DOUBLE, $name, args, 0)?, number(DOUBLE, $name, args, 1)?);
            Ok(Value::Number(f(x, y)))
        })
    };
}

fn compare(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let (x, y) = (number(DOUBLE, "compare", args, 0)?, number(DOUBLE, "compare", args, 1)?);
    Ok(Value::Int(compare_elements(&Value::Number(x), &Value::Number(y)) as i64))
}

/// A number as the JVM reads it: blanks around it and a letter for its type after it are allowed.
fn parsed(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    match digits {
        "Infinity" => Some(sign * f64::INFINITY),
        "NaN" => Some(f64::NAN),
        _ => {
            let digits = digits.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(digits);
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
            let starts = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            let number = (starts && digits.chars().all(plain)).then(|| digits.parse::<f64>().ok());
            number.flatten().map(|x| sign * x)
        }
    }
}

fn parse_double(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let [Value::Text(text)] = args else {
        return number(DOUBLE, "parseDouble", args, 0).map(Value::Number);
    };
    parsed(text.trim()).map(Value::Number).ok_or_else(|| {
        let message = format!("parseDouble: \"{text}\" is not a number of java.lang.Double");
        Fault::new(DiagCode::NativeRefused, message).help("write it as in \"-1.5\" or \"1e-3\"")
    })
}

/// The bits of a number as the JVM writes them: `0x1.8p1` is 1.5 times 2.
fn hex_text(x: f64) -> String {
    if !x.is_finite() {
        return number_text(x);
    }
    let bits = x.to_bits();
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let fraction = format!("{:013x}", bits & 0x000f_ffff_ffff_ffff);
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    match (bits >> 52) & 0x7ff {
        0 if x == 0.0 => format!("{sign}0x0.0p0"),
        // Numbers below the normal ones share the least exponent.
        0 => format!("{sign}0x0.{fraction}p-1022"),
        exponent => format!("{sign}0x1.{fraction}p{}", exponent as i64 - 1023),
    }
}

/// The hash of a double on the JVM.
pub(super) fn hash_code(x: f64) -> i32 {
    let bits = to_bits(x);
    (bits ^ (bits >> 32)) as u32 as i32
}

/// All NaNs are one.
fn to_bits(x: f64) -> u64 {
    if x.is_nan() { 0x7ff8_0000_0000_0000 } else { x.to_bits() }
}

pub(super) static NATIVES: &[Native] = &[
    test!("isNaN", f64::is_nan),
    test!("isInfinite", f64::is_infinite),
    test!("isFinite", f64::is_finite),
    Native::new(DOUBLE, "compare", Arity::Exactly(2), compare),
    binary!("sum", |a, b| a + b),
    binary!("max", java_max),
    binary!("min", java_min),
    Native::new(DOUBLE, "parseDouble", Arity::Exactly(1), parse_double),
    Native::new(DOUBLE, "valueOf", Arity::Exactly(1), parse_double),
    unary!("toString", |x| Value::text(&number_text(x))),
    unary!("toHexString", |x| Value::text(&hex_text(x))),
    unary!("hashCode", |x| Value::Int(i64::from(hash_code(x)))),
    unary!("doubleToLongBits", |x| Value::Int(to_bits(x) as i64)),
    unary!("doubleToRawLongBits", |x| Value::Int(x.to_bits() as i64)),
    Native::new(DOUBLE, "longBitsToDouble", Arity::Exactly(1), |_, args| {
        let bits = int(DOUBLE, "longBitsToDouble", args, 0)?;
        Ok(Value::Number(f64::from_bits(bits as u64)))
    }),
];
