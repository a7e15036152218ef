//! A 64-bit pattern as its difference to the one before.
//!
//! `0`: the same. `10`: significant bits in the window in use. `11`: 5 bits of leading zeros, 6 bits of length (64 is
//! written as 0), then the bits, which become the window in use.

use crate::ChunkError;
use crate::bits::{BitReader, BitWriter, Buffer, VISIBLE};

/// More leading zeros than this cannot be written down.
const MOST_LEADING: u32 = 31;

/// Which bits of a difference were significant the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    leading: u8,
    trailing: u8,
    /// A fresh chunk has no window, and its first difference opens one.
    open: bool,
}

impl Window {
    /// No difference was written so far.
    pub(crate) const NONE: Self = Self { leading: 0, trailing: 0, open: false };

    /// All 64 bits: what an appender of Prometheus starts from when it resumes a chunk in which no window was opened,
    /// and so what a reader must assume there.
    pub(crate) const WHOLE: Self = Self { leading: 0, trailing: 0, open: true };

    /// Writes the code that leads from `before` to `value`.
    #[inline]
    pub(crate) fn put<B: Buffer>(&mut self, writer: &mut BitWriter<B>, before: u64, value: u64) {
        let difference = before ^ value;
        if difference == 0 {
            writer.put(0, 1);
        } else if self.holds(difference) {
            writer.put(0b10, 2);
            self.put_significant(writer, difference);
        } else {
            writer.put(0b11, 2);
            self.put_new(writer, difference);
        }
    }

    /// Reads a code that [`Window::put`] wrote.
    #[inline]
    pub(crate) fn read(&mut self, reader: &mut BitReader<'_>, before: u64) -> Result<u64, ChunkError> {
        let word = reader.peek();
        if word >> 63 == 0 {
            reader.skip(1)?;
            return Ok(before);
        }
        Ok(before ^ self.read_difference(reader, word, 0)?)
    }

    /// Reads a difference that is not 0: its code begins `word`, which shows what comes `used` bits (at most 2) behind the
    /// reader's position.
    #[inline(always)]
    pub(crate) fn read_difference(
        &mut self,
        reader: &mut BitReader<'_>,
        word: u64,
        used: usize,
    ) -> Result<u64, ChunkError> {
        let (word, used) = if word >> 62 == 0b11 {
            reader.skip(used + 2)?;
            self.read_new(reader, word << 2)?;
            (word << 13, 0)
        } else {
            (word << 2, used + 2)
        };
        let length = self.length();
        // The 57 bits that were visible, less two for a time, two or thirteen for the code.
        if length as usize <= VISIBLE - 15 {
            reader.skip(used + length as usize)?;
            return Ok((word >> (64 - length)) << self.trailing);
        }
        reader.skip(used)?;
        self.read_significant(reader)
    }

    /// Whether all bits of `difference` that are set lie in the window in use.
    #[inline]
    pub(crate) fn holds(&self, difference: u64) -> bool {
        self.open
            && difference.leading_zeros() >= u32::from(self.leading)
            && difference.trailing_zeros() >= u32::from(self.trailing)
    }

    /// Opens the window of `difference`, which is not 0: writes its place, then the bits in it.
    #[inline]
    pub(crate) fn put_new<B: Buffer>(&mut self, writer: &mut BitWriter<B>, difference: u64) {
        let leading = difference.leading_zeros().min(MOST_LEADING);
        let trailing = difference.trailing_zeros();
        self.set(leading, trailing);
        writer.put(u64::from(leading) << 6 | u64::from((64 - leading - trailing) & 63), 11);
        self.put_significant(writer, difference);
    }

    /// Writes the bits of `difference` in the window in use.
    #[inline]
    pub(crate) fn put_significant<B: Buffer>(&self, writer: &mut BitWriter<B>, difference: u64) {
        writer.put(difference >> self.trailing, self.length());
    }

    /// Takes over the window that the reader stands at; its eleven bits are the first of `word`.
    #[inline]
    pub(crate) fn read_new(&mut self, reader: &mut BitReader<'_>, word: u64) -> Result<(), ChunkError> {
        let leading = (word >> 59) as u32;
        let length = match (word >> 53) as u32 & 63 {
            0 => 64,
            length => length,
        };
        reader.skip(11)?;
        if leading + length > 64 {
            return Err(reader.invalid("window of significant bits", u64::from(leading + length)));
        }
        self.set(leading, 64 - leading - length);
        Ok(())
    }

    /// Reads the bits in the window in use.
    #[inline]
    pub(crate) fn read_significant(&self, reader: &mut BitReader<'_>) -> Result<u64, ChunkError> {
        Ok(reader.bits_u64(self.length())? << self.trailing)
    }

    #[inline]
    fn length(&self) -> u32 {
        64 - u32::from(self.leading) - u32::from(self.trailing)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "counts of zeros in 64 bits")]
    fn set(&mut self, leading: u32, trailing: u32) {
        *self = Self { leading: leading as u8, trailing: trailing as u8, open: true };
    }
}
