//! `java.lang.Math`. One module for all transcendental functions, from one portable implementation,
//! so that the bits do not depend on the platform.

use super::{MATH, Native, no_such_overload};
use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{Arity, Value, number_text};
use std::cmp::Ordering;

/// `x ^ y` and `Math.pow`: as IEEE, except that a NaN exponent gives NaN, and ±1 to the power of
/// an infinity gives NaN, as on the JVM.
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    if y.is_nan() || (x.abs() == 1.0 && y.is_infinite()) { f64::NAN } else { libm::pow(x, y) }
}

pub(super) fn number(class: &str, name: &str, args: &[Value], i: usize) -> Result<f64, Fault> {
    args.get(i).and_then(Value::as_number).ok_or_else(|| no_such_overload(class, name, args))
}

pub(super) fn int(class: &str, name: &str, args: &[Value], i: usize) -> Result<i64, Fault> {
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

/// Why an integer function of two has no result: only division has none by zero.
fn no_result(name: &str, divisor: i64) -> Fault {
    match divisor {
        0 => Fault::new(DiagCode::NativeRefused, format!("{name}: division by zero")),
        _ => overflow(name),
    }
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
    ($name:literal, $f:expr, $i:expr) => {
        Native::new(MATH, $name, Arity::Exactly(2), |_, args| {
            if let [Value::Int(a), Value::Int(b)] = args {
                let f: fn(i64, i64) -> i64 = $i;
                return Ok(Value::Int(f(*a, *b)));
            }
            let f: fn(f64, f64) -> f64 = $f;
            let (x, y) = (number(MATH, $name, args, 0)?, number(MATH, $name, args, 1)?);
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
            f(a, b).map(Value::Int).ok_or_else(|| no_result($name, b))
        })
    };
}

/// The smaller number, NaN if one is, −0.0 below 0.0.
pub(super) fn java_min(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x.total_cmp(&y).is_le() {
        x
    } else {
        y
    }
}

pub(super) fn java_max(x: f64, y: f64) -> f64 {
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

/// Half up, saturating; NaN gives 0.
fn round(x: f64) -> i64 {
    let floor = x.floor();
    (if x - floor >= 0.5 { floor + 1.0 } else { floor }) as i64
}

/// Nothing for a division by zero; the one overflow wraps.
fn floor_div(a: i64, b: i64) -> Option<i64> {
    let inexact = b != 0 && a.wrapping_rem(b) != 0;
    (b != 0).then(|| a.wrapping_div(b) - i64::from(inexact && (a < 0) != (b < 0)))
}

/// Nothing for a division by zero; the one overflow wraps.
fn ceil_div(a: i64, b: i64) -> Option<i64> {
    let inexact = b != 0 && a.wrapping_rem(b) != 0;
    (b != 0).then(|| a.wrapping_div(b) + i64::from(inexact && (a < 0) == (b < 0)))
}

/// Whether `a / b` does not fit.
fn quotient_overflows(a: i64, b: i64) -> bool {
    a == i64::MIN && b == -1
}

/// The distance to the next number away from zero.
fn ulp(x: f64) -> f64 {
    let x = x.abs();
    if x == f64::MAX {
        x - x.next_down()
    } else if x.is_finite() {
        x.next_up() - x
    } else {
        x
    }
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
    exact!("floorDiv", 2, floor_div),
    exact!("floorDivExact", 2, |a, b| floor_div(a, b).filter(|_| !quotient_overflows(a, b))),
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
    binary_or_int!("max", java_max, i64::max),
    binary_or_int!("min", java_min, i64::min),
    binary!("nextAfter", next_after),
    unary!("nextUp", f64::next_up),
    unary!("nextDown", f64::next_down),
    binary!("pow", pow),
    Native::new(MATH, "random", Arity::Exactly(0), |round, _| {
        Ok(Value::Number(round.next_random()))
    }),
    unary!("rint", f64::round_ties_even),
    Native::new(MATH, "round", Arity::Exactly(1), |_, args| {
        number(MATH, "round", args, 0).map(|x| Value::Int(round(x)))
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
    exact!("ceilDiv", 2, ceil_div),
    exact!("ceilDivExact", 2, |a, b| ceil_div(a, b).filter(|_| !quotient_overflows(a, b))),
    exact!("ceilMod", 2, |a, b| Some(a.wrapping_sub(ceil_div(a, b)?.wrapping_mul(b)))),
    exact!("divideExact", 2, i64::checked_div),
    exact!("multiplyFull", 2, |a, b| Some(a.wrapping_mul(b))),
    exact!("multiplyHigh", 2, |a, b| Some(((i128::from(a) * i128::from(b)) >> 64) as i64)),
    exact!("unsignedMultiplyHigh", 2, |a, b| {
        let (a, b) = (u128::from(a as u64), u128::from(b as u64));
        Some(((a * b) >> 64) as i64)
    }),
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
];

#[cfg(test)]
mod tests {
    use super::*;

    type Function = fn(f64) -> f64;

    /// Functions of one argument that are not rounded exactly by definition.
    const FUNCTIONS: [(&str, Function); 18] = [
        ("acos", libm::acos),
        ("asin", libm::asin),
        ("atan", libm::atan),
        ("cbrt", libm::cbrt),
        ("cos", libm::cos),
        ("cosh", libm::cosh),
        ("exp", libm::exp),
        ("expm1", libm::expm1),
        ("log", libm::log),
        ("log10", libm::log10),
        ("log1p", libm::log1p),
        ("sin", libm::sin),
        ("sinh", libm::sinh),
        ("tan", libm::tan),
        ("tanh", libm::tanh),
        ("pow", |x| pow(x.abs(), 1.7)),
        ("atan2", |x| libm::atan2(x, 1.7)),
        ("hypot", |x| libm::hypot(x, 1.7)),
    ];

    /// A digest of the bits of a function at numbers of all magnitudes.
    fn bits(f: Function) -> u64 {
        let inputs = (-4_000..4_000).map(|i| f64::from(i) * 0.001_37);
        let large = (-300..300).map(|i| libm::scalbn(1.3, i));
        inputs.chain(large).fold(0, |digest: u64, x| {
            // NaNs differ in their bits from one processor to the next.
            let y = f(x);
            let bits = if y.is_nan() { 1 } else { y.to_bits() };
            (digest ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17)
        })
    }

    const DIGESTS: [(&str, u64); 18] = [
        ("acos", 0xa998_6a53_487b_f13b),
        ("asin", 0x673b_ba4a_32ae_0535),
        ("atan", 0x8d32_3a27_c594_1642),
        ("cbrt", 0x6fb8_7f5c_562a_b3bd),
        ("cos", 0xbd19_6894_d419_462d),
        ("cosh", 0xa043_c3bf_0293_4262),
        ("exp", 0x1116_60b2_5da1_8dd7),
        ("expm1", 0x1318_10aa_0713_a9d7),
        ("log", 0x1cb6_da0e_3660_b9e2),
        ("log10", 0x1854_1a81_9e40_26be),
        ("log1p", 0xe5d8_2543_7089_ea83),
        ("sin", 0x36ce_c179_1d33_700e),
        ("sinh", 0x52d6_dbe6_a0de_48c1),
        ("tan", 0x2997_244f_3a05_796d),
        ("tanh", 0x92ef_658e_25ff_5fb6),
        ("pow", 0x8b17_b21e_91ee_558a),
        ("atan2", 0x187f_8814_5d57_c0b3),
        ("hypot", 0x3b52_0401_23ff_d6ab),
    ];

    /// These digests are those of a run on x86-64; every other platform, and every build of this one,
    /// must give the same.
    #[test]
    fn the_bits_of_functions_depend_on_no_platform_and_no_build() {
        let found: Vec<(&str, u64)> = FUNCTIONS.iter().map(|(n, f)| (*n, bits(*f))).collect();
        assert_eq!(found, DIGESTS);
    }
}
