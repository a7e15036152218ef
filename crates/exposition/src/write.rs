//! Writers of all formats.
//!
//! A [`Writer`] is handed families and samples, in the data model of `promd-metrics`, and appends them to a buffer. It is a
//! [`Sink`], so that a gathered [`Snapshot`](promd_metrics::Snapshot) writes itself:
//!
//! ```
//! use promd_exposition::{Format, Writer, negotiate};
//! use promd_metrics::{Counter, Metric, Options, Registry, Snapshot};
//!
//! let requests = Metric::<Counter>::new(Options::new("requests_total", "Requests."));
//! requests.add(3);
//! let registry = Registry::new();
//! registry.register(requests)?;
//!
//! let mut snapshot = Snapshot::new();
//! registry.gather(std::time::SystemTime::UNIX_EPOCH, &mut snapshot)?;
//! let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8";
//! let (format, escaping) = negotiate(accept, &Format::ALL);
//! let mut writer = Writer::new(format, escaping);
//! snapshot.visit(&mut writer);
//! let body = String::from_utf8(writer.finish()?)?;
//! let expected = ["# HELP requests Requests.", "# TYPE requests counter", "requests_total 3.0", "# EOF"];
//! assert_eq!(body.lines().collect::<Vec<_>>(), expected);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The texts are those of Go's `common/expfmt`, byte for byte, with two exceptions, both to be read again by a
//! strict reader: a label name with a colon is put in quotes, and OpenMetrics is told the unit only of a family whose name
//! ends with it.
//!
//! Nothing is allocated for a sample, unless a name has to be escaped. A family without samples is not written. A sample
//! that its format cannot say is left out as a whole, with an error.

mod name;
mod openmetrics;
mod protobuf;
mod text;

use promd_metrics::{Desc, HistogramValue, Sample, Sink, Value};
use promd_model::EscapingScheme;
use thiserror::Error;

use crate::{Format, MetricType};

/// What a metric family says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyHead<'a> {
    /// The name: that of a counter with `_total`.
    pub name: &'a str,
    /// What it means; a family may come without.
    pub help: Option<&'a str>,
    /// The unit; empty if there is none.
    pub unit: &'a str,
    /// The type.
    pub metric_type: MetricType,
}

impl<'a> From<&'a Desc> for FamilyHead<'a> {
    fn from(desc: &'a Desc) -> Self {
        let metric_type = match desc.metric_type() {
            promd_metrics::MetricType::Counter => MetricType::Counter,
            promd_metrics::MetricType::Gauge => MetricType::Gauge,
            promd_metrics::MetricType::Histogram => MetricType::Histogram,
            promd_metrics::MetricType::Summary => MetricType::Summary,
            _ => MetricType::Unknown,
        };
        Self { name: desc.name(), help: Some(desc.help()), unit: desc.unit(), metric_type }
    }
}

/// Why something was not written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A family has no name, or none was begun.
    #[error("metric family has no name")]
    NoName,
    /// The value of a sample is not of the type of its family.
    #[error("expected {expected} in metric {name}")]
    OtherType {
        /// The family.
        name: String,
        /// Its type.
        expected: MetricType,
    },
    /// OpenMetrics counts in whole numbers.
    #[error("OpenMetrics v1.0 does not support float histogram {name}")]
    FloatHistogram {
        /// The family.
        name: String,
    },
}

/// Writes metric families in one format.
#[derive(Debug)]
pub struct Writer {
    style: Style,
    out: Vec<u8>,
    family: Family,
    /// The family in protobuf, whose length comes before it.
    message: Vec<u8>,
    /// The first error of the samples that came through [`Sink`], which has no way to return it.
    error: Option<WriteError>,
}

/// What to write.
#[derive(Debug, Clone, Copy)]
struct Style {
    format: Format,
    escaping: EscapingScheme,
    created_lines: bool,
}

/// The family at hand, in memory that is used again.
#[derive(Debug)]
struct Family {
    /// The name, escaped.
    name: String,
    /// Whether it must be in quotes.
    quoted: bool,
    help: Option<String>,
    unit: String,
    metric_type: MetricType,
    /// Whether the head is written.
    begun: bool,
}

