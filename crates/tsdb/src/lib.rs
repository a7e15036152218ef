#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! `db` is the database over blocks. `head` holds the series of the last hours in memory; it asks its surroundings for two
//! things, as traits: somewhere to put full chunks ([`chunks_head`]), and somewhere to log commits (`log`); so it knows no file.
//! `replay` fills it again after a start, `exemplars` is the ring of those. `db` does not use the head yet.
//!
//! # Invariants
//!
//! - A commit is logged before it is shown, and shown as a whole.
//! - A reader sees the commits that were complete when he was opened, whatever is appended, collected or truncated behind his back.
//! - A sample that is not stored is told of, by its verdict.
#![forbid(unsafe_code)]

pub mod chunks_head;
mod db;
mod error;
mod exemplars;
#[cfg_attr(not(test), expect(dead_code, reason = "the database that holds the head is not here yet"))]
mod head;
#[cfg_attr(not(test), expect(dead_code, reason = "the database that holds the log is not here yet"))]
mod log;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the database that replays the log is not here yet"))]
mod replay;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the database that holds the log of late samples is not here yet")
)]
mod wbl;

pub use db::{DamageReport, Db, DbError, DbMetrics, LeftOut, Options};
pub use error::TsdbError;
pub use promd_compactor::Retention;
pub use promd_wal::Maintenance;
