//! Full chunks that wait until the log comes to their time.

use std::collections::VecDeque;

use hashbrown::HashMap;
use promd_model::{Labels, LabelsRef};
use promd_wal::record::Stamp;

use super::ReplayTarget;
use crate::chunks_head::MappedChunk;

/// The chunks of one reference, the next one first.
#[derive(Debug)]
struct Series {
    /// Empty until a record names them.
    labels: Option<Labels>,
    chunks: VecDeque<MappedChunk>,
}

/// Chunks by the reference of their series.
#[derive(Debug)]
pub(super) struct Waiting(HashMap<u64, Series>);

impl Waiting {
    pub(super) fn new(chunks: impl Iterator<Item = (u64, Vec<MappedChunk>)>) -> Self {
        let series = chunks.map(|(reference, mut chunks)| {
            // Where earlier damage was filled, chunks that were written later are of earlier times.
            chunks.sort_by_key(|chunk| (chunk.min, chunk.place));
            (reference, Series { labels: None, chunks: chunks.into() })
        });
        Self(series.collect())
    }

    /// The series has a record.
    pub(super) fn name(&mut self, reference: u64, labels: LabelsRef<'_>) {
        if let Some(series) = self.0.get_mut(&reference) {
            series.labels = Some(labels.to_labels());
        }
    }

    /// The series is gone, and they with it.
    pub(super) fn forget(&mut self, reference: u64) {
        self.0.remove(&reference);
    }

    /// Whether a chunk begins before this sample, or with it.
    pub(super) fn is_due(&self, stamp: Stamp) -> bool {
        let series = self.0.get(&stamp.series).filter(|series| series.labels.is_some());
        series.and_then(|series| series.chunks.front()).is_some_and(|chunk| chunk.min <= stamp.time)
    }

    /// Hands over the chunks that begin before this sample, or with it.
    pub(super) fn hand_over(&mut self, stamp: Stamp, target: &mut impl ReplayTarget) {
        while self.is_due(stamp)
            && let Some(series) = self.0.get_mut(&stamp.series)
        {
            give(stamp.series, series, target);
        }
    }

    /// Hands over the rest. Chunks of series without a record belong to nobody.
    pub(super) fn finish(self, target: &mut impl ReplayTarget) {
        for (reference, mut series) in self.0 {
            while series.labels.is_some() && !series.chunks.is_empty() {
                give(reference, &mut series, target);
            }
        }
    }
}

/// The series takes over chunks when it is named.
fn give(reference: u64, series: &mut Series, target: &mut impl ReplayTarget) {
    if let (Some(chunk), Some(labels)) = (series.chunks.pop_front(), &series.labels) {
        target.mapped(reference, chunk);
        target.series(reference, labels.view());
    }
}
