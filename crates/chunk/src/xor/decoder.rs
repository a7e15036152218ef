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
    // Wider than the format's: a loop that stores two bytes and loads four waits for its own store.
    read: u32,
    count: u32,
}

impl<'a> XorDecoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let mut reader = BitReader::new(bytes);
        let count = u32::from(reader.u16()?);
        Ok(Self { reader, t: 0, delta: 0, value: 0, window: Window::WHOLE, read: 0, count })
    }

    /// The next sample, or `None` behind the last.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(i64, f64)>, ChunkError> {
        if self.read == self.count {
            return Ok(None);
        }
        match self.read {
            0 => self.first()?,
            1 => self.second()?,
            _ => self.step()?,
        }
        self.read += 1;
        Ok(Some((self.t, f64::from_bits(self.value))))
    }

    fn first(&mut self) -> Result<(), ChunkError> {
        self.t = self.reader.varint()?;
        self.value = self.reader.bits_u64(64)?;
        Ok(())
    }

    fn second(&mut self) -> Result<(), ChunkError> {
        self.delta = self.reader.uvarint()?;
        self.t = self.t.wrapping_add(self.delta.cast_signed());
        self.value = self.window.read(&mut self.reader, self.value)?;
        Ok(())
    }

    /// Any sample behind the second.
    #[inline(always)]
    fn step(&mut self) -> Result<(), ChunkError> {
        // Nearly always samples keep their pace: one bit, and the code of the value stands in the same word.
        let word = self.reader.peek();
        let (word, used) = if word >> 63 == 0 {
            (word << 1, 1)
        } else {
            let change = self.change(word)?;
            self.delta = self.delta.wrapping_add(change.cast_unsigned());
            (self.reader.peek(), 0)
        };
        self.t = self.t.wrapping_add(self.delta.cast_signed());
        if word >> 63 == 0 {
            return self.reader.skip(used + 1);
        }
        self.value ^= self.window.read_difference(&mut self.reader, word, used)?;
        Ok(())
    }

    /// A change of the distance between samples, whose code begins `word`.
    fn change(&mut self, word: u64) -> Result<i64, ChunkError> {
        let (prefix, bits) = match word.leading_ones() {
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

    /// Reads the samples that are left, passing each to `sample`.
    #[inline(always)]
    pub(crate) fn for_each(&mut self, mut sample: impl FnMut(i64, f64)) -> Result<(), ChunkError> {
        while self.read < self.count.min(2) {
            if let Some((t, v)) = self.next()? {
                sample(t, v);
            }
        }
        for _ in self.read..self.count {
            self.step()?;
            sample(self.t, f64::from_bits(self.value));
        }
        self.read = self.count;
        Ok(())
    }

    /// The same up to the first sample behind `end`, which is not passed.
    #[inline(always)]
    pub(crate) fn for_each_until(&mut self, end: i64, mut sample: impl FnMut(i64, f64)) -> Result<(), ChunkError> {
        while self.read < self.count.min(2) {
            match self.next()? {
                Some((t, v)) if t <= end => sample(t, v),
                _ => return Ok(()),
            }
        }
        for _ in self.read..self.count {
            self.step()?;
            if self.t > end {
                return Ok(());
            }
            sample(self.t, f64::from_bits(self.value));
        }
        self.read = self.count;
        Ok(())
    }

    /// How many samples there are at the most: a sample takes two bits at the least, so a count that lies does not get its
    /// memory.
    pub(crate) fn most(&self) -> usize {
        ((self.count - self.read) as usize).min(self.reader.remaining() / 2)
    }

    pub(crate) fn count(&self) -> u16 {
        u16::try_from(self.count).unwrap_or(u16::MAX)
    }

    pub(crate) fn position(&self) -> usize {
        self.reader.position()
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
