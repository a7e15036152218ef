//! Late samples on their way into blocks, as `OOOCompactionHead` of `tsdb/ooo_head_read.go` has them.
//!
//! All open late samples are written away, and the chunks that there are then become blocks, one for each range of time. Samples that come
//! meanwhile go into new chunks and a new segment of the log, and wait for the next time. When readers find the
//! blocks, the chunks and the older segments can go.

use std::collections::BTreeSet;
use std::sync::Arc;

use promd_block::{BlockError, BlockSource, Hole, SourceChunk, SourceSeries};
use promd_chunk::Encoder;
use promd_model::{Columns, Interval};
use promd_storage::{Damaged, Decoder, Series};

use super::Head;
use super::contract::LateLog;
use super::late::{LateChunk, hull};
use super::read::{Found, HeadReader, views};
use super::source::Symbols;
use super::stripe::{Stripe, join};
use super::sync::{AtomicI64, AtomicU64, Ordering, RwLock};
use crate::TsdbError;

/// What the head knows of late samples as a whole.
pub(super) struct LateState {
    window: AtomicI64,
    /// Nothing is logged without one.
    pub(super) log: RwLock<Option<Arc<dyn LateLog>>>,
    min: AtomicI64,
    max: AtomicI64,
    /// The number of the next full chunk.
    next: AtomicU64,
    /// Full chunks below this number are in blocks.
    in_blocks: AtomicU64,
    floats: AtomicU64,
    histograms: AtomicU64,
}

impl LateState {
    pub(super) fn new(window: i64) -> Self {
        Self {
            window: AtomicI64::new(window),
            log: RwLock::default(),
            min: AtomicI64::new(i64::MAX),
            max: AtomicI64::new(i64::MIN),
            next: AtomicU64::new(0),
            in_blocks: AtomicU64::new(0),
            floats: AtomicU64::new(0),
            histograms: AtomicU64::new(0),
        }
    }

    pub(super) fn window(&self) -> i64 {
        self.window.load(Ordering::Relaxed)
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The number from which on chunks are to be read.
    pub(super) fn read_from(&self) -> u64 {
        self.in_blocks.load(Ordering::Relaxed)
    }

    pub(super) fn interval(&self) -> Option<Interval> {
        let (min, max) = (self.min.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed));
        (min <= max).then_some(Interval::new(min, max))
    }

    pub(super) fn extend(&self, interval: Interval) {
        self.min.fetch_min(interval.min, Ordering::Relaxed);
        self.max.fetch_max(interval.max, Ordering::Relaxed);
    }

    /// What is left when some have gone. Nobody commits meanwhile.
    fn reset(&self, left: Option<Interval>) {
        self.min.store(left.map_or(i64::MAX, |left| left.min), Ordering::Relaxed);
        self.max.store(left.map_or(i64::MIN, |left| left.max), Ordering::Relaxed);
    }

    pub(super) fn count(&self, floats: u64, histograms: u64) {
        self.floats.fetch_add(floats, Ordering::Relaxed);
        self.histograms.fetch_add(histograms, Ordering::Relaxed);
    }
}

/// The late chunks of one moment, all of them full.
#[derive(Debug)]
pub(crate) struct LateBlocks {
    /// Those below this number.
    before: u64,
    /// The segment of the log in which later ones are.
    segment: Option<u64>,
    /// Their series, in the order of their labels.
    slots: Vec<u32>,
    interval: Interval,
    ranges: Vec<Interval>,
}

impl LateBlocks {
    /// The times of the blocks that they make, ascending, each as its first and its last millisecond.
    pub(crate) fn ranges(&self) -> &[Interval] {
        &self.ranges
    }
}

impl Head {
    /// Changes how late samples may be that are out of order. With 0 no more are taken; those that there are stay.
    pub(crate) fn set_late_window(&self, window: i64) {
        let window = window.max(0);
        self.late.window.store(window, Ordering::Relaxed);
        self.exemplars.lock().set_window(window);
    }

    /// Logs late samples here from the next commit on.
    pub(crate) fn set_late_log(&self, log: Option<Arc<dyn LateLog>>) {
        let _between_commits = self.committing.lock();
        *self.late.log.write() = log;
    }

    /// From the first late sample to the last, those that have gone into blocks not long ago included.
    pub(crate) fn late_interval(&self) -> Option<Interval> {
        self.late.interval()
    }

    /// How many floats and how many histograms came out of order, and were taken.
    pub(crate) fn late_counts(&self) -> (u64, u64) {
        (self.late.floats.load(Ordering::Relaxed), self.late.histograms.load(Ordering::Relaxed))
    }

    /// The place of the oldest chunk of late samples that is needed: its file, and all later ones, must stay.
    pub(crate) fn oldest_late_chunk(&self) -> Option<u64> {
        let oldest = |stripe: &Stripe| {
            let locals = stripe.late_locals().into_iter();
            let chunks = locals.filter_map(|local| stripe.late(local)).flat_map(|late| &late.full);
            chunks.filter_map(LateChunk::stored_at).min()
        };
        self.stripes.iter().filter_map(|stripe| oldest(&stripe.lock())).min()
    }

