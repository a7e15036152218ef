//! What can be wrong with bytes that are read one after the other.

use thiserror::Error;

/// A read that the bytes do not allow, and where.
///
/// The reader that returned it has not moved, so that a caller who tails a growing file can try again with more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{kind} at offset {offset}")]
pub struct DecodeError {
    kind: DecodeErrorKind,
    offset: usize,
}

/// Why a read was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The value needs more bytes than are left.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// A varint that does not fit into 64 bits.
    #[error("varint overflows 64 bits")]
    VarintOverflow,
    /// A varint that fits into 64 bits, but not into the type that was asked for.
    #[error("number {value} is out of range")]
    OutOfRange {
        /// The number as it stands in the input.
        value: u64,
    },
    /// A length or a count which says that more follows than is left.
    #[error("length {length} exceeds the {remaining} bytes that are left")]
    LengthBeyondEnd {
        /// The length or count as it stands in the input.
        length: u64,
        /// How many bytes follow it.
        remaining: usize,
    },
    /// Bytes that are not UTF-8 where text must stand.
    #[error("text is not valid UTF-8")]
    InvalidUtf8,
    /// A stored checksum that is not the checksum of the bytes it covers.
    #[error("checksum mismatch: stored {stored:08x}, computed {computed:08x}")]
    ChecksumMismatch {
        /// What the input says.
        stored: u32,
        /// What the covered bytes give.
        computed: u32,
    },
    /// Bytes after what should have been the last value.
    #[error("{count} unexpected bytes after the end")]
    TrailingBytes {
        /// How many there are.
        count: usize,
    },
}

impl DecodeError {
    /// An error of this kind at this offset, for formats that are built on a [`Reader`](crate::Reader).
    #[must_use]
    #[cold]
    pub const fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Why the read was refused.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Where the value begins that could not be read, counted as [`Reader::position`](crate::Reader::position) counts.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Whether more bytes could make the read succeed: what ends a torn write, in contrast to damage.
    #[must_use]
    pub const fn is_unexpected_end(&self) -> bool {
        matches!(self.kind, DecodeErrorKind::UnexpectedEnd | DecodeErrorKind::LengthBeyondEnd { .. })
    }
}
