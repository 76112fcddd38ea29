//! Everything that an expression may begin with.

use super::super::ast::{Block, Expr, ExprKind, HoodOp, LambdaParams, Name};
use super::super::token::{Tok, is_reserved};
use super::{Parse, Parser};
use crate::diag::{DiagCode, Diagnostic};
use crate::source::Span;
use std::sync::Arc;

fn hood_op(word: &str) -> Option<HoodOp> {
    Some(match word {
        "minHood" => HoodOp::Min,
        "maxHood" => HoodOp::Max,
        "localHood" => HoodOp::Local,
        "anyHood" => HoodOp::Any,
        "allHood" => HoodOp::All,
        "sumHood" => HoodOp::Sum,
        "meanHood" => HoodOp::Mean,
        "unionHood" => HoodOp::Union,
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn parse_primary(&mut self) -> Parse<Expr> {
        let start = self.here();
        let kind = match self.peek().clone() {
            Tok::Number(value) => {
                self.advance();
                ExprKind::Number(value)
            }
            Tok::Text(text) => {
                self.advance();
                ExprKind::Text(text)
            }
            Tok::LBracket => ExprKind::Tuple(self.parse_list(&Tok::LBracket, &Tok::RBracket)?),
            Tok::LBrace => return self.parse_brace_lambda(),
            Tok::LParen if self.old_lambda_ahead() => return self.parse_old_lambda(),
            Tok::LParen => return self.parse_parenthesised(),
            Tok::Hash => self.parse_hash()?,
            Tok::Caret => ExprKind::Name(self.expect_name("a name")?.text),
            Tok::Word(word) => return self.parse_word(&word, start),
            _ => return Err(self.unexpected("an expression", self.expression_help())),
        };
        Ok(Expr { kind, span: self.since(&start) })
    }

    fn parse_parenthesised(&mut self) -> Parse<Expr> {
        let start = self.here();
        self.advance();
        let inner = self.parse_expr()?;
        if self.eat(&Tok::RParen) {
            return Ok(Expr { span: self.since(&start), ..inner });
        }
        Err(self.bad_list_end(&start, &Tok::RParen))
    }

    fn parse_word(&mut self, word: &Arc<str>, start: Span) -> Parse<Expr> {
        let kind = match &**word {
            "true" | "false" => {
                self.advance();
                ExprKind::Bool(**word == *"true")
            }
            "self" => self.take(ExprKind::SelfRef),
            "env" => self.take(ExprKind::Env),
            "it" => self.take(ExprKind::It),
            "rep" => self.parse_rep()?,
            "share" => self.parse_share()?,
            "nbr" => self.parse_nbr()?,
            "if" => return self.parse_if(),
            "mux" => self.parse_mux()?,
            "eval" => {
                self.advance();
                ExprKind::Eval(Box::new(self.parse_one_argument("eval")?))
            }
            "hood" | "hoodPlusSelf" => self.parse_generic_hood(**word == *"hoodPlusSelf")?,
            "alignedMap" => self.parse_aligned_map()?,
            _ => match hood_op(word) {
                Some(op) => self.parse_hood(op)?,
                None => return self.parse_variable(word, start),
            },
        };
        Ok(Expr { kind, span: self.since(&start) })
    }

    fn take(&mut self, kind: ExprKind) -> ExprKind {
        self.advance();
        kind
    }

    /// A variable or function, plain or qualified, or the old function `x -> { … }`.
    fn parse_variable(&mut self, word: &Arc<str>, start: Span) -> Parse<Expr> {
        if **word == *"e" {
            // Euler's number in the 2015 dialect; the resolver knows whether this text is in it.
            self.advance();
            return Ok(Expr { kind: ExprKind::Name(word.clone()), span: start });
        }
        if is_reserved(word) {
            return Err(self.reserved_word(word));
        }
        if self.ahead(1).tok == Tok::Arrow {
            return self.parse_old_lambda();
        }
        self.advance();
        let kind = match self.peek() {
            Tok::ColonColon => self.parse_qualified(word, &Tok::ColonColon)?,
            Tok::Colon if matches!(self.ahead(1).tok, Tok::Word(_)) => {
                self.parse_qualified(word, &Tok::Colon)?
            }
            _ => ExprKind::Name(word.clone()),
        };
        Ok(Expr { kind, span: self.since(&start) })
    }

    fn parse_qualified(&mut self, first: &Arc<str>, separator: &Tok) -> Parse<ExprKind> {
        let mut parts = vec![first.clone()];
        while self.eat(separator) {
            let Tok::Word(word) = self.peek().clone() else {
                return Err(self.unexpected(
                    "a name",
                    "as in `java::lang::Math::max` or `protelis:coord:spreading:G`",
                ));
            };
            self.advance();
            parts.push(word);
        }
        let member = parts.pop().unwrap_or_else(|| first.clone());
        Ok(if *separator == Tok::ColonColon {
            ExprKind::ClassMember(Arc::from(parts.join(".")), member)
        } else {
            ExprKind::ModuleMember(Arc::from(parts.join(":")), member)
        })
    }

    fn reserved_word(&mut self, word: &str) -> super::Reported {
        let help = match word {
            "e" | "E" => "`e` and `E` are reserved; for Euler's number write `java::lang::Math::E`"
                .to_owned(),
            "else" => "`else` follows the closing brace of an `if` or `mux`".to_owned(),
            "yield" => "`yield` follows the closing brace of a `rep` or `share`".to_owned(),
            "PlusSelf" => {
                "`PlusSelf` stands between a hood and its parenthesis: `minHood PlusSelf(x)`"
                    .to_owned()
            }
            "let" => "`let` starts a statement; it cannot stand inside an expression".to_owned(),
            "import" | "def" | "public" | "module" => {
                "the order is: `module`, then all `import`s, then all `def`s, then the program"
                    .to_owned()
            }
            _ => format!("`{word}` is reserved"),
        };
        self.unexpected("an expression", &help)
    }

    fn parse_one_argument(&mut self, of: &str) -> Parse<Expr> {
        let open = self.here();
        self.expect(&Tok::LParen, &format!("write `{of}(…)`"))?;
        let argument = self.parse_expr()?;
        if self.eat(&Tok::RParen) {
            return Ok(argument);
        }
        Err(self.bad_list_end(&open, &Tok::RParen))
    }

    fn parse_nbr(&mut self) -> Parse<ExprKind> {
        let start = self.here();
        self.advance();
        if *self.peek() != Tok::LBrace {
            return Ok(ExprKind::Nbr(Box::new(self.parse_one_argument("nbr")?)));
        }
        self.note_dialect(&start, "`nbr(…)`");
        self.advance();
        let value = self.parse_expr()?;
        self.close_brace(&start)?;
        Ok(ExprKind::Nbr(Box::new(value)))
    }

    /// `(c)` after `if` or `mux`.
    pub(super) fn parse_condition(&mut self, of: &str) -> Parse<Expr> {
        self.advance();
        self.parse_one_argument(of)
    }

    fn parse_if(&mut self) -> Parse<Expr> {
        let start = self.here();
        let condition = self.parse_condition("if")?;
        let then = self.parse_block("the first branch of `if`")?;
        if self.peek_word("else") {
            return self.parse_else(&start, condition, then);
        }
        let diagnostic = Diagnostic::error(
            DiagCode::IfWithoutElse,
            &self.since(&start),
            "an `if` without `else` has no value",
        )
        .label("used as a value here")
        .help("add `else { … }`");
        Err(self.report(diagnostic))
    }

    /// The rest of an `if` from `else` on.
    pub(super) fn parse_else(&mut self, start: &Span, condition: Expr, then: Block) -> Parse<Expr> {
        self.advance();
        let otherwise = self.parse_block("the branch after `else`")?;
        let kind = ExprKind::If { condition: Box::new(condition), then, otherwise };
        Ok(Expr { kind, span: self.since(start) })
    }

    fn parse_mux(&mut self) -> Parse<ExprKind> {
        let condition = self.parse_condition("mux")?;
        let then = self.parse_block("the first branch of `mux`")?;
        if !self.eat_word("else") {
            return Err(self.unexpected("`else`", "`mux (c) { a } else { b }` needs both branches"));
        }
        let otherwise = self.parse_block("the branch after `else`")?;
        Ok(ExprKind::Mux { condition: Box::new(condition), then, otherwise })
    }

    /// `<-` between name and initialiser: two adjacent tokens, so that `a<-1` stays a comparison.
    fn expect_gets(&mut self, construct: &str) -> Parse<()> {
        let adjacent = self.ahead(0).end == self.ahead(1).start;
        if *self.peek() == Tok::Less && self.ahead(1).tok == Tok::Minus && adjacent {
            self.advance();
            self.advance();
            return Ok(());
        }
        Err(self.unexpected("`<-`", &format!("write `{construct} (x <- 0) {{ … }}`")))
    }

    fn parse_rep(&mut self) -> Parse<ExprKind> {
        self.advance();
        let open = self.here();
        self.expect(&Tok::LParen, "write `rep (x <- 0) { … }`")?;
        let var = self.expect_name("the name of the variable")?;
        if *self.peek() == Tok::Comma {
            let diagnostic = Diagnostic::error(
                DiagCode::SeveralVariables,
                &self.here(),
                "`rep` has one variable",
            )
            .help("use `share (x, nx <- 0) { … }` for a value and its field");
            return Err(self.report(diagnostic));
        }
        self.expect_gets("rep")?;
        let init = self.parse_expr()?;
        self.single_variable(&open, &var)?;
        let (body, yields) = self.parse_body_and_yield("rep")?;
        Ok(ExprKind::Rep { var, init: Box::new(init), body, yields })
    }

    /// The closing parenthesis of a `rep` or `share` head; several variables get their own message.
    fn single_variable(&mut self, open: &Span, var: &Name) -> Parse<()> {
        if *self.peek() == Tok::Comma {
            let message = "only one variable is possible here";
            let help = format!(
                "use a tuple: `rep (v <- [0, 1]) {{ … v.get(0) … }}` instead of `{}` and others",
                var.text
            );
            let diagnostic =
                Diagnostic::error(DiagCode::SeveralVariables, &self.here(), message).help(help);
            return Err(self.report(diagnostic));
        }
        if self.eat(&Tok::RParen) {
            return Ok(());
        }
        Err(self.bad_list_end(open, &Tok::RParen))
    }

    fn parse_share(&mut self) -> Parse<ExprKind> {
        self.advance();
        let open = self.here();
        self.expect(&Tok::LParen, "write `share (x, nx <- 0) { … }`")?;
        let first = self.expect_name("the name of the variable")?;
        let (local, field) = if self.eat(&Tok::Comma) {
            (Some(first), self.expect_name("the name of the field")?)
        } else {
            (None, first)
        };
        self.expect_gets("share")?;
        let init = self.parse_expr()?;
        self.single_variable(&open, &field)?;
        let (body, yields) = self.parse_body_and_yield("share")?;
        Ok(ExprKind::Share { local, field, init: Box::new(init), body, yields })
    }

    fn parse_body_and_yield(&mut self, of: &str) -> Parse<(Block, Option<Block>)> {
        let body = self.parse_block(&format!("the body of `{of}`"))?;
        let yields = if self.eat_word("yield") {
            Some(self.parse_block("the block after `yield`")?)
        } else {
            None
        };
        Ok((body, yields))
    }

    fn parse_hood(&mut self, op: HoodOp) -> Parse<ExprKind> {
        let name = self.here().text().to_owned();
        self.advance();
        if *self.peek() == Tok::Plus {
            let help = format!("write `{name} PlusSelf(…)` to include the device itself");
            return Err(self.unexpected("`(`", &help));
        }
        let plus_self = self.eat_word("PlusSelf");
        let field = self.parse_one_argument(if plus_self { "minHood PlusSelf" } else { &name })?;
        Ok(ExprKind::Hood { op, plus_self, field: Box::new(field) })
    }

    fn parse_generic_hood(&mut self, glued: bool) -> Parse<ExprKind> {
        self.advance();
        let plus_self = self.eat_word("PlusSelf") || glued;
        let [reducer, default, field] = self.parse_arguments("hood", "hood(f, default, field)")?;
        if !matches!(
            reducer.kind,
            ExprKind::Name(_)
                | ExprKind::ClassMember(..)
                | ExprKind::ModuleMember(..)
                | ExprKind::Lambda { .. }
        ) {
            let diagnostic = Diagnostic::error(DiagCode::ReducerForm, &reducer.span, "the first argument of `hood` must be a name or a function literal")
                .help("bind the function with `let` first: `let f = …` and then `hood(f, default, field)`");
            self.report(diagnostic);
        }
        let (reducer, default, field) = (Box::new(reducer), Box::new(default), Box::new(field));
        Ok(ExprKind::GenericHood { plus_self, reducer, default, field })
    }

    fn parse_aligned_map(&mut self) -> Parse<ExprKind> {
        self.advance();
        let [field, filter, op, default] =
            self.parse_arguments("alignedMap", "alignedMap(field, filter, op, default)")?;
        Ok(ExprKind::AlignedMap {
            field: Box::new(field),
            filter: Box::new(filter),
            op: Box::new(op),
            default: Box::new(default),
        })
    }

    /// Exactly `N` arguments of a keyword.
    fn parse_arguments<const N: usize>(&mut self, of: &str, form: &str) -> Parse<[Expr; N]> {
        let start = self.here();
        if *self.peek() != Tok::LParen {
            return Err(self.unexpected("`(`", &format!("write `{form}`")));
        }
        let args = self.parse_list(&Tok::LParen, &Tok::RParen)?;
        let found = args.len();
        args.try_into().map_err(|_| {
            let message = format!("`{of}` takes {N} arguments, found {found}");
            let diagnostic =
                Diagnostic::error(DiagCode::KeywordArguments, &self.since(&start), message)
                    .help(format!("write `{form}`"));
            self.report(diagnostic)
        })
    }

    /// `(a, b) -> { … }`, `() -> { … }` or `a -> { … }`.
    fn parse_old_lambda(&mut self) -> Parse<Expr> {
        let start = self.here();
        let params = if self.eat(&Tok::LParen) {
            let params = self.parse_params(&Tok::RParen)?;
            self.expect(&Tok::RParen, "")?;
            params
        } else {
            vec![self.expect_name("the name of the parameter")?]
        };
        self.expect(&Tok::Arrow, "")?;
        if *self.peek() != Tok::LBrace {
            return Err(self.unexpected("`{`", "a function is written `{ x -> x + 1 }`"));
        }
        let body = self.parse_block("the body of the function")?;
        let kind = ExprKind::Lambda { params: LambdaParams::Named(params), body };
        Ok(Expr { kind, span: self.since(&start) })
    }

    /// `#name(args)` of the 2015 dialect.
    fn parse_hash(&mut self) -> Parse<ExprKind> {
        let start = self.here();
        self.advance();
        if start.end != self.here().start {
            return Err(self.unexpected("a name", "a comment begins with `//`"));
        }
        let name = self.expect_member("`#name(…)` calls a native function in the 2015 dialect")?;
        if *self.peek() != Tok::LParen {
            return Err(
                self.unexpected("`(`", "`#name(…)` calls a native function in the 2015 dialect")
            );
        }
        let args = self.parse_args()?;
        let span = self.since(&start);
        self.note_dialect(&span, format!("`a.{0}(…)` or `{0}(…)`", name.text));
        Ok(ExprKind::Hash { name, args })
    }
}
