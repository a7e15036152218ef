//! The records of the log: what stands in the bytes that segments carry.
//!
//! A record is a type byte and entries until its end. [`Record::parse`] tells the type; the entries are then read one
//! after the other, borrowed from the record and without an allocation. An encoder for each type appends to a vector of
//! the caller, byte for byte as Prometheus writes it.
//!
//! ```
//! use promd_model::{Labels, LabelsBuilder};
//! use promd_wal::record::{Record, SeriesEncoder};
//!
//! let mut bytes = Vec::new();
//! let labels = Labels::from_pairs([("__name__", "up"), ("job", "a")])?;
//! SeriesEncoder::new(&mut bytes).push(5, labels.iter_bytes());
//! assert_eq!(bytes, b"\x01\0\0\0\0\0\0\0\x05\x02\x08__name__\x02up\x03job\x01a");
//!
//! let mut scratch = LabelsBuilder::new();
//! if let Record::Series(entries) = Record::parse(&bytes)? {
//!     for entry in entries {
//!         let entry = entry?;
//!         assert_eq!((entry.series, entry.labels.view(&mut scratch)?), (5, labels.view()));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
#![doc = include_str!("../RECORDS.md")]

mod batch;
mod body;
mod columns;
mod entry;
mod error;
mod exemplars;
mod histograms;
mod kind;
mod labels;
mod metadata;
mod mmap_markers;
mod samples;
mod series;
mod stamp;
mod strict;
mod tombstones;

use promd_model::{FloatHistogram, Histogram};

pub use body::HistogramBody;
pub use columns::SampleColumns;
pub use entry::{Encoder, Entries, Entry};
pub use error::RecordError;
pub use exemplars::{ExemplarEntry, ExemplarsEncoder};
pub use histograms::{HistogramEntry, HistogramRecord, Histograms, HistogramsEncoder};
pub use kind::RecordType;
pub use labels::{LabelPairs, LabelPairsIter};
pub use metadata::{MetadataEncoder, MetadataEntry};
pub use mmap_markers::{MmapMarker, MmapMarkersEncoder};
pub use samples::{SampleEntry, SamplesEncoder};
pub use series::{SeriesEncoder, SeriesEntry};
pub use stamp::{Stamp, Version};
pub use strict::is_strict;
pub use tombstones::{Tombstone, TombstonesEncoder};

use entry::Cursor;

/// A record, its entries still to be read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Record<'a> {
    /// Type 1.
    Series(Entries<'a, SeriesEntry<'a>>),
    /// Types 2 and 11.
    Samples(Entries<'a, SampleEntry>),
    /// Type 3.
    Tombstones(Entries<'a, Tombstone>),
    /// Type 4.
    Exemplars(Entries<'a, ExemplarEntry<'a>>),
    /// Type 5.
    MmapMarkers(Entries<'a, MmapMarker>),
    /// Type 6.
    Metadata(Entries<'a, MetadataEntry<'a>>),
    /// Types 7, 9 and 12.
    Histograms(Histograms<'a, Histogram>),
    /// Types 8, 10 and 13.
    FloatHistograms(Histograms<'a, FloatHistogram>),
    /// A type that this version does not know, with all bytes of the record. Prometheus passes over such records, and
    /// over empty ones, which are shown as this too.
    Unknown(&'a [u8]),
}

impl<'a> Record<'a> {
    /// Tells what a record holds.
    ///
    /// # Errors
    ///
    /// If the record ends before the first entry. What is wrong with an entry is told when it is read.
    pub fn parse(record: &'a [u8]) -> Result<Self, RecordError> {
        let Some(record_type) = RecordType::of(record) else { return Ok(Self::Unknown(record)) };
        let cursor = |version| Cursor::new(record_type, version, record);
        Ok(match record_type {
            RecordType::Series => Self::Series(Entries::new(cursor(None)?)),
            RecordType::Samples => Self::Samples(Entries::new(cursor(Some(Version::V1))?)),
            RecordType::SamplesV2 => Self::Samples(Entries::new(cursor(Some(Version::V2))?)),
            RecordType::Tombstones => Self::Tombstones(Entries::new(cursor(None)?)),
            RecordType::Exemplars => Self::Exemplars(Entries::new(cursor(Some(Version::V1))?)),
            RecordType::MmapMarkers => Self::MmapMarkers(Entries::new(cursor(None)?)),
            RecordType::Metadata => Self::Metadata(Entries::new(cursor(None)?)),
            RecordType::Histograms | RecordType::CustomHistograms => {
                Self::Histograms(Histograms::new(cursor(Some(Version::V1))?))
            }
            RecordType::HistogramsV2 => Self::Histograms(Histograms::new(cursor(Some(Version::V2))?)),
            RecordType::FloatHistograms | RecordType::CustomFloatHistograms => {
                Self::FloatHistograms(Histograms::new(cursor(Some(Version::V1))?))
            }
            RecordType::FloatHistogramsV2 => Self::FloatHistograms(Histograms::new(cursor(Some(Version::V2))?)),
        })
    }
}
