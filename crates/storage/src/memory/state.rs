//! What a store in memory holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use promd_chunk::Encoder;
use promd_model::{Columns, Exemplar, Labels, LabelsRef, Metadata, Run};

use crate::{ChunkView, SeriesRef};

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    by_labels: BTreeMap<Labels, usize>,
    series: Vec<MemSeries>,
    /// Which series have samples that are not in chunks.
    unsettled: Vec<usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct MemSeries {
    samples: Columns,
    chunks: Vec<ChunkView>,
    pub(super) exemplars: Vec<Exemplar>,
    metadata: Option<Metadata>,
    settled: bool,
}

impl State {
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    pub(super) fn resolve(&mut self, labels: LabelsRef<'_>) -> SeriesRef {
        let next = self.series.len();
        let number = *self.by_labels.entry(labels.to_labels()).or_insert(next);
        if number == next {
            self.series.push(MemSeries { settled: true, ..MemSeries::default() });
        }
        // A `usize` has no more than 64 bits anywhere.
        SeriesRef(number as u64)
    }

    pub(super) fn get(&self, series: SeriesRef) -> Option<&MemSeries> {
        self.series.get(usize::try_from(series.0).ok()?)
    }

    fn get_mut(&mut self, series: SeriesRef) -> Option<&mut MemSeries> {
        self.series.get_mut(usize::try_from(series.0).ok()?)
    }

    pub(super) fn metadata(&self, labels: &Labels) -> Option<&Metadata> {
        self.series.get(*self.by_labels.get(labels)?)?.metadata.as_ref()
    }

    /// All series in label order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Labels, &MemSeries)> {
        self.by_labels.iter().filter_map(|(labels, number)| Some((labels, self.series.get(*number)?)))
    }

    pub(super) fn push(&mut self, series: SeriesRef, samples: &Columns) {
        let Some(one) = self.get_mut(series) else { return };
        samples.runs().for_each(|run| one.samples.push_run(&run));
        if std::mem::replace(&mut one.settled, false)
            && let Ok(number) = usize::try_from(series.0)
        {
            self.unsettled.push(number);
        }
    }

    pub(super) fn push_exemplar(&mut self, series: SeriesRef, exemplar: &Exemplar) {
        let Some(one) = self.get_mut(series) else { return };
        let newest = one.exemplars.last();
        let known = newest.is_some_and(|newest| newest.is_duplicate_of(exemplar));
        if !known && newest.is_none_or(|newest| newest.timestamp <= exemplar.timestamp) {
            one.exemplars.push(exemplar.clone());
        }
    }

    pub(super) fn put_metadata(&mut self, series: SeriesRef, metadata: &Metadata) {
        if let Some(one) = self.get_mut(series) {
            one.metadata = Some(metadata.clone());
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// Encodes what was appended since the last time.
    pub(super) fn settle(&mut self) {
        for number in self.unsettled.drain(..) {
            if let Some(series) = self.series.get_mut(number) {
                series.encode();
            }
        }
    }
}

impl MemSeries {
    /// The newest sample, as columns of one row.
    pub(super) fn last(&self) -> Option<Run<'_>> {
        let rows = self.samples.len();
        self.samples.runs_of(rows.saturating_sub(1)..rows).next()
    }

    pub(super) fn chunks(&self) -> &[ChunkView] {
        &self.chunks
    }

    fn encode(&mut self) {
        let chunks = &mut self.chunks;
        chunks.clear();
        let outcome = Encoder::new().encode(&self.samples, |chunk| {
            chunks.push(ChunkView::new(chunk.encoding, chunk.min, chunk.max, Bytes::copy_from_slice(chunk.bytes)));
        });
        debug_assert!(outcome.is_ok(), "columns hold no malformed histograms");
        self.settled = true;
    }
}
