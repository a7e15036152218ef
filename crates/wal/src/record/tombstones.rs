//! Type 3: what was deleted.
//!
//! ```text
//! ( u64 series | varint min | varint max )*
//! ```

use promd_codec::{DecodeError, Reader};

use super::RecordType;
use super::entry::{Encoder, Entry, Sealed};
use super::stamp::StampReader;

/// An interval of a series that was deleted, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// The reference of the series.
    pub series: u64,
    /// The first deleted millisecond.
    pub min: i64,
    /// The last deleted millisecond.
    pub max: i64,
}

impl Tombstone {
    /// The tombstone which says that the head has evicted the series, as Prometheus 3.14 writes it.
    #[must_use]
    pub const fn eviction(series: u64) -> Self {
        Self { series, min: i64::MIN, max: i64::MAX }
    }

    /// Whether it says that the head has evicted the series.
    #[must_use]
    pub const fn is_eviction(&self) -> bool {
        self.min == i64::MIN && self.max == i64::MAX
    }
}

impl Sealed for Tombstone {}

impl Entry<'_> for Tombstone {
    const TYPE: RecordType = RecordType::Tombstones;

    fn read(_: &mut StampReader, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { series: reader.u64_be()?, min: reader.varint()?, max: reader.varint()? })
    }
}

/// Writes a tombstone record.
pub type TombstonesEncoder<'b> = Encoder<'b, Tombstone>;

impl TombstonesEncoder<'_> {
    /// Appends an interval; a series with several has several entries.
    pub fn push(&mut self, tombstone: Tombstone) {
        self.writer.put_u64_be(tombstone.series);
        self.writer.put_varint(tombstone.min);
        self.writer.put_varint(tombstone.max);
        self.entries += 1;
    }
}
