//! Diagnostics: what is wrong, where, why, and how to mend it.

mod code;
mod nearest;
mod render;

pub use code::DiagCode;
pub(crate) use nearest::nearest;

use crate::source::Span;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// The program runs; it may not do what was meant.
    Warning,
    /// Information, such as the names that the 2015 dialect rewrote.
    Notice,
}

/// One finding about a program.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of mistake it is.
    pub code: DiagCode,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Where, if there is a place.
    pub span: Option<Span>,
    /// Said at the place.
    pub label: String,
    /// Further places, such as the calls that led here, innermost first.
    pub related: Vec<(Span, String)>,
    /// How to mend it.
    pub help: Option<String>,
    /// The calls that led here, innermost first, as text.
    pub trace: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: DiagCode, span: &Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message)
    }

    /// A warning at a place.
    pub fn warning(code: DiagCode, span: &Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message)
    }

    fn new(code: DiagCode, severity: Severity, span: &Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            span: Some(span.clone()),
            label: String::new(),
            related: Vec::new(),
            help: None,
            trace: None,
        }
    }

    /// Says something at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at a further place.
    #[must_use]
    pub fn related(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.related.push((span.clone(), label.into()));
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// All findings of one load, in source order as far as they were found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether the program must not run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Every finding rendered, separated by blank lines.
    pub fn render(&self, colour: bool) -> String {
        self.0.iter().map(|d| d.render(colour)).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
