//! `nbr`, `rep`, `share`, reading a field, and the neighbourhood sensors.

use super::{Fault, Path, Round, frame};
use crate::diag::DiagCode;
use crate::id::NodeId;
use crate::program::{Block, Expr, LocalId, ScopeId};
use crate::value::{Field, Value};
use std::sync::Arc;

impl Round<'_> {
    /// Whether a neighbour counts here: inside alignedMap only those do that hold the key.
    fn in_domain(&self, id: &NodeId) -> bool {
        self.domain.as_ref().is_none_or(|domain| domain.binary_search(id).is_ok())
    }

    /// The neighbours whose last message has a value at this path, and what `read` makes of it.
    fn aligned(
        &self,
        path: Path,
        mut read: impl FnMut(usize, Value) -> Option<Value>,
    ) -> Vec<(NodeId, Value)> {
        let neighbors = self.input.neighbors;
        (0..neighbors.len())
            .filter(|lane| self.in_domain(neighbors.id(*lane)))
            .filter_map(|lane| {
                let value = neighbors.cell(lane, path.hash)?;
                Some((neighbors.id(lane).clone(), read(lane, value)?))
            })
            .collect()
    }

    /// `nbr(e)`: the neighbours' values of the same expression, and one's own.
    #[inline(never)]
    pub(super) fn nbr(&mut self, expr: &Expr) -> Result<Value, Fault> {
        let path = self.path.push(frame::NBR);
        let local = self.below(frame::NBR + 1, |round| round.value(expr))?;
        if matches!(local, Value::Field(_)) {
            return Err(Fault::new(DiagCode::NbrGotField, "`nbr` of a field")
                .at(&expr.span)
                .help("a field is already about the neighbours; reduce it with a hood first, as in `nbr(minHood(f))`"));
        }
        self.export(path, &local)?;
        let neighbors = self.aligned(path, |_, value| Some(value));
        Ok(Value::Field(Arc::new(Field::new(local, neighbors))))
    }

    /// A read of a field variable: only neighbours that read it at the same path remain [D2].
    pub(super) fn realigned(&mut self, field: &Arc<Field>) -> Result<Value, Fault> {
        let path = self.path.push(frame::READ);
        self.export(path, &Value::Unit)?;
        // Both are in ascending id: one walk over the neighbours finds all devices of the field.
        let neighbors = self.input.neighbors;
        let mut lane = 0;
        let mut reads_it_too = |id: &NodeId| {
            while lane < neighbors.len() && neighbors.id(lane) < id {
                lane += 1;
            }
            lane < neighbors.len()
                && neighbors.id(lane) == id
                && self.in_domain(id)
                && neighbors.cell(lane, path.hash).is_some()
        };
        let kept: Vec<bool> = field.neighbors().iter().map(|(id, _)| reads_it_too(id)).collect();
        // Mostly everybody is still here: the field stays as it is.
        if kept.iter().all(|kept| *kept) {
            return Ok(Value::Field(field.clone()));
        }
        Ok(Value::Field(Arc::new(field.restricted(&kept))))
    }

    /// `rep (x <- init) { body } yield { y }`. The initialiser is evaluated every round [K10].
    #[inline(never)]
    pub(super) fn rep(
        &mut self,
        var: LocalId,
        scope: ScopeId,
        init: &Expr,
        body: &Block,
        yields: Option<&Block>,
    ) -> Result<Value, Fault> {
        let path = self.path.push(frame::REP);
        let init = self.below(frame::REP + 1, |round| round.value(init))?;
        let old = self.kept_at(path).unwrap_or(init);
        if matches!(old, Value::Field(_)) {
            return Err(rep_of_field());
        }
        let outer = self.current;
        let activation = self.activate(scope, outer);
        self.activations.define(activation, var, old);
        let (kept, result) = self.body_and_yield(frame::REP + 2, body, yields)?;
        self.current = outer;
        if matches!(kept, Value::Field(_)) {
            return Err(rep_of_field());
        }
        self.store(path, &kept)?;
        Ok(result)
    }

    /// The body's value, and the value of the whole: the yield, if there is one, else the body's.
    /// The yield sees the variables of the body.
    #[inline(never)]
    fn body_and_yield(
        &mut self,
        base: u64,
        body: &Block,
        yields: Option<&Block>,
    ) -> Result<(Value, Value), Fault> {
        let outer = self.current;
        if let Some(scope) = body.scope {
            self.activate(scope, outer);
        }
        let kept = self.below(base, |round| round.statements(&body.statements))?;
        let result = match yields {
            Some(block) => self.below(base + 1, |round| round.block(block))?,
            None => kept.clone(),
        };
        self.current = outer;
        Ok((kept, result))
    }

    /// `share (x, nx <- init) { body } yield { y }`.
    #[inline(never)]
    pub(super) fn share(
        &mut self,
        (local, field): (Option<LocalId>, LocalId),
        scope: ScopeId,
        init: &Expr,
        body: &Block,
        yields: Option<&Block>,
    ) -> Result<Value, Fault> {
        let init = self.below(frame::SHARE + 1, |round| round.value(init))?;
        self.share_from(init, (local, field), scope, body, yields)
    }

    /// The same from the initial value on.
    pub(crate) fn share_from(
        &mut self,
        init: Value,
        (local, field): (Option<LocalId>, LocalId),
        scope: ScopeId,
        body: &Block,
        yields: Option<&Block>,
    ) -> Result<Value, Fault> {
        let path = self.path.push(frame::SHARE);
        let (own, received) = self.shared(path, &init)?;
        let outer = self.current;
        let activation = self.activate(scope, outer);
        if let Some(local) = local {
            self.activations.define(activation, local, own);
        }
        self.activations.define(activation, field, Value::Field(Arc::new(received)));
        let (kept, result) = self.body_and_yield(frame::SHARE + 2, body, yields)?;
        self.current = outer;
        if matches!(kept, Value::Field(_)) != matches!(init, Value::Field(_)) {
            return Err(mixed_share());
        }
        self.store(path, &kept)?;
        self.export(path, &kept)?;
        Ok(result)
    }

    /// One's own value of the round before, and the field of what the neighbours shared.
    fn shared(&self, path: Path, init: &Value) -> Result<(Value, Field), Fault> {
        let stored = self.kept_at(path);
        match (stored.as_ref().unwrap_or(init), init) {
            (Value::Field(stored), Value::Field(init)) => Ok(self.shared_field(path, stored, init)),
            (Value::Field(_), _) | (_, Value::Field(_)) => Err(mixed_share()),
            (own, _) => {
                // A neighbour that runs another branch of a share of fields cannot be meant.
                let plain = |_, v| match v {
                    Value::Field(_) => None,
                    v => Some(v),
                };
                let neighbors = self.aligned(path, plain);
                Ok((own.clone(), Field::new(own.clone(), neighbors)))
            }
        }
    }

    /// A share of a field: every neighbour gets its own value (the `exchange` kernel). New
    /// neighbours start from the initial field.
    fn shared_field(&self, path: Path, stored: &Field, init: &Field) -> (Value, Field) {
        let me = self.input.id;
        let realigned = init
            .neighbors()
            .iter()
            .map(|(id, first)| (id.clone(), stored.get(id).unwrap_or(first).clone()))
            .collect();
        let neighbors = self.input.neighbors;
        let sent_to_me = self.aligned(path, |lane, value| match value {
            Value::Field(theirs) => {
                theirs.get(me).or_else(|| init.get(neighbors.id(lane))).cloned()
            }
            _ => None,
        });
        let received = Field::new(stored.local().clone(), sent_to_me);
        let received = init
            .neighbors()
            .iter()
            .map(|(id, first)| (id.clone(), received.get(id).unwrap_or(first).clone()))
            .collect();
        let own = Value::Field(Arc::new(Field::new(stored.local().clone(), realigned)));
        (own, Field::new(stored.local().clone(), received))
    }

    /// A neighbourhood sensor of `self`: aligned by path like `nbr`.
    pub(super) fn neighbor_sensor(&mut self, name: &str) -> Result<Value, Fault> {
        let path = self.path.push(frame::SENSOR);
        match name {
            "nbrLag" | "nbrDelay" => {
                self.export(path, &Value::Unit)?;
                let all = self.input.neighbors;
                let read = |lane| if name == "nbrLag" { all.lag(lane) } else { all.delay(lane) };
                let neighbors = self.aligned(path, |lane, _| Some(Value::Number(read(lane))));
                Ok(Value::Field(Arc::new(Field::new(Value::Number(self.input.delta), neighbors))))
            }
            _ => self.position_sensor(path, name),
        }
    }

    /// `nbrRange` and `nbrVector`: everyone shares where it is, the receiver computes.
    fn position_sensor(&mut self, path: Path, name: &str) -> Result<Value, Fault> {
        let Some(own) = self.input.position else { return Err(no_position(name)) };
        let coordinates = |xs: &[f64]| Value::tuple(xs.iter().map(|x| Value::Number(*x)).collect());
        self.export(path, &coordinates(own))?;
        let vector = name == "nbrVector";
        let neighbors = self.aligned(path, |_, theirs| {
            let Value::Tuple(theirs) = theirs else { return None };
            let theirs: Option<Vec<f64>> = theirs.iter().map(Value::as_number).collect();
            let difference: Vec<f64> = theirs?.iter().zip(own).map(|(t, o)| t - o).collect();
            Some(if vector { coordinates(&difference) } else { Value::Number(length(&difference)) })
        });
        let local = if vector { coordinates(&vec![0.0; own.len()]) } else { Value::Number(0.0) };
        Ok(Value::Field(Arc::new(Field::new(local, neighbors))))
    }
}

/// Euclidean, without `hypot`: the same bits on every platform.
fn length(difference: &[f64]) -> f64 {
    difference.iter().map(|d| d * d).sum::<f64>().sqrt()
}

pub(super) fn no_position(name: &str) -> Fault {
    Fault::new(DiagCode::NoPosition, format!("`{name}` needs a position, and this device has none"))
        .help("give the node a position in its configuration, or use hop counts: `hopDistanceTo`")
}

fn mixed_share() -> Fault {
    let message = "Types must be consistent: `share` has a field and a value that is not a field";
    Fault::new(DiagCode::MixedShare, message)
        .help("its initial value and its body must both be fields, or both not: `share (x <- nbr(0)) { nbr(…) }`")
}

fn rep_of_field() -> Fault {
    Fault::new(DiagCode::RepGotField, "rep cannot hold a field; use share, or nbr inside the body")
        .help("the neighbours of this round are not those of the next")
}
