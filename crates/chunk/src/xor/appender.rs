//! Appending to an XOR chunk.

use super::{Window, XorDecoder};
use crate::ChunkError;
use crate::bits::BitWriter;
use crate::varbit::in_range;

/// The most samples that a count of 16 bits can tell of.
const MOST_SAMPLES: u32 = 0xffff;

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
    t: i64,
    delta: u64,
    value: u64,
    window: Window,
    // Wider than the format's: storing two bytes and loading four would wait for the store.
    count: u32,
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
        Self { bits: BitWriter::new(), t: 0, delta: 0, value: 0, window: Window::NONE, count: 0 }
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
        Ok(Self {
            bits: BitWriter::resume(bytes, decoder.position())?,
            t: decoder.t(),
            delta: decoder.delta(),
            value: decoder.value(),
            // As Prometheus' iterator leaves it: without a window, all bits.
            window: decoder.window(),
            count: u32::from(count),
        })
    }

    /// Adds a sample. Its order is the caller's business: any timestamp can be written.
    ///
    /// # Errors
    ///
    /// When the chunk can count no more samples.
    pub fn append(&mut self, t: i64, value: f64) -> Result<(), ChunkFull> {
        let value = value.to_bits();
        match self.count {
            0 => {
                self.bits.put(0, 16);
                self.bits.varint(t);
                self.bits.put(value, 64);
            }
            1 => {
                self.delta = t.wrapping_sub(self.t).cast_unsigned();
                self.bits.uvarint(self.delta);
                self.window.put(&mut self.bits, self.value, value);
            }
            MOST_SAMPLES => return Err(ChunkFull(u16::MAX)),
            _ => {
                let delta = t.wrapping_sub(self.t).cast_unsigned();
                if delta == self.delta && value == self.value {
                    self.bits.put(0, 2);
                } else {
                    self.put_change(delta.wrapping_sub(self.delta).cast_signed());
                    self.delta = delta;
                    self.window.put(&mut self.bits, self.value, value);
                }
            }
        }
        self.t = t;
        self.value = value;
        self.count += 1;
        self.bits.flush();
        self.bits.overwrite(self.count().to_be_bytes());
        Ok(())
    }

    /// Writes the change of the distance between samples.
    #[inline]
    fn put_change(&mut self, change: i64) {
        let low = |bits: u32| change.cast_unsigned() & ((1 << bits) - 1);
        if change == 0 {
            self.bits.put(0, 1);
        } else if in_range(change, 14) {
            self.bits.put(0b10 << 14 | low(14), 16);
        } else if in_range(change, 17) {
            self.bits.put(0b110 << 17 | low(17), 20);
        } else if in_range(change, 20) {
            self.bits.put(0b1110 << 20 | low(20), 24);
        } else {
            self.bits.put(0b1111, 4);
            self.bits.put(change.cast_unsigned(), 64);
        }
    }

    /// The chunk as it stands: sound at any time.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        if self.count == 0 { &[0, 0] } else { self.bits.bytes() }
    }

    /// How many samples were appended.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.count).unwrap_or(u16::MAX)
    }

    /// The time of the newest sample, if there is one.
    #[must_use]
    pub fn last(&self) -> Option<(i64, f64)> {
        (self.count > 0).then(|| (self.t, f64::from_bits(self.value)))
    }

    /// What the chunk takes from the allocator, beside this value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.bits.capacity()
    }
}
