//! What goes wrong in a round.

use crate::diag::{DiagCode, Diagnostic, Severity};
use crate::source::Span;
use std::fmt;
use std::sync::Arc;

/// The code of the fault that says which function recurs too deeply.
pub(crate) const TOO_DEEP: DiagCode = DiagCode::RecursionTooDeep;
/// Most calls that a trap lists.
const MAX_TRACE: usize = 6;

/// An error on its way out of an evaluation; it gathers the place and the calls.
#[derive(Debug)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: DiagCode,
    message: String,
    help: Option<String>,
    span: Option<Span>,
    trace: Vec<(Span, String)>,
}

impl Fault {
    pub(crate) fn new(code: DiagCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner { code, message, help: None, span: None, trace: Vec::new() }))
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The place, if none is known yet: the innermost expression wins.
    #[must_use]
    pub(crate) fn at(mut self, span: &Span) -> Self {
        self.0.span.get_or_insert_with(|| span.clone());
        self
    }

    /// The error occurred inside a call.
    #[must_use]
    pub(crate) fn called(mut self, function: &str, span: &Span) -> Self {
        // A program without a module name is `?` inside.
        let function = function.strip_prefix("?:").unwrap_or(function);
        if self.0.code == TOO_DEEP && self.0.trace.is_empty() {
            let calls = std::mem::take(&mut self.0.message);
            self.0.message = format!("{calls} in {function}; did you mean if instead of mux?");
        }
        // Recursion calls from the same place again and again: said once.
        let repeats = self.0.trace.last().is_some_and(|(last, _)| {
            Arc::ptr_eq(&last.source, &span.source) && last.start == span.start
        });
        if self.0.trace.len() < MAX_TRACE && !repeats {
            self.0.trace.push((span.clone(), function.to_owned()));
        }
        self
    }

    /// Names the neighbour whose value was at work.
    #[must_use]
    pub(crate) fn for_neighbor(mut self, id: &crate::id::NodeId) -> Self {
        self.0.message = format!("{} (with the value of neighbour {id})", self.0.message);
        self
    }

    pub(crate) fn into_trap(self) -> Trap {
        let inner = *self.0;
        let trace = inner.span.as_ref().map(|span| trace_text(span, &inner.trace));
        let calls = inner.trace.into_iter();
        Trap(Box::new(Diagnostic {
            code: inner.code,
            severity: Severity::Error,
            message: inner.message,
            label: String::new(),
            span: inner.span,
            related: calls.map(|(span, f)| (span, format!("in the call of {f}"))).collect(),
            help: inner.help,
            trace,
        }))
    }
}

/// Where the error is, and where each call is that led to it, up to the program itself.
fn trace_text(span: &Span, calls: &[(Span, String)]) -> String {
    let places = std::iter::once(span).chain(calls.iter().map(|(span, _)| span));
    let main = String::from("main script");
    let functions = calls.iter().map(|(_, function)| function).chain([&main]);
    let lines = places.zip(functions).map(|(place, f)| format!("\n  {f}, {}", place.place()));
    format!("Fully detailed interpreter trace:{}", lines.collect::<String>())
}

/// A round that failed: nothing is sent, the state stays that of the round before.
#[derive(Clone, Debug)]
pub struct Trap(Box<Diagnostic>);

impl Trap {
    /// A trap that has no place in the program, such as a message that would be too large.
    pub fn without_place(code: DiagCode, message: impl Into<String>, help: &str) -> Self {
        Fault::new(code, message).help(help).into_trap()
    }

    /// What went wrong, where, and in which calls, innermost first.
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.0
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Trap {}
