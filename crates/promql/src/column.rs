//! The samples of one series at the steps of a query.

use std::mem;
use std::sync::Arc;

use promd_model::{FloatHistogram, Labels, STALE_NAN, is_stale};

/// What stands in a column where there is no float. No value of a query has these bits: selectors leave stale markers
/// out, and arithmetic makes quiet NaNs only.
const ABSENT: f64 = STALE_NAN;

/// One place a step: a float, a histogram, or nothing.
///
/// Floats lie next to each other, so that a function runs over a plain slice. Most columns have no histogram, and then
/// no memory for any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    values: Vec<f64>,
    /// Empty, or as long as `values`, which is absent wherever there is a histogram.
    histograms: Vec<Option<Arc<FloatHistogram>>>,
}

/// What stands at a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Point<'a> {
    Float(f64),
    Histogram(&'a Arc<FloatHistogram>),
}

impl<'a> Point<'a> {
    pub(crate) fn histogram(self) -> Option<&'a FloatHistogram> {
        match self {
            Self::Float(_) => None,
            Self::Histogram(histogram) => Some(histogram),
        }
    }
}

impl Column {
    /// Nothing at so many steps.
    pub(crate) fn absent(steps: usize) -> Self {
        Self { values: vec![ABSENT; steps], histograms: Vec::new() }
    }

    /// A float at each step.
    pub(crate) fn floats(values: Vec<f64>) -> Self {
        Self { values, histograms: Vec::new() }
    }

    /// Becomes as [`absent`](Self::absent) makes it, in the memory that it has.
    pub(crate) fn reset(&mut self, steps: usize) {
        self.values.clear();
        self.values.resize(steps, ABSENT);
        self.histograms.clear();
    }

    /// The floats of all steps, to be filled in where there is nothing yet.
    pub(crate) fn floats_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The floats of all steps, where there is nothing but floats. What is absent has the bits of a stale marker.
    pub(crate) fn as_floats(&self) -> Option<&[f64]> {
        self.histograms.is_empty().then_some(&self.values)
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is nothing at any step.
    pub(crate) fn is_blank(&self) -> bool {
        self.values.iter().all(|v| is_stale(*v)) && self.histograms.iter().all(Option::is_none)
    }

    pub(crate) fn has_histograms(&self) -> bool {
        self.histograms.iter().any(Option::is_some)
    }

    pub(crate) fn get(&self, step: usize) -> Option<Point<'_>> {
        let value = self.values[step];
        if !is_stale(value) {
            return Some(Point::Float(value));
        }
        self.histograms.get(step)?.as_ref().map(Point::Histogram)
    }

    pub(crate) fn float(&self, step: usize) -> Option<f64> {
        Some(self.values[step]).filter(|value| !is_stale(*value))
    }

    pub(crate) fn is_present(&self, step: usize) -> bool {
        !is_stale(self.values[step]) || self.histograms.get(step).is_some_and(Option::is_some)
    }

    pub(crate) fn set(&mut self, step: usize, value: f64) {
        self.values[step] = value;
    }

    pub(crate) fn set_histogram(&mut self, step: usize, histogram: Arc<FloatHistogram>) {
        self.histograms.resize(self.values.len(), None);
        self.values[step] = ABSENT;
        self.histograms[step] = Some(histogram);
    }

    pub(crate) fn put(&mut self, step: usize, point: Point<'_>) {
        match point {
            Point::Float(value) => self.set(step, value),
            Point::Histogram(histogram) => self.set_histogram(step, Arc::clone(histogram)),
        }
    }

    pub(crate) fn remove(&mut self, step: usize) {
        self.values[step] = ABSENT;
        if let Some(histogram) = self.histograms.get_mut(step) {
            *histogram = None;
        }
    }

    pub(crate) fn drop_histograms(&mut self) {
        self.histograms.clear();
    }

    /// Changes every float.
    pub(crate) fn map(&mut self, change: impl Fn(f64) -> f64) {
        for value in &mut self.values {
            if !is_stale(*value) {
                *value = change(*value);
            }
        }
    }

    /// Changes every float by what stands at its step elsewhere, or removes it.
    pub(crate) fn map_steps(&mut self, mut change: impl FnMut(usize, f64) -> Option<f64>) {
        for (step, value) in self.values.iter_mut().enumerate() {
            if !is_stale(*value) {
                *value = change(step, *value).unwrap_or(ABSENT);
            }
        }
    }

    /// Every step at which there is something.
    pub(crate) fn points(&self) -> impl Iterator<Item = (usize, Point<'_>)> {
        (0..self.len()).filter_map(|step| Some((step, self.get(step)?)))
    }

    /// One step, repeated.
    pub(crate) fn repeat_first(&mut self, steps: usize) {
        let (value, histogram) = (self.values[0], self.histograms.first().cloned());
        self.values.clear();
        self.values.resize(steps, value);
        if let Some(histogram) = histogram {
            self.histograms.clear();
            self.histograms.resize(steps, histogram);
        }
    }

    /// Takes what stands in another column at steps where this one has nothing. `false` if both have something somewhere;
    /// then part of it may have been taken.
    pub(crate) fn absorb(&mut self, other: &Self) -> bool {
        for (step, point) in other.points() {
            if self.is_present(step) {
                return false;
            }
            self.put(step, point);
        }
        true
    }

    pub(crate) fn into_floats(self) -> Vec<f64> {
        self.values
    }

    /// How many samples these are for the limit: a histogram counts by its size in Prometheus.
    pub(crate) fn weight(&self) -> usize {
        let floats = self.values.iter().filter(|value| !is_stale(**value)).count();
        floats + self.histograms.iter().flatten().map(|histogram| weight(histogram)).sum::<usize>()
    }

    /// The memory that it holds on to, without the histograms.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.values.capacity() * size_of::<f64>()
            + self.histograms.capacity() * size_of::<Option<Arc<FloatHistogram>>>()
    }
}

/// How many samples a histogram counts as (`HPoint.size` of `promql/value.go`).
pub(crate) fn weight(histogram: &FloatHistogram) -> usize {
    (histogram.size() + 8) / 16
}

/// A series on its way through the operators.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    /// Whether the name is to be dropped at the end.
    pub(crate) drop_name: bool,
    pub(crate) column: Column,
}

impl Series {
    /// The series, and an empty one in its place.
    pub(crate) fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// Drops the name, at once or at the end.
    pub(crate) fn drop_name(&mut self, options: &crate::EngineOptions) {
        self.drop_name = true;
        if !options.delayed_name_removal {
            self.labels = without_metadata(&self.labels);
        }
    }
}

/// Whether a label says what a metric is, not which one of its series (`schema.IsMetadataLabel`).
pub(crate) fn is_metadata(name: &str) -> bool {
    matches!(name, promd_model::METRIC_NAME | "__type__" | "__unit__")
}

/// The labels without name, type and unit.
pub(crate) fn without_metadata(labels: &Labels) -> Labels {
    labels.filter(|label| !is_metadata(label.name))
}
