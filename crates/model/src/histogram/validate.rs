//! What makes a histogram sound. The order of the checks is Prometheus', so that the first error is the same one.

use super::error::{BucketsPart, HistogramError, Observations};
use super::schema::{is_custom_schema, is_exponential_schema};
use super::span::{Span, total_length};
use super::{FloatHistogram, Histogram};

impl Histogram {
    /// Checks that the schema is one that is stored, that spans and buckets agree, that no bucket is negative, that
    /// nothing is set that the schema does not use, and that the buckets add up to the count. Where the sum is NaN, NaN
    /// may have been observed, which no bucket counts: then the count may also be larger.
    ///
    /// # Errors
    ///
    /// The first thing found wrong, in Prometheus' words.
    pub fn validate(&self) -> Result<(), HistogramError> {
        // Sums wrap around, as in Go.
        let mut found = self.zero_count;
        if is_custom_schema(self.schema) {
            check_custom_bounds(&self.custom_values, &self.positive_spans, self.positive_buckets.len())?;
            let Self { zero_threshold, negative_spans, negative_buckets, .. } = self;
            check_unused(self.zero_count != 0, *zero_threshold, negative_spans, negative_buckets)?;
        } else if is_exponential_schema(self.schema) {
            check_sides(
                (&self.positive_spans, self.positive_buckets.len()),
                (&self.negative_spans, self.negative_buckets.len()),
            )?;
            found = found.wrapping_add(check_deltas(&self.negative_buckets, BucketsPart::Negative)?);
            if !self.custom_values.is_empty() {
                return Err(HistogramError::ExponentialCustomBounds);
            }
        } else {
            return Err(HistogramError::InvalidSchema(self.schema));
        }
        found = found.wrapping_add(check_deltas(&self.positive_buckets, BucketsPart::Positive)?);

        let count = self.count;
        if self.sum.is_nan() {
            if found > count {
                return Err(HistogramError::CountNotBigEnough { found, count });
            }
        } else if found != count {
            return Err(HistogramError::CountMismatch { found, count });
        }
        Ok(())
    }
}

impl FloatHistogram {
    /// Checks what [`Histogram::validate`] checks, but for the sum of the buckets: rounding may make it differ from the
    /// count.
    ///
    /// # Errors
    ///
    /// The first thing found wrong, in Prometheus' words.
    pub fn validate(&self) -> Result<(), HistogramError> {
        if is_custom_schema(self.schema) {
            check_custom_bounds(&self.custom_values, &self.positive_spans, self.positive_buckets.len())?;
            let Self { zero_threshold, negative_spans, negative_buckets, .. } = self;
            check_unused(self.zero_count != 0.0, *zero_threshold, negative_spans, negative_buckets)?;
        } else if is_exponential_schema(self.schema) {
            check_sides(
                (&self.positive_spans, self.positive_buckets.len()),
                (&self.negative_spans, self.negative_buckets.len()),
            )?;
            check_counts(&self.negative_buckets, BucketsPart::Negative)?;
            if self.zero_count < 0.0 {
                return Err(HistogramError::NegativeZeroCount { count: Observations::Float(self.zero_count) });
            }
            if !self.custom_values.is_empty() {
                return Err(HistogramError::ExponentialCustomBounds);
            }
        } else {
            return Err(HistogramError::InvalidSchema(self.schema));
        }
        if self.count < 0.0 {
            return Err(HistogramError::NegativeCount { count: Observations::Float(self.count) });
        }
        check_counts(&self.positive_buckets, BucketsPart::Positive)
    }
}

fn check_sides(positive: (&[Span], usize), negative: (&[Span], usize)) -> Result<(), HistogramError> {
    check_spans(positive.0, positive.1, BucketsPart::Positive)?;
    check_spans(negative.0, negative.1, BucketsPart::Negative)
}

fn check_spans(spans: &[Span], have: usize, part: BucketsPart) -> Result<(), HistogramError> {
    check_offsets(spans, 1, part)?;
    check_length(spans, have, part)
}

