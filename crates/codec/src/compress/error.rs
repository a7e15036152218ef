//! What can go wrong, in the words of the Go packages where their users see them.

use std::io;

use thiserror::Error;

use super::Compression;

/// Bytes that were not decompressed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecompressError {
    /// More decoded bytes than the caller allows. `declared` is what the input says of itself, where it does.
    #[error("{compression}: decoded length {}exceeds limit {limit}", declared.map_or_else(String::new, |n| format!("{n} ")))]
    TooLarge {
        /// The format.
        compression: Compression,
        /// How many bytes are allowed.
        limit: usize,
        /// How many bytes the input says that it holds.
        declared: Option<u64>,
    },
    /// Bytes that are not in the format.
    #[error("{compression}: {what}")]
    Corrupt {
        /// The format.
        compression: Compression,
        /// What is wrong.
        what: &'static str,
    },
    /// The input ends too early.
    #[error("unexpected EOF")]
    UnexpectedEnd {
        /// The format.
        compression: Compression,
    },
    /// A format that this build leaves out.
    #[error("{compression}: not built in")]
    Unsupported {
        /// The format.
        compression: Compression,
    },
}

impl DecompressError {
    /// The format that the input was taken for.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        match self {
            Self::TooLarge { compression, .. }
            | Self::Corrupt { compression, .. }
            | Self::UnexpectedEnd { compression }
            | Self::Unsupported { compression } => *compression,
        }
    }
}

impl From<DecompressError> for io::Error {
    fn from(error: DecompressError) -> Self {
        let kind = match error {
            DecompressError::UnexpectedEnd { .. } => io::ErrorKind::UnexpectedEof,
            DecompressError::Unsupported { .. } => io::ErrorKind::Unsupported,
            DecompressError::TooLarge { .. } | DecompressError::Corrupt { .. } => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// Bytes that were not compressed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompressError {
    /// More bytes than the format can hold.
    #[error("{compression}: {length} bytes are too large to be compressed")]
    TooLarge {
        /// The format.
        compression: Compression,
        /// How many bytes were given.
        length: usize,
    },
    /// The compressor refused.
    #[error("{compression}: {what}")]
    Failed {
        /// The format.
        compression: Compression,
        /// What it says.
        what: &'static str,
    },
    /// A format that this build leaves out.
    #[error("{compression}: not built in")]
    Unsupported {
        /// The format.
        compression: Compression,
    },
}
