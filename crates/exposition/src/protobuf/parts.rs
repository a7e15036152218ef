//! The small messages, read when somebody asks for them.
//!
//! The parser has read all of them once, for their mistakes, and kept nothing; what reads them again meets no error.

use promd_codec::proto::{self, Field};
use promd_model::Span;

use super::schema::{self, Fields};
use crate::ParseError;
use crate::entry::{Exemplar, ExemplarLabels};

/// A classic bucket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket<'b> {
    pub(super) upper_bound: f64,
    pub(super) count: f64,
    pub(super) exemplar: Option<Exemplar<'b>>,
}

impl<'b> Bucket<'b> {
    /// The bucket of all observations, for a histogram that does not send it.
    pub(super) fn infinite(count: f64) -> Self {
        Self { upper_bound: f64::INFINITY, count, exemplar: None }
    }

    pub(super) fn read(mut fields: Fields<'b>) -> Result<Self, ParseError> {
        let (mut bucket, mut whole) = (Self::default(), 0);
        while let Some(field) = fields.next()? {
            match field.number {
                schema::bucket::CUMULATIVE_COUNT => whole = fields.check(field.as_u64())?,
                schema::bucket::CUMULATIVE_COUNT_FLOAT => bucket.count = fields.check(field.as_f64())?,
                schema::bucket::UPPER_BOUND => bucket.upper_bound = fields.check(field.as_f64())?,
                schema::bucket::EXEMPLAR => bucket.exemplar = Some(exemplar(&fields, field)?),
                _ => {}
            }
        }
        bucket.count = count(bucket.count, whole);
        Ok(bucket)
    }
}

/// A number of observations that is sent as a float, or else as a whole number.
pub(super) fn count(float: f64, whole: u64) -> f64 {
    if float == 0.0 { whole as f64 } else { float }
}

/// A quantile of a summary, and its value.
pub(super) fn quantile(mut fields: Fields<'_>) -> Result<(f64, f64), ParseError> {
    let (mut quantile, mut value) = (0.0, 0.0);
    while let Some(field) = fields.next()? {
        match field.number {
            schema::quantile::QUANTILE => quantile = fields.check(field.as_f64())?,
            schema::quantile::VALUE => value = fields.check(field.as_f64())?,
            _ => {}
        }
    }
    Ok((quantile, value))
}

/// A span of native buckets.
pub(super) fn span(mut fields: Fields<'_>) -> Result<Span, ParseError> {
    let mut span = Span::default();
    while let Some(field) = fields.next()? {
        match field.number {
            schema::span::OFFSET => span.offset = fields.check(field.as_sint32())?,
            schema::span::LENGTH => span.length = fields.check(field.as_u32())?,
            _ => {}
        }
    }
    Ok(span)
}

/// The only value of a gauge or an untyped metric.
pub(super) fn value(mut fields: Fields<'_>, value: &mut f64) -> Result<(), ParseError> {
    while let Some(field) = fields.next()? {
        if field.number == schema::VALUE {
            *value = fields.check(field.as_f64())?;
        }
    }
    Ok(())
}

/// A time in milliseconds. It wraps as it does in Go: no time that anybody means is near the ends.
pub(super) fn timestamp(mut fields: Fields<'_>) -> Result<i64, ParseError> {
    let (mut seconds, mut nanos) = (0i64, 0i32);
    while let Some(field) = fields.next()? {
        match field.number {
            schema::timestamp::SECONDS => seconds = fields.check(field.as_i64())?,
            schema::timestamp::NANOS => nanos = fields.check(field.as_i32())?,
            _ => {}
        }
    }
    Ok(seconds.wrapping_mul(1000).wrapping_add(i64::from(nanos / 1_000_000)))
}

/// The exemplar in a field of `parent`.
pub(super) fn exemplar<'b>(parent: &Fields<'b>, field: Field<'b>) -> Result<Exemplar<'b>, ParseError> {
    let mut fields = parent.nested(field, &schema::EXEMPLAR)?;
    let message = parent.check(field.as_bytes())?;
    let mut exemplar = Exemplar { value: 0.0, timestamp: None, labels: ExemplarLabels::Protobuf(message) };
    while let Some(field) = fields.next()? {
        match field.number {
            schema::exemplar::LABEL => {
                label(fields.nested(field, &schema::LABEL)?)?;
            }
            schema::exemplar::VALUE => exemplar.value = fields.check(field.as_f64())?,
            schema::exemplar::TIMESTAMP => {
                exemplar.timestamp = Some(timestamp(fields.nested(field, &schema::TIMESTAMP)?)?);
            }
            _ => {}
        }
    }
    Ok(exemplar)
}

/// The labels of the exemplar `message`. What is not UTF-8 in them, which Prometheus takes as it is, is replaced.
pub(crate) fn exemplar_labels(message: &[u8], each: &mut dyn FnMut(&str, &str)) {
    let mut fields = Fields::new(proto::Reader::new(message), &schema::EXEMPLAR);
    while let Ok(Some(field)) = fields.next() {
        if field.number == schema::exemplar::LABEL
            && let Ok((name, value)) = fields.nested(field, &schema::LABEL).and_then(label)
        {
            each(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value));
        }
    }
}

/// Name and value of a label, as bytes.
fn label(mut fields: Fields<'_>) -> Result<(&[u8], &[u8]), ParseError> {
    let (mut name, mut value) = (&[][..], &[][..]);
    while let Some(field) = fields.next()? {
        match field.number {
            schema::label::NAME => name = fields.check(field.as_bytes())?,
            schema::label::VALUE => value = fields.check(field.as_bytes())?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Name and value of a label of a series.
pub(super) fn series_label(mut fields: Fields<'_>) -> Result<(&str, &str), ParseError> {
    let (mut name, mut value) = ("", "");
    while let Some(field) = fields.next()? {
        match field.number {
            schema::label::NAME => {
                let bytes = fields.check(field.as_bytes())?;
                name = str::from_utf8(bytes)
                    .ok()
                    .filter(|name| !name.is_empty())
                    .ok_or_else(|| invalid(field.offset, "invalid label name", bytes))?;
            }
            schema::label::VALUE => {
                let bytes = fields.check(field.as_bytes())?;
                value = str::from_utf8(bytes).map_err(|_| invalid(field.offset, "invalid label value", bytes))?;
            }
            _ => {}
        }
    }
    Ok((name, value))
}

/// The error that some text is not what it should be.
#[cold]
pub(super) fn invalid(offset: usize, what: &str, text: &[u8]) -> ParseError {
    ParseError::in_binary(offset, format!("{what}: {}", String::from_utf8_lossy(text)))
}
