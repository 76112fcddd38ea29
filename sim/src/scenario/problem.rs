//! What is wrong with a scenario file, shown with the line it stands on.

use super::read::Step;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One mistake in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// What is wrong, one sentence.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// All mistakes that were found in one scenario file, in the order of the file.
///
/// Displays as one block a mistake with file, line, column and source line.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems {
    file: String,
    source: String,
    list: Vec<Problem>,
    /// What holds where the file says nothing.
    assumed: Vec<Assumed>,
}

/// What holds for a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assumed {
    /// The table of the key.
    pub(super) table: Vec<Step>,
    pub(super) key: &'static str,
    pub(super) value: toml::Value,
    /// Whether the file has no such key.
    pub(super) default: bool,
}

impl Problems {
    /// No mistakes in `source` yet.
    pub(crate) fn new(file: &str, source: &str) -> Self {
        Self {
            file: file.to_owned(),
            source: source.to_owned(),
            list: Vec::new(),
            assumed: Vec::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.list.push(Problem { span, message: message.into(), help: help.into() });
    }

    /// Notes what holds without a key.
    pub(crate) fn assume(&mut self, table: &[Step], key: &'static str, value: toml::Value) {
        self.assumed.push(Assumed { table: table.to_vec(), key, value, default: true });
    }

    /// Notes where a file is that a key names.
    pub(crate) fn relocate(&mut self, table: &[Step], key: &'static str, path: String) {
        let value = toml::Value::String(path);
        self.assumed.push(Assumed { table: table.to_vec(), key, value, default: false });
    }

    /// What was noted.
    pub(super) fn take_assumed(&mut self) -> Vec<Assumed> {
        std::mem::take(&mut self.assumed)
    }

    /// The mistakes in the order of the file.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// `value` when nothing is wrong.
    pub(crate) fn or<T>(mut self, value: T) -> Result<T, Box<Self>> {
        if self.list.is_empty() {
            return Ok(value);
        }
        self.list.sort_by_key(|problem| (problem.span.start, problem.span.end));
        Err(Box::new(self))
    }

    fn render(&self, problem: &Problem) -> String {
        let end = problem.span.end.min(self.source.len());
        let place = AnnotationKind::Primary.span(problem.span.start.min(end)..end);
        let snippet =
            Snippet::source(self.source.as_str()).path(self.file.as_str()).annotation(place);
        let group = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
        let group = match problem.help.as_str() {
            "" => group,
            help => group.element(Level::HELP.message(help)),
        };
        Renderer::plain().render(&[group])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.list.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{}", self.render(problem))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// ``; the nearest known … is `x` `` when some name is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 2)
        .min()
        .map(|(_, candidate)| candidate)
}