/// Checks that no span from number `first` on, counted from 0, goes backwards.
fn check_offsets(spans: &[Span], first: usize, part: BucketsPart) -> Result<(), HistogramError> {
    match spans.iter().enumerate().skip(first).find(|(_, span)| span.offset < 0) {
        Some((place, span)) => Err(HistogramError::SpanNegativeOffset { part, number: place + 1, offset: span.offset }),
        None => Ok(()),
    }
}

fn check_length(spans: &[Span], have: usize, part: BucketsPart) -> Result<(), HistogramError> {
    let needed = total_length(spans);
    if needed == have as u64 { Ok(()) } else { Err(HistogramError::SpansBucketsMismatch { part, needed, have }) }
}

/// What [`check_spans`] checks, in the words that Prometheus has for it while it reduces a resolution.
pub(super) fn check_reducible(spans: &[Span], have: usize) -> Result<(), HistogramError> {
    let part = BucketsPart::Either;
    let mut needed = 0u64;
    for (place, span) in spans.iter().enumerate() {
        if place > 0 && span.offset < 0 {
            return Err(HistogramError::SpanNegativeOffset { part, number: place + 1, offset: span.offset });
        }
        needed += u64::from(span.length);
        if needed > have as u64 {
            return Err(HistogramError::TooFewBuckets { have });
        }
    }
    if needed == have as u64 { Ok(()) } else { Err(HistogramError::SpansBucketsMismatch { part, needed, have }) }
}

fn check_custom_bounds(bounds: &[f64], spans: &[Span], have: usize) -> Result<(), HistogramError> {
    let mut last: Option<f64> = None;
    for &current in bounds {
        if current.is_nan() {
            return Err(HistogramError::CustomBoundsNaN);
        }
        match last {
            Some(previous) if current <= previous => {
                return Err(HistogramError::CustomBoundsOrder { previous, current });
            }
            _ => last = Some(current),
        }
    }
    if last == Some(f64::INFINITY) {
        return Err(HistogramError::CustomBoundsInfinite);
    }
    check_offsets(spans, 0, BucketsPart::Custom)?;
    check_length(spans, have, BucketsPart::Custom)?;
    let length = total_length(spans) + spans.iter().map(|span| u64::from(span.offset.unsigned_abs())).sum::<u64>();
    if (bounds.len() as u64) + 1 < length {
        return Err(HistogramError::CustomBoundsTooFew { bounds: bounds.len(), length });
    }
    Ok(())
}

/// Checks that a histogram with custom bounds leaves alone what only exponential ones use.
fn check_unused<B>(
    zero_counted: bool,
    zero_threshold: f64,
    negative_spans: &[Span],
    negative_buckets: &[B],
) -> Result<(), HistogramError> {
    if zero_counted {
        return Err(HistogramError::CustomZeroCount);
    }
    if zero_threshold != 0.0 {
        return Err(HistogramError::CustomZeroThreshold);
    }
    if !negative_spans.is_empty() {
        return Err(HistogramError::CustomNegativeSpans);
    }
    if !negative_buckets.is_empty() {
        return Err(HistogramError::CustomNegativeBuckets);
    }
    Ok(())
}

/// Checks buckets of deltas and returns how many observations they hold.
fn check_deltas(deltas: &[i64], part: BucketsPart) -> Result<u64, HistogramError> {
    let mut found = 0u64;
    let mut count = 0i64;
    for (place, delta) in deltas.iter().enumerate() {
        // A delta that leaves the range of counts wraps to a negative one, as in Go, and is refused as such.
        count = count.wrapping_add(*delta);
        let Ok(observations) = u64::try_from(count) else {
            let count = Observations::Integer(count);
            return Err(HistogramError::NegativeBucketCount { part, number: place + 1, count });
        };
        found = found.wrapping_add(observations);
    }
    Ok(found)
}

fn check_counts(counts: &[f64], part: BucketsPart) -> Result<(), HistogramError> {
    match counts.iter().enumerate().find(|(_, count)| **count < 0.0) {
        Some((place, count)) => {
            let count = Observations::Float(*count);
            Err(HistogramError::NegativeBucketCount { part, number: place + 1, count })
        }
        None => Ok(()),
    }
}
