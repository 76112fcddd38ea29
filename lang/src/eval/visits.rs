//! What a round shares where and why: recorded while somebody asks why a neighbour is not aligned.

use super::{Fault, Round, RoundInput, Trap};
use crate::id::NodeId;
use crate::program::Program;
use crate::source::Span;
use crate::value::Value;
use std::sync::Arc;

/// What a place of a program shares with neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// `nbr`.
    Nbr,
    /// `share`.
    Share,
    /// The reading of a variable that holds a field: that it is read here, without a value.
    Read,
    /// A sensor of the neighbourhood, such as `self.nbrRange()`.
    Sensor,
    /// That a key of `alignedMap` is held.
    Key,
}

/// Something that leads devices to different code paths.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The condition, the call or the `alignedMap`.
    pub at: Span,
    /// What was decided.
    pub what: Decided,
    /// Tells apart each time that something is decided in a round.
    pub(crate) serial: usize,
}

/// What was decided.
#[derive(Clone, Debug)]
pub enum Decided {
    /// The outcome of a condition.
    Branch(bool),
    /// Which function a value was, by its name.
    Function(Arc<str>),
    /// A key of `alignedMap`.
    Key(Value),
}

/// One time that a round shared something.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The expression.
    pub at: Span,
    /// What it shares.
    pub sharing: Sharing,
    /// The code path: what neighbours send under it is aligned.
    pub path: u64,
    /// What this device shared.
    pub own: Value,
    /// The calls that led here, outermost first.
    pub calls: Vec<Span>,
    /// The decisions that led here, outermost first.
    pub decisions: Vec<Decision>,
    /// Inside `alignedMap`: the neighbours that hold the key.
    pub holders: Option<Arc<[NodeId]>>,
}

/// Runs a round in the reference evaluator for what it shares; nothing else comes of it.
///
/// The second value is why the round failed, if it did; what it shared before that is still given.
pub fn visits(program: &Program, input: &RoundInput<'_>) -> (Vec<Visit>, Option<Trap>) {
    let mut round = Round::new(program, input);
    round.record = Some(Box::default());
    let result = round.run();
    let record = round.record.take().unwrap_or_default();
    let visits = record.visits.into_iter().filter_map(Unnamed::named).collect();
    (visits, result.err().map(Fault::into_trap))
}

/// The visits so far, and how the round got to where it is.
#[derive(Debug, Default)]
pub(super) struct Record {
    visits: Vec<Unnamed>,
    calls: Vec<Span>,
    decisions: Vec<Decision>,
    decided: usize,
}

/// A visit whose expression is named when its evaluation ends.
#[derive(Debug)]
struct Unnamed {
    name: Option<(Span, Sharing)>,
    path: u64,
    own: Value,
    calls: Vec<Span>,
    decisions: Vec<Decision>,
    holders: Option<Arc<[NodeId]>>,
}

impl Unnamed {
    fn named(self) -> Option<Visit> {
        let (at, sharing) = self.name?;
        let Self { path, own, calls, decisions, holders, .. } = self;
        Some(Visit { at, sharing, path, own, calls, decisions, holders })
    }
}

impl Round<'_> {
    /// Something is shared.
    pub(super) fn record_export(&mut self, path: u64, own: &Value) {
        let Some(record) = &mut self.record else { return };
        record.visits.push(Unnamed {
            name: None,
            path,
            own: own.clone(),
            calls: record.calls.clone(),
            decisions: record.decisions.clone(),
            holders: self.domain.clone(),
        });
    }

    /// How many visits were recorded so far.
    pub(super) fn visited(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.visits.len())
    }

    /// Names the visits since `first` that nothing inside has named.
    pub(super) fn name_visits(&mut self, first: usize, at: &Span, sharing: Sharing) {
        let Some(record) = &mut self.record else { return };
        for visit in record.visits.iter_mut().skip(first).filter(|visit| visit.name.is_none()) {
            visit.name = Some((at.clone(), sharing));
        }
    }

    /// Something was decided; holds until [`Self::undecide`].
    pub(super) fn decide(&mut self, at: &Span, what: impl FnOnce() -> Decided) {
        let Some(record) = &mut self.record else { return };
        record.decided += 1;
        let decision = Decision { at: at.clone(), what: what(), serial: record.decided };
        record.decisions.push(decision);
    }

    pub(super) fn undecide(&mut self) {
        if let Some(record) = &mut self.record {
            record.decisions.pop();
        }
    }

    /// A call begins; lasts until [`Self::record_return`].
    pub(super) fn record_call(&mut self, at: &Span) {
        if let Some(record) = &mut self.record {
            record.calls.push(at.clone());
        }
    }

    pub(super) fn record_return(&mut self) {
        if let Some(record) = &mut self.record {
            record.calls.pop();
        }
    }
}
