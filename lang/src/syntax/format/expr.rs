//! Expressions as documents.

use super::super::ast::{BinaryOp, Block, Expr, ExprKind, LambdaParams, Name};
use super::super::token::Tok;
use super::doc::{Doc, Node};
use super::tree::Writer;

/// So many methods in a row rather break at their dots than inside their brackets.
const LONG_CHAIN: usize = 3;

/// How tightly an operator binds; operators of one level break together.
fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Eq | BinaryOp::NotEq => 3,
        BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Greater | BinaryOp::GreaterEq => 4,
        BinaryOp::Plus | BinaryOp::Minus => 5,
        BinaryOp::Times | BinaryOp::Divide | BinaryOp::Modulo => 6,
        BinaryOp::Power => 7,
    }
}

/// Whether an expression ends in braces, so that it breaks inside them and needs no line of its own.
fn ends_in_braces(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Lambda { .. }
        | ExprKind::Rep { .. }
        | ExprKind::Share { .. }
        | ExprKind::If { .. }
        | ExprKind::Mux { .. } => true,
        ExprKind::Call { callee: first, args } | ExprKind::Method { target: first, args, .. } => {
            args.last().is_some_and(ends_in_braces) || ends_in_braces(first)
        }
        _ => false,
    }
}

impl Writer<'_> {
    /// What follows `=`.
    pub(super) fn value(&mut self, value: &Expr, out: &mut Vec<Doc>) {
        if ends_in_braces(value) {
            self.space(out);
            return self.expr(value, out);
        }
        self.value_or_below(value, out);
    }

    /// What follows `=`; on the next line rather than broken.
    pub(super) fn value_or_below(&mut self, value: &Expr, out: &mut Vec<Doc>) {
        let mut parts = Vec::new();
        self.expr(value, &mut parts);
        let value = self.docs.concat(parts);
        let value = self.docs.add(Node::Value(value));
        out.push(value);
    }

    pub(super) fn expr(&mut self, expr: &Expr, out: &mut Vec<Doc>) {
        let tokens = self.tokens_of(&expr.span);
        self.parenthesised(expr, tokens.end, out);
    }

    /// An expression that ends before a token, with the parentheses around it: those are not in the
    /// tree, but the place of an expression includes them.
    fn parenthesised(&mut self, expr: &Expr, end: usize, out: &mut Vec<Doc>) {
        if *self.peek() != Tok::LParen || self.partner(self.at()) + 1 != end {
            return self.plain(expr, out);
        }
        let broken = self.breaks_inside(false);
        let list = self.list(1, broken, |writer, _, out| writer.parenthesised(expr, end - 1, out));
        out.push(list);
    }

    fn has_parentheses(&self, expr: &Expr) -> bool {
        let tokens = self.tokens_of(&expr.span);
        let first = self.token_at(tokens.start);
        first.is_some_and(|token| token.tok == Tok::LParen)
            && self.partner(tokens.start) + 1 == tokens.end
    }

    fn plain(&mut self, expr: &Expr, out: &mut Vec<Doc>) {
        match &expr.kind {
            ExprKind::Number(_)
            | ExprKind::Text(_)
            | ExprKind::Bool(_)
            | ExprKind::SelfRef
            | ExprKind::Env
            | ExprKind::It
            | ExprKind::Bad => self.token(out),
            ExprKind::Name(_) | ExprKind::ClassMember(..) | ExprKind::ModuleMember(..) => {
                self.path(out);
            }
            ExprKind::Tuple(items) => {
                let list = self.expressions(items);
                out.push(list);
            }
            ExprKind::Unary(_, operand) => {
                self.token(out);
                self.expr(operand, out);
            }
            ExprKind::Binary(..) => self.operators(expr, out),
            ExprKind::Call { .. } | ExprKind::Method { .. } => self.chain(expr, out),
            ExprKind::Lambda { params, body } => {
                let function = self.function(params, body);
                out.push(function);
            }
            ExprKind::Rep { var, init, body, yields } => {
                self.head(&[var], init, out);
                self.blocks(&[Some(body), yields.as_ref()], out);
            }
            ExprKind::Share { local, field, init, body, yields } => {
                let names: Vec<&Name> = local.iter().chain([field]).collect();
                self.head(&names, init, out);
                self.blocks(&[Some(body), yields.as_ref()], out);
            }
            ExprKind::If { condition, then, otherwise }
            | ExprKind::Mux { condition, then, otherwise } => {
                self.condition(condition, out);
                self.blocks(&[Some(then), Some(otherwise)], out);
            }
            ExprKind::Nbr(argument) | ExprKind::Eval(argument) => {
                self.token(out);
                self.arguments(&[argument], out);
            }
            ExprKind::Hood { field, .. } => {
                self.hood(out);
                self.arguments(&[field], out);
            }
            ExprKind::GenericHood { reducer, default, field, .. } => {
                self.hood(out);
                self.arguments(&[reducer, default, field], out);
            }
            ExprKind::AlignedMap { field, filter, op, default } => {
                self.token(out);
                self.arguments(&[field, filter, op, default], out);
            }
            ExprKind::Hash { name, args } => {
                self.token(out);
                self.name(name, out);
                self.call(args, out);
            }
        }
    }

    /// `a`, `^a`, `a:b:c` or `a::b::c`.
    fn path(&mut self, out: &mut Vec<Doc>) {
        if *self.peek() == Tok::Caret {
            self.token(out);
            return self.token(out);
        }
        self.token(out);
        loop {
            let qualified = match self.peek() {
                Tok::ColonColon => true,
                Tok::Colon => self
                    .token_at(self.at() + 1)
                    .is_some_and(|token| matches!(token.tok, Tok::Word(_))),
                _ => false,
            };
            if !qualified {
                return;
            }
            self.token(out);
            self.token(out);
        }
    }

    /// `minHood`, `minHood PlusSelf`.
    fn hood(&mut self, out: &mut Vec<Doc>) {
        self.token(out);
        if matches!(self.peek(), Tok::Word(_)) {
            self.space(out);
            self.token(out);
        }
    }

    /// A keyword and its condition: `if (c) `.
    pub(super) fn condition(&mut self, condition: &Expr, out: &mut Vec<Doc>) {
        self.token(out);
        self.space(out);
        self.arguments(&[condition], out);
        self.space(out);
    }

    /// `rep (x <- init) `, `share (x, nx <- init) `.
    fn head(&mut self, names: &[&Name], init: &Expr, out: &mut Vec<Doc>) {
        self.token(out);
        self.space(out);
        let broken = self.breaks_inside(false);
        let last = names.len().saturating_sub(1);
        let list = self.list(names.len(), broken, |writer, n, out| {
            if let Some(name) = names.get(n) {
                writer.name(name, out);
            }
            if n == last {
                writer.space(out);
                writer.token(out);
                writer.token(out);
                writer.space(out);
                writer.expr(init, out);
            }
        });
        out.push(list);
        self.space(out);
    }

    /// Blocks with a keyword between them; they break together, unless some stand on several lines in
    /// any case.
    fn blocks(&mut self, blocks: &[Option<&Block>], out: &mut Vec<Doc>) {
        let mut parts = Vec::new();
        let mut broken = Vec::new();
        for (n, block) in blocks.iter().flatten().enumerate() {
            if n > 0 {
                self.space(&mut parts);
                self.token(&mut parts);
                self.space(&mut parts);
            }
            let breaks = self.block_breaks(Some(block));
            let block = self.bare_block(Some(block));
            broken.push((parts.len(), breaks || self.docs.breaks(block)));
            parts.push(block);
        }
        let joined = !broken.iter().any(|(_, breaks)| *breaks);
        for (at, breaks) in broken.into_iter().filter(|_| !joined) {
            if let Some(part) = parts.get_mut(at) {
                *part = self.docs.braces(*part, breaks);
            }
        }
        let all = self.docs.concat(parts);
        out.push(if joined { self.docs.braces(all, false) } else { all });
    }

    /// Brackets around expressions.
    fn expressions(&mut self, items: &[Expr]) -> Doc {
        let items: Vec<&Expr> = items.iter().collect();
        let broken = self.breaks_inside(false);
        self.list(items.len(), broken, |writer, n, out| {
            if let Some(item) = items.get(n) {
                writer.expr(item, out);
            }
        })
    }

    /// Arguments in brackets; if only the last is a function it may stand open.
    fn arguments(&mut self, args: &[&Expr], out: &mut Vec<Doc>) {
        let broken = self.breaks_inside(false);
        let is_function = |expr: &&&Expr| matches!(expr.kind, ExprKind::Lambda { .. });
        let functions = args.iter().filter(is_function).count();
        let hugs = !broken && functions == 1 && args.last().is_some_and(|last| is_function(&last));
        let mut function = None;
        let arguments = self.list(args.len(), broken, |writer, n, out| match args.get(n) {
            Some(Expr { kind: ExprKind::Lambda { params, body }, .. })
                if hugs && *writer.peek() != Tok::LParen =>
            {
                let doc = writer.function(params, body);
                function = Some(doc);
                out.push(doc);
            }
            Some(arg) => writer.expr(arg, out),
            None => {}
        });
        let arguments = match function {
            Some(function) => self.docs.add(Node::Hug { arguments, function }),
            None => arguments,
        };
        out.push(arguments);
    }

    /// The arguments of a call: in brackets, or a function behind them, or both.
    fn call(&mut self, args: &[Expr], out: &mut Vec<Doc>) {
        let mut args: Vec<&Expr> = args.iter().collect();
        let close = self.token_at(self.partner(self.at())).map_or(0, |token| token.start);
        let in_brackets = *self.peek() == Tok::LParen;
        let trailing = match args.last() {
            Some(last) if !in_brackets || last.span.start > close => args.pop(),
            _ => None,
        };
        if in_brackets {
            self.arguments(&args, out);
        }
        if let Some(function) = trailing {
            self.space(out);
            self.expr(function, out);
        }
    }

    /// Calls and methods, from the first operand on.
    fn chain(&mut self, expr: &Expr, out: &mut Vec<Doc>) {
        let mut links = vec![expr];
        let mut first = expr;
        while let ExprKind::Call { callee: next, .. } | ExprKind::Method { target: next, .. } =
            &first.kind
        {
            first = next;
            if self.has_parentheses(first)
                || !matches!(first.kind, ExprKind::Call { .. } | ExprKind::Method { .. })
            {
                break;
            }
            links.push(first);
        }
        let dots = links.iter().filter_map(|link| match &link.kind {
            ExprKind::Method { name, .. } => {
                Some(self.tokens_of(&name.span).start.saturating_sub(1))
            }
            _ => None,
        });
        let dots: Vec<usize> = dots.collect();
        let breaks = |at: &&usize| self.token_at(**at).is_some_and(|token| token.starts_line);
        let broken = dots.iter().filter(breaks).count() > 1;
        let long = dots.len() >= LONG_CHAIN && !ends_in_braces(expr);

        self.expr(first, out);
        let mut parts = Vec::new();
        for link in links.into_iter().rev() {
            match &link.kind {
                ExprKind::Method { name, args, .. } => {
                    if broken || long {
                        self.soft_line(&mut parts);
                    }
                    self.token(&mut parts);
                    self.name(name, &mut parts);
                    self.call(args, &mut parts);
                }
                ExprKind::Call { args, .. } => self.call(args, &mut parts),
                _ => {}
            }
        }
        if broken || long {
            let parts = self.docs.indent(parts);
            let group = self.docs.group(vec![parts], broken);
            out.push(group);
        } else {
            out.extend(parts);
        }
    }

    /// Operators of one level, from the first operand on. A minus stays at the end of a line: at the
    /// start of one it looks like another statement.
    fn operators(&mut self, expr: &Expr, out: &mut Vec<Doc>) {
        let ExprKind::Binary(op, ..) = &expr.kind else { return };
        let level_here = level(*op);
        let mut operands = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary(op, left, right) = &first.kind
            && level(*op) == level_here
            && (operands.is_empty() || !self.has_parentheses(first))
        {
            operands.push((*op, &**right));
            first = left;
        }
        let mut head = Vec::new();
        self.expr(first, &mut head);
        let mut rest = Vec::new();
        let mut broken = false;
        for (op, operand) in operands.into_iter().rev() {
            let starts_line = |at: usize| self.token_at(at).is_some_and(|token| token.starts_line);
            broken |= starts_line(self.at()) || starts_line(self.at() + 1);
            if op == BinaryOp::Minus {
                self.space(&mut rest);
                self.token(&mut rest);
                self.line(&mut rest);
            } else {
                self.operator_after_line(&mut rest);
            }
            self.expr(operand, &mut rest);
        }
        let rest = self.docs.indent(rest);
        head.push(rest);
        let group = self.docs.group(head, broken);
        out.push(group);
    }

    /// A line, the operator and a space. Comments behind the operator stay on the line before.
    fn operator_after_line(&mut self, out: &mut Vec<Doc>) {
        let mut token = Vec::new();
        self.token(&mut token);
        // Unless comments lead the operator too: their order stays.
        let leads = |doc: &Doc| matches!(self.docs.get(*doc), Node::Leading(_));
        let behind = if token.first().is_some_and(leads) { 0 } else { 1 };
        let comments = token.split_off(behind.min(token.len()));
        if behind == 1 {
            out.extend(comments);
            self.line(out);
            out.extend(token);
        } else {
            self.line(out);
            out.extend(comments);
        }
        self.space(out);
    }

    /// `{ a -> … }`, `{ … }`, `(a) -> { … }` or `a -> { … }`.
    fn function(&mut self, params: &LambdaParams, body: &Block) -> Doc {
        let mut out = Vec::new();
        if *self.peek() == Tok::LBrace {
            let broken = self.block_breaks(Some(body));
            self.token(&mut out);
            if let LambdaParams::Named(names) = params {
                self.space(&mut out);
                for (n, name) in names.iter().enumerate() {
                    if n > 0 {
                        self.token(&mut out);
                        self.space(&mut out);
                    }
                    self.name(name, &mut out);
                }
                self.space(&mut out);
                self.token(&mut out);
            }
            self.block_rest(Some(body), &mut out);
            let function = self.docs.concat(out);
            return self.docs.braces(function, broken);
        }
        if let LambdaParams::Named(names) = params {
            match (self.peek(), names.first()) {
                (Tok::LParen, _) => self.parameters(names, &mut out),
                (_, Some(name)) => self.name(name, &mut out),
                _ => {}
            }
        }
        self.space(&mut out);
        self.token(&mut out);
        self.space(&mut out);
        let body = self.block(Some(body));
        out.push(body);
        self.docs.concat(out)
    }
}
