//! What was probably meant where something else was expected: habits from other languages.

use super::super::token::Tok;
use super::{Parse, Parser};
use crate::diag::{DiagCode, Diagnostic};
use crate::source::Span;

impl Parser<'_> {
    /// What helps where an expression is expected, from the tokens on both sides of the gap.
    pub(super) fn expression_help(&self) -> &'static str {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|t| &t.tok);
        match (before, self.peek()) {
            (Some(Tok::Plus), Tok::Plus) => "there is no `++`; write `x = x + 1`",
            (Some(Tok::Assign), Tok::Assign) => "to compare, write `==` without a blank",
            (Some(Tok::Assign), Tok::Greater) => "a function is written `{ x -> … }`",
            (Some(Tok::Comma), Tok::RParen | Tok::RBracket) => {
                "remove the comma before the bracket"
            }
            (_, Tok::Comma) => "each variable needs a `let` of its own; each argument a value",
            (Some(before), Tok::RParen | Tok::RBrace | Tok::RBracket) if is_operator(before) => {
                "an operator needs a value on both sides"
            }
            (_, Tok::RParen | Tok::RBrace | Tok::RBracket) => "this bracket closes nothing",
            (Some(before), Tok::End) if is_operator(before) => {
                "an operator needs a value on both sides"
            }
            (_, Tok::Dot) => {
                "a method follows a value, as in `a.size()`; modules have colons: `a:b`"
            }
            (_, Tok::Assign) if self.ahead(1).tok == Tok::Greater => {
                "a function is written `{ x -> … }`"
            }
            (_, Tok::Assign) => "a definition looks like `let x = 1`; to compare, write `==`",
            _ => "",
        }
    }

    /// `var x = 1`, `return x` and their like at the start of a statement: says how it is written
    /// here, passes over the word, and tells whether the rest reads as a `let`.
    pub(super) fn foreign_word(&mut self) -> Parse<bool> {
        let Tok::Word(word) = self.peek().clone() else { return Ok(false) };
        let next = self.ahead(1);
        let same_line = !next.starts_line;
        let name_follows = same_line && matches!(next.tok, Tok::Word(_));
        let help = match &*word {
            "var" | "const" | "val" if name_follows && self.ahead(2).tok == Tok::Assign => {
                "a variable begins with `let`"
            }
            "return" if same_line && starts_value(&next.tok) => {
                "leave it out: a function has the value of its last expression"
            }
            "function" | "func" | "fun" | "fn"
                if name_follows && self.ahead(2).tok == Tok::LParen =>
            {
                "a function is defined with `def f(x) { … }`, before the program"
            }
            "for" | "while" if next.tok == Tok::LParen && same_line => {
                "there are no loops: use `t.map { … }` or `t.fold(…)` over a tuple, or `rep` over rounds"
            }
            _ => return Ok(false),
        };
        let span = self.here();
        let message = format!("`{word}` is a word of another language");
        let reported = self.report(Diagnostic::error(DiagCode::Syntax, &span, message).help(help));
        match &*word {
            "var" | "const" | "val" => {
                self.advance();
                Ok(true)
            }
            "return" => {
                self.advance();
                Ok(false)
            }
            _ => Err(reported),
        }
    }

    /// What helps where the name of a `let` or the sign behind it is missing.
    pub(super) fn let_help(&self) -> &'static str {
        match self.peek() {
            Tok::LBracket => "a tuple is not taken apart; write `let a = t.get(0)`",
            Tok::LParen => "a function is defined with `def f(x) { … }` or `let f = { x -> … }`",
            _ => "a definition looks like `let x = 1`",
        }
    }

    /// What helps where the body of something stands without braces.
    pub(super) fn block_help(&self, what: &str) -> String {
        match self.peek() {
            Tok::Word(word) if **word == *"if" => {
                "write `else { if (c) { a } else { b } }`".to_owned()
            }
            Tok::Arrow => "write `def f(x) = x + 1` or `def f(x) { x + 1 }`".to_owned(),
            _ => format!("{what} stands in braces: {{ … }}"),
        }
    }

    /// The end of what was read, for messages about what is missing at the end of a text.
    pub(super) fn end_of_text(&self) -> Span {
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |t| t.end);
        Span { source: self.source.clone(), start: end, end }
    }
}

fn is_operator(tok: &Tok) -> bool {
    super::expr::binary(tok).is_some() || *tok == Tok::Not
}

fn starts_value(tok: &Tok) -> bool {
    matches!(
        tok,
        Tok::Word(_) | Tok::Number(_) | Tok::Text(_) | Tok::LBracket | Tok::LParen | Tok::Not
    )
}
