//! What a select hands out.

use std::sync::Arc;

use bytes::Bytes;
use promd_chunk::{Chunk, Encoding};
use promd_model::{Interval, Intervals, Labels};

/// A chunk, as it lies in a file, a map or the head. Its bytes keep alive what they are a part of.
#[derive(Debug, Clone)]
pub struct ChunkView {
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// The time of the first sample.
    pub min: i64,
    /// The time of the last sample.
    pub max: i64,
    /// The data, without the encoding byte.
    pub bytes: Bytes,
    /// What was deleted of the series in the source of this chunk.
    pub deleted: Option<Arc<Intervals>>,
    /// Whether all of it can be taken as it is: no other chunk of the series overlaps it, and nothing in it is deleted.
    pub clean: bool,
}

impl ChunkView {
    /// A view of a chunk that nothing overlaps and of which nothing is deleted.
    #[must_use]
    pub const fn new(encoding: Encoding, min: i64, max: i64, bytes: Bytes) -> Self {
        Self { encoding, min, max, bytes, deleted: None, clean: true }
    }

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

    /// The deletions that touch it.
    pub(crate) fn deletions(&self) -> Option<&Intervals> {
        self.deleted.as_deref().filter(|deleted| deleted.overlaps(&self.interval()))
    }
}

/// A series as a select hands it out. One value is used for all series of a select.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// What names it; only the labels of the projection, if the select had one.
    pub labels: Labels,
    /// Its chunks, ascending by their first time. Of those with the same first time, and wherever two have a sample at the
    /// same time, the one further to the front counts.
    pub chunks: Vec<ChunkView>,
}

impl Series {
    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.labels = Labels::empty();
        self.chunks.clear();
    }

    /// Brings chunks of several sources, put one source after the other, into order, and finds out which of them are clean.
    pub fn settle(&mut self) {
        // Stable: what came first stays first.
        self.chunks.sort_by_key(|chunk| chunk.min);
        let mut reached: Option<i64> = None;
        let mut begin = 0;
        for index in 0..self.chunks.len() {
            let (min, max) = (self.chunks[index].min, self.chunks[index].max);
            let overlaps = reached.is_some_and(|reached| min <= reached);
            if overlaps {
                self.chunks[begin..index].iter_mut().for_each(|chunk| chunk.clean = false);
            }
            begin = if overlaps { begin } else { index };
            let chunk = &mut self.chunks[index];
            chunk.clean = !overlaps && chunk.deletions().is_none();
            reached = reached.max(Some(max));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(min: i64, max: i64) -> ChunkView {
        ChunkView::new(Encoding::Xor, min, max, Bytes::new())
    }

    #[track_caller]
    fn check(chunks: &[(i64, i64)], expected: &[(i64, i64, bool)]) {
        let mut series =
            Series { labels: Labels::empty(), chunks: chunks.iter().map(|(min, max)| view(*min, *max)).collect() };
        series.settle();
        let got: Vec<_> = series.chunks.iter().map(|chunk| (chunk.min, chunk.max, chunk.clean)).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn overlaps_are_found() {
        check(&[], &[]);
        check(&[(10, 20), (0, 9)], &[(0, 9, true), (10, 20, true)]);
        check(&[(0, 10), (10, 20)], &[(0, 10, false), (10, 20, false)]);
        // One long chunk, and two short ones that do not touch each other.
        check(
            &[(0, 100), (10, 20), (30, 40), (101, 110)],
            &[(0, 100, false), (10, 20, false), (30, 40, false), (101, 110, true)],
        );
    }

    #[test]
    fn only_deletions_inside_the_chunk_count() {
        let deleted: Arc<Intervals> = Arc::new([Interval::new(5, 6)].into_iter().collect());
        let with = |min, max| ChunkView { deleted: Some(Arc::clone(&deleted)), ..view(min, max) };
        let mut series = Series { labels: Labels::empty(), chunks: vec![with(0, 4), with(6, 9), with(10, 12)] };
        series.settle();
        assert_eq!(series.chunks.iter().map(|chunk| chunk.clean).collect::<Vec<_>>(), [true, false, true]);
    }
}
