//! The head as what a log is replayed into.

use promd_model::{FloatHistogram, Histogram, Interval, LabelsRef};
use promd_wal::record::{ExemplarEntry, MetadataEntry, SampleColumns, Stamp};

use super::{ReplayTarget, Replayed};
use crate::chunks_head::MappedChunk;
use crate::head::Head;

/// A head that is brought back. It keeps neither exemplars nor metadata: they are passed over.
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

    fn exemplar(&mut self, _: &ExemplarEntry<'_>) -> Replayed {
        Replayed { passed: 1, ..Replayed::default() }
    }

    fn metadata(&mut self, _: &MetadataEntry<'_>) -> Replayed {
        Replayed { passed: 1, ..Replayed::default() }
    }
}
