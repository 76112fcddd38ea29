//! Reading a TOML tree into a type while collecting every problem, not only the first.
//!
//! What cannot be read is noted and taken out of the tree, and the rest is read again. Each turn
//! makes the tree smaller, so it ends.

use super::problems::Problem;
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeValue, ValueDeserializer};

/// Problems noted of one file; the rest is left for the next run.
const MAX_PROBLEMS: usize = 20;

/// A text and what is wrong with it so far.
pub(super) struct Collector<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Collector<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    pub(super) fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(self.text, span, message.into()));
        }
    }

    /// How many problems are noted.
    pub(super) fn count(&self) -> usize {
        self.problems.len()
    }

    /// The problems in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems
    }

    /// Reads a value; `None` when so much is wrong that nothing is left of it.
    pub(super) fn read<T: DeserializeOwned>(
        &mut self,
        mut value: Spanned<DeValue<'_>>,
    ) -> Option<T> {
        let mut removed = Vec::new();
        loop {
            let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let span = error.span().unwrap_or_else(|| value.span());
            let missing = field_named(error.message(), "missing field `");
            if missing.is_none_or(|field| !removed.iter().any(|name| name == field)) {
                self.add(span.clone(), reworded(error.message()));
            }
            match take_out(&mut value, &span) {
                Some(name) => removed.push(name),
                None => return None,
            }
        }
    }
}

/// The field that an error of serde names after `prefix`.
fn field_named<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix)?.split('`').next()
}

/// Takes the innermost entry out whose key or value covers the span; returns its key, or an empty
/// text for an item of a list.
fn take_out(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    let covers = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    match value.get_mut() {
        DeValue::Table(table) => {
            if let Some(name) = table.iter_mut().find_map(|(_, inner)| take_out(inner, span)) {
                return Some(name);
            }
            let (key, _) = table
                .iter()
                .find(|(key, inner)| covers(key.span()) || covers(inner.span()))
                .map(|(key, inner)| (key.get_ref().to_string(), inner.span()))?;
            table.remove(key.as_str());
            Some(key)
        }
        DeValue::Array(list) => {
            if let Some(name) = list.iter_mut().find_map(|inner| take_out(inner, span)) {
                return Some(name);
            }
            let at = list.iter().position(|inner| covers(inner.span()))?;
            let old = std::mem::replace(list, DeArray::new());
            *list = old.into_iter().enumerate().filter(|(i, _)| *i != at).map(|(_, v)| v).collect();
            Some(String::new())
        }
        _ => None,
    }
}

/// serde's message in our words: an unknown key is shown with the nearest known one.
fn reworded(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    if let Some(field) = field_named(first, "missing field `") {
        return format!("the key `{field}` is missing here; add it");
    }
    let unknown = field_named(first, "unknown field `").map(|field| ("key", field));
    let variant = field_named(first, "unknown variant `").map(|field| ("value", field));
    let Some((kind, field)) = unknown.or(variant) else {
        return mistyped(first).unwrap_or_else(|| first.to_owned());
    };
    let known: Vec<&str> = first.split('`').skip(3).step_by(2).collect();
    unknown_name(kind, field, &known)
}

/// An unknown key or value, with the nearest known one.
pub(super) fn unknown_name(kind: &str, field: &str, known: &[&str]) -> String {
    let mut message = format!("unknown {kind} `{field}`");
    if let Some(near) = nearest(field, known) {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    if !known.is_empty() {
        message.push_str(&format!(" (known here: {})", known.join(", ")));
    }
    message
}

/// `invalid type: string "a", expected u64` in words for people.
fn mistyped(message: &str) -> Option<String> {
    let found = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = found.rsplit_once(", expected ")?;
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list: [\"a\", \"b\"]",
        "a map" => "a table",
        other => other,
    };
    let found = found.replace("string ", "the text ").replace("integer ", "the number ");
    Some(format!("{found} does not fit here; expected {expected}"))
}

/// The known name that a reader would have meant.
fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let distance = |other: &str| strsim::damerau_levenshtein(name, other);
    let near = known.iter().min_by_key(|other| distance(other))?;
    (distance(near) <= 1 + name.chars().count() / 3).then_some(*near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        assert_eq!(nearest("nmae", &["name", "listen"]), Some("name"));
        assert_eq!(nearest("listne", &["name", "listen"]), Some("listen"));
        assert_eq!(nearest("colour", &["name", "listen"]), None);
    }
}
