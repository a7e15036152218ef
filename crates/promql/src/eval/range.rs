//! Functions over range vectors.

use promd_model::{Columns, Labels, LabelsRef, is_stale};
use promd_promql_parser::Span;
use promd_promql_parser::ast::RangeMode;

use super::batch::{Desk, Work};
use super::counts::Counts;
use super::frames::{Frames, Slide};
use super::kernel::{Kernel, Slices};
use super::window::{Samples, Window};
use super::{Evaluator, Sink};
use crate::annotations::{Note, Notes};
use crate::column::Series;
use crate::engine::Limits;
use crate::error::Result;
use crate::functions::{Output, RangeFunction, Told};
use crate::plan::{Node, RangeSource, RangeVector};
use crate::{EngineOptions, QueryError, column};

/// A function over the windows of a range vector, with all that it needs but the samples.
struct OverTime<'a> {
    function: &'a RangeFunction,
    kernel: Option<Kernel>,
    node: &'a Node,
    range: &'a RangeVector,
    limits: &'a Limits,
    frames: Frames<'a>,
    /// The arguments, those of one step after those of the other.
    args: &'a [Vec<f64>],
    place: Span,
    options: &'a EngineOptions,
    with_starts: bool,
    /// Whether of histograms only count and sum are wanted.
    statistics: bool,
}

impl OverTime<'_> {
    /// A series from the store.
    fn of_columns(&self, desk: &mut Desk, labels: &Labels, columns: &Columns) -> Result<bool> {
        if let Some(floats) = columns.as_floats()
            && let Some(kernel) = self.kernel
        {
            let stale = floats.v.iter().fold(false, |stale, v| stale | is_stale(*v));
            if stale {
                desk.samples.fill(columns, false);
            }
            let (t, v) = if stale { (&desk.samples.t[..], &desk.samples.v[..]) } else { (floats.t, floats.v) };
            let slices = Slices {
                frames: &self.frames,
                t,
                v,
                argument: self.args.first().map(Vec::as_slice),
                out: desk.out.column.floats_mut(),
                scratch: &mut desk.scratch,
                counts: &mut desk.counts,
            };
            let done = kernel.run(slices);
            // Then it has left windows out.
            self.limits.check_cancelled()?;
            if done {
                return Ok(self.give(desk, labels, false, true));
            }
        }
        desk.samples.fill(columns, self.with_starts);
        if self.statistics {
            desk.samples.keep_statistics();
        }
        self.of_samples(desk, labels, false)
    }

    /// The samples on the desk.
    fn of_samples(&self, desk: &mut Desk, labels: &Labels, drop_name: bool) -> Result<bool> {
        let Desk { samples, out, notes, counts, args: at, .. } = desk;
        if self.function.is_counter {
            samples.find_resets();
        }
        let told = Told::new(notes, self.place, self.node.span);
        at.resize(self.args.len(), 0.0);
        let mut any_float = false;
        windows(self.node, self.range, self.options, samples, labels.view(), counts, &mut |step, window| {
            self.limits.check_at(step)?;
            at.iter_mut().zip(self.args).for_each(|(at, arg)| *at = arg[step]);
            match (self.function.call)(window, at, &told)? {
                None => {}
                Some(Output::Float(value)) => {
                    any_float = true;
                    out.column.set(step, value);
                }
                Some(Output::Histogram(histogram)) => out.column.set_histogram(step, (*histogram).into()),
            }
            Ok(())
        })?;
        Ok(self.give(desk, labels, drop_name, any_float))
    }

    /// Names what has come of a series, if anything has.
    fn give(&self, desk: &mut Desk, labels: &Labels, drop_name: bool, any_float: bool) -> bool {
        if desk.out.column.is_blank() {
            return false;
        }
        if self.function.is_counter && any_float {
            doubt_counter(&desk.notes, self.options, labels, (self.place, self.node.span));
        }
        desk.out.labels = labels.clone();
        desk.out.drop_name = drop_name;
        if !self.function.keeps_name || drop_name {
            desk.out.drop_name(self.options);
        }
        true
    }
}

