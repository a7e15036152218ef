//! From series to an answer.

use std::sync::Arc;

use promd_model::Labels;

use super::window::Samples;
use super::{Counts, Evaluator, Merged};
use crate::column::{Point, Series, weight, without_metadata};
use crate::error::Result;
use crate::functions::extended;
use crate::plan::{Kind, Node, RangeSource, RangeVector};
use crate::steps::Steps;
use crate::{MatrixSeries, Number, QueryError, Value, VectorSample};

impl Evaluator<'_> {
    /// The answer to the whole query.
    pub(crate) fn run(&self, is_range: bool, steps: Steps) -> Result<Value> {
        let root = &self.plan.root;
        match &root.kind {
            Kind::Text(text) => return Ok(Value::String { t: steps.start, text: text.clone() }),
            Kind::Range(range) => return self.matrix_of(range, steps),
            _ => {}
        }
        let mut series = self.collect(root)?;
        // By themselves operators and functions see to it that no two series have the same labels.
        if self.options.delayed_name_removal {
            series = self.named(series)?;
        }
        if is_range {
            return Ok(Value::Matrix(self.matrix(series, steps)?));
        }
        if is_scalar(root) {
            let v = series.first().and_then(|series| series.column.float(0)).unwrap_or(f64::NAN);
            return Ok(Value::Scalar { t: steps.start, v });
        }
        let mut samples = Vec::new();
        self.charge(series.len() * size_of::<VectorSample>())?;
        samples.reserve_exact(series.len());
        for series in series {
            let value = match series.column.get(0) {
                Some(Point::Float(value)) => Number::Float(value),
                Some(Point::Histogram(histogram)) => Number::Histogram(Arc::clone(histogram)),
                None => continue,
            };
            samples.push(VectorSample { labels: series.labels, t: steps.start, value });
        }
        Ok(Value::Vector(samples))
    }

    /// Series as lists of points. Columns are given back one by one, so that not all is there twice.
    fn matrix(&self, series: Vec<Series>, steps: Steps) -> Result<Vec<MatrixSeries>> {
        self.charge(series.len() * size_of::<MatrixSeries>())?;
        let mut all = Vec::with_capacity(series.len());
        for series in series {
            self.check()?;
            // Most columns have a float at each step.
            let whole = series.column.as_floats().filter(|floats| !floats.iter().copied().any(promd_model::is_stale));
            let count = whole.map_or_else(|| series.column.points().count(), <[f64]>::len);
            self.charge(count * size_of::<(i64, f64)>() + series.labels.as_packed().len())?;
            let mut one = MatrixSeries { labels: series.labels.clone(), ..MatrixSeries::default() };
            if !series.column.has_histograms() {
                one.floats.reserve_exact(count);
            }
            match whole {
                Some(floats) => one.floats.extend(steps.iter().zip(floats).map(|((_, t), value)| (t, *value))),
                None => add_points(&mut one, &series.column, steps),
            }
            self.release(std::slice::from_ref(&series));
            if count > 0 {
                all.push(one);
            }
        }
        Ok(all)
    }

    /// Drops the names that were to be dropped at the end, and finds what then has the same labels.
    fn named(&self, series: Vec<Series>) -> Result<Vec<Series>> {
        let mut all = Merged::default();
        for mut series in series {
            if series.drop_name {
                series.labels = without_metadata(&series.labels);
            }
            all.add(series)?;
        }
        Ok(all.series)
    }

    fn matrix_of(&self, range: &RangeVector, steps: Steps) -> Result<Value> {
        let end = range.at.unwrap_or(steps.start).saturating_sub(range.offset);
        let start = end.saturating_sub(range.range);
        let lookback = self.options.lookback;
        let mut all = Vec::new();
        let mut counts = Counts::default();
        counts.begin(1, self.counts_steps(steps));
        let mut each = |labels: &Labels, drop_name, samples: &mut Samples| {
            let within = |t: i64, behind: i64, ahead: i64| t > start - behind && t <= end + ahead;
            let (behind, ahead) = match range.mode {
                None => (0, 0),
                Some(promd_promql_parser::ast::RangeMode::Anchored) => (lookback, 0),
                Some(promd_promql_parser::ast::RangeMode::Smoothed) => (lookback, lookback),
            };
            let mut floats: Vec<(i64, f64)> = samples
                .t
                .iter()
                .copied()
                .zip(samples.v.iter().copied())
                .filter(|(t, _)| within(*t, behind, ahead))
                .collect();
            let histograms: Vec<_> = samples
                .histogram_t
                .iter()
                .copied()
                .zip(samples.histograms().iter().cloned().map(Arc::new))
                .filter(|(t, _)| within(*t, behind, ahead))
                .collect();
            if let RangeSource::Selection(_) = range.source {
                let weight = histograms.iter().map(|(_, histogram)| weight(histogram)).sum::<usize>() + floats.len();
                counts.look(0, weight, weight);
            }
            if let Some(mode) = range.mode {
                if !histograms.is_empty() {
                    let text = format!("{} modifier is not supported with histograms", mode.as_str());
                    return Err(QueryError::execution(text));
                }
                floats = extended::points(&floats, start, end, mode);
            }
            if !floats.is_empty() || !histograms.is_empty() {
                self.charge(size_of::<MatrixSeries>() + floats.capacity() * size_of::<(i64, f64)>())?;
                let labels = if drop_name { without_metadata(labels) } else { labels.clone() };
                all.push(MatrixSeries { labels, floats, histograms });
            }
            Ok(())
        };
        match &range.source {
            RangeSource::Selection(_) => self.ranges(range, &mut each)?,
            // Nothing looks at a subquery that stands alone, but at what it is made of.
            RangeSource::Subquery(inner) => {
                let mut samples = Samples::default();
                self.eval(inner, &mut |series| {
                    samples.fill_steps(&series.column, inner.steps);
                    each(&series.labels, series.drop_name, &mut samples)
                })?;
            }
        }
        self.count(&counts);
        Ok(Value::Matrix(all))
    }
}

fn add_points(one: &mut MatrixSeries, column: &crate::column::Column, steps: Steps) {
    for (step, point) in column.points() {
        match point {
            Point::Float(value) => one.floats.push((steps.at(step), value)),
            Point::Histogram(histogram) => one.histograms.push((steps.at(step), Arc::clone(histogram))),
        }
    }
}

fn is_scalar(node: &Node) -> bool {
    match &node.kind {
        Kind::Number(_) | Kind::ScalarBinary(_) => true,
        Kind::Negate(inner) | Kind::Invariant(inner) => is_scalar(inner),
        Kind::Call(call) => call.is_scalar(),
        _ => false,
    }
}
