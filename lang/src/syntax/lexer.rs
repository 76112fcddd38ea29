//! Text to tokens; never fails, reports what it cannot read.

use super::token::{Tok, Token};
use crate::diag::{DiagCode, Diagnostic};
use crate::source::{Source, Span};
use std::sync::Arc;

/// Longest source text that is read: a program of a few lines never comes near.
pub(crate) const MAX_SOURCE_BYTES: usize = 4 << 20;

/// Further errors of one text are dropped: they mostly repeat.
const MAX_ERRORS: usize = 50;

/// Some editors begin a file with it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a text consists of; white space is what is left between.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    /// Comments with their marks.
    pub(crate) comments: Vec<Span>,
}

pub(crate) fn lex(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Lexed {
    let mut lexer = Lexer {
        source,
        bytes: source.text.as_bytes(),
        at: 0,
        tokens: Vec::new(),
        comments: Vec::new(),
        diagnostics,
        errors: 0,
    };
    if lexer.bytes.len() > MAX_SOURCE_BYTES {
        let message = format!(
            "the program has {} bytes; at most {MAX_SOURCE_BYTES} are read",
            lexer.bytes.len()
        );
        lexer.report(DiagCode::SourceTooLong, 0, message, "split it into modules");
        lexer.bytes = &[];
    }
    lexer.run();
    Lexed { tokens: lexer.tokens, comments: lexer.comments }
}

struct Lexer<'a> {
    source: &'a Arc<Source>,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<Span>,
    diagnostics: &'a mut Vec<Diagnostic>,
    errors: usize,
}

