//! Diagnostics: what is wrong, where, why, and how to mend it.

mod code;

pub use code::DiagCode;

use crate::source::Span;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt;
use std::sync::Arc;

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

    /// The message with the source line, a caret, and the remedy.
    ///
    /// `colour` adds terminal colours.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Notice => Level::NOTE,
        };
        let title = level.primary_title(self.message.as_str()).id(self.code.as_str());
        let mut group = Group::with_title(title);
        // One excerpt for each source text: what belongs together is shown together.
        let primary = self.span.iter().map(|span| (span, &self.label, AnnotationKind::Primary));
        let context =
            self.related.iter().map(|(span, label)| (span, label, AnnotationKind::Context));
        let mut places: Vec<_> = primary.chain(context).collect();
        while let Some((first, ..)) = places.first() {
            let source = first.source.clone();
            let here =
                |place: &(&Span, &String, AnnotationKind)| Arc::ptr_eq(&place.0.source, &source);
            let (these, others) = places.into_iter().partition(here);
            group = group.element(excerpt(these));
            places = others;
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        if let Some(trace) = &self.trace {
            group = group.element(Level::NOTE.message(trace.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// Places of one source text, which is that of the first.
fn excerpt<'a>(
    places: Vec<(&'a Span, &'a String, AnnotationKind)>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = places.first().map(|(span, ..)| &span.source);
    let (name, text) = source.map_or(("", ""), |s| (s.name.as_str(), s.text.as_str()));
    let annotations = places.into_iter().map(|(span, label, kind)| {
        let start = (span.start as usize).min(text.len());
        let end = (span.end as usize).clamp(start, text.len());
        let annotation = kind.span(start..end);
        if label.is_empty() { annotation } else { annotation.label(label.as_str()) }
    });
    Snippet::source(text).path(name).annotations(annotations)
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
