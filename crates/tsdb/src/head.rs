//! The head: the series of the last hours, in memory.
//!
//! # Where things lie
//!
//! A series is a *slot*, a number. Its labels are numbers of interned pairs (`pairs`, `index`), which also hold the posting
//! lists; all of that is under one lock that is written when a series comes or goes. Its samples are in one of sixteen *stripes*,
//! each under a lock of its own: slots of 64 bytes, found by reference, open chunks of floats in chains of cells,
//! references to full chunks in smaller cells. A full chunk goes to the [`ChunkStore`] at once.
//!
//! # The way in
//!
//! An appender judges samples under the locks of their stripes, and keeps them (`append`). A commit is logged first, then applied; one
//! commit at a time, so that what a reader sees is a prefix of all commits (`readers`). A sample that another appender has overtaken
//! between its verdict and its commit is dropped, and counted.
//!
//! # Out of order
//!
//! A sample that is older than the newest of its series, by no more than the window, goes beside the series (`late`): what a commit does there
//! is worked out first (`stage`), logged, and then shown with the rest. From there it becomes a block of its time (`late_blocks`).
//!
//! # Order of locks
//!
//! `committing`, the gate of `readers`, `index`, `unlogged`, a stripe, `exemplars` or `sayings`. Nobody holds two stripes. `in_flight`
//! is held alone.
//!
//! # What others call
//!
//! All of it takes `&self`, from any thread.

mod allowance;
mod append;
mod by_stripe;
mod cardinality;
mod cells;
mod commit;
mod contract;
mod cost;
mod cut;
mod exemplars;
mod gc;
mod index;
#[cfg(test)]
#[cfg(feature = "shuttle")]
mod interleavings;
mod late;
mod late_blocks;
mod mapped;
mod metadata;
mod open;
mod pairs;
mod read;
mod readers;
mod replay;
mod slot;
mod source;
mod stage;
mod stripe;
mod sync;
#[cfg(test)]
#[cfg(not(feature = "shuttle"))]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use promd_model::{Interval, Labels, LabelsRef};
use promd_storage::{Position, Refused, SeriesRef};

pub(crate) use append::HeadAppender;
pub use cardinality::Cardinality;
pub(crate) use contract::{
    ChunkStore, Commit, CommitBatch, CommitLog, HeadOptions, HistogramColumns, LateLog, LateStep, MappedChunk,
};
pub use cost::Cost;
pub(crate) use late_blocks::LateBlocks;
pub(crate) use read::HeadReader;
pub(crate) use replay::Replayed;
pub(crate) use source::HeadSource;

use crate::TsdbError;
use crate::exemplars::Exemplars;
use allowance::Allowance;
use append::Buffers;
use gc::Limbo;
use index::{Index, Looked};
use late_blocks::LateState;
use metadata::Sayings;
use readers::Readers;
use replay::Replay;
use slot::Horizon;
use stripe::{STRIPES, Stripe, StripeMemory, Surroundings, join, split, stripe_of};
use sync::{AtomicI64, AtomicU64, Mutex, Ordering, RwLock};

/// How many buffers of appenders are kept.
const MAX_BUFFERS: usize = 16;

/// The series of the last hours.
pub(crate) struct Head {
    around: Surroundings,
    log: Arc<dyn CommitLog>,
    index: RwLock<Index>,
    stripes: [Mutex<Stripe>; STRIPES as usize],
    readers: Readers,
    /// Held while a commit is logged and applied.
    committing: Mutex<()>,
    /// Series that are in no record yet, by reference and slot. They go into the record of the next commit, whoever made them.
    unlogged: Mutex<Vec<Unlogged>>,
    bounds: Bounds,
    exemplars: Mutex<Exemplars>,
    sayings: Mutex<Sayings>,
    late: LateState,
    next_reference: AtomicU64,
    logged: AtomicU64,
    dropped: AtomicU64,
    /// How many deletions there have been: without any, label values need no look at series.
    deletions: AtomicU64,
    /// The time of the oldest sample that each appender holds.
    in_flight: Mutex<InFlight>,
    limbo: Mutex<Limbo>,
    allowance: Allowance,
    replay: Mutex<Replay>,
    buffers: Mutex<Vec<Buffers>>,
}

/// A series that is in no record yet.
struct Unlogged {
    reference: u64,
    slot: u32,
    labels: Labels,
}

