//! The head as what a log is replayed into.

use promd_model::{Exemplar, FloatHistogram, Histogram, Interval, LabelsBuilder, LabelsRef, Millis};
use promd_wal::record::{ExemplarEntry, MetadataEntry, SampleColumns, Stamp};

use super::{ReplayTarget, Replayed};
use crate::chunks_head::MappedChunk;
use crate::head::Head;

/// A head that is brought back.
pub(crate) struct IntoHead<'h>(pub(crate) &'h Head);

impl From<crate::head::Replayed> for Replayed {
    fn from(replayed: crate::head::Replayed) -> Self {
        Self { taken: replayed.appended, passed: replayed.passed, unknown: replayed.unknown }
    }
}

impl ReplayTarget for IntoHead<'_> {
    fn mapped(&mut self, reference: u64, chunk: MappedChunk) {
        let MappedChunk { place, min, max, .. } = chunk;
        let chunk = crate::head::MappedChunk { at: place.into(), interval: Interval::new(min, max) };
        self.0.replay_mapped(reference, chunk);
    }

    fn late(&mut self, reference: u64, chunk: MappedChunk) {
        let MappedChunk { place, min, max, .. } = chunk;
        let chunk = crate::head::MappedChunk { at: place.into(), interval: Interval::new(min, max) };
        self.0.replay_late_mapped(reference, chunk);
    }

    fn series(&mut self, reference: u64, labels: LabelsRef<'_>) {
        self.0.replay_series(reference, labels);
    }

    fn floats(&mut self, samples: &SampleColumns) -> Replayed {
        self.0.replay_floats(samples).into()
    }

    fn histogram(&mut self, stamp: Stamp, histogram: &Histogram) -> Replayed {
        self.0.replay_histogram(stamp, histogram).into()
    }

    fn float_histogram(&mut self, stamp: Stamp, histogram: &FloatHistogram) -> Replayed {
        self.0.replay_float_histogram(stamp, histogram).into()
    }

    fn tombstone(&mut self, reference: u64, interval: Interval) -> Replayed {
        self.0.replay_tombstone(reference, interval).into()
    }

    fn exemplar(&mut self, exemplar: &ExemplarEntry<'_>) -> Replayed {
        // Those of before the head belong to nothing that it answers for (`tsdb/head_wal.go`).
        if exemplar.stamp.time < self.0.min_valid_time() {
            return Replayed { passed: 1, ..Replayed::default() };
        }
        let mut scratch = LabelsBuilder::new();
        let Ok(labels) = exemplar.labels.view(&mut scratch) else {
            return Replayed { passed: 1, ..Replayed::default() };
        };
        let (labels, timestamp) = (labels.to_labels(), Millis(exemplar.stamp.time));
        let known = Exemplar { labels, value: exemplar.value, timestamp, has_timestamp: false };
        self.0.replay_exemplar(exemplar.stamp.series, &known).into()
    }

    fn metadata(&mut self, metadata: &MetadataEntry<'_>) -> Replayed {
        self.0.replay_metadata(metadata.series, &metadata.to_metadata()).into()
    }
}
