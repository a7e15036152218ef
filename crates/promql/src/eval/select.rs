//! Reading the store, and instant selectors.

use std::sync::Arc;

use promd_budget::Charge;
use promd_model::{Columns, FloatHistogram, Labels, Run, is_stale};
use promd_storage::{Decoder, Select, Series as Stored};

use super::batch::{Input, Job, Kept, KeptSeries, Work, bytes_of};
use super::belt::Belt;
use super::frames::Slide;
use super::{Evaluator, Sink, statistics};
use crate::column::Column;
use crate::error::Result;
use crate::plan::{InstantSelector, Node};
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
    /// Makes a series of each of a selection, on as many threads as there are, and hands them to the sink in order.
    pub(super) fn each(&self, selection: usize, steps: Steps, work: Work<'_>, sink: Sink<'_>) -> Result<()> {
        let wanted = &self.plan.selections[selection];
        let job = Job {
            times: wanted.times,
            steps: steps.count,
            work,
            limits: &self.limits,
            account: &self.account(),
            per_step: self.counts_steps(steps),
        };
        let belt = Belt::new(self.input(selection)?, &job, self.executor);
        let input = belt.run(self.executor, &mut |batch| {
            self.notes.absorb(std::mem::take(&mut batch.notes));
            self.count(&batch.counts);
            for series in &mut batch.outputs[..batch.used] {
                sink(series)?;
            }
            batch.error.take().map_or(Ok(()), Err)
        })?;
        if let Input::Store(set) = input {
            set.warnings().texts().for_each(|text| self.notes.add_plain(text));
        }
        Ok(())
    }

    /// The series of a selection. Those that several selectors ask for are found once.
    fn input(&self, selection: usize) -> Result<Input<'_>> {
        let wanted = &self.plan.selections[selection];
        if wanted.uses < 2 {
            return Ok(Input::Store(self.reader.select(&wanted.select())?));
        }
        let known = self.kept.borrow()[selection].clone();
        if let Some(kept) = known {
            return Ok(Input::Kept(kept, 0));
        }
        let mut set = self.reader.select(&wanted.select())?;
        let mut charge = Charge::empty(&self.account());
        let mut all = Vec::new();
        loop {
            self.limits.check_cancelled()?;
            let mut stored = Stored::default();
            if !set.next(&mut stored)? {
                break;
            }
            charge.grow(bytes_of(&stored) + 2 * size_of::<Kept>())?;
            all.push(Kept { stored, columns: std::sync::OnceLock::new() });
        }
        set.warnings().texts().for_each(|text| self.notes.add_plain(text));
        let kept = Arc::new(KeptSeries::new(all, charge));
        self.kept.borrow_mut()[selection] = Some(Arc::clone(&kept));
        Ok(Input::Kept(kept, 0))
    }

    /// Hands every series of a selection to `each`, on this thread.
    pub(super) fn series(&self, selection: usize, each: &mut dyn FnMut(&Labels, &Columns) -> Result<()>) -> Result<()> {
        self.stream(&self.plan.selections[selection].select(), each)
    }

    /// Reads series and decodes one at a time.
    pub(crate) fn stream(
        &self,
        select: &Select<'_>,
        each: &mut dyn FnMut(&Labels, &Columns) -> Result<()>,
    ) -> Result<()> {
        let mut set = self.reader.select(select)?;
        let (mut stored, mut decoder, mut columns) = (Stored::default(), Decoder::new(), Columns::new());
        let mut charge = Charge::empty(&self.account());
        while set.next(&mut stored)? {
            self.limits.check()?;
            columns.clear();
            if let Err(damaged) = decoder.decode(&stored, select.times, &mut columns) {
                self.notes.add_plain(&format!("{}: {damaged}", stored.labels));
            }
            charge.grow_to(columns.heap_bytes() + decoder.heap_bytes())?;
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
        let statistics = self.plan.selections[selector.selection].statistics;
        let mut look = Look { at: selector.at, offset: selector.offset, lookback: self.options.lookback, statistics };
        if selector.at.is_some() && !matches!(take, Take::Value) {
            // What is asked for of a time is read with the offset and then looked for without it: what both look back on is
            // seen (`rangeEvalTimestampFunctionOverVectorSelector` of `promql/engine.go`).
            look.offset = selector.offset.max(0);
            look.lookback -= selector.offset.saturating_abs();
        }
        let work: Work<'_> = &|desk, labels, columns| {
            let series = &mut desk.out;
            look.fill(columns, steps, take, &mut series.column);
            if series.column.is_blank() {
                return Ok(false);
            }
            desk.counts.look_at(&series.column);
            series.labels = labels.clone();
            series.drop_name = false;
            Ok(true)
        };
        self.each(selector.selection, steps, work, sink)
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
        if let (Some(floats), Take::Value) = (columns.as_floats(), take) {
            return self.fill_floats(floats.t, floats.v, steps, out);
        }
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

impl Look {
    /// The same for floats alone.
    fn fill_floats(&self, t: &[i64], v: &[f64], steps: Steps, out: &mut Column) {
        let mut slide = Slide::default();
        for (step, (_, now)) in out.floats_mut().iter_mut().zip(steps.iter()) {
            let wanted = self.at.unwrap_or(now).saturating_sub(self.offset);
            let Some(newest) = slide.to(t, wanted).checked_sub(1) else { continue };
            if t[newest] > wanted.saturating_sub(self.lookback) {
                // A stale marker stands for nothing there too.
                *step = v[newest];
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
