//! Arithmetic on numbers and tuples.

use super::Value;
use crate::syntax::ast::BinaryOp;
use std::sync::Arc;

/// `a op b` for arithmetic on numbers and tuples; nothing where it is not defined.
pub(crate) fn binary_number_op(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    if let (Some(x), Some(y)) = (a.as_number(), b.as_number()) {
        return on_numbers(op, x, y).map(Value::Number);
    }
    match (a, b) {
        (Value::Tuple(x), Value::Tuple(y)) if x.len() == y.len() => x
            .iter()
            .zip(y.iter())
            .map(|(a, b)| binary_number_op(op, a, b))
            .collect::<Option<Arc<[_]>>>()
            .map(Value::Tuple),
        (Value::Tuple(x), _) if b.as_number().is_some() => x
            .iter()
            .map(|a| binary_number_op(op, a, b))
            .collect::<Option<Arc<[_]>>>()
            .map(Value::Tuple),
        (_, Value::Tuple(y)) if a.as_number().is_some() => y
            .iter()
            .map(|b| binary_number_op(op, a, b))
            .collect::<Option<Arc<[_]>>>()
            .map(Value::Tuple),
        _ => None,
    }
}

fn on_numbers(op: BinaryOp, x: f64, y: f64) -> Option<f64> {
    Some(match op {
        BinaryOp::Plus => x + y,
        BinaryOp::Minus => x - y,
        BinaryOp::Times => x * y,
        BinaryOp::Divide => x / y,
        BinaryOp::Modulo => x % y,
        BinaryOp::Power => crate::natives::math::pow(x, y),
        _ => return None,
    })
}

/// `a + b`: a text operand concatenates; else arithmetic; else, as last resort, the texts of both
/// are concatenated [K3]. Inside tuples only the arithmetic applies: nothing where that fails.
pub(crate) fn plus(a: &Value, b: &Value) -> Option<Value> {
    let concatenate = || Some(Value::text(&format!("{a}{b}")));
    if matches!(a, Value::Text(_)) || matches!(b, Value::Text(_)) {
        return concatenate();
    }
    let arithmetic = match (a, b) {
        (Value::Tuple(x), Value::Tuple(y)) => x.len() == y.len(),
        (Value::Tuple(_), n) | (n, Value::Tuple(_)) => n.as_number().is_some(),
        _ => a.as_number().is_some() && b.as_number().is_some(),
    };
    if arithmetic { binary_number_op(BinaryOp::Plus, a, b) } else { concatenate() }
}
