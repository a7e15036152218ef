//! Protobuf: length-delimited messages `io.prometheus.client.MetricFamily`.
//!
//! # Streaming
//!
//! Of a family the parser keeps its head and its place among the metrics; of a metric, numbers and native buckets, in
//! memory that serves for all of them. Everything else stays in the body and is looked at twice: once for mistakes, before
//! anything of its metric is yielded, and once when its turn has come. The work is linear in the body, and so
//! is the memory: a byte of the body grows to at most eight.
//!
//! # Order
//!
//! As in Prometheus (`model/textparse/protobufparse.go`): help, unit (if there is one), type, then the metrics; of a summary
//! or a classic histogram `_count`, `_sum` and the quantiles or buckets. A bucket `+Inf` is added if there is none, and
//! nothing behind it is read. A histogram that also has classic buckets is native first, and then classic if
//! [`Options::keep_classic_histograms`] says so; a classic one that is converted comes before its conversion.
//!
//! Each metric is native or classic on its own. (Prometheus takes a native histogram for a classic one if
//! the one before it in its family was classic, and the other way round; no client library sends such families.)

mod family;
mod labels;
mod metric;
mod parts;
pub(crate) mod schema;

use promd_codec::{Reader, proto};
use promd_model::CounterResetHint;

use crate::entry::{Detail, Escaped, Exemplar, HistogramRef, Sample, Unescape};
use crate::nhcb::{Converter, Form};
use crate::{Entry, Options, ParseError, Parser};
use family::{Family, Head, Kind};
use labels::{Key, each_label};
use metric::Metric;
use parts::Bucket;

pub(crate) use parts::exemplar_labels;

/// A parser of a body of delimited messages.
///
/// ```
/// use promd_exposition::{Entry, Options, Parser, ProtobufParser};
///
/// // name: "up", type: GAUGE, metric: { gauge: { value: 1 } }
/// let body = b"\x13\x0a\x02up\x18\x01\x22\x0b\x12\x09\x09\x00\x00\x00\x00\x00\x00\xf0\x3f";
/// let mut parser = ProtobufParser::new(body, Options::default());
/// while let Some(entry) = parser.next()? {
///     if let Entry::Series(sample) = entry {
///         assert_eq!(sample.value, 1.0);
///         sample.for_each_label(|name, value| assert_eq!((name, value), ("__name__", "up")));
///     }
/// }
/// # Ok::<(), promd_exposition::ParseError>(())
/// ```
#[derive(Debug)]
pub struct ProtobufParser<'b> {
    body: Reader<'b>,
    options: Options,
    /// The family at hand, and its head; `None` before the first one.
    family: Option<(Family<'b>, Head<'b>)>,
    metric: Metric<'b>,
    /// Where the classic buckets or quantiles of the metric go on.
    cursor: usize,
    step: Step<'b>,
    /// Whether the metric is a native histogram.
    native: bool,
    key: Key,
    converter: Converter,
}

/// The entry at hand.
#[derive(Debug, Clone, Copy)]
enum Step<'b> {
    /// None: the body has just begun, or has ended.
    Outside,
    Help,
    Unit,
    Type,
    /// The series of a counter, a gauge or an untyped metric.
    Value,
    Count,
    Sum,
    Quantile {
        quantile: f64,
        value: f64,
    },
    /// A classic bucket, which may be one that was added for `+Inf`.
    Bucket(Bucket<'b>),
    Native(Form),
    /// What was a classic histogram.
    Converted(Form),
}

impl<'b> ProtobufParser<'b> {
    /// A parser of `body`.
    #[must_use]
    pub fn new(body: &'b [u8], options: Options) -> Self {
        Self {
            body: Reader::new(body),
            options,
            family: None,
            metric: Metric::default(),
            cursor: 0,
            step: Step::Outside,
            native: false,
            key: Key::default(),
            converter: Converter::default(),
        }
    }

