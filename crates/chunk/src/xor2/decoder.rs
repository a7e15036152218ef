//! Reading an XOR2 chunk, sample by sample. The loops that fill columns are built on it.

use super::STALE;
use crate::ChunkError;
use crate::bits::BitReader;
use crate::start::Starts;
use crate::xor::Window;

/// Where a reader of an XOR2 chunk stands.
#[derive(Debug, Clone)]
pub(crate) struct Xor2Decoder<'a> {
    reader: BitReader<'a>,
    t: i64,
    delta: u64,
    baseline: u64,
    window: Window,
    starts: Starts,
    read: u16,
    count: u16,
}

/// What an appender needs to go on behind the last sample.
pub(crate) struct State {
    pub(crate) position: usize,
    pub(crate) t: i64,
    pub(crate) delta: u64,
    pub(crate) baseline: u64,
    pub(crate) window: Window,
    pub(crate) starts: Starts,
    pub(crate) count: u16,
}

impl<'a> Xor2Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, ChunkError> {
        let mut reader = BitReader::new(bytes);
        let count = reader.u16()?;
        let starts = Starts::with_header(reader.byte()?);
        Ok(Self { reader, t: 0, delta: 0, baseline: 0, window: Window::WHOLE, starts, read: 0, count })
    }

    /// The next sample as time, value and start, or `None` behind the last.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(i64, f64, i64)>, ChunkError> {
        if self.read == self.count {
            return Ok(None);
        }
        let before = self.t;
        let value = match self.read {
            0 => {
                self.t = self.reader.varint()?;
                self.reader.bits_u64(64)?
            }
            1 => {
                self.delta = self.reader.uvarint()?;
                self.t = self.t.wrapping_add(self.delta.cast_signed());
                self.value()?
            }
            _ => self.joint()?,
        };
        if value != STALE {
            self.baseline = value;
        }
        if self.read == 0 {
            self.starts.read_first(&mut self.reader, self.t)?;
        } else {
            self.starts.read(&mut self.reader, self.read, before)?;
        }
        self.read += 1;
        Ok(Some((self.t, f64::from_bits(value), self.starts.start())))
    }

    /// Reads a joint code; moves the time on and returns the value.
    #[inline]
    fn joint(&mut self) -> Result<u64, ChunkError> {
        let word = self.reader.peek();
        let ones = word.leading_ones();
        if ones < 2 {
            self.t = self.t.wrapping_add(self.delta.cast_signed());
            if ones == 0 {
                self.reader.skip(1)?;
                return Ok(self.baseline);
            }
            self.reader.skip(3)?;
            if word >> 61 & 1 == 1 {
                self.window.read_new(&mut self.reader, word << 3)?;
            }
            return Ok(self.baseline ^ self.window.read_significant(&mut self.reader)?);
        }
        let change = match ones {
            2 => {
                self.reader.skip(16)?;
                word.cast_signed() << 3 >> 51
            }
            3 => {
                self.reader.skip(24)?;
                word.cast_signed() << 4 >> 44
            }
            4 => {
                self.reader.skip(5)?;
                self.reader.bits_u64(64)?.cast_signed()
            }
            _ => {
                self.reader.skip(5)?;
                self.t = self.t.wrapping_add(self.delta.cast_signed());
                return Ok(STALE);
            }
        };
        self.delta = self.delta.wrapping_add(change.cast_unsigned());
        self.t = self.t.wrapping_add(self.delta.cast_signed());
        self.value()
    }

    /// Reads a value behind a timestamp that changed its pace.
    #[inline]
    fn value(&mut self) -> Result<u64, ChunkError> {
        let word = self.reader.peek();
        match word.leading_ones() {
            0 => {
                self.reader.skip(1)?;
                return Ok(self.baseline);
            }
            1 => self.reader.skip(2)?,
            2 => {
                self.reader.skip(3)?;
                self.window.read_new(&mut self.reader, word << 3)?;
            }
            _ => {
                self.reader.skip(3)?;
                return Ok(STALE);
            }
        }
        Ok(self.baseline ^ self.window.read_significant(&mut self.reader)?)
    }

    /// How many samples there are at the most: a sample takes a bit at the least, so a count that lies does not get its memory.
    pub(crate) fn most(&self) -> usize {
        usize::from(self.count - self.read).min(self.reader.remaining())
    }

    pub(crate) fn into_state(self) -> State {
        let Self { reader, t, delta, baseline, window, starts, count, .. } = self;
        State { position: reader.position(), t, delta, baseline, window, starts, count }
    }
}
