//! Modules, definitions, blocks and statements as documents.

use super::super::ast::{Block, Import, Module, Name, Statement};
use super::super::token::{Tok, Token};
use super::doc::{Doc, Docs, Node};
use super::gaps::Gaps;
use crate::source::{Source, Span};
use std::ops::Range;

/// Takes the tokens of a module one by one.
pub(super) struct Writer<'a> {
    source: &'a Source,
    module: &'a Module,
    gaps: &'a Gaps,
    pub(super) docs: Docs,
    /// The next token.
    at: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(source: &'a Source, module: &'a Module, gaps: &'a Gaps) -> Self {
        Self { source, module, gaps, docs: Docs::default(), at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> &Tok {
        self.module.tokens.get(self.at).map_or(&Tok::End, |token| &token.tok)
    }

    pub(super) fn token_at(&self, at: usize) -> Option<&'a Token> {
        self.module.tokens.get(at)
    }

    /// Where the next token begins.
    pub(super) fn position(&self) -> u32 {
        self.token_at(self.at).map_or(u32::MAX, |token| token.start)
    }

    pub(super) fn partner(&self, at: usize) -> usize {
        self.gaps.partner(at)
    }

    fn push(&mut self, out: &mut Vec<Doc>, node: Node) {
        let doc = self.docs.add(node);
        out.push(doc);
    }

    pub(super) fn space(&mut self, out: &mut Vec<Doc>) {
        self.push(out, Node::Space);
    }

    pub(super) fn line(&mut self, out: &mut Vec<Doc>) {
        self.push(out, Node::Line);
    }

    pub(super) fn soft_line(&mut self, out: &mut Vec<Doc>) {
        self.push(out, Node::SoftLine);
    }

    /// A line break, and a free line where the source has one before the next token.
    fn separate(&mut self, out: &mut Vec<Doc>) {
        let blank = self.gaps.before(self.at).blank;
        self.push(out, Node::HardLine { blank });
    }

    /// The next token with its comments.
    pub(super) fn token(&mut self, out: &mut Vec<Doc>) {
        self.leading(out);
        self.bare_token(out);
    }

    fn leading(&mut self, out: &mut Vec<Doc>) {
        for comment in self.gaps.before(self.at).leading {
            self.push(out, Node::Leading(comment));
        }
    }

    fn bare_token(&mut self, out: &mut Vec<Doc>) {
        self.push(out, Node::Token(self.at));
        self.pass(out);
    }

    /// Leaves the next token behind; the comments behind it stay.
    fn pass(&mut self, out: &mut Vec<Doc>) {
        self.at += 1;
        for comment in self.gaps.before(self.at).trailing {
            self.push(out, Node::Trailing(comment));
        }
    }

    /// Comments on lines of their own before a closing bracket, as lines of what it closes.
    pub(super) fn last_comments(&mut self, out: &mut Vec<Doc>) {
        let leading = self.gaps.before(self.at).leading;
        if leading.clone().all(|comment| self.gaps.manner(comment).inline) {
            return;
        }
        self.separate(out);
        self.leading(out);
    }

    /// The closing bracket, whose comments may have been taken with [`Self::last_comments`].
    pub(super) fn close(&mut self, out: &mut Vec<Doc>) {
        let leading = self.gaps.before(self.at).leading;
        if leading.clone().all(|comment| self.gaps.manner(comment).inline) {
            self.leading(out);
        }
        self.bare_token(out);
    }

    pub(super) fn name(&mut self, name: &Name, out: &mut Vec<Doc>) {
        self.until(name.span.end, out);
    }

    /// Tokens up to a position, without space between them.
    pub(super) fn until(&mut self, end: u32, out: &mut Vec<Doc>) {
        while self.position() < end {
            self.token(out);
        }
    }

    /// Whether a line begins inside the bracket that is next: anywhere, or only directly, not inside
    /// further brackets.
    pub(super) fn breaks_inside(&self, anywhere: bool) -> bool {
        let close = self.partner(self.at);
        let mut at = self.at + 1;
        while at <= close {
            let breaks = |token: &Token| token.starts_line || anywhere && self.has_lines(token);
            if self.token_at(at).is_some_and(breaks) {
                return true;
            }
            at = if anywhere { at } else { self.partner(at).max(at) } + 1;
        }
        false
    }

    /// Whether a token, which must be a string then, is written on several lines.
    fn has_lines(&self, token: &Token) -> bool {
        let text = self.source.text.get(token.start as usize..token.end as usize);
        matches!(token.tok, Tok::Text(_)) && text.is_some_and(|text| text.contains('\n'))
    }

    /// The whole text.
    pub(super) fn module(&mut self) -> Doc {
        let module = self.module;
        let mut out = Vec::new();
        if let Some(name) = &module.name {
            self.token(&mut out);
            self.space(&mut out);
            self.name(name, &mut out);
            self.semicolons(&mut out);
        }
        for import in &module.imports {
            self.item(import.span.start, &mut out);
            self.import(import, &mut out);
            self.semicolons(&mut out);
        }
        for def in &module.defs {
            self.item(def.span.start, &mut out);
            self.definition(def, &mut out);
            self.semicolons(&mut out);
        }
        if let Some(main) = &module.main {
            self.item(main.span.start, &mut out);
            self.statements(main, &mut out);
        }
        self.skip_to(u32::MAX, &mut out);
        self.last_comments(&mut out);
        self.docs.concat(out)
    }

    /// What stands at top level begins a line.
    fn item(&mut self, start: u32, out: &mut Vec<Doc>) {
        if self.at > 0 {
            self.separate(out);
        }
        self.skip_to(start, out);
    }

    /// Leaves out semicolons that end nothing.
    fn skip_to(&mut self, start: u32, out: &mut Vec<Doc>) {
        while *self.peek() == Tok::Semicolon && self.position() < start {
            self.leading(out);
            self.pass(out);
        }
    }

    /// Of several semicolons the first stays.
    fn semicolons(&mut self, out: &mut Vec<Doc>) {
        if *self.peek() == Tok::Semicolon {
            self.token(out);
        }
        self.skip_to(u32::MAX, out);
    }

    fn import(&mut self, import: &Import, out: &mut Vec<Doc>) {
        let mut after_word = false;
        while self.position() < import.span.end {
            let word = matches!(self.peek(), Tok::Word(_));
            if word && after_word {
                self.space(out);
            }
            after_word = word;
            self.token(out);
        }
    }

    fn definition(&mut self, def: &super::super::ast::FunctionDef, out: &mut Vec<Doc>) {
        if def.public {
            self.token(out);
            self.space(out);
        }
        self.token(out);
        self.space(out);
        self.name(&def.name, out);
        self.parameters(&def.params, out);
        self.space(out);
        if *self.peek() != Tok::Assign {
            let block = self.block(Some(&def.body));
            return out.push(block);
        }
        self.token(out);
        if let Some(Statement::Expr(value)) = def.body.statements.first() {
            self.value_or_below(value, out);
        }
    }

    /// `(a, b)`.
    pub(super) fn parameters(&mut self, params: &[Name], out: &mut Vec<Doc>) {
        let broken = self.breaks_inside(false);
        let list = self.list(params.len(), broken, |writer, n, out| {
            if let Some(name) = params.get(n) {
                writer.name(name, out);
            }
        });
        out.push(list);
    }

    /// Brackets around items that are separated by commas.
    pub(super) fn list(
        &mut self,
        len: usize,
        broken: bool,
        mut item: impl FnMut(&mut Self, usize, &mut Vec<Doc>),
    ) -> Doc {
        let mut out = Vec::new();
        self.token(&mut out);
        let mut inner = Vec::new();
        for n in 0..len {
            if n == 0 {
                self.soft_line(&mut inner);
            } else {
                self.token(&mut inner);
                self.line(&mut inner);
            }
            item(self, n, &mut inner);
        }
        self.last_comments(&mut inner);
        let inner = self.docs.indent(inner);
        out.push(inner);
        if len > 0 || broken {
            self.soft_line(&mut out);
        }
        self.close(&mut out);
        self.docs.group(out, broken)
    }

    /// `{ … }`: on one line if it is short and was on one line.
    pub(super) fn block(&mut self, block: Option<&Block>) -> Doc {
        let broken = self.block_breaks(block);
        let block = self.bare_block(block);
        self.docs.braces(block, broken)
    }

    /// `{ … }` that breaks with the group around it.
    pub(super) fn bare_block(&mut self, block: Option<&Block>) -> Doc {
        let mut out = Vec::new();
        self.token(&mut out);
        self.block_rest(block, &mut out);
        self.docs.concat(out)
    }

    /// Whether the block that is next stands on several lines in any case.
    pub(super) fn block_breaks(&self, block: Option<&Block>) -> bool {
        block.is_some_and(|block| block.statements.len() > 1) || self.breaks_inside(true)
    }

    /// What follows `{`, or the arrow of a function.
    pub(super) fn block_rest(&mut self, block: Option<&Block>, out: &mut Vec<Doc>) {
        let mut inner = Vec::new();
        match block {
            Some(block) => {
                self.line(&mut inner);
                if self.guards_arrow() {
                    self.token(&mut inner);
                    self.space(&mut inner);
                }
                self.statements(block, &mut inner);
            }
            None => self.skip_to(u32::MAX, &mut inner),
        }
        self.last_comments(&mut inner);
        let inner = self.docs.indent(inner);
        out.push(inner);
        if block.is_some() {
            self.line(out);
        } else {
            self.soft_line(out);
        }
        self.close(out);
    }

    /// Whether the semicolon that is next keeps `{; x -> { … } }` from being read as a function of `x`.
    fn guards_arrow(&self) -> bool {
        let tok = |at: usize| self.token_at(at).map(|token| &token.tok);
        let mut first = self.at;
        while tok(first) == Some(&Tok::Semicolon) {
            first += 1;
        }
        let arrow = tok(first + 1) == Some(&Tok::Arrow);
        first > self.at && arrow && matches!(tok(first), Some(Tok::Word(_)))
    }

    fn statements(&mut self, block: &Block, out: &mut Vec<Doc>) {
        for (n, statement) in block.statements.iter().enumerate() {
            if n > 0 {
                self.separate(out);
            }
            self.skip_to(statement.span().start, out);
            self.statement(statement, out);
            self.semicolons(out);
        }
    }

    fn statement(&mut self, statement: &Statement, out: &mut Vec<Doc>) {
        match statement {
            Statement::Let { name, value, .. } => {
                self.token(out);
                self.space(out);
                self.name(name, out);
                self.space(out);
                self.token(out);
                self.value(value, out);
            }
            Statement::Assign { name, value, .. } => {
                self.name(name, out);
                self.space(out);
                self.token(out);
                self.value(value, out);
            }
            Statement::Expr(value) => self.expr(value, out),
            Statement::If { condition, then, .. } => {
                self.condition(condition, out);
                let then = self.block(then.as_ref());
                out.push(then);
            }
        }
    }

    /// Tokens from the first to the last of a span.
    pub(super) fn tokens_of(&self, span: &Span) -> Range<usize> {
        let first = self.module.tokens.partition_point(|token| token.start < span.start);
        let end = self.module.tokens.partition_point(|token| token.start < span.end);
        first..end
    }
}
