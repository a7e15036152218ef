//! What the head asks of its surroundings: somewhere to put full chunks, and somewhere to log commits.

use promd_block::{Damage, ReadChunk};
use promd_chunk::Encoding;
use promd_model::{Columns, Exemplar, Interval, Labels, Metadata};
use promd_storage::Position;
use promd_wal::record::{MmapMarker, SampleColumns, Stamp};

use super::late::LateValue;
use crate::TsdbError;

/// Where full chunks go, and come back from: the files of `chunks_head`.
pub(crate) trait ChunkStore: Send + Sync {
    /// Writes a chunk of the series `reference` with samples from `min` to `max`, and says where it is.
    ///
    /// It is called with a part of the head locked, so it should not wait for a disk longer than a write to the page cache takes.
    fn write(
        &self,
        reference: u64,
        min: i64,
        max: i64,
        encoding: Encoding,
        out_of_order: bool,
        bytes: &[u8],
    ) -> Result<u64, TsdbError>;

    /// Reads a chunk back.
    fn read(&self, at: u64) -> Result<ReadChunk, Damage>;
}

/// Where commits are logged before they are shown.
pub(crate) trait CommitLog: Send + Sync {
    /// Logs a commit. If it fails nothing of the commit is stored. Calls do not overlap.
    fn log(&self, commit: &Commit<'_>) -> Result<Position, TsdbError>;
}

/// Where samples that came out of order are logged a second time, before their commit is logged and they are shown: the log of
/// commits is replayed in order, and passes over them.
pub(crate) trait LateLog: Send + Sync {
    /// Logs the steps of a commit. Calls do not overlap.
    fn log(&self, steps: &[LateStep]) -> Result<(), TsdbError>;

    /// Begins another segment, and returns its number.
    fn next_segment(&self) -> Result<u64, TsdbError>;

    /// Removes the segments before this one.
    fn truncate(&self, before: u64) -> Result<(), TsdbError>;
}

/// Samples that came out of order: the markers are logged first.
#[derive(Debug, Clone, Default)]
pub(crate) struct LateStep {
    /// Which full chunks have all samples of a series that were logged so far.
    pub(crate) markers: Vec<MmapMarker>,
    /// The samples.
    pub(crate) batch: CommitBatch,
}

impl LateStep {
    pub(super) fn push(&mut self, stamp: Stamp, value: &LateValue) {
        let CommitBatch { floats, histograms, float_histograms } = &mut self.batch;
        let pushed = match value {
            LateValue::Float(v) => {
                floats.push(stamp, *v);
                return;
            }
            LateValue::Histogram(histogram) => {
                histograms.series.push(stamp.series);
                histograms.columns.push_histogram(stamp.time, histogram)
            }
            LateValue::FloatHistogram(histogram) => {
                float_histograms.series.push(stamp.series);
                float_histograms.columns.push_float_histogram(stamp.time, histogram)
            }
        };
        debug_assert!(pushed.is_ok(), "columns hold no malformed histograms");
    }
}

/// What is to be logged, in this order: the series, the metadata, the batches one after the other, the exemplars.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commit<'a> {
    /// Series that are in no record so far.
    pub(crate) series: &'a [(u64, Labels)],
    /// What is said of metrics.
    pub(crate) metadata: &'a [(u64, Metadata)],
    /// The samples. There is more than one batch only if a series changes between floats and histograms.
    pub(crate) batches: &'a [CommitBatch],
    /// The exemplars that the ring has room for, as far as that can be told before it takes them.
    pub(crate) exemplars: &'a [(u64, Exemplar)],
}

impl Commit<'_> {
    /// Whether there is nothing to log.
    pub(crate) fn is_empty(&self) -> bool {
        let samples = self.batches.iter().any(|batch| !batch.is_empty());
        !samples && self.series.is_empty() && self.metadata.is_empty() && self.exemplars.is_empty()
    }
}

/// Samples of a commit, kind by kind, to be logged in this order.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommitBatch {
    /// The floats.
    pub(crate) floats: SampleColumns,
    /// The histograms of whole numbers.
    pub(crate) histograms: HistogramColumns,
    /// The histograms of floats.
    pub(crate) float_histograms: HistogramColumns,
}

impl CommitBatch {
    /// Whether there is no sample.
    pub(crate) fn is_empty(&self) -> bool {
        self.floats.is_empty() && self.histograms.series.is_empty() && self.float_histograms.series.is_empty()
    }

    /// Empties it and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.floats.clear();
        self.histograms.clear();
        self.float_histograms.clear();
    }
}

/// Histograms of one kind: row `n` of the columns belongs to the series with reference `n`.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistogramColumns {
    /// The reference of the series of each row.
    pub(crate) series: Vec<u64>,
    /// The histograms.
    pub(crate) columns: Columns,
}

impl HistogramColumns {
    /// Empties it and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.series.clear();
        self.columns.clear();
    }
}

/// A chunk that was found in the chunk store at start-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MappedChunk {
    /// What [`ChunkStore::read`] wants to know.
    pub(crate) at: u64,
    /// From its first sample to its last.
    pub(crate) interval: Interval,
}

/// How a head is to be.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub(crate) struct HeadOptions {
    /// The width of the blocks that the head becomes, in milliseconds: no chunk crosses one of their ends.
    pub(crate) chunk_range: i64,
    /// How many series there may be.
    pub(crate) max_series: Option<usize>,
    /// How many samples a chunk of floats should have.
    pub(crate) samples_per_chunk: u16,
    /// How many exemplars all series together may have.
    pub(crate) max_exemplars: usize,
    /// How much older than the newest sample of the head a sample may be that is older than the newest of its series, in milliseconds;
    /// 0 takes none.
    pub(crate) late_window: i64,
    /// How many samples a chunk of those has.
    pub(crate) late_capacity: u8,
}

impl Default for HeadOptions {
    fn default() -> Self {
        Self {
            chunk_range: 2 * 60 * 60 * 1000,
            max_series: None,
            samples_per_chunk: 120,
            max_exemplars: 0,
            late_window: 0,
            late_capacity: 32,
        }
    }
}
