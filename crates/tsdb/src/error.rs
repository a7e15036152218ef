//! What stops work on the database, in contrast to damage, which is passed over and reported.

use promd_block::BlockError;
use thiserror::Error;

use crate::chunks_head::HeadChunksError;

/// Why the database cannot do what it was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TsdbError {
    /// The file system failed.
    #[error(transparent)]
    Fs(#[from] promd_fs::Error),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] promd_wal::LogError),
    /// A file of head chunks cannot be written.
    #[error(transparent)]
    HeadChunks(#[from] HeadChunksError),
    /// A block cannot be opened or written.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// There is no checkpoint of the log.
    #[error(transparent)]
    Checkpoint(#[from] promd_wal::CheckpointError),
    /// Nothing can be appended.
    #[error("the database was opened read-only")]
    ReadOnly,
}