    /// Moves to the next family that has a metric, and reads the first.
    fn next_family(&mut self) -> Result<bool, ParseError> {
        self.family = None;
        while let Some(reader) = proto::read_delimited(&mut self.body)
            .map_err(|error| ParseError::in_binary(error.offset(), error.kind().to_string()))?
        {
            let mut family = Family::read(reader)?;
            // Before the head is looked at: a mistake in the metric comes first.
            if read_metric(&mut family, &mut self.metric)? {
                let head = family.head()?;
                self.family = Some((family, head));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves to the next metric of the family.
    fn next_metric(&mut self) -> Result<bool, ParseError> {
        match &mut self.family {
            Some((family, _)) => read_metric(family, &mut self.metric),
            None => Ok(false),
        }
    }

    /// The first entry of the metric that was just read.
    fn first_step(&mut self) -> Result<Step<'b>, ParseError> {
        let Some((_, head)) = &self.family else { return Ok(Step::Outside) };
        let (name, kind) = (head.name, head.kind);
        self.cursor = 0;
        self.native = kind.is_histogram() && !self.options.ignore_native_histograms && self.metric.is_native();
        let form = if self.native { Some(self.metric.make_native(name, kind)?) } else { None };
        self.key.start(head, &self.metric, self.options.type_and_unit_labels)?;
        match (kind, form) {
            (_, Some(form)) => Ok(Step::Native(form)),
            (Kind::Counter | Kind::Gauge | Kind::Untyped, _) => Ok(Step::Value),
            (Kind::Histogram | Kind::GaugeHistogram, _)
                if self.options.convert_classic_histograms && !self.options.keep_classic_histograms =>
            {
                self.convert(kind)
            }
            _ => Ok(Step::Count),
        }
    }

    /// The entry after this one, if it is of the same metric.
    fn next_step(&mut self) -> Result<Option<Step<'b>>, ParseError> {
        let Some((_, head)) = &self.family else { return Ok(None) };
        let kind = head.kind;
        match self.step {
            Step::Count => Ok(Some(Step::Sum)),
            Step::Sum | Step::Quantile { .. } if kind == Kind::Summary => {
                let quantile = self.metric.next_quantile(&mut self.cursor);
                Ok(quantile.map(|(quantile, value)| Step::Quantile { quantile, value }))
            }
            Step::Bucket(Bucket { upper_bound: f64::INFINITY, .. }) => {
                let convert = self.options.convert_classic_histograms && !self.native;
                if convert { self.convert(kind).map(Some) } else { Ok(None) }
            }
            Step::Sum | Step::Bucket(_) => {
                let bucket = self.metric.next_bucket(&mut self.cursor);
                Ok(Some(Step::Bucket(bucket.unwrap_or_else(|| Bucket::infinite(self.metric.count())))))
            }
            Step::Native(_) if self.options.keep_classic_histograms && self.metric.has_buckets => Ok(Some(Step::Count)),
            _ => Ok(None),
        }
    }

    /// Converts the classic buckets of the metric. Nothing else is read of it afterwards.
    fn convert(&mut self, kind: Kind) -> Result<Step<'b>, ParseError> {
        self.converter.clear();
        self.converter.set_count(self.metric.count());
        self.converter.set_sum(self.metric.integer.sum);
        let mut cursor = 0;
        while let Some(bucket) = self.metric.next_bucket(&mut cursor) {
            self.converter.add_bucket(bucket.upper_bound, bucket.count);
        }
        let offset = self.metric.offset();
        let Metric { integer, float, .. } = &mut self.metric;
        let form =
            self.converter.convert(integer, float).map_err(|error| ParseError::in_binary(offset, error.to_string()))?;
        if kind == Kind::GaugeHistogram {
            integer.counter_reset_hint = CounterResetHint::Gauge;
            float.counter_reset_hint = CounterResetHint::Gauge;
        }
        Ok(Step::Converted(form))
    }

    fn sample<V>(&self, value: V) -> Sample<'_, V> {
        let timestamp = Some(self.metric.timestamp_ms).filter(|time| *time != 0);
        Sample { series: self.key.as_bytes(), value, timestamp, detail: self }
    }
}

