#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! `cli` is the command line; each command has a file of its own, which asks the crates below and prints what they say. The
//! texts and tables are those of promtool wherever it has the command, so that scripts go on working.
#![forbid(unsafe_code)]

mod check;
mod cli;
mod config;
mod promql;
mod table;
mod test;
pub mod text;
mod tsdb;

pub use cli::{Context, Tool};
