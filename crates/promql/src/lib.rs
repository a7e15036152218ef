#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! 1. **Plan** (`plan`): durations, `@` and `offset` are resolved, each expression knows its steps, what is the same at
//!    every step is planned for one, and selectors with the same matchers read once.
//! 2. **Read** (`eval::batch`, `eval::belt`): the series of a selector come in batches of a fixed number. Whoever is free
//!    takes the next batch, decodes its chunks into columns and makes a series of results of each; batches are handed on in
//!    the order of the series.
//! 3. **Slide** (`eval::frames`, `eval::kernel`): a range function over floats is a loop over the samples of a series, with
//!    windows whose ends only move forward. Whatever is special (histograms, start timestamps, NaN where it matters) goes
//!    to the function itself, window by window (`eval::window`, `functions`).
//! 4. **Fold** (`aggregate`): on the thread of the query series go into the columns of their groups as they come by. What
//!    needs all series at once (`binary`, sorting, the result) collects them.
//! 5. **Charge**: buffers, groups, what is collected and the answer are charged to the account of the query before they
//!    grow; the answer pays until it is dropped.
//!
//! # Invariants
//!
//! * No allocation for a float sample: samples and columns are buffers that the next series uses again.
//! * The order of additions is that of the series, and batches are the same whoever works on them: the same data give the
//!   same bits, whatever the number of threads.
//! * A kernel gives the bits of the function that it stands for, or leaves the series to it.
//! * The thread of the query can do all the work; others help, and the engine starts none.
//! * Annotations are kept once a text, with the place of the expression that they are about.
//! * A function is one line in a table of its family (`functions`).
#![forbid(unsafe_code)]

mod aggregate;
mod annotations;
mod binary;
mod column;
mod engine;
mod error;
mod estimate;
mod eval;
mod executor;
mod explain;
mod features;
mod functions;
mod plan;
mod query;
mod statistics;
mod steps;
pub mod test;
mod value;

pub use engine::{Answer, Engine, EngineOptions};
pub use error::QueryError;
pub use executor::{Alone, Executor, ScopedThreads};
pub use explain::Explain;
pub use query::{Cancel, Expression, Query, TooManyPoints};
pub use statistics::{PerStep, SampleStatistics, Statistics, Timings};
pub use value::{MatrixSeries, Number, Value, VectorSample};
