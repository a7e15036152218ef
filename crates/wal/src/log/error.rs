//! Why something was not logged, or is not safe.

use std::path::PathBuf;

use promd_codec::compress::CompressError;
use promd_fs::ErrorKind;
use thiserror::Error;

use crate::page::PAGE;

/// Why a log did not do what it was asked for. A clone says the same: one failed sync has many who waited for it.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file system is full. What was logged before is safe as promised; what is appended meanwhile is refused, as a whole.
    #[error(
        "the file system of {} is full, and nothing can be logged there: free space; logging goes on by itself",
        .dir.display()
    )]
    DiskFull {
        /// The directory of the log.
        dir: PathBuf,
        /// What failed.
        source: promd_fs::Error,
    },
    /// Something else failed.
    #[error("the log in {} could not {doing}", .dir.display())]
    Io {
        /// The directory of the log.
        dir: PathBuf,
        /// What the log was about to do, as a verb and its object.
        doing: &'static str,
        /// What failed.
        source: promd_fs::Error,
    },
    /// A record was not compressed.
    #[error("a record for the log in {} could not be compressed", .dir.display())]
    Compress {
        /// The directory of the log.
        dir: PathBuf,
        /// What failed.
        source: CompressError,
    },
    /// A segment has at least one page, and only whole ones.
    #[error("invalid segment size {size}: a multiple of {PAGE} is needed")]
    SegmentSize {
        /// The size that was asked for.
        size: u64,
    },
    /// The log was closed.
    #[error("the log in {} is closed", .dir.display())]
    Closed {
        /// The directory of the log.
        dir: PathBuf,
    },
}

impl LogError {
    /// A failure of the file system while the log in `dir` was `doing` something.
    pub(super) fn io(dir: &std::path::Path, doing: &'static str) -> impl Fn(promd_fs::Error) -> Self {
        move |source| match source.kind() {
            ErrorKind::DiskFull => Self::DiskFull { dir: dir.to_path_buf(), source },
            _ => Self::Io { dir: dir.to_path_buf(), doing, source },
        }
    }

    /// Whether it goes away by itself once there is space.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }
}
