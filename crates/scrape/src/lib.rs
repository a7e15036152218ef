#![doc = include_str!("../README.md")]
//!
//! # How it fits together
//!
//! The [`Manager`] knows jobs, by the configuration, and sets of targets, by discovery. For each job it has a pool, which turns
//! target groups into [`Target`]s and keeps one loop for each. A loop is a task: it waits for its moment, asks the target through
//! [`Fetch`], and has the answer gone over on an [`Executor`], away from the threads that wait for the network.
//!
//! Going over a body is synchronous and needs no target: `append` pulls entries from the parser, looks their texts up in the
//! `cache` of the target, and fills one batch. Only a text that is not there is made into labels, relabelled and
//! checked (`labels`). The verdicts of the store say what becomes of each, what vanished gets a stale marker, and
//! with the series that a scrape writes about itself everything is committed at once.
//!
//! # Invariants
//!
//! - A scrape whose series are all known builds no labels and allocates a small constant number of times.
//! - What a scrape stores is one commit: readers see all of it or nothing.
//! - Scrapes happen at moments that only the target, the interval and the name of the server decide. Neither a reload nor a restart
//!   moves them.
//! - A reload touches only the jobs that it changes.
//! - A body takes no more memory than the ledger has left, whatever it says of itself.
//! - Time comes from a [`Clock`](promd_clock::Clock) alone; with a simulated one and [`Executor::inline`] everything
//!   happens in one order.
#![forbid(unsafe_code)]

mod append;
mod buffers;
mod cache;
mod direct;
mod error;
mod executor;
mod failure_log;
mod fetch;
mod hash;
mod histogram;
mod host;
mod job;
mod labels;
mod manager;
mod metadata;
mod metrics;
mod options;
mod pool;
mod scrape_loop;
mod target;
mod url;

pub use append::Starts;
pub use direct::{BodyAppender, BodyCounts};
pub use error::ScrapeError;
pub use executor::Executor;
pub use fetch::{Fetch, FetchError, FetchFactory, FetchRequest, Fetched, HttpFetch, HttpFetchFactory};
pub use host::host_name;
pub use job::JobError;
pub use manager::{ApplyError, Manager, ManagerCollector};
pub use metadata::{FamilyMetadata, TargetMetadata};
pub use metrics::ScrapeMetrics;
pub use options::{Parts, ScrapeOptions};
pub use pool::JobTargets;
pub use promd_model::Health;
pub use target::{DroppedTarget, Target, TargetError, TargetState};
