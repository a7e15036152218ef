//! What was found wrong, where, and why.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use promd_fs::ErrorKind;

use crate::{checkpoint_name, segment_name};

/// A segment of a log, or of a checkpoint that lies in its directory.
///
/// The order is that of reading: the segments of a checkpoint come before those of the log.
///
/// ```
/// use promd_wal::SegmentId;
///
/// assert_eq!(SegmentId::log(7).to_string(), "00000007");
/// assert_eq!(SegmentId::of_checkpoint(6, 0).to_string(), "checkpoint.00000006/00000000");
/// assert!(SegmentId::of_checkpoint(6, 0) < SegmentId::log(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentId {
    /// The checkpoint that it belongs to; `None` is the log itself.
    pub checkpoint: Option<u64>,
    /// Its number.
    pub number: u64,
}

impl SegmentId {
    /// A segment of the log.
    #[must_use]
    pub fn log(number: u64) -> Self {
        Self { checkpoint: None, number }
    }

    /// A segment of a checkpoint.
    #[must_use]
    pub fn of_checkpoint(checkpoint: u64, number: u64) -> Self {
        Self { checkpoint: Some(checkpoint), number }
    }

    /// Where it lies below the directory of the log.
    #[must_use]
    pub fn path(self) -> PathBuf {
        let name = segment_name(self.number);
        match self.checkpoint {
            Some(checkpoint) => PathBuf::from(checkpoint_name(checkpoint)).join(name),
            None => PathBuf::from(name),
        }
    }
}

impl Ord for SegmentId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |id: &Self| (id.checkpoint.is_none(), id.checkpoint, id.number);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for SegmentId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

/// A stretch of a log that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub segment: SegmentId,
    /// The bytes of it. Empty for a segment that is not there.
    pub range: Range<u64>,
    /// What is wrong with them.
    pub cause: Cause,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, range, cause } = self;
        if range.is_empty() {
            return write!(f, "segment {segment}: {cause}");
        }
        write!(f, "segment {segment}, bytes {} to {}: {cause}", range.start, range.end)
    }
}

/// Why something of a log is lost, or how near it came to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The data of a fragment are not those that were written.
    Checksum {
        /// The sum in the header.
        stored: u32,
        /// The sum of the data.
        computed: u32,
    },
    /// No fragment begins so, or it would not end in its page.
    Header,
    /// A page was ended, and what follows in it is not zero.
    Padding,
    /// Zeros where the pages that follow show that there were records.
    Zeros,
    /// A part of a record is here, another is not.
    Part,
    /// The fragments are whole, and the record that they make means nothing.
    Undecodable,
    /// The record is larger than the reader takes.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A byte of a header is wrong, and what it was follows from the rest: nothing is lost.
    Mended,
    /// The last record of the log was not written to its end, as when the process was killed: nothing is lost that
    /// somebody was told is safe.
    Torn,
    /// A segment that is not the last ends inside a record.
    Truncated,
    /// The numbering says that there were segments: the one that is named, and those after it.
    Missing {
        /// How many.
        segments: u64,
    },
    /// The disk does not give the bytes.
    Unreadable {
        /// What it says instead.
        kind: ErrorKind,
    },
}

impl Cause {
    /// Whether something that was written whole is gone.
    #[must_use]
    pub fn is_loss(self) -> bool {
        !matches!(self, Self::Mended | Self::Torn)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Prometheus' words where it has some (`tsdb/wlog/reader.go`): operators search for them.
            Self::Checksum { stored, computed } => write!(f, "unexpected checksum {computed:x}, expected {stored:x}"),
            Self::Header => f.write_str("invalid fragment header"),
            Self::Padding => f.write_str("unexpected non-zero byte in padded page"),
            Self::Zeros => f.write_str("zeros in the place of records"),
            Self::Part => f.write_str("the rest of the record is missing"),
            Self::Undecodable => f.write_str("the record cannot be decoded"),
            Self::TooLarge { limit } => write!(f, "the record is larger than {limit} bytes"),
            Self::Mended => f.write_str("a damaged header, of which nothing is lost"),
            Self::Torn => f.write_str("last record is torn"),
            Self::Truncated => f.write_str("the segment ends inside a record"),
            Self::Missing { segments: 1 } => f.write_str("missing"),
            Self::Missing { segments } => write!(f, "missing, as the {} after it", segments - 1),
            Self::Unreadable { kind } => kind.fmt(f),
        }
    }
}
