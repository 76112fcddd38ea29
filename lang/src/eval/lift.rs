//! Lifting: what takes values takes fields, pointwise.

use super::{Fault, Round, expr::not_null};
use crate::diag::DiagCode;
use crate::value::{Field, Value};
use std::sync::Arc;

/// An operation on plain values.
pub(super) type Pointwise<'f> = dyn FnMut(&mut Round<'_>, &[Value]) -> Result<Value, Fault> + 'f;

impl Round<'_> {
    /// Applies `f` directly, or to each device of the first field among the operands. Other fields
    /// must have these devices too; plain values are the same everywhere. Eager [D14].
    pub(super) fn lifted(
        &mut self,
        operands: &[Value],
        mut f: impl FnMut(&mut Round<'_>, &[Value]) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        self.lifted_dyn(operands, &mut f)
    }

    #[inline(never)]
    fn lifted_dyn(&mut self, operands: &[Value], f: &mut Pointwise<'_>) -> Result<Value, Fault> {
        let first = operands.iter().find_map(|operand| match operand {
            Value::Field(field) => Some(field.clone()),
            _ => None,
        });
        let Some(first) = first else { return f(self, operands) };
        let mut row = Vec::with_capacity(operands.len());
        let mut neighbors = Vec::with_capacity(first.neighbors().len());
        for (index, (id, _)) in first.neighbors().iter().enumerate() {
            row.clear();
            for operand in operands {
                row.push(match operand {
                    Value::Field(field) => field
                        .get_near(index, id)
                        .cloned()
                        .ok_or_else(|| not_aligned(operands, id))?,
                    plain => plain.clone(),
                });
            }
            let value = f(self, &row).and_then(not_null).map_err(|fault| fault.for_neighbor(id))?;
            neighbors.push((id.clone(), value));
        }
        row.clear();
        row.extend(operands.iter().map(|operand| match operand {
            Value::Field(field) => field.local().clone(),
            plain => plain.clone(),
        }));
        let local = f(self, &row).and_then(not_null)?;
        Ok(Value::Field(Arc::new(Field::new(local, neighbors))))
    }
}

fn not_aligned(operands: &[Value], missing: &crate::id::NodeId) -> Fault {
    let mut fields = operands.iter().filter(|v| matches!(v, Value::Field(_)));
    let (a, b) = (fields.next(), fields.next());
    let text = |v: Option<&Value>| v.map_or_else(String::new, ToString::to_string);
    Fault::new(
        DiagCode::NotAligned,
        format!("Field {} is not aligned with {} (missing {missing})", text(b), text(a)),
    )
    .help("the two fields were built in different branches; build both in the same place")
}
