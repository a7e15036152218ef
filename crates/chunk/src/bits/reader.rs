//! Reading bits.
//!
//! The reader keeps a position in bits and nothing else. A read loads the eight bytes that hold its position and shifts:
//! no buffer to refill, hence no branch on its state, and at least 57 bits are visible at any position. Near the end
//! of the chunk, where eight bytes are not left, the load goes through a copy padded with zeros; whether the bits
//! asked for exist at all is checked apart from that, once a read.

use crate::ChunkError;

/// How many bits [`BitReader::peek`] shows at the least.
pub(crate) const VISIBLE: usize = 57;

#[derive(Debug, Clone)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bit to read. Never beyond `bits()`.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn bits(&self) -> usize {
        self.bytes.len() * 8
    }

    /// How many bits are left to read.
    pub(crate) fn remaining(&self) -> usize {
        self.bits() - self.at
    }

    /// The next bits, left-aligned: the first one is the most significant. [`VISIBLE`] of them are shown, zeros where the
    /// chunk has ended; what stands below is noise.
    #[inline(always)]
    pub(crate) fn peek(&self) -> u64 {
        let byte = self.at / 8;
        let shift = self.at % 8;
        let word = match self.bytes.get(byte..byte + 8) {
            Some(eight) => u64::from_be_bytes(eight.try_into().unwrap_or_default()),
            None => self.peek_near_the_end(byte),
        };
        word << shift
    }

    #[cold]
    fn peek_near_the_end(&self, byte: usize) -> u64 {
        let tail = self.bytes.get(byte..).unwrap_or_default();
        let mut eight = [0; 8];
        for (to, from) in eight.iter_mut().zip(tail) {
            *to = *from;
        }
        u64::from_be_bytes(eight)
    }

    /// Passes over `count` bits.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), ChunkError> {
        if count > self.remaining() {
            return Err(self.truncated());
        }
        self.at += count;
        Ok(())
    }

    #[cold]
    pub(crate) fn truncated(&self) -> ChunkError {
        ChunkError::Truncated { bit: self.at, bits: self.bits() }
    }

    #[cold]
    pub(crate) fn invalid(&self, what: &'static str, value: u64) -> ChunkError {
        ChunkError::Invalid { what, bit: self.at, value }
    }

    /// The next `count` bits as the low bits of a number; `count` is at most 64.
    #[inline(always)]
    pub(crate) fn bits_u64(&mut self, count: u32) -> Result<u64, ChunkError> {
        debug_assert!(count <= 64, "a number has 64 bits");
        if count == 0 {
            return Ok(0);
        }
        let word = self.peek();
        if count as usize <= VISIBLE {
            self.skip(count as usize)?;
            return Ok(word >> (64 - count));
        }
        // Two reads: what is visible for certain, then the rest.
        let rest = count - 32;
        let high = word >> 32;
        self.skip(32)?;
        let low = self.peek() >> (64 - rest);
        self.skip(rest as usize)?;
        Ok(high << rest | low)
    }

    /// One byte, at any position.
    #[expect(clippy::cast_possible_truncation, reason = "eight bits")]
    pub(crate) fn byte(&mut self) -> Result<u8, ChunkError> {
        Ok(self.bits_u64(8)? as u8)
    }

    /// Two bytes, at any position.
    #[expect(clippy::cast_possible_truncation, reason = "sixteen bits")]
    pub(crate) fn u16(&mut self) -> Result<u16, ChunkError> {
        Ok(self.bits_u64(16)? as u16)
    }

    /// An unsigned varint of whole bytes at any position, as Go's `encoding/binary` writes them.
    pub(crate) fn uvarint(&mut self) -> Result<u64, ChunkError> {
        let start = self.at;
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            // The tenth byte has room for one bit.
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ChunkError::Overflow { bit: start })
    }

    /// A signed (zigzag) varint.
    pub(crate) fn varint(&mut self) -> Result<i64, ChunkError> {
        let value = self.uvarint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}
