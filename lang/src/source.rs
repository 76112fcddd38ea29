//! Source texts and places in them.

use std::fmt;
use std::sync::Arc;

/// A text that was loaded: a file, a library module, a command line argument, an evaluated string.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The name shown in messages, mostly a path.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A shared source.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line and column, both from 1; the column counts characters.
    pub fn position(&self, offset: u32) -> (usize, usize) {
        let before = self.text.get(..offset as usize).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// A range of bytes in one source.
#[derive(Clone)]
pub struct Span {
    /// The text that the range lies in.
    pub source: Arc<Source>,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Span({}..{})", self.start, self.end)
    }
}

impl Span {
    /// From the start of this span to the end of another one in the same source.
    #[must_use]
    pub fn to(&self, other: &Self) -> Self {
        Self { source: self.source.clone(), start: self.start, end: other.end.max(self.end) }
    }

    /// `file:line:column` of the start.
    pub fn place(&self) -> String {
        let (line, column) = self.source.position(self.start);
        format!("{}:{line}:{column}", self.source.name)
    }

    /// The text of the range.
    pub fn text(&self) -> &str {
        self.source.text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// The line on which the range starts, from 1.
    pub fn line(&self) -> usize {
        self.source.position(self.start).0
    }
}
