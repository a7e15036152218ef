//! Type 1: which labels a reference stands for.
//!
//! ```text
//! ( u64 series | labels )*
//! ```

use promd_codec::{DecodeError, Reader};

use super::entry::{Encoder, Entry, Sealed};
use super::labels::put_pairs;
use super::stamp::StampReader;
use super::{LabelPairs, RecordType};

/// A series and its labels.
#[derive(Debug, Clone, Copy)]
pub struct SeriesEntry<'a> {
    /// The reference that all other records call the series by.
    pub series: u64,
    /// What the series is called.
    pub labels: LabelPairs<'a>,
}

impl Sealed for SeriesEntry<'_> {}

impl<'a> Entry<'a> for SeriesEntry<'a> {
    const TYPE: RecordType = RecordType::Series;

    fn read(_: &mut StampReader, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { series: reader.u64_be()?, labels: LabelPairs::read(reader)? })
    }
}

/// Writes a series record.
pub type SeriesEncoder<'b> = Encoder<'b, SeriesEntry<'static>>;

impl SeriesEncoder<'_> {
    /// Appends a series. The labels are those of a label set ([`iter_bytes`](promd_model::LabelsRef::iter_bytes)) or of
    /// another record.
    pub fn push<'p>(&mut self, series: u64, labels: impl IntoIterator<Item = (&'p [u8], &'p [u8]), IntoIter: Clone>) {
        self.writer.put_u64_be(series);
        put_pairs(labels, &mut self.writer);
        self.entries += 1;
    }
}
