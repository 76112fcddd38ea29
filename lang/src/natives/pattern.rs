//! Methods of texts that take a regular expression.

use crate::diag::DiagCode;
use crate::eval::{Fault, Round};
use crate::value::{List, Value};
use regex_lite::{Regex, RegexBuilder};

/// Bytes of a compiled expression.
const MAX_SIZE: usize = 64 << 10;

/// An expression, paid for by the size of what it will search.
fn compiled(round: &mut Round<'_>, text: &str, pattern: &str) -> Result<Regex, Fault> {
    round.charge(text.len().saturating_mul(pattern.len()))?;
    let regex = RegexBuilder::new(pattern).size_limit(MAX_SIZE).nest_limit(50).build();
    regex.map_err(|error| {
        Fault::new(
            DiagCode::BadFormat,
            format!("\"{pattern}\" is not a regular expression: {error}"),
        )
        .help("a plain character that means something there needs a backslash: \"\\\\.\"")
    })
}

/// `matches(pattern)`: the whole text.
pub(super) fn matches(round: &mut Round<'_>, text: &str, pattern: &str) -> Result<bool, Fault> {
    Ok(compiled(round, text, &format!("^(?:{pattern})$"))?.is_match(text))
}

/// `replaceAll`, `replaceFirst`: `$1` in the new text is what the first group matched.
pub(super) fn replace(
    round: &mut Round<'_>,
    text: &str,
    pattern: &str,
    to: &str,
    most: usize,
) -> Result<String, Fault> {
    let regex = compiled(round, text, pattern)?;
    let mut out = String::new();
    let mut copied = 0;
    for found in regex.captures_iter(text).take(most) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(copied..whole.start()).unwrap_or_default());
        expand(to, |group| found.get(group).map_or("", |g| g.as_str()), &mut out);
        copied = whole.end();
        round.check_text(out.len())?;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// A digit after `$` names a group, a backslash takes what follows as it is.
fn expand<'t>(to: &str, group: impl Fn(usize) -> &'t str, out: &mut String) {
    let mut chars = to.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '$' => match chars.clone().next().and_then(|c| c.to_digit(10)) {
                Some(digit) => {
                    chars.next();
                    out.push_str(group(digit as usize));
                }
                None => out.push('$'),
            },
            other => out.push(other),
        }
    }
}

/// `split(pattern)`: a list of the parts, without empty ones at the end.
pub(super) fn split(round: &mut Round<'_>, text: &str, pattern: &str) -> Result<Value, Fault> {
    let regex = compiled(round, text, pattern)?;
    let mut parts: Vec<&str> = Vec::new();
    let mut start = 0;
    for found in regex.find_iter(text) {
        // Nothing matched at the very start makes no part there.
        if found.end() > 0 {
            parts.extend(text.get(start..found.start()));
            start = found.end();
        }
    }
    parts.extend(text.get(start..));
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    // A text of nothing but separators has no parts at all; an empty one is its own part.
    if parts == [""] && !text.is_empty() {
        parts.clear();
    }
    Ok(Value::List(List::new(parts.into_iter().map(Value::text).collect())))
}
