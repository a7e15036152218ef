//! Samples on their way in.

use promd_model::{
    Columns, Exemplar, FloatHistogram, Histogram, HistogramError, HistogramLayout, HistogramRow, Metadata,
};

use crate::SeriesRef;

/// Samples of many series, as columns: row `n` of [`columns`](Self::columns) belongs to series `n` of
/// [`series`](Self::series). A scrape fills one and uses it again.
///
/// The timestamps of a batch are in the order in which the samples were put in, whatever they are.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    series: Vec<SeriesRef>,
    columns: Columns,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(SeriesRef, Metadata)>,
    in_order_only: bool,
}

impl Batch {
    /// An empty batch. Nothing is allocated.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a float.
    #[inline]
    pub fn float(&mut self, series: SeriesRef, t: i64, v: f64) {
        self.series.push(series);
        self.columns.push_float(t, v);
    }

    /// Adds a float of a counter that counts from `start` (0: not known).
    #[inline]
    pub fn float_with_start(&mut self, series: SeriesRef, t: i64, v: f64, start: i64) {
        self.series.push(series);
        if start == 0 {
            self.columns.push_float(t, v);
        } else {
            self.columns.push_float_with_start(t, v, start);
        }
    }

    /// Adds a histogram of whole numbers.
    ///
    /// # Errors
    ///
    /// If the histogram contradicts itself. The batch is as it was.
    pub fn histogram(&mut self, series: SeriesRef, t: i64, histogram: &Histogram) -> Result<(), HistogramError> {
        self.columns.push_histogram(t, histogram)?;
        self.series.push(series);
        Ok(())
    }

    /// Adds a histogram of floats.
    ///
    /// # Errors
    ///
    /// If the histogram contradicts itself. The batch is as it was.
    pub fn float_histogram(
        &mut self,
        series: SeriesRef,
        t: i64,
        histogram: &FloatHistogram,
    ) -> Result<(), HistogramError> {
        self.columns.push_float_histogram(t, histogram)?;
        self.series.push(series);
        Ok(())
    }

    /// Adds a histogram of floats that counts from `start` (0: not known).
    ///
    /// # Errors
    ///
    /// If the histogram contradicts itself. The batch is as it was.
    pub fn float_histogram_with_start(
        &mut self,
        series: SeriesRef,
        t: i64,
        histogram: &FloatHistogram,
        start: i64,
    ) -> Result<(), HistogramError> {
        if start == 0 {
            return self.float_histogram(series, t, histogram);
        }
        let row = HistogramRow {
            t,
            start,
            counter_reset_hint: histogram.counter_reset_hint,
            count: histogram.count,
            zero_count: histogram.zero_count,
            sum: histogram.sum,
            positive: &histogram.positive_buckets,
            negative: &histogram.negative_buckets,
        };
        self.columns.begin_histogram_run(HistogramLayout::from(histogram)).push(&row)?;
        self.series.push(series);
        Ok(())
    }

    /// Adds an exemplar. A store that has no room for it, or knows it, drops it without a word.
    pub fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) {
        self.exemplars.push((series, exemplar));
    }

    /// Adds what is known of the metric that a series belongs to.
    pub fn metadata(&mut self, series: SeriesRef, metadata: Metadata) {
        self.metadata.push((series, metadata));
    }

    /// Says that samples which are older than the newest of their series are refused even where the store has a window for
    /// them: stale markers that may come too late.
    pub fn set_in_order_only(&mut self, in_order_only: bool) {
        self.in_order_only = in_order_only;
    }

    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.in_order_only = false;
        self.series.clear();
        self.columns.clear();
        self.exemplars.clear();
        self.metadata.clear();
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is nothing in it, not even an exemplar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty() && self.exemplars.is_empty() && self.metadata.is_empty()
    }

    /// Whether samples are refused that are older than the newest of their series, whatever the window of the store.
    #[must_use]
    pub fn in_order_only(&self) -> bool {
        self.in_order_only
    }

    /// The series of each row.
    #[must_use]
    pub fn series(&self) -> &[SeriesRef] {
        &self.series
    }

    /// The samples.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The exemplars.
    #[must_use]
    pub fn exemplars(&self) -> &[(SeriesRef, Exemplar)] {
        &self.exemplars
    }

    /// What is known of metrics.
    #[must_use]
    pub fn metadatas(&self) -> &[(SeriesRef, Metadata)] {
        &self.metadata
    }

    /// The memory that it holds on to, without what exemplars and metadata point to.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.columns.heap_bytes() + self.series.capacity() * size_of::<SeriesRef>()
    }
}
