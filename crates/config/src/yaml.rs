//! YAML as Go's `yaml.v2` and `yaml.v3` read and write it, which is what Prometheus' users know.
//!
//! `parse` makes a tree of nodes with their places out of the events of `granit-parser`, which only knows the syntax. What
//! a plain scalar means is decided in `resolve`, by YAML 1.1. `decode` fills values strictly: unknown and repeated fields
//! and values of wrong types are collected, with lines and the names that Go gives to types, and everything else that is
//! wrong ends the decoding at once, as in Go. `value` says how single types are read and printed, `record` makes both out
//! of one declaration of a section. `tree` and `emit` print.
//!
//! Limits: a text has at most [`MAX_BYTES`](parse::MAX_BYTES) bytes; collections nest 255 deep (that of the parser);
//! aliases may make no more of a document than Go lets them.

pub(crate) mod decode;
mod emit;
pub(crate) mod generic;
mod libyaml;
mod node;
pub(crate) mod parse;
#[macro_use]
pub(crate) mod record;
mod resolve;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
pub(crate) mod value;

pub(crate) use decode::{Decoder, Dialect, Environment, Section};
pub use generic::Any;
pub(crate) use node::{Id, Kind, Node};
pub(crate) use parse::parse;
pub(crate) use tree::Tree;
pub(crate) use value::Value;
