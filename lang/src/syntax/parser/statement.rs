//! Blocks and statements.

use super::super::ast::{Block, Expr, ExprKind, Statement};
use super::super::token::Tok;
use super::{Parse, Parser};
use crate::diag::{DiagCode, Diagnostic};

impl Parser<'_> {
    /// `{ … }` with at least one statement.
    pub(super) fn parse_block(&mut self, what: &str) -> Parse<Block> {
        let start = self.here();
        if *self.peek() != Tok::LBrace {
            return Err(self.unexpected("`{`", &self.block_help(what)));
        }
        match self.parse_block_or_empty()? {
            Some(block) => Ok(block),
            None => {
                let diagnostic = Diagnostic::error(
                    DiagCode::EmptyBlock,
                    &self.since(&start),
                    format!("{what} is empty"),
                )
                .help("a block needs a value: write at least one expression between the braces");
                Err(self.report(diagnostic))
            }
        }
    }

    /// `{ … }`, perhaps empty; the brace is known to be next.
    pub(super) fn parse_block_or_empty(&mut self) -> Parse<Option<Block>> {
        let start = self.here();
        self.expect(&Tok::LBrace, "")?;
        let block = self.nested(|parser| Ok(parser.parse_statements(false)))?;
        self.close_brace(&start)?;
        Ok(block.map(|block| Block { span: self.since(&start), ..block }))
    }

    pub(super) fn close_brace(&mut self, open: &crate::source::Span) -> Parse<()> {
        if self.eat(&Tok::RBrace) {
            return Ok(());
        }
        let message = format!("expected `}}`, found {}", self.peek());
        let diagnostic = Diagnostic::error(DiagCode::Unclosed, &self.here(), message)
            .label("expected `}`")
            .related(open, "this block is open")
            .help("close the block, or check the brackets inside it");
        Err(self.report(diagnostic))
    }

    /// A block that is one expression, as after `def f() =`.
    pub(super) fn parse_single(&mut self) -> Parse<Block> {
        let value = self.parse_expr()?;
        let span = value.span.clone();
        Ok(Block { statements: vec![Statement::Expr(value)], span })
    }

    /// Statements up to `}` or the end; at top level also up to an import or definition.
    pub(super) fn parse_statements(&mut self, top: bool) -> Option<Block> {
        let start = self.here();
        let mut statements = Vec::new();
        loop {
            while self.eat(&Tok::Semicolon) {}
            if self.ends_statements(top) {
                break;
            }
            let before = self.at;
            match self.parse_statement() {
                Ok(statement) => statements.push(statement),
                Err(_) => {
                    let bad = Expr { kind: ExprKind::Bad, span: self.here() };
                    // A `let` whose value is wrong still defines its name: no further errors.
                    statements.push(match self.unfinished_let.take() {
                        Some(name) => {
                            let span = name.span.clone();
                            Statement::Let { name, value: bad, span }
                        }
                        None => Statement::Expr(bad),
                    });
                    self.skip_to_statement(before, top);
                }
            }
        }
        if statements.is_empty() {
            return None;
        }
        Some(Block { statements, span: self.since(&start) })
    }

    fn ends_statements(&self, top: bool) -> bool {
        let item = self.peek_word("import")
            || self.peek_word("def")
            || (self.peek_word("public") && self.word_ahead(1, "def"));
        match self.peek() {
            Tok::End => true,
            Tok::RBrace => !top,
            _ => top && item,
        }
    }

    /// After an error: on to a place where a statement may begin, at least one token further.
    /// Balanced brackets are passed over whole.
    fn skip_to_statement(&mut self, before: usize, top: bool) {
        let mut depth = 0usize;
        if self.at == before {
            depth += usize::from(matches!(self.peek(), Tok::LBrace | Tok::LParen | Tok::LBracket));
            if top || *self.peek() != Tok::RBrace {
                self.advance();
            }
        }
        loop {
            match self.peek() {
                Tok::End => return,
                Tok::LBrace | Tok::LParen | Tok::LBracket => depth += 1,
                Tok::RBrace if depth == 0 && !top => return,
                Tok::RBrace | Tok::RParen | Tok::RBracket => depth = depth.saturating_sub(1),
                Tok::Semicolon if depth == 0 => return,
                Tok::Word(_) if depth == 0 && self.ahead(0).starts_line => return,
                _ => {}
            }
            self.advance();
        }
    }

    fn parse_statement(&mut self) -> Parse<Statement> {
        let start = self.here();
        if self.foreign_word()? || self.eat_word("let") {
            if *self.peek() == Tok::LBracket {
                return Err(self.unexpected("the name of the variable", self.let_help()));
            }
            let name = self.expect_name("the name of the variable")?;
            self.unfinished_let = Some(name.clone());
            self.expect(&Tok::Assign, self.let_help())?;
            let value = self.parse_expr()?;
            self.unfinished_let = None;
            return Ok(Statement::Let { name, value, span: self.since(&start) });
        }
        let escaped = usize::from(*self.peek() == Tok::Caret);
        let assigns = matches!(self.ahead(escaped).tok, Tok::Word(_))
            && self.ahead(escaped + 1).tok == Tok::Assign;
        if assigns {
            let name = self.expect_name("the name of a variable")?;
            self.advance();
            let value = self.parse_expr()?;
            return Ok(Statement::Assign { name, value, span: self.since(&start) });
        }
        if self.peek_word("if") {
            return self.parse_if_statement();
        }
        let value = self.parse_expr()?;
        self.note_indexing();
        if matches!(value.kind, ExprKind::Lambda { .. }) && self.more_statements() {
            let diagnostic = Diagnostic::warning(DiagCode::UnusedFunction, &value.span, "this function is made and never used")
                .help("braces on their own are a function, not a block; remove them, or call it: `{ … }()`");
            self.warn(diagnostic);
        }
        Ok(Statement::Expr(value))
    }

    fn more_statements(&self) -> bool {
        !matches!(self.peek(), Tok::RBrace | Tok::End)
    }

    /// `a [1]` on one line is two statements, and almost never meant.
    fn note_indexing(&mut self) {
        let next = self.ahead(0);
        if next.tok == Tok::LBracket && !next.starts_line {
            let diagnostic = Diagnostic::warning(
                DiagCode::NoIndexing,
                &self.here(),
                "there is no indexing: this starts a new statement",
            )
            .help("use `a.get(1)`");
            self.warn(diagnostic);
        }
    }

    /// `if` at the start of a statement: without `else` it has no value and ends the statement.
    fn parse_if_statement(&mut self) -> Parse<Statement> {
        let start = self.here();
        let condition = self.parse_condition("if")?;
        if *self.peek() != Tok::LBrace {
            return Err(self.unexpected(
                "`{`",
                "the branches of `if` stand in braces: if (c) { a } else { b }",
            ));
        }
        let then_start = self.here();
        let then = self.parse_block_or_empty()?;
        if !self.peek_word("else") {
            return Ok(Statement::If { condition, then, span: self.since(&start) });
        }
        let Some(then) = then else {
            let diagnostic = Diagnostic::error(
                DiagCode::EmptyBlock,
                &self.since(&then_start),
                "the first branch of `if` is empty",
            )
            .help("with `else` both branches need a value");
            return Err(self.report(diagnostic));
        };
        let value = self.parse_else(&start, condition, then)?;
        let value = self.parse_operators(value)?;
        Ok(Statement::Expr(value))
    }
}