/// Appenders that hold samples, each with the time of the oldest.
#[derive(Debug, Default)]
struct InFlight {
    next: u64,
    oldest: BTreeMap<u64, i64>,
}

impl InFlight {
    /// Notes a sample of an appender, which gets a number by that.
    fn note(&mut self, appender: &mut Option<u64>, t: i64) {
        let number = *appender.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        let oldest = self.oldest.entry(number).or_insert(t);
        *oldest = t.min(*oldest);
    }

    /// Takes back that an appender has a sample older than this.
    fn raise(&mut self, appender: Option<u64>, t: i64) {
        if let Some(oldest) = appender.and_then(|number| self.oldest.get_mut(&number)) {
            *oldest = t.max(*oldest);
        }
    }

    fn oldest(&self) -> i64 {
        self.oldest.values().copied().min().unwrap_or(i64::MAX)
    }
}

/// The times of a head.
#[derive(Debug)]
struct Bounds {
    /// `i64::MAX` and `i64::MIN` while there is no sample.
    min: AtomicI64,
    max: AtomicI64,
    /// Nothing older is taken.
    valid: AtomicI64,
    /// The time of the first sample ever appended, `i64::MIN` before it.
    first: AtomicI64,
    /// What is older is on its way into a block.
    closing: AtomicI64,
}

impl Bounds {
    const fn new() -> Self {
        Self {
            min: AtomicI64::new(i64::MAX),
            max: AtomicI64::new(i64::MIN),
            valid: AtomicI64::new(i64::MIN),
            first: AtomicI64::new(i64::MIN),
            closing: AtomicI64::new(i64::MIN),
        }
    }

    fn begin(&self, t: i64) {
        if self.max.load(Ordering::Relaxed) == i64::MIN {
            // Only the first one counts.
            let _ = self.first.compare_exchange(i64::MIN, t, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn extend(&self, min: i64, max: i64) {
        self.min.fetch_min(min, Ordering::Relaxed);
        self.max.fetch_max(max, Ordering::Relaxed);
    }
}

/// What a head takes, by what it is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct HeadMemory {
    /// Names and values of labels, and posting lists.
    pub(crate) pairs: usize,
    /// The labels of series, and the tables that find them.
    pub(crate) labels: usize,
    /// Slots, and the tables that find them.
    pub(crate) slots: usize,
    /// Open chunks of floats.
    pub(crate) chunks: usize,
    /// References to full chunks.
    pub(crate) references: usize,
    /// Open chunks of histograms.
    pub(crate) histograms: usize,
    /// Samples that came out of order.
    pub(crate) late: usize,
    /// The ring of exemplars.
    pub(crate) exemplars: usize,
    /// What is said of metrics.
    pub(crate) metadata: usize,
}

impl HeadMemory {
    /// Each with its name.
    pub(crate) const fn parts(&self) -> [(&'static str, usize); 9] {
        [
            ("pairs", self.pairs),
            ("labels", self.labels),
            ("slots", self.slots),
            ("chunks", self.chunks),
            ("references", self.references),
            ("histograms", self.histograms),
            ("late", self.late),
            ("exemplars", self.exemplars),
            ("metadata", self.metadata),
        ]
    }

    /// All of it.
    pub(crate) const fn total(&self) -> usize {
        let series = self.pairs + self.labels + self.slots;
        let samples = self.chunks + self.references + self.histograms + self.late;
        series + samples + self.exemplars + self.metadata
    }
}

impl Head {
    /// An empty head.
    pub(crate) fn new(options: HeadOptions, store: Arc<dyn ChunkStore>, log: Arc<dyn CommitLog>) -> Self {
        Self {
            around: Surroundings { store, options },
            log,
            index: RwLock::default(),
            stripes: Default::default(),
            readers: Readers::default(),
            committing: Mutex::new(()),
            unlogged: Mutex::default(),
            bounds: Bounds::new(),
            exemplars: Mutex::new(Exemplars::new(options.max_exemplars, options.late_window)),
            sayings: Mutex::default(),
            late: LateState::new(options.late_window),
            next_reference: AtomicU64::new(1),
            logged: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            deletions: AtomicU64::new(0),
            in_flight: Mutex::default(),
            limbo: Mutex::default(),
            allowance: Allowance::default(),
            replay: Mutex::default(),
            buffers: Mutex::default(),
        }
    }

    /// Something to append with.
    pub(crate) fn appender(&self) -> HeadAppender<'_> {
        HeadAppender::new(self)
    }

    /// The head as it is at this moment.
    pub(crate) fn reader(&self, times: Interval) -> HeadReader<'_> {
        HeadReader::new(self, times)
    }

    /// What the head holds of a stretch of time, to be written as a block.
    pub(crate) fn source(&self, times: Interval) -> HeadSource<'_> {
        HeadSource::new(self, times)
    }

