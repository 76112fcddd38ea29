//! Tokens.

use std::fmt;
use std::sync::Arc;

/// The kind of a token. Words include the reserved ones; the parser tells them apart, because many
/// reserved words may be the name of a method.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    Word(Arc<str>),
    Number(f64),
    Text(Arc<str>),
    LParen,
    RParen,
    LBrace,
    RBrace,
    LBracket,
    RBracket,
    Comma,
    Semicolon,
    Dot,
    Colon,
    ColonColon,
    Assign,
    Arrow,
    OrOr,
    AndAnd,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    Not,
    /// `#`, which only the 2015 dialect uses.
    Hash,
    /// Something that was reported already; the parser passes over it.
    Bad,
    End,
}

impl fmt::Display for Tok {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::Word(word) => return write!(f, "`{word}`"),
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::LParen => "`(`",
            Self::RParen => "`)`",
            Self::LBrace => "`{`",
            Self::RBrace => "`}`",
            Self::LBracket => "`[`",
            Self::RBracket => "`]`",
            Self::Comma => "`,`",
            Self::Semicolon => "`;`",
            Self::Dot => "`.`",
            Self::Colon => "`:`",
            Self::ColonColon => "`::`",
            Self::Assign => "`=`",
            Self::Arrow => "`->`",
            Self::OrOr => "`||`",
            Self::AndAnd => "`&&`",
            Self::Eq => "`==`",
            Self::NotEq => "`!=`",
            Self::Less => "`<`",
            Self::LessEq => "`<=`",
            Self::Greater => "`>`",
            Self::GreaterEq => "`>=`",
            Self::Plus => "`+`",
            Self::Minus => "`-`",
            Self::Star => "`*`",
            Self::Slash => "`/`",
            Self::Percent => "`%`",
            Self::Caret => "`^`",
            Self::Not => "`!`",
            Self::Hash => "`#`",
            Self::Bad => "an unreadable character",
            Self::End => "the end of the program",
        };
        f.write_str(fixed)
    }
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Whether a line break stands between the token before and this one.
    pub(crate) starts_line: bool,
}

/// Words that are never the name of a variable or function.
const RESERVED: &[&str] = &[
    "E",
    "PlusSelf",
    "alignedMap",
    "allHood",
    "anyHood",
    "def",
    "e",
    "else",
    "env",
    "eval",
    "false",
    "hood",
    "hoodPlusSelf",
    "if",
    "import",
    "it",
    "let",
    "localHood",
    "maxHood",
    "meanHood",
    "minHood",
    "module",
    "mux",
    "nbr",
    "public",
    "rep",
    "self",
    "share",
    "sumHood",
    "true",
    "unionHood",
    "yield",
];

/// Reserved words that may not even be the name of a method.
const NEVER_MEMBER: &[&str] =
    &["E", "alignedMap", "e", "else", "false", "if", "import", "public", "true", "yield"];

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

pub(crate) fn may_be_member(word: &str) -> bool {
    NEVER_MEMBER.binary_search(&word).is_err()
}

#[cfg(test)]
mod tests {
    #[test]
    fn word_lists_are_sorted_for_binary_search() {
        assert!(super::RESERVED.is_sorted());
        assert!(super::NEVER_MEMBER.is_sorted());
    }
}
