//! Full chunks that wait until the log comes to their time.
//!
//! A series may have several references in one log: whatever it is called by, a sample finds all of its chunks.

use std::collections::VecDeque;

use hashbrown::HashMap;
use promd_model::{Labels, LabelsRef};
use promd_wal::record::Stamp;

use super::ReplayTarget;
use crate::chunks_head::MappedChunk;

/// A series that a record has named.
#[derive(Debug)]
struct Series {
    /// The reference of the first record.
    reference: u64,
    labels: Labels,
    /// Its chunks, the next one first.
    chunks: VecDeque<MappedChunk>,
}

impl Series {
    /// The series takes over chunks when it is named.
    fn give(&mut self, target: &mut impl ReplayTarget) {
        if let Some(chunk) = self.chunks.pop_front() {
            target.mapped(self.reference, chunk);
            target.series(self.reference, self.labels.view());
        }
    }
}

/// Chunks by the series that they belong to.
#[derive(Debug)]
pub(super) struct Waiting {
    /// By reference, until a record names them.
    unnamed: HashMap<u64, Vec<MappedChunk>>,
    named: Vec<Series>,
    by_reference: HashMap<u64, usize>,
    by_labels: HashMap<Labels, usize>,
}

impl Waiting {
    pub(super) fn new(chunks: impl Iterator<Item = (u64, Vec<MappedChunk>)>) -> Self {
        let (named, by_reference, by_labels) = (Vec::new(), HashMap::new(), HashMap::new());
        Self { unnamed: chunks.collect(), named, by_reference, by_labels }
    }

    /// The series has a record.
    pub(super) fn name(&mut self, reference: u64, labels: LabelsRef<'_>) {
        let labels = labels.to_labels();
        let next = self.named.len();
        let number = *self.by_labels.entry(labels.clone()).or_insert(next);
        if number == next {
            self.named.push(Series { reference, labels, chunks: VecDeque::new() });
        }
        self.by_reference.insert(reference, number);
        if let Some((more, series)) = self.unnamed.remove(&reference).zip(self.named.get_mut(number)) {
            series.chunks.extend(more);
            // Where earlier damage was filled, chunks that were written later are of earlier times.
            series.chunks.make_contiguous().sort_by_key(|chunk| (chunk.min, chunk.place));
        }
    }

    /// The series is gone, and they with it.
    pub(super) fn forget(&mut self, reference: u64) {
        self.unnamed.remove(&reference);
        if let Some(number) = self.by_reference.remove(&reference)
            && let Some(series) = self.named.get_mut(number)
        {
            series.chunks.clear();
            self.by_labels.remove(&series.labels);
        }
    }

    /// Whether a chunk begins before this sample, or with it.
    pub(super) fn is_due(&self, stamp: Stamp) -> bool {
        let series = self.by_reference.get(&stamp.series).and_then(|number| self.named.get(*number));
        series.and_then(|series| series.chunks.front()).is_some_and(|chunk| chunk.min <= stamp.time)
    }

    /// Hands over the chunks that begin before this sample, or with it.
    pub(super) fn hand_over(&mut self, stamp: Stamp, target: &mut impl ReplayTarget) {
        while self.is_due(stamp)
            && let Some(number) = self.by_reference.get(&stamp.series)
            && let Some(series) = self.named.get_mut(*number)
        {
            series.give(target);
        }
    }

    /// Hands over the rest. Chunks of series without a record belong to nobody.
    pub(super) fn finish(self, target: &mut impl ReplayTarget) {
        for mut series in self.named {
            while !series.chunks.is_empty() {
                series.give(target);
            }
        }
    }
}