/// Reads the next metric of `family`, if there is one.
fn read_metric<'b>(family: &mut Family<'b>, metric: &mut Metric<'b>) -> Result<bool, ParseError> {
    while let Some(field) = family.metrics.next()? {
        if field.number == schema::family::METRIC {
            metric.read(&family.metrics, field, family.kind().unwrap_or(Kind::Untyped))?;
            return Ok(true);
        }
    }
    Ok(false)
}

impl Parser for ProtobufParser<'_> {
    fn advance(&mut self) -> Result<bool, ParseError> {
        let has_unit = self.family.as_ref().is_some_and(|(_, head)| !head.unit.is_empty());
        let in_family = match self.step {
            Step::Outside => None,
            Step::Help if has_unit => Some(Step::Unit),
            Step::Help | Step::Unit => Some(Step::Type),
            Step::Type => Some(self.first_step()?),
            _ => match self.next_step()? {
                Some(step) => Some(step),
                None if self.next_metric()? => Some(self.first_step()?),
                None => None,
            },
        };
        self.step = match in_family {
            Some(step) => step,
            None if self.next_family()? => Step::Help,
            None => Step::Outside,
        };
        self.key.finish(self.step);
        Ok(!matches!(self.step, Step::Outside))
    }

    fn entry(&self) -> Entry<'_> {
        let Some((_, head)) = &self.family else { return Entry::Comment(&[]) };
        let name = head.name;
        let histogram = |form| match form {
            Form::Integer => HistogramRef::Integer(&self.metric.integer),
            Form::Float => HistogramRef::Float(&self.metric.float),
        };
        match self.step {
            Step::Outside => Entry::Comment(&[]),
            Step::Help => Entry::Help { name, help: Escaped::new(head.help, Unescape::Nothing) },
            Step::Unit => Entry::Unit { name, unit: &head.unit },
            Step::Type => Entry::Type { name, metric_type: head.kind.metric_type() },
            Step::Value => Entry::Series(self.sample(self.metric.value)),
            Step::Count => Entry::Series(self.sample(self.metric.count())),
            Step::Sum => Entry::Series(self.sample(self.metric.integer.sum)),
            Step::Quantile { value, .. } => Entry::Series(self.sample(value)),
            Step::Bucket(bucket) => Entry::Series(self.sample(bucket.count)),
            Step::Native(form) | Step::Converted(form) => Entry::Histogram(self.sample(histogram(form))),
        }
    }
}

impl Detail for ProtobufParser<'_> {
    fn labels(&self, label: &mut dyn FnMut(&str, &str)) {
        if let Some((_, head)) = &self.family {
            each_label(head, &self.metric, self.step, self.options.type_and_unit_labels, label);
        }
    }

    /// A series has one exemplar at most. A native histogram has those of its own or else those of its classic buckets, if
    /// they have a time.
    fn exemplar(&self, cursor: &mut usize) -> Option<Exemplar<'_>> {
        let (message, number) = match self.step {
            Step::Bucket(bucket) if *cursor == 0 => {
                *cursor = usize::MAX;
                return bucket.exemplar;
            }
            Step::Value if *cursor == 0 && self.metric.has_exemplars => {
                let part = self.metric.next_part(cursor, &schema::COUNTER, schema::counter::EXEMPLAR)?;
                *cursor = usize::MAX;
                return parts::exemplar(&part.parent, part.field).ok();
            }
            Step::Native(_) | Step::Converted(_) if self.metric.has_exemplars => {
                (&schema::HISTOGRAM, schema::histogram::EXEMPLARS)
            }
            Step::Native(_) | Step::Converted(_) => (&schema::HISTOGRAM, schema::histogram::BUCKET),
            _ => return None,
        };
        loop {
            let part = self.metric.next_part(cursor, message, number)?;
            let exemplar = if number == schema::histogram::EXEMPLARS {
                parts::exemplar(&part.parent, part.field).ok()
            } else {
                Bucket::read(part.parent.nested(part.field, &schema::BUCKET).ok()?).ok()?.exemplar
            };
            if let Some(exemplar) = exemplar.filter(|exemplar| exemplar.timestamp.is_some()) {
                return Some(exemplar);
            }
        }
    }

    fn start_timestamp(&self) -> Option<i64> {
        Some(self.metric.start_ms).filter(|time| *time != 0)
    }
}
