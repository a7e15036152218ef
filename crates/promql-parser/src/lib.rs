#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! 1. **Lex** (`lex`): shapes of tokens by a logos automaton, and around it what a shape means where it stands.
//! 2. **Parse** (`parse`): LALRPOP's tables of `grammar.lalrpop`, walked by a driver of our own. It notices an error where
//!    Prometheus' goyacc parser does, and goes on without dropping what was understood.
//! 3. **Check** (`check`): types, in the order in which Prometheus checks them.
//!
//! [`series`] is a language of its own, small enough to be parsed by hand.
//!
//! Both generators' output is committed, so that users build neither; a test proves it up to date, and
//! `cargo xtask codegen` makes it anew.
//!
//! # Invariants
//!
//! * Every node says where it stands: the text there, parsed alone, is that node. (Nodes of a tree that was made or changed
//!   by a program stand nowhere; their spans mean nothing.)
//! * The first error of a text is Prometheus' error, to the letter and the byte.
//! * A tree is no higher than [`Options::max_depth`], so recursion over it is bounded. The parser itself does not recurse.
//! * What is printed parses to the same tree.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod ast;
mod builder;
mod check;
mod error;
mod functions;
#[cfg(feature = "serde")]
mod json;
mod lex;
pub mod lint;
mod options;
mod parse;
mod parser;
mod pretty;
mod print;
pub mod series;
mod span;
mod visit;

pub use ast::{Expr, ValueType};
pub use error::{ErrorKind, ParseError, ParseErrors};
pub use functions::Function;
pub use options::Options;
pub use parser::{Parsed, Parser};
pub use pretty::Formatter;
pub use span::{LineColumn, Span};
pub use visit::Visitor;
