//! A histogram as the encodings see it: the same for integers and floats.

use promd_model::{CounterResetHint, FloatHistogram, Histogram, Span, is_stale};

use super::kind::{Float, Integer, Kind};

/// A borrowed histogram whose buckets are stored as `K` stores them.
pub(super) struct View<'a, K: Kind> {
    pub(super) hint: CounterResetHint,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: K::Count,
    pub(super) count: K::Count,
    pub(super) sum: f64,
    pub(super) positive: Side<'a, K>,
    pub(super) negative: Side<'a, K>,
    pub(super) bounds: &'a [f64],
}

/// The buckets on one side of zero.
pub(super) struct Side<'a, K: Kind> {
    pub(super) spans: &'a [Span],
    pub(super) buckets: &'a [K::Bucket],
}

impl<K: Kind> Clone for Side<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Kind> Copy for Side<'_, K> {}

impl<K: Kind> Clone for View<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Kind> Copy for View<'_, K> {}

impl<K: Kind> Side<'_, K> {
    const EMPTY: Self = Side { spans: &[], buckets: &[] };

    /// Whether the spans ascend and claim as many buckets as there are.
    fn is_sound(&self) -> bool {
        let claimed: u64 = self.spans.iter().map(|span| u64::from(span.length)).sum();
        claimed == self.buckets.len() as u64 && self.spans.iter().skip(1).all(|span| span.offset >= 0)
    }
}

impl<K: Kind> View<'_, K> {
    pub(super) fn is_stale(&self) -> bool {
        is_stale(self.sum)
    }

    pub(super) fn is_sound(&self) -> bool {
        self.positive.is_sound() && self.negative.is_sound()
    }

    /// A stale histogram is its sum, and nothing of the rest is written down.
    pub(super) fn stale(sum: f64) -> Self {
        Self {
            hint: CounterResetHint::Unknown,
            schema: 0,
            zero_threshold: 0.0,
            zero_count: K::Count::default(),
            count: K::Count::default(),
            sum,
            positive: Side::EMPTY,
            negative: Side::EMPTY,
            bounds: &[],
        }
    }
}

impl<'a> From<&'a Histogram> for View<'a, Integer> {
    fn from(histogram: &'a Histogram) -> Self {
        Self {
            hint: histogram.counter_reset_hint,
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            zero_count: histogram.zero_count,
            count: histogram.count,
            sum: histogram.sum,
            positive: Side { spans: &histogram.positive_spans, buckets: &histogram.positive_buckets },
            negative: Side { spans: &histogram.negative_spans, buckets: &histogram.negative_buckets },
            bounds: &histogram.custom_values,
        }
    }
}

impl<'a> From<&'a FloatHistogram> for View<'a, Float> {
    fn from(histogram: &'a FloatHistogram) -> Self {
        Self {
            hint: histogram.counter_reset_hint,
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            zero_count: histogram.zero_count,
            count: histogram.count,
            sum: histogram.sum,
            positive: Side { spans: &histogram.positive_spans, buckets: &histogram.positive_buckets },
            negative: Side { spans: &histogram.negative_spans, buckets: &histogram.negative_buckets },
            bounds: &histogram.custom_values,
        }
    }
}
