//! The histogram that PromQL calculates with.

use super::side::SideMut;
use super::{Bucket, CounterResetHint, Span, is_custom_schema};

/// A native histogram with absolute `f64` counts.
///
/// ```
/// use promd_model::{FloatHistogram, Span};
///
/// let request_seconds = FloatHistogram {
///     count: 4.0,
///     sum: 5.5,
///     positive_spans: vec![Span::new(0, 2)],
///     positive_buckets: vec![1.0, 3.0],
///     ..FloatHistogram::default()
/// };
/// assert_eq!(request_seconds.validate(), Ok(()));
/// assert_eq!(request_seconds.to_string(), "{count:4, sum:5.5, (0.5,1]:1, (1,2]:3}");
/// assert_eq!(request_seconds.quantile(0.25).value, 1.0);
/// ```
#[derive(Debug, Default, PartialEq)]
pub struct FloatHistogram {
    /// What is known about a counter reset before this histogram.
    pub counter_reset_hint: CounterResetHint,
    /// The resolution, or [`CUSTOM_BUCKETS_SCHEMA`](crate::CUSTOM_BUCKETS_SCHEMA).
    pub schema: i32,
    /// The width of the zero bucket on either side of zero.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations, including NaN, which no bucket counts.
    pub count: f64,
    /// The sum of all observations; the stale marker makes the histogram one.
    pub sum: f64,
    /// Which buckets above zero there are.
    pub positive_spans: Vec<Span>,
    /// Which buckets below zero there are, counted away from zero.
    pub negative_spans: Vec<Span>,
    /// Observations in each bucket of the positive spans.
    pub positive_buckets: Vec<f64>,
    /// Observations in each bucket of the negative spans.
    pub negative_buckets: Vec<f64>,
    /// The ascending upper bounds of custom buckets, without the +Inf of the last.
    pub custom_values: Vec<f64>,
}

impl FloatHistogram {
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
    pub fn zero_bucket(&self) -> Option<Bucket> {
        (!self.uses_custom_buckets()).then(|| Bucket::zero(self.zero_threshold, self.zero_count))
    }

    /// Multiplies all counts and the sum; a negative factor makes the histogram a gauge.
    pub fn mul(&mut self, factor: f64) {
        self.scale(|number| number * factor);
        if factor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    /// Divides all counts and the sum; a negative divisor makes the histogram a gauge, and 0 removes all buckets.
    pub fn div(&mut self, divisor: f64) {
        if divisor == 0.0 {
            self.positive_spans.clear();
            self.positive_buckets.clear();
            self.negative_spans.clear();
            self.negative_buckets.clear();
        }
        self.scale(|number| number / divisor);
        if divisor < 0.0 {
            self.counter_reset_hint = CounterResetHint::Gauge;
        }
    }

    fn scale(&mut self, scaled: impl Fn(f64) -> f64) {
        let totals = [&mut self.zero_count, &mut self.count, &mut self.sum];
        let buckets = self.positive_buckets.iter_mut().chain(&mut self.negative_buckets);
        for number in totals.into_iter().chain(buckets) {
            *number = scaled(*number);
        }
    }

    /// Drops empty buckets at the ends of spans and wherever more than `max_empty` of them follow each other, and joins
    /// spans that are at most `max_empty` apart.
    pub fn compact(&mut self, max_empty: usize) {
        self.positive_mut().compact(max_empty, 0.0);
        self.negative_mut().compact(max_empty, 0.0);
    }

    /// Whether a count, the sum or a bound is infinite: the sum of several histograms has overflowed.
    #[must_use]
    pub fn has_overflow(&self) -> bool {
        [self.zero_count, self.count, self.sum].iter().any(|number| number.is_infinite())
            || [&self.positive_buckets, &self.negative_buckets, &self.custom_values]
                .iter()
                .any(|numbers| numbers.iter().any(|number| number.is_infinite()))
    }

    /// The bytes that this histogram takes in Prometheus' memory. Query limits count a histogram as `(size + 8) / 16`
    /// samples, so the figure is part of behaviour; what it takes here is not asked.
    #[must_use]
    pub fn size(&self) -> usize {
        const STRUCT: usize = 168;
        let spans = self.positive_spans.len() + self.negative_spans.len();
        let numbers = self.positive_buckets.len() + self.negative_buckets.len() + self.custom_values.len();
        STRUCT + 8 * (spans + numbers)
    }

    pub(super) fn positive_mut(&mut self) -> SideMut<'_, f64> {
        SideMut { spans: &mut self.positive_spans, cells: &mut self.positive_buckets }
    }

    pub(super) fn negative_mut(&mut self) -> SideMut<'_, f64> {
        SideMut { spans: &mut self.negative_spans, cells: &mut self.negative_buckets }
    }
}

/// By hand for `clone_from`, which keeps the target's allocations: a window over histograms copies into the same one.
impl Clone for FloatHistogram {
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
