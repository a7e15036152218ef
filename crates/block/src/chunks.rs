//! Chunk segments: the files that hold the samples of a block.
//!
//! ```text
//! chunks/000001, 000002, … of at most 512 MiB:
//! u32 magic 0x85bd40dd | u8 version 1 | 3 zero bytes
//! chunk: uvarint length of the data | u8 encoding | data | u32 CRC-32C of encoding and data
//! ```
//!
//! The index names a chunk by the number of its segment and the offset of its first byte. The length has no checksum; one
//! that is wrong makes the checksum of the rest wrong, or leads out of the file.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use reader::read_file;
pub use reader::{ReadChunk, Segments};
pub use writer::{DEFAULT_SEGMENT_SIZE, SegmentWriter};

/// The name of the folder in the folder of a block.
pub(crate) const DIR: &str = "chunks";

const MAGIC: u32 = 0x85bd_40dd;
const VERSION: u8 = 1;
const HEADER: usize = 8;
/// The longest length field that Prometheus reads: a varint of 32 bits.
const MAX_LENGTH_FIELD: usize = 5;
const CRC: usize = 4;

/// Where a chunk is: the number of its segment, from 0, in the upper half, and its offset there in the lower.
///
/// ```
/// use promd_block::ChunkRef;
///
/// let first = ChunkRef::new(0, 8);
/// assert_eq!((u64::from(first), first.to_string().as_str()), (8, "chunks/000001 at 8"));
/// assert_eq!(ChunkRef::from((1 << 32) + 9), ChunkRef::new(1, 9));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkRef(u64);

impl ChunkRef {
    /// The chunk at this offset of this segment.
    #[must_use]
    pub const fn new(segment: u32, offset: u32) -> Self {
        Self((segment as u64) << 32 | offset as u64)
    }

    /// The number of the segment, from 0. Its file is called by the next number.
    #[must_use]
    pub const fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The offset of the first byte of the chunk, which is that of its length.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
    pub const fn offset(self) -> u32 {
        self.0 as u32
    }
}

impl From<u64> for ChunkRef {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<ChunkRef> for u64 {
    fn from(reference: ChunkRef) -> Self {
        reference.0
    }
}

impl std::fmt::Display for ChunkRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{DIR}/{} at {}", file_name(self.segment()), self.offset())
    }
}

/// The name of the file of a segment.
fn file_name(segment: u32) -> String {
    format!("{:06}", u64::from(segment) + 1)
}
