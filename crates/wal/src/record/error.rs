//! What is wrong with a record, and where.

use promd_codec::DecodeError;
use thiserror::Error;

use super::RecordType;

/// A record ends, or goes wrong, within an entry.
///
/// The entries before it were sound. Prometheus takes none of a record that is damaged anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{record_type} record, entry {entry}: {cause}")]
pub struct RecordError {
    pub(super) record_type: RecordType,
    pub(super) entry: usize,
    pub(super) cause: DecodeError,
}

impl RecordError {
    /// What the record was to hold.
    #[must_use]
    pub const fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// How many sound entries precede the damaged one.
    #[must_use]
    pub const fn entry(&self) -> usize {
        self.entry
    }

    /// Where the value begins that could not be read, counted from the type byte.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.cause.offset()
    }

    /// What is wrong there.
    #[must_use]
    pub const fn cause(&self) -> DecodeError {
        self.cause
    }
}
