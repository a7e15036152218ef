//! Types 7 to 10, 12 and 13: native histograms.
//!
//! ```text
//! V1  u64 series | i64 time | ( varint series − head's | varint time − head's | body )*
//! V2  ( stamp as in V2 | body )*
//! ```
//!
//! In V1 histograms with custom buckets have records of their own, which versions of Prometheus that do not know such
//! buckets pass over.

use std::fmt;
use std::marker::PhantomData;

use promd_codec::Writer;
use promd_model::{FloatHistogram, Histogram, HistogramError};

use super::entry::{Cursor, Sealed};
use super::stamp::StampWriter;
use super::{HistogramBody, RecordError, RecordType, Stamp, Version};

/// The kinds of histograms that have records.
pub trait HistogramRecord: HistogramBody + Sealed {
    /// The type of V1 records with exponential buckets.
    const EXPONENTIAL: RecordType;
    /// The type of V1 records with custom buckets.
    const CUSTOM: RecordType;
    /// The type of V2 records.
    const V2: RecordType;
}

impl HistogramRecord for Histogram {
    const EXPONENTIAL: RecordType = RecordType::Histograms;
    const CUSTOM: RecordType = RecordType::CustomHistograms;
    const V2: RecordType = RecordType::HistogramsV2;
}

impl HistogramRecord for FloatHistogram {
    const EXPONENTIAL: RecordType = RecordType::FloatHistograms;
    const CUSTOM: RecordType = RecordType::CustomFloatHistograms;
    const V2: RecordType = RecordType::FloatHistogramsV2;
}

/// What became of an entry of a histogram record.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a histogram that is dropped is not there"]
pub enum HistogramEntry {
    /// The histogram was read. A resolution finer than any that is written was reduced to the finest.
    Kept(Stamp),
    /// The histogram is whole but cannot be used, and is to be left out with a warning; the rest of the record is sound. It
    /// has a schema that does not exist yet, or its resolution cannot be reduced. (Prometheus gives the record up in the
    /// second case, which no writer brings about.)
    Dropped(Stamp, HistogramError),
}

/// The entries of a histogram record.
///
/// It is no iterator, since the histograms are read into one that is used again:
///
/// ```
/// use promd_model::Histogram;
/// use promd_wal::record::{HistogramEntry, HistogramsEncoder, Record, Stamp, Version};
///
/// let (mut bytes, mut custom) = (Vec::new(), Vec::new());
/// let mut encoder = HistogramsEncoder::new(Version::V1, &mut bytes, &mut custom);
/// encoder.push(Stamp::new(5, 1_000), &Histogram { count: 3, zero_count: 3, ..Histogram::default() });
///
/// let Record::Histograms(mut entries) = Record::parse(&bytes)? else { panic!("a record of histograms") };
/// let mut histogram = Histogram::default();
/// while let Some(entry) = entries.next_into(&mut histogram)? {
///     match entry {
///         HistogramEntry::Kept(stamp) => assert_eq!((stamp.series, histogram.count), (5, 3)),
///         HistogramEntry::Dropped(stamp, reason) => println!("series {}: {reason}", stamp.series),
///     }
/// }
/// # Ok::<(), promd_wal::record::RecordError>(())
/// ```
pub struct Histograms<'a, H> {
    cursor: Cursor<'a>,
    kind: PhantomData<fn() -> H>,
}

impl<'a, H: HistogramRecord> Histograms<'a, H> {
    pub(super) const fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, kind: PhantomData }
    }

    /// The type of the record.
    #[must_use]
    pub const fn record_type(&self) -> RecordType {
        self.cursor.record_type()
    }

    /// Whether all that is left can be read, be it used or dropped.
    pub(super) fn all_sound(mut self) -> bool {
        loop {
            let entry = self.cursor.next(|stamps, reader| {
                stamps.next(reader)?;
                H::skip_body(reader)
            });
            match entry {
                None => return true,
                Some(Ok(())) => {}
                Some(Err(_)) => return false,
            }
        }
    }

    /// Reads the next histogram into the memory of one that is used again, or says that there is none. After an error there
    /// is none.
    pub fn next_into(&mut self, histogram: &mut H) -> Result<Option<HistogramEntry>, RecordError> {
        let stamp = self.cursor.next(|stamps, reader| {
            let stamp = stamps.next(reader)?;
            histogram.read_body(reader)?;
            Ok(stamp)
        });
        Ok(stamp.transpose()?.map(|stamp| match histogram.make_usable() {
            Ok(()) => HistogramEntry::Kept(stamp),
            Err(reason) => HistogramEntry::Dropped(stamp, reason),
        }))
    }
}

impl<H> Clone for Histograms<'_, H> {
    fn clone(&self) -> Self {
        Self { cursor: self.cursor, kind: PhantomData }
    }
}

impl<H> fmt::Debug for Histograms<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cursor.fmt(f)
    }
}

/// Writes the records of a batch of histograms: as many as it takes, which may be none, one or two.
///
/// In V1 histograms with exponential and with custom buckets go into two records, each in a vector of its own; the second
/// is to be logged after the first. The head of the first is the first histogram of the batch, of whichever kind it is, as
/// Prometheus has it. In V2 all go into the first.
#[derive(Debug)]
pub struct HistogramsEncoder<'b, H> {
    version: Version,
    first: Option<Stamp>,
    exponential: Output<'b>,
    custom: Output<'b>,
    kind: PhantomData<fn(H)>,
}

impl<'b, H: HistogramRecord> HistogramsEncoder<'b, H> {
    /// Writes records of this version to the ends of two vectors, from the first histogram on.
    #[must_use]
    pub const fn new(version: Version, exponential: &'b mut Vec<u8>, custom: &'b mut Vec<u8>) -> Self {
        Self {
            version,
            first: None,
            exponential: Output::new(version, exponential),
            custom: Output::new(version, custom),
            kind: PhantomData,
        }
    }

    /// Appends a histogram. V1 has no place for the start.
    pub fn push(&mut self, stamp: Stamp, histogram: &H) {
        let first = *self.first.get_or_insert(stamp);
        let (output, record_type, head) = match self.version {
            Version::V2 => (&mut self.exponential, H::V2, None),
            Version::V1 if histogram.has_custom_bounds() => (&mut self.custom, H::CUSTOM, None),
            Version::V1 => (&mut self.exponential, H::EXPONENTIAL, Some(first)),
        };
        if output.entries == 0 {
            output.writer.put_u8(record_type.byte());
            if let Some(head) = head {
                output.stamps.head(head, &mut output.writer);
            }
        }
        output.stamps.put(stamp, &mut output.writer);
        histogram.write_body(&mut output.writer);
        output.entries += 1;
    }

    /// How many histograms went into the first and into the second record; a record without any was not begun.
    #[must_use]
    pub const fn entries(&self) -> (usize, usize) {
        (self.exponential.entries, self.custom.entries)
    }
}

/// A record that begins with its first entry.
#[derive(Debug)]
struct Output<'b> {
    writer: Writer<'b>,
    stamps: StampWriter,
    entries: usize,
}

impl<'b> Output<'b> {
    const fn new(version: Version, out: &'b mut Vec<u8>) -> Self {
        Self { writer: Writer::new(out), stamps: StampWriter::new(version), entries: 0 }
    }
}