    /// The time of the oldest sample; older ones may be seen until their chunk goes.
    pub(crate) fn min_time(&self) -> Option<i64> {
        Some(self.bounds.min.load(Ordering::Relaxed)).filter(|min| *min != i64::MAX)
    }

    /// The time of the newest sample.
    pub(crate) fn max_time(&self) -> Option<i64> {
        Some(self.bounds.max.load(Ordering::Relaxed)).filter(|max| *max != i64::MIN)
    }

    /// What is older than this belongs to blocks.
    pub(crate) fn min_valid_time(&self) -> i64 {
        self.bounds.valid.load(Ordering::Relaxed)
    }

    /// Says up to where blocks reach.
    pub(crate) fn set_min_valid_time(&self, t: i64) {
        self.bounds.valid.fetch_max(t, Ordering::Relaxed);
    }

    /// Takes nothing more before `before`, which is to become a block, and says whether all that was taken is committed. If not,
    /// it is worth asking again: appenders live for a short time.
    pub(crate) fn close_before(&self, before: i64) -> bool {
        self.bounds.closing.fetch_max(before, Ordering::Relaxed);
        // Who takes note of himself after this look finds the bound.
        self.in_flight.lock().oldest() >= before
    }

    /// Whether the head has a series with this reference.
    pub(crate) fn has(&self, reference: u64) -> bool {
        self.stripes[stripe_of(reference)].lock().find(reference).is_some()
    }

    /// Hands out every series: its reference, and how to come by its labels.
    pub(crate) fn each_series(&self, mut take: impl FnMut(u64, &dyn Fn() -> Labels)) {
        let index = self.index.read();
        for (number, stripe) in self.stripes.iter().enumerate() {
            let locals = stripe.lock().locals();
            for local in locals {
                let reference = stripe.lock().slot(local).reference;
                if reference != 0 {
                    take(reference, &|| index.labels(join(number, local), None));
                }
            }
        }
    }

    /// How many series there are.
    pub(crate) fn series_count(&self) -> usize {
        self.index.read().len()
    }

    /// How many chunks there are, open ones included. This looks at every series.
    pub(crate) fn chunk_count(&self) -> usize {
        let of_stripe = |stripe: &Mutex<Stripe>| {
            let locals = stripe.lock().locals();
            // The lock is taken for one series at a time.
            locals.map(|local| stripe.lock().chunk_count(local)).sum::<usize>()
        };
        self.stripes.iter().map(of_stripe).sum()
    }

    /// How many accepted samples were dropped at their commit, because another appender had been faster.
    pub(crate) fn dropped_samples(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// What the head takes.
    pub(crate) fn memory(&self) -> HeadMemory {
        let mut memory = HeadMemory::default();
        for stripe in &self.stripes {
            let StripeMemory { slots, chunks, references, histograms, late } = stripe.lock().memory();
            memory.slots += slots;
            memory.chunks += chunks;
            memory.references += references;
            memory.histograms += histograms;
            memory.late += late;
        }
        let index = self.index.read();
        memory.pairs = index.pairs.heap_bytes();
        memory.labels = index.heap_bytes();
        memory.metadata = self.sayings.lock().heap_bytes();
        memory.exemplars = self.exemplars.lock().heap_bytes();
        memory
    }

    /// How many series end in a stale marker.
    pub(crate) fn stale_series(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().stale_series()).sum()
    }

    /// The pairs of the most series: name, value, and how many series have it.
    pub(crate) fn top_pairs(&self, most: usize) -> Vec<(String, String, usize)> {
        let index = self.index.read();
        let mut pairs: Vec<_> =
            index.pairs.numbers().map(|number| (index.pairs.series_count(number), number)).collect();
        pairs.sort_unstable_by(|(a, one), (b, other)| {
            b.cmp(a).then_with(|| index.pairs.text(*one).cmp(&index.pairs.text(*other)))
        });
        let named = pairs.into_iter().take(most).map(|(count, number)| {
            let (name, value) = index.pairs.text(number);
            (name.to_owned(), value.to_owned(), count)
        });
        named.collect()
    }

