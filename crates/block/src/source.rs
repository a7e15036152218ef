//! Where the series of a block come from: the seam between a block, the compactor and the head.

use std::sync::Arc;

use bytes::Bytes;
use promd_chunk::{Chunk, Encoding};
use promd_model::Labels;

use crate::{BlockError, Interval, Intervals};

/// Series in label order, handed out one at a time: an opened block, a merge of several, the head.
///
/// Its reader asks for all symbols first, then for all series, then for what was lost. Nothing is held in proportion to
/// the number of series on either side, and the buffers are the reader's, who passes the same ones again and again.
///
/// ```
/// use promd_block::{BlockError, BlockSource, SourceSeries};
///
/// /// Counts what a source holds.
/// fn count(source: &mut dyn BlockSource) -> Result<(usize, usize), BlockError> {
///     let (mut series, mut all, mut chunks) = (SourceSeries::default(), 0, 0);
///     while source.next_series(&mut series)? {
///         all += 1;
///         chunks += series.chunks.len();
///     }
///     Ok((all, chunks))
/// }
/// ```
pub trait BlockSource {
    /// Puts the next symbol into `symbol`, or returns `false` behind the last one. Symbols ascend bytewise and are distinct; every
    /// name and value of every series is among them, and there may be more. They are asked for before the first series.
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError>;

    /// Puts the next series into `series`, whatever it held before, or returns `false` behind the last one. Series ascend by
    /// labels and are distinct.
    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError>;

    /// What is missing and cannot be laid to one series that was handed out, such as a series whose labels are lost.
    /// Complete behind the last series.
    fn lost(&self) -> &[LostSeries] {
        &[]
    }
}

/// A series as a source hands it out.
#[derive(Debug, Clone, Default)]
pub struct SourceSeries {
    /// What names it.
    pub labels: Labels,
    /// Its samples. Chunks ascend by their first time; they overlap only if the source says that they may.
    pub chunks: Vec<SourceChunk>,
    /// What was deleted, although it may still be in the chunks.
    pub deleted: Intervals,
    /// What is known to be missing.
    pub holes: Vec<Hole>,
}

impl SourceSeries {
    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.labels = Labels::empty();
        self.chunks.clear();
        self.deleted.clear();
        self.holes.clear();
    }
}

/// A chunk as a source hands it out. Its bytes keep the map or buffer alive that they are in.
#[derive(Debug, Clone)]
pub struct SourceChunk {
    /// The time of the first sample.
    pub min: i64,
    /// The time of the last sample.
    pub max: i64,
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// The data, without the encoding byte.
    pub bytes: Bytes,
}

impl SourceChunk {
    /// The time from the first sample to the last.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        Interval::new(self.min, self.max)
    }

    /// The chunk, to be decoded.
    #[must_use]
    pub fn chunk(&self) -> Chunk<'_> {
        Chunk::new(self.encoding, &self.bytes)
    }
}

/// A stretch of time in which a series has lost samples, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// When the lost samples were.
    pub interval: Interval,
    /// What happened, for the reader of a warning.
    pub cause: Arc<str>,
}

/// A hole in a series that is not known, or that the source does not hand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSeries {
    /// The labels, where they are known.
    pub labels: Option<Labels>,
    /// When, and why.
    pub hole: Hole,
}
