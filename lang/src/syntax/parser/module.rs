//! Modules: name, imports, definitions, program, in this order.

use super::super::ast::{FunctionDef, Import, ImportKind, Module, Name};
use super::super::token::Tok;
use super::{Parse, Parser};
use crate::diag::{DiagCode, Diagnostic};
use crate::source::Span;
use std::sync::Arc;

impl Parser<'_> {
    pub(super) fn parse_module(&mut self) -> Module {
        let mut module = Module { name: self.parse_module_name(), ..Module::default() };
        while *self.peek() != Tok::End {
            let before = self.at;
            self.parse_item(&mut module);
            if self.at == before {
                // Whatever stands here was reported and can begin nothing.
                self.advance();
            }
        }
        module
    }

    fn parse_module_name(&mut self) -> Option<Name> {
        let start = self.here();
        // `module` and `package` could also be used as names: only a name behind them counts.
        let named = matches!(self.ahead(1).tok, Tok::Word(_));
        if named && self.eat_word("package") {
            self.note_dialect(&start, "`module`");
        } else if !(named && self.eat_word("module")) {
            return None;
        }
        let path = self.parse_path(&Tok::Colon).ok();
        if *self.peek() == Tok::Dot && !self.ahead(0).starts_line {
            let help = "the name of a module has colons: `module a:b`";
            let _reported = self.unexpected("`:`", help);
            while !self.ahead(0).starts_line && *self.peek() != Tok::End {
                self.advance();
            }
        }
        self.eat(&Tok::Semicolon);
        path
    }

    /// `a:b:c` or `a.b.c`.
    fn parse_path(&mut self, separator: &Tok) -> Parse<Name> {
        let start = self.here();
        let mut text = String::new();
        loop {
            let Tok::Word(word) = self.peek().clone() else {
                return Err(
                    self.unexpected("a name", "a path looks like `protelis:coord:spreading`")
                );
            };
            self.advance();
            text.push_str(&word);
            if *self.peek() != *separator || !matches!(self.ahead(1).tok, Tok::Word(_)) {
                return Ok(Name { text: Arc::from(text), span: self.since(&start) });
            }
            self.advance();
            text.push(if *separator == Tok::Dot { '.' } else { ':' });
        }
    }

    fn parse_item(&mut self, module: &mut Module) {
        let is_from = self.peek_word("from")
            && matches!(self.ahead(1).tok, Tok::Word(_))
            && !self.ahead(1).starts_line;
        let is_def =
            self.peek_word("def") || (self.peek_word("public") && self.word_ahead(1, "def"));
        if self.peek_word("import") || is_from {
            self.check_order("import", !module.defs.is_empty() || module.main.is_some());
            match self.parse_import(is_from) {
                Ok(import) => module.imports.push(import),
                Err(_) => self.skip_to_item(),
            }
            while self.eat(&Tok::Semicolon) {}
        } else if is_def {
            self.check_order("def", module.main.is_some());
            match self.parse_def() {
                Ok(def) => module.defs.push(def),
                Err(_) => self.skip_to_item(),
            }
            while self.eat(&Tok::Semicolon) {}
        } else if let Some(block) = self.parse_statements(true) {
            match &mut module.main {
                Some(main) => main.statements.extend(block.statements),
                None => module.main = Some(block),
            }
        }
    }

    fn check_order(&mut self, what: &str, late: bool) {
        if late {
            let message = format!("this `{what}` comes too late");
            let diagnostic = Diagnostic::error(DiagCode::WrongOrder, &self.here(), message).help(
                "the order is: `module`, then all `import`s, then all `def`s, then the program",
            );
            self.report(diagnostic);
        }
    }

    fn skip_to_item(&mut self) {
        while !matches!(self.peek(), Tok::End) {
            let starts_item = ["def", "import", "public", "let"].iter().any(|w| self.peek_word(w));
            if starts_item {
                return;
            }
            self.advance();
        }
    }

    fn parse_import(&mut self, from: bool) -> Parse<Import> {
        let start = self.here();
        self.advance();
        if from {
            return self.parse_from_import(&start);
        }
        if self.ahead(1).tok == Tok::Dot {
            return self.parse_class_import(&start);
        }
        let path = self.parse_path(&Tok::Colon)?;
        if *self.peek() == Tok::Colon && self.ahead(1).tok == Tok::Star {
            let diagnostic = Diagnostic::error(
                DiagCode::NoWildcard,
                &self.here(),
                "Protelis imports have no wildcard",
            )
            .help(format!("write `import {}`: all its public functions become visible", path.text));
            let reported = self.report(diagnostic);
            self.advance();
            self.advance();
            return Err(reported);
        }
        Ok(Import { kind: ImportKind::Module, path: path.text, span: self.since(&start) })
    }

    fn parse_class_import(&mut self, start: &Span) -> Parse<Import> {
        let path = self.parse_path(&Tok::Dot)?;
        if *self.peek() == Tok::Dot && self.ahead(1).tok == Tok::Star {
            self.advance();
            self.advance();
            let span = self.since(start);
            return Ok(Import { kind: ImportKind::ClassAll, path: path.text, span });
        }
        let Some((class, member)) = path.text.rsplit_once('.') else {
            return Err(self.unexpected("`.` and a member", "as in `import java.lang.Math.max`"));
        };
        let (class, member) = (Arc::from(class), Arc::from(member));
        let alias = self.parse_alias()?;
        let span = self.since(start);
        Ok(Import { kind: ImportKind::ClassMember { member, alias }, path: class, span })
    }

    /// `as n`, which only the 2015 dialect has.
    fn parse_alias(&mut self) -> Parse<Option<Name>> {
        let at = self.here();
        if !self.peek_word("as") || self.ahead(0).starts_line {
            return Ok(None);
        }
        self.advance();
        let alias = self.expect_name("the new name")?;
        self.note_dialect(&at, format!("`let {} = …` or the original name", alias.text));
        Ok(Some(alias))
    }

    /// `from a.b.C import m as n;` of the 2015 dialect.
    fn parse_from_import(&mut self, start: &Span) -> Parse<Import> {
        let class = self.parse_path(&Tok::Dot)?;
        if !self.eat_word("import") {
            return Err(self.unexpected("`import`", "as in `from java.lang.Math import max as m;`"));
        }
        let member = self.expect_member("name the member to import")?;
        self.note_dialect(start, format!("`import {}.{}`", class.text, member.text));
        let alias = self.parse_alias()?;
        let kind = ImportKind::ClassMember { member: member.text, alias };
        Ok(Import { kind, path: class.text, span: self.since(start) })
    }

    fn parse_def(&mut self) -> Parse<FunctionDef> {
        let start = self.here();
        let public = self.eat_word("public");
        self.advance();
        let name = self.expect_name("the name of the function")?;
        self.expect(&Tok::LParen, "a definition looks like `def f(a, b) { a + b }`")?;
        let params = self.parse_params(&Tok::RParen)?;
        self.expect(&Tok::RParen, "parameters are separated by commas")?;
        if params.len() > 127 {
            let message = format!(
                "`{}` has {} parameters; at most 127 are possible",
                name.text,
                params.len()
            );
            let diagnostic = Diagnostic::error(DiagCode::TooManyParameters, &name.span, message)
                .help("pass a tuple instead");
            self.report(diagnostic);
        }
        let body = if self.eat(&Tok::Assign) {
            self.parse_single()?
        } else {
            self.parse_block("the body of the function")?
        };
        Ok(FunctionDef { public, name, params, body, span: self.since(&start) })
    }

    /// Names separated by commas, up to but without the closing token.
    pub(super) fn parse_params(&mut self, close: &Tok) -> Parse<Vec<Name>> {
        let mut params: Vec<Name> = Vec::new();
        if *self.peek() == *close {
            return Ok(params);
        }
        loop {
            let name = self.expect_name("the name of a parameter")?;
            if params.iter().any(|p| p.text == name.text) {
                let message = format!("the parameter `{}` is named twice", name.text);
                let diagnostic =
                    Diagnostic::error(DiagCode::RepeatedParameter, &name.span, message)
                        .help("give each parameter a name of its own");
                self.report(diagnostic);
            }
            params.push(name);
            if !self.eat(&Tok::Comma) {
                return Ok(params);
            }
        }
    }
}