impl Writer {
    /// A writer of this format, which writes names that are not legacy names as `escaping` says. Without escaping, texts
    /// have them in quotes.
    #[must_use]
    pub fn new(format: Format, escaping: EscapingScheme) -> Self {
        let family = Family {
            name: String::new(),
            quoted: false,
            help: None,
            unit: String::new(),
            metric_type: MetricType::Unknown,
            begun: false,
        };
        let style = Style { format, escaping, created_lines: false };
        Self { style, out: Vec::new(), family, message: Vec::new(), error: None }
    }

    /// The same writer, which in OpenMetrics writes a line `_created` for each counter, summary and histogram whose start
    /// is known. (Protobuf has the start in any case, Prometheus text never.)
    #[must_use]
    pub fn with_created_lines(mut self) -> Self {
        self.style.created_lines = true;
        self
    }

    /// What is written so far. It may be taken away to be sent.
    pub fn written(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Begins a family. It is written with its first sample.
    pub fn begin(&mut self, head: &FamilyHead<'_>) {
        self.end();
        let Family { name, quoted, help, unit, metric_type, begun } = &mut self.family;
        name.clear();
        name.push_str(&name::escaped(head.name, self.style.escaping));
        *quoted = !promd_model::is_legacy_metric_name(name);
        match (head.help, &mut *help) {
            (Some(text), Some(kept)) => text.clone_into(kept),
            (text, kept) => *kept = text.map(str::to_owned),
        }
        head.unit.clone_into(unit);
        (*metric_type, *begun) = (head.metric_type, false);
    }

    /// Writes a sample of the family that was begun.
    ///
    /// # Errors
    ///
    /// If the format cannot say it, and then nothing of it is written.
    pub fn sample(&mut self, sample: &Sample<'_>) -> Result<(), WriteError> {
        self.check(&sample.value)?;
        let Self { style, out, family, message, .. } = self;
        let first = !std::mem::replace(&mut family.begun, true);
        match style.format {
            Format::Text => text::write(out, family, first, style.escaping, sample),
            Format::OpenMetrics1_0_0 | Format::OpenMetrics0_0_1 => {
                openmetrics::write(out, family, first, *style, sample);
            }
            Format::Protobuf => protobuf::write(message, family, first, style.escaping, sample),
        }
        Ok(())
    }

    /// Ends the body, and returns what of it was not taken away.
    ///
    /// # Errors
    ///
    /// The first error of the samples that came through [`Sink`].
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        self.end();
        if self.is_openmetrics() {
            self.out.extend_from_slice(b"# EOF\n");
        }
        self.error.map_or(Ok(self.out), Err)
    }

    fn is_openmetrics(&self) -> bool {
        matches!(self.style.format, Format::OpenMetrics1_0_0 | Format::OpenMetrics0_0_1)
    }

    fn check(&self, value: &Value<'_>) -> Result<(), WriteError> {
        let Family { name, metric_type, .. } = &self.family;
        if name.is_empty() {
            return Err(WriteError::NoName);
        }
        let fits = match value {
            Value::Counter(_) => *metric_type == MetricType::Counter,
            Value::Gauge(_) => matches!(metric_type, MetricType::Gauge | MetricType::Info | MetricType::Stateset),
            Value::Untyped(_) => *metric_type == MetricType::Unknown,
            Value::Summary(_) => *metric_type == MetricType::Summary,
            Value::Histogram(_) => matches!(metric_type, MetricType::Histogram | MetricType::GaugeHistogram),
            _ => false,
        };
        if !fits {
            return Err(WriteError::OtherType { name: name.clone(), expected: *metric_type });
        }
        if let Value::Histogram(histogram) = value
            && self.is_openmetrics()
            && openmetrics::has_float_counts(histogram)
        {
            return Err(WriteError::FloatHistogram { name: name.clone() });
        }
        Ok(())
    }

    fn end(&mut self) {
        if !self.message.is_empty() {
            promd_codec::Writer::new(&mut self.out).put_uvarint_bytes(&self.message);
            self.message.clear();
        }
    }
}

impl Sink for Writer {
    fn family(&mut self, desc: &Desc) {
        self.begin(&desc.into());
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        if let Err(error) = Writer::sample(self, sample) {
            self.error.get_or_insert(error);
        }
    }
}

/// Whether the last of the buckets that `histogram` has is that for all observations.
fn has_infinity(histogram: &HistogramValue<'_>) -> bool {
    histogram.buckets.iter().any(|bucket| bucket.upper_bound == f64::INFINITY)
}
