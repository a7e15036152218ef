//! The head of a metric family.

use std::borrow::Cow;

use promd_codec::proto;
use promd_model::quote;

use super::parts::invalid;
use super::schema::{self, Fields};
use crate::ParseError;
use crate::entry::MetricType;

/// What a family says of all its metrics, and the metrics that are yet to come.
#[derive(Debug)]
pub(super) struct Family<'b> {
    name: &'b [u8],
    help: &'b [u8],
    unit: &'b [u8],
    type_number: i32,
    offset: usize,
    /// The fields of the family, of which the metrics are yet to be read.
    pub(super) metrics: Fields<'b>,
}

/// The head of a family whose text was found to be text.
#[derive(Debug, Clone)]
pub(super) struct Head<'b> {
    pub(super) name: &'b str,
    pub(super) help: &'b str,
    /// Prometheus does not look at the unit; what is not UTF-8 in it is replaced.
    pub(super) unit: Cow<'b, str>,
    pub(super) kind: Kind,
}

/// The type of a family in protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Summary,
    Untyped,
    Histogram,
    GaugeHistogram,
}

impl Kind {
    pub(super) fn is_histogram(self) -> bool {
        matches!(self, Self::Histogram | Self::GaugeHistogram)
    }

    pub(super) fn metric_type(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Summary => MetricType::Summary,
            Self::Untyped => MetricType::Unknown,
            Self::Histogram => MetricType::Histogram,
            Self::GaugeHistogram => MetricType::GaugeHistogram,
        }
    }
}

impl<'b> Family<'b> {
    /// Reads all but the metrics: a family may well name itself after them.
    pub(super) fn read(reader: proto::Reader<'b>) -> Result<Self, ParseError> {
        let metrics = Fields::new(reader, &schema::FAMILY);
        let offset = reader.position();
        let mut family = Self { name: &[], help: &[], unit: &[], type_number: 0, offset, metrics };
        let mut fields = metrics;
        while let Some(field) = fields.next()? {
            match field.number {
                schema::family::NAME => family.name = fields.check(field.as_bytes())?,
                schema::family::HELP => family.help = fields.check(field.as_bytes())?,
                schema::family::TYPE => family.type_number = fields.check(field.as_i32())?,
                schema::family::UNIT => family.unit = fields.check(field.as_bytes())?,
                schema::family::METRIC => {
                    fields.check(field.as_bytes())?;
                }
                _ => {}
            }
        }
        Ok(family)
    }

    /// The type, if it is one.
    pub(super) fn kind(&self) -> Option<Kind> {
        Some(match self.type_number {
            0 => Kind::Counter,
            1 => Kind::Gauge,
            2 => Kind::Summary,
            3 => Kind::Untyped,
            4 => Kind::Histogram,
            5 => Kind::GaugeHistogram,
            _ => return None,
        })
    }

    /// The head, checked as far as Prometheus does.
    pub(super) fn head(&self) -> Result<Head<'b>, ParseError> {
        let name = match str::from_utf8(self.name) {
            Ok(name) if !name.is_empty() => name,
            _ => return Err(invalid(self.offset, "invalid metric name", self.name)),
        };
        let help = str::from_utf8(self.help)
            .map_err(|_| invalid(self.offset, &format!("invalid help for metric {}", quote::go(name)), self.help))?;
        let kind = self.kind().ok_or_else(|| {
            let what = format!("unknown metric type for metric {}: {}", quote::go(name), self.type_number);
            ParseError::in_binary(self.offset, what)
        })?;
        Ok(Head { name, help, unit: String::from_utf8_lossy(self.unit), kind })
    }
}
