//! What can be wrong with a histogram, in Prometheus' words.

use std::fmt;

use thiserror::Error;

use super::schema::{CUSTOM_BUCKETS_SCHEMA, MAX_SCHEMA, MAX_SCHEMA_RESERVED, MIN_SCHEMA, MIN_SCHEMA_RESERVED};
use crate::float;

/// Why a histogram is refused, or an operation on it.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum HistogramError {
    /// A span other than the first starts before the end of the one before.
    #[error("{part}span number {number} with offset {offset}: histogram has a span whose offset is negative")]
    SpanNegativeOffset {
        /// The list of spans.
        part: BucketsPart,
        /// The span, counted from 1.
        number: usize,
        /// Its offset.
        offset: i32,
    },
    /// The spans claim another number of buckets than there are.
    #[error("{part}spans need {needed} buckets, have {have} buckets: {SPANS_MISMATCH}")]
    SpansBucketsMismatch {
        /// The list of spans.
        part: BucketsPart,
        /// How many the spans claim.
        needed: u64,
        /// How many there are.
        have: usize,
    },
    /// While the resolution is reduced: the spans claim more buckets than there are.
    #[error("have {have} buckets but spans need more: {SPANS_MISMATCH}")]
    TooFewBuckets {
        /// How many there are.
        have: usize,
    },
    /// A bucket counts fewer than no observations.
    #[error("{part}bucket number {number} has observation count of {count}: {NEGATIVE_BUCKET}")]
    NegativeBucketCount {
        /// The side.
        part: BucketsPart,
        /// The bucket, counted from 1.
        number: usize,
        /// Its count.
        count: Observations,
    },
    /// The zero bucket counts fewer than no observations.
    #[error("zero bucket has observation count of {count}: {NEGATIVE_BUCKET}")]
    NegativeZeroCount {
        /// Its count.
        count: Observations,
    },
    /// The histogram counts fewer than no observations.
    #[error("observation count is  {count}: histogram's observation count is negative")]
    NegativeCount {
        /// The count.
        count: Observations,
    },
    /// The buckets hold more than `count`, which also counts the NaNs that are in no bucket.
    #[error(
        "{found} observations found in buckets, but the Count field is {count}: histogram's observation count should be at least the number of observations found in the buckets"
    )]
    CountNotBigEnough {
        /// The sum of all buckets.
        found: u64,
        /// The count.
        count: u64,
    },
    /// The buckets do not add up to `count`, and no NaN explains it.
    #[error(
        "{found} observations found in buckets, but the Count field is {count}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)"
    )]
    CountMismatch {
        /// The sum of all buckets.
        found: u64,
        /// The count.
        count: u64,
    },
    /// Spans reach further than the custom bounds.
    #[error(
        "custom buckets: only {bounds} custom bounds defined which is insufficient to cover total span length of {length}: histogram custom bounds are too few"
    )]
    CustomBoundsTooFew {
        /// How many bounds there are.
        bounds: usize,
        /// How far the spans reach.
        length: u64,
    },
    /// Custom bounds do not ascend.
    #[error("custom buckets: previous bound is {} and current is {}: histogram custom bounds must be in strictly increasing order", Fixed(*.previous), Fixed(*.current))]
    CustomBoundsOrder {
        /// A bound.
        previous: f64,
        /// The one after it, which is not larger.
        current: f64,
    },
    /// The bound of the last bucket, which is always there, is given.
    #[error("custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite")]
    CustomBoundsInfinite,
    /// A custom bound is no number.
    #[error("custom buckets: histogram custom bounds must not be NaN")]
    CustomBoundsNaN,
    /// A histogram with custom bounds counts in a zero bucket.
    #[error("custom buckets: must have zero count of 0")]
    CustomZeroCount,
    /// A histogram with custom bounds has a zero bucket.
    #[error("custom buckets: must have zero threshold of 0")]
    CustomZeroThreshold,
    /// A histogram with custom bounds has negative spans.
    #[error("custom buckets: must not have negative spans")]
    CustomNegativeSpans,
    /// A histogram with custom bounds has negative buckets.
    #[error("custom buckets: must not have negative buckets")]
    CustomNegativeBuckets,
    /// An exponential histogram has custom bounds.
    #[error("histogram with exponential schema must not have custom bounds")]
    ExponentialCustomBounds,
    /// Histograms of this schema are not stored.
    #[error(
        "histogram has an invalid schema, which must be between {MIN_SCHEMA} and {MAX_SCHEMA} for exponential buckets, or {CUSTOM_BUCKETS_SCHEMA} for custom buckets, got schema {0}"
    )]
    InvalidSchema(i32),
    /// Histograms of this schema are not even read.
    #[error(
        "histogram has an unknown schema, which must be between {MIN_SCHEMA_RESERVED} and {MAX_SCHEMA_RESERVED} for exponential buckets, or {CUSTOM_BUCKETS_SCHEMA} for custom buckets, got schema {0}"
    )]
    UnknownSchema(i32),
    /// One histogram has custom bounds, the other has not.
    #[error("cannot apply this operation on histograms with a mix of exponential and custom bucket schemas")]
    IncompatibleSchemas,
    /// Custom buckets have no resolution.
    #[error("cannot reduce resolution when there are custom buckets")]
    ReduceFromCustom,
    /// Custom buckets are no resolution.
    #[error("cannot reduce resolution to custom buckets schema")]
    ReduceToCustom,
    /// The resolution asked for is not coarser.
    #[error("cannot reduce resolution from schema {from} to {to}")]
    ReduceToFiner {
        /// The schema of the histogram.
        from: i32,
        /// The schema asked for.
        to: i32,
    },
}

const SPANS_MISMATCH: &str = "histogram spans specify different number of buckets than provided";
const NEGATIVE_BUCKET: &str = "histogram has a bucket whose observation count is negative";

/// Which buckets of a histogram an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketsPart {
    /// Those above the zero bucket.
    Positive,
    /// Those below the zero bucket.
    Negative,
    /// Those between custom bounds.
    Custom,
    /// One of the sides: the operation does not tell which.
    Either,
}

impl fmt::Display for BucketsPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Positive => "positive side: ",
            Self::Negative => "negative side: ",
            Self::Custom => "custom buckets: ",
            Self::Either => "",
        })
    }
}

/// A number of observations as a histogram holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observations {
    /// Of an integer histogram.
    Integer(i64),
    /// Of a float histogram.
    Float(f64),
}

impl fmt::Display for Observations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(count) => write!(f, "{count}"),
            Self::Float(count) => f.write_str(&float::g(*count)),
        }
    }
}

/// A number as Go's `%f` prints it: six digits after the point.
struct Fixed(f64);

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_infinite() {
            return f.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" });
        }
        write!(f, "{:.6}", self.0)
    }
}
