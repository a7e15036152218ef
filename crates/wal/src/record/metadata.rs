//! Type 6: what targets say of their metrics.
//!
//! ```text
//! ( uvarint series | u8 type | uvarint fields | ( uvarint len | name | uvarint len | value )* )*
//! ```
//!
//! The fields are `UNIT` and `HELP`, in this order, always both. Others are passed over, and of several of one name the last
//! counts.

use std::borrow::Cow;

use promd_codec::{DecodeError, Reader};
use promd_model::{Metadata, MetricType};

use super::entry::{Encoder, Entry, Sealed};
use super::stamp::StampReader;
use super::{LabelPairs, RecordType};

const UNIT: &[u8] = b"UNIT";
const HELP: &[u8] = b"HELP";

/// The metric types by their number.
const TYPES: [MetricType; 8] = [
    MetricType::Unknown,
    MetricType::Counter,
    MetricType::Gauge,
    MetricType::Histogram,
    MetricType::GaugeHistogram,
    MetricType::Summary,
    MetricType::Info,
    MetricType::Stateset,
];

/// The metadata of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataEntry<'a> {
    /// The reference of the series.
    pub series: u64,
    /// The type; a number that none has is read as unknown.
    pub metric_type: MetricType,
    /// The unit. Nothing has checked that it is text.
    pub unit: &'a [u8],
    /// What the metric means. Nothing has checked that it is text.
    pub help: &'a [u8],
}

impl<'a> MetadataEntry<'a> {
    /// The entry that says this of a series.
    #[must_use]
    pub fn new(series: u64, metadata: &'a Metadata) -> Self {
        let Metadata { metric_type, unit, help } = metadata;
        Self { series, metric_type: *metric_type, unit: unit.as_bytes(), help: help.as_bytes() }
    }

    /// What it says. Bytes that are not UTF-8, which Prometheus passes on as they are, become U+FFFD.
    #[must_use]
    pub fn to_metadata(&self) -> Metadata {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Metadata { metric_type: self.metric_type, unit: text(self.unit), help: text(self.help) }
    }

    /// The unit as text, as [`to_metadata`](Self::to_metadata) has it.
    #[must_use]
    pub fn unit_text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.unit)
    }

    /// The help as text, as [`to_metadata`](Self::to_metadata) has it.
    #[must_use]
    pub fn help_text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.help)
    }
}

impl Sealed for MetadataEntry<'_> {}

impl<'a> Entry<'a> for MetadataEntry<'a> {
    const TYPE: RecordType = RecordType::Metadata;

    fn read(_: &mut StampReader, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let series = reader.uvarint()?;
        let metric_type = TYPES.get(usize::from(reader.u8()?)).copied().unwrap_or_default();
        let (mut unit, mut help) = (&[][..], &[][..]);
        // Fields are written as labels are.
        for (name, value) in LabelPairs::read(reader)? {
            match name {
                UNIT => unit = value,
                HELP => help = value,
                _ => {}
            }
        }
        Ok(Self { series, metric_type, unit, help })
    }
}

/// Writes a metadata record.
pub type MetadataEncoder<'b> = Encoder<'b, MetadataEntry<'static>>;

impl MetadataEncoder<'_> {
    /// Appends what is said of a series.
    pub fn push(&mut self, entry: &MetadataEntry<'_>) {
        self.writer.put_uvarint(entry.series);
        self.writer.put_u8(type_byte(entry.metric_type));
        self.writer.put_uvarint(2);
        for (name, value) in [(UNIT, entry.unit), (HELP, entry.help)] {
            self.writer.put_uvarint_bytes(name);
            self.writer.put_uvarint_bytes(value);
        }
        self.entries += 1;
    }
}

/// The number of a metric type.
const fn type_byte(metric_type: MetricType) -> u8 {
    match metric_type {
        MetricType::Unknown => 0,
        MetricType::Counter => 1,
        MetricType::Gauge => 2,
        MetricType::Histogram => 3,
        MetricType::GaugeHistogram => 4,
        MetricType::Summary => 5,
        MetricType::Info => 6,
        MetricType::Stateset => 7,
    }
}
