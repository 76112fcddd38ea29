//! Operators, calls and methods.

use super::super::ast::{BinaryOp, Expr, ExprKind, LambdaParams, Name, UnaryOp};
use super::super::token::Tok;
use super::{MAX_DEPTH, Parse, Parser};
use crate::diag::{DiagCode, Diagnostic};

/// Most operators or calls in one chain.
const MAX_CHAIN: usize = 1_000;

/// The level of a binary operator, low to high; all associate to the left.
pub(super) fn binary(tok: &Tok) -> Option<(u8, BinaryOp)> {
    Some(match tok {
        Tok::OrOr => (1, BinaryOp::Or),
        Tok::AndAnd => (2, BinaryOp::And),
        Tok::Eq => (3, BinaryOp::Eq),
        Tok::NotEq => (3, BinaryOp::NotEq),
        Tok::Less => (4, BinaryOp::Less),
        Tok::LessEq => (4, BinaryOp::LessEq),
        Tok::Greater => (4, BinaryOp::Greater),
        Tok::GreaterEq => (4, BinaryOp::GreaterEq),
        Tok::Plus => (5, BinaryOp::Plus),
        Tok::Minus => (5, BinaryOp::Minus),
        Tok::Star => (6, BinaryOp::Times),
        Tok::Slash => (6, BinaryOp::Divide),
        Tok::Percent => (6, BinaryOp::Modulo),
        Tok::Caret => (7, BinaryOp::Power),
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn parse_expr(&mut self) -> Parse<Expr> {
        self.nested(|parser| {
            let left = parser.parse_unary()?;
            parser.parse_binary(left, 0)
        })
    }

    /// Goes on after a primary that was read already: first calls and methods, then operators.
    pub(super) fn parse_operators(&mut self, primary: Expr) -> Parse<Expr> {
        let left = self.parse_postfix(primary)?;
        self.parse_binary(left, 0)
    }

    fn parse_binary(&mut self, mut left: Expr, above: u8) -> Parse<Expr> {
        let mut links = 0;
        while let Some((level, op)) = binary(self.peek()).filter(|(level, _)| *level > above) {
            self.chain(&mut links)?;
            if *self.peek() == Tok::Minus && self.ahead(0).starts_line {
                let diagnostic = Diagnostic::warning(
                    DiagCode::ContinuedMinus,
                    &self.here(),
                    "this line continues the one before: it subtracts",
                )
                .help("end the line before with `;`, or put the `-` at its end");
                self.warn(diagnostic);
            }
            self.advance();
            if *self.peek() == Tok::Assign {
                let help = "there is no compound assignment; write `x = x + 1`";
                return Err(self.unexpected("an operand", help));
            }
            let right = self.beside(|parser| {
                let right = parser.parse_unary()?;
                parser.nested(|parser| parser.parse_binary(right, level))
            })?;
            let span = left.span.to(&right.span);
            left = Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span };
        }
        Ok(left)
    }

    /// A long chain of operators or calls is as deep a tree as nested brackets are.
    fn chain(&mut self, links: &mut usize) -> Parse<()> {
        *links += 1;
        self.depth += 1;
        if *links <= MAX_CHAIN && self.nesting + self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = match *links > MAX_CHAIN {
            true => format!("this chain has more than {MAX_CHAIN} links"),
            false => format!("chains inside chains are deeper than {MAX_DEPTH} levels here"),
        };
        let diagnostic = Diagnostic::error(DiagCode::TooDeep, &self.here(), message)
            .help("name a part with `let`, or fold a tuple: `[1, 2, 3].fold(0) { a, b -> a + b }`");
        Err(self.report(diagnostic))
    }

    fn unary_operator(&self) -> Option<UnaryOp> {
        match self.peek() {
            Tok::Not => Some(UnaryOp::Not),
            Tok::Minus => Some(UnaryOp::Minus),
            _ => None,
        }
    }

    fn parse_unary(&mut self) -> Parse<Expr> {
        let start = self.here();
        let Some(op) = self.unary_operator() else {
            let primary = self.parse_primary()?;
            return self.parse_postfix(primary);
        };
        self.advance();
        if self.unary_operator().is_some() {
            let diagnostic = Diagnostic::error(
                DiagCode::DoublePrefix,
                &self.here(),
                "two prefix operators in a row",
            )
            .help("parenthesise the inner one: `-(-x)`, `!(!b)`");
            return Err(self.report(diagnostic));
        }
        let primary = self.parse_primary()?;
        let operand = self.parse_postfix(primary)?;
        let span = self.since(&start);
        Ok(Expr { kind: ExprKind::Unary(op, Box::new(operand)), span })
    }

    /// Calls, methods and trailing functions attach greedily to what precedes them.
    fn parse_postfix(&mut self, mut left: Expr) -> Parse<Expr> {
        let mut links = 0;
        loop {
            if matches!(self.peek(), Tok::Dot | Tok::LParen | Tok::LBrace) {
                self.chain(&mut links)?;
            }
            left = match self.peek() {
                Tok::Dot => self.parse_method(left)?,
                Tok::LParen if self.old_lambda_ahead() && self.ahead(0).starts_line => {
                    return Ok(left);
                }
                Tok::LParen | Tok::LBrace => self.parse_call(left)?,
                _ => return Ok(left),
            };
        }
    }

    fn parse_method(&mut self, target: Expr) -> Parse<Expr> {
        let start = target.span.clone();
        self.advance();
        if let Tok::Word(word) = self.peek().clone()
            && ["e", "E"].contains(&&*word)
        {
            // `Math.E`: reserved words are not even names of methods.
            let name = Name { text: word, span: self.here() };
            let help = self.property_help(&target, &name);
            let diagnostic = Diagnostic::error(
                DiagCode::PropertyAccess,
                &name.span,
                "there is no property access",
            );
            return Err(self.report(diagnostic.help(help)));
        }
        let name = self.expect_member(
            "a method call looks like `a.size()`; a number needs digits behind its dot",
        )?;
        if !matches!(self.peek(), Tok::LParen | Tok::LBrace) {
            let help = self.property_help(&target, &name);
            let diagnostic = Diagnostic::error(
                DiagCode::PropertyAccess,
                &name.span,
                format!("`{}` lacks its arguments", name.text),
            )
            .label("expected `(` after this")
            .help(help);
            return Err(self.report(diagnostic));
        }
        let args = self.parse_args()?;
        let span = self.since(&start);
        Ok(Expr { kind: ExprKind::Method { target: Box::new(target), name, args }, span })
    }

    /// What was meant by `a.b` without arguments: a method, or a constant of a class that is
    /// written out as in `java.lang.Math.PI`.
    fn property_help(&mut self, target: &Expr, name: &Name) -> String {
        let mut parts: Vec<String> = vec![target.span.text().to_owned(), name.text.to_string()];
        let mut n = usize::from(!matches!(self.peek(), Tok::Dot));
        while let (Tok::Dot, Tok::Word(word)) = (&self.ahead(n).tok, &self.ahead(n + 1).tok) {
            parts.push(word.to_string());
            n += 2;
        }
        let class = parts.iter().rev().skip(1).any(|part| part.starts_with(char::is_uppercase));
        let dotted = parts.iter().all(|part| part.chars().all(|c| c.is_alphanumeric()));
        if !(class && dotted) {
            let target = target.span.text();
            return format!("there is no property access; write `{target}.{}()`", name.text);
        }
        let constant = parts.last().cloned().unwrap_or_default();
        let path = if parts.len() == 2 { "java::lang::" } else { "" };
        let qualified = format!("{path}{}", parts.join("::"));
        match constant.as_str() {
            "E" => format!("write `{qualified}`"),
            _ => format!("write `{constant}` or `{qualified}`"),
        }
    }

    fn parse_call(&mut self, callee: Expr) -> Parse<Expr> {
        let start = callee.span.clone();
        if self.ahead(0).starts_line {
            let what =
                if *self.peek() == Tok::LParen { "arguments" } else { "a function argument" };
            let message = format!("this line continues the one before: it passes {what} to it");
            let diagnostic = Diagnostic::warning(DiagCode::ContinuedCall, &self.here(), message)
                .related(&callee.span, "called here")
                .help("end the line before with `;` if a new statement was meant");
            self.warn(diagnostic);
        }
        let args = self.parse_args()?;
        let span = self.since(&start);
        Ok(Expr { kind: ExprKind::Call { callee: Box::new(callee), args }, span })
    }

    /// `(a, b)`, `(a) { it }` or `{ it }`; one of the brackets is known to be next.
    pub(super) fn parse_args(&mut self) -> Parse<Vec<Expr>> {
        let mut args = Vec::new();
        if self.old_lambda_ahead() {
            let message = "only `{a -> …}` may trail a call";
            let diagnostic =
                Diagnostic::error(DiagCode::TrailingOldFunction, &self.here(), message)
                    .help("write `f(x) { a -> … }`, or put this function inside the parentheses");
            return Err(self.report(diagnostic));
        }
        if *self.peek() == Tok::LParen {
            args = self.parse_list(&Tok::LParen, &Tok::RParen)?;
        }
        if *self.peek() == Tok::LBrace {
            args.push(self.parse_brace_lambda()?);
        }
        Ok(args)
    }

    /// Expressions between brackets.
    pub(super) fn parse_list(&mut self, open: &Tok, close: &Tok) -> Parse<Vec<Expr>> {
        let start = self.here();
        self.expect(open, "")?;
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(self.parse_expr()?);
            if self.eat(close) {
                return Ok(items);
            }
            if !self.eat(&Tok::Comma) {
                return Err(self.bad_list_end(&start, close));
            }
        }
    }

    pub(super) fn bad_list_end(
        &mut self,
        open: &crate::source::Span,
        close: &Tok,
    ) -> super::Reported {
        // Where a comma is not enough, only one expression may stand.
        let expected = match self.peek() {
            Tok::Comma => close.to_string(),
            _ => format!("`,` or {close}"),
        };
        let message = format!("expected {expected}, found {}", self.peek());
        let help = match self.peek() {
            Tok::Comma => "one expression stands here; a tuple is written `[1, 2]`",
            Tok::LBracket => "there is no indexing; use `t.get(0)`",
            Tok::Assign => "to compare, write `==`; there are no named arguments",
            _ => "separate expressions by commas and close the bracket",
        };
        let diagnostic = Diagnostic::error(DiagCode::Unclosed, &self.here(), message)
            .label(format!("expected {expected}"))
            .related(open, "opened here")
            .help(help);
        self.report(diagnostic)
    }

    /// `{ … }` or `{ a, b -> … }`.
    pub(super) fn parse_brace_lambda(&mut self) -> Parse<Expr> {
        let start = self.here();
        let params = if self.brace_params_ahead() {
            self.advance();
            let params = self.parse_params(&Tok::Arrow)?;
            self.expect(&Tok::Arrow, "")?;
            LambdaParams::Named(params)
        } else {
            self.advance();
            LambdaParams::Short
        };
        let body = self.nested(|parser| Ok(parser.parse_statements(false)))?;
        self.close_brace(&start)?;
        let span = self.since(&start);
        let Some(body) = body else {
            let diagnostic =
                Diagnostic::error(DiagCode::EmptyBlock, &span, "this function is empty").help(
                    "a function needs a value: write at least one expression between the braces",
                );
            return Err(self.report(diagnostic));
        };
        Ok(Expr { kind: ExprKind::Lambda { params, body }, span })
    }

    /// Whether `{ a, b ->` is next.
    fn brace_params_ahead(&self) -> bool {
        let mut n = 1;
        loop {
            if !matches!(self.ahead(n).tok, Tok::Word(_)) {
                return false;
            }
            match self.ahead(n + 1).tok {
                Tok::Arrow => {
                    // `{ x -> { … } }` may also hold an old function `x -> { … }`; the
                    // reference reads a parameter, and so do we.
                    return true;
                }
                Tok::Comma => n += 2,
                _ => return false,
            }
        }
    }

    /// Whether `(a, b) ->` is next.
    pub(super) fn old_lambda_ahead(&self) -> bool {
        if *self.peek() != Tok::LParen {
            return false;
        }
        let mut n = 1;
        if self.ahead(n).tok == Tok::RParen {
            return self.ahead(n + 1).tok == Tok::Arrow;
        }
        loop {
            if !matches!(self.ahead(n).tok, Tok::Word(_)) {
                return false;
            }
            match self.ahead(n + 1).tok {
                Tok::RParen => return self.ahead(n + 2).tok == Tok::Arrow,
                Tok::Comma => n += 2,
                _ => return false,
            }
        }
    }
}
