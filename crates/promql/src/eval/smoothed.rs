//! Instant selectors with `smoothed`: between two samples the value is interpolated.

use std::sync::Arc;

use promd_model::CounterResetHint;

use super::frames::Slide;
use super::window::Samples;
use super::{Evaluator, Sink};
use crate::annotations::Note;
use crate::column::Series;
use crate::error::Result;
use crate::functions::extended::{interpolate, interpolate_histograms};
use crate::plan::{InstantSelector, Node};

impl Evaluator<'_> {
    pub(super) fn smoothed(&self, selector: &InstantSelector, node: &Node, sink: Sink<'_>) -> Result<()> {
        let lookback = self.options.lookback;
        let mut samples = Samples::default();
        let mut series = Series::default();
        self.series(selector.selection, &mut |labels, columns| {
            samples.fill(columns, false);
            series.column.reset(node.steps.count);
            let metric = labels.metric_name().unwrap_or_default();
            let mut slides = [Slide::default(); 4];
            for (step, now) in node.steps.iter() {
                let now = selector.at.unwrap_or(now).saturating_sub(selector.offset);
                let (above, to) = (now.saturating_sub(lookback), now.saturating_add(lookback));
                let [first, end, first_histogram, end_histogram] = &mut slides;
                let floats = first.to(&samples.t, above)..end.to(&samples.t, to);
                let histograms =
                    first_histogram.to(&samples.histogram_t, above)..end_histogram.to(&samples.histogram_t, to);
                if !floats.is_empty() && !histograms.is_empty() {
                    self.notes.add(Note::MixedFloatsHistograms(metric.to_owned()), node.span);
                    continue;
                }
                if histograms.is_empty() {
                    let (t, v) = (&samples.t[floats.clone()], &samples.v[floats]);
                    let next = t.partition_point(|t| *t < now);
                    if t.get(next) == Some(&now) {
                        series.column.set(step, v[next]);
                    } else if next > 0 && next < t.len() {
                        let value = interpolate((t[next - 1], v[next - 1]), (t[next], v[next]), now, false);
                        series.column.set(step, value);
                    } else if next > 0 {
                        series.column.set(step, v[next - 1]);
                    }
                    continue;
                }
                let (t, all) = (&samples.histogram_t[histograms.clone()], &samples.histograms()[histograms]);
                let next = t.partition_point(|t| *t < now);
                if t.get(next) == Some(&now) {
                    series.column.set_histogram(step, Arc::new(all[next].clone()));
                } else if next > 0 && next < t.len() {
                    let (before, after) = (&all[next - 1], &all[next]);
                    if before.uses_custom_buckets() != after.uses_custom_buckets() {
                        self.notes.add(Note::MixedSchemas(metric.to_owned()), node.span);
                        continue;
                    }
                    let gauge = [before, after].iter().all(|h| h.counter_reset_hint == CounterResetHint::Gauge);
                    let (a, b) = ((t[next - 1], before), (t[next], after));
                    let say = |operation| self.notes.add(Note::BoundsReconciled(operation), node.span);
                    match interpolate_histograms(a, b, now, !gauge, say) {
                        Some(histogram) => series.column.set_histogram(step, Arc::new(histogram)),
                        None => self.notes.add(Note::MixedSchemas(metric.to_owned()), node.span),
                    }
                } else if next > 0 {
                    let mut histogram = all[next - 1].clone();
                    histogram.counter_reset_hint = CounterResetHint::Unknown;
                    series.column.set_histogram(step, Arc::new(histogram));
                }
            }
            if series.column.is_blank() {
                return Ok(());
            }
            series.labels = labels.clone();
            series.drop_name = false;
            sink(&mut series)
        })
    }
}
