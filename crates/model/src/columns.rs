//! The samples of one series, as columns.
//!
//! This is what decoders fill, what the storage hands to the query engine and what an append batch is made of. A series is a
//! sequence of *runs*: floats, or histograms of one layout. A run is read as slices (timestamps, values, counts, sums,
//! row-major buckets), so range functions slide over plain arrays, and neither a virtual call nor an allocation is made for a
//! sample.
//!
//! # Memory
//!
//! All runs share the same few vectors, each a column; a run is a record of where it starts in them:
//!
//! ```text
//! times     t0 t1 t2 t3 t4 t5 t6 t7 t8        every row
//! starts    (none, or one for every row)      start timestamps; 0: unknown
//! values    v0 v1 v2          v6 v7 v8        the rows of float runs
//! floats             c3 c4 c5                 counts, zero counts, sums, hints, buckets of float histograms
//! integers                                    the same of integer histograms
//! runs      └floats  └histograms └floats
//! ```
//!
//! So [`clear`](Columns::clear) frees nothing, a decoder that uses the same `Columns` again does not allocate once they have
//! grown, and a time range is found by one search over all timestamps.
//!
//! Histograms keep the kind that they were written in: those of whole numbers are counted in `u64`, so that they can be
//! written back to the bit. [`HistogramRun`] reads either as [`FloatHistogram`](crate::FloatHistogram)s.

mod layout;
mod population;
mod run;
mod write;

use std::ops::{Range, RangeInclusive};

use crate::Span;

pub use layout::HistogramLayout;
pub use population::Population;
pub use run::{FloatRun, HistogramRow, HistogramRun, Run};
pub use write::{FloatsMut, HistogramsMut};

use population::{Kind, Numbers, Place, bytes};

/// The samples of one series.
///
/// ```
/// use promd_model::{Columns, FloatHistogram, Run, Span};
///
/// let mut columns = Columns::default();
/// columns.push_float(1_000, 1.5);
/// columns.push_float(2_000, 2.5);
/// let histogram = FloatHistogram {
///     count: 3.0,
///     positive_spans: vec![Span::new(0, 2)],
///     positive_buckets: vec![1.0, 2.0],
///     ..FloatHistogram::default()
/// };
/// columns.push_float_histogram(3_000, &histogram)?;
/// columns.push_float_histogram(4_000, &histogram)?;
///
/// assert_eq!(columns.times(), [1_000, 2_000, 3_000, 4_000]);
/// let mut runs = columns.runs_between(2_000..=9_000);
/// assert!(matches!(runs.next(), Some(Run::Floats(run)) if run.v == [2.5]));
/// assert!(matches!(runs.next(), Some(Run::FloatHistograms(run)) if run.buckets == [1.0, 2.0, 1.0, 2.0]));
/// # Ok::<(), promd_model::HistogramError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Columns {
    times: Vec<i64>,
    /// Empty while no row has a start timestamp, otherwise as long as `times`.
    starts: Vec<i64>,
    values: Vec<f64>,
    integers: Numbers<u64>,
    floats: Numbers<f64>,
    /// Of all layouts, one after the other.
    spans: Vec<Span>,
    /// Of all layouts, one after the other.
    bounds: Vec<f64>,
    runs: Vec<Head>,
}

/// Where a run starts. It ends where the next one starts.
#[derive(Debug, Clone, Copy)]
struct Head {
    row: usize,
    kind: Kind,
}

