//! The formatter: the same program, laid out in one style.
//!
//! It walks the syntax tree and takes the tokens one by one, so no token can be lost or change its
//! order; the tree only says where lines may break. Line breaks of the author stay: a bracket with a
//! break directly inside, and operators with a break between them, stay on several lines. What is
//! wider than [`WIDTH`] is broken. Comments stay before or behind the token that they belong to.

mod doc;
mod expr;
mod gaps;
mod print;
#[cfg(test)]
mod tests;
mod tree;

use super::ast::Module;
use super::parser::parse;
use crate::diag::Diagnostics;
use crate::source::Source;
use std::sync::Arc;

/// Columns of a line, as far as a token, a comment or a text is not longer.
const WIDTH: usize = 100;
/// Columns of one step of indentation.
const STEP: usize = 4;
/// A comment in an odd place may move once more when its new place is read; it comes to rest soon.
const MAX_PASSES: usize = 4;

/// Lays a program or module out in the style of the library: the same tokens and comments in the
/// same order, with other white space. Of several `;` in a row one stays.
///
/// # Errors
/// The text has syntax errors; all of them are returned.
pub fn format(source: &Arc<Source>) -> Result<String, Diagnostics> {
    let mut text = source.clone();
    for _ in 0..MAX_PASSES {
        let mut findings = Vec::new();
        let module = parse(&text, &mut findings);
        let findings = Diagnostics(findings);
        if findings.has_errors() {
            return Err(findings);
        }
        let printed = pass(&text, &module);
        if printed.settled {
            return Ok(printed.text);
        }
        text = Source::new(source.name.clone(), printed.text);
    }
    Ok(text.text.clone())
}

fn pass(source: &Source, module: &Module) -> print::Printed {
    let gaps = gaps::Gaps::of(source, module);
    let mut writer = tree::Writer::new(source, module, &gaps);
    let whole = writer.module();
    print::print(source, module, &gaps, writer.docs, whole)
}
