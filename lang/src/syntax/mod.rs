//! Text to tokens to tree. Both steps report what they cannot read and go on.

pub(crate) mod ast;
mod format;
mod lexer;
mod parser;
mod token;

pub use format::format;
pub(crate) use parser::parse;
