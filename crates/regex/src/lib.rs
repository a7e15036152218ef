#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! A pattern goes through three steps:
//!
//! 1. **Parse** (`parse`): one pass over the bytes with an explicit stack of open groups makes a
//!    [`regex_syntax::hir::Hir`]. `regex-syntax`' own parser is used for nothing but its Unicode tables (`unicode`), for
//!    its syntax differs from Go's both in what it accepts and, silently, in what it means. Heights and sizes are kept
//!    node by node, as Go counts them, and every node is charged to a budget.
//! 2. **Plan** (`shortcut`, for [`Anchored`] only): a tree that is a union of sequences of literals and gaps is decided by
//!    comparing bytes. A plan is exact or there is none.
//! 3. **Compile** (`engine`): anything else becomes a `regex_automata` meta engine, within limits on memory. That of an
//!    [`Anchored`] is built when a value is first asked about, if it is certain to be within the limits; what tells groups is
//!    built when groups are first asked for.
//!
//! # Invariants
//!
//! - Nothing recurses over an unbounded tree: trees are at most 1000 levels high, and whatever recurses over more than 64
//!   runs on a stack of its own.
//! - Memory is bounded before it is taken: tree, tokens of a plan, automaton, positions of groups.
//! - A tree means what Go's means. Two properties of the crates below get in the way and are worked around where they
//!   occur: `Hir::alternation` lifts common prefixes that can match in several ways (`parse/node.rs`), and a test for a
//!   match may stop within a character at `\B` (`engine.rs`).
//! - Error texts are part of the interface: users see them in the API, tools match on them.
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
