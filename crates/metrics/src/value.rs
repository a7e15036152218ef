//! What a metric holds at the moment of collection: borrowed views that a writer turns into a format.
//!
//! The types can say all that `io.prometheus.client.MetricFamily` can, float histograms and timestamps of samples
//! included, so that a federation endpoint can use the same writers as `/metrics`.

use std::time::SystemTime;

use crate::desc::MetricType;
use crate::exemplar::Exemplar;

/// One metric of a family: its labels and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The labels, sorted by name, each name once; without the metric's name.
    pub labels: &'a [(&'a str, &'a str)],
    /// When the value held, in milliseconds since the Unix epoch. `None`, which is usual, means the time of the scrape.
    pub timestamp_ms: Option<i64>,
    /// What it holds. The variant fits the family's [`MetricType`].
    pub value: Value<'a>,
}

impl<'a> Sample<'a> {
    /// A sample of the time of the scrape.
    pub fn new(labels: &'a [(&'a str, &'a str)], value: Value<'a>) -> Sample<'a> {
        Sample { labels, timestamp_ms: None, value }
    }
}

/// What a metric holds.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Of a counter.
    Counter(CounterValue<'a>),
    /// Of a gauge.
    Gauge(f64),
    /// Of a metric without a type.
    Untyped(f64),
    /// Of a histogram: classic buckets, native ones, or both.
    Histogram(HistogramValue<'a>),
    /// Of a summary.
    Summary(SummaryValue<'a>),
}

impl Value<'_> {
    /// What type of family it fits.
    pub fn metric_type(&self) -> MetricType {
        match self {
            Value::Counter(_) => MetricType::Counter,
            Value::Gauge(_) => MetricType::Gauge,
            Value::Untyped(_) => MetricType::Untyped,
            Value::Histogram(_) => MetricType::Histogram,
            Value::Summary(_) => MetricType::Summary,
        }
    }

    /// A counter's value without a created timestamp and without an exemplar.
    pub fn counter(value: f64) -> Value<'static> {
        Value::Counter(CounterValue { value, created: None, exemplar: None })
    }
}

/// What a counter holds.
#[derive(Debug, Clone, Copy)]
pub struct CounterValue<'a> {
    /// The sum so far.
    pub value: f64,
    /// When it was zero.
    pub created: Option<SystemTime>,
    /// An example of what was counted.
    pub exemplar: Option<&'a Exemplar>,
}

/// What a histogram holds.
///
/// A histogram is *classic* if it has `buckets`, *native* if it has `native`, and may be both. One without either is
/// classic with the `+Inf` bucket alone.
#[derive(Debug, Clone, Copy)]
pub struct HistogramValue<'a> {
    /// How many observations: also the value of the classic `+Inf` bucket.
    pub count: Count,
    /// The sum of all observations.
    pub sum: f64,
    /// When it was empty.
    pub created: Option<SystemTime>,
    /// The classic buckets by ascending bound, without `+Inf`.
    pub buckets: &'a [Bucket],
    /// The exemplar of the classic `+Inf` bucket.
    pub infinity_exemplar: Option<&'a Exemplar>,
    /// The native side.
    pub native: Option<NativeValue<'a>>,
}

/// A number of observations: whole where they were counted, a float where PromQL computed the histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Count {
    /// Counted.
    Integer(u64),
    /// Computed.
    Float(f64),
}

impl Count {
    /// The count as a float, which is exact below 2^53.
    pub fn as_f64(self) -> f64 {
        match self {
            Count::Integer(count) => count as f64,
            Count::Float(count) => count,
        }
    }
}

/// A classic bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The upper bound, inclusive: the label `le`.
    pub upper_bound: f64,
    /// How many observations are at or below the bound.
    pub cumulative_count: Count,
    /// An observation that fell into this bucket (and not into the one before).
    pub exemplar: Option<Exemplar>,
}

/// The native side of a histogram: exponential buckets. Bucket `i` of schema `n` holds what is in
/// `(2^((i-1)/2^n), 2^(i/2^n)]`.
#[derive(Debug, Clone, Copy)]
pub struct NativeValue<'a> {
    /// The resolution, -4 (coarse) to 8 (fine).
    pub schema: i32,
    /// The zero bucket holds observations whose absolute value is at most this.
    pub zero_threshold: f64,
    /// How many observations the zero bucket holds.
    pub zero_count: Count,
    /// Buckets of observations above the zero bucket.
    pub positive: NativeBuckets<'a>,
    /// Buckets of observations below it, by absolute value.
    pub negative: NativeBuckets<'a>,
    /// Examples, by ascending value.
    pub exemplars: &'a [Exemplar],
}

impl NativeValue<'_> {
    /// Whether nothing tells a parser that this is a native histogram: empty, with a zero threshold of zero. A protobuf
    /// writer then adds a span of offset 0 and length 0, as client_golang does.
    pub fn needs_marker_span(&self) -> bool {
        self.zero_threshold == 0.0
            && self.zero_count.as_f64() == 0.0
            && self.positive.spans.is_empty()
            && self.negative.spans.is_empty()
    }
}

/// Native buckets of one sign.
#[derive(Debug, Clone, Copy, Default)]
pub struct NativeBuckets<'a> {
    /// Which buckets are there.
    pub spans: &'a [Span],
    /// What they hold, as many as the spans' lengths add up to.
    pub counts: NativeCounts<'a>,
}

/// A run of consecutive native buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The index of the run's first bucket, for the first span; the gap to the span before, for the others.
    pub offset: i32,
    /// How many buckets.
    pub length: u32,
}

/// What native buckets hold.
#[derive(Debug, Clone, Copy)]
pub enum NativeCounts<'a> {
    /// The first bucket's count, then each one's difference from the one before.
    Deltas(&'a [i64]),
    /// Each bucket's count: in histograms that PromQL computed.
    Absolute(&'a [f64]),
}

impl Default for NativeCounts<'_> {
    fn default() -> Self {
        NativeCounts::Deltas(&[])
    }
}

/// What a summary holds.
#[derive(Debug, Clone, Copy)]
pub struct SummaryValue<'a> {
    /// How many observations, ever.
    pub count: u64,
    /// The sum of all observations, ever.
    pub sum: f64,
    /// When it was empty.
    pub created: Option<SystemTime>,
    /// The quantiles of the recent observations, by ascending rank.
    pub quantiles: &'a [Quantile],
}

/// A quantile of a summary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The rank, 0 to 1: the label `quantile`.
    pub rank: f64,
    /// The observation at that rank; NaN if there was none within the summary's age.
    pub value: f64,
}
