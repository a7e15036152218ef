//! Several sources as one.
//!
//! ```text
//! source ──┐  by labels          by time, chunk by chunk             by time, sample by sample
//! source ──┼─────────────► lanes ───────────────────────► clusters ──────────────────────────► encoder
//! source ──┘   (heap)       │     chunks that are alone    │        of overlapping chunks         │
//!                           └────► pass as they are        └────► decoded                         └────► out
//! ```
//!
//! At any time one series of each source is in memory, and decoded are only the chunks of one cluster.

mod chain;
mod deleted;
mod encoder;
mod lanes;
mod symbols;

use promd_block::{BlockError, BlockSource, Hole, Interval, LostSeries, SourceSeries};

use self::encoder::Encoder;
use self::lanes::Lanes;
use self::symbols::Symbols;
use crate::heap::Heap;

/// How sources are merged. The default is what Prometheus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MergeOptions {
    /// What lies outside is left out.
    pub within: Interval,
    /// How floats are written that must be written again because chunks overlap. Those with a start timestamp are always XOR2.
    pub floats: FloatEncoding,
}

impl Default for MergeOptions {
    fn default() -> Self {
        Self { within: Interval::ALL, floats: FloatEncoding::default() }
    }
}

/// An encoding of floats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FloatEncoding {
    /// Which every Prometheus can read.
    #[default]
    Xor,
    /// Which Prometheus can read from 3.11 on.
    Xor2,
}

/// What a merge has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergeCounts {
    /// Series handed out.
    pub series: u64,
    /// Chunks handed out as they came in.
    pub passed: u64,
    /// Chunks written anew.
    pub encoded: u64,
}

/// The union of sources: series in label order, symbols of all, each series once.
///
/// Chunks that overlap no other chunk and nothing deleted pass through, and their bytes are not looked at. Of samples at the same
/// millisecond one is kept: the one that Prometheus keeps, for the same order of the sources.
///
/// ```
/// use promd_block::{BlockError, BlockSource, SourceSeries};
/// use promd_compactor::{Merge, MergeOptions};
///
/// /// How many chunks a merge of blocks has, and how many of them had to be written anew.
/// fn chunks<S: BlockSource>(sources: Vec<S>) -> Result<(u64, u64), BlockError> {
///     let mut merge = Merge::new(sources, MergeOptions::default());
///     let mut series = SourceSeries::default();
///     while merge.next_series(&mut series)? {}
///     let counts = merge.counts();
///     Ok((counts.passed + counts.encoded, counts.encoded))
/// }
/// ```
#[derive(Debug)]
pub struct Merge<S> {
    sources: Vec<Source<S>>,
    symbols: Symbols,
    options: MergeOptions,
    /// The sources that have a next series, by its labels.
    heap: Heap,
    /// The sources that the series last handed out came from: the next ones to be asked.
    current: Vec<usize>,
    lanes: Lanes,
    encoder: Encoder,
    lost: Vec<LostSeries>,
    counts: MergeCounts,
}

#[derive(Debug)]
struct Source<S> {
    source: S,
    series: SourceSeries,
}

impl<S: BlockSource> Merge<S> {
    /// A merge of these sources. They are ordered by their first time, as a [`Plan`](crate::Plan) has them.
    #[must_use]
    pub fn new(sources: impl IntoIterator<Item = S>, options: MergeOptions) -> Self {
        let sources: Vec<_> =
            sources.into_iter().map(|source| Source { source, series: SourceSeries::default() }).collect();
        Self {
            symbols: Symbols::default(),
            options,
            heap: Heap::default(),
            // Nobody has been asked so far, so all are to be asked next.
            current: (0..sources.len()).collect(),
            lanes: Lanes::default(),
            encoder: Encoder::default(),
            lost: Vec::new(),
            counts: MergeCounts::default(),
            sources,
        }
    }

    /// What has been done so far.
    #[must_use]
    pub fn counts(&self) -> MergeCounts {
        self.counts
    }

    /// Asks those sources for a series whose last one was handed out.
    fn advance(&mut self) -> Result<(), BlockError> {
        for number in 0..self.current.len() {
            let index = self.current[number];
            let Source { source, series } = &mut self.sources[index];
            loop {
                if !source.next_series(series)? {
                    self.lost.extend_from_slice(source.lost());
                    break;
                }
                deleted::keep_within(series, self.options.within);
                if series.chunks.is_empty() {
                    lose(&mut self.lost, series);
                    continue;
                }
                let sources = &self.sources;
                self.heap.push(index, |a, b| sources[a].series.labels < sources[b].series.labels);
                break;
            }
        }
        self.current.clear();
        Ok(())
    }

    /// Takes the sources with the least labels off the heap.
    fn select(&mut self) -> bool {
        let sources = &self.sources;
        let less = |a: usize, b: usize| sources[a].series.labels < sources[b].series.labels;
        let Some(first) = self.heap.pop(less) else { return false };
        self.current.push(first);
        while let Some(next) = self.heap.peek()
            && sources[next].series.labels == sources[first].series.labels
        {
            self.heap.pop(less);
            self.current.push(next);
        }
        true
    }

    /// Puts the series of the selected sources together.
    fn combine(&mut self, into: &mut SourceSeries) {
        into.clear();
        let before = self.encoder.chunks();
        for &index in &self.current {
            let series = &mut self.sources[index].series;
            deleted::apply(series, &mut self.encoder);
        }
        if let [only] = self.current[..] {
            // What one source has alone is not looked at, even where its own chunks overlap.
            std::mem::swap(into, &mut self.sources[only].series);
        } else {
            for (number, &index) in self.current.iter().enumerate() {
                let series = &mut self.sources[index].series;
                if number == 0 {
                    std::mem::swap(&mut into.labels, &mut series.labels);
                }
                self.lanes.add(&mut series.chunks);
                into.holes.append(&mut series.holes);
            }
            self.lanes.merge(self.options.floats, &mut self.encoder, &mut into.chunks, &mut into.holes);
        }
        tidy(&mut into.holes);
        into.deleted.clear();
        let encoded = self.encoder.chunks() - before;
        self.counts.encoded += encoded;
        self.counts.passed += (into.chunks.len() as u64).saturating_sub(encoded);
    }
}

impl<S: BlockSource> BlockSource for Merge<S> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        self.symbols.next(&mut self.sources, |source, symbol| source.source.next_symbol(symbol), symbol)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        loop {
            self.advance()?;
            if !self.select() {
                series.clear();
                return Ok(false);
            }
            self.combine(series);
            if !series.chunks.is_empty() {
                self.counts.series += 1;
                return Ok(true);
            }
            lose(&mut self.lost, series);
        }
    }

    fn lost(&self) -> &[LostSeries] {
        &self.lost
    }
}

/// Keeps in mind what is missing of a series of which nothing is left.
fn lose(lost: &mut Vec<LostSeries>, series: &mut SourceSeries) {
    let labels = &series.labels;
    lost.extend(series.holes.drain(..).map(|hole| LostSeries { labels: Some(labels.clone()), hole }));
}

/// Sorts holes, and keeps one of those that are the same: blocks made from one damaged block all tell of it.
fn tidy(holes: &mut Vec<Hole>) {
    if holes.len() > 1 {
        holes.sort_by(|a, b| (a.interval, &a.cause).cmp(&(b.interval, &b.cause)));
        holes.dedup();
    }
}
