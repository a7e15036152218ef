//! What was gathered at one moment, in order.
//!
//! Samples come from collectors as borrowed views that live as long as a call, and must be sorted and checked before
//! they are written. So they are copied here: all texts into one string, all buckets into one vector, and so on, which are
//! kept from one gathering to the next. Once those are large enough, gathering allocates nothing for a sample.
//!
//! - `store` copies samples in and hands them out again;
//! - `check` leaves out what does not fit together.

mod check;
mod store;

use std::ops::Range;
use std::time::SystemTime;

use crate::collect::Sink;
use crate::desc::Desc;
use crate::exemplar::Exemplar;
use crate::value::{Bucket, Count, Quantile, Sample, Span};

pub use check::GatherError;
use check::Problems;

/// The metrics of one moment. Keep it from one gathering to the next: it keeps its buffers.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// One for each call of [`Sink::family`].
    families: Vec<Desc>,
    samples: Vec<StoredSample>,
    /// Where the buckets and so on of `samples` are.
    histograms: Vec<StoredHistogram>,
    /// The samples in the order of [`Snapshot::visit`]: indexes, those that do not fit left out.
    order: Vec<usize>,
    /// The families by name, and the place of each; kept for their buffers.
    by_name: Vec<usize>,
    ranks: Vec<usize>,
    text: String,
    /// Ranges of `text`: name, value.
    labels: Vec<(Range<usize>, Range<usize>)>,
    buckets: Vec<Bucket>,
    spans: Vec<Span>,
    deltas: Vec<i64>,
    absolutes: Vec<f64>,
    exemplars: Vec<Exemplar>,
    quantiles: Vec<Quantile>,
    problems: Problems,
}

#[derive(Debug)]
struct StoredSample {
    family: usize,
    /// The place of the family's name among all names, once all are known: compared in its stead.
    rank: usize,
    labels: Range<usize>,
    timestamp_ms: Option<i64>,
    value: Stored,
}

#[derive(Debug)]
enum Stored {
    Counter { value: f64, created: Option<SystemTime>, exemplar: Option<Exemplar> },
    Gauge(f64),
    Untyped(f64),
    Histogram(usize),
    Summary { count: u64, sum: f64, created: Option<SystemTime>, quantiles: Range<usize> },
}

#[derive(Debug)]
struct StoredHistogram {
    count: Count,
    sum: f64,
    created: Option<SystemTime>,
    buckets: Range<usize>,
    infinity_exemplar: Option<Exemplar>,
    native: Option<StoredNative>,
}

#[derive(Debug)]
struct StoredNative {
    schema: i32,
    zero_threshold: f64,
    zero_count: Count,
    positive: StoredBuckets,
    negative: StoredBuckets,
    exemplars: Range<usize>,
}

#[derive(Debug)]
struct StoredBuckets {
    spans: Range<usize>,
    counts: StoredCounts,
}

#[derive(Debug)]
enum StoredCounts {
    Deltas(Range<usize>),
    Absolute(Range<usize>),
}

impl Snapshot {
    /// An empty snapshot.
    pub fn new() -> Snapshot {
        Snapshot::default()
    }

    /// How many samples [`Snapshot::visit`] hands out.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Hands all samples to `sink`, in the order that [`Sink`] describes.
    pub fn visit(&self, sink: &mut dyn Sink) {
        let mut labels = Vec::new();
        let mut family: Option<&Desc> = None;
        for sample in self.order.iter().filter_map(|at| self.samples.get(*at)) {
            let Some(desc) = self.families.get(sample.family) else { continue };
            if family.is_none_or(|before| before.name() != desc.name()) {
                sink.family(desc);
                family = Some(desc);
            }
            labels.clear();
            labels.extend(self.labels(sample));
            let Some(value) = self.value(&sample.value) else { continue };
            sink.sample(&Sample { labels: &labels, timestamp_ms: sample.timestamp_ms, value });
        }
    }

    /// Empties it, but for its buffers.
    pub(crate) fn clear(&mut self) {
        self.families.clear();
        self.samples.clear();
        self.order.clear();
        self.text.clear();
        self.labels.clear();
        self.histograms.clear();
        self.buckets.clear();
        self.spans.clear();
        self.deltas.clear();
        self.absolutes.clear();
        self.exemplars.clear();
        self.quantiles.clear();
        self.problems = Problems::default();
    }

    fn rank_families(&mut self) {
        self.by_name.clear();
        self.by_name.extend(0..self.families.len());
        let name = |at: &usize| self.families.get(*at).map_or("", Desc::name);
        self.by_name.sort_by(|a, b| name(a).cmp(name(b)));
        self.ranks.clear();
        self.ranks.resize(self.families.len(), 0);
        for (rank, group) in self.by_name.chunk_by(|a, b| name(a) == name(b)).enumerate() {
            for family in group {
                if let Some(place) = self.ranks.get_mut(*family) {
                    *place = rank;
                }
            }
        }
        for sample in &mut self.samples {
            sample.rank = self.ranks.get(sample.family).copied().unwrap_or(0);
        }
    }

    /// Sorts what was collected and leaves out what does not fit together.
    pub(crate) fn finish(&mut self) -> Result<(), GatherError> {
        let mut order: Vec<usize> = std::mem::take(&mut self.order);
        order.extend(0..self.samples.len());
        self.rank_families();
        // Samples come family by family, so the first sort merges few runs, and the second has short pieces. Both are stable:
        // of samples that exclude each other, the one collected first stays first.
        order.sort_by_key(|at| self.rank(*at));
        for group in order.chunk_by_mut(|a, b| self.rank(*a) == self.rank(*b)) {
            group.sort_by(|a, b| self.compare(*a, *b));
        }
        let mut problems = std::mem::take(&mut self.problems);
        self.drop_inconsistent(&mut order, &mut problems);
        self.drop_collisions(&mut order, &mut problems);
        self.drop_duplicates(&mut order, &mut problems);
        self.order = order;
        problems.into_result()
    }
}
