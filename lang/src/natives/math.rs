//! `java.lang.Math` and `java.lang.Double`. One module for all transcendental functions, from one
//! portable implementation, so that the bits do not depend on the platform.

use super::{DOUBLE, MATH, Native, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, Value, number_text};
use std::cmp::Ordering;

/// `x ^ y` and `Math.pow`: as IEEE, except that a NaN exponent gives NaN, and ±1 to the power of
/// an infinity gives NaN, as on the JVM.
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    if y.is_nan() || (x.abs() == 1.0 && y.is_infinite()) { f64::NAN } else { libm::pow(x, y) }
}

fn number(class: &str, name: &str, args: &[Value], i: usize) -> Result<f64, Fault> {
    args.get(i).and_then(Value::as_number).ok_or_else(|| no_such_overload(class, name, args))
}

fn int(class: &str, name: &str, args: &[Value], i: usize) -> Result<i64, Fault> {
    match args.get(i) {
        Some(Value::Int(i)) => Ok(*i),
        // Doubles are truncated, as the reference casts them.
        _ => number(class, name, args, i).map(|x| x as i64),
    }
}

fn all_ints(args: &[Value]) -> bool {
    args.iter().all(|arg| matches!(arg, Value::Int(_)))
}

fn overflow(name: &str) -> Fault {
    Fault::new(DiagCode::NativeRefused, format!("{name}: integer overflow"))
}

macro_rules! unary {
    ($name:literal, $f:expr) => {
        Native::new(MATH, $name, Arity::Exactly(1), |_, args| {
            let f: fn(f64) -> f64 = $f;
            number(MATH, $name, args, 0).map(|x| Value::Number(f(x)))
        })
    };
}

macro_rules! binary {
    ($name:literal, $f:expr) => {
        Native::new(MATH, $name, Arity::Exactly(2), |_, args| {
            let f: fn(f64, f64) -> f64 = $f;
            let (x, y) = (number(MATH, $name, args, 0)?, number(MATH, $name, args, 1)?);
            Ok(Value::Number(f(x, y)))
        })
    };
}

/// Two overloads: integers if all arguments are integers, else doubles.
macro_rules! binary_or_int {
    ($class:expr, $name:literal, $f:expr, $i:expr) => {
        Native::new($class, $name, Arity::Exactly(2), |_, args| {
            if let [Value::Int(a), Value::Int(b)] = args {
                let f: fn(i64, i64) -> i64 = $i;
                return Ok(Value::Int(f(*a, *b)));
            }
            let f: fn(f64, f64) -> f64 = $f;
            let (x, y) = (number($class, $name, args, 0)?, number($class, $name, args, 1)?);
            Ok(Value::Number(f(x, y)))
        })
    };
}

/// Integer functions that fail on overflow or division by zero.
macro_rules! exact {
    ($name:literal, 1, $f:expr) => {
        Native::new(MATH, $name, Arity::Exactly(1), |_, args| {
            let f: fn(i64) -> Option<i64> = $f;
            f(int(MATH, $name, args, 0)?).map(Value::Int).ok_or_else(|| overflow($name))
        })
    };
    ($name:literal, 2, $f:expr) => {
        Native::new(MATH, $name, Arity::Exactly(2), |_, args| {
            let f: fn(i64, i64) -> Option<i64> = $f;
            let (a, b) = (int(MATH, $name, args, 0)?, int(MATH, $name, args, 1)?);
            f(a, b).map(Value::Int).ok_or_else(|| overflow($name))
        })
    };
}

macro_rules! test {
    ($name:literal, $f:expr) => {
        Native::new(DOUBLE, $name, Arity::Exactly(1), |_, args| {
            let f: fn(f64) -> bool = $f;
            number(DOUBLE, $name, args, 0).map(|x| Value::Bool(f(x)))
        })
    };
}

/// The smaller number, NaN if one is, −0.0 below 0.0.
fn java_min(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x.total_cmp(&y).is_le() {
        x
    } else {
        y
    }
}

fn java_max(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x.total_cmp(&y).is_ge() {
        x
    } else {
        y
    }
}

fn signum(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x } else { x.signum() }
}

fn ceil_div(a: i64, b: i64) -> i64 {
    a.wrapping_div(b) + i64::from(a % b != 0 && (a < 0) == (b < 0))
}

