//! Reading: a run as slices, and its rows as histograms.

use std::ops::Range;

use super::HistogramLayout;
use super::Population;
use crate::histogram::{FloatHistogram, Histogram, redo_deltas};
use crate::{CounterResetHint, is_stale};

/// Rows of one kind that follow each other.
#[derive(Debug, Clone, Copy)]
pub enum Run<'a> {
    /// Floats.
    Floats(FloatRun<'a>),
    /// Histograms of whole numbers.
    Histograms(HistogramRun<'a, u64>),
    /// Histograms of floats.
    FloatHistograms(HistogramRun<'a, f64>),
}

impl<'a> Run<'a> {
    /// The timestamps, in milliseconds.
    #[must_use]
    pub fn times(&self) -> &'a [i64] {
        match self {
            Self::Floats(run) => run.t,
            Self::Histograms(run) => run.t,
            Self::FloatHistograms(run) => run.t,
        }
    }
}

/// Floats that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct FloatRun<'a> {
    /// The timestamps, in milliseconds.
    pub t: &'a [i64],
    /// The values, one for each timestamp.
    pub v: &'a [f64],
    /// The start timestamps, one for each timestamp, if there are any; 0 is an unknown one.
    pub start: Option<&'a [i64]>,
}

impl FloatRun<'_> {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }
}

/// Histograms of one layout that follow each other. All slices but `buckets` have one element for each row.
#[derive(Debug, Clone, Copy)]
pub struct HistogramRun<'a, C> {
    /// What the histograms have in common.
    pub layout: HistogramLayout<'a>,
    /// The timestamps, in milliseconds.
    pub t: &'a [i64],
    /// The start timestamps, if there are any; 0 is an unknown one.
    pub start: Option<&'a [i64]>,
    /// What is known about counter resets.
    pub hints: &'a [CounterResetHint],
    /// All observations.
    pub counts: &'a [C],
    /// Observations in the zero bucket.
    pub zero_counts: &'a [C],
    /// The sums of all observations. The stale marker makes a row one, whatever else stands in it.
    pub sums: &'a [f64],
    /// Row after row the absolute counts of the positive buckets, then those of the negative ones.
    pub buckets: &'a [C],
}

/// One histogram of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HistogramRow<'a, C> {
    /// The timestamp, in milliseconds.
    pub t: i64,
    /// The start timestamp; 0 is an unknown one.
    pub start: i64,
    /// What is known about a counter reset before this histogram.
    pub counter_reset_hint: CounterResetHint,
    /// All observations.
    pub count: C,
    /// Observations in the zero bucket.
    pub zero_count: C,
    /// The sum of all observations.
    pub sum: f64,
    /// Absolute counts, one for each bucket of the positive spans.
    pub positive: &'a [C],
    /// Absolute counts, one for each bucket of the negative spans.
    pub negative: &'a [C],
}

impl<'a, C: Population> HistogramRun<'a, C> {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    /// A row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> HistogramRow<'a, C> {
        let positive_width = self.layout.positive_width();
        let width = positive_width + self.layout.negative_width();
        let (positive, negative) = self.buckets[row * width..][..width].split_at(positive_width);
        HistogramRow {
            t: self.t[row],
            start: self.start.map_or(0, |start| start[row]),
            counter_reset_hint: self.hints[row],
            count: self.counts[row],
            zero_count: self.zero_counts[row],
            sum: self.sums[row],
            positive,
            negative,
        }
    }

    /// All rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = HistogramRow<'a, C>> + DoubleEndedIterator + '_ {
        (0..self.len()).map(|row| self.row(row))
    }

    /// Some of the rows.
    ///
    /// # Panics
    ///
    /// If there are no such rows.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let width = self.layout.positive_width() + self.layout.negative_width();
        Self {
            layout: self.layout,
            buckets: &self.buckets[rows.start * width..rows.end * width],
            t: &self.t[rows.clone()],
            start: self.start.map(|start| &start[rows.clone()]),
            hints: &self.hints[rows.clone()],
            counts: &self.counts[rows.clone()],
            zero_counts: &self.zero_counts[rows.clone()],
            sums: &self.sums[rows],
        }
    }

    /// A row as a histogram of floats.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn float_histogram(&self, row: usize) -> FloatHistogram {
        let mut histogram = FloatHistogram::default();
        self.float_histogram_into(row, &mut histogram);
        histogram
    }

    /// As [`float_histogram`](Self::float_histogram), into a histogram whose memory is used again.
    ///
    /// A stale marker has a sum and nothing else, as when Prometheus reads one.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn float_histogram_into(&self, row: usize, histogram: &mut FloatHistogram) {
        let HistogramRow { counter_reset_hint, count, zero_count, sum, positive, negative, .. } = self.row(row);
        let stale = is_stale(sum);
        let layout = if stale { HistogramLayout::default() } else { self.layout };
        let (positive, negative): (&[C], &[C]) = if stale { (&[], &[]) } else { (positive, negative) };
        histogram.counter_reset_hint = if stale { CounterResetHint::Unknown } else { counter_reset_hint };
        histogram.schema = layout.schema;
        histogram.zero_threshold = layout.zero_threshold;
        histogram.zero_count = if stale { 0.0 } else { zero_count.to_float() };
        histogram.count = if stale { 0.0 } else { count.to_float() };
        histogram.sum = sum;
        copy_into(layout.positive_spans, &mut histogram.positive_spans);
        copy_into(layout.negative_spans, &mut histogram.negative_spans);
        copy_into(layout.custom_values, &mut histogram.custom_values);
        histogram.positive_buckets.clear();
        histogram.positive_buckets.extend(positive.iter().map(|count| count.to_float()));
        histogram.negative_buckets.clear();
        histogram.negative_buckets.extend(negative.iter().map(|count| count.to_float()));
    }
}

impl HistogramRun<'_, u64> {
    /// A row as a histogram of whole numbers. A stale marker has a sum and nothing else.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn histogram(&self, row: usize) -> Histogram {
        let HistogramRow { counter_reset_hint, count, zero_count, sum, positive, negative, .. } = self.row(row);
        if is_stale(sum) {
            return Histogram { sum, ..Histogram::default() };
        }
        let deltas = |counts: &[u64]| {
            let mut buckets: Vec<i64> = counts.iter().map(|count| count.cast_signed()).collect();
            redo_deltas(&mut buckets);
            buckets
        };
        Histogram {
            counter_reset_hint,
            schema: self.layout.schema,
            zero_threshold: self.layout.zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans: self.layout.positive_spans.to_vec(),
            negative_spans: self.layout.negative_spans.to_vec(),
            positive_buckets: deltas(positive),
            negative_buckets: deltas(negative),
            custom_values: self.layout.custom_values.to_vec(),
        }
    }
}

fn copy_into<T: Copy>(from: &[T], to: &mut Vec<T>) {
    to.clear();
    to.extend_from_slice(from);
}
