//! What goes wrong in a round.

use crate::diag::{DiagCode, Diagnostic, Severity};
use crate::id::NodeId;
use crate::source::Span;
use std::fmt;
use std::sync::Arc;

/// The code of the fault that says which function recurs too deeply.
pub(crate) const TOO_DEEP: DiagCode = DiagCode::RecursionTooDeep;
/// Characters of a message; values in it may be far longer.
const LONGEST_MESSAGE: usize = 500;
/// How many of the innermost and of the outermost calls a trap lists.
const INNERMOST: usize = 5;
const OUTERMOST: usize = 3;

/// An error on its way out of an evaluation; it gathers the place and the calls.
#[derive(Debug)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: DiagCode,
    message: String,
    help: Option<String>,
    span: Option<Span>,
    /// The neighbour whose value was at work.
    neighbor: Option<NodeId>,
    /// The innermost calls, then the outermost.
    trace: Vec<Call>,
    /// Calls between them that are not kept.
    skipped: usize,
}

/// A call that was under way.
#[derive(Debug)]
struct Call {
    place: Span,
    function: String,
}

impl Fault {
    pub(crate) fn new(code: DiagCode, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        let (help, span, neighbor) = (None, None, None);
        Self(Box::new(Inner { code, message, help, span, neighbor, trace: Vec::new(), skipped: 0 }))
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
        let function = readable(function);
        let inner = &mut *self.0;
        if inner.code == TOO_DEEP && inner.trace.is_empty() {
            let calls = std::mem::take(&mut inner.message);
            inner.message = format!("{calls} in {function}; did you mean if instead of mux?");
        }
        // Recursion calls from the same place again and again: said once.
        let repeats = inner.trace.last().is_some_and(|last| {
            Arc::ptr_eq(&last.place.source, &span.source) && last.place.start == span.start
        });
        if !repeats {
            if inner.trace.len() == INNERMOST + OUTERMOST {
                inner.trace.remove(INNERMOST);
                inner.skipped += 1;
            }
            inner.trace.push(Call { place: span.clone(), function });
        }
        self
    }

    /// Names the neighbour whose value was at work: the innermost one counts.
    #[must_use]
    pub(crate) fn for_neighbor(mut self, id: &NodeId) -> Self {
        self.0.neighbor.get_or_insert_with(|| id.clone());
        self
    }

    /// The same where the value may also be the device's own.
    #[must_use]
    pub(crate) fn for_value_of(self, neighbor: Option<&NodeId>) -> Self {
        match neighbor {
            Some(id) => self.for_neighbor(id),
            None => self,
        }
    }

    pub(crate) fn into_trap(self) -> Trap {
        let inner = *self.0;
        let trace = inner.span.as_ref().map(|span| trace_text(span, &inner.trace, inner.skipped));
        let mut related: Vec<(Span, String)> = Vec::new();
        for Call { place, function } in inner.trace {
            let shown = |(known, _): &(Span, String)| {
                Arc::ptr_eq(&known.source, &place.source) && known.start == place.start
            };
            if !related.iter().any(shown) {
                related.push((place, format!("in the call of {function}")));
            }
        }
        let message = match &inner.neighbor {
            Some(id) => format!("{} (with the value of neighbour {id})", inner.message),
            None => inner.message,
        };
        Trap(Box::new(Diagnostic {
            code: inner.code,
            severity: Severity::Error,
            message,
            label: String::new(),
            span: inner.span,
            related,
            help: inner.help,
            trace,
        }))
    }
}

/// A message with a value that is too long to be read, without its middle.
fn shortened(message: String) -> String {
    let chars = message.chars().count();
    if chars <= LONGEST_MESSAGE {
        return message;
    }
    let half = LONGEST_MESSAGE / 2;
    let head: String = message.chars().take(half).collect();
    let tail: String = message.chars().skip(chars - half).collect();
    format!("{head} … {tail}")
}

/// `f` for `?:f`, because a program without a module name is `?` inside; words for a function
/// literal, which is `f{1}` inside.
pub(crate) fn readable(function: &str) -> String {
    let function = function.strip_prefix("?:").unwrap_or(function);
    match function.split_once('{') {
        None => function.to_owned(),
        Some(("", _)) => "a function literal".to_owned(),
        Some((outer, _)) => format!("a function literal of {}", outer.trim_end_matches(':')),
    }
}

/// Where the error is, and where each call is that led to it, up to the program itself.
fn trace_text(span: &Span, calls: &[Call], skipped: usize) -> String {
    let places = std::iter::once(span).chain(calls.iter().map(|call| &call.place));
    let main = String::from("main script");
    let functions = calls.iter().map(|call| &call.function).chain([&main]);
    let mut lines: Vec<String> =
        places.zip(functions).map(|(place, f)| format!("\n  {f}, {}", place.place())).collect();
    if skipped > 0 {
        lines.insert(INNERMOST, format!("\n  … {skipped} more calls"));
    }
    format!("Fully detailed interpreter trace:{}", lines.concat())
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