    /// Writes all late samples into chunks, and says what is to become blocks. `None`: there are none.
    pub(crate) fn late_blocks(&self) -> Result<Option<LateBlocks>, TsdbError> {
        let _between_commits = self.committing.lock();
        if self.stripes.iter().all(|stripe| stripe.lock().late_locals().is_empty()) {
            return Ok(None);
        }
        let log = self.late.log.read().clone();
        let segment = log.map(|log| log.next_segment()).transpose()?;
        let range = self.around.options.chunk_range;
        let (mut slots, mut ranges, mut interval) = (Vec::new(), BTreeSet::new(), None);
        for (number, stripe) in self.stripes.iter().enumerate() {
            let locals = stripe.lock().late_locals();
            for local in locals {
                let mut stripe = stripe.lock();
                stripe.cut_late(local, &self.around, || self.late.next_number());
                let Some(late) = stripe.late(local) else { continue };
                slots.push(join(number, local));
                for chunk in &late.full {
                    let Interval { min, max } = chunk.interval;
                    ranges.extend(min.div_euclid(range)..=max.div_euclid(range));
                    interval = interval.into_iter().chain([chunk.interval]).reduce(hull);
                }
            }
        }
        let Some(interval) = interval else { return Ok(None) };
        self.index.read().sort(&mut slots);
        let of_range = |number: &i64| {
            let min = number.saturating_mul(range);
            Interval::new(min, min.saturating_add(range - 1))
        };
        let (before, ranges) = (self.late.next.load(Ordering::Relaxed), ranges.iter().map(of_range).collect());
        Ok(Some(LateBlocks { before, segment, slots, interval, ranges }))
    }

    /// What becomes the block of one range of time.
    pub(crate) fn late_source<'a>(&'a self, late: &'a LateBlocks, times: Interval) -> LateSource<'a> {
        LateSource {
            reader: self.reader(times),
            before: late.before,
            times,
            symbols: Symbols::of(self, &late.slots),
            slots: late.slots.iter(),
            found: Found::default(),
            series: Series::default(),
            decoder: Decoder::new(),
            columns: Columns::new(),
        }
    }

    /// Forgets what has become blocks, which readers find from now on, and the series that have nothing else. Nothing is done while somebody
    /// reads it from here; who opens a reader from now on does not, so that a later call succeeds.
    ///
    /// Returns the references of the series that are gone.
    pub(crate) fn try_truncate_late(&self, late: &LateBlocks) -> Result<Option<Vec<u64>>, TsdbError> {
        self.late.in_blocks.fetch_max(late.before, Ordering::Relaxed);
        if self.readers.read_late(late.before, late.interval) {
            return Ok(None);
        }
        let (mut empty, mut left) = (Vec::new(), None);
        let between_commits = self.committing.lock();
        for (number, stripe) in self.stripes.iter().enumerate() {
            let mut stripe = stripe.lock();
            for local in stripe.late_locals() {
                if !stripe.truncate_late(local, late.before) && stripe.interval(local).is_none() {
                    empty.push(join(number, local));
                }
                left = left.into_iter().chain(stripe.late_interval(local)).reduce(hull);
            }
        }
        self.late.reset(left);
        drop(between_commits);
        let gone = self.remove_empty(&empty);
        self.reclaim();
        let log = self.late.log.read().clone();
        if let Some((log, segment)) = log.zip(late.segment) {
            log.truncate(segment)?;
        }
        Ok(Some(gone))
    }
}

/// Late samples of a range of time: series in label order, the chunks of each merged into chunks that do not overlap.
pub(crate) struct LateSource<'a> {
    reader: HeadReader<'a>,
    before: u64,
    times: Interval,
    symbols: Symbols,
    slots: std::slice::Iter<'a, u32>,
    found: Found,
    series: Series,
    decoder: Decoder,
    columns: Columns,
}

impl BlockSource for LateSource<'_> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        Ok(self.symbols.next(self.reader.head, symbol))
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        for slot in self.slots.by_ref() {
            self.reader.find_late(*slot, self.times, self.before, &mut self.found);
            self.series.clear();
            let Found { late, deleted, .. } = &mut self.found;
            for chunk in late.drain(..) {
                let interval = Interval::new(chunk.min, chunk.max);
                if let Err(missing) = views(self.reader.head, chunk, Interval::ALL, deleted.as_ref(), &mut self.series)
                {
                    series.holes.push(Hole { interval, cause: missing.into() });
                }
            }
            self.series.settle();
            self.columns.clear();
            if let Err(Damaged { faults }) = self.decoder.decode(&self.series, self.times, &mut self.columns) {
                let hole = |fault: promd_storage::Fault| Hole {
                    interval: fault.interval,
                    cause: fault.error.to_string().into(),
                };
                series.holes.extend(faults.into_iter().map(hole));
            }
            let encoded = Encoder::new().encode(&self.columns, |chunk| {
                let bytes = bytes::Bytes::copy_from_slice(chunk.bytes);
                let (min, max, encoding) = (chunk.min, chunk.max, chunk.encoding);
                series.chunks.push(SourceChunk { min, max, encoding, bytes });
            });
            encoded.map_err(|error| BlockError::Invalid(error.to_string()))?;
            if series.chunks.is_empty() && series.holes.is_empty() {
                continue;
            }
            series.labels = self.reader.head.index.read().labels(*slot, None);
            return Ok(true);
        }
        Ok(false)
    }
}
