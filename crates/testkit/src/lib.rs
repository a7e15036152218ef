#![doc = include_str!("../README.md")]
//!
//! # Nothing is skipped in silence
//!
//! A test that compares with outside data cannot run where that data is absent, and must not fail a newcomer's
//! `cargo test`. So the finders here return an `Option`, and on `None` they have already said, past the test
//! harness' capture, which comparison was left out. Continuous integration sets `PROMD_REQUIRE=conformance,peers`
//! and turns the same absence into a failure.

mod alloc;
mod find;
mod random;
mod remote_write;
mod server;
mod web;

pub use alloc::{Allocations, CountingAllocator};
pub use find::{conformance, peer, testdata, workspace};
pub use random::Random;
pub use remote_write::Written;
pub use server::{Launch, Server};
pub use web::{Answer, Connection, encode};
