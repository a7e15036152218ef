//! Why a query has no answer. The texts are those of Prometheus.

use promd_promql_parser::ParseErrors;
use promd_storage::StorageError;
use thiserror::Error;

/// Why a query has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text is no query.
    #[error(transparent)]
    Parse(#[from] ParseErrors),
    /// The query is well formed, and means nothing with these data or in this place.
    #[error("{0}")]
    Execution(String),
    /// It took too long.
    #[error("query timed out in {0}")]
    TimedOut(&'static str),
    /// Whoever asked does not want to know any more.
    #[error("query was canceled in {0}")]
    Canceled(&'static str),
    /// It would hold more samples at once than [`EngineOptions::max_samples`](crate::EngineOptions) allows.
    #[error("query processing would load too many samples into memory in {0}")]
    TooManySamples(&'static str),
    /// There is no memory left for it.
    #[error(transparent)]
    Refused(#[from] promd_budget::Refused),
    /// The store could not be read.
    #[error("expanding series: {0}")]
    Storage(#[source] StorageError),
}

impl QueryError {
    pub(crate) fn execution(text: impl Into<String>) -> Self {
        Self::Execution(text.into())
    }

    /// Two series of one answer have the same labels and a sample at the same time.
    pub(crate) fn same_labels() -> Self {
        Self::execution("vector cannot contain metrics with the same labelset")
    }
}

impl From<StorageError> for QueryError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Cancelled => Self::Canceled("expression evaluation"),
            StorageError::Refused(refused) => Self::Refused(refused),
            other => Self::Storage(other),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, QueryError>;
