//! Type 5: which chunk the out-of-order samples of a series went to. Only the WBL has such records.
//!
//! ```text
//! ( u64 series | u64 chunk )*
//! ```
//!
//! A marker precedes the samples that filled the next out-of-order head chunk. It says that all samples of the series that
//! the WBL holds before it are in chunks up to the one named.

use promd_codec::{DecodeError, Reader};

use super::RecordType;
use super::entry::{Encoder, Entry, Sealed};
use super::stamp::StampReader;

/// All earlier out-of-order samples of a series are in chunks up to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MmapMarker {
    /// The reference of the series.
    pub series: u64,
    /// Where the chunk lies: the number of the head chunk file in the upper, the offset in it in the lower 32 bits. 0
    /// says that the first out-of-order head chunk was opened, and that none is mapped.
    pub chunk: u64,
}

impl Sealed for MmapMarker {}

impl Entry<'_> for MmapMarker {
    const TYPE: RecordType = RecordType::MmapMarkers;

    fn read(_: &mut StampReader, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { series: reader.u64_be()?, chunk: reader.u64_be()? })
    }
}

/// Writes an m-map marker record.
pub type MmapMarkersEncoder<'b> = Encoder<'b, MmapMarker>;

impl MmapMarkersEncoder<'_> {
    /// Appends a marker.
    pub fn push(&mut self, marker: MmapMarker) {
        self.writer.put_u64_be(marker.series);
        self.writer.put_u64_be(marker.chunk);
        self.entries += 1;
    }
}