impl Evaluator<'_> {
    /// Hands the samples of each series of a range vector to `each`, with whether its name is to be dropped.
    pub(super) fn ranges(
        &self,
        range: &RangeVector,
        each: &mut dyn FnMut(&Labels, bool, &mut Samples) -> Result<()>,
    ) -> Result<()> {
        let mut samples = Samples::default();
        match &range.source {
            RangeSource::Selection(selection) => self.series(*selection, &mut |labels, columns| {
                samples.fill(columns, false);
                if self.plan.selections[*selection].statistics {
                    samples.keep_statistics();
                }
                each(labels, false, &mut samples)
            }),
            RangeSource::Subquery(inner) => self.eval_within(inner, &mut |series| {
                samples.fill_steps(&series.column, inner.steps);
                each(&series.labels, series.drop_name, &mut samples)
            }),
        }
    }

    pub(super) fn over_time(
        &self,
        node: &Node,
        (name, function): (&str, &RangeFunction),
        range: &RangeVector,
        args: &[Node],
        place: Span,
        sink: Sink<'_>,
    ) -> Result<()> {
        let args = self.scalars(args)?;
        let with_starts = self.options.start_timestamps && function.uses_starts;
        let statistics = match &range.source {
            RangeSource::Selection(selection) => self.plan.selections[*selection].statistics,
            RangeSource::Subquery(_) => false,
        };
        let over_time = OverTime {
            function,
            kernel: Kernel::of(name).filter(|_| range.mode.is_none() && !with_starts),
            node,
            range,
            limits: &self.limits,
            frames: Frames::new(range, node.steps, &self.limits),
            args: &args,
            place,
            options: self.options,
            with_starts,
            statistics,
        };
        self.renamed(node, sink, &mut |sink| match &range.source {
            RangeSource::Selection(selection) => {
                let work: Work<'_> = &|desk, labels, columns| over_time.of_columns(desk, labels, columns);
                self.each(*selection, node.steps, work, sink)
            }
            RangeSource::Subquery(inner) => {
                let mut desk = Desk::default();
                self.eval_within(inner, &mut |series| {
                    desk.samples.fill_steps(&series.column, inner.steps);
                    desk.out.column.reset(node.steps.count);
                    desk.counts.begin(node.steps.count, self.counts_steps(node.steps));
                    let made = over_time.of_samples(&mut desk, &series.labels, series.drop_name);
                    self.notes.absorb(std::mem::take(&mut desk.notes));
                    desk.counts.read = 0;
                    desk.counts.steps.iter_mut().for_each(|(_, read)| *read = 0);
                    self.count(&desk.counts);
                    if made? { sink(&mut desk.out) } else { Ok(()) }
                })
            }
        })
    }

    pub(super) fn absent_over_time(
        &self,
        node: &Node,
        range: &RangeVector,
        labels: &Labels,
        sink: Sink<'_>,
    ) -> Result<()> {
        let mut column = column::Column::floats(vec![1.0; node.steps.count]);
        let mut counts = Counts::default();
        counts.begin(node.steps.count, self.counts_steps(node.steps));
        self.ranges(range, &mut |labels, _, samples| {
            windows(node, range, self.options, samples, labels.view(), &mut counts, &mut |step, _| {
                column.remove(step);
                Ok(())
            })
        })?;
        self.count(&counts);
        if column.is_blank() {
            return Ok(());
        }
        sink(&mut Series { labels: labels.clone(), drop_name: true, column })
    }
}

/// Shows every window with a sample in it.
fn windows(
    node: &Node,
    range: &RangeVector,
    options: &EngineOptions,
    samples: &Samples,
    labels: LabelsRef<'_>,
    counts: &mut Counts,
    each: &mut dyn FnMut(usize, &Window<'_>) -> Result<()>,
) -> Result<()> {
    let (behind, ahead) = match range.mode {
        None => (0, 0),
        Some(RangeMode::Anchored) => (options.lookback, 0),
        Some(RangeMode::Smoothed) => (options.lookback, options.lookback),
    };
    let metric = labels.metric_name().unwrap_or_default();
    // Of floats and of histograms: where the window begins and ends, and how far samples were read.
    let (mut first, mut end, mut known) = ([Slide::default(); 2], [Slide::default(); 2], [0; 2]);
    for (step, now) in node.steps.iter() {
        let to = range.at.unwrap_or(now).saturating_sub(range.offset);
        let from = to.saturating_sub(range.range);
        let (above, below) = (from.saturating_sub(behind), to.saturating_add(ahead));
        let [floats, histograms] = [(0, &samples.t), (1, &samples.histogram_t)].map(|(kind, times)| {
            let end = end[kind].to(times, below);
            first[kind].to(times, above).min(end)..end
        });
        if floats.is_empty() && histograms.is_empty() {
            continue;
        }
        let weight = samples.weight_of(&histograms);
        let new = samples.weight_of(&(histograms.start.max(known[1])..histograms.end));
        counts.look(step, floats.len() + weight, floats.end - floats.start.max(known[0]).min(floats.end) + new);
        if floats.len() + weight > options.max_samples {
            return Err(QueryError::TooManySamples("query execution"));
        }
        known = [floats.end, histograms.end];
        let mut window = Window::new(samples, floats, histograms, metric);
        (window.now, window.start, window.end) = (now, from, to);
        (window.seconds, window.mode) = (range.seconds, range.mode);
        each(step, &window)?;
    }
    Ok(())
}

/// Says so if a name does not look like that of a counter.
fn doubt_counter(notes: &Notes, options: &EngineOptions, labels: &Labels, (place, owner): (Span, Span)) {
    let Some(name) = labels.metric_name() else { return };
    if options.type_and_unit_labels {
        let kind = labels.get("__type__").unwrap_or_default();
        if !matches!(kind, "counter" | "histogram") {
            notes.add_of(Note::MaybeNoCounterType { metric: name.to_owned(), kind: kind.to_owned() }, place, owner);
        }
    } else if !["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| name.ends_with(suffix)) {
        notes.add_of(Note::MaybeNoCounter(name.to_owned()), place, owner);
    }
}
