#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! `db` is the database: it opens a directory, hands out readers and appenders, and does all work on blocks. `head` holds the series of
//! the last hours in memory; it asks its surroundings for two things, as traits: somewhere to put full chunks
//! ([`chunks_head`]), and somewhere to log commits (`log`, and `wbl` for samples that come out of order); so it knows no file.
//! `replay` fills it again after a start, `exemplars` is the ring of those.
//!
//! # The life of a sample
//!
//! An appender judges it; a commit logs it and shows it. When its chunk is full that goes to `chunks_head`. When the head spans
//! one and a half ranges of a block, its oldest range is written as a block, series by series, and shown; then the head forgets it, and
//! the log and `chunks_head` are shortened. Each of these steps can be the last before a crash: the next start finds a sample in
//! two places, never in none, and the place that lies further down this list wins.
//!
//! # Invariants
//!
//! - A commit is logged before it is shown, and shown as a whole.
//! - A reader sees the commits that were complete when it was opened, whatever is appended, collected or truncated behind its back.
//!   Samples that come out of order are the exception: a reader sees those that are committed when it comes to their series.
//! - A sample that is not stored is told of, by its verdict.
//! - What blocks cover the head does not show: no sample is seen twice or lost while it moves.
//! - Appenders and readers wait for no work on blocks.
//! - What is damaged is left out and told, and never deleted.
#![forbid(unsafe_code)]

pub mod chunks_head;
mod db;
mod error;
mod exemplars;
mod head;
mod log;
mod replay;
mod wbl;

pub use db::{
    DamageReport, Db, DbError, DbMetrics, HeadStats, LeftOut, Options, RefusedSeries, ReplayProgress, Resources,
};
pub use error::TsdbError;
pub use head::{Cardinality, Cost};
pub use promd_compactor::Retention;
pub use promd_wal::Maintenance;
