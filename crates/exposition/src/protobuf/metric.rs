//! One metric: what is read of it at once, and what is looked up in its bytes later.

use std::ops::Range;

use promd_codec::proto::{self, Field};
use promd_model::{CounterResetHint, FloatHistogram, Histogram};

use super::family::Kind;
use super::parts::{self, Bucket};
use super::schema::{self, Fields};
use crate::ParseError;
use crate::nhcb::Form;

/// A metric.
///
/// Buckets, quantiles, exemplars and labels are not kept: they are checked, and read again where they stand when it is
/// their turn. Native buckets are kept, in histograms whose memory serves for all metrics of a body.
#[derive(Debug, Default)]
pub(super) struct Metric<'b> {
    /// The message, and where it begins in the body.
    bytes: &'b [u8],
    offset: usize,
    pub(super) timestamp_ms: i64,
    pub(super) start_ms: i64,
    /// The value of a counter, a gauge or an untyped metric.
    pub(super) value: f64,
    /// Count and sum of a summary or a histogram are those of the whole-numbered histogram; the count in floats, and all
    /// else of a native histogram of floats, is in the other one.
    pub(super) integer: Histogram,
    pub(super) float: FloatHistogram,
    pub(super) has_buckets: bool,
    pub(super) has_exemplars: bool,
    /// Where in the metric the messages lie that hold its value: one, unless somebody tries something.
    values: Vec<Range<usize>>,
}

