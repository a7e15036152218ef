//! Appending to an XOR2 chunk.

use super::{STALE, Xor2Decoder};
use crate::bits::BitWriter;
use crate::start::Starts;
use crate::xor::Window;
use crate::{ChunkError, ChunkFull};

/// An open XOR2 chunk: its bytes so far, and what the next sample is written relative to.
///
/// ```
/// use promd_chunk::Xor2Appender;
///
/// let mut chunk = Xor2Appender::new();
/// chunk.append(1_000, 1.0, 0).unwrap();
/// chunk.append(16_000, 1.0, 0).unwrap();
/// chunk.append(31_000, 1.0, 0).unwrap();
/// assert_eq!(chunk.bytes().len(), 16, "the third sample took one bit");
/// ```
#[derive(Debug, Clone)]
pub struct Xor2Appender {
    bits: BitWriter,
    t: i64,
    delta: u64,
    /// The last value that was not stale.
    baseline: u64,
    window: Window,
    starts: Starts,
    count: u16,
}

impl Default for Xor2Appender {
    fn default() -> Self {
        Self::new()
    }
}

impl Xor2Appender {
    /// An empty chunk. Nothing is allocated before the first sample.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bits: BitWriter::new(),
            t: 0,
            delta: 0,
            baseline: 0,
            window: Window::NONE,
            starts: Starts::default(),
            count: 0,
        }
    }

    /// Goes on with a chunk that was read back. What is appended is what Prometheus would append there.
    ///
    /// # Errors
    ///
    /// If `bytes` are not a sound chunk.
    pub fn resume(bytes: &[u8]) -> Result<Self, ChunkError> {
        let mut decoder = Xor2Decoder::new(bytes)?;
        while decoder.next()?.is_some() {}
        let resumed = decoder.into_state();
        if resumed.count == 0 {
            return Ok(Self::new());
        }
        Ok(Self {
            bits: BitWriter::resume(bytes, resumed.position)?,
            t: resumed.t,
            delta: resumed.delta,
            baseline: resumed.baseline,
            window: resumed.window,
            starts: resumed.starts,
            count: resumed.count,
        })
    }

    /// Adds a sample that counts from `start` (0: not known).
    ///
    /// # Errors
    ///
    /// When the chunk can count no more samples.
    pub fn append(&mut self, t: i64, value: f64, start: i64) -> Result<(), ChunkFull> {
        let value = value.to_bits();
        if self.count == u16::MAX {
            return Err(ChunkFull(u16::MAX));
        }
        if self.count == 0 {
            self.bits.put(0, 24);
            self.bits.varint(t);
            self.bits.put(value, 64);
            self.starts.put_first(&mut self.bits, t, start);
        } else {
            let delta = t.wrapping_sub(self.t).cast_unsigned();
            if self.count == 1 {
                self.bits.uvarint(delta);
                self.put_value(value);
            } else {
                self.put_joint(delta.wrapping_sub(self.delta).cast_signed(), value);
            }
            self.delta = delta;
            self.starts.put(&mut self.bits, self.count, self.t, start);
        }
        self.t = t;
        if value != STALE {
            self.baseline = value;
        }
        self.count += 1;
        let [high, low] = self.count.to_be_bytes();
        self.bits.flush();
        self.bits.overwrite([high, low, self.starts.header()]);
        Ok(())
    }

    /// Writes the joint code of the change of the distance between samples and of the value.
    #[inline]
    fn put_joint(&mut self, change: i64, value: u64) {
        if change != 0 {
            let low = |bits: u32| change.cast_unsigned() & ((1 << bits) - 1);
            if (-1 << 12..1 << 12).contains(&change) {
                self.bits.put(0b110 << 13 | low(13), 16);
            } else if (-1 << 19..1 << 19).contains(&change) {
                self.bits.put(0b1110 << 20 | low(20), 24);
            } else {
                self.bits.put(0b11110, 5);
                self.bits.put(change.cast_unsigned(), 64);
            }
            self.put_value(value);
            return;
        }
        let difference = value ^ self.baseline;
        if value == STALE {
            self.bits.put(0b11111, 5);
        } else if difference == 0 {
            self.bits.put(0, 1);
        } else if self.window.holds(difference) {
            self.bits.put(0b100, 3);
            self.window.put_significant(&mut self.bits, difference);
        } else {
            self.bits.put(0b101, 3);
            self.window.put_new(&mut self.bits, difference);
        }
    }

    /// Writes a value behind a timestamp that changed its pace.
    #[inline]
    fn put_value(&mut self, value: u64) {
        let difference = value ^ self.baseline;
        if value == STALE {
            self.bits.put(0b111, 3);
        } else if difference == 0 {
            self.bits.put(0, 1);
        } else if self.window.holds(difference) {
            self.bits.put(0b10, 2);
            self.window.put_significant(&mut self.bits, difference);
        } else {
            self.bits.put(0b110, 3);
            self.window.put_new(&mut self.bits, difference);
        }
    }

    /// The chunk as it stands: sound at any time.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        if self.count == 0 { &[0, 0, 0] } else { self.bits.bytes() }
    }

    /// How many samples were appended.
    #[must_use]
    pub fn count(&self) -> u16 {
        self.count
    }

    /// The time of the newest sample, if there is one.
    #[must_use]
    pub fn last_t(&self) -> Option<i64> {
        (self.count > 0).then_some(self.t)
    }

    /// What the chunk takes from the allocator, beside this value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.bits.capacity()
    }
}
