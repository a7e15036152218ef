//! What a store says of a sample.

use std::fmt;

use thiserror::Error;

/// What became of a sample. The texts are those of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It is stored when the batch is committed, or was there already.
    Accepted,
    /// The series is not known, or not any more: ask for it by its labels.
    UnknownSeries,
    /// The series has a newer sample.
    OutOfOrder,
    /// It is older than the window for samples that are out of order.
    TooOld,
    /// It is older than what the store still takes.
    OutOfBounds,
    /// The series has another value at this time.
    Duplicate,
    /// A histogram that contradicts itself.
    Malformed,
}

impl Verdict {
    /// Whether the sample is stored.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }

    /// What it is called in logs, and in the errors of the protocols that report it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::UnknownSeries => "unknown series",
            Self::OutOfOrder => "out of order sample",
            Self::TooOld => "too old sample",
            Self::OutOfBounds => "out of bounds",
            Self::Duplicate => "duplicate sample for timestamp",
            Self::Malformed => "malformed histogram",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no such series in the store, and will not be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    /// It has no labels.
    #[error("empty labelset: invalid sample")]
    NoLabels,
    /// The store holds as many series as it may. Those that it has go on.
    #[error("the store holds {series} series, which is its limit ({flag}); it takes no new ones")]
    OverLimit {
        /// How many there are.
        series: usize,
        /// What sets the limit.
        flag: &'static str,
    },
    /// There is no memory for it. The series that the store has go on.
    #[error("no memory for a new series: {reason}")]
    OverBudget {
        /// Which limit was met, and what sets it.
        reason: Box<str>,
    },
}
