//! Sums of many histograms that keep what rounding loses.

use super::arith::{Combined, PartsMut};
use super::side::SideMut;
use super::{CounterResetHint, FloatHistogram, HistogramError, Span};
use crate::KahanSum;

/// A histogram in which every number is a [`KahanSum`]: what `sum`, `avg`, `sum_over_time` and `avg_over_time` add up in.
///
/// ```
/// use promd_model::{FloatHistogram, HistogramSum};
///
/// let huge = FloatHistogram { count: 1e100, ..FloatHistogram::default() };
/// let one = FloatHistogram { count: 1.0, ..FloatHistogram::default() };
/// let mut sum = HistogramSum::new(&huge);
/// sum.add(&one)?;
/// sum.add(&FloatHistogram { count: -1e100, ..FloatHistogram::default() })?;
/// assert_eq!(sum.into_value().count, 1.0);
/// # Ok::<(), promd_model::HistogramError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSum {
    /// What is known about counter resets.
    pub counter_reset_hint: CounterResetHint,
    schema: i32,
    zero_threshold: f64,
    zero_count: KahanSum,
    count: KahanSum,
    sum: KahanSum,
    positive_spans: Vec<Span>,
    negative_spans: Vec<Span>,
    positive_buckets: Vec<KahanSum>,
    negative_buckets: Vec<KahanSum>,
    custom_values: Vec<f64>,
}

impl HistogramSum {
    /// The sum of one histogram.
    #[must_use]
    pub fn new(first: &FloatHistogram) -> Self {
        let cells = |buckets: &[f64]| buckets.iter().copied().map(KahanSum::new).collect();
        Self {
            counter_reset_hint: first.counter_reset_hint,
            schema: first.schema,
            zero_threshold: first.zero_threshold,
            zero_count: KahanSum::new(first.zero_count),
            count: KahanSum::new(first.count),
            sum: KahanSum::new(first.sum),
            positive_spans: first.positive_spans.clone(),
            negative_spans: first.negative_spans.clone(),
            positive_buckets: cells(&first.positive_buckets),
            negative_buckets: cells(&first.negative_buckets),
            custom_values: first.custom_values.clone(),
        }
    }

    /// Adds a histogram, as [`FloatHistogram::add`] does.
    ///
    /// # Errors
    ///
    /// [`HistogramError::IncompatibleSchemas`] if only one of the two has custom bounds; nothing is changed then.
    pub fn add(&mut self, other: &FloatHistogram) -> Result<Combined, HistogramError> {
        let parts = PartsMut {
            counter_reset_hint: &mut self.counter_reset_hint,
            schema: &mut self.schema,
            zero_threshold: &mut self.zero_threshold,
            zero_count: &mut self.zero_count,
            count: &mut self.count,
            sum: &mut self.sum,
            positive: SideMut { spans: &mut self.positive_spans, cells: &mut self.positive_buckets },
            negative: SideMut { spans: &mut self.negative_spans, cells: &mut self.negative_buckets },
            custom_values: &mut self.custom_values,
        };
        parts.combine(other, 1.0)
    }

    /// Multiplies everything by `factor`, as the steps of an incremental mean need it.
    pub fn mul(&mut self, factor: f64) {
        self.scale(|number| number * factor);
    }

    /// Divides everything by `divisor`, which must not be 0.
    pub fn div(&mut self, divisor: f64) {
        self.scale(|number| number / divisor);
    }

    fn scale(&mut self, scaled: impl Fn(f64) -> f64) {
        for cell in self.cells_mut() {
            cell.sum = scaled(cell.sum);
            cell.compensation = scaled(cell.compensation);
        }
    }

    fn cells_mut(&mut self) -> impl Iterator<Item = &mut KahanSum> {
        [&mut self.zero_count, &mut self.count, &mut self.sum]
            .into_iter()
            .chain(&mut self.positive_buckets)
            .chain(&mut self.negative_buckets)
    }

    /// Whether a number has become infinite: a mean must then be calculated from divided histograms.
    #[must_use]
    pub fn has_overflow(&self) -> bool {
        [&self.zero_count, &self.count, &self.sum]
            .into_iter()
            .chain(&self.positive_buckets)
            .chain(&self.negative_buckets)
            .any(|cell| cell.sum.is_infinite())
    }

    /// The histogram with all compensation added. It is not compacted.
    #[must_use]
    pub fn into_value(self) -> FloatHistogram {
        let values = |cells: &[KahanSum]| cells.iter().map(|cell| cell.value()).collect();
        FloatHistogram {
            counter_reset_hint: self.counter_reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count.value(),
            count: self.count.value(),
            sum: self.sum.value(),
            positive_buckets: values(&self.positive_buckets),
            negative_buckets: values(&self.negative_buckets),
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            custom_values: self.custom_values,
        }
    }
}
