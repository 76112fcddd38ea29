//! `alignedMap(field, filter, op, default)`.

use super::visits::Decided;
use super::{Fault, Round, frame};
use crate::diag::DiagCode;
use crate::id::NodeId;
use crate::program::Expr;
use crate::source::Span;
use crate::value::{Field, Value, digest};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The values of one key over the devices that hold it.
struct Entry {
    key: Value,
    neighbors: Vec<(NodeId, Value)>,
    local: Option<Value>,
}

impl Round<'_> {
    #[inline(never)]
    pub(super) fn aligned_map(
        &mut self,
        field: &Expr,
        filter: &Expr,
        op: &Expr,
        default: &Expr,
        span: &Span,
    ) -> Result<Value, Fault> {
        let generated = self.below(frame::ALIGNED_MAP, |round| round.value(field))?;
        let Value::Field(generated) = generated else {
            return Err(Fault::new(
                DiagCode::AlignedMapInput,
                format!("{} cannot be cast to Field: alignedMap got {generated}", generated.kind()),
            )
            .at(&field.span)
            .help("the first argument is a field of tuples of pairs: `nbr([[key, value]])`"));
        };
        let entries = regroup(&generated).map_err(|fault| fault.at(&field.span))?;
        let default = self.below(frame::ALIGNED_MAP + 1, |round| round.value(default))?;
        let filter = self.below(frame::ALIGNED_MAP + 2, |round| round.value(filter))?;
        let op = self.below(frame::ALIGNED_MAP + 3, |round| round.value(op))?;
        let mut results = Vec::new();
        for entry in entries {
            let key = entry.key.clone();
            let local = entry.local.unwrap_or_else(|| default.clone());
            let field = Arc::new(Field::new(local, entry.neighbors));
            self.decide(span, || Decided::Key(key.clone()));
            let pair = self.below(frame::KEY, |round| {
                round.below(digest(&key), |round| round.aligned_entry(&filter, &op, key, field))
            });
            self.undecide();
            results.extend(pair?);
        }
        Ok(Value::tuple(results))
    }

    /// One key: below its own frame, filtered, then processed.
    #[inline(never)]
    fn aligned_entry(
        &mut self,
        filter: &Value,
        op: &Value,
        key: Value,
        field: Arc<Field>,
    ) -> Result<Option<Value>, Fault> {
        let holders = field.neighbors().iter().map(|(id, _)| id.clone()).collect();
        let enclosing = self.domain.replace(holders);
        let result = self.filter_and_process(filter, op, key, &field);
        self.domain = enclosing;
        result
    }

    fn filter_and_process(
        &mut self,
        filter: &Value,
        op: &Value,
        key: Value,
        field: &Arc<Field>,
    ) -> Result<Option<Value>, Fault> {
        let field = self.realigned(field)?;
        let accepted = self.apply_at(0, filter, vec![key.clone(), field.clone()])?;
        match accepted {
            Value::Bool(false) => return Ok(None),
            Value::Bool(true) => {}
            other => {
                let message = format!(
                    "the filter of alignedMap must give a Boolean, found {other} ({})",
                    other.kind()
                );
                return Err(Fault::new(DiagCode::AlignedMapResult, message)
                    .help("compare it with something: `{ key, field -> key != \"\" }`"));
            }
        }
        let result = Self::checked(self.apply_at(1, op, vec![key.clone(), field]))?;
        if matches!(result, Value::Field(_)) {
            return Err(Fault::new(
                DiagCode::AlignedMapResult,
                "the operation of alignedMap gave a field",
            )
            .help("reduce it with a hood"));
        }
        Ok(Some(Value::tuple(vec![key, result])))
    }
}

/// Keys in field order, neighbours first; for each the devices that hold it. If a device lists a
/// key twice, the last wins.
fn regroup(field: &Field) -> Result<Vec<Entry>, Fault> {
    let mut groups = Groups::default();
    for (id, value) in field.neighbors() {
        for (key, value) in pairs(value).map_err(|fault| fault.for_neighbor(id))? {
            let neighbors = &mut groups.entry(&key).neighbors;
            match neighbors.last_mut().filter(|(last, _)| last == id) {
                Some((_, slot)) => *slot = value,
                None => neighbors.push((id.clone(), value)),
            }
        }
    }
    for (key, value) in pairs(field.local())? {
        groups.entry(&key).local = Some(value);
    }
    Ok(groups.entries)
}

/// Entries in the order of their first occurrence, found by the digest of their key.
#[derive(Default)]
struct Groups {
    entries: Vec<Entry>,
    places: FxHashMap<u64, Vec<usize>>,
}

impl Groups {
    fn entry(&mut self, key: &Value) -> &mut Entry {
        let places = self.places.entry(digest(key)).or_default();
        let known = |at: &&usize| self.entries.get(**at).is_some_and(|entry| entry.key == *key);
        let at = places.iter().find(known).copied().unwrap_or(self.entries.len());
        if at == self.entries.len() {
            places.push(at);
            self.entries.push(Entry { key: key.clone(), neighbors: Vec::new(), local: None });
        }
        #[expect(clippy::indexing_slicing, reason = "found, or pushed just now")]
        &mut self.entries[at]
    }
}

fn pairs(value: &Value) -> Result<Vec<(Value, Value)>, Fault> {
    let help = "each device gives a tuple of pairs: `[[key, value], …]`";
    let Value::Tuple(items) = value else {
        let message = format!("Expected a tuple of pairs, got {value} ({})", value.kind());
        return Err(Fault::new(DiagCode::AlignedMapInput, message).help(help));
    };
    let pair = |item: &Value| match item {
        Value::Tuple(pair) => match &**pair {
            [key, value] => Ok((key.clone(), value.clone())),
            _ => Err(Fault::new(
                DiagCode::AlignedMapInput,
                format!("The tuple must have length 2, got {item}"),
            )
            .help(help)),
        },
        _ => Err(Fault::new(
            DiagCode::AlignedMapInput,
            format!("Expected a pair, got {item} ({})", item.kind()),
        )
        .help(help)),
    };
    items.iter().map(pair).collect()
}