impl Lexer<'_> {
    fn run(&mut self) {
        if self.bytes.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        loop {
            let starts_line = self.skip_blank() || self.tokens.is_empty();
            let start = self.at;
            let Some(byte) = self.peek(0) else {
                self.push(Tok::End, start, starts_line);
                return;
            };
            let tok = match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'$' => self.word(),
                b'0'..=b'9' => self.number(),
                b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit())
                    && !self.after_operand() =>
                {
                    self.number()
                }
                b'"' | b'\'' => self.text(byte),
                _ => self.punctuation(byte),
            };
            self.push(tok, start, starts_line);
        }
    }

    fn push(&mut self, tok: Tok, start: usize, starts_line: bool) {
        let token = Token { tok, start: start as u32, end: self.at as u32, starts_line };
        self.tokens.push(token);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { source: self.source.clone(), start: start as u32, end: end as u32 }
    }

    fn report(&mut self, code: DiagCode, start: usize, message: impl Into<String>, help: &str) {
        self.errors += 1;
        if self.errors > MAX_ERRORS {
            return;
        }
        let span = self.span(start, self.at.max(start + 1));
        self.diagnostics.push(Diagnostic::error(code, &span, message).help(help));
    }

    /// Skips white space and keeps comments; says whether a line ended.
    fn skip_blank(&mut self) -> bool {
        let mut newline = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => {
                    newline = true;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => newline |= self.block_comment(),
                _ => break,
            }
        }
        newline
    }

    fn line_comment(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
        self.comments.push(self.span(start, self.at));
    }

    fn block_comment(&mut self) -> bool {
        let start = self.at;
        let rest = self.bytes.get(start + 2..).unwrap_or_default();
        match rest.windows(2).position(|pair| pair == b"*/") {
            Some(len) => {
                self.at = start + 2 + len + 2;
                self.comments.push(self.span(start, self.at));
                rest.get(..len).unwrap_or_default().contains(&b'\n')
            }
            None => {
                self.at = start + 2;
                self.report(
                    DiagCode::EndlessComment,
                    start,
                    "this comment has no end",
                    "close it with `*/`",
                );
                self.at = self.bytes.len();
                true
            }
        }
    }

    /// Whether the token before ends an operand, so that a dot is a method dot.
    fn after_operand(&self) -> bool {
        self.tokens.last().is_some_and(|token| {
            matches!(
                token.tok,
                Tok::Word(_)
                    | Tok::Number(_)
                    | Tok::Text(_)
                    | Tok::RParen
                    | Tok::RBrace
                    | Tok::RBracket
            )
        })
    }

    fn slice(&self, start: usize) -> &str {
        self.source.text.get(start..self.at).unwrap_or("")
    }

    fn word(&mut self) -> Tok {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$') {
            self.at += 1;
        }
        let rest = self.source.text.get(self.at..).unwrap_or_default();
        if rest.chars().next().is_some_and(char::is_alphabetic) {
            return self.foreign_name(start);
        }
        Tok::Word(Arc::from(self.slice(start)))
    }

    /// A name with letters beyond A to Z: reported once, and taken as a name.
    fn foreign_name(&mut self, start: usize) -> Tok {
        let rest = self.source.text.get(start..).unwrap_or_default();
        let is_part = |c: &char| c.is_alphanumeric() || *c == '_' || *c == '$';
        let name: String = rest.chars().take_while(is_part).collect();
        self.at = start + name.len();
        self.report(
            DiagCode::UnreadableCharacter,
            start,
            format!("the name `{name}` has letters beyond A to Z"),
            "names use the letters A to Z, digits, `_` and `$`",
        );
        Tok::Word(Arc::from(name))
    }

    fn digits(&mut self) {
        while self.peek(0).is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Tok {
        let start = self.at;
        self.digits();
        if self.peek(0) == Some(b'.') && self.peek(1).is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                self.at += 1 + sign;
                self.digits();
            } else if !self.peek(1).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
                self.at += 1 + sign;
                self.report(
                    DiagCode::BadNumber,
                    start,
                    "this number has an exponent without digits",
                    "write it like `1e5` or `1.5e-3`",
                );
                return Tok::Number(0.0);
            }
        }
        // A digit sequence with an optional fraction and exponent always parses.
        Tok::Number(self.slice(start).parse().unwrap_or(f64::NAN))
    }

    fn text(&mut self, quote: u8) -> Tok {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut run = self.at;
        loop {
            match self.peek(0) {
                None => {
                    self.at = start + 1;
                    let before = self.bytes.get(..start).unwrap_or_default();
                    let close = match quote {
                        b'\'' if before.ends_with(b"-hood") => {
                            "what Proto wrote as `min-hood'` is `minHood PlusSelf(…)`"
                        }
                        b'"' => "close it with `\"`",
                        _ => "close it with `'`",
                    };
                    self.report(DiagCode::EndlessText, start, "this string has no end", close);
                    self.at = self.bytes.len();
                    return Tok::Text(Arc::from(text));
                }
                Some(byte) if byte == quote => {
                    text.push_str(self.slice(run));
                    self.at += 1;
                    return Tok::Text(Arc::from(text));
                }
                Some(b'\\') => {
                    text.push_str(self.slice(run));
                    self.escape(&mut text);
                    run = self.at;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self, text: &mut String) {
        let start = self.at;
        self.at += 2;
        let plain = match self.bytes.get(start + 1) {
            Some(b'b') => '\u{8}',
            Some(b't') => '\t',
            Some(b'n') => '\n',
            Some(b'f') => '\u{c}',
            Some(b'r') => '\r',
            Some(b'"') => '"',
            Some(b'\'') => '\'',
            Some(b'\\') => '\\',
            Some(b'u') => return self.unicode_escape(start, text),
            _ => {
                let escaped =
                    self.source.text.get(start + 1..).and_then(|rest| rest.chars().next());
                self.at = start + 1 + escaped.map_or(0, char::len_utf8);
                self.report(
                    DiagCode::BadEscape,
                    start,
                    "this is not an escape sequence",
                    "known are \\b \\t \\n \\f \\r \\\" \\' \\\\ and \\uXXXX; write `\\\\` for a backslash",
                );
                return;
            }
        };
        text.push(plain);
    }

    /// `\uXXXX`; two in a row may form a surrogate pair, as in any UTF-16 string.
    fn unicode_escape(&mut self, start: usize, text: &mut String) {
        let mut units = Vec::new();
        self.at = start;
        while units.len() < 2 && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let digits = self.source.text.get(self.at + 2..self.at + 6);
            let unit = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(unit) = unit.and_then(|d| u16::from_str_radix(d, 16).ok()) else { break };
            if units.len() == 1 && !(0xDC00..0xE000).contains(&unit) {
                break;
            }
            units.push(unit);
            self.at += 6;
            if !(0xD800..0xDC00).contains(&unit) {
                break;
            }
        }
        match String::from_utf16(&units) {
            Ok(decoded) if !units.is_empty() => text.push_str(&decoded),
            _ => {
                self.at = self.at.max(start + 2);
                self.report(
                    DiagCode::BadEscape,
                    start,
                    "this is not a character",
                    "write four hexadecimal digits, as in \\u00e9, and surrogates in pairs",
                );
            }
        }
    }

    fn punctuation(&mut self, byte: u8) -> Tok {
        let next = self.peek(1);
        let (tok, len) = match (byte, next) {
            (b'|', Some(b'|')) => (Tok::OrOr, 2),
            (b'&', Some(b'&')) => (Tok::AndAnd, 2),
            (b'=', Some(b'=')) => (Tok::Eq, 2),
            (b'!', Some(b'=')) => (Tok::NotEq, 2),
            (b'<', Some(b'=')) => (Tok::LessEq, 2),
            (b'>', Some(b'=')) => (Tok::GreaterEq, 2),
            (b'-', Some(b'>')) => (Tok::Arrow, 2),
            (b':', Some(b':')) => (Tok::ColonColon, 2),
            (b'(', _) => (Tok::LParen, 1),
            (b')', _) => (Tok::RParen, 1),
            (b'{', _) => (Tok::LBrace, 1),
            (b'}', _) => (Tok::RBrace, 1),
            (b'[', _) => (Tok::LBracket, 1),
            (b']', _) => (Tok::RBracket, 1),
            (b',', _) => (Tok::Comma, 1),
            (b';', _) => (Tok::Semicolon, 1),
            (b'.', _) => (Tok::Dot, 1),
            (b':', _) => (Tok::Colon, 1),
            (b'=', _) => (Tok::Assign, 1),
            (b'<', _) => (Tok::Less, 1),
            (b'>', _) => (Tok::Greater, 1),
            (b'+', _) => (Tok::Plus, 1),
            (b'-', _) => (Tok::Minus, 1),
            (b'*', _) => (Tok::Star, 1),
            (b'/', _) => (Tok::Slash, 1),
            (b'%', _) => (Tok::Percent, 1),
            (b'^', _) => (Tok::Caret, 1),
            (b'!', _) => (Tok::Not, 1),
            (b'#', _) => (Tok::Hash, 1),
            _ => return self.unreadable(),
        };
        self.at += len;
        tok
    }

    fn unreadable(&mut self) -> Tok {
        let start = self.at;
        let rest = self.source.text.get(start..).unwrap_or("");
        let found = rest.chars().next().unwrap_or('?');
        if found.is_alphabetic() {
            return self.foreign_name(start);
        }
        self.at += found.len_utf8();
        let help = match found {
            '&' => "the operator is `&&`",
            '|' => "the operator is `||`",
            '“' | '”' | '‘' | '’' => "use plain quotes: \" or '",
            '?' => {
                "there is no `?:`; write `if (c) { a } else { b }` or `mux (c) { a } else { b }`"
            }
            _ => "names use the letters A to Z, digits, `_` and `$`",
        };
        self.report(
            DiagCode::UnreadableCharacter,
            start,
            format!("`{}` has no meaning here", found.escape_debug()),
            help,
        );
        // A binary file has thousands of the same.
        while self.source.text.get(self.at..).is_some_and(|rest| rest.starts_with(found)) {
            self.at += found.len_utf8();
        }
        Tok::Bad
    }
}
