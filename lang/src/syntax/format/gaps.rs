//! What stands between tokens: comments, line breaks, blank lines.

use super::super::ast::Module;
use super::super::token::Tok;
use crate::source::Source;
use std::ops::Range;

/// The comments before a token.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap {
    /// Behind the token before, on its line.
    pub(super) trailing: Range<usize>,
    /// Before this token.
    pub(super) leading: Range<usize>,
    /// Whether a blank line stands before the first leading comment, or before the token if there is
    /// none.
    pub(super) blank: bool,
}

/// How a comment stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// What follows stands on its line.
    pub(super) inline: bool,
    /// A blank line follows.
    pub(super) blank_after: bool,
}

/// All gaps of a text.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// One before each token.
    gaps: Vec<Gap>,
    /// One for each comment.
    manners: Vec<Manner>,
    /// For each opening bracket its closing one.
    partners: Vec<usize>,
}

impl Gaps {
    pub(super) fn of(source: &Source, module: &Module) -> Self {
        let mut gaps = Self { partners: partners(module), ..Self::default() };
        let mut comments = module.comments.iter().enumerate().peekable();
        let mut end = 0;
        for token in &module.tokens {
            let first = gaps.manners.len();
            // Line breaks before each comment, and before the token.
            let mut breaks = Vec::new();
            while let Some((_, comment)) = comments.next_if(|(_, c)| c.start < token.start) {
                breaks.push(line_breaks(source, end, comment.start));
                end = comment.end;
                gaps.manners.push(Manner::default());
            }
            // The end of the text ends the last line.
            let ends = usize::from(token.tok == Tok::End);
            breaks.push(line_breaks(source, end, token.start).max(ends));
            end = token.end;
            gaps.add(first, &breaks);
        }
        gaps
    }

    fn add(&mut self, first: usize, breaks: &[usize]) {
        let count = breaks.len() - 1;
        for (manner, after) in self.manners.iter_mut().skip(first).zip(breaks.iter().skip(1)) {
            *manner = Manner { inline: *after == 0, blank_after: *after > 1 };
        }
        // Comments up to the first line break follow the token before; without one they lead.
        let broken = breaks.iter().position(|b| *b > 0).unwrap_or(0);
        let trailing = if self.gaps.is_empty() { 0 } else { broken };
        let blank = breaks.get(trailing).is_some_and(|b| *b > 1);
        let split = first + trailing;
        self.gaps.push(Gap { trailing: first..split, leading: split..first + count, blank });
    }

    /// The gap before a token.
    pub(super) fn before(&self, token: usize) -> Gap {
        self.gaps.get(token).cloned().unwrap_or_default()
    }

    pub(super) fn manner(&self, comment: usize) -> Manner {
        self.manners.get(comment).copied().unwrap_or_default()
    }

    /// The bracket that closes the one at a token; the token itself if it opens none.
    pub(super) fn partner(&self, token: usize) -> usize {
        self.partners.get(token).copied().unwrap_or(token)
    }
}

fn line_breaks(source: &Source, from: u32, to: u32) -> usize {
    let between = source.text.get(from as usize..to as usize).unwrap_or("");
    between.bytes().filter(|byte| *byte == b'\n').count()
}

fn partners(module: &Module) -> Vec<usize> {
    use Tok::{LBrace, LBracket, LParen, RBrace, RBracket, RParen};
    let mut partners: Vec<usize> = (0..module.tokens.len()).collect();
    let mut open = Vec::new();
    for (at, token) in module.tokens.iter().enumerate() {
        match token.tok {
            LParen | LBrace | LBracket => open.push(at),
            RParen | RBrace | RBracket => {
                if let Some(partner) = open.pop().and_then(|start| partners.get_mut(start)) {
                    *partner = at;
                }
            }
            _ => {}
        }
    }
    partners
}
