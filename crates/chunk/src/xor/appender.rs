//! Appending to an XOR chunk.

use super::XorDecoder;
use super::state::State;
use crate::ChunkError;
use crate::bits::BitWriter;

/// An open XOR chunk: its bytes so far, and what the next sample is written relative to.
///
/// ```
/// use promd_chunk::XorAppender;
///
/// let mut chunk = XorAppender::new();
/// chunk.append(1_000, 1.0).unwrap();
/// chunk.append(16_000, 1.0).unwrap();
/// assert_eq!(chunk.count(), 2);
/// assert_eq!(chunk.bytes().len(), 15);
/// ```
#[derive(Debug, Clone)]
pub struct XorAppender {
    bits: BitWriter,
    state: State,
}

/// The chunk holds as many samples as its format can count; the caller starts another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunk is full: {0} samples")]
pub struct ChunkFull(pub u16);

impl Default for XorAppender {
    fn default() -> Self {
        Self::new()
    }
}

impl XorAppender {
    /// An empty chunk. Nothing is allocated before the first sample.
    #[must_use]
    pub fn new() -> Self {
        Self { bits: BitWriter::new(), state: State::EMPTY }
    }

    /// Goes on with a chunk that was read back. What is appended is what Prometheus would append there.
    ///
    /// # Errors
    ///
    /// If `bytes` are not a sound chunk.
    pub fn resume(bytes: &[u8]) -> Result<Self, ChunkError> {
        let mut decoder = XorDecoder::new(bytes)?;
        while decoder.next()?.is_some() {}
        let count = decoder.count();
        if count == 0 {
            return Ok(Self::new());
        }
        Ok(Self { bits: BitWriter::resume(bytes, decoder.position())?, state: State::behind(&decoder) })
    }

    /// Adds a sample. Its order is the caller's business: any timestamp can be written.
    ///
    /// # Errors
    ///
    /// When the chunk can count no more samples.
    pub fn append(&mut self, t: i64, value: f64) -> Result<(), ChunkFull> {
        self.state.put(&mut self.bits, t, value)?;
        self.bits.flush();
        self.bits.overwrite(self.count().to_be_bytes());
        Ok(())
    }

    /// The chunk as it stands: sound at any time.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        if self.state.count == 0 { &[0, 0] } else { self.bits.bytes() }
    }

    /// How many samples were appended.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.state.count).unwrap_or(u16::MAX)
    }

    /// The time of the newest sample, if there is one.
    #[must_use]
    pub fn last(&self) -> Option<(i64, f64)> {
        self.state.last()
    }

    /// What the chunk takes from the allocator, beside this value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.bits.capacity()
    }
}