impl<'b> Metric<'b> {
    /// Reads the metric in a field of `family`, all of it, so that a mistake anywhere is found before anything is yielded.
    pub(super) fn read(&mut self, family: &Fields<'b>, field: Field<'b>, kind: Kind) -> Result<(), ParseError> {
        let mut fields = family.nested(field, &schema::METRIC)?;
        self.clear();
        self.bytes = family.check(field.as_bytes())?;
        self.offset = field.offset;
        while let Some(field) = fields.next()? {
            let (message, own) = match field.number {
                schema::metric::TIMESTAMP_MS => {
                    self.timestamp_ms = fields.check(field.as_i64())?;
                    continue;
                }
                schema::metric::LABEL => {
                    fields.check(field.as_bytes())?;
                    continue;
                }
                schema::metric::GAUGE => (&schema::GAUGE, kind == Kind::Gauge),
                schema::metric::UNTYPED => (&schema::UNTYPED, kind == Kind::Untyped),
                schema::metric::COUNTER => (&schema::COUNTER, kind == Kind::Counter),
                schema::metric::SUMMARY => (&schema::SUMMARY, kind == Kind::Summary),
                schema::metric::HISTOGRAM => (&schema::HISTOGRAM, kind.is_histogram()),
                _ => continue,
            };
            let nested = fields.nested(field, message)?;
            if own {
                let start = field.offset - self.offset;
                self.values.push(start..start + fields.check(field.as_bytes())?.len());
                self.read_value(nested, field.number)?;
            } else {
                // A value of another type than the family's is checked, and is not the value.
                Metric::default().read_value(nested, field.number)?;
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        let Self { integer, float, values, .. } = self;
        integer.positive_spans.clear();
        integer.positive_buckets.clear();
        integer.negative_spans.clear();
        integer.negative_buckets.clear();
        integer.custom_values.clear();
        float.positive_spans.clear();
        float.positive_buckets.clear();
        float.negative_spans.clear();
        float.negative_buckets.clear();
        float.custom_values.clear();
        values.clear();
        (integer.schema, integer.zero_threshold, integer.zero_count) = (0, 0.0, 0);
        (integer.count, integer.sum, float.count, float.zero_count) = (0, 0.0, 0.0, 0.0);
        (self.timestamp_ms, self.start_ms, self.value) = (0, 0, 0.0);
        (self.has_buckets, self.has_exemplars) = (false, false);
    }

    fn read_value(&mut self, fields: Fields<'b>, number: u32) -> Result<(), ParseError> {
        match number {
            schema::metric::COUNTER => self.read_counter(fields),
            schema::metric::SUMMARY => self.read_summary(fields),
            schema::metric::HISTOGRAM => self.read_histogram(fields),
            _ => parts::value(fields, &mut self.value),
        }
    }

    fn read_counter(&mut self, mut fields: Fields<'b>) -> Result<(), ParseError> {
        while let Some(field) = fields.next()? {
            match field.number {
                schema::VALUE => self.value = fields.check(field.as_f64())?,
                schema::counter::EXEMPLAR => {
                    parts::exemplar(&fields, field)?;
                    self.has_exemplars = true;
                }
                schema::counter::START_TIMESTAMP => self.read_start(&fields, field)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_summary(&mut self, mut fields: Fields<'b>) -> Result<(), ParseError> {
        while let Some(field) = fields.next()? {
            match field.number {
                schema::summary::SAMPLE_COUNT => self.integer.count = fields.check(field.as_u64())?,
                schema::summary::SAMPLE_SUM => self.integer.sum = fields.check(field.as_f64())?,
                schema::summary::QUANTILE => {
                    parts::quantile(fields.nested(field, &schema::QUANTILE)?)?;
                }
                schema::summary::START_TIMESTAMP => self.read_start(&fields, field)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_histogram(&mut self, mut fields: Fields<'b>) -> Result<(), ParseError> {
        let Self { integer, float, .. } = self;
        while let Some(field) = fields.next()? {
            match field.number {
                schema::histogram::SAMPLE_COUNT => integer.count = fields.check(field.as_u64())?,
                schema::histogram::SAMPLE_COUNT_FLOAT => float.count = fields.check(field.as_f64())?,
                schema::histogram::SAMPLE_SUM => integer.sum = fields.check(field.as_f64())?,
                schema::histogram::BUCKET => {
                    Bucket::read(fields.nested(field, &schema::BUCKET)?)?;
                    self.has_buckets = true;
                }
                schema::histogram::SCHEMA => integer.schema = fields.check(field.as_sint32())?,
                schema::histogram::ZERO_THRESHOLD => integer.zero_threshold = fields.check(field.as_f64())?,
                schema::histogram::ZERO_COUNT => integer.zero_count = fields.check(field.as_u64())?,
                schema::histogram::ZERO_COUNT_FLOAT => float.zero_count = fields.check(field.as_f64())?,
                schema::histogram::NEGATIVE_SPAN => {
                    integer.negative_spans.push(parts::span(fields.nested(field, &schema::SPAN)?)?);
                }
                schema::histogram::POSITIVE_SPAN => {
                    integer.positive_spans.push(parts::span(fields.nested(field, &schema::SPAN)?)?);
                }
                schema::histogram::NEGATIVE_DELTA => read_deltas(&fields, field, &mut integer.negative_buckets)?,
                schema::histogram::POSITIVE_DELTA => read_deltas(&fields, field, &mut integer.positive_buckets)?,
                schema::histogram::NEGATIVE_COUNT => {
                    float.negative_buckets.extend(fields.check(field.as_f64s())?);
                }
                schema::histogram::POSITIVE_COUNT => {
                    float.positive_buckets.extend(fields.check(field.as_f64s())?);
                }
                schema::histogram::START_TIMESTAMP => {
                    self.start_ms = parts::timestamp(fields.nested(field, &schema::TIMESTAMP)?)?;
                }
                schema::histogram::EXEMPLARS => {
                    parts::exemplar(&fields, field)?;
                    self.has_exemplars = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_start(&mut self, fields: &Fields<'b>, field: Field<'b>) -> Result<(), ParseError> {
        self.start_ms = parts::timestamp(fields.nested(field, &schema::TIMESTAMP)?)?;
        Ok(())
    }

    /// The number of observations of a summary or a classic histogram.
    pub(super) fn count(&self) -> f64 {
        parts::count(self.float.count, self.integer.count)
    }

    /// Whether a histogram is to be read as a native one. One that has no observations, and no width of its zero bucket,
    /// says so by a span, which may be empty.
    pub(super) fn is_native(&self) -> bool {
        !self.integer.positive_spans.is_empty()
            || !self.integer.negative_spans.is_empty()
            || self.integer.zero_threshold > 0.0
            || self.integer.zero_count > 0
    }

    /// Makes a native histogram of what was read, in the form that it has. To be called once a metric.
    pub(super) fn make_native(&mut self, name: &str, kind: Kind) -> Result<Form, ParseError> {
        let Self { integer, float, .. } = self;
        let hint = if kind == Kind::GaugeHistogram { CounterResetHint::Gauge } else { CounterResetHint::Unknown };
        let form = if float.count > 0.0 || float.zero_count > 0.0 { Form::Float } else { Form::Integer };
        let (positive, negative) = match form {
            Form::Integer => (integer.positive_buckets.len(), integer.negative_buckets.len()),
            Form::Float => (float.positive_buckets.len(), float.negative_buckets.len()),
        };
        for (side, spans, have) in
            [("positive", &integer.positive_spans, positive), ("negative", &integer.negative_spans, negative)]
        {
            let need: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
            if need != have as u64 {
                let quoted = promd_model::quote::go(name);
                let message = format!("histogram {quoted}: {side} side: spans require {need} buckets, have {have}");
                return Err(ParseError::in_binary(self.offset, message));
            }
        }
        match form {
            Form::Integer => {
                integer.counter_reset_hint = hint;
                integer.compact(0);
            }
            Form::Float => {
                std::mem::swap(&mut float.positive_spans, &mut integer.positive_spans);
                std::mem::swap(&mut float.negative_spans, &mut integer.negative_spans);
                (float.sum, float.schema, float.zero_threshold) = (integer.sum, integer.schema, integer.zero_threshold);
                float.counter_reset_hint = hint;
                float.compact(0);
            }
        }
        Ok(form)
    }

    /// Where the metric begins in the body.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The labels of the metric, in the order of the body.
    pub(super) fn labels(&self) -> Labels<'b> {
        Labels(Fields::new(proto::Reader::with_offset(self.bytes, self.offset), &schema::METRIC))
    }

    /// The next field of this `number` in the metric's value that begins at `cursor` or later, and moves `cursor` behind
    /// it. A cursor starts at 0.
    pub(super) fn next_part(
        &self,
        cursor: &mut usize,
        message: &'static schema::Message,
        number: u32,
    ) -> Option<Part<'b>> {
        let first = self.values.partition_point(|range| range.end <= *cursor);
        for range in self.values.iter().skip(first) {
            let start = range.start.max(*cursor);
            let rest = self.bytes.get(start..range.end)?;
            let mut fields = Fields::new(proto::Reader::with_offset(rest, start), message);
            while let Ok(Some(field)) = fields.next() {
                if field.number == number {
                    *cursor = field.offset + field.as_bytes().map_or(0, <[u8]>::len);
                    return Some(Part { parent: fields, field });
                }
            }
            *cursor = range.end;
        }
        None
    }

    /// The next classic bucket; `cursor` as in [`next_part`](Self::next_part).
    pub(super) fn next_bucket(&self, cursor: &mut usize) -> Option<Bucket<'b>> {
        let part = self.next_part(cursor, &schema::HISTOGRAM, schema::histogram::BUCKET)?;
        Bucket::read(part.parent.nested(part.field, &schema::BUCKET).ok()?).ok()
    }

    /// The next quantile and its value; `cursor` as in [`next_part`](Self::next_part).
    pub(super) fn next_quantile(&self, cursor: &mut usize) -> Option<(f64, f64)> {
        let part = self.next_part(cursor, &schema::SUMMARY, schema::summary::QUANTILE)?;
        parts::quantile(part.parent.nested(part.field, &schema::QUANTILE).ok()?).ok()
    }
}

/// A field of a metric's value.
pub(super) struct Part<'b> {
    pub(super) parent: Fields<'b>,
    pub(super) field: Field<'b>,
}

/// The labels of a metric.
pub(super) struct Labels<'b>(Fields<'b>);

impl<'b> Labels<'b> {
    /// The next one; `Err` if it is no label. After an error there is no other.
    pub(super) fn next(&mut self) -> Result<Option<(&'b str, &'b str)>, ParseError> {
        while let Some(field) = self.0.next()? {
            if field.number == schema::metric::LABEL {
                return parts::series_label(self.0.nested(field, &schema::LABEL)?).map(Some);
            }
        }
        Ok(None)
    }
}

fn read_deltas(fields: &Fields<'_>, field: Field<'_>, deltas: &mut Vec<i64>) -> Result<(), ParseError> {
    for delta in fields.check(field.as_sint64s())? {
        deltas.push(fields.check(delta)?);
    }
    Ok(())
}
