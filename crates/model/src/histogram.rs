//! Native histograms: sparse buckets on a grid of powers of two, or between custom bounds.
//!
//! # The grid
//!
//! An exponential histogram of schema `s` has bucket bounds at 2^(i·2^−s) for every whole `i`, on both sides of zero, and
//! a zero bucket for what lies within ±`zero_threshold`. Bucket `i` of the positive side is `(bound(i−1), bound(i)]`, so
//! that bucket 0 ends at 1; the negative side mirrors it. Schemas −4..=8 are written; data of 9..=52 is reduced to 8 when
//! it is read, and −9..=−5 is taken as it is. Schema −53 has custom bounds instead: bucket `i` ends at `custom_values[i]`,
//! one more bucket ends at +Inf, and there is neither a zero bucket nor a negative side.
//!
//! Only a few buckets of the grid exist. [`Span`]s say which: a list of (gap, length) pairs, and one number for each
//! bucket in the spans. [`Histogram`] holds whole numbers, each bucket as the difference to the one before;
//! [`FloatHistogram`], which PromQL calculates with, holds them absolute as `f64`.
//!
//! # Lies
//!
//! Spans come from the network and the disk, and may claim billions of buckets, run over the end of the index or disagree
//! with the number of buckets. `validate` finds all that. Every other operation is *total*: it walks the buckets that
//! are there, never those that are claimed, so it neither panics nor takes time or memory beyond the data's own size, and
//! for a histogram that does not validate its numbers mean nothing. So no operation needs a checked twin.
//!
//! # How the modules fit
//!
//! * `span`, `schema`, `bounds`, `bucket`: the grid, and the walk over the buckets that exist.
//! * `integer`, `float`: the two types; `validate` and `error`: what makes them sound, in Prometheus' words.
//! * `cell`, `side`: what one operation does to one side of any histogram: compact, coarsen, merge. A cell is an `f64`, a
//!   whole number, or a compensated sum, so each algorithm exists once.
//! * `arith`, `zero`, `custom`, `sum`: addition and what makes two histograms fit each other first.
//! * `reset`, `resolution`, `equal`, `trim`: the other operations between histograms and on one.
//! * `iter`, `quantile`, `fraction`, `stats`, `text`: reading.

mod arith;
mod bounds;
mod bucket;
mod cell;
mod custom;
mod equal;
mod error;
mod float;
mod fraction;
mod integer;
mod iter;
mod quantile;
mod reset;
mod resolution;
mod schema;
mod side;
mod span;
mod stats;
mod sum;
mod text;
mod trim;
mod validate;
mod zero;

pub use arith::Combined;
pub use bounds::bucket_bound;
pub use bucket::Bucket;
pub use error::{BucketsPart, HistogramError, Observations};
pub use float::FloatHistogram;
pub use fraction::Fraction;
pub use integer::Histogram;
pub use iter::{AllBuckets, Buckets, IntegerBuckets};
pub use quantile::{NanObservations, Quantile};
pub use schema::{
    CUSTOM_BUCKETS_SCHEMA, MAX_SCHEMA, MAX_SCHEMA_RESERVED, MIN_SCHEMA, MIN_SCHEMA_RESERVED, is_known_schema,
    is_valid_schema,
};
pub use span::Span;
pub use sum::HistogramSum;
pub use trim::Trim;

pub(crate) use cell::redo_deltas;
pub(crate) use schema::is_custom_schema;
pub(crate) use span::total_length;

/// What is known about a counter reset between a histogram and the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CounterResetHint {
    /// Nothing: the two have to be compared.
    #[default]
    Unknown,
    /// The counter was reset before this histogram.
    Reset,
    /// The counter was not reset before this histogram.
    NotReset,
    /// This is a gauge, which has no resets.
    Gauge,
}

impl CounterResetHint {
    /// The hint of a sum or difference, and whether the two contradict each other: one says "reset", the other "not
    /// reset". A gauge makes the result a gauge; otherwise what is not known of both is not known.
    #[must_use]
    pub fn combine(self, other: Self) -> (Self, bool) {
        match (self, other) {
            (a, b) if a == b => (a, false),
            (Self::Gauge, _) | (_, Self::Gauge) => (Self::Gauge, false),
            (Self::Unknown, _) | (_, Self::Unknown) => (Self::Unknown, false),
            _ => (Self::Unknown, true),
        }
    }
}
