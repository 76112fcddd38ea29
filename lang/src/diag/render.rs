//! Findings as people read them.

use super::{Diagnostic, Severity};
use crate::source::{Source, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::sync::Arc;

/// Longest line that is shown: what was not written by hand is only pointed to.
const MAX_LINE: usize = 2_000;

/// A place, what is said at it, and how it is marked.
type Place<'a> = (&'a Span, &'a str, AnnotationKind);

impl Diagnostic {
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
        let primary = self.span.iter().map(|span| (span, &*self.label, AnnotationKind::Primary));
        let context =
            self.related.iter().map(|(span, label)| (span, &**label, AnnotationKind::Context));
        let (mut places, unshown): (Vec<Place<'_>>, Vec<Place<'_>>) =
            primary.chain(context).partition(|(span, ..)| is_short(span));
        while let Some((first, ..)) = places.first() {
            let source = first.source.clone();
            let here = |place: &Place<'_>| Arc::ptr_eq(&place.0.source, &source);
            let (these, others) = places.into_iter().partition(here);
            group = group.element(excerpt(&source, these));
            places = others;
        }
        for (span, label, _) in unshown {
            let (line, column) = span.source.position(span.start);
            let origin = Origin::path(span.source.name.clone()).line(line).char_column(column);
            group = group.element(origin);
            if !label.is_empty() {
                group = group.element(Level::NOTE.message(label));
            }
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

/// The bytes of the lines that a span touches.
fn lines_of(span: &Span) -> (usize, usize) {
    let text = span.source.text.as_str();
    let start = (span.start as usize).min(text.len());
    let end = (span.end as usize).clamp(start, text.len());
    let first = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let last = text.get(end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| end + at);
    (first, last)
}

fn is_short(span: &Span) -> bool {
    let (start, end) = lines_of(span);
    let lines = span.source.text.get(start..end).unwrap_or_default();
    lines.lines().all(|line| line.len() <= MAX_LINE)
}

/// Places of one source text, with no more of the text around them than is shown.
fn excerpt<'a>(
    source: &Arc<Source>,
    places: Vec<Place<'a>>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let bounds = places.iter().map(|(span, ..)| lines_of(span));
    let (first, last) = bounds.reduce(|(a, b), (c, d)| (a.min(c), b.max(d))).unwrap_or_default();
    let text = source.text.get(first..last).unwrap_or_default().to_owned();
    let annotations = places.into_iter().map(|(span, label, kind)| {
        let start = (span.start as usize).saturating_sub(first).min(text.len());
        let end = (span.end as usize).saturating_sub(first).clamp(start, text.len());
        let annotation = kind.span(start..end);
        if label.is_empty() { annotation } else { annotation.label(label) }
    });
    let annotations: Vec<_> = annotations.collect();
    Snippet::source(text)
        .line_start(source.position(first as u32).0)
        .path(source.name.clone())
        .annotations(annotations)
}
