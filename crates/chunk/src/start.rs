//! Start timestamps, as XOR2 and the newer histogram encodings carry them behind each sample.
//!
//! One byte of header behind the count: bit 7 says that the first sample has a start of its own; bits 6 to 0 give the first sample
//! whose start differs from the one before (0: none). Up to that sample nothing is written. From it on, each sample carries the
//! change of `D`, the distance from its start to the timestamp of the sample *before* it; the first carries `D` itself. Seven
//! bits end at 127: there the entry is written even if nothing has changed, in every chunk that gets so long.

use crate::ChunkError;
use crate::bits::{BitReader, BitWriter};
use crate::varbit;

/// The last sample that the header can name.
const LAST_INDEX: u16 = 127;

const FIRST_KNOWN: u8 = 0x80;

/// What the next start timestamp is relative to. The same for writer and reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Starts {
    header: u8,
    start: i64,
    distance: i64,
}

impl Starts {
    /// Those of a chunk that begins with the byte `header`.
    pub(crate) fn with_header(header: u8) -> Self {
        Self { header, ..Self::default() }
    }

    /// The byte for the chunk's header.
    pub(crate) fn header(&self) -> u8 {
        self.header
    }

    /// The start of the sample that was read or written last.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    fn first_change(&self) -> u16 {
        u16::from(self.header & !FIRST_KNOWN)
    }

    /// Writes the start of the first sample, behind it.
    pub(crate) fn put_first(&mut self, writer: &mut BitWriter, t: i64, start: i64) {
        self.start = start;
        if start != 0 {
            self.header = FIRST_KNOWN;
            writer.varint(t.wrapping_sub(start));
        }
    }

    /// Writes the start of sample `index` (not the first), behind it; `before` is the timestamp of the sample before.
    #[inline]
    pub(crate) fn put(&mut self, writer: &mut BitWriter, index: u16, before: i64, start: i64) {
        if self.first_change() == 0 {
            if start == self.start && index != LAST_INDEX {
                return;
            }
            // Not beyond 127: at the latest, the entry is written there.
            self.header |= u8::try_from(index).unwrap_or_default();
        }
        let distance = before.wrapping_sub(start);
        varbit::put_int(writer, distance.wrapping_sub(self.distance));
        self.distance = distance;
        self.start = start;
    }

    /// Reads the start of the first sample.
    pub(crate) fn read_first(&mut self, reader: &mut BitReader<'_>, t: i64) -> Result<(), ChunkError> {
        if self.header & FIRST_KNOWN != 0 {
            self.start = t.wrapping_sub(reader.varint()?);
        }
        Ok(())
    }

    /// Reads the start of sample `index` (not the first); `before` is the timestamp of the sample before.
    #[inline]
    pub(crate) fn read(&mut self, reader: &mut BitReader<'_>, index: u16, before: i64) -> Result<(), ChunkError> {
        if self.first_change() == 0 || index < self.first_change() {
            return Ok(());
        }
        self.distance = self.distance.wrapping_add(varbit::int(reader)?);
        self.start = before.wrapping_sub(self.distance);
        Ok(())
    }
}