fn ulp(x: f64) -> f64 {
    let x = x.abs();
    if x.is_infinite() || x.is_nan() { x } else { next_up(x) - x }
}

fn next_up(x: f64) -> f64 {
    if x == f64::MAX { f64::INFINITY } else { x.next_up() }
}

fn next_after(x: f64, y: f64) -> f64 {
    match x.partial_cmp(&y) {
        None => f64::NAN,
        Some(Ordering::Equal) => y,
        Some(Ordering::Less) => x.next_up(),
        Some(Ordering::Greater) => x.next_down(),
    }
}

fn abs(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    match args {
        [Value::Int(i)] => Ok(Value::Int(i.wrapping_abs())),
        _ => number(MATH, "abs", args, 0).map(|x| Value::Number(x.abs())),
    }
}

fn clamp(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let part = |i| number(MATH, "clamp", args, i);
    let (x, low, high) = (part(0)?, part(1)?, part(2)?);
    if low.is_nan() || high.is_nan() || low > high {
        return Err(Fault::new(
            DiagCode::NativeRefused,
            format!("clamp: {} is above {}", number_text(low), number_text(high)),
        ));
    }
    let clamped = java_min(java_max(x, low), high);
    Ok(if all_ints(args) { Value::Int(clamped as i64) } else { Value::Number(clamped) })
}

fn compare(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    let (x, y) = (number(DOUBLE, "compare", args, 0)?, number(DOUBLE, "compare", args, 1)?);
    let (x, y) = (Value::Number(x), Value::Number(y));
    Ok(Value::Int(crate::value::compare_elements(&x, &y) as i64))
}

fn parse_double(_: &mut Round<'_>, args: &[Value]) -> Result<Value, Fault> {
    match args {
        [Value::Text(text)] => {
            let text = text.trim();
            let parsed = match text {
                "Infinity" | "+Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                "NaN" => Some(f64::NAN),
                _ if text.contains(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E') => {
                    None
                }
                _ => text.parse().ok(),
            };
            let bad = || {
                Fault::new(
                    DiagCode::NativeRefused,
                    format!("parseDouble: \"{text}\" is not a number"),
                )
            };
            parsed.map(Value::Number).ok_or_else(bad)
        }
        _ => number(DOUBLE, "valueOf", args, 0).map(Value::Number),
    }
}

