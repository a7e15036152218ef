#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ast;
mod check;
mod error;
mod functions;
mod lex;
mod options;
mod parse;
mod parser;
mod span;

pub use ast::{Expr, ValueType};
pub use error::{ErrorKind, ParseError, ParseErrors};
pub use functions::Function;
pub use options::Options;
pub use parser::{Parsed, Parser};
pub use span::{LineColumn, Span};
