//! Writing: rows are appended to the last run, or open another.

use super::layout::Layout;
use super::population::{Kind, Numbers, Place};
use super::{Columns, Head, HistogramLayout, HistogramRow, HistogramRun, Population, Run};
use crate::histogram::{BucketsPart, FloatHistogram, Histogram, HistogramError};
use crate::{CounterResetHint, is_stale};

/// Appends floats. See [`Columns::floats_mut`].
#[derive(Debug)]
pub struct FloatsMut<'a> {
    columns: &'a mut Columns,
    /// The first row that this may change.
    first: usize,
}

/// Appends histograms of one layout. See [`Columns::begin_histogram_run`].
#[derive(Debug)]
pub struct HistogramsMut<'a, C: Population> {
    columns: &'a mut Columns,
    layout: Layout,
    kind: std::marker::PhantomData<C>,
}

impl Columns {
    /// Appends a float.
    pub fn push_float(&mut self, t: i64, v: f64) {
        self.open_floats();
        self.push_time(t, 0);
        self.values.push(v);
    }

    /// Appends a float with its start timestamp.
    pub fn push_float_with_start(&mut self, t: i64, v: f64, start: i64) {
        self.open_floats();
        self.push_time(t, start);
        self.values.push(v);
    }

    /// Appends floats many at a time, with room for `reserve` of them made at once.
    ///
    /// ```
    /// let mut columns = promd_model::Columns::new();
    /// let mut floats = columns.floats_mut(3);
    /// floats.push(1_000, 0.5);
    /// let (t, v) = floats.rows_mut(2);
    /// t.copy_from_slice(&[2_000, 3_000]);
    /// v.copy_from_slice(&[1.5, 2.5]);
    /// assert_eq!(columns.as_floats().map(|run| run.v), Some(&[0.5, 1.5, 2.5][..]));
    /// ```
    pub fn floats_mut(&mut self, reserve: usize) -> FloatsMut<'_> {
        self.open_floats();
        self.times.reserve(reserve);
        self.values.reserve(reserve);
        let first = self.len();
        FloatsMut { columns: self, first }
    }

    /// Appends histograms of whole numbers (`u64`) or floats (`f64`) that share a layout.
    ///
    /// ```
    /// use promd_model::{Columns, HistogramLayout, HistogramRow, Run, Span};
    ///
    /// let mut columns = Columns::new();
    /// let spans = [Span::new(0, 2)];
    /// let mut run = columns.begin_histogram_run::<u64>(HistogramLayout { positive_spans: &spans, ..Default::default() });
    /// run.push(&HistogramRow { t: 1_000, count: 3, sum: 4.5, positive: &[1, 2], ..Default::default() })?;
    /// run.push(&HistogramRow { t: 2_000, count: 4, sum: 5.5, positive: &[1, 3], ..Default::default() })?;
    ///
    /// let Some(Run::Histograms(run)) = columns.runs().next() else { panic!() };
    /// assert_eq!(run.counts, [3, 4]);
    /// assert_eq!(run.histogram(1).positive_buckets, [1, 2]);
    /// # Ok::<(), promd_model::HistogramError>(())
    /// ```
    pub fn begin_histogram_run<C: Population>(&mut self, layout: HistogramLayout<'_>) -> HistogramsMut<'_, C> {
        let layout = self.open_histograms::<C>(&layout);
        HistogramsMut { columns: self, layout, kind: std::marker::PhantomData }
    }

    /// Appends a histogram.
    ///
    /// # Errors
    ///
    /// [`HistogramError::SpansBucketsMismatch`] if the spans claim another number of buckets than there are; nothing is
    /// appended then.
    pub fn push_histogram(&mut self, t: i64, histogram: &Histogram) -> Result<(), HistogramError> {
        if is_stale(histogram.sum) && self.push_stale::<u64>(t, histogram.sum) {
            return Ok(());
        }
        let (positive, negative) = (&histogram.positive_buckets, &histogram.negative_buckets);
        let mut run = self.begin_histogram_run::<u64>(histogram.into());
        run.check(positive.len(), negative.len())?;
        run.push_head(t, 0, histogram.counter_reset_hint, histogram.count, histogram.zero_count, histogram.sum);
        let buckets = &mut run.columns.integers.buckets;
        for deltas in [positive, negative] {
            let mut count = 0i64;
            buckets.extend(deltas.iter().map(|delta| {
                count = count.wrapping_add(*delta);
                count.cast_unsigned()
            }));
        }
        Ok(())
    }

    /// Appends a histogram.
    ///
    /// # Errors
    ///
    /// As for [`push_histogram`](Self::push_histogram).
    pub fn push_float_histogram(&mut self, t: i64, histogram: &FloatHistogram) -> Result<(), HistogramError> {
        if is_stale(histogram.sum) && self.push_stale::<f64>(t, histogram.sum) {
            return Ok(());
        }
        self.begin_histogram_run::<f64>(histogram.into()).push(&HistogramRow {
            t,
            start: 0,
            counter_reset_hint: histogram.counter_reset_hint,
            count: histogram.count,
            zero_count: histogram.zero_count,
            sum: histogram.sum,
            positive: &histogram.positive_buckets,
            negative: &histogram.negative_buckets,
        })
    }

    /// Appends the rows of a run of other columns, as a merge does.
    pub fn push_run(&mut self, run: &Run<'_>) {
        match run {
            Run::Floats(run) => {
                self.open_floats();
                self.push_times(run.t, run.start);
                self.values.extend_from_slice(run.v);
            }
            Run::Histograms(run) => self.push_histograms(run),
            Run::FloatHistograms(run) => self.push_histograms(run),
        }
    }

    fn push_histograms<C: Population>(&mut self, run: &HistogramRun<'_, C>) {
        self.open_histograms::<C>(&run.layout);
        self.push_times(run.t, run.start);
        let numbers = C::numbers(self);
        numbers.counts.extend_from_slice(run.counts);
        numbers.zero_counts.extend_from_slice(run.zero_counts);
        numbers.sums.extend_from_slice(run.sums);
        numbers.hints.extend_from_slice(run.hints);
        numbers.buckets.extend_from_slice(run.buckets);
    }

    /// Appends a stale marker to a run of histograms, whose layout it has no use for. The run must have a row already: a
    /// layout that no row has met may claim any number of buckets.
    fn push_stale<C: Population>(&mut self, t: i64, sum: f64) -> bool {
        let rows = self.len();
        let populated = self.runs.last().filter(|head| head.row < rows);
        let Some(place) = populated.and_then(|head| C::place(&head.kind)) else { return false };
        let mut run = HistogramsMut::<C> { columns: self, layout: place.layout, kind: std::marker::PhantomData };
        run.push_head(t, 0, CounterResetHint::Unknown, C::default(), C::default(), sum);
        let buckets = &mut C::numbers(run.columns).buckets;
        buckets.resize(buckets.len() + place.layout.width(), C::default());
        true
    }

    /// Makes the last run one of floats.
    fn open_floats(&mut self) {
        if !matches!(self.runs.last(), Some(Head { kind: Kind::Floats { .. }, .. })) {
            self.open(Kind::Floats { value: self.values.len() });
        }
    }

    /// Makes the last run one of this kind and layout.
    fn open_histograms<C: Population>(&mut self, layout: &HistogramLayout<'_>) -> Layout {
        if let Some(place) = self.runs.last().and_then(|head| C::place(&head.kind))
            && place.layout.borrow(&self.spans, &self.bounds).is_same(layout)
        {
            return place.layout;
        }
        let layout = Layout::store(layout, &mut self.spans, &mut self.bounds);
        let numbers = C::numbers(self);
        let place = Place { layout, histogram: numbers.counts.len(), bucket: numbers.buckets.len() };
        self.open(C::kind(place));
        layout
    }

    /// Opens a run in the place of the last one if that is empty.
    fn open(&mut self, kind: Kind) {
        let row = self.len();
        self.runs.pop_if(|head| head.row == row);
        self.runs.push(Head { row, kind });
    }

    #[inline]
    fn push_time(&mut self, t: i64, start: i64) {
        if start != 0 || !self.starts.is_empty() {
            self.starts.resize(self.times.len(), 0);
            self.starts.push(start);
        }
        self.times.push(t);
    }

    fn push_times(&mut self, t: &[i64], start: Option<&[i64]>) {
        if start.is_some() || !self.starts.is_empty() {
            self.starts.resize(self.times.len(), 0);
            self.starts.extend_from_slice(start.unwrap_or_default());
            self.starts.resize(self.times.len() + t.len(), 0);
        }
        self.times.extend_from_slice(t);
    }
}

