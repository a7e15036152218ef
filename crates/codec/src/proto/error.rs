//! Why a message cannot be read.

use thiserror::Error;

use super::WireType;
use crate::varint::VarintError;

/// A message that cannot be read, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{kind} at offset {offset}")]
pub struct ProtoError {
    kind: ProtoErrorKind,
    offset: usize,
}

/// Why a message cannot be read. Printed in the words of the code that gogo/protobuf generates, where it has some: a
/// client of Prometheus finds them in the body of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtoErrorKind {
    /// The message ends within a field.
    #[error("unexpected EOF")]
    UnexpectedEnd,
    /// A varint of more than ten bytes.
    #[error("proto: integer overflow")]
    VarintOverflow,
    /// A length that is negative as a signed 64-bit number.
    #[error("proto: negative length found during unmarshaling")]
    NegativeLength,
    /// A field number that is not positive.
    #[error("proto: illegal tag {number} (wire type {tag})")]
    IllegalTag {
        /// The number, of which 32 bits are read.
        number: i32,
        /// The tag as it stands in the input: number and wire type.
        tag: u64,
    },
    /// A wire type that protobuf does not have: 6 or 7.
    #[error("proto: illegal wireType {wire_type}")]
    IllegalWireType {
        /// The wire type as it stands in the input.
        wire_type: u8,
    },
    /// The end of a group that did not begin.
    #[error("proto: wiretype end group for non-group")]
    UnexpectedEndGroup,
    /// A field whose wire type does not suit the type that was asked for.
    #[error("proto: wrong wireType = {} for field {number}", *wire_type as u8)]
    WrongWireType {
        /// The field.
        number: u32,
        /// What it has.
        wire_type: WireType,
    },
    /// A packed field of fixed-width numbers whose length is not a multiple of their width.
    #[error("proto: field {number} ends within a packed value")]
    PackedLength {
        /// The field.
        number: u32,
    },
    /// A string that is not UTF-8.
    #[error("proto: field {number} contains invalid UTF-8")]
    InvalidUtf8 {
        /// The field.
        number: u32,
    },
    /// The length before a delimited message is not a varint of at most five bytes.
    #[error("clientpb: invalid varint encountered")]
    InvalidDelimiter,
    /// A delimited message that is longer than what is left.
    #[error("clientpb: insufficient length of buffer, expected at least {expected} bytes, got {got} bytes")]
    ShortDelimited {
        /// The bytes of the length and the message.
        expected: u64,
        /// What is left, from the length on.
        got: usize,
    },
}

impl ProtoError {
    /// An error of this kind at this offset.
    #[must_use]
    #[cold]
    pub const fn new(kind: ProtoErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Why the message cannot be read.
    #[must_use]
    pub const fn kind(&self) -> ProtoErrorKind {
        self.kind
    }

    /// Where, counted from the beginning of the outermost message.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl From<VarintError> for ProtoErrorKind {
    fn from(error: VarintError) -> Self {
        match error {
            VarintError::UnexpectedEnd => Self::UnexpectedEnd,
            VarintError::Overflow => Self::VarintOverflow,
        }
    }
}
