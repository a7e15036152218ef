//! What a damaged chunk looks like to its reader.

use thiserror::Error;

/// Why a chunk cannot be decoded. Offsets count from the first byte of the chunk's data, behind the encoding byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The encoding byte names no encoding that promd knows.
    #[error("unknown chunk encoding {0}")]
    UnknownEncoding(u8),
    /// The data ends inside a sample or a header.
    #[error("chunk data ends early: at bit {bit} of {bits}")]
    Truncated {
        /// Where reading stopped.
        bit: usize,
        /// How many bits the chunk has.
        bits: usize,
    },
    /// A varint runs over more than 64 bits.
    #[error("varint at bit {bit} is longer than 64 bits")]
    Overflow {
        /// Where the varint begins.
        bit: usize,
    },
    /// A code or a length that no writer produces.
    #[error("{what} at bit {bit} makes no sense: {value}")]
    Invalid {
        /// What was read.
        what: &'static str,
        /// Where reading stopped.
        bit: usize,
        /// What stands there.
        value: u64,
    },
}