impl FloatsMut<'_> {
    /// Appends a float.
    #[inline]
    pub fn push(&mut self, t: i64, v: f64) {
        self.push_with_start(t, v, 0);
    }

    /// Appends a float with its start timestamp.
    #[inline]
    pub fn push_with_start(&mut self, t: i64, v: f64, start: i64) {
        // The run has been open since `floats_mut`.
        self.columns.push_time(t, start);
        self.columns.values.push(v);
    }

    /// Appends `rows` rows of zeros and gives their timestamps and values to be written over: the way to fill columns without
    /// a check for each sample.
    pub fn rows_mut(&mut self, rows: usize) -> (&mut [i64], &mut [f64]) {
        let columns = &mut *self.columns;
        let (row, value) = (columns.times.len(), columns.values.len());
        columns.times.resize(row + rows, 0);
        columns.values.resize(value + rows, 0.0);
        if !columns.starts.is_empty() {
            columns.starts.resize(row + rows, 0);
        }
        (&mut columns.times[row..], &mut columns.values[value..])
    }

    /// Keeps the first `rows` of the rows appended here: the others could not be decoded.
    pub fn truncate(&mut self, rows: usize) {
        let columns = &mut *self.columns;
        let surplus = columns.times.len().saturating_sub(self.first.saturating_add(rows));
        columns.times.truncate(columns.times.len() - surplus);
        columns.values.truncate(columns.values.len() - surplus);
        columns.starts.truncate(columns.times.len());
    }

    /// How many rows have been appended here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len() - self.first
    }

    /// Whether nothing has been appended here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<C: Population> HistogramsMut<'_, C> {
    /// Makes room for more rows. What spans claim is not reserved: only rows that exist bring buckets.
    pub fn reserve(&mut self, rows: usize) {
        self.columns.times.reserve(rows);
        let numbers = C::numbers(self.columns);
        numbers.counts.reserve(rows);
        numbers.zero_counts.reserve(rows);
        numbers.sums.reserve(rows);
        numbers.hints.reserve(rows);
    }

    /// Appends a row.
    ///
    /// # Errors
    ///
    /// [`HistogramError::SpansBucketsMismatch`] if the row has another number of buckets than the layout; nothing is
    /// appended then.
    pub fn push(&mut self, row: &HistogramRow<'_, C>) -> Result<(), HistogramError> {
        self.check(row.positive.len(), row.negative.len())?;
        self.push_head(row.t, row.start, row.counter_reset_hint, row.count, row.zero_count, row.sum);
        let buckets = &mut C::numbers(self.columns).buckets;
        buckets.extend_from_slice(row.positive);
        buckets.extend_from_slice(row.negative);
        Ok(())
    }

    fn check(&self, positive: usize, negative: usize) -> Result<(), HistogramError> {
        let positive = (BucketsPart::Positive, self.layout.positive_width(), positive);
        let negative = (BucketsPart::Negative, self.layout.negative_width(), negative);
        match [positive, negative].into_iter().find(|(_, needed, have)| needed != have) {
            Some((part, needed, have)) => {
                Err(HistogramError::SpansBucketsMismatch { part, needed: needed as u64, have })
            }
            None => Ok(()),
        }
    }

    fn push_head(&mut self, t: i64, start: i64, hint: CounterResetHint, count: C, zero_count: C, sum: f64) {
        self.columns.push_time(t, start);
        let numbers: &mut Numbers<C> = C::numbers(self.columns);
        numbers.counts.push(count);
        numbers.zero_counts.push(zero_count);
        numbers.sums.push(sum);
        numbers.hints.push(hint);
    }
}
