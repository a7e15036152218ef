#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! 1. **Plan** (`plan`): durations, `@` and `offset` are resolved, each expression knows its steps, what is the same at
//!    every step is planned for one, and selectors with the same matchers read once.
//! 2. **Evaluate** (`eval`): series are pushed from the store through functions and operators, one at a time. A series is
//!    a column: one place a step. A range function sees windows over the samples of its series.
//! 3. **Fold** (`aggregate`): series go into the columns of their groups as they come by. What needs all series at once
//!    (`binary`, sorting, the result) collects them and charges what it holds.
//!
//! # Invariants
//!
//! * No allocation for a float sample: samples and columns are buffers that the next series uses again.
//! * The order of additions is that of the series, so the same data give the same bits.
//! * Annotations are kept once a text, with the place of the expression that they are about.
//! * A function is one line in a table of its family (`functions`).
#![forbid(unsafe_code)]

mod aggregate;
mod annotations;
mod binary;
mod column;
mod engine;
mod error;
mod eval;
mod features;
mod functions;
mod plan;
mod steps;
pub mod test;
mod value;

pub use engine::{Answer, Cancel, Engine, EngineOptions, Query};
pub use error::QueryError;
pub use value::{MatrixSeries, Number, Value, VectorSample};
