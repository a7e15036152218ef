//! Types 2 and 11: floats.
//!
//! ```text
//! V1  u64 series | i64 time | ( varint series − head's | varint time − head's | f64 value )*
//! V2  ( stamp as in V2 | f64 value )*
//! ```

use promd_codec::{DecodeError, Reader};

use super::batch;
use super::entry::{Encoder, Entries, Entry, Sealed};
use super::stamp::StampReader;
use super::{RecordError, RecordType, SampleColumns, Stamp, Version};

/// A float of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleEntry {
    /// Whose sample it is, and when it was.
    pub stamp: Stamp,
    /// The value. All bits are kept: a stale marker stays one.
    pub value: f64,
}

impl Sealed for SampleEntry {}

impl Entry<'_> for SampleEntry {
    const TYPE: RecordType = RecordType::Samples;

    #[inline]
    fn read(stamps: &mut StampReader, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { stamp: stamps.next(reader)?, value: reader.f64_be()? })
    }
}

impl Entries<'_, SampleEntry> {
    /// Whether all that is left can be read.
    pub(super) fn all_sound(mut self) -> bool {
        match self.cursor.parts() {
            (StampReader::V1 { .. }, reader) => batch::check(reader).is_ok(),
            (StampReader::V2 { .. }, _) => self.all(|entry| entry.is_ok()),
        }
    }

    /// Appends what is left of the record to `columns`: the way to read many samples. Either all of them or, of a damaged
    /// record, none.
    ///
    /// Returns how many samples were appended.
    pub fn decode_into(self, columns: &mut SampleColumns) -> Result<usize, RecordError> {
        let before = columns.len();
        let (mut stamps, mut reader) = self.cursor.parts();
        let result = match &mut stamps {
            StampReader::V1 { head } => batch::decode(*head, reader, columns),
            StampReader::V2 { .. } => decode_each(&mut stamps, &mut reader, columns),
        };
        let read = columns.len() - before;
        result.map(|()| read).map_err(|cause| {
            columns.truncate(before);
            self.cursor.error(read, cause)
        })
    }
}

/// Writes a record of floats.
///
/// ```
/// use promd_wal::record::{Record, SampleColumns, SamplesEncoder, Stamp, Version};
///
/// let mut bytes = Vec::new();
/// let mut encoder = SamplesEncoder::with_version(Version::V1, &mut bytes);
/// encoder.push(Stamp::new(5, 1_000), 1.0);
/// encoder.push(Stamp::new(6, 1_001), 0.0);
///
/// let Record::Samples(samples) = Record::parse(&bytes)? else { panic!("a record of floats") };
/// let mut columns = SampleColumns::default();
/// samples.decode_into(&mut columns)?;
/// assert_eq!(columns.series(), [5, 6]);
/// assert_eq!(columns.times(), [1_000, 1_001]);
/// assert_eq!(columns.values(), [1.0, 0.0]);
/// # Ok::<(), promd_wal::record::RecordError>(())
/// ```
pub type SamplesEncoder<'b> = Encoder<'b, SampleEntry>;

impl<'b> SamplesEncoder<'b> {
    /// Begins a record of this version at the end of `out`.
    #[must_use]
    pub fn with_version(version: Version, out: &'b mut Vec<u8>) -> Self {
        let record_type = match version {
            Version::V1 => RecordType::Samples,
            Version::V2 => RecordType::SamplesV2,
        };
        Self::begin(record_type, version, out)
    }

    /// Appends a sample. V1 has no place for the start.
    #[inline]
    pub fn push(&mut self, stamp: Stamp, value: f64) {
        self.stamps.put(stamp, &mut self.writer);
        self.writer.put_f64_be(value);
        self.entries += 1;
    }

    /// Appends all samples of `columns`: the way to write many.
    pub fn extend(&mut self, columns: &SampleColumns) {
        if self.stamps.version() == Version::V2 {
            return columns.iter().for_each(|(stamp, value)| self.push(stamp, value));
        }
        if let Some((first, _)) = columns.iter().next() {
            let head = self.stamps.head(first, &mut self.writer);
            batch::encode(head, columns, &mut self.writer);
            self.entries += columns.len();
        }
    }
}

/// Reads entries one after the other.
fn decode_each(
    stamps: &mut StampReader,
    reader: &mut Reader<'_>,
    columns: &mut SampleColumns,
) -> Result<(), DecodeError> {
    while !reader.is_empty() {
        let sample = SampleEntry::read(stamps, reader)?;
        columns.push(sample.stamp, sample.value);
    }
    Ok(())
}
