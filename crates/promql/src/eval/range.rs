//! Functions over range vectors.

use promd_model::{Labels, LabelsRef};
use promd_promql_parser::Span;
use promd_promql_parser::ast::RangeMode;

use super::window::{Samples, Slide, Window};
use super::{Evaluator, Sink};
use crate::annotations::Note;
use crate::column::Series;
use crate::error::Result;
use crate::functions::{Output, RangeFunction, Told};
use crate::plan::{Node, RangeSource, RangeVector};
use crate::{QueryError, column};

impl Evaluator<'_> {
    /// Hands the samples of each series of a range vector to `each`, with whether its name is to be dropped.
    pub(super) fn ranges(
        &self,
        range: &RangeVector,
        with_starts: bool,
        each: &mut dyn FnMut(&Labels, bool, &mut Samples) -> Result<()>,
    ) -> Result<()> {
        let mut samples = Samples::default();
        match &range.source {
            RangeSource::Selection(selection) => self.series(*selection, &mut |labels, columns| {
                samples.fill(columns, with_starts);
                if self.plan.selections[*selection].statistics {
                    samples.keep_statistics();
                }
                each(labels, false, &mut samples)
            }),
            RangeSource::Subquery(inner) => self.eval(inner, &mut |series| {
                samples.fill_steps(&series.column, inner.steps);
                each(&series.labels, series.drop_name, &mut samples)
            }),
        }
    }

    pub(super) fn over_time(
        &self,
        node: &Node,
        function: &RangeFunction,
        range: &RangeVector,
        args: &[Node],
        place: Span,
        sink: Sink<'_>,
    ) -> Result<()> {
        let args = self.scalars(args)?;
        let told = Told::new(&self.notes, place, node.span);
        self.renamed(node, sink, &mut |sink| {
            let mut series = Series::default();
            let mut at = vec![0.0; args.len()];
            let with_starts = self.options.start_timestamps && function.uses_starts;
            self.ranges(range, with_starts, &mut |labels, drop_name, samples| {
                if function.is_counter {
                    samples.find_resets();
                }
                if samples.weight() > self.options.max_samples {
                    return Err(QueryError::TooManySamples("query execution"));
                }
                series.column.reset(node.steps.count);
                let mut any_float = false;
                self.windows(node, range, samples, labels.view(), &mut |step, window| {
                    at.iter_mut().zip(&args).for_each(|(at, arg)| *at = arg[step]);
                    match (function.call)(window, &at, &told)? {
                        None => {}
                        Some(Output::Float(value)) => {
                            any_float = true;
                            series.column.set(step, value);
                        }
                        Some(Output::Histogram(histogram)) => series.column.set_histogram(step, (*histogram).into()),
                    }
                    Ok(())
                })?;
                if function.is_counter && any_float {
                    self.doubt_counter(labels, place, node.span);
                }
                if series.column.is_blank() {
                    return Ok(());
                }
                series.labels = labels.clone();
                series.drop_name = drop_name;
                if !function.keeps_name || drop_name {
                    self.drop_name(&mut series);
                }
                sink(&mut series)
            })
        })
    }

    /// Shows every window with a sample in it.
    fn windows(
        &self,
        node: &Node,
        range: &RangeVector,
        samples: &Samples,
        labels: LabelsRef<'_>,
        each: &mut dyn FnMut(usize, &Window<'_>) -> Result<()>,
    ) -> Result<()> {
        let lookback = self.options.lookback;
        let (behind, ahead) = match range.mode {
            None => (0, 0),
            Some(RangeMode::Anchored) => (lookback, 0),
            Some(RangeMode::Smoothed) => (lookback, lookback),
        };
        let metric = labels.metric_name().unwrap_or_default();
        let (mut floats, mut histograms) = (Slide::default(), Slide::default());
        for (step, now) in node.steps.iter() {
            let end = range.at.unwrap_or(now).saturating_sub(range.offset);
            let start = end.saturating_sub(range.range);
            let (above, to) = (start.saturating_sub(behind), end.saturating_add(ahead));
            let floats = floats.to(&samples.t, above, to);
            let histograms = histograms.to(&samples.histogram_t, above, to);
            if floats.is_empty() && histograms.is_empty() {
                continue;
            }
            let mut window = Window::new(samples, floats, histograms, metric);
            (window.now, window.start, window.end) = (now, start, end);
            (window.seconds, window.mode) = (range.seconds, range.mode);
            each(step, &window)?;
        }
        Ok(())
    }

    /// Says so if a name does not look like that of a counter.
    fn doubt_counter(&self, labels: &Labels, place: Span, owner: Span) {
        let Some(name) = labels.metric_name() else { return };
        let metric = name.to_owned();
        if self.options.type_and_unit_labels {
            let kind = labels.get("__type__").unwrap_or_default();
            if !matches!(kind, "counter" | "histogram") {
                self.notes.add_of(Note::MaybeNoCounterType { metric, kind: kind.to_owned() }, place, owner);
            }
        } else if !["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| name.ends_with(suffix)) {
            self.notes.add_of(Note::MaybeNoCounter(metric), place, owner);
        }
    }

    pub(super) fn absent_over_time(
        &self,
        node: &Node,
        range: &RangeVector,
        labels: &Labels,
        sink: Sink<'_>,
    ) -> Result<()> {
        let mut column = column::Column::floats(vec![1.0; node.steps.count]);
        self.ranges(range, false, &mut |labels, _, samples| {
            self.windows(node, range, samples, labels.view(), &mut |step, _| {
                column.remove(step);
                Ok(())
            })
        })?;
        if column.is_blank() {
            return Ok(());
        }
        sink(&mut Series { labels: labels.clone(), drop_name: true, column })
    }
}
