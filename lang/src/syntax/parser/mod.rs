//! Recursive descent for statements, precedence climbing for operators.
//!
//! Naming: `parse_x` reads an x and may report; `expect_x` must find x; `eat_x` takes x if it is
//! next. A construct that cannot be read gives `Err(Reported)`: the message exists already, and the
//! nearest enclosing statement list goes on at the next place where a statement may begin.

mod expr;
mod help;
mod module;
mod primary;
mod statement;

use super::ast::{Module, Name};
use super::lexer::{Lexed, lex};
use super::token::{Tok, Token, is_reserved, may_be_member};
use crate::diag::{DiagCode, Diagnostic};
use crate::source::{Source, Span};
use std::sync::Arc;

/// Deepest nesting of brackets and constructs: far beyond what a person writes, and small enough
/// for any thread's stack.
const MAX_NESTING: usize = 400;
/// Further errors or warnings of one text are dropped: they mostly repeat.
const MAX_ERRORS: usize = 50;
/// Deepest tree: long chains inside long chains are as deep as nested brackets.
const MAX_DEPTH: usize = 1_400;

/// The error was reported; the caller goes on elsewhere.
pub(crate) struct Reported;

type Parse<T> = Result<T, Reported>;

/// Reads a module or program; what could not be read is reported and missing in the tree.
pub(crate) fn parse(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Module {
    let Lexed { tokens, comments } = lex(source, diagnostics);
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        nesting: 0,
        depth: 0,
        diagnostics,
        dialect: Vec::new(),
        unfinished_let: None,
        errors: 0,
        warnings: 0,
    };
    let mut module = parser.parse_module();
    module.dialect = parser.dialect;
    module.tokens = parser.tokens;
    module.comments = comments;
    module
}

struct Parser<'a> {
    source: &'a Arc<Source>,
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    /// How deep the tree is that was read so far, below the innermost bracket that is open.
    depth: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
    dialect: Vec<(Span, String)>,
    /// The name of a `let` whose value is being read.
    unfinished_let: Option<Name>,
    errors: usize,
    warnings: usize,
}

/// What the parser sees beyond the last token.
const END: Token = Token { tok: Tok::End, start: u32::MAX, end: u32::MAX, starts_line: true };

impl Parser<'_> {
    fn ahead(&self, n: usize) -> &Token {
        self.tokens.get(self.at + n).or_else(|| self.tokens.last()).unwrap_or(&END)
    }

    fn peek(&self) -> &Tok {
        &self.ahead(0).tok
    }

    fn peek_word(&self, word: &str) -> bool {
        self.word_ahead(0, word)
    }

    fn word_ahead(&self, n: usize, word: &str) -> bool {
        matches!(&self.ahead(n).tok, Tok::Word(w) if **w == *word)
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn eat(&mut self, tok: &Tok) -> bool {
        let found = self.peek() == tok;
        if found {
            self.advance();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn token_span(&self, token: &Token) -> Span {
        let end = self.source.text.len() as u32;
        Span { source: self.source.clone(), start: token.start.min(end), end: token.end.min(end) }
    }

    /// The span of the next token; at the end of the text, the end of what was read.
    fn here(&self) -> Span {
        match self.peek() {
            Tok::End => self.end_of_text(),
            _ => self.token_span(self.ahead(0)),
        }
    }

    /// From a start to the end of the last token taken.
    fn since(&self, start: &Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        Span {
            source: self.source.clone(),
            start: start.start,
            end: last.map_or(start.end, |token| token.end).max(start.end.min(start.start + 1)),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.errors += 1;
        if self.errors <= MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
        Reported
    }

    fn warn(&mut self, diagnostic: Diagnostic) {
        self.warnings += 1;
        if self.warnings <= MAX_ERRORS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// "expected …, found …" at the next token.
    fn unexpected(&mut self, expected: &str, help: &str) -> Reported {
        if *self.peek() == Tok::Bad {
            // The lexer spoke already.
            return Reported;
        }
        let message = format!("expected {expected}, found {}", self.peek());
        let diagnostic = Diagnostic::error(DiagCode::Syntax, &self.here(), message)
            .label(format!("expected {expected}"));
        let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
        self.report(diagnostic)
    }

    fn expect(&mut self, tok: &Tok, help: &str) -> Parse<()> {
        if self.eat(tok) {
            return Ok(());
        }
        Err(self.unexpected(&tok.to_string(), help))
    }

    /// Takes a name that binds or refers to a variable; `^` before it escapes a keyword.
    fn expect_name(&mut self, what: &str) -> Parse<Name> {
        let start = self.here();
        let escaped = *self.peek() == Tok::Caret && self.ahead(1).start == self.ahead(0).end;
        let word = match &self.ahead(usize::from(escaped)).tok {
            Tok::Word(word) => word.clone(),
            _ => return Err(self.unexpected(what, "a name starts with a letter, `_` or `$`")),
        };
        if escaped {
            self.advance();
        } else if is_reserved(&word) {
            let help = format!("`{word}` is reserved; choose another name or write `^{word}`");
            return Err(self.unexpected(what, &help));
        }
        self.advance();
        let text = if escaped { Arc::from(format!("^{word}")) } else { word };
        Ok(Name { text, span: self.since(&start) })
    }

    /// Takes the name of a method or class member, which may be a reserved word.
    fn expect_member(&mut self, help: &str) -> Parse<Name> {
        let span = self.here();
        match self.peek().clone() {
            Tok::Word(word) if may_be_member(&word) => {
                self.advance();
                Ok(Name { text: word, span })
            }
            _ => Err(self.unexpected("the name of a method", help)),
        }
    }

    /// Runs `read` one level deeper, or reports that the text is nested too deeply.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.nesting >= MAX_NESTING {
            let message = format!("this is nested deeper than {MAX_NESTING} levels");
            let diagnostic = Diagnostic::error(DiagCode::TooDeep, &self.here(), message)
                .help("name a part with `let` or move it into a function");
            let reported = self.report(diagnostic);
            // Nothing sensible can follow, neither inside nor behind it.
            self.at = self.tokens.len().saturating_sub(1);
            self.errors = MAX_ERRORS;
            return Err(reported);
        }
        self.nesting += 1;
        let result = self.beside(|parser| {
            let result = read(parser);
            parser.depth += 1;
            result
        });
        self.nesting -= 1;
        result
    }

    /// Reads something that stands beside what was read before, and not above it in the tree.
    fn beside<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::take(&mut self.depth);
        let result = read(self);
        self.depth = self.depth.max(before);
        result
    }

    fn note_dialect(&mut self, span: &Span, today: impl Into<String>) {
        self.dialect.push((span.clone(), today.into()));
    }
}
