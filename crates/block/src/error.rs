//! What stops work on a block, in contrast to damage, which is passed over and reported.

use std::path::PathBuf;

use thiserror::Error;

use crate::Damage;

/// Why a block cannot be opened, written or salvaged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The file system failed.
    #[error(transparent)]
    Fs(#[from] promd_fs::Error),
    /// So much is damaged that nothing can be answered from what was asked for.
    #[error(transparent)]
    Damaged(Box<Damage>),
    /// A folder that is not a block: it has no index.
    #[error("{} is not a block: it has no index", .0.display())]
    NotABlock(PathBuf),
    /// The caller asked for an end.
    #[error("cancelled")]
    Cancelled,
    /// What was to be written cannot stand in a block.
    #[error("{0}")]
    Invalid(String),
    /// A source failed for a reason of its own.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Damage> for BlockError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(Box::new(damage))
    }
}