    /// How old samples may be.
    fn horizon(&self) -> Horizon {
        let newest = self.bounds.max.load(Ordering::Relaxed).max(self.bounds.first.load(Ordering::Relaxed));
        let closing = self.bounds.closing.load(Ordering::Relaxed);
        let open_from = newest.saturating_sub(self.around.options.chunk_range / 2);
        let valid_from = self.min_valid_time().max(closing).max(open_from);
        let window = self.late.window();
        let late_from = (window > 0).then(|| newest.saturating_sub(window));
        Horizon { valid_from, late_from, in_order_only: false }
    }

    /// The series with these labels, which is made if there is none.
    fn series(&self, labels: LabelsRef<'_>, looked: &mut Looked) -> Result<SeriesRef, Refused> {
        if labels.is_empty() {
            return Err(Refused::NoLabels);
        }
        let index = self.index.read();
        if let Some(slot) = index.look(labels, looked) {
            return Ok(self.reference_of(slot));
        }
        drop(index);
        let mut index = self.index.write();
        // Somebody else may have made it meanwhile.
        if !index.is_unchanged(looked)
            && let Some(slot) = index.look(labels, looked)
        {
            return Ok(self.reference_of(slot));
        }
        let series = index.len();
        if self.around.options.max_series.is_some_and(|most| series >= most) {
            return Err(Refused::OverLimit { series, flag: "--promd.head.max-series" });
        }
        self.allowance.admit().map_err(|refused| Refused::OverBudget { reason: refused.to_string().into() })?;
        let reference = self.next_reference.fetch_add(1, Ordering::Relaxed);
        let slot = self.add_series(&mut index, reference, labels, looked);
        self.unlogged.lock().push(Unlogged { reference, slot, labels: labels.to_labels() });
        Ok(SeriesRef(reference))
    }

    fn add_series(&self, index: &mut Index, reference: u64, labels: LabelsRef<'_>, looked: &mut Looked) -> u32 {
        let stripe = stripe_of(reference);
        let slot = join(stripe, self.stripes[stripe].lock().insert(reference));
        index.add(labels, slot, looked);
        slot
    }

    /// The caller holds the lock of the index, in which the slot is found: so the series does not go away.
    fn reference_of(&self, slot: u32) -> SeriesRef {
        let (stripe, local) = split(slot);
        SeriesRef(self.stripes[stripe].lock().slot(local).reference)
    }

    /// The series that are in no record yet, and still there.
    fn take_unlogged(&self) -> Vec<(u64, Labels)> {
        let index = self.index.read();
        let unlogged = std::mem::take(&mut *self.unlogged.lock());
        let there = |unlogged: &Unlogged| self.reference_of(unlogged.slot).0 == unlogged.reference;
        let series = unlogged.into_iter().filter(there).map(|unlogged| (unlogged.reference, unlogged.labels)).collect();
        drop(index);
        series
    }

    /// Of series whose record could not be written.
    fn put_back_unlogged(&self, series: &[(u64, Labels)]) {
        let index = self.index.read();
        let back = series.iter().filter_map(|(reference, labels)| {
            let slot = index.find(labels.view())?;
            Some(Unlogged { reference: *reference, slot, labels: labels.clone() })
        });
        self.unlogged.lock().extend(back);
    }

    fn log_commit(&self, commit: &Commit<'_>) -> Result<Position, TsdbError> {
        if commit.is_empty() {
            return Ok(Position(self.logged.load(Ordering::Relaxed)));
        }
        let position = self.log.log(commit)?;
        self.logged.store(position.0, Ordering::Relaxed);
        Ok(position)
    }

    fn count_dropped(&self, samples: u64) {
        self.dropped.fetch_add(samples, Ordering::Relaxed);
    }

    /// Keeps the buffers of an appender for another one.
    fn keep(&self, buffers: Buffers) {
        let mut kept = self.buffers.lock();
        if kept.len() < MAX_BUFFERS && buffers.is_worth_keeping() {
            kept.push(buffers);
        }
    }
}
