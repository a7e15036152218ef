//! Why there is no answer at all.

use std::error::Error;

use thiserror::Error as ThisError;

/// Why a store gave no answer. Damage is no reason: it leaves something out of an answer, and a warning says so.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum StorageError {
    /// Whoever asked does not want to know any more.
    #[error("the query was cancelled")]
    Cancelled,
    /// There is no memory left for it.
    #[error(transparent)]
    Refused(#[from] promd_budget::Refused),
    /// The store cannot do this at all.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Whatever else a store has to say.
    #[error(transparent)]
    Store(Box<dyn Error + Send + Sync>),
}

impl StorageError {
    /// An error of a store.
    pub fn store(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Store(error.into())
    }
}
