//! The messages of `io.prometheus.client` (`prompb/io/prometheus/client/metrics.proto`): the numbers of their fields, and
//! the names that error texts have for them.

use promd_codec::proto::{self, Field, ProtoError, ProtoErrorKind};

use crate::ParseError;

/// A message type. The place of a field's name is its number less one.
#[derive(Debug)]
pub(super) struct Message {
    name: &'static str,
    fields: &'static [&'static str],
}

pub(crate) mod family {
    pub(crate) const NAME: u32 = 1;
    pub(crate) const HELP: u32 = 2;
    pub(crate) const TYPE: u32 = 3;
    pub(crate) const METRIC: u32 = 4;
    pub(crate) const UNIT: u32 = 5;
}
pub(super) static FAMILY: Message =
    Message { name: "MetricFamily", fields: &["Name", "Help", "Type", "Metric", "Unit"] };

pub(crate) mod metric {
    pub(crate) const LABEL: u32 = 1;
    pub(crate) const GAUGE: u32 = 2;
    pub(crate) const COUNTER: u32 = 3;
    pub(crate) const SUMMARY: u32 = 4;
    pub(crate) const UNTYPED: u32 = 5;
    pub(crate) const TIMESTAMP_MS: u32 = 6;
    pub(crate) const HISTOGRAM: u32 = 7;
}
pub(super) static METRIC: Message = Message {
    name: "Metric",
    fields: &["Label", "Gauge", "Counter", "Summary", "Untyped", "TimestampMs", "Histogram"],
};

pub(crate) mod label {
    pub(crate) const NAME: u32 = 1;
    pub(crate) const VALUE: u32 = 2;
}
pub(super) static LABEL: Message = Message { name: "LabelPair", fields: &["Name", "Value"] };

/// Field 1 of `Gauge`, `Untyped` and `Counter`.
pub(crate) const VALUE: u32 = 1;
pub(super) static GAUGE: Message = Message { name: "Gauge", fields: &["Value"] };
pub(super) static UNTYPED: Message = Message { name: "Untyped", fields: &["Value"] };

pub(crate) mod counter {
    pub(crate) const EXEMPLAR: u32 = 2;
    pub(crate) const START_TIMESTAMP: u32 = 3;
}
pub(super) static COUNTER: Message = Message { name: "Counter", fields: &["Value", "Exemplar", "StartTimestamp"] };

pub(crate) mod summary {
    pub(crate) const SAMPLE_COUNT: u32 = 1;
    pub(crate) const SAMPLE_SUM: u32 = 2;
    pub(crate) const QUANTILE: u32 = 3;
    pub(crate) const START_TIMESTAMP: u32 = 4;
}
pub(super) static SUMMARY: Message =
    Message { name: "Summary", fields: &["SampleCount", "SampleSum", "Quantile", "StartTimestamp"] };

pub(crate) mod quantile {
    pub(crate) const QUANTILE: u32 = 1;
    pub(crate) const VALUE: u32 = 2;
}
pub(super) static QUANTILE: Message = Message { name: "Quantile", fields: &["Quantile", "Value"] };

pub(crate) mod histogram {
    pub(crate) const SAMPLE_COUNT: u32 = 1;
    pub(crate) const SAMPLE_SUM: u32 = 2;
    pub(crate) const BUCKET: u32 = 3;
    pub(crate) const SAMPLE_COUNT_FLOAT: u32 = 4;
    pub(crate) const SCHEMA: u32 = 5;
    pub(crate) const ZERO_THRESHOLD: u32 = 6;
    pub(crate) const ZERO_COUNT: u32 = 7;
    pub(crate) const ZERO_COUNT_FLOAT: u32 = 8;
    pub(crate) const NEGATIVE_SPAN: u32 = 9;
    pub(crate) const NEGATIVE_DELTA: u32 = 10;
    pub(crate) const NEGATIVE_COUNT: u32 = 11;
    pub(crate) const POSITIVE_SPAN: u32 = 12;
    pub(crate) const POSITIVE_DELTA: u32 = 13;
    pub(crate) const POSITIVE_COUNT: u32 = 14;
    pub(crate) const START_TIMESTAMP: u32 = 15;
    pub(crate) const EXEMPLARS: u32 = 16;
}
pub(super) static HISTOGRAM: Message = Message {
    name: "Histogram",
    fields: &[
        "SampleCount",
        "SampleSum",
        "Bucket",
        "SampleCountFloat",
        "Schema",
        "ZeroThreshold",
        "ZeroCount",
        "ZeroCountFloat",
        "NegativeSpan",
        "NegativeDelta",
        "NegativeCount",
        "PositiveSpan",
        "PositiveDelta",
        "PositiveCount",
        "StartTimestamp",
        "Exemplars",
    ],
};

