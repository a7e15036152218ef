//! Why a database cannot be opened or changed.

use promd_block::BlockError;
use promd_compactor::CompactError;
use thiserror::Error;

use crate::TsdbError;

/// Why something could not be done with a database. Damage is no reason: it is passed over, and [`Db::damage`](crate::Db::damage)
/// names it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DbError {
    /// The file system failed.
    #[error(transparent)]
    Fs(#[from] promd_fs::Error),
    /// Another process has the directory open, Prometheus perhaps.
    #[error("lock DB directory")]
    Lock(#[source] promd_fs::Error),
    /// A block could not be read or written.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// Blocks could not be merged.
    #[error(transparent)]
    Compact(#[from] CompactError),
    /// The head, its log or its files failed.
    #[error(transparent)]
    Head(#[from] TsdbError),
    /// The database was opened to be read.
    #[error("the database was opened read-only")]
    ReadOnly,
    /// It was closed, or is about to be.
    #[error("the database is closed")]
    Closed,
    /// A place where no snapshot can be.
    #[error("{0}")]
    SnapshotPlace(&'static str),
}
