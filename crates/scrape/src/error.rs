//! Why a scrape failed, in Prometheus' words: what users see as the last error of a target.

use promd_exposition::{ContentTypeError, ParseError};
use promd_model::{HistogramError, LabelsError, quote};
use promd_storage::{StorageError, Verdict};

use crate::fetch::FetchError;

/// Why a scrape failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScrapeError {
    /// The target did not answer, or not to the end.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It answered with another status than 200.
    #[error("server returned HTTP status {0}")]
    Status(String),
    /// The body is larger than it may be.
    #[error("body size limit exceeded")]
    BodySize,
    /// There is no memory for the body.
    #[error(transparent)]
    Memory(#[from] promd_budget::Refused),
    /// The body is not compressed as its head says.
    #[error("{0}")]
    Decompress(String),
    /// It is not known what format the body has.
    #[error(transparent)]
    ContentType(#[from] ContentTypeError),
    /// The body is not in that format.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A sample has no name after relabelling.
    #[error("missing metric name (__name__ label)")]
    NoName,
    /// A sample has names that are not valid.
    #[error("invalid metric name or label names: {0}")]
    InvalidNames(String),
    /// A label stands twice in a series.
    #[error("label name \"{0}\" is not unique: invalid sample")]
    RepeatedLabel(String),
    /// Relabelling made labels that are none.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// A series has more labels than it may have.
    #[error("label_limit exceeded (metric: {metric}, number of labels: {count}, limit: {limit})")]
    LabelLimit {
        /// The name of the metric, or its beginning.
        metric: String,
        /// How many labels it has.
        count: usize,
        /// How many it may have.
        limit: u64,
    },
    /// The name of a label is too long.
    #[error(
        "label_name_length_limit exceeded (metric: {metric}, label name: {name}, length: {length}, limit: {limit})"
    )]
    LabelNameLimit {
        /// The name of the metric, or its beginning.
        metric: String,
        /// The name of the label, or its beginning.
        name: String,
        /// Its length in bytes.
        length: usize,
        /// How long it may be.
        limit: u64,
    },
    /// The value of a label is too long.
    #[error(
        "label_value_length_limit exceeded (metric: {metric}, label name: {name}, value: {}, length: {length}, limit: {limit})",
        quote::go(value)
    )]
    LabelValueLimit {
        /// The name of the metric, or its beginning.
        metric: String,
        /// The name of the label, or its beginning.
        name: String,
        /// The value, or its beginning.
        value: String,
        /// Its length in bytes.
        length: usize,
        /// How long it may be.
        limit: u64,
    },
    /// There are more samples than there may be.
    #[error("sample limit exceeded")]
    SampleLimit,
    /// A histogram has more buckets than it may have, and cannot be made coarser.
    #[error("histogram bucket limit exceeded")]
    BucketLimit,
    /// A histogram contradicts itself.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// The store does not take a sample, for a reason that ends a scrape.
    #[error("{0}")]
    Rejected(Verdict),
    /// The job has more targets than it may have.
    #[error("target_limit exceeded (number of targets: {targets}, limit: {limit})")]
    TargetLimit {
        /// How many there are.
        targets: usize,
        /// How many there may be.
        limit: u64,
    },
    /// The store cannot take anything.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The first characters of a text: as many as Prometheus shows of names and values.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(50).collect()
}
