//! Type 4: examples of what series have counted.
//!
//! ```text
//! u64 series | i64 time | ( varint series − head's | varint time − head's | f64 value | labels )*
//! ```

use promd_codec::{DecodeError, Reader};

use super::entry::{Encoder, Entry, Sealed};
use super::labels::put_pairs;
use super::stamp::StampReader;
use super::{LabelPairs, RecordType, Stamp};

/// An exemplar of a series.
#[derive(Debug, Clone, Copy)]
pub struct ExemplarEntry<'a> {
    /// Whose exemplar it is, and when it was observed.
    pub stamp: Stamp,
    /// What was observed.
    pub value: f64,
    /// What the exemplar is.
    pub labels: LabelPairs<'a>,
}

impl Sealed for ExemplarEntry<'_> {}

impl<'a> Entry<'a> for ExemplarEntry<'a> {
    const TYPE: RecordType = RecordType::Exemplars;

    fn read(stamps: &mut StampReader, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { stamp: stamps.next(reader)?, value: reader.f64_be()?, labels: LabelPairs::read(reader)? })
    }
}

/// Writes an exemplar record.
pub type ExemplarsEncoder<'b> = Encoder<'b, ExemplarEntry<'static>>;

impl ExemplarsEncoder<'_> {
    /// Appends an exemplar; the start of `stamp` is not written. The labels are those of a label set
    /// ([`iter_bytes`](promd_model::LabelsRef::iter_bytes)) or of another record.
    pub fn push<'p>(
        &mut self,
        stamp: Stamp,
        value: f64,
        labels: impl IntoIterator<Item = (&'p [u8], &'p [u8]), IntoIter: Clone>,
    ) {
        self.stamps.put(stamp, &mut self.writer);
        self.writer.put_f64_be(value);
        put_pairs(labels, &mut self.writer);
        self.entries += 1;
    }
}