impl Columns {
    /// Empty columns. Nothing is allocated.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.starts.clear();
        self.values.clear();
        self.integers.clear();
        self.floats.clear();
        self.spans.clear();
        self.bounds.clear();
        self.runs.clear();
    }

    /// Removes all rows behind the first `rows`, as one does when a chunk turns out to be damaged.
    pub fn truncate(&mut self, rows: usize) {
        if rows >= self.len() {
            return;
        }
        while let Some(&Head { row, kind }) = self.runs.last() {
            // What stays of the last run that stays.
            let kept = rows.saturating_sub(row);
            match kind {
                Kind::Floats { value } => self.values.truncate(value + kept),
                Kind::Integers(place) => self.integers.truncate(place.skip(kept)),
                Kind::FloatHistograms(place) => self.floats.truncate(place.skip(kept)),
            }
            if kept > 0 {
                break;
            }
            self.runs.pop();
        }
        self.times.truncate(rows);
        self.starts.truncate(rows);
    }

    /// The number of rows, which are the samples of all runs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The timestamps of all rows, in milliseconds.
    #[must_use]
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// The memory that the columns hold on to, used or not: what a ledger is charged.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        bytes(&self.times)
            + bytes(&self.starts)
            + bytes(&self.values)
            + self.integers.heap_bytes()
            + self.floats.heap_bytes()
            + bytes(&self.spans)
            + bytes(&self.bounds)
            + bytes(&self.runs)
    }

    /// All runs. None of them is empty.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = Run<'_>> + Clone {
        self.runs_of(0..self.len())
    }

    /// The runs with timestamps in a range, cut to it. The timestamps must ascend, which decoders see to; otherwise the
    /// rows are some of those in `self`.
    pub fn runs_between(&self, times: RangeInclusive<i64>) -> impl DoubleEndedIterator<Item = Run<'_>> + Clone {
        self.runs_of(self.rows_between(times))
    }

    /// The rows with timestamps in a range, if the timestamps ascend.
    #[must_use]
    pub fn rows_between(&self, times: RangeInclusive<i64>) -> Range<usize> {
        let first = self.times.partition_point(|t| t < times.start());
        let end = self.times.partition_point(|t| t <= times.end());
        first..end.max(first)
    }

    /// The runs of some rows, cut to them. Rows that there are not are left out.
    pub fn runs_of(&self, rows: Range<usize>) -> impl DoubleEndedIterator<Item = Run<'_>> + Clone {
        let rows = rows.start.min(self.len())..rows.end.min(self.len());
        let first = self.runs.partition_point(|head| head.row <= rows.start).saturating_sub(1);
        let end = self.runs.partition_point(|head| head.row < rows.end).max(first);
        (first..end).filter_map(move |number| {
            let whole = self.rows_of(number);
            let cut = rows.start.max(whole.start)..rows.end.min(whole.end);
            (!cut.is_empty()).then(|| self.run(number, cut))
        })
    }

    /// The columns as floats, if they hold nothing else.
    #[must_use]
    pub fn as_floats(&self) -> Option<FloatRun<'_>> {
        (self.values.len() == self.times.len()).then(|| FloatRun {
            t: &self.times,
            v: &self.values,
            start: (!self.starts.is_empty()).then_some(&self.starts),
        })
    }

    fn rows_of(&self, number: usize) -> Range<usize> {
        let end = self.runs.get(number + 1).map_or(self.len(), |next| next.row);
        self.runs[number].row..end
    }

    /// The given rows of a run that they belong to.
    fn run(&self, number: usize, rows: Range<usize>) -> Run<'_> {
        let Head { row, kind } = self.runs[number];
        let before = rows.start - row;
        match kind {
            Kind::Floats { value } => Run::Floats(FloatRun {
                v: &self.values[value + before..][..rows.len()],
                start: self.starts.get(rows.clone()),
                t: &self.times[rows],
            }),
            Kind::Integers(place) => Run::Histograms(self.histograms(&self.integers, place.skip(before), rows)),
            Kind::FloatHistograms(place) => {
                Run::FloatHistograms(self.histograms(&self.floats, place.skip(before), rows))
            }
        }
    }

    fn histograms<'a, C>(&'a self, numbers: &'a Numbers<C>, place: Place, rows: Range<usize>) -> HistogramRun<'a, C> {
        let histograms = place.histogram..place.histogram + rows.len();
        HistogramRun {
            layout: place.layout.borrow(&self.spans, &self.bounds),
            start: self.starts.get(rows.clone()),
            t: &self.times[rows],
            counts: &numbers.counts[histograms.clone()],
            zero_counts: &numbers.zero_counts[histograms.clone()],
            sums: &numbers.sums[histograms.clone()],
            hints: &numbers.hints[histograms.clone()],
            buckets: &numbers.buckets[place.bucket..][..histograms.len() * place.layout.width()],
        }
    }
}
