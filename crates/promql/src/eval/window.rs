//! The samples of one series, and the windows over them.

use promd_model::{Columns, CounterResetHint, FloatHistogram, Run, is_stale};
use promd_promql_parser::ast::RangeMode;

use super::statistics;
use crate::column::{Column, Point, weight};
use crate::functions::is_start_reset;
use crate::steps::Steps;

/// The samples of one series without stale markers, floats and histograms apart, as range functions want them. The
/// memory is used again for the next series.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) t: Vec<i64>,
    pub(crate) v: Vec<f64>,
    /// As long as `t`, or empty if nobody asks.
    pub(crate) starts: Vec<i64>,
    pub(crate) histogram_t: Vec<i64>,
    /// At least as long as `histogram_t`; what lies behind is memory for later.
    histograms: Vec<FloatHistogram>,
    pub(crate) histogram_starts: Vec<i64>,
    /// Which floats come after a counter reset.
    resets: Vec<usize>,
}

impl Samples {
    fn clear(&mut self) {
        self.t.clear();
        self.v.clear();
        self.starts.clear();
        self.histogram_t.clear();
        self.histogram_starts.clear();
        self.resets.clear();
    }

    /// Leaves count and sum of the histograms, and looks for counter resets before.
    pub(super) fn keep_statistics(&mut self) {
        let known = self.histogram_t.len();
        for at in (0..known).rev() {
            let (before, rest) = self.histograms.split_at_mut(at);
            statistics::find_reset(&mut rest[0], before.last());
            statistics::strip(&mut rest[0]);
        }
    }

    /// The samples of a series from the store.
    pub(super) fn fill(&mut self, columns: &Columns, with_starts: bool) {
        self.clear();
        for run in columns.runs() {
            match run {
                Run::Floats(run) => {
                    for row in (0..run.len()).filter(|row| !is_stale(run.v[*row])) {
                        self.t.push(run.t[row]);
                        self.v.push(run.v[row]);
                        if with_starts {
                            self.starts.push(run.start.map_or(0, |start| start[row]));
                        }
                    }
                }
                Run::Histograms(run) => {
                    for row in (0..run.len()).filter(|row| !is_stale(run.sums[*row])) {
                        run.float_histogram_into(row, self.next_histogram(run.t[row]));
                        if with_starts {
                            self.histogram_starts.push(run.start.map_or(0, |start| start[row]));
                        }
                    }
                }
                Run::FloatHistograms(run) => {
                    for row in (0..run.len()).filter(|row| !is_stale(run.sums[*row])) {
                        run.float_histogram_into(row, self.next_histogram(run.t[row]));
                        if with_starts {
                            self.histogram_starts.push(run.start.map_or(0, |start| start[row]));
                        }
                    }
                }
            }
        }
    }

    /// The values of a subquery. What is known of counter resets is of no use there: samples may be missing between two,
    /// or come twice.
    pub(super) fn fill_steps(&mut self, column: &Column, steps: Steps) {
        self.clear();
        for (step, point) in column.points() {
            match point {
                Point::Float(value) => {
                    self.t.push(steps.at(step));
                    self.v.push(value);
                }
                Point::Histogram(histogram) => {
                    let next = self.next_histogram(steps.at(step));
                    next.clone_from(histogram);
                    if next.counter_reset_hint != CounterResetHint::Gauge {
                        next.counter_reset_hint = CounterResetHint::Unknown;
                    }
                }
            }
        }
    }

    fn next_histogram(&mut self, t: i64) -> &mut FloatHistogram {
        let next = self.histogram_t.len();
        self.histogram_t.push(t);
        if next == self.histograms.len() {
            self.histograms.push(FloatHistogram::default());
        }
        &mut self.histograms[next]
    }

    pub(crate) fn histograms(&self) -> &[FloatHistogram] {
        &self.histograms[..self.histogram_t.len()]
    }

    /// Finds the counter resets, once for all windows.
    pub(super) fn find_resets(&mut self) {
        for index in 1..self.v.len() {
            let by_start = index < self.starts.len()
                && is_start_reset(self.starts[index - 1], self.t[index - 1], self.starts[index], self.t[index]);
            if self.v[index] < self.v[index - 1] || by_start {
                self.resets.push(index);
            }
        }
    }

    /// What some of the histograms count as.
    pub(super) fn weight_of(&self, range: &std::ops::Range<usize>) -> usize {
        self.histograms.get(range.clone()).unwrap_or_default().iter().map(weight).sum()
    }

    /// The memory that it holds on to.
    pub(super) fn heap_bytes(&self) -> usize {
        let times = self.t.capacity() + self.starts.capacity() + self.histogram_t.capacity();
        (times + self.v.capacity() + self.resets.capacity() + self.histogram_starts.capacity()) * size_of::<i64>()
            + self.histograms.capacity() * size_of::<FloatHistogram>()
            + self.histograms.iter().map(FloatHistogram::size).sum::<usize>()
    }
}

/// What a range function sees at a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) metric: &'a str,
    pub(crate) t: &'a [i64],
    pub(crate) v: &'a [f64],
    /// As long as `t`, or empty.
    pub(crate) starts: &'a [i64],
    pub(crate) histogram_t: &'a [i64],
    pub(crate) histograms: &'a [FloatHistogram],
    pub(crate) histogram_starts: &'a [i64],
    samples: &'a Samples,
    first: usize,
    /// The step.
    pub(crate) now: i64,
    /// Where the range begins and ends; its begin does not belong to it.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) seconds: f64,
    pub(crate) mode: Option<RangeMode>,
}

impl<'a> Window<'a> {
    pub(super) fn new(
        samples: &'a Samples,
        floats: std::ops::Range<usize>,
        histograms: std::ops::Range<usize>,
        metric: &'a str,
    ) -> Self {
        Self {
            metric,
            t: &samples.t[floats.clone()],
            v: &samples.v[floats.clone()],
            starts: samples.starts.get(floats.clone()).unwrap_or_default(),
            histogram_t: &samples.histogram_t[histograms.clone()],
            histograms: &samples.histograms[histograms.clone()],
            histogram_starts: samples.histogram_starts.get(histograms).unwrap_or_default(),
            samples,
            first: floats.start,
            now: 0,
            start: 0,
            end: 0,
            seconds: 0.0,
            mode: None,
        }
    }

    /// The values before each counter reset within the window.
    pub(crate) fn before_resets(&self) -> impl Iterator<Item = f64> + '_ {
        let resets = &self.samples.resets;
        let from = resets.partition_point(|index| *index <= self.first);
        let to = resets.partition_point(|index| *index < self.first + self.t.len());
        resets[from..to.max(from)].iter().map(|index| self.samples.v[index - 1])
    }
}
