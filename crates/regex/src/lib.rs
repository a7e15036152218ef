#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! `parse` reads Go's syntax into an [`Hir`](regex_syntax::hir::Hir), the form in which `regex-syntax` hands expressions to
//! the automata; nothing of that crate's own syntax is used. `unicode` holds what Go knows of classes and case. `engine`
//! compiles, and only when a text is met that needs it. `shortcut` looks at the Hir first: whatever it can decide by
//! comparing bytes is decided so, and must give the engine's answer, which property tests see to. `captures` and
//! `template` are groups and what Go makes of `$1`.
//!
//! # Invariants
//!
//! - One engine in the workspace: whoever needs a regular expression, needs it as Go has it.
//! - A pattern costs no more than Go allows: depth, repetitions and size are limited before memory is taken, and nothing
//!   recurses deeper than that.
//! - Matching takes time linear in the text.
#![forbid(unsafe_code)]

mod anchored;
mod candidates;
mod captures;
mod engine;
mod error;
mod literals;
mod parse;
mod regex;
mod shortcut;
mod template;
mod unicode;

pub use anchored::Anchored;
pub use candidates::Candidates;
pub use captures::Captures;
pub use error::{Error, ErrorKind};
pub use literals::Literals;
pub use regex::Regex;