pub(crate) mod bucket {
    pub(crate) const CUMULATIVE_COUNT: u32 = 1;
    pub(crate) const UPPER_BOUND: u32 = 2;
    pub(crate) const EXEMPLAR: u32 = 3;
    pub(crate) const CUMULATIVE_COUNT_FLOAT: u32 = 4;
}
pub(super) static BUCKET: Message =
    Message { name: "Bucket", fields: &["CumulativeCount", "UpperBound", "Exemplar", "CumulativeCountFloat"] };

pub(crate) mod span {
    pub(crate) const OFFSET: u32 = 1;
    pub(crate) const LENGTH: u32 = 2;
}
pub(super) static SPAN: Message = Message { name: "BucketSpan", fields: &["Offset", "Length"] };

pub(crate) mod exemplar {
    pub(crate) const LABEL: u32 = 1;
    pub(crate) const VALUE: u32 = 2;
    pub(crate) const TIMESTAMP: u32 = 3;
}
pub(super) static EXEMPLAR: Message = Message { name: "Exemplar", fields: &["Label", "Value", "Timestamp"] };

pub(crate) mod timestamp {
    pub(crate) const SECONDS: u32 = 1;
    pub(crate) const NANOS: u32 = 2;
}
pub(super) static TIMESTAMP: Message = Message { name: "Timestamp", fields: &["Seconds", "Nanos"] };

/// The fields of one message, with errors in the words of the code that Prometheus reads it with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'b> {
    reader: proto::Reader<'b>,
    message: &'static Message,
}

impl<'b> Fields<'b> {
    #[inline]
    pub(super) fn new(reader: proto::Reader<'b>, message: &'static Message) -> Self {
        Self { reader, message }
    }

    /// The fields of the message that `field` of this message holds.
    #[inline]
    pub(super) fn nested(&self, field: Field<'b>, message: &'static Message) -> Result<Self, ParseError> {
        Ok(Self { reader: self.check(field.as_message())?, message })
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Field<'b>>, ParseError> {
        let next = self.reader.next();
        self.check(next)
    }

    /// A value of one of the fields, or the error that there is none.
    #[inline]
    pub(super) fn check<T>(&self, value: Result<T, ProtoError>) -> Result<T, ParseError> {
        value.map_err(|error| self.error(error))
    }

    #[cold]
    fn error(&self, error: ProtoError) -> ParseError {
        let Message { name, fields } = self.message;
        let message = match error.kind() {
            ProtoErrorKind::WrongWireType { number, wire_type } => {
                let field = (number as usize).checked_sub(1).and_then(|place| fields.get(place));
                format!("proto: wrong wireType = {} for field {}", wire_type as u8, field.unwrap_or(&"?"))
            }
            ProtoErrorKind::IllegalTag { number, tag } => {
                format!("proto: {name}: illegal tag {number} (wire type {tag})")
            }
            ProtoErrorKind::UnexpectedEndGroup => format!("proto: {name}: wiretype end group for non-group"),
            ProtoErrorKind::PackedLength { .. } => ProtoErrorKind::UnexpectedEnd.to_string(),
            kind => kind.to_string(),
        };
        ParseError::in_binary(error.offset(), message)
    }
}
