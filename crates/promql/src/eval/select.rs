//! Reading the store, and instant selectors.

use std::rc::Rc;
use std::sync::Arc;

use promd_model::{Columns, FloatHistogram, Labels, Run, is_stale};
use promd_storage::{Decoder, Hints, Select, Series as Stored};

use super::{Evaluator, Kept, Sink, statistics};
use crate::column::{Column, Series};
use crate::error::Result;
use crate::plan::{InstantSelector, Node, Selection};
use crate::steps::Steps;

/// What is wanted of the sample that counts at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    Value,
    /// Its time, in seconds.
    Time,
    /// When its counter started, in seconds.
    Start,
}

impl Evaluator<'_> {
    /// Hands every series of a selection to `each`.
    pub(super) fn series(&self, selection: usize, each: &mut dyn FnMut(&Labels, &Columns) -> Result<()>) -> Result<()> {
        let wanted = &self.plan.selections[selection];
        if wanted.uses < 2 {
            return self.read(wanted, each);
        }
        let kept = self.kept.borrow()[selection].clone();
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let mut all = Vec::new();
                self.read(wanted, &mut |labels, columns| {
                    self.charge(columns.heap_bytes() + labels.as_packed().len())?;
                    all.push((labels.clone(), columns.clone()));
                    Ok(())
                })?;
                let kept: Kept = Rc::new(all);
                self.kept.borrow_mut()[selection] = Some(Rc::clone(&kept));
                kept
            }
        };
        kept.iter().try_for_each(|(labels, columns)| each(labels, columns))
    }

    fn read(&self, wanted: &Selection, each: &mut dyn FnMut(&Labels, &Columns) -> Result<()>) -> Result<()> {
        let hints = Hints { function: wanted.function, range: wanted.range, step: wanted.step, ..Hints::default() };
        let select = Select::new(&wanted.matchers, wanted.times).with_hints(hints);
        self.stream(&select, each)
    }

    /// Reads series and decodes one at a time.
    pub(crate) fn stream(
        &self,
        select: &Select<'_>,
        each: &mut dyn FnMut(&Labels, &Columns) -> Result<()>,
    ) -> Result<()> {
        let mut set = self.reader.select(select)?;
        let (mut stored, mut decoder, mut columns) = (Stored::default(), Decoder::new(), Columns::new());
        while set.next(&mut stored)? {
            self.limits.check()?;
            columns.clear();
            if let Err(damaged) = decoder.decode(&stored, select.times, &mut columns) {
                self.notes.add_plain(&format!("{}: {damaged}", stored.labels));
            }
            each(&stored.labels, &columns)?;
        }
        set.warnings().texts().for_each(|text| self.notes.add_plain(text));
        Ok(())
    }

    pub(super) fn instant(&self, selector: &InstantSelector, node: &Node, sink: Sink<'_>) -> Result<()> {
        if selector.smoothed {
            return self.smoothed(selector, node, sink);
        }
        self.instant_of(selector, node.steps, Take::Value, sink)
    }

    /// The sample that counts at each step, or what is to be known of it.
    pub(crate) fn instant_of(
        &self,
        selector: &InstantSelector,
        steps: Steps,
        take: Take,
        sink: Sink<'_>,
    ) -> Result<()> {
        let mut series = Series::default();
        let statistics = self.plan.selections[selector.selection].statistics;
        let look = Look { at: selector.at, offset: selector.offset, lookback: self.options.lookback, statistics };
        self.series(selector.selection, &mut |labels, columns| {
            series.column.reset(steps.count);
            look.fill(columns, steps, take, &mut series.column);
            if series.column.is_blank() {
                return Ok(());
            }
            series.labels = labels.clone();
            series.drop_name = false;
            sink(&mut series)
        })
    }
}

/// How a sample is looked for.
pub(crate) struct Look {
    pub(crate) at: Option<i64>,
    pub(crate) offset: i64,
    pub(crate) lookback: i64,
    /// Whether of histograms only count and sum are wanted.
    pub(crate) statistics: bool,
}

impl Look {
    /// The newest sample in the lookback before each step, unless it is a stale marker.
    pub(crate) fn fill(&self, columns: &Columns, steps: Steps, take: Take, out: &mut Column) {
        let times = columns.times();
        let mut runs = columns.runs();
        let (mut run, mut run_start) = (runs.next(), 0);
        let mut behind = 0;
        let mut last: Option<(usize, Arc<FloatHistogram>)> = None;
        for (step, t) in steps.iter() {
            let wanted = self.at.unwrap_or(t).saturating_sub(self.offset);
            while behind < times.len() && times[behind] <= wanted {
                behind += 1;
            }
            let Some(row) = behind.checked_sub(1) else { continue };
            if times[row] <= wanted.saturating_sub(self.lookback) {
                continue;
            }
            while let Some(length) = run.as_ref().map(|run| run.times().len())
                && row >= run_start + length
            {
                run_start += length;
                run = runs.next();
            }
            let Some(run) = &run else { return };
            let within = row - run_start;
            let (value, start) = match run {
                Run::Floats(run) => (Some(run.v[within]), run.start),
                Run::Histograms(run) => (Some(run.sums[within]).filter(|sum| is_stale(*sum)), run.start),
                Run::FloatHistograms(run) => (Some(run.sums[within]).filter(|sum| is_stale(*sum)), run.start),
            };
            if value.is_some_and(is_stale) {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
            match (take, value) {
                (Take::Time, _) => out.set(step, times[row] as f64 / 1000.0),
                (Take::Start, _) => out.set(step, start.map_or(0, |start| start[within]) as f64 / 1000.0),
                (Take::Value, Some(value)) => out.set(step, value),
                (Take::Value, None) => {
                    let histogram = match last.take() {
                        Some((known, histogram)) if known == row => histogram,
                        _ if self.statistics => {
                            let seen = row > 0 && times[row - 1] >= wanted.saturating_sub(self.lookback);
                            let before = if seen { histogram_at(columns, row - 1) } else { None };
                            let mut histogram = histogram(run, within);
                            statistics::find_reset(&mut histogram, before.as_ref());
                            statistics::strip(&mut histogram);
                            Arc::new(histogram)
                        }
                        _ => Arc::new(histogram(run, within)),
                    };
                    out.set_histogram(step, Arc::clone(&histogram));
                    last = Some((row, histogram));
                }
            }
        }
    }
}

/// A row of a run of histograms.
fn histogram(run: &Run<'_>, row: usize) -> FloatHistogram {
    match run {
        Run::Floats(_) => FloatHistogram::default(),
        Run::Histograms(run) => run.float_histogram(row),
        Run::FloatHistograms(run) => run.float_histogram(row),
    }
}

/// The histogram in a row of all, if it is one.
fn histogram_at(columns: &Columns, row: usize) -> Option<FloatHistogram> {
    let run = columns.runs_of(row..row + 1).next()?;
    let is_float = matches!(run, Run::Floats(_));
    (!is_float).then(|| histogram(&run, 0)).filter(|histogram| !histogram.is_stale())
}
