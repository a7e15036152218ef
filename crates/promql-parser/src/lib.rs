#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ast;
mod check;
mod error;
mod functions;
#[cfg(feature = "serde")]
mod json;
mod lex;
mod options;
mod parse;
mod parser;
mod pretty;
mod print;
mod span;

pub use ast::{Expr, ValueType};
pub use error::{ErrorKind, ParseError, ParseErrors};
pub use functions::Function;
pub use options::Options;
pub use parser::{Parsed, Parser};
pub use pretty::Formatter;
pub use span::{LineColumn, Span};
