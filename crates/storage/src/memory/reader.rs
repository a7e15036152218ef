//! Reading a store in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use promd_model::{Interval, Labels, LabelsRef, Matcher};

use super::state::{MemSeries, State};
use crate::{LabelQuery, Listed, Reader, Select, Series, SeriesExemplars, SeriesSet, StorageError, Warnings};

pub(super) struct MemReader {
    state: Arc<State>,
}

impl MemReader {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// The series that match and have samples then, in label order.
    fn matching(&self, matchers: &[Matcher], times: Interval, most: usize) -> Vec<(&Labels, &MemSeries)> {
        let found =
            self.state.iter().filter(|(labels, series)| matches(matchers, labels.view()) && has_samples(series, times));
        found.take(most).collect()
    }

    fn list<'a>(&'a self, query: &LabelQuery<'_>, texts: impl Fn(&'a Labels, &mut BTreeSet<&'a str>)) -> Listed {
        let mut all = BTreeSet::new();
        for (labels, series) in self.state.iter() {
            // A series without any samples is known all the same.
            if matches(query.matchers, labels.view())
                && (series.chunks().is_empty() || has_samples(series, query.times))
            {
                texts(labels, &mut all);
            }
        }
        let mut listed = Listed { texts: all.into_iter().map(str::to_owned).collect(), warnings: Warnings::new() };
        listed.limit(query.limit);
        listed
    }
}

impl Reader for MemReader {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        let most = select.limit.unwrap_or(usize::MAX);
        let of = |labels: &Labels| match select.hints.projection {
            Some(projection) => labels.filter(|label| projection.keeps(label.name)),
            None => labels.clone(),
        };
        let found = self.matching(select.matchers, select.times, most).into_iter();
        let series: Vec<_> = found.map(|(labels, series)| (of(labels), series)).collect();
        let chunks = !select.hints.labels_only;
        Ok(Box::new(MemSet { series: series.into_iter(), times: select.times, chunks }))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        Ok(self.list(query, |labels, all| all.extend(labels.iter().map(|label| label.name))))
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        Ok(self.list(query, |labels, all| all.extend(labels.get(name))))
    }

    fn exemplars(&self, selectors: &[Vec<Matcher>], times: Interval) -> Result<Vec<SeriesExemplars>, StorageError> {
        let mut all = Vec::new();
        for (labels, series) in self.state.iter() {
            if !selectors.iter().any(|matchers| matches(matchers, labels.view())) {
                continue;
            }
            let then = series.exemplars.iter().filter(|exemplar| times.contains(exemplar.timestamp.0));
            let exemplars: Vec<_> = then.cloned().collect();
            if !exemplars.is_empty() {
                all.push(SeriesExemplars { labels: labels.clone(), exemplars });
            }
        }
        Ok(all)
    }
}

fn matches(matchers: &[Matcher], labels: LabelsRef<'_>) -> bool {
    matchers.iter().all(|matcher| matcher.matches_labels(labels))
}

fn has_samples(series: &MemSeries, times: Interval) -> bool {
    series.chunks().iter().any(|chunk| chunk.interval().overlaps(&times))
}

struct MemSet<'a> {
    series: std::vec::IntoIter<(Labels, &'a MemSeries)>,
    times: Interval,
    chunks: bool,
}

impl SeriesSet for MemSet<'_> {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        series.chunks.clear();
        let Some((labels, found)) = self.series.next() else { return Ok(false) };
        series.labels = labels;
        if self.chunks {
            series.chunks.extend(found.chunks().iter().filter(|chunk| chunk.interval().overlaps(&self.times)).cloned());
        }
        Ok(true)
    }
}
