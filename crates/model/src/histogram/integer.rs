//! The histogram that targets expose and chunks hold.

use super::cell::{redo_deltas, undo_deltas};
use super::side::SideMut;
use super::{Bucket, CounterResetHint, FloatHistogram, Span, is_custom_schema};

/// A native histogram of whole numbers, each bucket as the difference to the one before.
///
/// ```
/// use promd_model::{Histogram, Span};
///
/// let request_seconds = Histogram {
///     count: 6,
///     sum: 5.5,
///     positive_spans: vec![Span::new(0, 3)],
///     positive_buckets: vec![1, 2, -1], // 1, 3 and 2 observations
///     ..Histogram::default()
/// };
/// assert_eq!(request_seconds.validate(), Ok(()));
/// assert_eq!(request_seconds.to_string(), "{count:6, sum:5.5, (0.5,1]:1, (1,2]:3, (2,4]:2}");
/// assert_eq!(request_seconds.to_float().positive_buckets, [1.0, 3.0, 2.0]);
/// ```
#[derive(Debug, Default, PartialEq)]
pub struct Histogram {
    /// What is known about a counter reset before this histogram.
    pub counter_reset_hint: CounterResetHint,
    /// The resolution, or [`CUSTOM_BUCKETS_SCHEMA`](crate::CUSTOM_BUCKETS_SCHEMA).
    pub schema: i32,
    /// The width of the zero bucket on either side of zero.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// All observations, including NaN, which no bucket counts.
    pub count: u64,
    /// The sum of all observations; the stale marker makes the histogram one.
    pub sum: f64,
    /// Which buckets above zero there are.
    pub positive_spans: Vec<Span>,
    /// Which buckets below zero there are, counted away from zero.
    pub negative_spans: Vec<Span>,
    /// Observations in each bucket of the positive spans, as the difference to the bucket before.
    pub positive_buckets: Vec<i64>,
    /// Observations in each bucket of the negative spans, as the difference to the bucket before.
    pub negative_buckets: Vec<i64>,
    /// The ascending upper bounds of custom buckets, without the +Inf of the last.
    pub custom_values: Vec<f64>,
}

impl Histogram {
    /// Whether the buckets have custom bounds.
    #[must_use]
    pub fn uses_custom_buckets(&self) -> bool {
        is_custom_schema(self.schema)
    }

    /// Whether this marks the end of a series.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        crate::is_stale(self.sum)
    }

    /// The zero bucket, or `None` where buckets have custom bounds.
    #[must_use]
    pub fn zero_bucket(&self) -> Option<Bucket<u64>> {
        (!self.uses_custom_buckets()).then(|| Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
            index: 0,
        })
    }

    /// Drops empty buckets at the ends of spans and wherever more than `max_empty` of them follow each other, and joins
    /// spans that are at most `max_empty` apart.
    pub fn compact(&mut self, max_empty: usize) {
        self.on_each_side(|mut side| side.compact(max_empty, 0));
    }

    /// The same histogram in floats.
    #[must_use]
    pub fn to_float(&self) -> FloatHistogram {
        let mut float = FloatHistogram::default();
        self.to_float_into(&mut float);
        float
    }

    /// As [`to_float`](Self::to_float), into a histogram whose memory is used again.
    ///
    /// Fields that the schema does not use are left out, as in Prometheus.
    pub fn to_float_into(&self, float: &mut FloatHistogram) {
        float.counter_reset_hint = self.counter_reset_hint;
        float.schema = self.schema;
        float.count = self.count as f64;
        float.sum = self.sum;
        float.positive_spans.clone_from(&self.positive_spans);
        absolute_into(&self.positive_buckets, &mut float.positive_buckets);
        if self.uses_custom_buckets() {
            float.zero_threshold = 0.0;
            float.zero_count = 0.0;
            float.negative_spans.clear();
            float.negative_buckets.clear();
            float.custom_values.clone_from(&self.custom_values);
        } else {
            float.zero_threshold = self.zero_threshold;
            float.zero_count = self.zero_count as f64;
            float.negative_spans.clone_from(&self.negative_spans);
            absolute_into(&self.negative_buckets, &mut float.negative_buckets);
            float.custom_values.clear();
        }
    }

    /// Runs an operation on each side while its buckets are absolute.
    pub(super) fn on_each_side(&mut self, mut operation: impl FnMut(SideMut<'_, i64>)) {
        let Self { positive_spans, positive_buckets, negative_spans, negative_buckets, .. } = self;
        for (spans, cells) in [(positive_spans, positive_buckets), (negative_spans, negative_buckets)] {
            undo_deltas(cells);
            operation(SideMut { spans, cells });
            redo_deltas(cells);
        }
    }
}

fn absolute_into(deltas: &[i64], absolute: &mut Vec<f64>) {
    let mut count = 0.0;
    absolute.clear();
    absolute.extend(deltas.iter().map(|delta| {
        count += *delta as f64;
        count
    }));
}

/// By hand for `clone_from`, which keeps the target's allocations.
impl Clone for Histogram {
    fn clone(&self) -> Self {
        let mut clone = Self::default();
        clone.clone_from(self);
        clone
    }

    fn clone_from(&mut self, source: &Self) {
        self.counter_reset_hint = source.counter_reset_hint;
        self.schema = source.schema;
        self.zero_threshold = source.zero_threshold;
        self.zero_count = source.zero_count;
        self.count = source.count;
        self.sum = source.sum;
        self.positive_spans.clone_from(&source.positive_spans);
        self.negative_spans.clone_from(&source.negative_spans);
        self.positive_buckets.clone_from(&source.positive_buckets);
        self.negative_buckets.clone_from(&source.negative_buckets);
        self.custom_values.clone_from(&source.custom_values);
    }
}
