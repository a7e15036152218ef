//! Reading an XOR chunk, sample by sample. The loops that fill columns are built on it.

use super::Window;
use crate::ChunkError;
use crate::bits::BitReader;
use crate::varbit::from_range;

/// Where a reader of an XOR chunk stands.
#[derive(Debug, Clone)]
pub(crate) struct XorDecoder<'a> {
    reader: BitReader<'a>,
    t: i64,
    delta: u64,
    value: u64,
    window: Window,
    read: u16,
    count: u16,
}

impl<'a> XorDecoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let mut reader = BitReader::new(bytes);
        let count = reader.u16()?;
        Ok(Self { reader, t: 0, delta: 0, value: 0, window: Window::WHOLE, read: 0, count })
    }

    /// The next sample, or `None` behind the last.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(i64, f64)>, ChunkError> {
        if self.read == self.count {
            return Ok(None);
        }
        match self.read {
            0 => {
                self.t = self.reader.varint()?;
                self.value = self.reader.bits_u64(64)?;
            }
            1 => {
                self.delta = self.reader.uvarint()?;
                self.step()?;
            }
            _ => {
                let change = self.change()?;
                self.delta = self.delta.wrapping_add(change.cast_unsigned());
                self.step()?;
            }
        }
        self.read += 1;
        Ok(Some((self.t, f64::from_bits(self.value))))
    }

    #[inline]
    fn step(&mut self) -> Result<(), ChunkError> {
        self.t = self.t.wrapping_add(self.delta.cast_signed());
        self.value = self.window.read(&mut self.reader, self.value)?;
        Ok(())
    }

    /// The change of the distance between samples.
    #[inline]
    fn change(&mut self) -> Result<i64, ChunkError> {
        let word = self.reader.peek();
        let (prefix, bits) = match word.leading_ones() {
            0 => {
                self.reader.skip(1)?;
                return Ok(0);
            }
            1 => (2, 14),
            2 => (3, 17),
            3 => (4, 20),
            _ => {
                self.reader.skip(4)?;
                return Ok(self.reader.bits_u64(64)?.cast_signed());
            }
        };
        self.reader.skip(prefix + bits as usize)?;
        Ok(from_range((word << prefix) >> (64 - bits), bits))
    }

    pub(crate) fn count(&self) -> u16 {
        self.count
    }

    pub(crate) fn position(&self) -> usize {
        self.reader.position()
    }

    pub(crate) fn remaining_bits(&self) -> usize {
        self.reader.remaining()
    }

    pub(crate) fn t(&self) -> i64 {
        self.t
    }

    pub(crate) fn delta(&self) -> u64 {
        self.delta
    }

    pub(crate) fn value(&self) -> u64 {
        self.value
    }

    pub(crate) fn window(&self) -> Window {
        self.window
    }
}
