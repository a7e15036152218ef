//! What can be wrong with the files, as values.

use std::fmt;
use std::ops::Range;

use promd_fs::ErrorKind;

use super::format::ChunkHead;

/// A stretch of a file that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadDamage {
    /// The number of the file.
    pub file: u32,
    /// The bytes of it. Empty for a file that is not there.
    pub range: Range<u64>,
    /// What its header says of the chunk, if what follows shows that the header's length is right: the rest of the header may
    /// be right, too.
    pub suspect: Option<ChunkHead>,
    /// What is wrong.
    pub cause: HeadCause,
}

impl fmt::Display for HeadDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, range, suspect, cause } = self;
        write!(f, "head chunk file {file:06}")?;
        if !range.is_empty() {
            write!(f, ", bytes {} to {}", range.start, range.end)?;
        }
        if let Some(ChunkHead { series, min, max, .. }) = suspect {
            write!(f, ", probably of series {series} from {min} to {max}")?;
        }
        write!(f, ": {cause}")
    }
}

/// Why a chunk was not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadCause {
    /// The bytes are not those that were written.
    Checksum {
        /// The sum behind the chunk.
        stored: u32,
        /// The sum of the chunk.
        computed: u32,
    },
    /// The sum is right, and the chunk makes no sense: times that descend, an unknown encoding, no room for a count.
    Header,
    /// The chunk would not end in the file.
    Bounds,
    /// Zeros where chunks follow.
    Zeros,
    /// The newest file ends inside a chunk, or in bytes that never became one, as when the power goes.
    Torn,
    /// The file does not begin as such files do. Its chunks were looked for all the same.
    FileHeader,
    /// The numbering says that there was a file.
    Missing,
    /// The disk does not give the bytes.
    Unreadable {
        /// What it says instead.
        kind: ErrorKind,
    },
}

impl HeadCause {
    /// Whether chunks may be gone that had been written whole.
    #[must_use]
    pub fn is_loss(self) -> bool {
        !matches!(self, Self::Torn | Self::FileHeader)
    }
}

impl fmt::Display for HeadCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Prometheus' words (`tsdb/chunks/chunks.go`): operators search for them.
            Self::Checksum { stored, computed } => {
                write!(f, "checksum mismatch expected:{stored:x}, actual:{computed:x}")
            }
            Self::Header => f.write_str("the header of a chunk makes no sense"),
            Self::Bounds => f.write_str("a chunk would not end in the file"),
            Self::Zeros => f.write_str("zeros where chunks follow"),
            Self::Torn => f.write_str("the file ends inside a chunk"),
            Self::FileHeader => f.write_str("invalid magic number or version"),
            Self::Missing => f.write_str("the file is missing"),
            Self::Unreadable { kind } => write!(f, "{kind}"),
        }
    }
}
