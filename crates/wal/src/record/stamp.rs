//! Whose sample it is and when it was, written as differences: the front of each entry that holds a sample.
//!
//! ```text
//! V1  head:   u64 series | i64 time
//!     entry:  varint series − head's | varint time − head's
//! V2  first:  varint series | varint time | varint start
//!     other:  varint series − previous | varint time − first's | u8 marker [ varint start − first's ]
//! ```
//!
//! The marker says 0 for no start, 1 for that of the entry before; anything else, written as 2, is followed by the start.
//! The head of V1 is that of the first sample, but readers must not rely on it: where histograms with custom buckets are
//! taken out into a record of their own, the head may be that of one of them.
//!
//! Sums and differences wrap around, as in Go: what was written by a difference that overflowed is read back.

use promd_codec::{DecodeError, Reader, Writer};

/// Whose sample it is, and when it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The reference of the series, as its series record gave it.
    pub series: u64,
    /// The timestamp in milliseconds.
    pub time: i64,
    /// When what the sample counts began to be counted, in milliseconds, or 0 if that is not known.
    pub start: i64,
}

impl Stamp {
    /// A stamp without a start.
    #[must_use]
    pub const fn new(series: u64, time: i64) -> Self {
        Self { series, time, start: 0 }
    }
}

/// The two forms of records that hold samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// Without start timestamps: what all versions of Prometheus read, and what is written by default.
    #[default]
    V1,
    /// With start timestamps: what Prometheus 3.14 writes with the feature `st-storage`, and older ones pass over.
    V2,
}

/// The start of an entry is 0.
const NO_START: u8 = 0;
/// The start of an entry is that of the entry before.
const SAME_START: u8 = 1;
/// The start of an entry follows.
const EXPLICIT_START: u8 = 2;

/// Reads stamps one after the other.
#[derive(Debug, Clone, Copy)]
pub enum StampReader {
    /// What all are counted from.
    V1 {
        /// The head of the record.
        head: Stamp,
    },
    /// What times and starts are counted from, and what references are.
    V2 {
        /// `None` until it was read.
        first: Option<Stamp>,
        /// The stamp before.
        previous: Stamp,
    },
}

/// For records whose entries have no stamps.
impl Default for StampReader {
    fn default() -> Self {
        Self::V1 { head: Stamp::default() }
    }
}

impl StampReader {
    /// Reads what stands before the first entry: of V1 the head, unless there is nothing at all.
    pub(super) fn new(version: Version, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match version {
            Version::V1 if reader.is_empty() => Self::default(),
            Version::V1 => Self::V1 { head: Stamp::new(reader.u64_be()?, reader.i64_be()?) },
            Version::V2 => Self::V2 { first: None, previous: Stamp::default() },
        })
    }

    #[inline]
    pub(super) fn next(&mut self, reader: &mut Reader<'_>) -> Result<Stamp, DecodeError> {
        match self {
            Self::V1 { head } => Ok(Stamp {
                series: head.series.wrapping_add_signed(reader.varint()?),
                time: head.time.wrapping_add(reader.varint()?),
                start: 0,
            }),
            Self::V2 { first: None, .. } => {
                let (series, time, start) = (reader.varint()?.cast_unsigned(), reader.varint()?, reader.varint()?);
                let stamp = Stamp { series, time, start };
                *self = Self::V2 { first: Some(stamp), previous: stamp };
                Ok(stamp)
            }
            Self::V2 { first: Some(first), previous } => {
                *previous = Stamp {
                    series: previous.series.wrapping_add_signed(reader.varint()?),
                    time: first.time.wrapping_add(reader.varint()?),
                    start: match reader.u8()? {
                        NO_START => 0,
                        SAME_START => previous.start,
                        _ => first.start.wrapping_add(reader.varint()?),
                    },
                };
                Ok(*previous)
            }
        }
    }
}

/// Writes stamps one after the other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StampWriter {
    version: Version,
    /// The stamp that differences are taken from, and in V2 the one of the entry before.
    written: Option<(Stamp, Stamp)>,
}

impl StampWriter {
    pub(super) const fn new(version: Version) -> Self {
        Self { version, written: None }
    }

    pub(super) const fn version(&self) -> Version {
        self.version
    }

    /// The head of a V1 record: the one that was written, or else `head`, which is written.
    #[inline]
    pub(super) fn head(&mut self, head: Stamp, writer: &mut Writer<'_>) -> Stamp {
        if let Some((head, _)) = self.written {
            return head;
        }
        writer.put_u64_be(head.series);
        writer.put_i64_be(head.time);
        self.written = Some((head, head));
        head
    }

    #[inline]
    pub(super) fn put(&mut self, stamp: Stamp, writer: &mut Writer<'_>) {
        match self.version {
            Version::V1 => {
                let head = self.head(stamp, writer);
                writer.put_varint(stamp.series.wrapping_sub(head.series).cast_signed());
                writer.put_varint(stamp.time.wrapping_sub(head.time));
            }
            Version::V2 => self.put_v2(stamp, writer),
        }
    }

    fn put_v2(&mut self, stamp: Stamp, writer: &mut Writer<'_>) {
        let Some((first, previous)) = self.written.replace((stamp, stamp)) else {
            writer.put_varint(stamp.series.cast_signed());
            writer.put_varint(stamp.time);
            writer.put_varint(stamp.start);
            return;
        };
        self.written = Some((first, stamp));
        writer.put_varint(stamp.series.wrapping_sub(previous.series).cast_signed());
        writer.put_varint(stamp.time.wrapping_sub(first.time));
        if stamp.start == 0 {
            writer.put_u8(NO_START);
        } else if stamp.start == previous.start {
            writer.put_u8(SAME_START);
        } else {
            writer.put_u8(EXPLICIT_START);
            writer.put_varint(stamp.start.wrapping_sub(first.start));
        }
    }
}