pub(super) static NATIVES: &[Native] = &[
    Native::new(MATH, "abs", Arity::Exactly(1), abs),
    unary!("acos", libm::acos),
    unary!("asin", libm::asin),
    unary!("atan", libm::atan),
    binary!("atan2", libm::atan2),
    unary!("cbrt", libm::cbrt),
    unary!("ceil", f64::ceil),
    Native::new(MATH, "clamp", Arity::Exactly(3), clamp),
    binary!("copySign", f64::copysign),
    unary!("cos", libm::cos),
    unary!("cosh", libm::cosh),
    unary!("exp", libm::exp),
    unary!("expm1", libm::expm1),
    unary!("floor", f64::floor),
    exact!("floorDiv", 2, |a, b| if b == 0 {
        None
    } else {
        Some(a.wrapping_div(b) - i64::from(a % b != 0 && (a < 0) != (b < 0)))
    }),
    exact!("floorMod", 2, |a, b| if b == 0 {
        None
    } else {
        Some(a.wrapping_rem(b).wrapping_add(b).wrapping_rem(b))
    }),
    Native::new(MATH, "fma", Arity::Exactly(3), |_, args| {
        let part = |i| number(MATH, "fma", args, i);
        Ok(Value::Number(libm::fma(part(0)?, part(1)?, part(2)?)))
    }),
    binary!("hypot", libm::hypot),
    binary!("IEEEremainder", libm::remainder),
    unary!("log", libm::log),
    unary!("log10", libm::log10),
    unary!("log1p", libm::log1p),
    binary_or_int!(MATH, "max", java_max, i64::max),
    binary_or_int!(MATH, "min", java_min, i64::min),
    binary!("nextAfter", next_after),
    unary!("nextUp", f64::next_up),
    unary!("nextDown", f64::next_down),
    binary!("pow", pow),
    Native::new(MATH, "random", Arity::Exactly(0), |round, _| {
        Ok(Value::Number(round.next_random()))
    }),
    unary!("rint", f64::round_ties_even),
    Native::new(MATH, "round", Arity::Exactly(1), |_, args| {
        // Half up, saturating; NaN gives 0.
        number(MATH, "round", args, 0).map(|x| Value::Int((x + 0.5).floor() as i64))
    }),
    Native::new(MATH, "scalb", Arity::Exactly(2), |_, args| {
        let exponent = int(MATH, "scalb", args, 1)?.clamp(-5_000, 5_000) as i32;
        Ok(Value::Number(libm::scalbn(number(MATH, "scalb", args, 0)?, exponent)))
    }),
    unary!("signum", signum),
    unary!("sin", libm::sin),
    unary!("sinh", libm::sinh),
    unary!("sqrt", f64::sqrt),
    unary!("tan", libm::tan),
    unary!("tanh", libm::tanh),
    unary!("toDegrees", |x| x * (180.0 / std::f64::consts::PI)),
    unary!("toRadians", |x| x * (std::f64::consts::PI / 180.0)),
    unary!("ulp", ulp),
    exact!("ceilDiv", 2, |a, b| if b == 0 { None } else { Some(ceil_div(a, b)) }),
    exact!("ceilMod", 2, |a, b| {
        if b == 0 { None } else { Some(a.wrapping_sub(ceil_div(a, b).wrapping_mul(b))) }
    }),
    exact!("divideExact", 2, i64::checked_div),
    exact!("multiplyFull", 2, |a, b| Some(a.wrapping_mul(b))),
    exact!("multiplyHigh", 2, |a, b| Some(((i128::from(a) * i128::from(b)) >> 64) as i64)),
    Native::new(MATH, "getExponent", Arity::Exactly(1), |_, args| {
        let bits = number(MATH, "getExponent", args, 0)?.to_bits();
        Ok(Value::Int(((bits >> 52) & 0x7ff) as i64 - 1023))
    }),
    exact!("toIntExact", 1, |a| i32::try_from(a).ok().map(i64::from)),
    exact!("addExact", 2, i64::checked_add),
    exact!("subtractExact", 2, i64::checked_sub),
    exact!("multiplyExact", 2, i64::checked_mul),
    exact!("incrementExact", 1, |a| a.checked_add(1)),
    exact!("decrementExact", 1, |a| a.checked_sub(1)),
    exact!("negateExact", 1, i64::checked_neg),
    exact!("absExact", 1, i64::checked_abs),
    test!("isNaN", f64::is_nan),
    test!("isInfinite", f64::is_infinite),
    test!("isFinite", f64::is_finite),
    Native::new(DOUBLE, "compare", Arity::Exactly(2), compare),
    binary_or_int!(DOUBLE, "sum", |a, b| a + b, |a, b| a.wrapping_add(b)),
    binary_or_int!(DOUBLE, "max", java_max, i64::max),
    binary_or_int!(DOUBLE, "min", java_min, i64::min),
    Native::new(DOUBLE, "parseDouble", Arity::Exactly(1), parse_double),
    Native::new(DOUBLE, "valueOf", Arity::Exactly(1), parse_double),
    Native::new(DOUBLE, "toString", Arity::Exactly(1), |_, args| {
        number(DOUBLE, "toString", args, 0).map(|x| Value::text(&number_text(x)))
    }),
    Native::new(DOUBLE, "doubleToLongBits", Arity::Exactly(1), |_, args| {
        number(DOUBLE, "doubleToLongBits", args, 0).map(|x| Value::Int(x.to_bits() as i64))
    }),
    Native::new(DOUBLE, "doubleToRawLongBits", Arity::Exactly(1), |_, args| {
        number(DOUBLE, "doubleToRawLongBits", args, 0).map(|x| Value::Int(x.to_bits() as i64))
    }),
    Native::new(DOUBLE, "longBitsToDouble", Arity::Exactly(1), |_, args| {
        let bits = int(DOUBLE, "longBitsToDouble", args, 0)?;
        Ok(Value::Number(f64::from_bits(bits as u64)))
    }),
    Native::new(DOUBLE, "hashCode", Arity::Exactly(1), |_, args| {
        let bits = number(DOUBLE, "hashCode", args, 0)?.to_bits();
        Ok(Value::Int(i64::from((bits ^ (bits >> 32)) as u32 as i32)))
    }),
];
