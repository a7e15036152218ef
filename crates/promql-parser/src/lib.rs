#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ast;
mod functions;
mod options;
mod span;

pub use ast::{Expr, ValueType};
pub use functions::Function;
pub use options::Options;
pub use span::{LineColumn, Span};
